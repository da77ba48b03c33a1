"""The arithmetic of one order line: its quantity stands split over statuses.

Lines are the dictionaries Walmart serves, changed in place, because what is served is the state.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

Document = dict[str, Any]

CREATED = "Created"
ACKNOWLEDGED = "Acknowledged"
SHIPPED = "Shipped"
DELIVERED = "Delivered"
CANCELLED = "Cancelled"
REFUND = "Refund"
STATUSES = (CREATED, ACKNOWLEDGED, SHIPPED, DELIVERED, CANCELLED, REFUND)
OPEN = (CREATED, ACKNOWLEDGED)
SENT = (SHIPPED, DELIVERED, REFUND)


def iso_utc(at_ms: int | None) -> str:
    """Return a moment as Walmart's texts show it, such as `2026-03-09T12:00:00.000Z`."""
    moment = datetime.fromtimestamp((at_ms or 0) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_list(value: Any) -> list[Any]:
    """Return a list where Walmart's XML heritage sends one object, or nothing, instead."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def order_lines(document: Document) -> list[Document]:
    """Return the lines of an order document."""
    return as_list(document["orderLines"]["orderLine"])


def line_statuses(line: Document) -> list[Document]:
    """Return the status entries of a line."""
    return as_list(line["orderLineStatuses"]["orderLineStatus"])


def product_charges(line: Document) -> Iterator[Document]:
    """Yield the charges that make up the price of one unit: item price and discounts."""
    for charge in as_list(line["charges"]["charge"]):
        if charge["chargeType"] == "PRODUCT":
            yield charge


def quantities(line: Document) -> Counter[str]:
    """Return how many units of a line stand in each status."""
    totals: Counter[str] = Counter()
    for entry in line_statuses(line):
        totals[entry["status"]] += int(entry["statusQuantity"]["amount"])
    return totals


def open_quantity(line: Document) -> int:
    """Return how many units are neither sent nor cancelled."""
    totals = quantities(line)
    return sum(totals[status] for status in OPEN)


def status_entry(status: str, quantity: int, *, unit: str) -> Document:
    """Return a status entry with the nulls real answers carry."""
    return {
        "status": status,
        "statusQuantity": {"unitOfMeasurement": unit, "amount": str(quantity)},
        "cancellationReason": None,
        "trackingInfo": None,
        "returnCenterAddress": None,
    }


def move(
    line: Document,
    quantity: int,
    *,
    out_of: Iterable[str],
    into: str,
    at_ms: int,
    details: Document | None = None,
) -> None:
    """Move units of a line from one or more statuses, in that order, into another.

    Args:
        line: the order line; changed in place.
        quantity: units to move; the caller has checked that there are as many.
        out_of: statuses to take from.
        into: the new status. Without details it joins an entry of the same status.
        at_ms: becomes the line's statusDate, epoch milliseconds.
        details: fields of the new entry, such as trackingInfo or cancellationReason.
    """
    entries = line_statuses(line)
    missing = quantity
    for status in out_of:
        missing -= _take(entries, status, missing)
    if missing:
        raise ValueError(f"{missing} of {quantity} units are not there to move")
    kept = [entry for entry in entries if entry["statusQuantity"]["amount"] != "0"]
    same = next((entry for entry in kept if entry["status"] == into), None)
    if same is not None and details is None:
        _add(same, quantity)
    else:
        unit = line["orderLineQuantity"]["unitOfMeasurement"]
        kept.append(status_entry(into, quantity, unit=unit) | (details or {}))
    line["orderLineStatuses"] = {"orderLineStatus": kept}
    line["statusDate"] = at_ms


def _take(entries: list[Document], status: str, wanted: int) -> int:
    taken = 0
    for entry in entries:
        if entry["status"] == status:
            part = min(wanted - taken, int(entry["statusQuantity"]["amount"]))
            _add(entry, -part)
            taken += part
    return taken


def _add(entry: Document, quantity: int) -> None:
    there = entry["statusQuantity"]
    there["amount"] = str(int(there["amount"]) + quantity)
