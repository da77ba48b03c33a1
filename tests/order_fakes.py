"""Activities that do nothing but remember, under the names the workflow knows them by."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.corrections import CorrectAddressInput, MapSkuInput
from activities.customers import FindCustomerInput
from activities.interceptor import as_application_error
from activities.invoices import FindInvoicesInput
from activities.order_changes import CancelLinesInput, ReduceOrderInput, SettledOrder
from activities.order_entry import AddHeadInput, AddLinesInput, ConfirmInput
from activities.order_review import Review, ReviewInput
from activities.orders import DraftedOrder, DraftOrderInput, ReserveStockInput
from activities.shipments import ConfirmShipmentInput
from activities.take_back import TakeBackInput, TakenBack, TakeOverInput
from domain.attention import AttentionReport, Finding
from domain.errors import IntegrationError
from domain.orders import (
    Customer,
    CustomerStrategy,
    FetchedOrder,
    Invoice,
    LateAcknowledgement,
    LineQuantity,
    M3Line,
    OrderEntry,
    OrderFacts,
    OrderHead,
    OrderLine,
    OrderPolicy,
    OrderRef,
    Shipment,
)

LINES = (
    OrderLine(line_number="1", sku="WM-KETTLE-01", quantity=2),
    OrderLine(line_number="2", sku="TOASTER-01", quantity=1),
)
WHOLE = tuple(LineQuantity(line_number=x.line_number, quantity=x.quantity) for x in LINES)


def facts(**changes: Any) -> OrderFacts:
    """A purchase order of two lines that was placed a moment ago."""
    values: dict[str, Any] = {
        "purchase_order_id": "1796277083022",
        "customer_order_id": "5281956426648",
        "ordered_at": datetime.now(UTC),
        "ship_by": datetime.now(UTC) + timedelta(days=2),
        "ship_node": "10001",
        "currency": "USD",
        "total_amount": "74.97",
        "lines": LINES,
    }
    return OrderFacts(**values | changes)


def policy(**changes: Any) -> OrderPolicy:
    """The rules of a pair that enters batch orders for one customer."""
    values: dict[str, Any] = {
        "order_entry": OrderEntry.BATCH,
        "customer_strategy": CustomerStrategy.MARKETPLACE,
        "customer_number": "WALMART",
        "acknowledge_by": datetime.now(UTC) + timedelta(hours=3, minutes=30),
        "late_acknowledgement": LateAcknowledgement.ACKNOWLEDGE,
        "attention_after_seconds": 900.0,
        "delivery_poll_seconds": 3600.0,
        "invoice_poll_seconds": 3600.0,
        "acknowledge_deadline": datetime.now(UTC) + timedelta(hours=4),
        "auto_cancel_at": datetime.now(UTC) + timedelta(days=6),
        "recheck_seconds": 300.0,
        "remind_seconds": 4 * 3600.0,
        "escalate_before_seconds": 3600.0,
    }
    return OrderPolicy(**values | changes)


@dataclass
class FakeOrderActivities:
    """Answers as M3 and Walmart would; `failing` names the errors each activity raises first."""

    facts: OrderFacts = field(default_factory=facts)
    policy: OrderPolicy = field(default_factory=policy)
    head: OrderHead = field(default_factory=lambda: OrderHead(batch_order_number="T000000001"))
    known_to_m3: OrderHead = field(default_factory=OrderHead)
    entered_by_hand: str = ""
    allocated: dict[str, int] = field(default_factory=dict)
    deliveries: dict[str, tuple[LineQuantity, ...]] = field(default_factory=lambda: {"1": WHOLE})
    shipped_in_m3: tuple[str, ...] = ()
    invoiced: list[str] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()  # of every draft, until a test mends them
    gone_from_m3: dict[str, int] = field(default_factory=dict)  # units M3 will not ship, by line
    settled: list[SettledOrder] = field(default_factory=list)  # what canceling comes to, in turn
    surplus: tuple[LineQuantity, ...] = ()
    released: str = ""  # what a person made of the stopped batch order
    taken: TakenBack = field(default_factory=lambda: TakenBack(batch_order_numbers=("T000000001",)))
    told: list[AttentionReport] = field(default_factory=list)
    failing: dict[str, list[Exception]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def _call(self, name: str, detail: str = "") -> None:
        self.calls.append(f"{name} {detail}".strip())
        if errors := self.failing.get(name):
            error = errors.pop(0) if len(errors) > 1 else errors[0]
            if isinstance(error, Healed):
                return
            raise as_application_error(error) if isinstance(error, IntegrationError) else error

    def _call_quietly(self, name: str) -> None:
        """As `_call`, and left out of `calls`: telling of a case is no step of the order."""
        self._call(name)
        self.calls.pop()

    @activity.defn
    async def fetch_walmart_order(self, ref: OrderRef) -> FetchedOrder:
        self._call("fetch_walmart_order")
        return FetchedOrder(facts=self.facts, policy=self.policy)

    @activity.defn
    async def draft_m3_order(self, input: DraftOrderInput) -> DraftedOrder:
        self._call("draft_m3_order")
        return DraftedOrder(
            facts=self.facts, m3_order_number=self.entered_by_hand, findings=self.findings
        )

    @activity.defn
    async def find_or_create_customer(self, input: FindCustomerInput) -> Customer:
        self._call("find_or_create_customer")
        return Customer(customer_number="B1", address_id="A1")

    @activity.defn
    async def find_m3_order(self, ref: OrderRef) -> OrderHead:
        self._call("find_m3_order")
        return self.known_to_m3

    @activity.defn
    async def add_head(self, input: AddHeadInput) -> OrderHead:
        self._call("add_head", input.customer.customer_number)
        return self.head

    @activity.defn
    async def add_lines(self, input: AddLinesInput) -> None:
        self._call("add_lines", input.head.batch_order_number or input.head.m3_order_number)

    @activity.defn
    async def confirm_m3_order(self, input: ConfirmInput) -> str:
        self._call("confirm_m3_order", input.batch_order_number)
        return "0010000001"

    @activity.defn
    async def find_released_order(self, input: ConfirmInput) -> str:
        self._call("find_released_order", input.batch_order_number)
        return self.released

    @activity.defn
    async def acknowledge_walmart_order(self, ref: OrderRef) -> bool:
        self._call("acknowledge_walmart_order")
        return bool(self.facts.lines)

    @activity.defn
    async def reserve_stock(self, input: ReserveStockInput) -> tuple[M3Line, ...]:
        self._call("reserve_stock", input.m3_order_number)
        return self._m3_lines()

    def _m3_lines(self) -> tuple[M3Line, ...]:
        return tuple(
            M3Line(
                line_number=line.line_number,
                m3_line=f"{line.line_number}/0",
                quantity=line.quantity,
                allocated=self.allocated.get(line.line_number, line.quantity),
                will_ship=line.quantity - self.gone_from_m3.get(line.line_number, 0),
                furthest_status="3",
            )
            for line in self.facts.lines
        )

    @activity.defn
    async def review_order(self, input: ReviewInput) -> Review:
        self._call("review_order")
        return Review(
            deliveries=self.shipped_in_m3,
            m3_lines=self._m3_lines(),
            differs=bool(self.gone_from_m3),
        )

    @activity.defn
    async def reduce_m3_order(self, input: ReduceOrderInput) -> tuple[M3Line, ...]:
        self._call("reduce_m3_order", input.m3_order_number)
        return self._m3_lines()

    @activity.defn
    async def cancel_walmart_lines(self, input: CancelLinesInput) -> SettledOrder:
        self._call("cancel_walmart_lines", "before entry" if input.m3_lines is None else "")
        settled = self.settled.pop(0) if self.settled else SettledOrder(facts=self.facts)
        self.facts = settled.facts
        return settled

    @activity.defn
    async def take_back_m3_order(self, input: TakeBackInput) -> TakenBack:
        self._call("take_back_m3_order", input.keep and f"but {input.keep}")
        return self.taken

    @activity.defn
    async def check_taken_over_order(self, input: TakeOverInput) -> str:
        self._call("check_taken_over_order", input.m3_order_number)
        return input.m3_order_number

    @activity.defn
    async def keep_address(self, input: CorrectAddressInput) -> None:
        self._call("keep_address")

    @activity.defn
    async def keep_item_number(self, input: MapSkuInput) -> None:
        self._call("keep_item_number", f"{input.sku} {input.item_number}")

    @activity.defn
    async def report_attention(self, report: AttentionReport) -> None:
        self._call_quietly("report_attention")
        self.told.append(report)

    @activity.defn
    async def confirm_shipment(self, input: ConfirmShipmentInput) -> Shipment:
        self._call("confirm_shipment", input.delivery_number)
        return Shipment(
            delivery_number=input.delivery_number,
            lines=self.deliveries[input.delivery_number],
            tracking_numbers=(f"TRACK-{input.delivery_number}",),
            surplus=self.surplus,
        )

    @activity.defn
    async def find_invoices(self, input: FindInvoicesInput) -> tuple[Invoice, ...]:
        self._call("find_invoices")
        return tuple(
            Invoice(
                invoice_number=f"60000000{number}",
                year="2026",
                delivery_number=number,
                amount="74.97",
                currency="USD",
            )
            for number in self.invoiced
        )

    def all(self) -> list[Any]:
        """The activities, for a worker."""
        return [
            getattr(self, name)
            for name in dir(self)
            if hasattr(getattr(self, name), "__temporal_activity_definition")
        ]


class Healed(ApplicationError):
    """In `failing`: from here on the activity succeeds."""

    def __init__(self) -> None:
        super().__init__("healed")
