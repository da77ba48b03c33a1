"""Dead letters handed over once more, against a real Temporal server. No worker runs."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from activities.search_attributes import M3_ORDER_NUMBER, PAIR, PURCHASE_ORDER_ID, STAGE
from domain.names import order_workflow_id
from ledger.dead_letters import DeadLetter, DeadLetters
from ledger.store import Ledger, open_ledger
from starter.reception import Receivers
from starter.replay import replay
from starter.temporal import OrderWorkflows, Outcome
from starter.unattributed import Unattributed
from tests.starter_messages import (
    ION_SECRET,
    api_message,
    bod,
    caller,
    deliver,
    ims_parameters,
    order_update,
    settings_with,
)

HEADERS = {"X-ION": ION_SECRET}


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with open_ledger(tmp_path / "ledger.db") as ledger:
        yield ledger


@pytest.fixture
def letters(ledger: Ledger) -> DeadLetters:
    return ledger.dead_letters


@pytest.fixture
async def starter(temporal: Client, letters: DeadLetters) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(temporal, letters=letters) as http:
        yield http


@pytest.fixture
def purchase_order_id() -> str:
    return str(uuid4().int)[:13]


async def start(
    temporal: Client, purchase_order_id: str, *, stage: str = "received", m3_order: str = "1"
) -> WorkflowHandle[Any, Any]:
    """Start the workflow of an order that nobody works on."""
    return await temporal.start_workflow(
        "OrderToCash",
        id=order_workflow_id("acme", purchase_order_id),
        task_queue="nobody-polls-this",
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(PAIR, "acme"),
                SearchAttributePair(PURCHASE_ORDER_ID, purchase_order_id),
                SearchAttributePair(M3_ORDER_NUMBER, m3_order),
                SearchAttributePair(STAGE, stage),
            ]
        ),
    )


async def report(http: httpx.AsyncClient, document: bytes, name: str) -> httpx.Response:
    message = api_message(document, ims_parameters(name))
    return await http.post("/ion/message", content=message, headers=HEADERS)


async def only_letter(letters: DeadLetters) -> DeadLetter:
    [letter] = await letters.find()
    return letter


async def play(temporal: Client, letters: DeadLetters, *, pair: str = "") -> Outcome:
    """Replay the only letter there is."""
    letter = await only_letter(letters)
    body = await letters.body(letter.id)
    receivers = Receivers.of(settings_with())
    taken = await replay(OrderWorkflows(temporal), receivers, letter, body, pair=pair)
    return taken.outcome


async def test_replayed_event_reaches_the_pair_that_was_set_up_since(
    temporal: Client, starter: httpx.AsyncClient, letters: DeadLetters, purchase_order_id: str
):
    await deliver(starter, order_update(purchase_order_id), pair="renamed")

    assert await play(temporal, letters, pair="acme") is Outcome.STARTED
    assert await play(temporal, letters, pair="acme") is Outcome.REPEATED


async def test_replayed_document_reaches_the_order_that_was_started_since(
    temporal: Client, starter: httpx.AsyncClient, letters: DeadLetters, purchase_order_id: str
):
    await report(starter, bod("Shipment", purchase_order_id=purchase_order_id), "Sync.Shipment")
    with pytest.raises(Unattributed, match="unknown here"):
        await play(temporal, letters)

    order = await start(temporal, purchase_order_id)

    assert await play(temporal, letters) is Outcome.SIGNALED
    last = (await order.fetch_history()).events[-1]
    signal = last.workflow_execution_signaled_event_attributes
    assert signal.signal_name == "delivery_reported"


async def test_replayed_multipart_message_is_read_as_it_came(
    temporal: Client, starter: httpx.AsyncClient, letters: DeadLetters, purchase_order_id: str
):
    document = bod("Invoice", purchase_order_id=purchase_order_id)
    parameters = json.dumps(ims_parameters("Sync.Invoice")).encode()
    files = [
        ("ParameterRequest", (None, parameters, "application/json")),
        ("MessagePayload", ("MessagePayload", document, "application/octet-stream")),
    ]
    await starter.post("/ion/v3/multipartMessage", files=files, headers=HEADERS)
    await start(temporal, purchase_order_id)

    assert await play(temporal, letters) is Outcome.SIGNALED
