"""Planned items: up to millions of articles that follow from a count and a seed.

They are computed when somebody asks for one, and only their balances take room. What is odd
about an item follows from its place n, so that a test can name one of each kind.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from random import Random

from simulators.m3.records import ACTIVE_STATUS, Alias, AlternateUnit, Item
from simulators.world import planned_item_number, planned_sku

MAX_COUNT = 9_999_999  # more would not fit the seven digits, and not sort as they count
OTHER_UNIT_EVERY = 50  # by turns a box of 12 each and pieces of which 6 are one each
FRACTION_EVERY, FRACTION_AT = 100, 7
OVERSOLD_EVERY, OVERSOLD_AT = 1000, 13
ODD_SKU_EVERY = 1000
SHARED_STAMP = 10  # balances that have the same stamp at first

_UNIT = 1_000_000  # a balance counts in millionths
_MAX_ON_HAND = 500
_MAX_ALLOCATED = 20
_NUMBER = re.compile(r"I(\d{7})")
_SKU = re.compile(r"(?:WM[-/ %]I|wm-i)(\d{7})")

BOX = AlternateUnit(basic_unit="BOX", factor=Decimal(12), divides=True)
PIECES = AlternateUnit(basic_unit="PC", factor=Decimal(6), divides=False)


@dataclass(frozen=True, kw_only=True)
class PlannedItems:
    """Items 1 to `count` with their aliases and first quantities."""

    count: int
    seed: int
    warehouses: tuple[str, ...]
    alias_category: int
    alias_qualifier: str
    created_at: datetime
    changed_ms: int  # change stamp of the aliases
    _groups: tuple[range, ...] = field(init=False)  # places whose SKUs sort together

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MAX_COUNT:
            raise ValueError(f"count must be between 1 and {MAX_COUNT}")
        odd = (range(start, self.count + 1, 4000) for start in (1000, 2000, 3000, 4000))
        groups = [group for group in (range(1, self.count + 1), *odd) if group]
        groups.sort(key=lambda group: planned_sku(group[0]))
        object.__setattr__(self, "_groups", tuple(groups))

    def number(self, n: int) -> str:
        """Return the item number of a place."""
        return planned_item_number(n)

    def find(self, number: str) -> int:
        """Return the place of an item number, 0 when it is not planned."""
        return self._place(_NUMBER.fullmatch(number))

    def find_sku(self, sku: str) -> int:
        """Return the place of a Walmart SKU, 0 when it is not planned."""
        n = self._place(_SKU.fullmatch(sku))
        return n if n and planned_sku(n) == sku else 0

    def item(self, n: int) -> Item:
        """Return an item."""
        return Item(
            number=planned_item_number(n),
            name=f"Planned item {n}",
            price=Decimal(500 + n % 9500) / 100,
            status=ACTIVE_STATUS,
            saleable=True,
            created_at=self.created_at,
            alternate=alternate_unit(n),
        )

    def alias(self, n: int) -> Alias:
        """Return the alias that is an item's Walmart SKU."""
        return Alias(
            category=self.alias_category,
            qualifier=self.alias_qualifier,
            name=planned_sku(n),
            item_number=planned_item_number(n),
            entered={},
            changed_ms=self.changed_ms,
        )

    def aliases(self) -> Iterator[Alias]:
        """Yield every alias by name."""
        for group in self._groups:
            whole = group.step == 1
            for n in group:
                if not whole or n % ODD_SKU_EVERY:
                    yield self.alias(n)

    def numbers_from(self, first: str) -> Iterator[str]:
        """Yield the item numbers from one on, in order."""
        places = range(1, self.count + 1)
        for n in places[bisect_left(places, first, key=planned_item_number) :]:
            yield planned_item_number(n)

    def quantities(self, warehouse: str) -> "dict[str, array[int]]":
        """Return the quantities in a warehouse by place.

        Nearly every item has stock, of half of them some is promised. The last digits of the
        place tell which stock is fractional and which is oversold.
        """
        chance = Random(f"{self.seed}/{warehouse}")  # noqa: S311 - repeatable behaviour
        pieces = range(0, _MAX_ON_HAND * _UNIT, _UNIT)
        on_hand = array("q", chance.choices(pieces, k=self.count))
        for n in range(FRACTION_AT, self.count + 1, FRACTION_EVERY):
            on_hand[n - 1] += chance.choice((1, 2, 3)) * _UNIT // 4
        promised = [*([0] * _MAX_ALLOCATED), *range(0, _MAX_ALLOCATED * _UNIT, _UNIT)]
        wished = chance.choices(promised, k=self.count)
        allocated = array("q", map(min, on_hand, wished))
        for n in range(OVERSOLD_AT, self.count + 1, OVERSOLD_EVERY):
            allocated[n - 1] = on_hand[n - 1] + chance.randint(1, 9) * _UNIT
        on_order = array("q", bytes(8 * self.count))
        for n in range(1, self.count + 1, 10):
            on_order[n - 1] = chance.randint(1, 20) * 10 * _UNIT
        return {
            "on_hand": on_hand,
            "allocated": allocated,
            "reserved": allocated[:],
            "on_order": on_order,
        }

    def stamps(self, count: int, *, before: int) -> "array[int]":
        """Return rising change stamps for that many balances, all below a moment."""
        first = before - 1 - (count - 1) // SHARED_STAMP
        return array("q", (first + at // SHARED_STAMP for at in range(count)))

    def _place(self, match: re.Match[str] | None) -> int:
        n = int(match[1]) if match else 0
        return n if n <= self.count else 0


def alternate_unit(n: int) -> AlternateUnit | None:
    """Return the unit a planned item has besides its basic one, None for an item kept in EA."""
    if n % OTHER_UNIT_EVERY:
        return None
    return PIECES if n // OTHER_UNIT_EVERY % 2 else BOX
