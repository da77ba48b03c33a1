"""What became of the orders, counted by the simulators and not by the service's own belief."""

import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

from activities.search_attributes import ATTENTION_CAUSE, NEEDS_ATTENTION, PURCHASE_ORDER_ID, STAGE
from domain.names import ORDER_TO_CASH
from domain.orders import Stage

# Histories are read whole to count actions, so a sample is taken of many orders.
HISTORY_SAMPLE = 50

# What is wrong with the orders that the simulators place to need a person; any other cause is ours.
EXPECTED_CAUSE = "UNKNOWN_SKU"

# Which history events Temporal Cloud bills as an action. Retries of an activity do not show in
# the history; they are billed too, and counted here from the attempt in its started event.
BILLED_EVENTS = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
        EventType.EVENT_TYPE_TIMER_STARTED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
        EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
        EventType.EVENT_TYPE_MARKER_RECORDED,
    }
)


@dataclass(frozen=True, kw_only=True)
class OrderEnd:
    """Where one order stands, by the simulators' audit and by Temporal's list."""

    purchase_order_id: str
    expected: str  # invoiced, skipped or needs_attention
    m3_orders: int
    acknowledged: bool
    shipped: bool
    invoiced: bool
    latency_ms: float | None  # webhook received to M3 order made
    stage: str
    needs_attention: bool
    cause: str
    is_open: bool

    @property
    def right(self) -> bool:
        """Tell whether the order reached the end it was made for."""
        match self.expected:
            case "skipped":
                # Not ours to ship: recognized as that, or never announced to us at all.
                return not self.is_open and self.stage in (Stage.SKIPPED, "") and not self.m3_orders
            case "needs_attention":
                told = self.needs_attention and self.cause == EXPECTED_CAUSE
                return self.is_open and told and not self.m3_orders
            case _:
                done = self.m3_orders == 1 and self.acknowledged and self.shipped and self.invoiced
                return done and not self.is_open and self.stage == Stage.COMPLETED

    @property
    def lost(self) -> bool:
        """Tell whether neither M3 has the order nor a person is told of it."""
        told = self.is_open and self.needs_attention
        return self.expected != "skipped" and not self.m3_orders and not told


@dataclass(frozen=True, kw_only=True)
class Report:
    """The figures of one run; the keys of `--report` as they stand here."""

    orders: int
    m3_orders: int
    duplicates: int
    acknowledged: int
    shipped: int
    invoiced: int
    needs_attention: int
    lost: int
    seconds: float
    latency_ms: dict[str, float]
    m3_requests_per_order: float
    walmart_requests_per_order: float
    history_events_per_order: float
    actions_per_order: float
    skipped: int
    wrong_end: int
    mismatches: int
    orphan_batches: int
    requests: dict[str, Any] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Tell whether every order reached its right end, exactly once."""
        return not (self.wrong_end or self.duplicates or self.lost or self.mismatches)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return asdict(self)


async def order_ends(client: Client, audit: Mapping[str, Any]) -> list[OrderEnd]:
    """Join the simulators' audit with Temporal's list of orders."""
    workflows = {
        workflow.typed_search_attributes.get(PURCHASE_ORDER_ID): workflow
        async for workflow in client.list_workflows(f"WorkflowType = '{ORDER_TO_CASH}'")
    }
    return [
        _order_end(order, workflows.get(order["purchase_order_id"])) for order in audit["orders"]
    ]


def _order_end(order: Mapping[str, Any], workflow: WorkflowExecution | None) -> OrderEnd:
    lines = order["walmart_lines"]
    deliveries = [d for m3 in order["m3_orders"] for d in m3["deliveries"]]
    invoices = [i for m3 in order["m3_orders"] for i in m3["invoices"]]
    attributes = workflow.typed_search_attributes if workflow else None
    return OrderEnd(
        purchase_order_id=order["purchase_order_id"],
        expected=order["expected"],
        m3_orders=len(order["m3_orders"]),
        acknowledged=order["acknowledged_at"] is not None,
        shipped=bool(lines)
        and all(line["statuses"].get("Shipped", 0) == line["quantity"] for line in lines),
        invoiced=bool(deliveries) and len(invoices) == len(deliveries),
        latency_ms=_latency_ms(order),
        stage=(attributes.get(STAGE) or "") if attributes else "",
        needs_attention=bool(attributes and attributes.get(NEEDS_ATTENTION)),
        cause=(attributes.get(ATTENTION_CAUSE) or "") if attributes else "",
        is_open=workflow is not None and workflow.status is WorkflowExecutionStatus.RUNNING,
    )


def _latency_ms(order: Mapping[str, Any]) -> float | None:
    if order["notified_at"] is None or not order["m3_orders"]:
        return None
    created: float = min(m3["created_at"] for m3 in order["m3_orders"])
    # Found by the sweep before its webhook came through: there is no latency to speak of.
    notified: float = order["notified_at"]
    return max(created - notified, 0.0) * 1000


async def make_report(
    client: Client, audit: Mapping[str, Any], ends: list[OrderEnd], *, seconds: float
) -> Report:
    """Count what the audit and Temporal's list say."""
    totals, requests = audit["totals"], audit["requests"]
    latencies = [end.latency_ms for end in ends if end.latency_ms is not None]
    events, actions = await _history_figures(client)
    count = max(len(ends), 1)
    return Report(
        orders=len(ends),
        m3_orders=totals["m3_orders"],
        duplicates=totals["duplicates"],
        acknowledged=totals["acknowledged"],
        shipped=sum(end.shipped for end in ends),
        invoiced=sum(end.invoiced for end in ends),
        needs_attention=sum(end.needs_attention for end in ends),
        lost=sum(end.lost for end in ends),
        seconds=round(seconds, 1),
        latency_ms={"p50": _percentile(latencies, 50), "p95": _percentile(latencies, 95)},
        m3_requests_per_order=round(requests["m3"]["total"] / count, 2),
        walmart_requests_per_order=round(requests["walmart"]["total"] / count, 2),
        history_events_per_order=events,
        actions_per_order=actions,
        skipped=sum(end.stage == Stage.SKIPPED for end in ends),
        wrong_end=sum(not end.right for end in ends),
        mismatches=totals["mismatches"],
        orphan_batches=totals["orphan_batches"],
        requests=dict(requests),
    )


async def _history_figures(client: Client) -> tuple[float, float]:
    """Return history events and billed actions per completed order, over a sample."""
    events, actions = [], []
    query = f"WorkflowType = '{ORDER_TO_CASH}' AND Stage = '{Stage.COMPLETED}'"
    async for workflow in client.list_workflows(query, limit=HISTORY_SAMPLE):
        history = await client.get_workflow_handle(
            workflow.id, run_id=workflow.run_id
        ).fetch_history()
        events.append(len(history.events))
        actions.append(
            sum(event.event_type in BILLED_EVENTS for event in history.events)
            + sum(
                max(event.activity_task_started_event_attributes.attempt - 1, 0)
                for event in history.events
            )
        )
    if not events:
        return 0.0, 0.0
    return round(statistics.fmean(events), 1), round(statistics.fmean(actions), 1)


def _percentile(values: list[float], percent: int) -> float:
    if len(values) < 2:
        return round(values[0], 1) if values else 0.0
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)
