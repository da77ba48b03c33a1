"""Token buckets, one per group of operations, as Walmart's gateway keeps them for a seller."""

import math
from dataclasses import dataclass

# Requests per minute. Source: rate table of the marketplace documentation, August 2026.
PER_MINUTE = {
    "orders": 5000,  # list and one order share a bucket
    "released": 60,
    "acknowledge": 60,
    "shipping": 60,
    "cancel": 60,
    "webhook_create": 200,
    "webhook_list": 50,
    "webhook_delete": 10,
    "webhook_update": 5,
    "webhook_test": 10,
    "webhook_event_types": 5,
}


@dataclass
class Bucket:
    """A bucket that starts full and fills evenly."""

    capacity: float
    tokens: float
    filled_at: float  # epoch seconds

    @property
    def seconds_per_token(self) -> float:
        """Return how long the gateway takes to give one token back."""
        return 60.0 / self.capacity

    def take(self, now: float) -> bool:
        """Use one token; return whether there was one."""
        elapsed = max(0.0, now - self.filled_at)
        self.tokens = min(self.capacity, self.tokens + elapsed / self.seconds_per_token)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def wait(self) -> float:
        """Return the seconds until the bucket holds one whole token again."""
        return max(0.0, 1 - self.tokens) * self.seconds_per_token

    def headers(self) -> dict[str, str]:
        """Return the headers that come with every answer; the time is in epoch milliseconds."""
        next_token = self.filled_at + (math.floor(self.tokens) + 1 - self.tokens) * (
            self.seconds_per_token
        )
        return {
            "x-current-token-count": str(int(self.tokens)),
            "x-next-replenishment-time": str(int(next_token * 1000)),
        }


class Limits:
    """All buckets of the account; real limits unless scaled."""

    def __init__(self) -> None:
        self.scale = 1.0
        self._buckets: dict[str, Bucket] = {}

    def rescale(self, scale: float) -> None:
        """Multiply every limit and fill all buckets."""
        self.scale = scale
        self._buckets.clear()

    def bucket(self, name: str, now: float) -> Bucket:
        """Return a bucket, made full when it is first asked for."""
        if name not in self._buckets:
            capacity = PER_MINUTE[name] * self.scale
            self._buckets[name] = Bucket(capacity=capacity, tokens=capacity, filled_at=now)
        return self._buckets[name]
