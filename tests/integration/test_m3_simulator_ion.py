"""ION messages of the simulated M3: their form, copies, losses and retries."""

import asyncio
import email
import email.policy
import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from lxml import etree

from simulators.m3.app import create_app
from simulators.m3.state import M3Tenant
from tests.integration.m3_caller import REFERENCE, Caller, Clock, caller_of

BOD = "{http://schema.infor.com/InforOAGIS/2}"


class Subscriber:
    """What ION delivers to; answers as told."""

    def __init__(self, answer: Callable[[int], int]) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer
        self._arrived = asyncio.Condition()

    async def receive(self, request: httpx.Request) -> httpx.Response:
        async with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        return httpx.Response(self._answer(len(self.requests)))

    async def wait_for(self, count: int) -> list[httpx.Request]:
        async with self._arrived, asyncio.timeout(5):
            await self._arrived.wait_for(lambda: len(self.requests) >= count)
        return self.requests


@asynccontextmanager
async def subscribed(
    answer: Callable[[int], int] = lambda _: 202, **settings: Any
) -> AsyncIterator[tuple[Caller, Subscriber]]:
    """Yield a caller whose M3 delivers messages, with ION running."""
    subscriber = Subscriber(answer)
    tenant = M3Tenant(Clock())
    tenant.outbox.transport = httpx.MockTransport(subscriber.receive)
    app = create_app(tenant, dict)
    async with app.router.lifespan_context(app), caller_of(tenant) as caller:
        await caller.control("warehouse", {"running": False})
        ion = {"url": "http://us.test/ion", "style": "ims_v3", "retry_seconds": [0, 0]}
        await caller.control("ion", ion | settings)
        yield caller, subscriber


def parts(request: httpx.Request) -> tuple[dict[str, str], bytes]:
    """Return parameters and payload of a multipart message, read without a web framework."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.content, policy=email.policy.HTTP)
    found = {part.get_param("name", header="content-disposition"): part for part in message.walk()}
    assert found["ParameterRequest"].get_content_type() == "application/json"
    assert found["MessagePayload"].get_content_type() == "application/octet-stream"
    parameters = found["ParameterRequest"].get_payload(decode=True)
    payload = found["MessagePayload"].get_payload(decode=True)
    assert isinstance(parameters, bytes)
    assert isinstance(payload, bytes)
    return json.loads(parameters), payload


async def test_a_shipment_and_an_invoice_are_published_as_multipart_messages():
    async with subscribed(headers={"X-Proof": "secret"}) as (caller, subscriber):
        number = await caller.order({"ORQT": "2"})
        await caller.ship(number)
        await caller.advance(number)
        shipment, invoice = await subscriber.wait_for(2)

    assert str(shipment.url) == "http://us.test/ion/v3/multipartMessage"
    assert shipment.headers["X-Proof"] == "secret"
    parameters, payload = parts(shipment)
    assert parameters["documentName"] == "Sync.Shipment"
    assert parameters["accountingEntity"] == "100_AAA"
    assert parameters["encoding"] == "NONE"
    header = etree.fromstring(payload).find(f".//{BOD}ShipmentHeader")
    assert header is not None
    assert header.findtext(f"{BOD}DocumentID/{BOD}ID") == parameters["documentId"]
    reference = header.find(f"{BOD}DocumentReference")
    assert reference is not None
    assert reference.get("type") == "SalesOrder"
    assert reference.findtext(f"{BOD}DocumentID/{BOD}ID") == number
    assert header.findtext(f"{BOD}PurchaseOrderReference/{BOD}DocumentID/{BOD}ID") == REFERENCE

    parameters, payload = parts(invoice)
    assert (parameters["documentName"], parameters["encoding"]) == ("Sync.Invoice", "DEFLATE")
    root = etree.fromstring(zlib.decompress(payload))
    assert root.findtext(f".//{BOD}BODID") == (
        f"infor-nid:ACME_TST:100_AAA::{parameters['documentId']}:1?Invoice&verb=Sync"
    )


async def test_an_api_connection_point_gets_one_json_body():
    async with subscribed(style="api", url="http://us.test/hook") as (caller, subscriber):
        await caller.ship(await caller.order())
        [request] = await subscriber.wait_for(1)

    body = json.loads(request.content)
    assert str(request.url) == "http://us.test/hook"
    assert body["documentName"] == "Sync.Shipment"
    assert body["document"]["encoding"] == "NONE"
    assert etree.fromstring(body["document"]["value"].encode()).tag == f"{BOD}SyncShipment"


async def test_copies_share_a_message_id():
    async with subscribed(copies=3) as (caller, subscriber):
        await caller.ship(await caller.order())
        requests = await subscriber.wait_for(3)

    assert len({parts(request)[0]["messageId"] for request in requests}) == 1


@pytest.mark.parametrize(
    ("answers", "requests", "outcome"),
    [
        ((503, 202), 2, {"delivered": 1}),
        ((503, 404, 201), 3, {"delivered": 1}),
        ((503, 503, 503), 3, {"failed": 1}),
    ],
)
async def test_a_refused_message_is_tried_three_times(
    answers: tuple[int, ...], requests: int, outcome: dict[str, int]
):
    async with subscribed(lambda count: answers[count - 1]) as (caller, subscriber):
        await caller.ship(await caller.order())
        received = await subscriber.wait_for(requests)
        await caller.tenant.outbox.settled()

    assert caller.tenant.outbox.outcomes == outcome
    assert len({parts(request)[0]["messageId"] for request in received}) == 1


async def test_a_dropped_message_is_never_sent():
    async with subscribed(drop=1.0) as (caller, subscriber):
        await caller.ship(await caller.order())
        await caller.tenant.outbox.settled()

        assert (await caller.control("ion"))["outcomes"] == {"dropped": 1}
    assert subscriber.requests == []


async def test_the_warehouse_works_by_itself_and_reports_what_it_did():
    async with subscribed() as (caller, subscriber):
        await caller.control("warehouse", {"delay_seconds": 0, "invoice_delay_seconds": 0})
        await caller.order()
        reported = await subscriber.wait_for(2)

    assert {parts(request)[0]["documentName"] for request in reported} == {
        "Sync.Shipment",
        "Sync.Invoice",
    }
