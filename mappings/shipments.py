"""Tell Walmart what an M3 delivery contains, and see what of it Walmart has already."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.errors import OrderMismatch, UnmappableField
from domain.orders import LineQuantity
from domain.pairs import Pair
from mappings.catalog import SHIPPING_LINE
from mappings.loader import MappingSet
from mappings.sources import order_source
from mappings.walmart_order import SHIPPED_STATUSES, WalmartOrder, units

# Fields of the mapping shipping_line that belong to the line; all others to its status.
LINE_FIELDS = ("lineNumber", "intentToCancelOverride", "sellerOrderId", "sellerOrderNo")


@dataclass(frozen=True, kw_only=True)
class Package:
    """One package with what is in it."""

    tracking_number: str
    lines: tuple[LineQuantity, ...]  # Walmart's line numbers


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One M3 delivery that has left."""

    delivery_number: str  # DLIX
    delivery_method: str  # MODL
    shipped_at: datetime  # aware
    packages: tuple[Package, ...]


def to_shipping_body(
    delivery: Delivery,
    *,
    order: WalmartOrder,
    pair: Pair,
    mappings: MappingSet,
    m3_order_number: str,
    intent_to_cancel_override: bool = False,
) -> dict[str, Any]:
    """Return the body of POST /v3/orders/{purchaseOrderId}/shipping.

    Each line has one entry per package it is in, with the units in that package.

    Args:
        delivery: what left; see `remaining` for leaving out what Walmart has already.
        order: the purchase order.
        pair: its settings.
        mappings: the mappings of the pair.
        m3_order_number: becomes sellerOrderId.
        intent_to_cancel_override: ship lines the buyer asked to cancel; refused otherwise.

    Raises:
        OrderMismatch: the delivery has a line the order has not.
        UnmappableField: a package has no tracking number, or a value does not fit.
        UnmappedValue: the delivery method is not in the table carriers.

    Source:
        Order management API, shipOrderLines.
    """
    source = order_source(
        order,
        pair,
        {
            "m3_order_number": m3_order_number,
            "delivery_number": delivery.delivery_number,
            "carrier_code": delivery.delivery_method,
            "shipped_at": delivery.shipped_at,
            "intent_to_cancel_override": intent_to_cancel_override,
        },
    )
    lines: dict[str, dict[str, Any]] = {}
    for (line_number, tracking_number), quantity in _contents(delivery).items():
        url = mappings.carriers.tracking_url(delivery.delivery_method, tracking_number)
        package = {"tracking_number": tracking_number, "tracking_url": url, "quantity": quantity}
        line = _line(order, line_number, delivery)
        record = mappings[SHIPPING_LINE].record(
            replace(source, facts={**source.facts, **package}, line=line)
        )
        _add(lines, line_number, record)
    return {"orderShipment": {"orderLines": {"orderLine": list(lines.values())}}}


def remaining(delivery: Delivery, order: WalmartOrder) -> Delivery:
    """Return the delivery without the units Walmart already shows as shipped in its packages.

    Walmart refuses a shipment it has got before. Read the order again and pass it here: a
    delivery without packages comes back when all of it was confirmed.

    Args:
        delivery: what left M3.
        order: the purchase order as Walmart shows it now.
    """
    missing: dict[str, list[LineQuantity]] = {}
    # Counters subtract to what is above zero, and keep the order of the left one.
    for (line_number, tracking_number), quantity in (
        _contents(delivery) - _confirmed(order)
    ).items():
        missing.setdefault(tracking_number, []).append(
            LineQuantity(line_number=line_number, quantity=quantity)
        )
    packages = tuple(
        Package(tracking_number=tracking_number, lines=tuple(lines))
        for tracking_number, lines in missing.items()
    )
    return replace(delivery, packages=packages)


def still_wanted(
    delivery: Delivery, order: WalmartOrder
) -> tuple[Delivery, tuple[LineQuantity, ...]]:
    """Return the delivery without units Walmart has canceled meanwhile, and those units."""
    room = {line.line_number: line.quantity - line.shipped for line in order.head.lines}
    surplus: Counter[str] = Counter()
    packages = []
    for package in delivery.packages:
        taken = []
        for line in package.lines:
            number = line.line_number
            quantity = min(line.quantity, max(room.get(number, line.quantity), 0))
            room[number] = room.get(number, line.quantity) - quantity
            surplus[number] += line.quantity - quantity
            if quantity:
                taken.append(LineQuantity(line_number=number, quantity=quantity))
        if taken:
            packages.append(replace(package, lines=tuple(taken)))
    over = tuple(LineQuantity(line_number=n, quantity=q) for n, q in surplus.items() if q)
    return replace(delivery, packages=tuple(packages)), over


def _contents(delivery: Delivery) -> Counter[tuple[str, str]]:
    """Return the units per line and tracking number, in the order of the packages."""
    contents: Counter[tuple[str, str]] = Counter()
    for package in delivery.packages:
        if not package.tracking_number.strip():
            raise UnmappableField(
                "trackingInfo.trackingNumber",
                reason=f"delivery {delivery.delivery_number} has a package without one",
                mend="enter the external tracking number of the package in M3, send `retry`",
            )
        for line in package.lines:
            contents[line.line_number, package.tracking_number.strip()] += line.quantity
    return contents


def _confirmed(order: WalmartOrder) -> Counter[tuple[str, str]]:
    confirmed: Counter[tuple[str, str]] = Counter()
    for line in order.head.lines:
        for status in line.statuses:
            if status.status in SHIPPED_STATUSES:
                key = line.line_number, status.tracking_number.strip()
                confirmed[key] += units(status.quantity)
    return confirmed


def _line(order: WalmartOrder, line_number: str, delivery: Delivery) -> Mapping[str, Any]:
    try:
        return order.line_documents[line_number]
    except KeyError:
        raise OrderMismatch(
            order.purchase_order_id,
            reason=f"delivery {delivery.delivery_number} has a line {line_number} it has not",
        ) from None


def _add(lines: dict[str, dict[str, Any]], line_number: str, record: dict[str, Any]) -> None:
    head = {name: record.pop(name) for name in LINE_FIELDS if name in record}
    line = lines.setdefault(line_number, head | {"orderLineStatuses": {"orderLineStatus": []}})
    line["orderLineStatuses"]["orderLineStatus"].append(record)
