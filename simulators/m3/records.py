"""The records an M3 tenant keeps: customers, items, batch orders, orders, deliveries, invoices.

`entered` dictionaries hold what a transaction sent, under M3's field names; what the simulator
reasons about has a name and a type of its own.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from simulators.m3.fields import Row

LineKey = tuple[int, int]  # PONR, POSX

ACTIVE_STATUS = "20"
BASIC_UNIT = "EA"  # of every item that is not planned otherwise, and the unit all are sold in
NOTHING = Decimal(0)


class BatchStatus(StrEnum):
    """Status of a batch order as OIS275 shows it. Source: M3 user documentation (cois002)."""

    ENTERED = "10"
    HEAD_ERROR = "15"
    NO_LINES = "20"
    LINE_ERROR = "25"
    CREDIT_STOPPED = "30"
    INTERRUPTED = "55"
    ORDER_CREATED = "90"


class DeliveryStatus(StrEnum):
    """PGRS of a delivery. Known is only that 05 has not started and below 50 is still open."""

    PICKING = "40"
    SHIPPED = "60"


@dataclass(kw_only=True, slots=True)
class Customer:
    """A customer or template customer (CRS610)."""

    number: str
    entered: Row
    status: str
    created_at: datetime
    template: bool = False
    addresses: dict[tuple[int, str], Row] = field(default_factory=dict)  # by ADRT, ADID


@dataclass(frozen=True, kw_only=True, slots=True)
class AlternateUnit:
    """How many basic units one sales unit of an item is (MMS015)."""

    basic_unit: str  # UNMS
    factor: Decimal  # COFA
    divides: bool  # DMCF 2: a quantity in sales units is divided by the factor, else multiplied
    unit: str = BASIC_UNIT  # ALUN

    def to_basic(self, quantity: Decimal) -> Decimal:
        """Return a quantity in sales units in basic units."""
        return quantity / self.factor if self.divides else quantity * self.factor


@dataclass(kw_only=True, slots=True)
class Item:
    """An item (MMS001) with its sales price."""

    number: str
    name: str
    price: Decimal
    status: str
    saleable: bool
    created_at: datetime
    alternate: AlternateUnit | None = None  # None where the basic unit is the sales unit

    @property
    def unit(self) -> str:
        """Return the basic unit (UNMS)."""
        return self.alternate.basic_unit if self.alternate else BASIC_UNIT

    def to_basic(self, quantity: Decimal) -> Decimal:
        """Return a quantity in sales units in basic units."""
        return self.alternate.to_basic(quantity) if self.alternate else quantity


@dataclass(kw_only=True, slots=True)
class Alias:
    """Another name of an item (MMS025)."""

    category: int  # ALWT
    qualifier: str  # ALWQ
    name: str  # POPN
    item_number: str
    entered: Row
    changed_ms: int = 0  # LMTS


@dataclass(kw_only=True, slots=True)
class Charge:
    """A charge on a head or a line; `invoice` is set once it was invoiced."""

    code: str  # CRID
    amount: Decimal
    description: str
    delivery_number: str = ""


@dataclass(kw_only=True, slots=True)
class BatchLine:
    """One line of a batch order."""

    key: LineKey
    entered: Row
    charges: list[Charge] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class OrderError:
    """One message of LstErrMsgOrder."""

    level: str
    code: str
    text: str
    line: LineKey | None = None


@dataclass(kw_only=True, slots=True)
class Batch:
    """A batch order (OIS275) under its temporary number."""

    number: str
    entered: Row
    created_at: datetime
    status: BatchStatus = BatchStatus.ENTERED
    confirming: bool = False
    order_number: str = ""
    lines: dict[LineKey, BatchLine] = field(default_factory=dict)
    addresses: dict[int, Row] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)
    texts: list[Row] = field(default_factory=list)
    errors: list[OrderError] = field(default_factory=list)

    @property
    def customer_reference(self) -> str:
        """The customer's own order number (CUOR)."""
        return self.entered.get("CUOR", "")


@dataclass(kw_only=True, slots=True)
class OrderLine:
    """One line of a customer order; quantities in basic units, which equal sales units here."""

    key: LineKey
    item_number: str
    warehouse: str
    quantity: Decimal
    price: Decimal  # SAPR per SACD sales units
    entered: Row
    charges: list[Charge] = field(default_factory=list)
    allocated: Decimal = NOTHING
    picking: Decimal = NOTHING  # on a picking list
    delivered: Decimal = NOTHING
    invoiced: Decimal = NOTHING
    closed: Decimal = NOTHING  # the remainder that will not be delivered

    @property
    def unallocated(self) -> Decimal:
        """What still waits for stock."""
        return self.quantity - self.allocated - self.picking - self.delivered - self.closed

    @property
    def status(self) -> str:
        """Return ORST: how far the slowest and the furthest part of the line has come."""
        steps = (
            ("2", self.unallocated),
            ("3", self.allocated),
            ("4", self.picking),
            ("6", self.delivered - self.invoiced),
            ("7", self.invoiced),
        )
        reached = [digit for digit, amount in steps if amount > 0]
        return reached[0] + reached[-1] if reached else "99"

    @property
    def net_price(self) -> Decimal:
        """Return the price of one unit after the line's discount amounts and percentages."""
        price = self.price / Decimal(self.entered.get("SACD") or 1)
        for number in range(1, 7):
            price -= Decimal(self.entered.get(f"DIA{number}") or 0)
            price *= 1 - Decimal(self.entered.get(f"DIP{number}") or 0) / 100
        return price

    def amount(self, quantity: Decimal) -> Decimal:
        """Return the net amount of a part of the line."""
        return (self.net_price * quantity).quantize(Decimal("0.01"))


@dataclass(kw_only=True, slots=True)
class Package:
    """One package of a delivery."""

    number: str  # PANR
    sscc: str
    tracking_number: str  # ETRN
    contents: dict[LineKey, Decimal]


@dataclass(kw_only=True, slots=True)
class Delivery:
    """What leaves one warehouse at one time for one order (MWS410)."""

    number: str  # DLIX
    order_number: str
    warehouse: str
    method: str  # MODL
    quantities: dict[LineKey, Decimal]
    created_at: datetime
    departs_at: datetime
    status: DeliveryStatus = DeliveryStatus.PICKING
    packages: list[Package] = field(default_factory=list)
    invoice_number: str = ""


@dataclass(kw_only=True, slots=True)
class Invoice:
    """The invoice of one delivery (OIS350)."""

    number: str  # IVNO
    year: str  # YEA4
    order_number: str
    delivery_number: str
    net_amount: Decimal
    charge_amount: Decimal
    created_at: datetime

    @property
    def amount(self) -> Decimal:
        """The amount to pay."""
        return self.net_amount + self.charge_amount


@dataclass(kw_only=True, slots=True)
class Order:
    """A customer order (OIS300)."""

    number: str
    customer_number: str
    entered: Row
    created_at: datetime
    batch_number: str = ""
    lines: dict[LineKey, OrderLine] = field(default_factory=dict)
    addresses: dict[int, Row] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)
    texts: list[Row] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    deleted: bool = False
    deleted_lines: list[OrderLine] = field(default_factory=list)
    work_number: int = 0  # the warehouse's latest plan to work on it; earlier plans are void

    @property
    def customer_reference(self) -> str:
        """The customer's own order number (CUOR)."""
        return self.entered.get("CUOR", "")

    @property
    def status_range(self) -> tuple[str, str]:
        """Return ORSL and ORST: lowest and highest line status, 90 without lines."""
        statuses = [line.status for line in self.lines.values()]
        going_on = [status for status in statuses if status != "99"] or statuses or ["90"]
        return min(going_on), max(going_on)
