"""Why an order waits, and how pressing it is.

These classes travel through Temporal as payloads: add fields with defaults, never rename or
remove one while a workflow is open. They hold no personal data.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """What a finding does to its order."""

    BLOCK = "block"  # it cannot be entered before something is corrected
    HOLD = "hold"  # it can be entered once a person has approved
    NOTE = "note"  # it goes on; the finding is written down


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is unusual or wrong about an order before it is entered in M3."""

    code: str  # to filter by, such as UNKNOWN_SKU
    severity: Severity
    sentence: str  # what is so, with numbers; no personal data
    mend: str = ""
    line_number: str = ""  # empty when it is about the order as a whole


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Why an order waits for a person, and what would let it go on."""

    cause: str  # code to filter by, such as M3_BATCH_STATUS_15
    sentence: str
    mend: str
    step: str
    since: datetime
    findings: tuple[Finding, ...] = ()  # of a validation; the cause is the gravest one's code
    blocks: bool = True  # the order stands still; otherwise it only must not end unseen


class Urgency(StrEnum):
    """How near the next of Walmart's clocks is."""

    CALM = "calm"
    SOON = "soon"  # it runs out within the pair's `escalate_before`
    OVERDUE = "overdue"  # it has run out
    LOST = "lost"  # Walmart may have canceled by now


class Happening(StrEnum):
    """What is told of a case."""

    OPENED = "opened"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class AttentionReport:
    """What happened to one case, for those who are to be alerted."""

    pair: str
    purchase_order_id: str
    workflow_id: str
    cause: str
    happening: Happening
    sentence: str
    mend: str
    since: datetime
    at: datetime
    urgency: Urgency = Urgency.CALM
    deadline: datetime | None = None
    assignee: str = ""
