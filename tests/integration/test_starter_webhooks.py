"""Webhooks against a real Temporal server. No worker runs: what counts is what Temporal holds."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle

from activities.search_attributes import PAIR, PURCHASE_ORDER_ID
from domain.names import order_workflow_id
from domain.orders import OrderToCashInput, OrderUpdate
from tests.starter_messages import caller, deliver, legacy_event, order_update, signed

STARTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
TASK_SCHEDULED = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED


@pytest.fixture
async def starter(temporal: Client) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(temporal) as http:
        yield http


@pytest.fixture
def purchase_order_id() -> str:
    return uuid4().hex[:13]


@pytest.fixture
def order(temporal: Client, purchase_order_id: str) -> WorkflowHandle[Any, Any]:
    return temporal.get_workflow_handle(order_workflow_id("acme", purchase_order_id))


async def history(order: WorkflowHandle[Any, Any]) -> list[HistoryEvent]:
    return list((await order.fetch_history()).events)


async def event_types(order: WorkflowHandle[Any, Any]) -> list[int]:
    return [event.event_type for event in await history(order)]


async def test_webhook_starts_the_workflow_of_its_order(
    temporal: Client,
    starter: httpx.AsyncClient,
    order: WorkflowHandle[Any, Any],
    purchase_order_id: str,
):
    response = await deliver(starter, order_update(purchase_order_id))

    assert (response.status_code, response.json()) == (200, {"outcome": "started"})
    [started, _] = await history(order)
    attributes = started.workflow_execution_started_event_attributes
    assert attributes.workflow_type.name == "OrderToCash"
    assert attributes.task_queue.name == "orders"
    assert await temporal.data_converter.decode(attributes.input.payloads, [OrderToCashInput]) == [
        OrderToCashInput(pair="acme", purchase_order_id=purchase_order_id, source="webhook")
    ]
    description = await order.describe()
    assert description.typed_search_attributes[PAIR] == "acme"
    assert description.typed_search_attributes[PURCHASE_ORDER_ID] == purchase_order_id


async def test_one_workflow_runs_however_often_and_in_whatever_form_the_order_arrives(
    starter: httpx.AsyncClient, order: WorkflowHandle[Any, Any], purchase_order_id: str
):
    copies = [order_update(purchase_order_id), legacy_event(purchase_order_id)] * 10

    responses = await asyncio.gather(*(deliver(starter, copy) for copy in copies))

    outcomes = sorted(response.json()["outcome"] for response in responses)
    assert outcomes == ["repeated"] * 19 + ["started"]
    assert await event_types(order) == [STARTED, TASK_SCHEDULED]


async def test_order_that_is_over_is_not_started_again(
    starter: httpx.AsyncClient, order: WorkflowHandle[Any, Any], purchase_order_id: str
):
    await deliver(starter, order_update(purchase_order_id))
    first = await order.describe()
    await order.terminate()

    response = await deliver(starter, legacy_event(purchase_order_id))

    assert (response.status_code, response.json()) == (200, {"outcome": "repeated"})
    assert (await order.describe()).run_id == first.run_id


@pytest.mark.parametrize("kind", ["PO_LINE_AUTOCANCELLED", "INTENT_TO_CANCEL", "FRAUD_CANCEL"])
async def test_cancellation_is_signaled_to_the_order(
    temporal: Client,
    starter: httpx.AsyncClient,
    order: WorkflowHandle[Any, Any],
    purchase_order_id: str,
    kind: str,
):
    await deliver(starter, order_update(purchase_order_id))

    response = await deliver(starter, order_update(purchase_order_id, kind, event_id="e-7"))

    assert (response.status_code, response.json()) == (200, {"outcome": "signaled"})
    signal = (await history(order))[-1].workflow_execution_signaled_event_attributes
    assert signal.signal_name == "order_update_reported"
    assert await temporal.data_converter.decode(signal.input.payloads, [OrderUpdate]) == [
        OrderUpdate(event_id="e-7", sub_event_type=kind)
    ]


async def test_cancellation_that_comes_first_starts_the_order_and_is_not_lost(
    starter: httpx.AsyncClient, order: WorkflowHandle[Any, Any], purchase_order_id: str
):
    cancellation = await deliver(starter, legacy_event(purchase_order_id, "INTENT_TO_CANCEL"))
    placed = await deliver(starter, legacy_event(purchase_order_id))

    assert cancellation.json() == {"outcome": "signaled"}
    assert placed.json() == {"outcome": "repeated"}
    assert await event_types(order) == [STARTED, SIGNALED, TASK_SCHEDULED]


async def test_wrong_signature_leaves_no_workflow(
    temporal: Client,
    starter: httpx.AsyncClient,
    purchase_order_id: str,
    order: WorkflowHandle[Any, Any],
):
    body = json.dumps(order_update(purchase_order_id)).encode()

    response = await starter.post(
        "/webhooks/walmart/acme", content=body, headers=signed(b"another body")
    )

    assert response.status_code == 401
    # The genuine delivery is the first to start it.
    assert (await deliver(starter, order_update(purchase_order_id))).json() == {
        "outcome": "started"
    }


async def test_namespace_that_is_missing_is_an_outage(
    temporal_address: str, purchase_order_id: str
):
    client = await Client.connect(temporal_address, namespace="not-created-yet", lazy=True)
    async with caller(client) as starter:
        for event in (order_update(purchase_order_id), order_update("1", "FRAUD_CANCEL")):
            assert (await deliver(starter, event)).status_code == 503
