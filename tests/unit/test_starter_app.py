"""What the starter answers while Temporal cannot be reached, and to what it does not take."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest
import structlog
from pydantic import SecretStr
from temporalio.client import Client

from starter.webhooks import MAX_WEBHOOK_BYTES
from tests.starter_messages import (
    ION_SECRET,
    SIGNED,
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

OAUTH = {
    "method": "oauth",
    "user": "walmart",
    "secret": SecretStr("client-secret"),
    "header": "Authorization",
}


@pytest.fixture
async def nowhere() -> Client:
    """A client for a Temporal that is not there. Port 1 is reserved, so nobody listens."""
    return await Client.connect("127.0.0.1:1", lazy=True)


@pytest.fixture
async def starter(nowhere: Client) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(nowhere) as http:
        yield http


async def counted(http: httpx.AsyncClient) -> dict[tuple[str, str], int]:
    text = (await http.get("/metrics")).text
    found = re.findall(r'events_total\{kind="(.+?)",outcome="(.+?)"\} (\d+)', text)
    return {(kind, outcome): int(count) for kind, outcome, count in found}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (legacy_event("1"), "PO_CREATED"),
        (order_update("1", "FRAUD_CANCEL"), "FRAUD_CANCEL"),
    ],
)
async def test_event_is_not_taken_while_temporal_is_away(
    starter: httpx.AsyncClient, event: object, kind: str
):
    response = await deliver(starter, event)

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert await counted(starter) == {(kind, "temporal_unavailable"): 1}


@pytest.mark.parametrize("references", [{"purchase_order_id": "1"}, {"m3_order_number": "42"}])
async def test_ion_message_is_not_taken_while_temporal_is_away(
    starter: httpx.AsyncClient, references: dict[str, str]
):
    message = api_message(bod("Shipment", **references), ims_parameters("Sync.Shipment"))

    response = await starter.post("/ion/message", content=message, headers={"X-ION": ION_SECRET})

    assert response.status_code == 503
    assert await counted(starter) == {("Sync.Shipment", "temporal_unavailable"): 1}


async def test_process_is_live_but_not_ready_while_temporal_is_away(starter: httpx.AsyncClient):
    health, ready = await starter.get("/health"), await starter.get("/ready")

    assert (health.status_code, ready.status_code) == (200, 503)
    assert health.json() == {"status": "live", "temporal": "unreachable"}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"source": {"eventType": "INVENTORY_OOS"}, "payload": {}}, "INVENTORY_OOS"),
        ({"source": {"eventType": "BUY_BOX_CHANGED"}, "payload": {}}, "BUY_BOX_CHANGED"),
        ({"payload": {"returnOrders": []}}, "RETURN_CREATED"),
    ],
)
async def test_event_nobody_waits_for_is_accepted_and_counted(
    starter: httpx.AsyncClient, event: object, kind: str
):
    response = await deliver(starter, event)

    assert (response.status_code, response.json()) == (200, {"outcome": "ignored"})
    assert await counted(starter) == {(kind, "ignored"): 1}


async def test_unreadable_webhook_is_kept_logged_and_counted(starter: httpx.AsyncClient):
    with structlog.testing.capture_logs() as logs:
        response = await deliver(starter, legacy_event("Jane Doe, 1 Main Street"))

    assert (response.status_code, response.json()) == (200, {"outcome": "dead_letter"})
    assert await counted(starter) == {("webhook", "dead_letter"): 1}
    [entry] = logs
    assert entry["event"] == "dead_letter_kept"
    assert (entry["pair"], entry["cause"]) == ("acme", "UNREADABLE")
    assert "purchaseOrderId" in entry["reason"]
    assert re.fullmatch("[0-9a-f]{12}", entry["payload_hash"])
    assert "Jane" not in json.dumps(logs)


async def test_wrong_signature_starts_nothing(starter: httpx.AsyncClient):
    body = json.dumps(legacy_event("1")).encode()

    for headers in ({}, signed(body + b" ")):
        response = await starter.post("/webhooks/walmart/acme", content=body, headers=headers)
        assert response.status_code == 401

    # Temporal is away: had anything been handed over, it would have been a 503.
    assert await counted(starter) == {("webhook", "not_authentic"): 2}


async def test_signature_is_checked_before_the_body_is_read(starter: httpx.AsyncClient):
    response = await starter.post("/webhooks/walmart/acme", content=b"not json")

    assert response.status_code == 401


async def test_content_type_does_not_matter(starter: httpx.AsyncClient):
    body = b'{"source": {"eventType": "INVENTORY_OOS"}}'

    for content_type in ("text/plain", "application/xml", "application/json; charset=utf-8"):
        headers = {**signed(body), "Content-Type": content_type}
        response = await starter.post("/webhooks/walmart/acme", content=body, headers=headers)
        assert response.status_code == 200


async def test_unknown_pair_is_not_found(starter: httpx.AsyncClient):
    assert (await starter.post("/webhooks/walmart/nobody", content=b"{}")).status_code == 404
    assert (await starter.post("/webhooks/walmart/nobody/token")).status_code == 404
    assert await counted(starter) == {
        ("webhook", "unknown_receiver"): 1,
        ("token", "unknown_receiver"): 1,
    }


async def test_body_of_absurd_size_is_refused(starter: httpx.AsyncClient):
    body = b" " * (MAX_WEBHOOK_BYTES + 1)

    response = await starter.post("/webhooks/walmart/acme", content=body, headers=signed(body))

    assert response.status_code == 413


async def test_unsigned_pair_takes_everything(nowhere: Client):
    async with caller(nowhere, settings_with({"unsigned": True})) as http:
        response = await http.post(
            "/webhooks/walmart/acme", content=b'{"source": {"eventType": "INVENTORY_OOS"}}'
        )

    assert response.status_code == 200


@pytest.mark.parametrize("way", ["basic", "form", "json"])
async def test_walmart_fetches_a_token_and_delivers_with_it(nowhere: Client, way: str):
    credentials = {"client_id": "walmart", "client_secret": "client-secret"}
    grant = {"grant_type": "client_credentials"}
    async with caller(nowhere, settings_with(OAUTH)) as http:
        token = "/webhooks/walmart/acme/token"  # noqa: S105
        match way:
            case "basic":
                auth = ("walmart", "client-secret")
                issued = await http.post(token, data=grant, auth=auth)
            case "form":
                issued = await http.post(token, data=grant | credentials)
            case _:
                issued = await http.post(token, json=grant | credentials)
        answer = issued.json()
        delivered = await http.post(
            "/webhooks/walmart/acme",
            json={"source": {"eventType": "INVENTORY_OOS"}},
            headers={"Authorization": f"Bearer {answer['access_token']}"},
        )

    assert issued.headers["Cache-Control"] == "no-store"
    assert answer["expires_in"] == 3600
    assert delivered.status_code == 200


@pytest.mark.parametrize(
    ("request_body", "authorization", "status"),
    [
        ({"grant_type": "password"}, None, 400),
        ({}, None, 400),
        ({"grant_type": "client_credentials"}, None, 401),
        ({"grant_type": "client_credentials"}, "Basic ***", 401),
        ({"grant_type": "client_credentials", "client_id": "walmart"}, None, 401),
    ],
)
async def test_token_is_refused(
    nowhere: Client, request_body: dict[str, str], authorization: str | None, status: int
):
    headers = {"Authorization": authorization} if authorization else {}
    async with caller(nowhere, settings_with(OAUTH)) as http:
        response = await http.post(
            "/webhooks/walmart/acme/token", data=request_body, headers=headers
        )

    assert response.status_code == status
    assert "access_token" not in response.text


async def test_token_that_is_not_utf8_is_unreadable(nowhere: Client):
    async with caller(nowhere, settings_with(OAUTH)) as http:
        response = await http.post("/webhooks/walmart/acme/token", content=b"\xff{")

    assert response.status_code == 400


async def test_pair_without_oauth_issues_no_token(starter: httpx.AsyncClient):
    assert SIGNED["method"] != "oauth"
    assert (await starter.post("/webhooks/walmart/acme/token")).status_code == 404


async def test_ion_learns_how_to_talk_to_us(starter: httpx.AsyncClient):
    protocol = (await starter.get("/ion/protocol")).json()

    assert (await starter.get("/ion/ping")).status_code == 200
    assert protocol == {
        "messageMethod": "multipartMessage",
        "version": "v3",
        "hasDiscovery": False,
    }
    assert (await starter.get("/ion/discovery")).json() == {
        "documents": ["Sync.Shipment", "Sync.Invoice"]
    }


@pytest.mark.parametrize(
    ("entity", "secret", "status", "outcome"),
    [
        ("100_AAA", "wrong", 401, "not_authentic"),
        ("100_AAA", "", 401, "not_authentic"),
        ("999_ZZZ", "wrong", 404, "unknown_receiver"),
    ],
)
async def test_ion_message_from_elsewhere_is_refused(
    starter: httpx.AsyncClient, entity: str, secret: str, status: int, outcome: str
):
    parameters = ims_parameters("Sync.Shipment") | {"accountingEntity": entity}
    message = api_message(bod("Shipment", purchase_order_id="1"), parameters)

    response = await starter.post("/ion/message", content=message, headers={"X-ION": secret})

    assert response.status_code == status
    assert await counted(starter) == {("ion_message", outcome): 1}


@pytest.mark.parametrize(
    ("document_name", "document", "outcome"),
    [
        ("Sync.ItemMaster", b"<SyncItemMaster/>", "ignored"),
        ("Acknowledge.Shipment", b"not even XML", "ignored"),
        ("Sync.Shipment", bod("Shipment", purchase_order_id="1", action="Delete"), "ignored"),
        ("Sync.Shipment", bod("Shipment"), "unmatched"),
        ("Sync.Shipment", bod("Shipment", purchase_order_id="PO 4711/B"), "unmatched"),
        ("Sync.Shipment", bod("Shipment", m3_order_number="' OR 1"), "unmatched"),
    ],
)
async def test_document_of_nobody_we_know_is_accepted(
    starter: httpx.AsyncClient, document_name: str, document: bytes, outcome: str
):
    message = api_message(document, ims_parameters(document_name))

    response = await starter.post("/ion/message", content=message, headers={"X-ION": ION_SECRET})

    assert (response.status_code, response.json()) == (200, {"outcome": outcome})


@pytest.mark.parametrize("body", [b"", b"{}", b"<SyncShipment"])
async def test_unreadable_message_of_nobody_we_know_is_refused(
    starter: httpx.AsyncClient, body: bytes
):
    response = await starter.post("/ion/message", content=body)

    assert response.status_code == 400
    assert await counted(starter) == {("ion_message", "unreadable"): 1}


async def test_sender_that_never_finishes_is_let_go(
    starter: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("starter.reception.BODY_SECONDS", 0.01)

    async def dribble() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    response = await starter.post("/webhooks/walmart/acme", content=dribble())

    assert response.status_code == 400
