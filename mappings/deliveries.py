"""Turn M3's records of an order and its deliveries into our words."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from domain.errors import OrderMismatch
from domain.orders import LineQuantity, M3Line
from mappings.cancellations import ordered_units, sales_units, will_ship
from mappings.shipments import Delivery, Package

Record = Mapping[str, str]


def to_m3_lines(records: Iterable[Record], purchase_order_id: str) -> tuple[M3Line, ...]:
    """Return the lines of an M3 order with the Walmart line each stands for.

    Args:
        records: OIS100MI/LstLine. Batch entry writes Walmart's line number to CUPO; direct entry
            gives the M3 line (PONR) that number itself.
        purchase_order_id: for messages.

    Raises:
        OrderMismatch: a line has neither.
    """
    lines = []
    for record in records:
        line_number = record["CUPO"] or record["PONR"].lstrip("0")
        if not line_number:
            raise OrderMismatch(purchase_order_id, reason="M3 has a line without Walmart's number")
        lines.append(
            M3Line(
                line_number=line_number,
                m3_line=key_of(record["PONR"], record["POSX"]),
                quantity=ordered_units(record),
                # What has left was allocated before.
                allocated=sales_units(record, "ALQT") + sales_units(record, "DLQT"),
                will_ship=will_ship(record),
                furthest_status=record["ORST"][-1:],
            )
        )
    return tuple(lines)


def from_m3_delivery(
    head: Record,
    packages: Sequence[Record],
    contents: Sequence[Record],
    *,
    m3_order_number: str,
    lines: Sequence[M3Line],
    time_zone: str,
) -> Delivery:
    """Return one delivery as it concerns one order.

    A delivery can hold other orders too; their lines, and packages with nothing else, are left
    out.

    Args:
        head: MWS410MI/GetHead.
        packages: MWS410MI/LstPackages.
        contents: MWS410MI/LstPackageLine.
        m3_order_number: the order.
        lines: its lines; M3's are matched to Walmart's by them.
        time_zone: of M3's departure date and time.
    """
    walmart_line = {line.m3_line: line.line_number for line in lines}
    content: dict[str, list[LineQuantity]] = {}
    for record in contents:
        key = key_of(record["RIDL"], record["RIDX"])
        if record["RIDN"] != m3_order_number or key not in walmart_line:
            continue
        # DLQA is in the unit that was ordered, DLQT in the item's basic unit. An M3 that leaves
        # a number empty answers "0".
        quantity = _whole(record["DLQA"]) or _whole(record["DLQT"])
        content.setdefault(record["PANR"], []).append(
            LineQuantity(line_number=walmart_line[key], quantity=quantity)
        )
    return Delivery(
        delivery_number=head["DLIX"],
        delivery_method=head["MODL"],
        shipped_at=_moment(head, time_zone),
        packages=tuple(
            Package(
                # Some warehouses keep one tracking number for the delivery as a whole.
                tracking_number=package["ETRN"] or head["ETRN"],
                lines=tuple(content[package["PANR"]]),
            )
            for package in packages
            if package["PANR"] in content
        ),
    )


def key_of(number: str, suffix: str) -> str:
    """Return line number and suffix as M3 users write them; M3 may pad either with zeros."""
    return f"{int(number)}/{int(suffix or 0)}"


def _moment(head: Record, time_zone: str) -> datetime:
    """Return M3's departure (DSDT, DSHM), which is local to the warehouse, as a UTC time."""
    date, clock = head["DSDT"], head["DSHM"].rjust(4, "0")
    local = datetime.strptime(date + clock, "%Y%m%d%H%M").replace(tzinfo=ZoneInfo(time_zone))
    return local.astimezone(UTC)


def _whole(quantity: str) -> int:
    return int(Decimal(quantity or "0"))
