"""What the simulated seller account contains, and what each request makes of it.

Everything lives in memory; `reset` starts it over. The rules about bodies are in `shipping.py`
and `cancellation.py`, the arithmetic of split quantities in `lines.py`, HTTP in `orders.py`.
"""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.faults import FaultPlan
from simulators.walmart.cancellation import OUT_OF_STOCK, Cancellation
from simulators.walmart.clock import SimulatedClock
from simulators.walmart.errors import Refused, not_found
from simulators.walmart.inventory_state import Inventory
from simulators.walmart.limits import Limits
from simulators.walmart.lines import (
    ACKNOWLEDGED,
    CANCELLED,
    CREATED,
    OPEN,
    SENT,
    SHIPPED,
    Document,
    move,
    open_quantity,
    order_lines,
    quantities,
)
from simulators.walmart.purchase_orders import SELLER_FULFILLED, PlacedOrder
from simulators.walmart.search import Cursors
from simulators.walmart.shipping import Shipment
from simulators.walmart.subscriptions import DeliverySettings, Subscription

TOKEN_SECONDS = 900.0


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token's life, epoch seconds."""

    issued_at: float
    expires_at: float


@dataclass
class SellerAccount:
    """In-memory account of one seller."""

    now: Callable[[], float] = time.time
    credentials: dict[str, str] = field(default_factory=lambda: {"sim-client": "sim-secret"})
    scopes: dict[str, str] = field(default_factory=dict)  # that are told as less than full access
    orders: dict[str, PlacedOrder] = field(default_factory=dict)
    released: dict[str, PlacedOrder] = field(default_factory=dict)  # orders with Created units
    tokens: dict[str, Token] = field(default_factory=dict)
    token_seconds: float = TOKEN_SECONDS
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    deliveries: DeliverySettings = field(default_factory=DeliverySettings)
    cursors: Cursors = field(default_factory=Cursors)
    limits: Limits = field(default_factory=Limits)
    faults: FaultPlan = field(default_factory=FaultPlan)
    requests: Counter[str] = field(default_factory=Counter)  # by operation, tokens apart
    token_requests: int = 0
    placed: int = 0  # orders ever numbered since the last reset
    stock_zeroed: list[Document] = field(default_factory=list)  # oldest first
    clock: SimulatedClock = field(init=False)
    inventory: Inventory = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SimulatedClock(self.now)
        self.inventory = Inventory(self.clock, self.now)

    def reset(self) -> None:
        """Forget orders, subscriptions, settings and counts; credentials and tokens stay."""
        self.orders.clear()
        self.released.clear()
        self.subscriptions.clear()
        self.requests.clear()
        self.token_seconds = TOKEN_SECONDS
        self.token_requests = 0
        self.placed = 0
        self.stock_zeroed.clear()
        self.deliveries = DeliverySettings()
        self.cursors = Cursors()
        self.clock.run_at(1.0)
        self.inventory.reset()
        self.limits.rescale(1.0)
        self.faults.clear()

    def issue_token(self) -> str:
        """Return a new access token; tokens issued before stay valid until they expire."""
        token = f"sim-token-{secrets.token_hex(16)}"
        issued_at = self.now()
        self.tokens[token] = Token(issued_at=issued_at, expires_at=issued_at + self.token_seconds)
        return token

    def place(self, document: Document, *, expected: str, trouble: str = "") -> PlacedOrder:
        """Add a purchase order, as when a buyer has checked out; it takes from what is listed."""
        at = self.now()
        number = document["purchaseOrderId"]
        order = PlacedOrder(number, document, expected, at, at, trouble=trouble)
        self.orders[order.purchase_order_id] = order
        if order.has(CREATED):
            self.released[order.purchase_order_id] = order
        for line in order_lines(document):
            units = int(line["orderLineQuantity"]["amount"])
            self.inventory.order(line["item"]["sku"], order.ship_node, units)
        return order

    def order(self, purchase_order_id: str) -> PlacedOrder:
        """Return a purchase order.

        Raises:
            Refused: 404, the account has no such order.
        """
        if purchase_order_id not in self.orders:
            raise not_found(f"Purchase order {purchase_order_id} not found")
        return self.orders[purchase_order_id]

    def acknowledge(self, purchase_order_id: str) -> PlacedOrder:
        """Accept the whole purchase order. Repeating is harmless until something was sent.

        Raises:
            Refused: unknown, not the seller's to fulfill, sent in part, or cancelled as a whole.
        """
        order = self._seller_fulfilled(purchase_order_id)
        lines = order_lines(order.document)
        sent = any(quantities(line)[status] for line in lines for status in SENT)
        if sent or not any(open_quantity(line) for line in lines):
            raise Refused(
                "INVALID_REQUEST_CONTENT :: Failed when called acknowledge API for "
                f"'{purchase_order_id}'.  Some or all qty in higher status"
            )
        at = self.now()
        for line in lines:
            if created := quantities(line)[CREATED]:
                move(line, created, out_of=(CREATED,), into=ACKNOWLEDGED, at_ms=int(at * 1000))
        if order.acknowledged_at is None:
            order.acknowledged_at = at
        self._changed(order, at)
        return order

    def ship(self, purchase_order_id: str, shipment: Shipment) -> PlacedOrder:
        """Book the shipped units; all lines of the call or none.

        Raises:
            Refused: an order or line that cannot ship, or more units than are left.
        """
        order = self._seller_fulfilled(purchase_order_id)
        at = self.now()
        shipment.check(order.purchase_order_id, order.line, today=at, chosen=order.method_code)
        for shipped in shipment.lines:
            line = order.line(shipped.line_number)
            line["sellerOrderId"] = shipped.seller_order_id
            for package in shipped.packages:
                move(
                    line,
                    package.quantity,
                    out_of=(ACKNOWLEDGED,),
                    into=SHIPPED,
                    at_ms=int(at * 1000),
                    details=package.details,
                )
                self.inventory.close(line["item"]["sku"], order.ship_node, package.quantity)
        self._changed(order, at)
        return order

    def cancel(self, purchase_order_id: str, cancellation: Cancellation) -> PlacedOrder:
        """Cancel units the seller cannot ship; all lines of the call or none.

        Raises:
            Refused: an order or line that cannot be cancelled, or more units than are open.
        """
        order = self._seller_fulfilled(purchase_order_id)
        cancellation.check(order.purchase_order_id, order.line, fraudulent=order.fraud_confirmed)
        for canceled in cancellation.lines:
            line = order.line(canceled.line_number)
            self._cancel_units(order, line, canceled.quantity, reason=canceled.reason)
            if canceled.reason == OUT_OF_STOCK:
                self._zero_stock(order, line)
        self._changed(order, self.now())
        return order

    def cancel_open_units(
        self,
        order: PlacedOrder,
        line_numbers: list[str],
        reason: str,
        *,
        at_most: Mapping[str, int] | None = None,
    ) -> None:
        """Cancel on Walmart's side what of these lines has not been sent.

        Args:
            order: the purchase order.
            line_numbers: the lines concerned.
            reason: what will stand on the canceled units.
            at_most: units by line number, where not all that are open are canceled.
        """
        most = at_most or {}
        for line in [order.line(line_number) for line_number in line_numbers]:
            quantity = open_quantity(line)
            if quantity := min(quantity, most.get(line["lineNumber"], quantity)):
                self._cancel_units(order, line, quantity, reason=reason)
        self._changed(order, self.now())

    def mark_intent_to_cancel(self, order: PlacedOrder, line_numbers: list[str]) -> None:
        """Note that the buyer asked to cancel; the seller decides."""
        for line in [order.line(line_number) for line_number in line_numbers]:
            line["intentToCancel"] = "true"
        self._changed(order, self.now())

    def request_totals(self) -> dict[str, Any]:
        """Return the API requests answered since the last reset."""
        return {
            "total": self.requests.total(),
            "by_operation": dict(self.requests),
            "tokens": self.token_requests,
        }

    def _seller_fulfilled(self, purchase_order_id: str) -> PlacedOrder:
        order = self.order(purchase_order_id)
        if order.ship_node_type != SELLER_FULFILLED:
            raise Refused(
                f"PO: {purchase_order_id} is {order.ship_node_type} and not the seller's to process"
            )
        return order

    def _zero_stock(self, order: PlacedOrder, line: Document) -> None:
        """Do to the seller's stock what Walmart does for SELLER_CANCEL_OUT_OF_STOCK."""
        self.inventory.zero(line["item"]["sku"], order.ship_node)
        self.stock_zeroed.append(
            {
                "sku": line["item"]["sku"],
                "ship_node": order.ship_node,
                "purchase_order_id": order.purchase_order_id,
                "line_number": line["lineNumber"],
            }
        )

    def _cancel_units(
        self, order: PlacedOrder, line: Document, quantity: int, *, reason: str
    ) -> None:
        self.inventory.close(line["item"]["sku"], order.ship_node, quantity)
        move(
            line,
            quantity,
            out_of=OPEN,
            into=CANCELLED,
            at_ms=int(self.now() * 1000),
            details={"cancellationReason": reason},
        )

    def _changed(self, order: PlacedOrder, at: float) -> None:
        order.changed(at)
        if not order.has(CREATED):
            self.released.pop(order.purchase_order_id, None)
