"""What a seller may say about units they cannot ship."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from simulators.walmart.bodies import member, members, one_of, status_quantity, text
from simulators.walmart.errors import Refused
from simulators.walmart.lines import CANCELLED, Document, open_quantity

BUYER_ASKED = "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"
FRAUD = "SELLER_CANCEL_FRAUD_STOP_SHIPMENT"
OUT_OF_STOCK = "SELLER_CANCEL_OUT_OF_STOCK"
REASONS = (
    BUYER_ASKED,
    "SELLER_CANCEL_PRICING_ERROR",
    OUT_OF_STOCK,
    FRAUD,
    "SELLER_CANCEL_ADDRESS_NOT_SERVICEABLE",
)
# What Walmart writes on lines it cancels itself is not published.
AUTO_CANCEL, FRAUD_CANCEL = "AUTO_CANCEL", "FRAUD_CANCEL"
WALMARTS_OWN = (AUTO_CANCEL, FRAUD_CANCEL)


@dataclass(frozen=True, kw_only=True)
class CanceledUnits:
    """Units of one line, and why they will not come."""

    line_number: str
    quantity: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """The body of one cancel call."""

    lines: tuple[CanceledUnits, ...]

    def check(
        self, purchase_order_id: str, line_of: Callable[[str], Document], *, fraudulent: bool
    ) -> None:
        """Refuse the call unless every line of it can be cancelled.

        Args:
            purchase_order_id: for the texts.
            line_of: returns the order's line of a number, or refuses.
            fraudulent: whether Walmart has confirmed that the order is a fraud.

        Raises:
            Refused: names the first line that cannot be cancelled.
        """
        wanted: Counter[str] = Counter()
        for canceled in self.lines:
            line = line_of(canceled.line_number)
            wanted[canceled.line_number] += canceled.quantity
            _check_reason(canceled, line, fraudulent=fraudulent)
            if wanted[canceled.line_number] > open_quantity(line):
                raise Refused(
                    f"Unable to process this request. The Line: {canceled.line_number} of PO: "
                    f"{purchase_order_id} has fewer units that are not shipped or cancelled"
                )


def read_cancellation(body: Document) -> Cancellation:
    """Return what a cancel body says.

    Raises:
        Refused: the body breaks the published schema.
    """
    order = member(body, "orderCancellation")
    lines = members(member(order, "orderLines"), "orderLine")
    return Cancellation(lines=tuple(units for line in lines for units in _read_line(line)))


def _check_reason(canceled: CanceledUnits, line: Document, *, fraudulent: bool) -> None:
    """Refuse a reason that is not true. Source: the published text of cancellationReason."""
    untrue = {
        BUYER_ASKED: line.get("intentToCancel") != "true" and "without an intent to cancel",
        FRAUD: not fraudulent and "of an order that is no fraud",
    }.get(canceled.reason)
    if untrue:
        raise Refused(
            f"Cancellation reason should not be {canceled.reason} for line number "
            f"{canceled.line_number} {untrue}",
            field="cancellationReason",
        )


def _read_line(line: Document) -> list[CanceledUnits]:
    line_number = text(line, "lineNumber")
    entries = members(member(line, "orderLineStatuses"), "orderLineStatus")
    units = []
    for entry in entries:
        one_of(entry, "status", (CANCELLED,))
        reason = one_of(entry, "cancellationReason", REASONS)
        quantity = status_quantity(entry)
        units.append(CanceledUnits(line_number=line_number, quantity=quantity, reason=reason))
    return units
