"""connectors/walmart.py: one try per call, one meaning per answer."""

import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import respx

from connectors.tokens import Token, TokenAuth, TokenSource
from connectors.walmart import WalmartAccount, WalmartClient, fetch_walmart_token
from domain.errors import NotFound, RateLimited, Rejected, Unavailable

BASE = "https://marketplace.test"
ORDER = "1796277083022"
ACCOUNT = WalmartAccount(base_url=BASE, service_name="m3-walmart")
SECRET = "swordfish"  # noqa: S105
SINCE = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def walmart() -> Iterator[respx.MockRouter]:
    """Walmart; a request to another place fails the test."""
    with respx.mock(base_url=BASE) as router:
        yield router


@pytest.fixture
async def client() -> AsyncIterator[WalmartClient]:
    tokens = iter(f"token-{number}" for number in range(1, 10))

    async def log_in() -> Token:
        return Token(value=next(tokens), expires_in=900)

    auth = TokenAuth(TokenSource(log_in), header="WM_SEC.ACCESS_TOKEN")
    async with httpx.AsyncClient(auth=auth) as http:
        yield WalmartClient(http, ACCOUNT)


def page(*numbers: str, cursor: str | None = None) -> httpx.Response:
    """Return a page of released orders."""
    elements = {"order": [{"purchaseOrderId": number} for number in numbers]}
    return httpx.Response(
        200, json={"list": {"meta": {"nextCursor": cursor}, "elements": elements}}
    )


async def released(client: WalmartClient) -> list[str]:
    return [
        order["purchaseOrderId"]
        async for orders in client.released_orders(created_since=SINCE)
        for order in orders
    ]


async def test_order_is_unwrapped_and_amounts_are_decimal(
    walmart: respx.MockRouter, client: WalmartClient
):
    walmart.get(f"/v3/orders/{ORDER}").respond(
        content=b'{"order": {"purchaseOrderId": "1796277083022", "amount": 24.10}}'
    )

    order = await client.order(ORDER)

    assert order == {"purchaseOrderId": ORDER, "amount": Decimal("24.10")}
    assert str(order["amount"]) == "24.10"


async def test_every_call_names_itself_and_carries_the_token(
    walmart: respx.MockRouter, client: WalmartClient
):
    route = walmart.post(f"/v3/orders/{ORDER}/acknowledge").respond(json={})

    await client.acknowledge_order(ORDER)
    await client.acknowledge_order(ORDER)

    first, second = (call.request for call in route.calls)
    assert first.headers["WM_SEC.ACCESS_TOKEN"] == "token-1"  # noqa: S105
    assert first.headers["WM_SVC.NAME"] == "m3-walmart"
    assert first.headers["Accept"] == "application/json"
    correlations = {request.headers["WM_QOS.CORRELATION_ID"] for request in (first, second)}
    assert len(correlations) == 2
    assert first.content == b""


async def test_shipment_is_sent_as_it_is(walmart: respx.MockRouter, client: WalmartClient):
    route = walmart.post(f"/v3/orders/{ORDER}/shipping").respond(json={"order": {}})
    body: dict[str, Any] = {"orderShipment": {"orderLines": {"orderLine": []}}}

    await client.ship_lines(ORDER, body)

    assert json.loads(route.calls.last.request.content) == body


async def test_released_orders_are_asked_for_without_milliseconds(
    walmart: respx.MockRouter, client: WalmartClient
):
    route = walmart.get("/v3/orders/released").mock(return_value=page("1"))

    assert await released(client) == ["1"]

    assert route.calls.last.request.url.query == (
        b"limit=200&createdStartDate=2026-03-01T12:00:00Z"
    )


async def test_cursor_goes_back_as_it_came(walmart: respx.MockRouter, client: WalmartClient):
    cursor = "?limit=200&hasMoreElements=true&soIndex=200&poIndex=9%2F1&x=a+b%3D&partnerId=1"
    route = walmart.get("/v3/orders/released").mock(
        side_effect=[page("1", "2", cursor=cursor), page("3")]
    )

    assert await released(client) == ["1", "2", "3"]

    assert "?" + route.calls.last.request.url.query.decode() == cursor


async def test_cursor_that_comes_back_ends_the_list(
    walmart: respx.MockRouter, client: WalmartClient
):
    walmart.get("/v3/orders/released").mock(
        side_effect=[page("1", cursor="?a=1"), page("2", cursor="?a=1")]
    )

    assert await released(client) == ["1", "2"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json={"errors": {"error": [{"code": "CONTENT_NOT_FOUND.X"}]}}),
        httpx.Response(404, json={"errors": [{"code": "NOT_FOUND.GMP_ORDER_API"}]}),
        httpx.Response(200, json={"list": {"meta": {"totalCount": 0}, "elements": {"order": []}}}),
        httpx.Response(200, json={"list": {"meta": None, "elements": None}}),
        httpx.Response(200, json={"list": None}),
    ],
    ids=["404", "404 of the specification", "empty list", "nulls", "null"],
)
async def test_no_released_orders(
    walmart: respx.MockRouter, client: WalmartClient, answer: httpx.Response
):
    walmart.get("/v3/orders/released").mock(return_value=answer)

    assert await released(client) == []


async def test_single_released_order_may_come_without_a_list(
    walmart: respx.MockRouter, client: WalmartClient
):
    walmart.get("/v3/orders/released").respond(
        json={"list": {"elements": {"order": {"purchaseOrderId": "1"}}}}
    )

    assert await released(client) == ["1"]


async def test_unknown_order_is_not_found(walmart: respx.MockRouter, client: WalmartClient):
    walmart.get(f"/v3/orders/{ORDER}").respond(
        404, json={"errors": [{"code": "NOT_FOUND.GMP_ORDER_API", "description": "Not found."}]}
    )

    with pytest.raises(NotFound, match=rf"GET /v3/orders/{ORDER}: Not found\."):
        await client.order(ORDER)


async def test_token_detail_is_returned_whole(walmart: respx.MockRouter, client: WalmartClient):
    detail = {"is_valid": True, "scopes": {"orders": "full_access"}}
    walmart.get("/v3/token/detail").respond(json=detail)

    assert await client.token_detail() == detail


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
async def test_failure_on_their_side_is_an_outage(
    walmart: respx.MockRouter, client: WalmartClient, status: int
):
    error = {"code": "SYSTEM_ERROR.GMP_GATEWAY_API", "category": "SYSTEM"}
    walmart.get(f"/v3/orders/{ORDER}").respond(status, json={"errors": {"error": [error]}})

    with pytest.raises(Unavailable, match=f"HTTP {status}"):
        await client.order(ORDER)


async def test_valid_requests_refused_during_an_outage_are_an_outage(
    walmart: respx.MockRouter, client: WalmartClient
):
    error = {
        "code": "INVALID_REQUEST.GMP_ORDER_API",
        "field": "data",
        "description": "Invalid Request",
    }
    walmart.get(f"/v3/orders/{ORDER}").respond(400, json={"errors": {"error": [error]}})

    with pytest.raises(Unavailable, match="outage"):
        await client.order(ORDER)


@pytest.mark.parametrize("body", [b"<html>maintenance</html>", b"[]", b""])
async def test_success_that_is_no_document_is_an_outage(
    walmart: respx.MockRouter, client: WalmartClient, body: bytes
):
    walmart.get(f"/v3/orders/{ORDER}").respond(200, content=body)

    with pytest.raises(Unavailable, match="no JSON object"):
        await client.order(ORDER)


@pytest.mark.parametrize("failure", [httpx.ConnectTimeout, httpx.ReadError, httpx.WriteError])
async def test_network_failure_is_an_outage(
    walmart: respx.MockRouter, client: WalmartClient, failure: type[httpx.TransportError]
):
    route = walmart.post(f"/v3/orders/{ORDER}/acknowledge").mock(side_effect=failure("cut"))

    with pytest.raises(Unavailable, match=failure.__name__):
        await client.acknowledge_order(ORDER)

    assert route.call_count == 1  # repeating is for who can look first


async def test_expired_token_is_replaced_once(walmart: respx.MockRouter, client: WalmartClient):
    route = walmart.post(f"/v3/orders/{ORDER}/acknowledge").mock(
        side_effect=[httpx.Response(401), httpx.Response(200, json={})]
    )

    await client.acknowledge_order(ORDER)

    used = [call.request.headers["WM_SEC.ACCESS_TOKEN"] for call in route.calls]
    assert used == ["token-1", "token-2"]


async def test_fresh_token_that_is_refused_is_an_outage(
    walmart: respx.MockRouter, client: WalmartClient
):
    route = walmart.get(f"/v3/orders/{ORDER}").respond(
        401, json={"errors": {"error": [{"code": "UNAUTHORIZED.GMP_GATEWAY_API"}]}}
    )

    with pytest.raises(Unavailable, match="HTTP 401") as caught:
        await client.order(ORDER)

    assert route.call_count == 2
    assert "token-" not in str(caught.value)


def in_epoch_milliseconds(seconds: float) -> str:
    return str(round((time.time() + seconds) * 1000))


def in_iso(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def in_iso_without_zone(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "7", "X-Next-Replenishment-Time": in_epoch_milliseconds(900)}, 7),
        ({"X-Next-Replenishment-Time": "12"}, 12),
        ({"X-Next-Replenishment-Time": "0.4"}, 1),
        ({"X-Next-Replenishment-Time": "86400"}, 3600),
        ({"X-Next-Replenishment-Time": in_epoch_milliseconds(-60)}, 1),
        ({"X-Next-Replenishment-Time": in_iso(90_000)}, 3600),
        ({"X-Next-Replenishment-Time": "soon"}, None),
        ({}, None),
    ],
)
async def test_throttling_carries_the_wait(
    walmart: respx.MockRouter, client: WalmartClient, headers: dict[str, str], seconds: int | None
):
    walmart.get(f"/v3/orders/{ORDER}").respond(429, headers=headers)

    with pytest.raises(RateLimited) as caught:
        await client.order(ORDER)

    wait = None if seconds is None else timedelta(seconds=seconds)
    assert caught.value.retry_after == wait


@pytest.mark.parametrize("written", [in_epoch_milliseconds, in_iso, in_iso_without_zone])
@pytest.mark.parametrize("header", ["X-Next-Replenishment-Time", "X-Next-Replenish-Time"])
async def test_throttling_until_a_moment_carries_the_rest_of_the_wait(
    walmart: respx.MockRouter, client: WalmartClient, header: str, written: Any
):
    walmart.get(f"/v3/orders/{ORDER}").respond(429, headers={header: written(600)})

    with pytest.raises(RateLimited) as caught:
        await client.order(ORDER)

    assert caught.value.retry_after is not None
    assert timedelta(seconds=500) < caught.value.retry_after <= timedelta(seconds=601)


async def log_in() -> Token:
    async with httpx.AsyncClient() as http:
        return await fetch_walmart_token(http, ACCOUNT, client_id="me", client_secret=SECRET)


async def test_log_in_sends_the_key_as_basic_and_asks_for_json(walmart: respx.MockRouter):
    route = walmart.post("/v3/token").respond(json={"access_token": "abc", "expires_in": 900})

    token = await log_in()

    request = route.calls.last.request
    assert (token.value, token.expires_in) == ("abc", 900)
    assert parse_qs(request.content.decode()) == {"grant_type": ["client_credentials"]}
    assert base64.b64decode(request.headers["Authorization"].split()[1]) == b"me:swordfish"
    assert request.headers["Accept"] == "application/json"
    assert "WM_QOS.CORRELATION_ID" in request.headers


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, text="Bad Request"),
        httpx.Response(401, json={"error": [{"code": "UNAUTHORIZED.GMP_GATEWAY_API"}]}),
        httpx.Response(200, json=["unexpected"]),
        httpx.Response(200, text="<OAuthTokenDTO/>"),
    ],
)
async def test_refused_log_in_names_the_mend_and_no_secret(
    walmart: respx.MockRouter, answer: httpx.Response
):
    walmart.post("/v3/token").mock(return_value=answer)

    with pytest.raises(Rejected, match="check client_id and client_secret") as caught:
        await log_in()

    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize(
    "failure",
    [httpx.Response(503), httpx.Response(429), httpx.ConnectError("swordfish refused")],
)
async def test_log_in_that_fails_on_their_side_is_an_outage(
    walmart: respx.MockRouter, failure: httpx.Response | Exception
):
    walmart.post("/v3/token").mock(side_effect=[failure])

    with pytest.raises(Unavailable) as caught:
        await log_in()

    assert "swordfish" not in str(caught.value)
