"""A token bucket, as pure arithmetic: how much of a limit is left, and when there is more."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How often a kind of call may be made: `count` at once, and as many in each `window`."""

    count: int
    window: timedelta

    @property
    def seconds_per_token(self) -> float:
        """Return how long it takes until one more call may be made."""
        return self.window.total_seconds() / self.count


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """What is left of a limit at a moment; tokens come back one by one."""

    tokens: int  # millionths
    filled_at: datetime  # in the future: nothing comes back before

    def at(self, now: datetime, limit: Limit) -> "Bucket":
        """Return the bucket with what has come back until now."""
        elapsed = (now - self.filled_at).total_seconds()
        if elapsed <= 0:
            return self
        gained = int(elapsed / limit.seconds_per_token * MILLION)
        return Bucket(tokens=min(limit.count * MILLION, self.tokens + gained), filled_at=now)

    @property
    def whole(self) -> int:
        """Return how many calls may be made."""
        return self.tokens // MILLION

    def take(self, wanted: int, *, keep: int) -> tuple["Bucket", int]:
        """Return the bucket after taking up to `wanted` whole tokens, and how many were taken.

        Args:
            wanted: how many calls are to be made.
            keep: tokens to leave for more urgent work.
        """
        taken = max(0, min(wanted, self.whole - keep))
        return replace(self, tokens=self.tokens - taken * MILLION), taken

    def until(self, tokens: int, now: datetime, limit: Limit) -> timedelta:
        """Return how long it takes until so many tokens are there."""
        missing = max(0, tokens * MILLION - self.tokens) / MILLION
        start = max(timedelta(0), self.filled_at - now)
        return start + timedelta(seconds=missing * limit.seconds_per_token)

    def heard(self, left: int) -> "Bucket":
        """Return the bucket after the other side told how much is left; the less is believed."""
        return replace(self, tokens=min(self.tokens, left * MILLION))

    def emptied(self, until: datetime) -> "Bucket":
        """Return the bucket after a refusal: nothing is left, and nothing comes back before."""
        return Bucket(tokens=0, filled_at=max(self.filled_at, until))


def full(now: datetime, limit: Limit) -> Bucket:
    """Return the bucket of a call that nobody has made yet."""
    return Bucket(tokens=limit.count * MILLION, filled_at=now)
