"""Tokens, headers, formats and limits at the simulated Walmart."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from simulators.walmart.app import OPERATIONS
from simulators.walmart.state import SellerAccount
from tests.integration.walmart_seller import HEADERS, Seller, description, seller_of

CLIENT = ("sim-client", "sim-secret")
GRANT = {"grant_type": "client_credentials"}


@pytest_asyncio.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount()) as seller:
        yield seller


async def token(seller: Seller, client: tuple[str, str] = CLIENT, **headers: str) -> httpx.Response:
    return await seller.http.post("/v3/token", data=GRANT, auth=client, headers=HEADERS | headers)


async def test_client_credentials_give_a_token_for_fifteen_minutes(seller: Seller):
    granted = (await token(seller)).json()

    assert granted.items() >= {"token_type": "Bearer", "expires_in": 900}.items()
    assert granted["access_token"] in seller.account.tokens
    assert (await seller.control("requests"))["tokens"] == 1


async def test_a_token_comes_as_xml_unless_json_is_asked_for(seller: Seller):
    answer = await token(seller, Accept="*/*")

    assert answer.headers["content-type"].startswith("application/xml")
    assert "<accessToken>sim-token-" in answer.text


async def test_wrong_credentials_are_a_bare_400_and_missing_ones_a_401(seller: Seller):
    wrong = await token(seller, ("sim-client", "guessed"))
    missing = await seller.http.post("/v3/token", data=GRANT, headers=HEADERS)

    assert (wrong.status_code, wrong.text) == (400, "Bad Request")
    assert missing.status_code == 401


async def test_other_grants_are_refused(seller: Seller):
    answer = await seller.http.post(
        "/v3/token", data={"grant_type": "password"}, auth=CLIENT, headers=HEADERS
    )

    assert answer.status_code == 400


async def test_token_detail_tells_what_the_token_may_do(seller: Seller):
    detail = (await seller.get("/v3/token/detail")).json()

    assert detail["is_valid"] is True
    assert detail["scopes"]["orders"] == "full_access"
    assert int(detail["expire_at"]) - int(detail["issued_at"]) == 900_000


async def test_an_expired_token_is_unauthorized(seller: Seller):
    await seller.control("tokens", {"expires_in": 0})
    expired = (await token(seller)).json()["access_token"]

    answer = await seller.http.get("/v3/orders", headers=HEADERS | {"WM_SEC.ACCESS_TOKEN": expired})

    assert answer.status_code == 401
    assert answer.json()["errors"]["error"][0]["code"] == "UNAUTHORIZED.GMP_GATEWAY_API"


async def test_revoked_tokens_are_unauthorized(seller: Seller):
    await seller.control("tokens", {"revoke": True})

    assert (await seller.get("/v3/orders")).status_code == 401


async def test_a_token_as_bearer_alone_is_unauthorized(seller: Seller):
    bearer = seller.http.headers.pop("WM_SEC.ACCESS_TOKEN")

    answer = await seller.http.get(
        "/v3/orders", headers=HEADERS | {"Authorization": f"Bearer {bearer}"}
    )

    assert answer.status_code == 401


@pytest.mark.parametrize("missing", ["WM_QOS.CORRELATION_ID", "WM_SVC.NAME", "WM_SEC.ACCESS_TOKEN"])
async def test_every_call_needs_walmarts_headers(seller: Seller, missing: str):
    seller.http.headers["WM_SEC.ACCESS_TOKEN"] = seller.account.issue_token()
    headers = HEADERS | {"WM_SEC.ACCESS_TOKEN": seller.http.headers["WM_SEC.ACCESS_TOKEN"]}
    del seller.http.headers["WM_SEC.ACCESS_TOKEN"], headers[missing]

    answer = await seller.http.get("/v3/orders", headers=headers)

    assert answer.status_code == 400
    assert description(answer) == f"{missing} is required"


async def test_answers_are_xml_unless_json_is_asked_for(seller: Seller):
    number = await seller.place()
    headers = {name: value for name, value in HEADERS.items() if name != "Accept"}

    order = await seller.http.get(f"/v3/orders/{number}", headers=headers)
    unknown = await seller.http.get("/v3/orders/1", headers=headers)

    assert f"<ns3:purchaseOrderId>{number}</ns3:purchaseOrderId>" in order.text
    assert unknown.text.startswith("<?xml")
    assert "<ns4:code>CONTENT_NOT_FOUND.GMP_ORDER_API</ns4:code>" in unknown.text


async def test_an_address_walmart_does_not_have_is_named(seller: Seller):
    unknown = await seller.get("/v3/order")
    wrong_method = await seller.http.delete("/v3/orders", headers=HEADERS)

    assert unknown.status_code == 404
    assert unknown.json()["errors"]["error"][0]["code"] == "URI_NOT_FOUND.GMP_GATEWAY_API"
    assert wrong_method.status_code == 405


async def test_every_answer_tells_what_is_left_of_the_limit(seller: Seller):
    answer = await seller.get("/v3/orders/released")

    assert answer.headers["x-current-token-count"] == "59"
    assert int(answer.headers["x-next-replenishment-time"]) > seller.account.now() * 1000


async def test_requests_beyond_the_limit_are_throttled_until_the_bucket_fills():
    at = 1_000_000.0
    async with seller_of(SellerAccount(now=lambda: at)) as seller:
        await asyncio.gather(*(seller.get("/v3/orders/released") for _ in range(60)))

        throttled = await seller.get("/v3/orders/released")
        other = await seller.get("/v3/orders")
        at += 1
        later = await seller.get("/v3/orders/released")

    assert throttled.status_code == 429
    assert throttled.headers["Retry-After"] == "1"
    assert throttled.headers["x-current-token-count"] == "0"
    assert throttled.json()["errors"]["error"][0]["code"] == (
        "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API"
    )
    assert (other.status_code, later.status_code) == (404, 404)


async def test_limits_can_be_widened(seller: Seller):
    await seller.control("limits", {"scale": 10})

    answer = await seller.get("/v3/orders/released")

    assert answer.headers["x-current-token-count"] == "599"


async def test_reset_forgets_everything_but_the_tokens(seller: Seller):
    await seller.place()
    await seller.control("limits", {"scale": 10})
    await seller.control("reset", {})

    answer = await seller.get("/v3/orders")

    assert answer.status_code == 404
    assert answer.headers["x-current-token-count"] == "4999"
    assert await seller.control("requests") == {
        "total": 1,
        "by_operation": {"list_orders": 1},
        "tokens": 0,
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("orders", {"count": 1, "mix": "wild"}),
        ("orders", {"amount": 1}),
        ("orders", {"count": "many"}),
        ("faults", {"share": 2}),
        ("faults", {"kinds": ["earthquake"]}),
        ("events", {"purchase_order_id": "1", "sub_event_type": "PO_CREATED"}),
        ("webhooks", {"copy": 2}),
        ("limits", {"scale": 0}),
    ],
)
async def test_control_routes_refuse_what_they_do_not_understand(seller: Seller, path, body):
    assert (await seller.http.post(f"/_sim/{path}", json=body)).status_code == 400


def test_operation_names_are_unique():
    names = [operation.name for operation in OPERATIONS]

    assert len(names) == len(set(names))
