"""Subscriptions and deliveries of the simulated Walmart, to a real receiver."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.serving import serving
from simulators.walmart.state import SellerAccount
from tests.integration.walmart_seller import HEADERS, Seller, seller_of

SUBSCRIPTIONS = "/v3/webhooks/subscriptions"


class Receiver:
    """A subscriber that keeps what it got and answers what it was told to."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []  # answers to come; 200 when there are none
        self.requests: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def receive(self, request: Request) -> Response:
        self.requests.put_nowait((dict(request.headers), await request.body()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

    async def token(self, request: Request) -> Response:
        return JSONResponse({"access_token": "receivers-own", "expires_in": 60})

    async def next(self) -> tuple[dict[str, str], dict[str, Any]]:
        async with asyncio.timeout(5):
            headers, body = await self.requests.get()
        return headers, json.loads(body)


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    routes = [
        Route("/walmart", receiver.receive, methods=["POST"]),
        Route("/token", receiver.token, methods=["POST"]),
    ]
    async with serving(Starlette(routes=routes)) as url:
        receiver.url = url
        yield receiver


@pytest_asyncio.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount()) as seller:
        yield seller


async def subscribe(
    seller: Seller, receiver: Receiver, event_type: str = "ORDER_UPDATES", **fields: Any
) -> str:
    event = {
        "eventType": event_type,
        "eventVersion": "V1",
        "resourceName": "ORDER",
        "eventUrl": f"{receiver.url}/walmart",
        "status": "ACTIVE",
    }
    answer = await seller.http.post(
        SUBSCRIPTIONS, json={"events": [event | fields]}, headers=HEADERS
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["events"][0]["subscriptionId"])


async def settled(seller: Seller) -> dict[str, int]:
    """Return the outcomes once no delivery is under way."""
    async with asyncio.timeout(5):
        await seller.tasks.wait_all()
    return dict((await seller.control("webhooks"))["outcomes"])


async def test_a_new_order_is_announced_without_address_and_price(
    seller: Seller, receiver: Receiver
):
    await subscribe(seller, receiver)
    number = await seller.place(quantities=(2,))

    _, event = await receiver.next()
    await settled(seller)

    assert event["source"]["eventType"] == "ORDER_UPDATES"
    assert event["payload"]["meta"] == {"subEventType": "PO_CREATED"}
    order = event["payload"]["order"]
    assert order["purchaseOrderId"] == number
    assert order["orderLines"][0]["quantity"] == {"unitOfMeasure": "EACH", "measurementValue": "2"}
    assert "shippingInfo" not in order
    assert seller.account.orders[number].notified_at is not None


async def test_half_of_the_events_name_their_kind_elsewhere(seller: Seller, receiver: Receiver):
    await subscribe(seller, receiver)
    await seller.control("orders", {"count": 4, "mix": "plain"})

    payloads = [(await receiver.next())[1]["payload"] for _ in range(4)]

    assert sum("meta" in payload for payload in payloads) == 2
    assert sum(payload.get("subEventType") == "PO_CREATED" for payload in payloads) == 2


async def test_legacy_subscribers_get_the_legacy_event(seller: Seller, receiver: Receiver):
    await subscribe(seller, receiver, "PO_CREATED")
    number = await seller.place()

    _, event = await receiver.next()

    assert event["source"]["eventType"] == "PO_CREATED"
    assert event["payload"]["purchaseOrderId"] == number


async def test_a_cancellation_names_its_lines(seller: Seller, receiver: Receiver):
    number = await seller.place(quantities=(1, 1))
    await subscribe(seller, receiver)
    event = {
        "purchase_order_id": number,
        "sub_event_type": "PO_LINE_AUTOCANCELLED",
        "line_numbers": ["2"],
    }
    await seller.control("events", event)

    _, told = await receiver.next()

    [line] = told["payload"]["order"]["orderLines"]
    assert (line["lineNumber"], line["status"]) == ("2", "CANCELLED")


async def test_an_event_is_sent_again_with_the_same_id_until_it_is_accepted(
    seller: Seller, receiver: Receiver
):
    await seller.control("webhooks", {"retry_seconds": [0.01, 0.01, 0.01]})
    await subscribe(seller, receiver)
    receiver.statuses = [500, 404]
    await seller.place()

    ids = {(await receiver.next())[1]["source"]["eventId"] for _ in range(3)}

    assert len(ids) == 1
    assert await settled(seller) == {"events": 1, "failed_attempts": 2, "delivered": 1}


async def test_an_event_nobody_accepts_is_lost_after_three_retries(
    seller: Seller, receiver: Receiver
):
    await seller.control("webhooks", {"retry_seconds": [0.01, 0.01, 0.01]})
    await subscribe(seller, receiver)
    receiver.statuses = [500] * 4
    number = await seller.place()

    assert await settled(seller) == {"events": 1, "failed_attempts": 4, "lost": 1}
    assert seller.account.orders[number].notified_at is None


async def test_copies_carry_the_same_event_id(seller: Seller, receiver: Receiver):
    await seller.control("webhooks", {"copies": 3})
    await subscribe(seller, receiver)
    await seller.place()

    ids = {(await receiver.next())[1]["source"]["eventId"] for _ in range(3)}

    assert len(ids) == 1


async def test_dropped_events_are_never_sent(seller: Seller, receiver: Receiver):
    await seller.control("webhooks", {"drop": 0.5, "seed": 3})
    await subscribe(seller, receiver)
    await seller.control("orders", {"count": 40, "mix": "plain"})

    outcomes = await settled(seller)

    assert outcomes["dropped"] + outcomes["delivered"] == 40
    assert 10 < outcomes["dropped"] < 30


async def test_a_sale_of_the_last_unit_is_announced(seller: Seller, receiver: Receiver):
    await subscribe(seller, receiver, "INVENTORY_OOS", resourceName="INVENTORY")
    await seller.list_skus(**{"WM-LAMP-01": {"10002": 1}})
    await seller.control("sales", {"per_second": 1})
    await seller.control("clock", {"advance": 60})

    _, event = await receiver.next()

    assert event["source"]["eventType"] == "INVENTORY_OOS"
    assert event["payload"]["sku"] == "WM-LAMP-01"
    assert event["payload"]["shipNodes"] == [
        {"shipNode": "10002", "shipNodeName": "West", "availToSellQty": 0}
    ]
    assert await settled(seller) == {"events": 1, "delivered": 1}


async def test_inactive_and_deleted_subscriptions_get_nothing(seller: Seller, receiver: Receiver):
    kept = await subscribe(seller, receiver)
    deleted = await subscribe(seller, receiver)
    await seller.http.patch(f"{SUBSCRIPTIONS}/{kept}", json={"status": "INACTIVE"}, headers=HEADERS)
    gone = await seller.http.delete(f"{SUBSCRIPTIONS}/{deleted}", headers=HEADERS)
    await seller.place()

    assert gone.json()["subscriptionId"] == deleted
    assert await settled(seller) == {"events": 1}
    listed = (await seller.get(f"{SUBSCRIPTIONS}?status=INACTIVE")).json()["events"]
    assert [event["subscriptionId"] for event in listed] == [kept]


@pytest.mark.parametrize("encoding", ["hex", "base64"])
async def test_hmac_covers_the_whole_body(seller: Seller, receiver: Receiver, encoding: str):
    await seller.control("webhooks", {"hmac_encoding": encoding})
    proof = {"authMethod": "HMAC", "authHeaderName": "X-Proof", "clientSecret": "shared"}
    await subscribe(seller, receiver, authDetails=proof, headers={"X-Pair": "a"})
    await seller.place()

    async with asyncio.timeout(5):
        headers, body = await receiver.requests.get()

    digest = hmac.digest(b"shared", body, hashlib.sha256)
    expected = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    assert headers["x-proof"] == expected
    assert headers["x-pair"] == "a"


async def test_basic_and_oauth_deliveries_carry_their_credentials(
    seller: Seller, receiver: Receiver
):
    basic = {"authMethod": "BASIC_AUTH", "userName": "wm", "password": "pw"}
    await subscribe(seller, receiver, authDetails=basic)
    await seller.place()
    first, _ = await receiver.next()
    seller.account.subscriptions.clear()
    oauth = {
        "authMethod": "OAUTH",
        "authUrl": f"{receiver.url}/token",
        "clientId": "wm",
        "clientSecret": "shared",
    }
    await subscribe(seller, receiver, authDetails=oauth)
    await seller.place()
    second, _ = await receiver.next()

    assert first["authorization"] == "Basic " + base64.b64encode(b"wm:pw").decode()
    assert second["authorization"] == "Bearer receivers-own"


@pytest.mark.parametrize(
    "broken",
    [
        {"eventType": "PO_SHIPPED"},
        {"eventVersion": "V2"},
        {"resourceName": "ITEM"},
        {"eventUrl": "ftp://example.com"},
        {"status": "ON"},
        {"status": None},
        {"authDetails": {"authMethod": "HMAC"}},
        {"authDetails": {"authMethod": "TOKEN"}},
        {"headers": {"X-Pair": 1}},
    ],
)
async def test_a_subscription_walmart_does_not_understand_is_refused(
    seller: Seller, broken: dict[str, Any]
):
    event = {
        "eventType": "ORDER_UPDATES",
        "eventVersion": "V1",
        "resourceName": "ORDER",
        "eventUrl": "https://example.com/walmart",
        "status": "ACTIVE",
    }

    answer = await seller.http.post(
        SUBSCRIPTIONS, json={"events": [event, event | broken]}, headers=HEADERS
    )

    assert answer.status_code == 400
    assert seller.account.subscriptions == {}


async def test_a_test_delivery_tells_whether_the_subscriber_answers(
    seller: Seller, receiver: Receiver
):
    event = {
        "eventType": "ORDER_UPDATES",
        "eventVersion": "V1",
        "resourceName": "ORDER",
        "eventUrl": f"{receiver.url}/walmart",
    }
    test = "/v3/webhooks/test"

    accepted = await seller.http.post(test, json=event, headers=HEADERS)
    receiver.statuses = [500]
    refused = await seller.http.post(test, json=event, headers=HEADERS)

    assert (accepted.status_code, refused.status_code) == (200, 400)


async def test_event_types_hold_the_new_order_event(seller: Seller):
    events = (await seller.get("/v3/webhooks/eventTypes")).json()["events"]

    assert {"ORDER_UPDATES", "PO_CREATED"} <= {event["eventType"] for event in events}


async def test_a_new_subscription_gets_a_sample_only_when_asked(seller: Seller, receiver: Receiver):
    await subscribe(seller, receiver)
    assert receiver.requests.empty()

    await seller.control("webhooks", {"sample_on_create": True})
    await subscribe(seller, receiver)
    assert receiver.requests.qsize() == 1


async def test_orders_can_arrive_over_time(seller: Seller, receiver: Receiver):
    await subscribe(seller, receiver)
    answer = await seller.control("orders", {"count": 3, "mix": "plain", "interval_seconds": 0.01})
    await settled(seller)

    assert list(seller.account.orders) == answer["purchase_order_ids"]
    assert (await seller.control("webhooks"))["outcomes"]["delivered"] == 3
