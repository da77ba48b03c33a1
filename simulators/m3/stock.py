"""Stock: one balance per item and warehouse, with the stamp of its last change.

A million items in two warehouses are two million balances, so they lie in columns: arrays of
millionths of the basic unit, one element per balance. `Balance` is a view of one of them.
"""

import heapq
from array import array
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import islice

from simulators.m3.change_index import ChangeIndex
from simulators.m3.planned import PlannedItems

DECIMALS = 6  # as many as M3 has for a quantity
SCALE = 10**DECIMALS
MAX_CHANGES_KEPT = 100_000

# STQT, ALQT, PLQT (part of ALQT), REQT (ordered and not delivered), ORQT (on its way to us)
QUANTITIES = ("on_hand", "allocated", "picking", "reserved", "on_order")

BalanceKey = tuple[str, str]  # WHLO, ITNO


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What the log keeps of one change."""

    key: BalanceKey
    at_ms: int
    net: Decimal  # AV01 after it


class Stock:
    """Every balance of the tenant.

    Args:
        warehouses: the warehouses there are.
        now_ms: the clock change stamps are taken from.
    """

    def __init__(self, warehouses: tuple[str, ...], now_ms: Callable[[], int]) -> None:
        self._warehouses = warehouses
        self._now_ms = now_ms
        self._positions: dict[str, int] = {}  # of items, planned ones excepted
        self._numbers: dict[int, str] = {}
        self._sorted_numbers: list[str] = []
        self._next_position = 0
        self.plan: PlannedItems | None = None
        self._plan_position = 0
        self.columns = {name: array("q") for name in QUANTITIES}
        self.stamps = array("q")  # 0 where there is no balance
        self.index = ChangeIndex(self.stamps)
        self._changes: deque[tuple[int, int, int]] = deque(maxlen=MAX_CHANGES_KEPT)
        self.change_count = 0
        self.balance_count = 0

    def __getitem__(self, key: BalanceKey) -> "Balance":
        """Return the balance of an item, which is opened if the warehouse never had any.

        Raises:
            KeyError: the item or the warehouse is unknown.
        """
        row = self._row(key)
        if not self.stamps[row]:
            self._open(row)
        return Balance(self, row)

    def find(self, key: BalanceKey) -> "Balance | None":
        """Return a balance, None when the warehouse never had any of the item."""
        try:
            row = self._row(key)
        except KeyError:
            return None
        return Balance(self, row) if self.stamps[row] else None

    def add_item(self, number: str, *, on_hand: Decimal) -> None:
        """Open the balances of a new item, the same in every warehouse."""
        self._positions[number] = self._next_position
        self._numbers[self._next_position] = number
        insort(self._sorted_numbers, number)
        self._next_position += 1
        self._grow(len(self._warehouses))
        for warehouse in self._warehouses:
            row = self._row((warehouse, number))
            self.columns["on_hand"][row] = scaled(on_hand)
            self._open(row)

    def add_plan(self, plan: PlannedItems) -> None:
        """Open the balances of all planned items, as if they had been there before all others.

        Raises:
            ValueError: there is a plan already, or it names an item or warehouse wrongly.
        """
        if self.plan is not None:
            raise ValueError("stock is planned already; reset first")
        known = [name for name in self._warehouses if name in plan.warehouses]
        if not known or len(known) != len(plan.warehouses):
            raise ValueError(f"warehouses are some of {', '.join(self._warehouses)}, each once")
        if any(plan.find(number) for number in self._positions):
            raise ValueError("an item has the number of a planned one")
        self.plan, self._plan_position = plan, self._next_position
        self._next_position += plan.count
        self._grow(plan.count * len(self._warehouses))
        rows = array("i")
        for warehouse in plan.warehouses:
            first = self._row((warehouse, plan.number(1)))
            end = first + plan.count * len(self._warehouses)
            for name, quantities in plan.quantities(warehouse).items():
                self.columns[name][first : end : len(self._warehouses)] = quantities
            rows.extend(range(first, end, len(self._warehouses)))
        before = self.index.first_stamp or self._now_ms()
        stamps = plan.stamps(len(rows), before=before)
        for row, stamp in zip(rows, stamps, strict=True):
            self.stamps[row] = stamp
        self.index.put_before_all(stamps, rows)
        self.balance_count += len(rows)

    def change(self, row: int, changes: dict[str, Decimal]) -> None:
        """Add to the quantities of one balance and stamp it."""
        for name, more in changes.items():
            self.columns[name][row] += scaled(more)
        stamp = self._stamp(row)
        self._changes.append((stamp, row, self._net(row)))
        self.change_count += 1

    def changes(self, *, since_ms: int, limit: int | None = None) -> list[Change]:
        """Return the logged changes since a moment in the order they happened."""
        found = (entry for entry in self._changes if entry[0] >= since_ms)
        return [
            Change(key=self.key_of(row), at_ms=at_ms, net=unscaled(net))
            for at_ms, row, net in islice(found, limit)
        ]

    def changed_since(self, stamp: int) -> Iterator["Balance"]:
        """Yield the balances with this change stamp or a higher one, lowest first."""
        return (Balance(self, row) for row in self.index.since(stamp))

    def of_item(self, number: str) -> Iterator["Balance"]:
        """Yield the balances of an item by warehouse."""
        found = (self.find((warehouse, number)) for warehouse in self._warehouses)
        return (balance for balance in found if balance is not None)

    def in_warehouse(self, warehouse: str, *, first_item: str = "") -> Iterator["Balance"]:
        """Yield the balances in a warehouse by item number, from an item number on."""
        for number in self.numbers_from(first_item):
            if (balance := self.find((warehouse, number))) is not None:
                yield balance

    def numbers_from(self, first: str) -> Iterator[str]:
        """Return the numbers of all items from one on, in order."""
        at = bisect_left(self._sorted_numbers, first)
        planned = self.plan.numbers_from(first) if self.plan else ()
        return heapq.merge(self._sorted_numbers[at:], planned)

    def key_of(self, row: int) -> BalanceKey:
        """Return warehouse and item number of a balance."""
        position, warehouse = divmod(row, len(self._warehouses))
        if (number := self._numbers.get(position)) is None:
            assert self.plan is not None  # noqa: S101 - every other position has its number
            number = self.plan.number(position - self._plan_position + 1)
        return self._warehouses[warehouse], number

    def _row(self, key: BalanceKey) -> int:
        warehouse, number = key
        position = self._positions.get(number)
        if position is None:
            if self.plan is None or not (n := self.plan.find(number)):
                raise KeyError(number)
            position = self._plan_position + n - 1
        if warehouse not in self._warehouses:
            raise KeyError(warehouse)
        return position * len(self._warehouses) + self._warehouses.index(warehouse)

    def _grow(self, more: int) -> None:
        zeros = bytes(8 * more)
        for column in (*self.columns.values(), self.stamps):
            column.frombytes(zeros)

    def _open(self, row: int) -> None:
        self._stamp(row)
        self.balance_count += 1

    def _stamp(self, row: int) -> int:
        """Give a balance the present moment as its stamp, or the one after its last.

        The stamps of one balance rise even when the clock is set back; several balances may
        share one.
        """
        stamp = max(self._now_ms(), self.stamps[row] + 1)
        self.stamps[row] = stamp
        self.index.put(row, stamp)
        return stamp

    def _net(self, row: int) -> int:
        return self.columns["on_hand"][row] - self.columns["allocated"][row]


class Balance:
    """Stock of one item in one warehouse, in basic units (MMS002)."""

    __slots__ = ("_stock", "row")

    def __init__(self, stock: Stock, row: int) -> None:
        self._stock = stock
        self.row = row  # where it lies in the columns

    def move(self, **changes: Decimal) -> None:
        """Add to some of `QUANTITIES`; it is one change with one stamp."""
        self._stock.change(self.row, changes)

    @property
    def key(self) -> BalanceKey:
        """Return warehouse and item number."""
        return self._stock.key_of(self.row)

    @property
    def stamp(self) -> int:
        """Return when it changed last, in milliseconds since 1970."""
        return self._stock.stamps[self.row]

    @property
    def on_hand(self) -> Decimal:
        """Return what is in the warehouse, approved (STQT), all of it allocatable (AVAL)."""
        return self._quantity("on_hand")

    @on_hand.setter
    def on_hand(self, quantity: Decimal) -> None:
        self.move(on_hand=Decimal(quantity) - self.on_hand)

    @property
    def allocated(self) -> Decimal:
        """Return what is promised to orders (ALQT)."""
        return self._quantity("allocated")

    @property
    def picking(self) -> Decimal:
        """Return the part of what is allocated that is on picking lists (PLQT)."""
        return self._quantity("picking")

    @property
    def reserved(self) -> Decimal:
        """Return what is on order lines and not delivered (REQT)."""
        return self._quantity("reserved")

    @property
    def on_order(self) -> Decimal:
        """Return what suppliers are to deliver (ORQT)."""
        return self._quantity("on_order")

    @property
    def net(self) -> Decimal:
        """Return what is on hand and not promised (AV01), negative when too much is."""
        return self.on_hand - self.allocated

    @property
    def available(self) -> Decimal:
        """Return what is on hand and on no order line (AV02)."""
        return self.on_hand - self.reserved

    def _quantity(self, name: str) -> Decimal:
        return unscaled(self._stock.columns[name][self.row])


def scaled(quantity: Decimal) -> int:
    """Return a quantity in millionths; what M3 has no decimals for is rounded."""
    return int((Decimal(quantity) * SCALE).to_integral_value(ROUND_HALF_EVEN))


def unscaled(millionths: int) -> Decimal:
    """Return a quantity from its millionths."""
    return Decimal(millionths).scaleb(-DECIMALS)
