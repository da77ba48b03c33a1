"""Token buckets, one per group of operations, as Walmart's gateway keeps them for a seller."""

import math
from dataclasses import dataclass
from typing import Any

from simulators.walmart.clock import SimulatedClock

MINUTE, HOUR = 60.0, 3600.0
MEGABYTE = 1024 * 1024
TOLERANCE = (
    1e-4  # tokens or seconds; who waits to the millisecond must not fail for a float's last digit
)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """So many requests in a span of time."""

    count: int
    seconds: float
    always_says_when: bool = False  # whether each 429 carries Retry-After


def _per_minute(count: int) -> Rate:
    return Rate(count=count, seconds=MINUTE)


def _feed(count: int) -> Rate:
    # Source: the 429 of POST /v3/feeds in the inventory specification of 2026 has Retry-After.
    return Rate(count=count, seconds=HOUR, always_says_when=True)


# Source: rate table of the marketplace documentation, August 2026.
RATES = {
    "orders": _per_minute(5000),  # list and one order share a bucket
    "released": _per_minute(60),
    "acknowledge": _per_minute(60),
    "shipping": _per_minute(60),
    "cancel": _per_minute(60),
    "webhook_create": _per_minute(200),
    "webhook_list": _per_minute(50),
    "webhook_delete": _per_minute(10),
    "webhook_update": _per_minute(5),
    "webhook_test": _per_minute(10),
    "webhook_event_types": _per_minute(5),
    "get_inventory": _per_minute(200),
    "update_inventory": _per_minute(200),
    "list_inventories": _per_minute(200),
    "get_inventory_of_item": _per_minute(200),
    "update_inventory_of_item": _per_minute(200),
    "feeds": _per_minute(5000),  # list and one feed share a bucket
    "feed_inventory": _feed(10),
    "feed_MP_INVENTORY": _feed(50),
    "partner_profile": _per_minute(50),
    "ship_nodes": _per_minute(50),
}
# The largest file of a feed type, bytes. Source: as above.
FEED_BYTES = {"inventory": 10 * MEGABYTE, "MP_INVENTORY": 1 * MEGABYTE}


def feed_bucket(feed_type: str) -> str:
    """Return the name of the bucket that submissions of a feed type take from."""
    return f"feed_{feed_type}"


@dataclass
class Bucket:
    """A bucket that starts full and fills evenly. Times are simulated epoch seconds."""

    capacity: float
    seconds: float  # in which an empty bucket fills
    tokens: float
    opened_at: float
    filled_at: float
    always_says_when: bool = False
    used: int = 0
    refused: int = 0

    @property
    def seconds_per_token(self) -> float:
        """Return how long the gateway takes to give one token back."""
        return self.seconds / self.capacity

    def take(self, now: float) -> bool:
        """Use one token; return whether there was one."""
        elapsed = max(0.0, now - self.filled_at)
        self.tokens = min(self.capacity, self.tokens + elapsed / self.seconds_per_token)
        self.filled_at = now
        if self.tokens < 1 - TOLERANCE:
            self.refused += 1
            return False
        self.tokens = max(0.0, self.tokens - 1)
        self.used += 1
        return True

    def wait(self) -> float:
        """Return the seconds until the bucket holds one whole token again."""
        return max(0.0, 1 - self.tokens) * self.seconds_per_token

    def headers(self, clock: SimulatedClock) -> dict[str, str]:
        """Return the headers that come with every answer; the time is in epoch milliseconds."""
        next_token = self.filled_at + (math.floor(self.tokens) + 1 - self.tokens) * (
            self.seconds_per_token
        )
        return {
            "x-current-token-count": str(int(self.tokens)),
            "x-next-replenishment-time": str(math.ceil(clock.wall_time(next_token) * 1000)),
        }

    def refusal_headers(self, clock: SimulatedClock) -> dict[str, str]:
        """Return the headers of a 429; without a rule, every second one keeps quiet how long."""
        headers = self.headers(clock)
        if self.always_says_when or self.refused % 2 == 1:
            seconds = math.ceil(clock.wall_span(self.wait()) - TOLERANCE)
            headers["Retry-After"] = str(max(1, seconds))
        return headers

    def use(self, now: float) -> dict[str, Any]:
        """Return what was taken since the bucket was opened, and what could have been."""
        returned = max(0.0, now - self.opened_at) / self.seconds_per_token
        return {
            "used": self.used,
            "throttled": self.refused,
            "allowed": int(self.capacity + returned),
            "capacity": self.capacity,
            "seconds": self.seconds,
            "window_seconds": now - self.opened_at,
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
            rate = RATES[name]
            capacity = self.capacity(name)
            self._buckets[name] = Bucket(
                capacity=capacity,
                seconds=rate.seconds,
                tokens=capacity,
                opened_at=now,
                filled_at=now,
                always_says_when=rate.always_says_when,
            )
        return self._buckets[name]

    def capacity(self, name: str) -> float:
        """Return how many requests a full bucket holds."""
        return RATES[name].count * self.scale

    def use(self, names: tuple[str, ...], now: float) -> dict[str, dict[str, Any]]:
        """Return the use of these buckets, as far as they were opened."""
        return {name: self._buckets[name].use(now) for name in names if name in self._buckets}
