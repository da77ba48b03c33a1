"""Work that goes on after an answer was given: deliveries, and orders placed over time."""

import asyncio
from collections.abc import Coroutine


class BackgroundTasks:
    """The running tasks of one simulator, so that a reset or a shutdown can end them all."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` in the current event loop and keep hold of it until it ends."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def wait_all(self) -> None:
        """Wait until nothing runs any more, tasks started meanwhile included."""
        while self._running:
            await asyncio.wait(self._running)

    async def cancel_all(self) -> None:
        """Cancel what is running and wait until it has ended."""
        for task in self._running:
            task.cancel()
        await self.wait_all()
