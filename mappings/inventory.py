"""What Walmart may sell of a SKU at a ship node; `inventory.yaml` is read in `inventory_files`."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import TypeGuard

import cel

from domain.errors import FormulaFailed, StockAbsurd, StockUnknown
from domain.inventory import NONE, ONE, Balance, Component, ItemStock
from mappings.tables import ShipNodes

Record = Mapping[str, str]

# More than this in one place is a mistake of whoever entered it.
MOST_UNITS = 9_999_999

# What an expression may end with at an item's own values.
FORMULA_ERRORS = (RuntimeError, TypeError, ValueError, ArithmeticError, LookupError)

_QUANTITY = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")

# Enough digits for M3's 17 times any unit factor; what still does not fit is dropped.
_DOWN = Context(prec=60, rounding=ROUND_FLOOR)
_UP = Context(prec=60, rounding=ROUND_CEILING)
# Beyond the 17 characters of M3's quantities there is nothing to compute with.
_MOST_DIGITS = 17


@dataclass(frozen=True, kw_only=True)
class Reserve:
    """Units that are kept back: a number of them, or a percentage of what is there."""

    units: int = 0
    percent: Decimal = NONE

    def of(self, net: int) -> int:
        """Return how many of `net` units are kept back."""
        share = (max(net, 0) * self.percent / 100).to_integral_value(ROUND_CEILING)
        return self.units + int(share)


@dataclass(frozen=True, kw_only=True)
class SafetyStock:
    """What is kept back of which item; the most special entry wins."""

    default: Reserve
    warehouses: Mapping[str, Reserve]
    item_groups: Mapping[str, Reserve]
    items: Mapping[str, Reserve]

    def of(self, stock: ItemStock, net: Mapping[str, int]) -> int:
        """Return how many units of an item are kept back at a ship node.

        Args:
            stock: the item.
            net: what there is in each warehouse of the ship node, EACH.
        """
        own = self.items.get(stock.item_number) or self.item_groups.get(stock.item_group)
        if own is not None:
            return own.of(sum(net.values()))
        rest = [units for warehouse, units in net.items() if warehouse not in self.warehouses]
        return sum(
            self.warehouses[warehouse].of(units)
            for warehouse, units in net.items()
            if warehouse in self.warehouses
        ) + (self.default.of(sum(rest)) if rest else 0)


@dataclass(frozen=True, kw_only=True)
class Formula:
    """The expression `available`."""

    program: cel.Program

    def units(self, item_number: str, *, net: int, safety: int, held: int, receipts: int) -> int:
        """Return how many units of an item can be sold: from 0 to what there is and will be.

        Raises:
            FormulaFailed: the expression gives no number.
        """
        values = {"net": net, "safety": safety, "held": held, "receipts": receipts}
        try:
            result = self.program.execute(values)
        except FORMULA_ERRORS as error:
            said = str(error).partition("\n")[0]
            raise FormulaFailed(item_number, reason=f"cannot be worked out: {said}") from error
        if not is_number(result):
            raise FormulaFailed(item_number, reason=f"gives no number but {result!r}")
        return max(0, min(math.floor(result), net + receipts))


def is_number(result: object) -> TypeGuard[int | float]:
    """Tell whether an expression gave a number; true, NaN and infinity are none."""
    if isinstance(result, bool) or not isinstance(result, int | float):
        return False
    return math.isfinite(result)


@dataclass(frozen=True, kw_only=True)
class Brake:
    """The shares of all quantities above which a run waits for a person."""

    zeroed: Decimal  # percent
    changed: Decimal  # percent
    at_least: int  # fewer quantities than this never wait


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What `inventory.yaml` says, checked."""

    formula: Formula
    safety_stock: SafetyStock
    receipts_within_days: int
    cap: int | None
    warehouses: Mapping[str, tuple[str, ...]]  # of ship nodes that have more than one
    kits: Mapping[str, tuple[Component, ...]]
    brake: Brake
    ship_nodes: ShipNodes

    def warehouses_of(self, ship_node: str) -> tuple[str, ...]:
        """Return the warehouses whose stock counts for a ship node.

        Raises:
            UnmappedValue: the value table of ship nodes has no row for it.
            ShipNodeClosed: its row says that nothing is shipped from there.
        """
        site = self.ship_nodes.site(ship_node)
        return self.warehouses.get(ship_node, (site.warehouse,))

    def components(self, sku: str, item_number: str) -> tuple[Component, ...]:
        """Return what a SKU is made of: the items of its kit, or one of its own item."""
        return self.kits.get(sku) or (Component(item_number=item_number, quantity=ONE),)


def available_to_sell(
    inventory: Inventory,
    components: Iterable[Component],
    *,
    ship_node: str,
    stocks: Mapping[str, ItemStock],
) -> int:
    """Return how many units of a SKU Walmart may sell at a ship node.

    Args:
        inventory: formula, safety stock, cap and warehouses of the pair.
        components: what the SKU is made of, see `Inventory.components`; the scarcest decides.
        ship_node: says which warehouses have to be known.
        stocks: of the components, by item number.

    Returns:
        Whole units, EACH, 0 or more and never more than M3's stock and the receipts that count.
        Fractions are dropped: selling one too few costs less than selling one too many.

    Raises:
        StockUnknown: the stock of an item is not known in a warehouse of the ship node.
        StockAbsurd: a quantity cannot be true.
        FormulaFailed: the pair's own formula gives no number.
        UnmappedValue: the value table of ship nodes has no row for the ship node.
        ShipNodeClosed: nothing is shipped from there.
    """
    warehouses = inventory.warehouses_of(ship_node)
    shares = []
    for component in components:
        stock = stocks.get(component.item_number)
        if stock is None:
            raise _unknown(component.item_number, "nothing is known of its stock")
        units = _units_of_item(inventory, stock, warehouses)
        shares.append(int(units // component.quantity))
    scarcest = min(shares)
    return scarcest if inventory.cap is None else min(scarcest, inventory.cap)


def brake(limits: Brake, *, catalogue: int, to_zero: int, changed: int) -> str:
    """Return why a run has to wait for a person; empty when nothing speaks against it.

    Args:
        limits: the pair's.
        catalogue: how many quantities Walmart is told of in all.
        to_zero: how many of them the run would set to 0 that are not.
        changed: how many it would change, those included.
    """
    reasons = [
        f"{count} of {catalogue} quantities would {become}, more than {limit.normalize():f}%"
        for count, limit, become in (
            (to_zero, limits.zeroed, "become 0"),
            (changed, limits.changed, "change"),
        )
        if count >= limits.at_least and count * 100 > catalogue * limit
    ]
    return "; ".join(reasons)


def from_new_balance(record: Record) -> Balance:
    """Return the balance of a record of OIS100MI/LstNewBalances.

    Raises:
        StockUnknown: a field is missing or cannot be read.
    """
    return _balance(record)


def from_summary(record: Record) -> Balance:
    """Return the balance of a record of MMS200MI/LstSumWhsBal.

    Raises:
        StockUnknown: a field is missing or cannot be read.
    """
    return _balance(record)


def from_warehouse_balance(record: Record) -> Balance:
    """Return the balance of the record of MMS200MI/GetItmWhsBal.

    Raises:
        StockUnknown: a field is missing or cannot be read.
    """
    return _balance(record)


def _balance(record: Record) -> Balance:
    """Return a balance. All three transactions call its parts the same.

    Source:
        AV01 is "Allocatable net", in basic U/M: what is on hand and may be allocated, less what is.
    """
    item_number = record.get("ITNO", "").strip()
    for name in ("ITNO", "WHLO", "AV01"):
        if not record.get(name, "").strip():
            raise _unreadable(item_number, f"M3's balance has no {name}")
    quantity = record["AV01"].strip()
    if not _QUANTITY.fullmatch(quantity):
        raise _unreadable(item_number, f"AV01 of M3's balance is no number: {quantity!r}")
    return Balance(
        item_number=item_number,
        warehouse=record["WHLO"].strip(),
        allocatable=Decimal(quantity),
    )


def _units_of_item(inventory: Inventory, stock: ItemStock, warehouses: Iterable[str]) -> int:
    factor = stock.unit_factor
    if not factor.is_finite() or factor <= 0 or factor.adjusted() > _MOST_DIGITS:
        raise _absurd(stock, f"its unit factor is {factor}")
    net = _net(stock, warehouses)
    total = _possible(stock, sum(net.values()), "its stock")
    # What is held is rounded up: half a unit held is one less to sell.
    held = _whole(stock, stock.held, "what orders hold of it", factor=ONE, rounding=_UP)
    receipts = _whole(stock, stock.receipts, "what is to be received", factor=factor)
    for what, units in (("what orders hold of it", held), ("what is to be received", receipts)):
        if units < 0:
            raise _absurd(stock, f"{what} is {units} units")
    return inventory.formula.units(
        stock.item_number,
        net=total,
        safety=inventory.safety_stock.of(stock, net),
        held=held,
        receipts=receipts,
    )


def _net(stock: ItemStock, warehouses: Iterable[str]) -> dict[str, int]:
    """Return what can be allocated in each warehouse; half a unit in two of them is no unit."""
    known = {balance.warehouse: balance.allocatable for balance in stock.balances}
    net = {}
    for warehouse in warehouses:
        if warehouse not in known:
            raise _unknown(stock.item_number, f"its stock in warehouse {warehouse} is not known")
        what = f"its stock in warehouse {warehouse}"
        net[warehouse] = _whole(stock, known[warehouse], what, factor=stock.unit_factor)
    return net


def _whole(
    stock: ItemStock, quantity: Decimal, what: str, *, factor: Decimal, rounding: Context = _DOWN
) -> int:
    if not quantity.is_finite():
        raise _unknown(stock.item_number, f"{what} is {quantity}")
    if quantity and quantity.adjusted() > _MOST_DIGITS:
        raise _absurd(stock, f"{what} is {quantity}")
    units = rounding.to_integral_value(rounding.multiply(quantity, factor))
    return _possible(stock, int(units), what)


def _possible(stock: ItemStock, units: int, what: str) -> int:
    if abs(units) > MOST_UNITS:
        raise _absurd(stock, f"{what} is {units} units, and more than {MOST_UNITS} cannot be true")
    return units


def _unknown(item_number: str, reason: str) -> StockUnknown:
    return StockUnknown(
        item_number,
        reason=reason,
        mend="see that the item exists in that warehouse (MMS002); it is read with the next run",
    )


def _unreadable(item_number: str, reason: str) -> StockUnknown:
    return StockUnknown(
        item_number or "(no number)",
        reason=reason,
        mend="see that the service's user may read the balance; it is read with the next run",
    )


def _absurd(stock: ItemStock, reason: str) -> StockAbsurd:
    return StockAbsurd(
        stock.item_number,
        reason=reason,
        mend="correct it in M3 (MMS002, MMS015 or the planned order); it is read with the next run",
    )
