"""What a seller may say about a shipment, and when Walmart believes it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from simulators.walmart.bodies import member, members, one_of, status_quantity, text
from simulators.walmart.carriers import CARRIERS
from simulators.walmart.errors import Refused
from simulators.walmart.lines import (
    ACKNOWLEDGED,
    CANCELLED,
    CREATED,
    DELIVERED,
    REFUND,
    SHIPPED,
    Document,
    quantities,
)

METHOD_CODES = ("Standard", "Express", "OneDay", "Freight", "WhiteGlove", "Value")
MAX_SELLER_ORDER_ID = 30
# "Today" needs a place: Walmart's home. A service that stamps local dates then gets the same
# answer at every hour of the day.
HOME = ZoneInfo("America/Chicago")
OVER_SHIPPED = (
    "INVALID_REQUEST_CONTENT :: Failed when called shipConfirm API for {po}. Qty OverShipped : "
    "Some or All Line(s)/Qty cannot be Shipped due to invalid Lines Or invalid Qty Or Qty more "
    "than allowed"
)


@dataclass(frozen=True, kw_only=True)
class ShippedPackage:
    """Units of one line in one package."""

    quantity: int
    shipped_at: datetime
    details: Document  # trackingInfo and returnCenterAddress, as they will be served


@dataclass(frozen=True, kw_only=True)
class ShippedLine:
    """What one call says of one order line."""

    line_number: str
    seller_order_id: str
    intent_to_cancel_override: bool
    packages: tuple[ShippedPackage, ...]


@dataclass(frozen=True, kw_only=True)
class Shipment:
    """The body of one shipping call."""

    lines: tuple[ShippedLine, ...]

    def check(
        self,
        purchase_order_id: str,
        line_of: Callable[[str], Document],
        *,
        today: float,
        chosen: str,
    ) -> None:
        """Refuse the call unless every line of it can ship.

        Args:
            purchase_order_id: for the texts.
            line_of: returns the order's line of a number, or refuses.
            today: now, epoch seconds.
            chosen: the order's own method code, which is always supported.

        Raises:
            Refused: names the first line that cannot ship.
        """
        wanted: Counter[str] = Counter()
        for shipped in self.lines:
            line = line_of(shipped.line_number)
            wanted[shipped.line_number] += sum(package.quantity for package in shipped.packages)
            _check_methods(shipped, (*METHOD_CODES, chosen))
            _check_dates(shipped, today=today)
            _check_intent(line, shipped)
            _check_quantity(line, wanted[shipped.line_number], purchase_order_id)


def read_shipment(body: Document) -> Shipment:
    """Return what a shipping body says.

    Raises:
        Refused: the body breaks the published schema.
    """
    shipment = member(body, "orderShipment")
    if shipment.get("processMode"):
        raise Refused("processMode PARTIAL_UPDATE is not simulated", field="processMode")
    lines = members(member(shipment, "orderLines"), "orderLine")
    return Shipment(lines=tuple(_read_line(line) for line in lines))


def _read_line(line: Document) -> ShippedLine:
    line_number = text(line, "lineNumber")
    seller_order_id = text(line, "sellerOrderId")
    if len(seller_order_id) > MAX_SELLER_ORDER_ID:
        raise Refused(
            f"sellerOrderId is longer than {MAX_SELLER_ORDER_ID} characters in line number "
            f"{line_number}",
            field="sellerOrderId",
        )
    entries = members(member(line, "orderLineStatuses"), "orderLineStatus")
    return ShippedLine(
        line_number=line_number,
        seller_order_id=seller_order_id,
        intent_to_cancel_override=line.get("intentToCancelOverride") is True,
        packages=tuple(_read_package(entry, line_number) for entry in entries),
    )


def _read_package(entry: Document, line_number: str) -> ShippedPackage:
    one_of(entry, "status", (SHIPPED,))
    tracking = member(entry, "trackingInfo")
    text(tracking, "trackingNumber")
    _check_carrier(tracking, line_number)
    return ShippedPackage(
        quantity=status_quantity(entry),
        shipped_at=_read_ship_date(tracking),
        details={
            "trackingInfo": tracking,
            "returnCenterAddress": entry.get("returnCenterAddress"),
        },
    )


def _check_carrier(tracking: Document, line_number: str) -> None:
    name = member(tracking, "carrierName")
    carrier, other = name.get("carrier"), name.get("otherCarrier")
    if bool(carrier) == bool(other):
        raise Refused(
            f"Either carrier or otherCarrier is required in line number {line_number}",
            field="carrierName",
        )
    if carrier and carrier not in CARRIERS:
        raise Refused(f"Carrier is not supported in line number {line_number}", field="carrier")
    if other and not tracking.get("trackingURL"):
        raise Refused(
            f"trackingURL is required for otherCarrier in line number {line_number}",
            field="trackingURL",
        )


def _read_ship_date(tracking: Document) -> datetime:
    milliseconds = tracking.get("shipDateTime")
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        raise Refused("shipDateTime is required and must be a number", field="shipDateTime")
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Refused("shipDateTime is no date", field="shipDateTime") from error


def _check_methods(shipped: ShippedLine, supported: tuple[str, ...]) -> None:
    for package in shipped.packages:
        if package.details["trackingInfo"].get("methodCode") not in supported:
            raise Refused(
                f"Method code is not supported in line number {shipped.line_number}",
                field="methodCode",
            )


def _check_dates(shipped: ShippedLine, *, today: float) -> None:
    current = datetime.fromtimestamp(today, HOME).date()
    if any(package.shipped_at.astimezone(HOME).date() < current for package in shipped.packages):
        raise Refused(
            f"ship date must be today or later in line number {shipped.line_number}",
            field="shipDateTime",
        )


def _check_intent(line: Document, shipped: ShippedLine) -> None:
    if line.get("intentToCancel") == "true" and not shipped.intent_to_cancel_override:
        raise Refused(
            f"Line {shipped.line_number} has an intent to cancel; "
            "set intentToCancelOverride to ship it"
        )


def _check_quantity(line: Document, wanted: int, purchase_order_id: str) -> None:
    totals = quantities(line)
    if not totals[ACKNOWLEDGED]:
        status = next(s for s in (SHIPPED, DELIVERED, REFUND, CANCELLED, CREATED) if totals[s])
        raise Refused(
            f"Unable to process this request. The Line: {line['lineNumber']} of PO: "
            f"{purchase_order_id} is in {status.upper()} status"
        )
    if wanted > totals[ACKNOWLEDGED]:
        raise Refused(OVER_SHIPPED.format(po=purchase_order_id))
