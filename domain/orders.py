"""What an order is, in words both systems agree on.

These classes travel through Temporal as payloads, so they are a wire format: add fields with
defaults, never rename or remove one while a workflow is open. They hold no personal data: the
buyer's name and address stay in the ledger and are read there by the activities that need them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.answers import GivenAnswer
from domain.attention import Attention, Finding, Urgency
from domain.cancellations import CanceledUnits, LineLimit


class Stage(StrEnum):
    """Where one order stands. Operators filter by these values in Temporal's Web UI."""

    RECEIVED = "received"
    ENTERING = "entering"
    AWAITING_DELIVERY = "awaiting_delivery"
    AWAITING_INVOICE = "awaiting_invoice"
    COMPLETED = "completed"
    SKIPPED = "skipped"
    ALREADY_DONE = "already_done"
    CANCELED = "canceled"  # nothing of it shipped, and both systems say so
    TAKEN_BACK = "taken_back"  # given up from the Web UI; M3 has nothing of it any more


class OrderEntry(StrEnum):
    """How a pair enters orders in M3."""

    BATCH = "batch"  # OIS100MI AddBatch... and Confirm: M3 checks the whole order, then makes it
    DIRECT = "direct"  # OIS100MI AddOrderHead, AddOrderLine: the order exists from the first call


class CustomerStrategy(StrEnum):
    """Whom M3 sees as the customer."""

    MARKETPLACE = "marketplace"  # one M3 customer stands for Walmart
    PER_BUYER = "per_buyer"  # each buyer is found or created in CRS610


class LateAcknowledgement(StrEnum):
    """What to do when Walmart's four hours run out while the order is not in M3."""

    ACKNOWLEDGE = "acknowledge"
    WAIT = "wait"


@dataclass(frozen=True, kw_only=True)
class OrderRef:
    """Which order; the input of every order activity."""

    pair: str
    purchase_order_id: str  # Walmart purchaseOrderId; M3 keeps it in CUOR


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """One line of a purchase order."""

    line_number: str
    sku: str
    quantity: int  # sales units; Walmart always sells "EACH"
    cancel_requested: bool = False  # the buyer has asked to cancel what has not shipped


@dataclass(frozen=True, kw_only=True)
class OrderFacts:
    """What a workflow needs to know of a Walmart order; the document itself is in the ledger."""

    purchase_order_id: str
    customer_order_id: str
    ordered_at: datetime
    ship_by: datetime
    ship_node: str
    currency: str
    total_amount: str  # decimal text, as Walmart's orderSummary or the sum of the charges says
    lines: tuple[OrderLine, ...]
    skip_reason: str = ""  # why the seller does not fulfil this order; empty when they do
    fully_shipped: bool = False  # Walmart shows every line as shipped or delivered


@dataclass(frozen=True, kw_only=True)
class OrderPolicy:
    """The settings of the pair that steer a workflow, frozen when the order is fetched.

    A setting changed later holds for orders that start later, so that replay stays the same.
    """

    order_entry: OrderEntry
    customer_strategy: CustomerStrategy
    customer_number: str  # the M3 customer that stands for Walmart
    acknowledge_by: datetime  # when the rule below is applied, some time before Walmart's 4 h
    late_acknowledgement: LateAcknowledgement
    attention_after_seconds: float  # how long a system may be out before a person is told
    delivery_poll_seconds: float  # how often M3 is asked when no ION message comes
    invoice_poll_seconds: float
    acknowledge_deadline: datetime  # Walmart's four hours
    auto_cancel_at: datetime  # when Walmart cancels what has not shipped
    recheck_seconds: float  # how soon a step that failed for good is tried again by itself
    remind_seconds: float  # how often people are reminded of a case
    escalate_before_seconds: float  # how long before a deadline a case becomes pressing


@dataclass(frozen=True, kw_only=True)
class FetchedOrder:
    """The answer of the first step: the order's facts and the rules it will run by."""

    facts: OrderFacts
    policy: OrderPolicy


@dataclass(frozen=True, kw_only=True)
class LineQuantity:
    """A number of sales units of one order line."""

    line_number: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Whom an order is entered for in M3."""

    customer_number: str  # CUNO
    address_id: str = ""  # ADID of the delivery address; empty with a one-time address


@dataclass(frozen=True, kw_only=True)
class OrderHead:
    """An order head in M3. With a real order number there is an order already."""

    batch_order_number: str = ""
    m3_order_number: str = ""
    found: bool = False  # it was there before we wrote; its lines have to be compared


@dataclass(frozen=True, kw_only=True)
class M3Line:
    """One line of the M3 order, and the Walmart line it stands for."""

    line_number: str  # Walmart lineNumber
    m3_line: str  # PONR/POSX
    quantity: int
    allocated: int
    will_ship: int  # of the quantity; the rest was closed in M3
    furthest_status: str  # second digit of ORST: 2 entered, 3 allocated, 4 picking, 6 delivered


@dataclass(frozen=True, kw_only=True)
class DeliveryReport:
    """M3 has shipped a delivery. Reporting the same delivery again does no harm."""

    delivery_number: str  # DLIX
    message_id: str = ""  # ION messageId; empty when found by asking


@dataclass(frozen=True, kw_only=True)
class InvoiceReport:
    """M3 has invoiced something of this order; what, is read from M3."""

    message_id: str = ""


@dataclass(frozen=True, kw_only=True)
class OrderUpdate:
    """Walmart told us of a change to the order: PO_CREATED again, or a cancellation."""

    event_id: str
    sub_event_type: str


@dataclass(frozen=True, kw_only=True)
class Shipment:
    """One M3 delivery as it was confirmed to Walmart."""

    delivery_number: str
    lines: tuple[LineQuantity, ...]
    tracking_numbers: tuple[str, ...]
    surplus: tuple[LineQuantity, ...] = ()  # of the lines: canceled at Walmart before it was told


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """One M3 invoice of the order."""

    invoice_number: str  # IVNO
    year: str
    delivery_number: str
    amount: str  # decimal text
    currency: str


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """One thing that happened to the order."""

    at: datetime
    event: str  # object_verb in past tense: m3_order_created
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class ToldCase:
    """A case that was told of, and how pressing it was when it was told last."""

    attention: Attention
    urgency: Urgency
    at: datetime


@dataclass(kw_only=True)
class OrderProgress:
    """Everything a workflow knows of its order; carried whole into the next run when it is long."""

    stage: Stage = Stage.RECEIVED
    order: FetchedOrder | None = None
    batch_order_number: str = ""
    lines_added: bool = False
    m3_order_number: str = ""
    acknowledged: bool = False
    m3_lines: tuple[M3Line, ...] = ()
    reported_deliveries: tuple[str, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    invoice_reported: bool = False
    attention: tuple[Attention, ...] = ()  # at most one per step
    seen_messages: tuple[str, ...] = ()
    timeline: tuple[TimelineEntry, ...] = field(default_factory=tuple)
    changes_to_review: tuple[str, ...] = ()  # what may have changed in either system, and was told
    limits: tuple[LineLimit, ...] = ()  # how much of a line a person lets ship
    canceled: tuple[CanceledUnits, ...] = ()  # by us, at Walmart
    approved: tuple[Finding, ...] = ()
    noted: tuple[Finding, ...] = ()
    answers: tuple[GivenAnswer, ...] = ()
    assignee: str = ""
    tags: tuple[str, ...] = ()
    customer: Customer | None = None  # set once something of the order may be in M3
    taken_over: str = ""  # M3 order number a person gave
    entered_by_hand: str = ""  # M3 order number we did not make, and never delete
    reserved: bool = False
    surplus: tuple[LineQuantity, ...] = ()  # shown to a person: canceled, and shipped all the same
    surplus_seen: tuple[LineQuantity, ...] = ()  # and seen to
    canceled_at_walmart: int = 0  # units of the order, whoever canceled them, as last seen
    told: tuple[ToldCase, ...] = ()  # what those who are to be alerted know


@dataclass(frozen=True, kw_only=True)
class OrderToCashInput:
    """Start of one order. `progress` is set only when a long run goes on as a new one."""

    pair: str
    purchase_order_id: str
    source: str  # webhook, sweep or command
    progress: OrderProgress | None = None


@dataclass(frozen=True, kw_only=True)
class OrderSummary:
    """Where an order stands, or how it ended: the answer to `status` and the workflow's result."""

    pair: str
    purchase_order_id: str
    stage: Stage
    customer_order_id: str = ""
    ship_by: datetime | None = None
    total_amount: str = ""
    currency: str = ""
    skip_reason: str = ""
    batch_order_number: str = ""
    m3_order_number: str = ""
    acknowledged: bool = False
    unallocated: tuple[LineQuantity, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    attention: tuple[Attention, ...] = ()
    canceled: tuple[CanceledUnits, ...] = ()
    answers: tuple[GivenAnswer, ...] = ()
    assignee: str = ""
    tags: tuple[str, ...] = ()
    deadline: datetime | None = None  # the next of Walmart's clocks
    urgency: Urgency = Urgency.CALM
