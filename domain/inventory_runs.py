"""What the inventory's workflows are given and answer; it travels in histories: only add."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """How much a run looks at."""

    CHANGES = "changes"  # what M3 has changed since the run before
    EVERYTHING = "everything"  # all of M3's balances
    DRIFT = "drift"  # what Walmart really shows, besides all of M3's balances


@dataclass(frozen=True, kw_only=True)
class InventorySyncInput:
    """One run of a pair."""

    pair: str
    scope: Scope = Scope.CHANGES


@dataclass(frozen=True, kw_only=True)
class InventorySyncResult:
    """What one run saw; what became of it is told by the collector and the ledger."""

    scope: Scope
    listed: int = 0  # balances M3 listed
    changed: int = 0  # of which were not as known
    gone: int = 0  # known before, and not listed any more
    computed: int = 0  # offers whose wanted quantity was computed anew
    unknown: int = 0  # of which nobody knows what Walmart should show
    offers: int = 0  # offers Walmart lists
    drifted: int = 0  # of which Walmart showed something else than it had accepted


@dataclass(frozen=True, kw_only=True)
class CollectorInput:
    """The collector of a pair, and what its run before has left it."""

    pair: str
    items: tuple[str, ...] = ()  # SKUs whose stock is to be read
    held: str = ""  # why nothing is sent until a person approves
    held_since: datetime | None = None
    approved: bool = False  # a person has let go on what was held


@dataclass(frozen=True, kw_only=True)
class StockReport:
    """Somebody told that the stock of a SKU has changed."""

    sku: str
    source: str  # what told it, for the log


@dataclass(frozen=True, kw_only=True)
class ApproveStock:
    """A person lets a run go on that would change too much at once."""

    by: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class CollectorStatus:
    """Where the collector of a pair stands."""

    pair: str
    items_to_read: int
    sent: int  # offers Walmart was told of since this run of the collector began
    refused: int
    held: str  # why nothing is sent, or empty
    held_since: datetime | None
    next_look: datetime | None
