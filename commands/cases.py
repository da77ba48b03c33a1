"""Orders that wait for a person: found in Temporal's list, asked one by one, the pressing first."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from temporalio.client import Client, WorkflowExecution, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from activities.search_attributes import (
    ASSIGNEE,
    ATTENTION_CAUSE,
    ATTENTION_SINCE,
    M3_ORDER_NUMBER,
    PAIR,
    PURCHASE_ORDER_ID,
    SHIP_BY,
    STAGE,
    TAGS,
)
from commands.cli import Mendable
from commands.orders import ANSWER_TIMEOUT
from domain.alerts import RANK
from domain.attention import Attention, Severity, Urgency
from domain.names import ORDER_TO_CASH, SearchAttribute, order_workflow_id
from domain.orders import OrderRef, OrderSummary
from workflows.order_answers import BEFORE_ENTRY, BEFORE_SHIPMENT, SKIPPABLE
from workflows.order_changes import TOO_LATE

Result = TypeVar("Result")

# A worker answers in milliseconds; more at once would only queue before it.
AT_ONCE = 20

# When so many orders have not answered and none has, the others are not asked: without a worker
# each would cost its whole time-out.
SILENT_ORDERS = 3

# Of more than this many that wait, those that have to ship first are asked; the rest is a number.
ASKED_AT_MOST = 1000

FAR_AWAY = datetime.max.replace(tzinfo=UTC)

# Which command mends what a cause or finding says, by the beginning of its code.
MENDED_BY = (
    ("UNKNOWN_SKU", "map-sku"),
    ("ITEM_", "map-sku"),
    ("QUANTITY_", "change-line"),
    ("ADDRESS_", "correct"),
    ("STREET_", "correct"),
    ("ZIP_", "correct"),
    ("PHONE_", "correct"),
    ("FIELD_DOES_NOT_FIT", "correct"),
    ("CANCELLATION_REASON_NEEDED", "change-line"),
    ("SHIP_BY_PASSED", "change-line"),
)


@dataclass(frozen=True, kw_only=True)
class CaseFilter:
    """Which waiting orders to find; what is left out matches all."""

    pair: str = ""
    cause: str = ""
    assignee: str = ""
    unassigned: bool = False
    tag: str = ""

    def query(self) -> str:
        """Return it in Temporal's list filter language; the same works in the Web UI."""
        wanted = (
            (SearchAttribute.PAIR, self.pair),
            (SearchAttribute.ATTENTION_CAUSE, self.cause),
            (SearchAttribute.ASSIGNEE, self.assignee),
            (SearchAttribute.TAGS, self.tag),
        )
        terms = [
            f"WorkflowType = '{ORDER_TO_CASH}'",
            f"{SearchAttribute.NEEDS_ATTENTION} = true",
            "ExecutionStatus = 'Running'",
            *(f"{name} = {_quoted(value)}" for name, value in wanted if value),
        ]
        if self.unassigned:
            terms.append(f"{SearchAttribute.ASSIGNEE} IS NULL")
        return " AND ".join(terms)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One waiting order; what only its workflow knows is empty where no worker answered."""

    pair: str
    purchase_order_id: str
    m3_order_number: str
    stage: str
    cause: str
    since: datetime | None
    ship_by: datetime | None
    assignee: str
    tags: tuple[str, ...]
    answered: bool = False  # a worker has; without, all below is empty
    deadline: datetime | None = None
    urgency: Urgency | None = None
    attention: tuple[Attention, ...] = ()
    helps: tuple[str, ...] = ()  # commands of `m3-walmart attention`, the likeliest first

    @property
    def ref(self) -> OrderRef:
        """Name the order."""
        return OrderRef(pair=self.pair, purchase_order_id=self.purchase_order_id)


@dataclass(frozen=True, kw_only=True)
class Cases:
    """What waits, the most pressing first."""

    shown: tuple[Case, ...]
    total: int
    silent: int = 0  # orders no worker answered for


class Silence:
    """Notices that no worker answers at all, so that not every order is waited for."""

    def __init__(self) -> None:
        self._answered = 0
        self._unanswered = 0

    @property
    def complete(self) -> bool:
        """Tell whether asking more orders is pointless."""
        return not self._answered and self._unanswered >= SILENT_ORDERS

    def heard(self) -> None:
        """Take note of an answer."""
        self._answered += 1

    def missed(self) -> None:
        """Take note of an order that did not answer."""
        self._unanswered += 1


async def find_cases(client: Client, wanted: CaseFilter, *, limit: int) -> Cases:
    """Return what waits as its workflows tell it, or as the list does where no worker answers."""
    listed = await list_cases(client, wanted)
    likely = sorted(listed, key=_ship_by_and_age)[: max(limit, ASKED_AT_MOST)]
    silence = Silence()
    asked = await concurrently(likely, lambda case: _ask(client, case, silence))
    waiting = [case for case in asked if case is not None]
    return Cases(
        shown=tuple(sorted(waiting, key=pressing)[:limit]),
        # Those that went on since the list was made, which lags a little, wait no more.
        total=len(listed) - (len(likely) - len(waiting)),
        silent=sum(not case.answered for case in waiting),
    )


async def list_cases(client: Client, wanted: CaseFilter) -> list[Case]:
    """Return what waits as far as Temporal's list knows it; needs no worker."""
    return [_case(listed) async for listed in client.list_workflows(wanted.query())]


async def concurrently(
    cases: Iterable[Case], work: Callable[[Case], Awaitable[Result]]
) -> list[Result]:
    """Do the same for every case, `AT_ONCE` at a time; return the results in their order."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> Result:
        async with free:
            return await work(case)

    return await asyncio.gather(*(one(case) for case in cases))


def pressing(case: Case) -> tuple[int, datetime, datetime]:
    """Return what cases are sorted by: urgency, then the deadline, then the age."""
    rank = RANK[case.urgency] if case.urgency else 0
    return -rank, case.deadline or case.ship_by or FAR_AWAY, case.since or FAR_AWAY


def helping(summary: OrderSummary) -> tuple[str, ...]:
    """Return the commands that can let an order go on, the likeliest first."""
    commands = [name for attention in summary.attention for name in _helping(summary, attention)]
    return tuple(dict.fromkeys(commands))


def _helping(summary: OrderSummary, attention: Attention) -> Iterable[str]:
    severities = {finding.severity for finding in attention.findings}
    codes = {attention.cause, *(finding.code for finding in attention.findings)}
    before_entry = summary.stage in BEFORE_ENTRY and not summary.m3_order_number
    for beginning, name in MENDED_BY:
        if any(code.startswith(beginning) for code in codes) and (
            before_entry or name == "change-line"
        ):
            yield name
    held = severities and Severity.BLOCK not in severities
    if held or attention.step == TOO_LATE:
        yield "approve"
    if attention.blocks:
        yield "retry"
    if attention.step in SKIPPABLE:
        yield "skip"
    if before_entry:
        yield "take-over"
    if summary.stage in BEFORE_SHIPMENT and attention.blocks:
        yield "reject"


async def _ask(client: Client, case: Case, silence: Silence) -> Case | None:
    """Return the case as its workflow tells it, or nothing where it waits no more."""
    if silence.complete:
        return case
    order = client.get_workflow_handle(order_workflow_id(case.pair, case.purchase_order_id))
    try:
        summary = await order.query("status", result_type=OrderSummary, rpc_timeout=ANSWER_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        silence.missed()
        return case
    except WorkflowQueryFailedError:
        # Its code cannot go on; the worker's log says why. The list still knows that it waits.
        return case
    silence.heard()
    return _told(case, summary) if summary.attention else None


def _told(case: Case, summary: OrderSummary) -> Case:
    oldest = min(summary.attention, key=lambda attention: attention.since)
    return replace(
        case,
        answered=True,
        m3_order_number=summary.m3_order_number,
        stage=summary.stage,
        since=oldest.since,
        ship_by=summary.ship_by,
        assignee=summary.assignee,
        tags=summary.tags,
        deadline=summary.deadline,
        urgency=summary.urgency,
        attention=summary.attention,
        helps=helping(summary),
    )


def _case(listed: WorkflowExecution) -> Case:
    attributes = listed.typed_search_attributes
    return Case(
        pair=attributes.get(PAIR) or "",
        purchase_order_id=attributes.get(PURCHASE_ORDER_ID) or "",
        m3_order_number=attributes.get(M3_ORDER_NUMBER) or "",
        stage=attributes.get(STAGE) or "",
        cause=attributes.get(ATTENTION_CAUSE) or "",
        since=attributes.get(ATTENTION_SINCE),
        ship_by=attributes.get(SHIP_BY),
        assignee=attributes.get(ASSIGNEE) or "",
        tags=tuple(attributes.get(TAGS) or ()),
    )


def _ship_by_and_age(case: Case) -> tuple[datetime, datetime]:
    return case.ship_by or FAR_AWAY, case.since or FAR_AWAY


def _quoted(value: str) -> str:
    if "'" in value or "\\" in value:
        raise Mendable(f"{value}: Temporal's list cannot be asked for quotes and backslashes")
    return f"'{value}'"
