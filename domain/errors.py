"""Every error our code raises on purpose.

IntegrationError
├── Transient               retry: the same call may succeed later
│   ├── Unavailable         network failure, timeout or HTTP 5xx; a write may have happened
│   ├── RateLimited         HTTP 429; carries the wait the server asked for
│   └── NotReady            the other system is still at work on what we asked for
└── Permanent               do not retry: a person or a changed order must act first
    ├── Rejected            the system answered and refused; carries its code and field
    │   └── NotFound        the record does not exist; often the work is already done
    ├── InvalidOrder        the Walmart order itself cannot become an M3 order
    ├── UnmappedValue       a value has no entry in a value table
    ├── ShipNodeClosed      the table of ship nodes says that nothing is shipped from there
    ├── UnmappableField     a mapped value does not fit the M3 or Walmart field
    ├── BatchOrderStopped   M3 took the batch order but made no customer order from it
    ├── OrderMismatch       M3 holds something else under this purchase order
    ├── StockUnknown        M3 does not say, or not readably, what there is of an item
    ├── StockListTruncated  M3's list of changes is not all there is; everything is read
    ├── StockAbsurd         a quantity of an item cannot be true
    └── FormulaFailed       the formula of inventory.yaml cannot be worked out for an item

Anything else is a bug. Bugs retry too, because a deploy can fix them.

Each permanent error carries a `cause` code, which operators filter by, and a `mend`, the
sentence that says what would let the order go on.
"""

from datetime import timedelta
from typing import ClassVar

# A changed mapping file needs no restart.
NOTICED = "it is noticed by itself within minutes"


class IntegrationError(Exception):
    """Base of every deliberate error."""

    retryable: ClassVar[bool]
    cause: str = "UNKNOWN"
    mend: str = ""
    retry_after: timedelta | None = None


class Transient(IntegrationError):
    """The same call may succeed later."""

    retryable = True


class Permanent(IntegrationError):
    """Repeating the call cannot help before something else changes."""

    retryable = False


class Unavailable(Transient):
    """The system could not be reached or failed on its side."""

    def __init__(self, system: str, call: str, *, reason: str) -> None:
        super().__init__(f"{system} {call}: {reason}")
        self.cause = f"{system.upper()}_UNAVAILABLE"


class RateLimited(Transient):
    """The system asked us to slow down."""

    def __init__(self, system: str, call: str, *, retry_after: timedelta | None) -> None:
        wait = f"{retry_after.total_seconds():.0f} s" if retry_after else "it does not say how long"
        super().__init__(f"{system} {call}: asked us to wait, {wait}")
        self.cause = f"{system.upper()}_RATE_LIMITED"
        self.retry_after = retry_after


class NotReady(Transient):
    """The other system has accepted our request and not finished it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.cause = "M3_NOT_READY"


class Rejected(Permanent):
    """The system understood the request and refused it."""

    def __init__(self, system: str, call: str, *, code: str, message: str, field: str = "") -> None:
        where = f", field {field}" if field else ""
        super().__init__(f"{system} refused {call}: {message} (code {code or '-'}{where})")
        self.cause = f"{system.upper()}_REJECTED"
        self.mend = f"correct what {system} names, then send the signal `retry`"
        self.code = code
        self.field = field
        self.message = message


class NotFound(Rejected):
    """The record we named does not exist."""

    def __init__(self, system: str, call: str, *, code: str, message: str, field: str = "") -> None:
        super().__init__(system, call, code=code, message=message, field=field)
        self.cause = f"{system.upper()}_NOT_FOUND"


class InvalidOrder(Permanent):
    """The order Walmart sent cannot be entered as it is."""

    def __init__(self, purchase_order_id: str, *, cause: str, reason: str, mend: str) -> None:
        super().__init__(f"purchase order {purchase_order_id}: {reason}")
        self.cause = cause
        self.mend = mend


class UnmappedValue(Permanent):
    """A value from one system has no counterpart in a value table."""

    def __init__(self, table: str, value: str) -> None:
        super().__init__(f"{value!r} has no entry in the value table {table}")
        self.cause = f"UNMAPPED_{table.upper()}"
        self.mend = f"add {value!r} to mappings/tables/{table}.yaml, then send `retry`; {NOTICED}"
        self.table = table
        self.value = value


class ShipNodeClosed(Permanent):
    """Walmart sold from a ship node that is marked closed in the value table ship_nodes."""

    def __init__(self, ship_node: str) -> None:
        super().__init__(f"ship node {ship_node} is closed in the value table ship_nodes")
        self.cause = "SHIP_NODE_CLOSED"
        self.mend = (
            f"give ship node {ship_node} a warehouse in mappings/tables/ship_nodes.yaml, then "
            f"send `retry`; {NOTICED}; or cancel the order at Walmart"
        )
        self.ship_node = ship_node


class UnmappableField(Permanent):
    """A value does not fit the field it is mapped to."""

    def __init__(self, field: str, *, reason: str, mend: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.cause = "FIELD_DOES_NOT_FIT"
        self.mend = mend


class BatchOrderStopped(Permanent):
    """M3 accepted Confirm but made no customer order."""

    def __init__(self, batch_order_number: str, *, status: str, messages: tuple[str, ...]) -> None:
        said = "; ".join(messages) or "M3 gave no message"
        super().__init__(f"M3 stopped batch order {batch_order_number} in status {status}: {said}")
        self.cause = f"M3_BATCH_STATUS_{status}"
        self.mend = (
            f"repair batch order {batch_order_number} in OIS275, which is noticed by itself; "
            "or send `retry`"
        )


class OrderMismatch(Permanent):
    """What M3 holds under this purchase order is not what Walmart ordered."""

    def __init__(self, purchase_order_id: str, *, reason: str) -> None:
        super().__init__(f"purchase order {purchase_order_id}: {reason}")
        self.cause = "M3_ORDER_DIFFERS"
        self.mend = "compare both orders in M3 and Walmart; correct M3, then send `retry`"


class StockUnknown(Permanent):
    """Nobody knows what there is of an item, so Walmart is told nothing of it."""

    def __init__(self, item_number: str, *, reason: str, mend: str) -> None:
        super().__init__(f"item {item_number}: {reason}")
        self.cause = "STOCK_UNKNOWN"
        self.mend = mend
        self.item_number = item_number


class StockListTruncated(Permanent):
    """M3's list of changes is not all there is, so everything has to be read."""

    def __init__(self, pair: str, *, reason: str) -> None:
        super().__init__(f"pair {pair}: {reason}")
        self.cause = "STOCK_LIST_TRUNCATED"
        self.mend = "everything is read in its place, by itself"


class StockAbsurd(Permanent):
    """A quantity of an item cannot be true, so Walmart is told nothing of it."""

    def __init__(self, item_number: str, *, reason: str, mend: str) -> None:
        super().__init__(f"item {item_number}: {reason}")
        self.cause = "STOCK_ABSURD"
        self.mend = mend
        self.item_number = item_number


class FormulaFailed(Permanent):
    """The pair's own formula of what is available to sell has no result for an item."""

    def __init__(self, item_number: str, *, reason: str) -> None:
        super().__init__(f"item {item_number}: `available` of inventory.yaml {reason}")
        self.cause = "FORMULA_FAILED"
        self.mend = f"mend `available` in the pair's inventory.yaml; {NOTICED}"
        self.item_number = item_number
