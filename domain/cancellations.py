"""Units that will not ship, and why; from whichever side that was decided."""

from dataclasses import dataclass
from enum import StrEnum

# Walmart has canceled already when it tells us of these.
CANCELED_BY_WALMART = frozenset({"FRAUD_CANCEL", "PO_LINE_AUTOCANCELLED"})


class CancellationReason(StrEnum):
    """What Walmart accepts as a seller's reason. Source: cancel lines, Orders API."""

    BUYER_ASKED = "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"  # only with the buyer's own request
    PRICING_ERROR = "SELLER_CANCEL_PRICING_ERROR"
    OUT_OF_STOCK = "SELLER_CANCEL_OUT_OF_STOCK"  # Walmart zeroes the stock of that ship node
    FRAUD = "SELLER_CANCEL_FRAUD_STOP_SHIPMENT"
    ADDRESS = "SELLER_CANCEL_ADDRESS_NOT_SERVICEABLE"


@dataclass(frozen=True, kw_only=True)
class LineLimit:
    """A person's word that no more than this many units of a line are to ship."""

    line_number: str
    quantity: int  # 0: none
    reason: CancellationReason


@dataclass(frozen=True, kw_only=True)
class CanceledUnits:
    """Units of one line that were canceled at Walmart."""

    line_number: str
    quantity: int
    reason: str
