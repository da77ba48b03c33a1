"""What the tenant does by itself later: confirm batches, pick, ship, invoice."""

import asyncio
import heapq
import itertools
from collections.abc import Callable

Action = Callable[[], None]


class Agenda:
    """Actions in the order they fall due; sleeps until the next one instead of looking around."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: list[tuple[float, int, Action]] = []
        self._sequence = itertools.count()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._entries)

    def after(self, seconds: float, action: Action) -> None:
        """Do `action` once, `seconds` from now."""
        heapq.heappush(self._entries, (self._clock() + seconds, next(self._sequence), action))
        self._changed.set()

    def clear(self) -> None:
        """Forget everything that has not been done."""
        self._entries.clear()

    def run_due(self) -> None:
        """Do what has fallen due, including what that itself makes due at once."""
        while self._entries and self._entries[0][0] <= self._clock():
            _, _, action = heapq.heappop(self._entries)
            action()

    async def run(self) -> None:
        """Do everything when it falls due, until cancelled."""
        while True:
            self._changed.clear()
            self.run_due()
            wait = max(0.0, self._entries[0][0] - self._clock()) if self._entries else None
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except TimeoutError:
                continue
