"""Names that open workflows, schedules and saved views refer to by text.

A failure here is a question, not a typo: what happens to the orders that are open right now? Only
change a list below together with what carries them over, and write that into CONTRIBUTING.md.
"""

import importlib
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.common import SearchAttributeKey

import activities
import worker
from activities import search_attributes
from commands.temporal import apply_sweep_schedule
from domain.answers import ANSWERS
from domain.inventory_runs import Scope
from domain.names import (
    ALERT_DESK,
    INVENTORY_COLLECTOR,
    INVENTORY_SYNC,
    INVENTORY_TASK_QUEUE,
    ORDER_SWEEP,
    ORDER_TO_CASH,
    ORDERS_TASK_QUEUE,
    SEARCH_ATTRIBUTE_TYPES,
    SearchAttribute,
    alert_desk_id,
    inventory_collector_id,
    inventory_sync_id,
    order_sweep_id,
    order_workflow_id,
)
from domain.orders import CustomerStrategy, LateAcknowledgement, OrderEntry, Stage
from tests.guards.repository import ROOT
from tests.mapping_samples import PAIR
from tests.starter_messages import settings_with
from workflows.alerts import AlertDesk
from workflows.inventory import InventoryCollector, InventorySync
from workflows.orders import OrderToCash
from workflows.sweeps import OrderSweep

ACTIVITIES = {
    "fetch_walmart_order",
    "draft_m3_order",
    "acknowledge_walmart_order",
    "reserve_stock",
    "find_or_create_customer",
    "find_m3_order",
    "add_head",
    "add_lines",
    "confirm_m3_order",
    "find_released_order",
    "reduce_m3_order",
    "cancel_walmart_lines",
    "keep_address",
    "keep_item_number",
    "review_order",
    "take_back_m3_order",
    "check_taken_over_order",
    "report_attention",
    "send_alert",
    "confirm_shipment",
    "find_invoices",
    "start_released_orders",
}
INVENTORY_ACTIVITIES = {
    "warehouses_to_read",
    "read_changes",
    "begin_reading",
    "read_warehouse",
    "read_items",
    "apply_reading",
    "compute_wanted",
    "wake_collector",
    "read_listings",
    "send_inventory",
    "follow_feeds",
}
SIGNALS = {"delivery_reported", "invoice_reported", "order_update_reported"}
# Each is a signal and an update of every order; see domain/answers.py.
ANSWER_NAMES = {
    "approve",
    "reject",
    "correct_address",
    "map_sku",
    "change_line",
    "retry",
    "skip_step",
    "take_over",
    "assign",
    "tag",
}
QUERIES = {"status", "timeline"}


def definition(workflow_class: type) -> Any:
    return workflow._Definition.must_from_class(workflow_class)


def activity_methods() -> dict[str, Callable[..., Any]]:
    """Return every activity method of the package `activities` by its name in Temporal."""
    found: dict[str, Callable[..., Any]] = {}
    for path in (ROOT / "activities").glob("*.py"):
        module = importlib.import_module(f"{activities.__name__}.{path.stem}")
        for _, owner in inspect.getmembers(module, inspect.isclass):
            for _, method in inspect.getmembers(owner, inspect.isfunction):
                defined = activity._Definition.from_callable(method)
                if defined is not None and defined.name is not None:
                    found[defined.name] = method
    return found


def test_workflow_types():
    suffering = (
        "Open workflows of the old type stop: no worker knows it any more. "
        "Keep the old name registered until the last of them has ended."
    )
    assert definition(OrderToCash).name == ORDER_TO_CASH == "OrderToCash", suffering
    assert definition(OrderSweep).name == ORDER_SWEEP == "OrderSweep", suffering
    assert definition(AlertDesk).name == ALERT_DESK == "AlertDesk", suffering
    assert definition(InventorySync).name == INVENTORY_SYNC == "InventorySync", suffering
    assert definition(InventoryCollector).name == INVENTORY_COLLECTOR == "InventoryCollector", (
        suffering
    )


def test_activity_names():
    suffering = (
        "Open orders have the old name in their history: replay fails with a non-determinism "
        "error, and activities that are scheduled fail as unknown. Keep the old name with "
        "@activity.defn(name=...), or register both until no open order has it."
    )
    assert set(activity_methods()) == ACTIVITIES | INVENTORY_ACTIVITIES, suffering


def test_signal_names():
    suffering = (
        "Signals under the old name reach no handler and are dropped: a delivery that ION has "
        "reported, or an operator's retry, is lost for every open order. Keep the old name with "
        "@workflow.signal(name=...)."
    )
    assert set(definition(OrderToCash).signals) == SIGNALS, suffering
    assert set(definition(OrderSweep).signals) == set(), suffering
    assert set(definition(AlertDesk).signals) == {"attention_reported"}, suffering
    assert set(definition(InventoryCollector).signals) == {
        "stock_reported",
        "stock_computed",
        "approve",
    }, suffering


def test_answer_names():
    suffering = (
        "What people answer under the old name, by our command, the Web UI or a script of their "
        "own, is refused or never arrives. Keep the old name beside the new one."
    )
    assert set(ANSWERS) == ANSWER_NAMES, suffering


def test_query_names():
    suffering = (
        "`m3-walmart orders show`, and dashboards that ask by the old name, get an error from "
        "every open order that an older worker serves, and from all once it is replaced."
    )
    assert set(definition(OrderToCash).queries) == QUERIES, suffering
    assert set(definition(AlertDesk).queries) == {"groups"}, suffering


def test_task_queues():
    suffering = (
        "Open workflows stay on the queue they were started on; nobody polls it any more, so "
        "every open order stands still. Let a worker poll the old queue until it is empty."
    )
    assert ORDERS_TASK_QUEUE == "orders", suffering
    assert INVENTORY_TASK_QUEUE == "inventory", suffering


def test_workflow_and_schedule_ids():
    suffering = (
        "Webhooks, ION messages and sweeps no longer find the workflow of an open order and start "
        "a second one; a schedule under the old id goes on beside the new one. Delete the old "
        "schedule, and change ids only when no order is open."
    )
    assert order_workflow_id("acme", "1796277083022") == "order-to-cash/acme/1796277083022", (
        suffering
    )
    assert order_sweep_id("acme") == "order-sweep/acme", suffering
    assert alert_desk_id() == "alert-desk", suffering
    assert inventory_collector_id("acme") == "inventory-collector/acme", suffering
    assert [inventory_sync_id("acme", scope) for scope in Scope] == [
        "inventory-sync/acme/changes",
        "inventory-sync/acme/everything",
        "inventory-sync/acme/drift",
    ], suffering


def test_search_attributes_and_their_types():
    suffering = (
        "Open workflows fail their next task when they set an attribute the namespace does not "
        "have, or has with another type, and saved views find nothing. Add a new attribute "
        "beside the old one; a type can't be changed."
    )
    types = {str(name): kind for name, kind in SEARCH_ATTRIBUTE_TYPES.items()}
    assert types == {
        "Pair": "Keyword",
        "PurchaseOrderId": "Keyword",
        "M3OrderNumber": "Keyword",
        "Stage": "Keyword",
        "NeedsAttention": "Bool",
        "AttentionCause": "Keyword",
        "ShipBy": "Datetime",
        "AttentionSince": "Datetime",
        "Assignee": "Keyword",
        "Tags": "KeywordList",
    }, suffering


def test_values_that_are_stored():
    suffering = (
        "Open orders carry the old value in their state and in search attributes: they fail to "
        "replay, and saved views no longer find them. Keep old values readable."
    )
    assert [str(stage) for stage in Stage] == [
        "received",
        "entering",
        "awaiting_delivery",
        "awaiting_invoice",
        "completed",
        "skipped",
        "already_done",
        "canceled",
        "taken_back",
    ], suffering
    assert [str(each) for each in OrderEntry] == ["batch", "direct"], suffering
    assert [str(each) for each in CustomerStrategy] == ["marketplace", "per_buyer"], suffering
    assert [str(each) for each in LateAcknowledgement] == ["acknowledge", "wait"], suffering


def test_every_search_attribute_has_its_typed_key():
    keys = [key for key in vars(search_attributes).values() if isinstance(key, SearchAttributeKey)]

    types = {key.name: key.indexed_value_type.name for key in keys}

    wanted = {
        str(name): kind.upper().replace("KEYWORDLIST", "KEYWORD_LIST")
        for name, kind in SEARCH_ATTRIBUTE_TYPES.items()
    }
    assert types == wanted
    assert set(SEARCH_ATTRIBUTE_TYPES) == set(SearchAttribute)


def test_worker_registers_every_workflow_and_activity(monkeypatch: pytest.MonkeyPatch):
    registered: dict[str, Any] = {}
    monkeypatch.setattr(worker, "Worker", lambda client, **options: registered.update(options))

    services = SimpleNamespace(ledger=None)
    worker.create_worker(None, services, settings_with())  # type: ignore[arg-type] # passed on

    names = {activity._Definition.must_from_callable(a).name for a in registered["activities"]}
    assert names == ACTIVITIES
    assert {each.__name__ for each in registered["workflows"]} == {
        ORDER_TO_CASH,
        ORDER_SWEEP,
        ALERT_DESK,
    }
    assert registered["task_queue"] == ORDERS_TASK_QUEUE


def test_inventory_worker_registers_every_workflow_and_activity(monkeypatch: pytest.MonkeyPatch):
    registered: dict[str, Any] = {}
    monkeypatch.setattr(worker, "Worker", lambda client, **options: registered.update(options))

    services = SimpleNamespace(ledger=None)
    worker.create_inventory_worker(None, services, settings_with())  # type: ignore[arg-type] # as above

    names = {activity._Definition.must_from_callable(a).name for a in registered["activities"]}
    assert names == INVENTORY_ACTIVITIES
    assert registered["workflows"] == [InventorySync, InventoryCollector]
    assert registered["task_queue"] == INVENTORY_TASK_QUEUE


@pytest.mark.parametrize("name", sorted(ACTIVITIES | INVENTORY_ACTIVITIES))
def test_every_activity_says_what_repeating_it_does(name: str):
    documented = inspect.getdoc(activity_methods()[name]) or ""

    assert "repeating" in documented.lower(), (
        f"{name} may run twice, after a time-out or a lost answer: say in its docstring what "
        'happens then, in a sentence that begins "Repeating: "'
    )


async def test_schedule_starts_the_sweep_on_the_queue_of_the_worker():
    class Recorder:
        async def create_schedule(self, schedule_id: str, schedule: Any) -> None:
            self.id, self.action = schedule_id, schedule.action

    recorder = Recorder()

    await apply_sweep_schedule(recorder, PAIR)  # type: ignore[arg-type] # the one call it makes

    assert recorder.id == recorder.action.id == "order-sweep/acme"
    assert recorder.action.workflow == ORDER_SWEEP
    assert recorder.action.task_queue == ORDERS_TASK_QUEUE
    assert recorder.action.args == ["acme"]
