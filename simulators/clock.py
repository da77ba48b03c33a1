"""Time of a simulated system: as fast as wanted, and set forward or back when told to."""

import time
from collections.abc import Callable


class Clock:
    """A clock that runs `speed` times as fast as the one it is built on.

    Args:
        speed: simulated seconds per real second, more than 0.
        base: real time in seconds; tests give one that stands still.
    """

    def __init__(self, speed: float = 1.0, *, base: Callable[[], float] = time.time) -> None:
        self._base = base
        self._real_start = base()
        self._start_ms = self._real_start * 1000
        self._speed = _positive(speed)

    @property
    def speed(self) -> float:
        """Return the simulated seconds per real second."""
        return self._speed

    def now_ms(self) -> int:
        """Return simulated time in milliseconds since 1970, UTC."""
        return int(self._exact_ms())

    def set_speed(self, speed: float) -> None:
        """Run at another speed from now on.

        Raises:
            ValueError: it is not more than 0; the clock goes on as before.
        """
        self._start_ms, self._real_start = self._exact_ms(), self._base()
        self._speed = _positive(speed)

    def jump(self, seconds: float) -> None:
        """Set the clock forward, or back when negative, by simulated seconds."""
        self._start_ms += seconds * 1000

    def real_seconds(self, simulated: float) -> float:
        """Return how long a span of simulated seconds takes at the present speed."""
        return simulated / self._speed

    def _exact_ms(self) -> float:
        return self._start_ms + (self._base() - self._real_start) * 1000 * self._speed


def _positive(speed: float) -> float:
    if not 0 < speed < float("inf"):
        raise ValueError("speed must be more than 0")
    return float(speed)
