"""The one clock of everything that takes time: tokens that return, feeds that queue, sales."""

from collections.abc import Callable


class SimulatedClock:
    """A clock that can run faster than the wall's, and be moved ahead.

    Callers live in wall time. What they are told, moments and spans alike, is converted to it, so
    to them a fast account looks like a fast Walmart and not like one in the future.

    Args:
        wall: epoch seconds, as callers see them.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._started_at = wall()  # both moments belong to the last change of speed
        self._simulated = self._started_at
        self.speed = 1.0

    def now(self) -> float:
        """Return the simulated time, epoch seconds."""
        return self._simulated + (self._wall() - self._started_at) * self.speed

    def run_at(self, speed: float) -> None:
        """Let one second of the wall be `speed` simulated ones from now on.

        Raises:
            ValueError: a speed at which nothing would ever happen.
        """
        if not speed > 0:
            raise ValueError("speed must be above 0")
        self._simulated, self._started_at = self.now(), self._wall()
        self.speed = speed

    def advance(self, seconds: float) -> None:
        """Move the simulated time ahead.

        Raises:
            ValueError: a move back.
        """
        if seconds < 0:
            raise ValueError("advance must not be below 0")
        self._simulated += seconds

    def wall_time(self, at: float) -> float:
        """Return when a simulated moment is, or at today's speed was, on the wall."""
        return self._wall() + self.wall_span(at - self.now())

    def wall_span(self, seconds: float) -> float:
        """Return how long a simulated span lasts on the wall."""
        return seconds / self.speed

    def as_json(self) -> dict[str, float]:
        """Return speed and time, for `GET /_sim/clock`."""
        return {"speed": self.speed, "simulated_now": self.now(), "wall_now": self._wall()}
