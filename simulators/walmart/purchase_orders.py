"""A purchase order as the account keeps it: the served document and what happened to it."""

import json
from dataclasses import dataclass
from decimal import Decimal

from simulators.walmart.cancellation import WALMARTS_OWN
from simulators.walmart.errors import Refused
from simulators.walmart.lines import (
    CANCELLED,
    OPEN,
    SENT,
    Document,
    line_statuses,
    order_lines,
    product_charges,
    quantities,
)
from simulators.world import CURRENCY

SELLER_FULFILLED = "SellerFulfilled"


@dataclass(frozen=True, kw_only=True)
class Package:
    """Units of one line that left with one tracking number."""

    tracking_number: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class LineView:
    """One order line as Walmart sees it now."""

    line_number: str
    sku: str
    quantity: int
    statuses: dict[str, int]  # units by status
    canceled_by_walmart: int  # not asked for by the seller
    packages: tuple[Package, ...]
    unit_price: Decimal  # item price less discounts, for one unit
    currency: str  # of the price

    @property
    def canceled(self) -> int:
        """Return the units that were canceled, by whomever."""
        return self.statuses.get(CANCELLED, 0)

    @property
    def sent(self) -> int:
        """Return the units Walmart counts as sent."""
        return sum(self.statuses.get(status, 0) for status in SENT)

    @property
    def open(self) -> int:
        """Return the units Walmart still waits for."""
        return sum(self.statuses.get(status, 0) for status in OPEN)

    @property
    def tracking_numbers(self) -> tuple[str, ...]:
        """Return the tracking numbers in the order they were reported."""
        return tuple(package.tracking_number for package in self.packages)


@dataclass
class PlacedOrder:
    """One purchase order; `document` is what Walmart serves and is kept up to date."""

    purchase_order_id: str
    document: Document
    expected: str  # what the integration should do with it; one of drafts.OUTCOMES
    placed_at: float
    modified_at: float
    notified_at: float | None = None
    acknowledged_at: float | None = None
    trouble: str = ""  # what is wrong with it on purpose
    fraud_confirmed: bool = False
    _encoded: bytes | None = None

    @property
    def order_date(self) -> int:
        """Return when the buyer ordered, epoch milliseconds."""
        placed: int = self.document["orderDate"]
        return placed

    @property
    def method_code(self) -> str:
        """Return what the buyer chose."""
        return str(self.document["shippingInfo"]["methodCode"])

    @property
    def ship_node(self) -> str:
        """Return the id of the node that has to ship."""
        return str(self.document["shipNode"].get("id") or "")

    @property
    def ship_node_type(self) -> str:
        """Return SellerFulfilled, WFSFulfilled or 3PLFulfilled."""
        return str(self.document["shipNode"]["type"])

    def lines(self) -> list[LineView]:
        """Return what stands on each line."""
        return [_view(line) for line in order_lines(self.document)]

    def has(self, status: str) -> bool:
        """Return whether any unit stands in this status."""
        return any(quantities(line)[status] for line in order_lines(self.document))

    def line(self, line_number: str) -> Document:
        """Return one line of the document.

        Raises:
            Refused: the order has no such line.
        """
        for line in order_lines(self.document):
            if line["lineNumber"] == line_number:
                return line
        raise Refused(f"Line {line_number} does not exist in PO: {self.purchase_order_id}")

    def encoded(self) -> bytes:
        """Return the document as JSON text, kept until the next change."""
        if self._encoded is None:
            self._encoded = json.dumps(self.document, ensure_ascii=False).encode()
        return self._encoded

    def changed(self, at: float) -> None:
        """Note a change of the document."""
        self.modified_at = at
        self._encoded = None


def _view(line: Document) -> LineView:
    prices = [charge["chargeAmount"] for charge in product_charges(line)]
    packages = tuple(
        Package(
            tracking_number=entry["trackingInfo"]["trackingNumber"],
            quantity=int(entry["statusQuantity"]["amount"]),
        )
        for entry in line_statuses(line)
        if entry.get("trackingInfo")
    )
    return LineView(
        line_number=line["lineNumber"],
        sku=line["item"]["sku"],
        quantity=int(line["orderLineQuantity"]["amount"]),
        statuses=dict(quantities(line)),
        canceled_by_walmart=sum(
            int(entry["statusQuantity"]["amount"])
            for entry in line_statuses(line)
            if entry.get("cancellationReason") in WALMARTS_OWN
        ),
        packages=packages,
        unit_price=sum((Decimal(str(price["amount"])) for price in prices), Decimal(0)),
        currency=prices[0]["currency"] if prices else CURRENCY,
    )
