"""Buyers who take what is on sale, at random moments."""

from collections import deque
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from simulators.walmart.stock import Stock

MOST_UNITS = 3
MAX_KEPT_SALES = 100_000
NEVER = float("inf")


@dataclass(frozen=True, kw_only=True)
class Sale:
    """Units one buyer took."""

    number: int
    sku: str
    ship_node: str
    units: int
    left: int  # that can still be sold there
    at: float  # epoch seconds on the wall


class Sales:
    """When buyers come, what they take, and what they took since the last reset."""

    def __init__(self) -> None:
        self.next_at = NEVER  # simulated epoch seconds
        self.count = 0
        self.units = 0
        self.in_vain = 0  # buyers who found nothing on sale
        self._per_second = 0.0
        self._random = Random(0)  # noqa: S311 - repeatable sales
        self._newest: deque[Sale] = deque(maxlen=MAX_KEPT_SALES)

    def start(self, per_second: float, *, seed: int, now: float) -> None:
        """Let so many buyers come in a simulated second, on average.

        Raises:
            ValueError: a rate at which nobody would ever come.
        """
        if not per_second > 0:
            raise ValueError("per_second must be above 0")
        self._per_second = per_second
        self._random = Random(seed)  # noqa: S311 - repeatable sales
        self._wait_from(now)

    def stop(self) -> None:
        """Let nobody come any more."""
        self.next_at = NEVER

    def next(self, stock: Stock, at: float) -> Sale | None:
        """Let the buyer whose moment has come take something; None when all is sold out.

        Args:
            stock: what is on sale; loses what is bought.
            at: this moment on the wall.
        """
        self._wait_from(self.next_at)
        drawn = stock.draw(self._random)
        if drawn is None:
            self.in_vain += 1
            return None
        node, row = drawn
        units = min(self._random.randint(1, MOST_UNITS), node.available(row))
        left = node.reserve(row, units)
        self.count += 1
        self.units += units
        sale = Sale(
            number=self.count,
            sku=stock.sku(row),
            ship_node=node.ship_node,
            units=units,
            left=left,
            at=at,
        )
        self._newest.append(sale)
        return sale

    def as_json(self, *, after: int, limit: int) -> dict[str, Any]:
        """Return the settings, the sums and the kept sales after a number, oldest first."""
        kept_from = self.count - len(self._newest)
        start = max(0, after - kept_from)
        return {
            "running": self.next_at != NEVER,
            "per_second": self._per_second,
            "count": self.count,
            "units": self.units,
            "in_vain": self.in_vain,
            "sales": [asdict(sale) for sale in list(self._newest)[start : start + limit]],
        }

    def _wait_from(self, moment: float) -> None:
        self.next_at = moment + self._random.expovariate(self._per_second)
