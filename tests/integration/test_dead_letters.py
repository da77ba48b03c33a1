"""Messages that belong to nothing, against a real Temporal server. No worker runs."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog
from cryptography.fernet import Fernet
from sqlalchemy import URL
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from activities.search_attributes import M3_ORDER_NUMBER, PAIR, PURCHASE_ORDER_ID, STAGE
from domain.names import order_workflow_id
from ledger import dead_letters
from ledger.database import open_database
from ledger.dead_letters import DeadLetter, DeadLetters, LetterState
from ledger.store import Ledger, open_ledger
from tests.starter_messages import (
    ION_SECRET,
    api_message,
    bod,
    caller,
    deliver,
    ims_parameters,
    legacy_event,
    order_update,
    settings_with,
    signed,
)

HEADERS = {"X-ION": ION_SECRET}


@pytest.fixture
async def ledger(place: Path | URL) -> AsyncIterator[Ledger]:
    async with open_ledger(place, keys=Fernet.generate_key().decode()) as ledger:
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


async def end(temporal: Client, purchase_order_id: str, *, stage: str) -> None:
    """Leave behind an order that has ended in `stage`."""
    order = await start(temporal, purchase_order_id, stage=stage)
    await order.terminate()


async def stored_in(place: Path | URL) -> str:
    if isinstance(place, Path):
        return "".join(str(each.read_bytes()) for each in place.parent.glob("ledger.db*"))
    async with open_database(place) as database:
        return str(await database.rows("SELECT * FROM dead_letters"))


async def report(http: httpx.AsyncClient, document: bytes, name: str) -> httpx.Response:
    message = api_message(document, ims_parameters(name))
    return await http.post("/ion/message", content=message, headers=HEADERS)


async def only_letter(letters: DeadLetters) -> DeadLetter:
    [letter] = await letters.find()
    return letter


async def test_event_for_a_pair_that_is_not_set_up_is_kept(
    starter: httpx.AsyncClient, letters: DeadLetters, purchase_order_id: str
):
    response = await deliver(starter, order_update(purchase_order_id), pair="renamed")

    assert (response.status_code, response.json()) == (200, {"outcome": "dead_letter"})
    letter = await only_letter(letters)
    assert (letter.source, letter.pair, letter.cause) == ("walmart", "renamed", "UNKNOWN_PAIR")


@pytest.mark.parametrize("body", [b"not json", b'{"source": {}}', b"\xff\x00"])
async def test_unreadable_event_is_kept_as_it_came(
    starter: httpx.AsyncClient, letters: DeadLetters, body: bytes
):
    response = await starter.post("/webhooks/walmart/acme", content=body, headers=signed(body))

    assert response.status_code == 200
    letter = await only_letter(letters)
    assert (letter.pair, letter.cause) == ("acme", "UNREADABLE")
    assert await letters.body(letter.id) == body


@pytest.mark.parametrize(
    "event",
    [
        {"source": {"eventType": "NOT_YET_INVENTED"}, "payload": {}},
        order_update("1796277083022", "PO_DELAYED"),
    ],
)
async def test_event_of_an_unknown_type_is_kept(
    starter: httpx.AsyncClient, letters: DeadLetters, event: object
):
    assert (await deliver(starter, event)).json() == {"outcome": "dead_letter"}
    letter = await only_letter(letters)
    assert letter.cause == "UNKNOWN_EVENT"
    assert letter.kind in ("NOT_YET_INVENTED", "PO_DELAYED")


@pytest.mark.parametrize("kind", ["PO_LINE_AUTOCANCELLED", "INTENT_TO_CANCEL", "FRAUD_CANCEL"])
@pytest.mark.parametrize("envelope", [order_update, legacy_event])
async def test_cancellation_of_an_order_that_has_shipped_is_kept(
    temporal: Client,
    starter: httpx.AsyncClient,
    letters: DeadLetters,
    purchase_order_id: str,
    kind: str,
    envelope: Any,
):
    await end(temporal, purchase_order_id, stage="completed")

    response = await deliver(starter, envelope(purchase_order_id, kind))

    assert response.json() == {"outcome": "dead_letter"}
    letter = await only_letter(letters)
    assert (letter.cause, letter.kind) == ("ORDER_ENDED", kind)
    assert letter.purchase_order_id == purchase_order_id


@pytest.mark.parametrize("stage", ["canceled", "skipped", "taken_back"])
async def test_cancellation_of_an_order_that_ships_nothing_asks_for_nothing(
    temporal: Client,
    starter: httpx.AsyncClient,
    letters: DeadLetters,
    purchase_order_id: str,
    stage: str,
):
    await end(temporal, purchase_order_id, stage=stage)

    response = await deliver(starter, order_update(purchase_order_id, "INTENT_TO_CANCEL"))

    assert response.json() == {"outcome": "repeated"}
    assert await letters.count_open() == 0


async def test_order_that_is_announced_again_after_its_end_is_a_repetition(
    temporal: Client, starter: httpx.AsyncClient, letters: DeadLetters, purchase_order_id: str
):
    await end(temporal, purchase_order_id, stage="completed")

    assert (await deliver(starter, order_update(purchase_order_id))).json() == {
        "outcome": "repeated"
    }
    assert await letters.count_open() == 0


async def test_document_of_an_accounting_entity_that_is_not_set_up_is_kept(
    starter: httpx.AsyncClient, letters: DeadLetters, purchase_order_id: str
):
    document = bod("Shipment", purchase_order_id=purchase_order_id, entity="999_ZZZ")
    parameters = ims_parameters("Sync.Shipment") | {"accountingEntity": "999_ZZZ"}

    message = api_message(document, parameters)
    response = await starter.post("/ion/message", content=message, headers=HEADERS)

    assert response.json() == {"outcome": "dead_letter"}
    letter = await only_letter(letters)
    assert (letter.source, letter.pair, letter.cause) == ("ion", "", "UNKNOWN_ENTITY")


@pytest.mark.parametrize(
    "document",
    [
        bod("Invoice", purchase_order_id="1796277083022"),
        bod("Shipment", purchase_order_id="1796277083022", number="not a delivery"),
        b"<SyncShipment",
    ],
)
async def test_document_that_is_not_what_it_should_be_is_kept(
    starter: httpx.AsyncClient, letters: DeadLetters, document: bytes
):
    response = await report(starter, document, "Sync.Shipment")

    assert (response.status_code, response.json()) == (200, {"outcome": "dead_letter"})
    assert (await only_letter(letters)).cause == "UNREADABLE"


@pytest.mark.parametrize("noun", ["Shipment", "Invoice"])
async def test_document_about_an_order_nobody_knows_is_kept(
    starter: httpx.AsyncClient, letters: DeadLetters, purchase_order_id: str, noun: str
):
    document = bod(noun, purchase_order_id=purchase_order_id, number="7001")

    response = await report(starter, document, f"Sync.{noun}")

    assert response.json() == {"outcome": "dead_letter"}
    letter = await only_letter(letters)
    assert (letter.cause, letter.kind) == ("UNKNOWN_ORDER", f"Sync.{noun}")
    assert (letter.purchase_order_id, letter.document_number) == (purchase_order_id, "7001")


@pytest.mark.parametrize("noun", ["Shipment", "Invoice"])
async def test_document_about_a_canceled_order_is_kept(
    temporal: Client,
    starter: httpx.AsyncClient,
    letters: DeadLetters,
    purchase_order_id: str,
    noun: str,
):
    await end(temporal, purchase_order_id, stage="canceled")

    document = bod(noun, purchase_order_id=purchase_order_id)
    response = await report(starter, document, f"Sync.{noun}")

    assert response.json() == {"outcome": "dead_letter"}
    assert (await only_letter(letters)).cause == "ORDER_ENDED"


@pytest.mark.parametrize("stage", ["completed", "already_done"])
async def test_document_about_a_completed_order_says_nothing_new(
    temporal: Client,
    starter: httpx.AsyncClient,
    letters: DeadLetters,
    purchase_order_id: str,
    stage: str,
):
    await end(temporal, purchase_order_id, stage=stage)

    document = bod("Invoice", purchase_order_id=purchase_order_id)

    assert (await report(starter, document, "Sync.Invoice")).json() == {"outcome": "repeated"}
    assert await letters.count_open() == 0


async def test_other_orders_of_a_document_are_told_all_the_same(
    temporal: Client, starter: httpx.AsyncClient, letters: DeadLetters, purchase_order_id: str
):
    order = await start(temporal, purchase_order_id)
    document = bod("Shipment", purchase_order_id="9999999999999").replace(
        b"</ShipmentHeader>",
        b"<PurchaseOrderReference><DocumentID><ID>%s</ID></DocumentID></PurchaseOrderReference>"
        b"</ShipmentHeader>" % purchase_order_id.encode(),
    )

    await report(starter, document, "Sync.Shipment")

    assert (await only_letter(letters)).purchase_order_id == "9999999999999"
    signals = [
        event.workflow_execution_signaled_event_attributes.signal_name
        for event in (await order.fetch_history()).events
    ]
    assert signals.count("delivery_reported") == 1


async def test_nothing_is_kept_of_a_sender_without_proof(
    starter: httpx.AsyncClient, letters: DeadLetters
):
    body = json.dumps(order_update("1796277083022")).encode()
    refused = [
        await starter.post("/webhooks/walmart/nobody", content=body),
        await starter.post("/webhooks/walmart/acme", content=b"not json"),
        await starter.post("/ion/message", content=b"not a document"),
        await starter.post("/ion/message", content=bod("Shipment", entity="999_ZZZ")),
        await starter.post("/ion/message", content=bod("Shipment", purchase_order_id="1")),
    ]

    assert [response.status_code for response in refused] == [404, 401, 400, 404, 401]
    assert await letters.find() == ()


async def test_pair_that_takes_everything_proves_nothing_for_another(
    temporal: Client, letters: DeadLetters
):
    settings = settings_with({"unsigned": True})
    async with caller(temporal, settings, letters=letters) as http:
        response = await http.post("/webhooks/walmart/nobody", content=b"{}")

    assert response.status_code == 404
    assert await letters.find() == ()


async def test_same_message_again_is_counted_and_not_kept_twice(
    starter: httpx.AsyncClient, letters: DeadLetters
):
    for _ in range(3):
        await starter.post("/webhooks/walmart/acme", content=b"{", headers=signed(b"{"))

    letter = await only_letter(letters)
    assert letter.count == 3
    assert letter.first_at < letter.last_at


async def test_same_document_in_another_envelope_is_the_same_letter(
    starter: httpx.AsyncClient, letters: DeadLetters, purchase_order_id: str
):
    document = bod("Shipment", purchase_order_id=purchase_order_id)
    parameters = json.dumps(ims_parameters("Sync.Shipment")).encode()
    files = [
        ("ParameterRequest", (None, parameters, "application/json")),
        ("MessagePayload", ("MessagePayload", document, "application/octet-stream")),
    ]
    for _ in range(2):  # each has a boundary of its own
        await starter.post("/ion/v3/multipartMessage", files=files, headers=HEADERS)

    assert (await only_letter(letters)).count == 2


async def test_sender_repeats_what_could_not_be_kept(
    starter: httpx.AsyncClient, letters: DeadLetters, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dead_letters, "MAX_OPEN", 0)

    response = await starter.post("/webhooks/walmart/acme", content=b"{", headers=signed(b"{"))

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert await letters.find() == ()


async def test_sender_repeats_what_the_ledger_did_not_take(
    starter: httpx.AsyncClient, place: Path | URL
):
    async with open_database(place) as database:
        await database.change("DROP TABLE dead_letters")

    response = await starter.post("/webhooks/walmart/acme", content=b"{", headers=signed(b"{"))

    assert response.status_code == 503
    metrics = await starter.get("/metrics")
    assert metrics.status_code == 200
    assert 'kind="webhook",outcome="not_kept"} 1' in metrics.text


async def test_neither_file_nor_log_shows_what_a_letter_says(
    starter: httpx.AsyncClient, letters: DeadLetters, place: Path | URL
):
    event = legacy_event("Jane Doe, 1 Main Street")
    with structlog.testing.capture_logs() as logs:
        await deliver(starter, event)

    stored = await stored_in(place)
    assert "UNREADABLE" in stored
    assert "Jane" not in stored
    assert "Jane" not in json.dumps(logs)
    letter = await only_letter(letters)
    assert json.loads(await letters.body(letter.id)) == event


async def test_metrics_count_dead_letters_by_cause_and_show_how_many_are_open(
    starter: httpx.AsyncClient, letters: DeadLetters
):
    for body in (b"{", b"[", b"{"):
        await starter.post("/webhooks/walmart/acme", content=body, headers=signed(body))
    [latest, _] = await letters.find()
    await letters.close(
        latest.id, LetterState.DISCARDED, by="ann", reason="a test", at=datetime.now(UTC)
    )

    metrics = (await starter.get("/metrics")).text

    counted = 'm3_walmart_starter_dead_letters_total{source="walmart",cause="UNREADABLE"} 3'
    assert counted in metrics
    assert "m3_walmart_dead_letters_open 1\n" in metrics
