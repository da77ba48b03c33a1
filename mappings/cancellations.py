"""Compare what Walmart waits for with what M3 will ship, and say what is to be canceled where."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domain.cancellations import CanceledUnits, CancellationReason, LineLimit
from domain.orders import LineQuantity, M3Line
from mappings.walmart_order import Line, WalmartOrder

# The first digit of ORST is how far the slowest part of a line has come. From here on nothing
# of it is left to allocate or to pick, so what is neither picked nor delivered was closed.
ON_PICKING_LIST = "4"

# The second digit is the furthest part; up to here M3 lets a line be deleted.
ALLOCATED = "3"

# Given up without a delivery.
CLOSED = "9"


@dataclass(frozen=True, kw_only=True)
class LinePlan:
    """What is to become of one Walmart line."""

    cancel: tuple[CanceledUnits, ...] = ()
    surplus: int = 0  # M3 ships them, and Walmart has canceled them on its own
    unexplained: int = 0  # M3 will not ship them, and nobody has said why


@dataclass(frozen=True, kw_only=True)
class CancellationPlan:
    """What is to be canceled at Walmart, and what cannot be settled without a person."""

    cancel: tuple[CanceledUnits, ...]
    surplus: tuple[LineQuantity, ...]
    unexplained: tuple[LineQuantity, ...]


def wanted_quantities(order: WalmartOrder, limits: Iterable[LineLimit]) -> dict[str, int]:
    """Return how many units of each line are to ship, those that have shipped included.

    The buyer's wish to cancel and a person's limits hold for what has not been confirmed as
    shipped; what Walmart has canceled is not wanted any more.
    """
    most = {limit.line_number: limit.quantity for limit in limits}
    return {line.line_number: _wanted(line, most) for line in order.head.lines}


def plan_cancellation(
    order: WalmartOrder,
    *,
    shipping: Mapping[str, int],
    limits: Iterable[LineLimit],
    reason_in_m3: CancellationReason | None,
) -> CancellationPlan:
    """Return what Walmart has to be told, so that it waits for nothing M3 will not ship.

    Args:
        order: the purchase order as Walmart shows it now.
        shipping: units of each line M3 has shipped or will ship.
        limits: how much of a line a person lets ship, and why not more.
        reason_in_m3: what Walmart is told where M3 closed or deleted units by itself; None where
            a person has to say.
    """
    said = {limit.line_number: limit for limit in limits}
    plans = [
        (line.line_number, _plan(line, shipping.get(line.line_number, 0), said, reason_in_m3))
        for line in order.head.lines
    ]
    return CancellationPlan(
        cancel=tuple(units for _, plan in plans for units in plan.cancel),
        surplus=_quantities((number, plan.surplus) for number, plan in plans),
        unexplained=_quantities((number, plan.unexplained) for number, plan in plans),
    )


def to_cancellation_body(canceled: Iterable[CanceledUnits]) -> dict[str, Any]:
    """Return the body of POST /v3/orders/{purchaseOrderId}/cancel.

    Source:
        Order management API, cancelOrderLines.
    """
    lines: dict[str, list[dict[str, Any]]] = {}
    for units in canceled:
        lines.setdefault(units.line_number, []).append(
            {
                "status": "Cancelled",
                "cancellationReason": units.reason,
                "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(units.quantity)},
            }
        )
    return {
        "orderCancellation": {
            "orderLines": {
                "orderLine": [
                    {"lineNumber": number, "orderLineStatuses": {"orderLineStatus": statuses}}
                    for number, statuses in lines.items()
                ]
            }
        }
    }


def will_ship(record: Mapping[str, str]) -> int:
    """Return how many units of an M3 line have shipped or will, in the unit that was ordered.

    Args:
        record: OIS100MI/LstLine with ORQT, ORQA, ALQT, DLQT and ORST.

    Source:
        Statuses of order lines, M3 user documentation: 99 is closed without delivery; the API
        has no field for the remainder, so it is read from the status.
    """
    status = record["ORST"]
    if status < ON_PICKING_LIST:
        return ordered_units(record)
    delivered = sales_units(record, "DLQT")
    return delivered if status.startswith(CLOSED) else delivered + sales_units(record, "ALQT")


def ordered_units(record: Mapping[str, str]) -> int:
    """Return the quantity of an M3 line in the unit that was ordered."""
    return int(_number(record["ORQA"]) or _number(record["ORQT"]))


def sales_units(record: Mapping[str, str], field: str) -> int:
    """Return a quantity M3 gives in the item's basic unit, as ORQT is, in the ordered unit."""
    basic, ordered = _number(record["ORQT"]), _number(record["ORQA"])
    quantity = _number(record.get(field, ""))
    return int(quantity * ordered / basic) if basic and ordered else int(quantity)


def excess(lines: Sequence[M3Line], wanted: Mapping[str, int]) -> dict[str, int]:
    """Return the M3 lines that would ship too much: line key (PONR/POSX) to the quantity wanted.

    Where M3 has split a line, the last parts are given up first. Lines Walmart does not know were
    entered by a person, who knows why.
    """
    too_many = _total(lines) - Counter(wanted)
    targets: dict[str, int] = {}
    for line in reversed(lines):
        if line.line_number not in wanted:
            continue
        taken = min(too_many[line.line_number], line.will_ship)
        if taken > 0:
            targets[line.m3_line] = line.will_ship - taken
            too_many[line.line_number] -= taken
    return targets


def shipping_quantities(lines: Iterable[M3Line]) -> dict[str, int]:
    """Return how many units of each Walmart line M3 has shipped or will ship."""
    return dict(_total(lines))


def _wanted(line: Line, most: Mapping[str, int]) -> int:
    if line.intent_to_cancel:
        return line.shipped
    return max(min(line.quantity, most.get(line.line_number, line.quantity)), line.shipped)


def _plan(
    line: Line,
    shipping: int,
    limits: Mapping[str, LineLimit],
    reason_in_m3: CancellationReason | None,
) -> LinePlan:
    missing = min(line.quantity - shipping, line.quantity - line.shipped)
    if missing <= 0:
        return LinePlan(surplus=max(shipping - line.quantity, 0))
    if line.intent_to_cancel:
        return _canceled(line, missing, CancellationReason.BUYER_ASKED)
    limit = limits.get(line.line_number)
    asked = min(missing, line.quantity - limit.quantity) if limit else 0
    asked = max(asked, 0)
    cancel = _canceled(line, asked, limit.reason).cancel if limit and asked else ()
    if left := missing - asked:
        if reason_in_m3 is None:
            return LinePlan(cancel=cancel, unexplained=left)
        cancel += _canceled(line, left, reason_in_m3).cancel
    return LinePlan(cancel=cancel)


def _canceled(line: Line, quantity: int, reason: CancellationReason) -> LinePlan:
    units = CanceledUnits(line_number=line.line_number, quantity=quantity, reason=reason)
    return LinePlan(cancel=(units,))


def _quantities(pairs: Iterable[tuple[str, int]]) -> tuple[LineQuantity, ...]:
    return tuple(LineQuantity(line_number=number, quantity=q) for number, q in pairs if q > 0)


def _total(lines: Iterable[M3Line]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for line in lines:
        totals[line.line_number] += line.will_ship
    return totals


def _number(text: str) -> Decimal:
    return Decimal(text or 0)
