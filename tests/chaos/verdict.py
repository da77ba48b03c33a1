"""Whether both systems agree for every line after a storm, and what each order ended as."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

from activities.search_attributes import ATTENTION_CAUSE, NEEDS_ATTENTION, PURCHASE_ORDER_ID, STAGE
from commands.demo.stack import PAIR
from domain.names import ORDER_TO_CASH, order_workflow_id
from domain.orders import Stage, TimelineEntry
from tests.chaos.storm import TOO_LATE, Storm, in_hand

View = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The figures of a run, and what is wrong with which order."""

    orders: int
    seed: int
    cancellations: Mapping[str, int]  # told, by kind
    canceled: int  # orders of which nothing is left
    canceled_in_part: int
    canceled_by: Mapping[str, int]  # kind of what was told; orders with canceled units
    refused_in_m3: int  # people in M3 who came too late
    shipped: int
    completed: int
    duplicates: int
    orphan_batches: int
    lost: int
    mismatches: int
    shipped_after_cancellation: int  # units
    seen_to: int  # orders of those units: their case was shown and answered
    cases: Mapping[str, int]  # shown, by cause
    worker_kills: int
    seconds: float
    wrong: Mapping[str, tuple[str, ...]]  # by purchase order

    @property
    def agrees(self) -> bool:
        """Tell whether nothing is wrong."""
        return not (self.wrong or self.duplicates or self.orphan_batches or self.mismatches)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


async def judge(client: Client, storm: Storm, audit: View, *, seed: int, seconds: float) -> Verdict:
    """Look at every order in both systems and in Temporal."""
    runs = await _latest_runs(client)
    totals, views = audit["totals"], audit["orders"]
    late = [view for view in views if view["shipped_after_cancellation"]]
    seen = {v["purchase_order_id"]: await _seen_to(client, v["purchase_order_id"]) for v in late}
    wrong = {}
    for view in views:
        number = view["purchase_order_id"]
        found = (*_wrong_in_temporal(view, runs.get(number)), *_wrong_in_systems(view))
        found += () if seen.get(number, True) else ("shipped what was canceled, and nobody saw it",)
        if found:
            wrong[number] = found
    if strays := audit["m3_orders_without_purchase_order"]:
        wrong["no purchase order"] = tuple(strays)
    return Verdict(
        orders=len(views),
        seed=seed,
        cancellations=_counted(upset.kind for upset in storm.placed.values() if upset),
        canceled=totals["canceled"],
        canceled_in_part=sum(bool(_units(v, "canceled")) and not v["canceled"] for v in views),
        canceled_by=_canceled_by(storm, views),
        refused_in_m3=len(storm.refused),
        shipped=totals["shipped"],
        completed=sum(
            run.typed_search_attributes.get(STAGE) == "completed" for run in runs.values()
        ),
        duplicates=totals["duplicates"],
        orphan_batches=totals["orphan_batches"],
        lost=sum(_lost(view) for view in views),
        mismatches=totals["mismatches"],
        shipped_after_cancellation=totals["shipped_after_cancellation"],
        seen_to=sum(seen.values()),
        cases=_counted(cause for causes in storm.cases.values() for cause in causes),
        worker_kills=storm.killed,
        seconds=round(seconds, 1),
        wrong=wrong,
    )


async def story_of(client: Client, purchase_order_id: str) -> str:
    """Return the timeline of an order, one event a line."""
    entries = await _timeline(client, purchase_order_id)
    return "\n".join(f"    {e.at:%H:%M:%S.%f} {e.event}: {e.detail}" for e in entries)


async def _latest_runs(client: Client) -> dict[str, WorkflowExecution]:
    runs: dict[str, WorkflowExecution] = {}
    async for run in client.list_workflows(f"WorkflowType = '{ORDER_TO_CASH}'"):
        number = run.typed_search_attributes.get(PURCHASE_ORDER_ID) or run.id
        if number not in runs or run.start_time > runs[number].start_time:
            runs[number] = run
    return runs


def _wrong_in_temporal(view: View, run: WorkflowExecution | None) -> tuple[str, ...]:
    """Return what is wrong with where the workflow of an order stands."""
    if run is None:
        return ("it has no workflow",)
    attributes = run.typed_search_attributes
    stage = attributes.get(STAGE)
    if run.status is WorkflowExecutionStatus.RUNNING:
        return (f"its workflow is open: {stage} {attributes.get(ATTENTION_CAUSE) or ''}",)
    if run.status is not WorkflowExecutionStatus.COMPLETED:
        return (f"its workflow ended as {run.status.name if run.status else 'nothing'}",)
    if attributes.get(NEEDS_ATTENTION):
        return (f"a case is open: {attributes.get(ATTENTION_CAUSE)}",)
    # What M3 shipped before Walmart canceled all of it may end as either.
    shipped = bool(view["shipped_after_cancellation"])
    right = {Stage.CANCELED, Stage.SKIPPED} if view["canceled"] else {Stage.COMPLETED}
    right |= {Stage.COMPLETED} if shipped else set()
    return () if stage in right else (f"its workflow ended as {stage}",)


def _wrong_in_systems(view: View) -> tuple[str, ...]:
    """Return what is wrong with an order at Walmart and in M3."""
    found = list(view["problems"])
    if view["m3_open_batches"]:
        found.append("a batch order is left in M3")
    if _lost(view):
        found.append("it is lost: not in M3, and not canceled")
    if unfinished := in_hand({"orders": [view]}):
        found.append(f"M3 has not shipped or invoiced all of order {unfinished[0]}")
    return tuple(found)


def _lost(view: View) -> bool:
    return not view["m3_orders"] and not view["canceled"]


def _units(view: View, field: str) -> int:
    return sum(int(line[field]) for line in view["walmart_lines"])


def _canceled_by(storm: Storm, views: list[View]) -> dict[str, int]:
    canceled = [v["purchase_order_id"] for v in views if _units(v, "canceled")]
    upsets = [storm.placed.get(number) for number in canceled]
    return _counted(upset.kind if upset else "nobody" for upset in upsets)


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


async def _timeline(client: Client, purchase_order_id: str) -> tuple[TimelineEntry, ...]:
    workflow = client.get_workflow_handle(order_workflow_id(PAIR, purchase_order_id))
    found: tuple[TimelineEntry, ...] = await workflow.query(
        "timeline", result_type=tuple[TimelineEntry, ...]
    )
    return found


async def _seen_to(client: Client, purchase_order_id: str) -> bool:
    """Tell whether the case was shown, and a person answered it afterwards."""
    events = [(e.event, e.detail) for e in await _timeline(client, purchase_order_id)]
    shown = [at for at, (event, detail) in enumerate(events) if TOO_LATE in detail]
    return bool(shown) and "answered_approve" in [event for event, _ in events[shown[0] :]]
