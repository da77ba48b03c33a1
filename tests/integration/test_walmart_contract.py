"""The simulated Walmart speaks as Walmart's published schemas say."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from simulators.walmart.state import SellerAccount
from tests.contracts.walmart import OK, REQUEST, validator
from tests.integration.walmart_seller import HEADERS, Seller, seller_of

ORDER = "/v3/orders/{purchaseOrderId}"
SUBSCRIPTIONS = "/v3/webhooks/subscriptions"


@pytest_asyncio.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount()) as seller:
        yield seller


async def place_mixed(seller: Seller) -> None:
    """Place one cycle of mixed orders, less the historic shape no schema has: objects for lists."""
    await seller.control("orders", {"count": 25, "mix": "mixed"})
    historic = [
        number
        for number, order in seller.account.orders.items()
        if isinstance(order.document["orderLines"]["orderLine"], dict)
    ]
    for number in historic:
        del seller.account.orders[number], seller.account.released[number]


def subscription(**fields: Any) -> dict[str, Any]:
    return {
        "eventType": "ORDER_UPDATES",
        "eventVersion": "V1",
        "resourceName": "ORDER",
        "eventUrl": "https://example.com/walmart",
        "status": "ACTIVE",
    } | fields


async def test_a_wrong_value_and_an_invented_field_do_not_conform(seller: Seller):
    number = await seller.place()
    contract = validator(f"POST {ORDER}/acknowledge", OK)
    order = (await seller.acknowledge(number)).json()["order"]

    assert contract.is_valid({"order": order})
    assert not contract.is_valid({"order": order | {"orderDate": "today"}})
    assert not contract.is_valid({"order": order | {"purchaseOrder": number}})
    assert not contract.is_valid({"order": order | {"purchaseOrderId": None}})


async def test_order_lists_conform(seller: Seller):
    await place_mixed(seller)
    for path in ("/v3/orders", "/v3/orders/released"):
        first_page = (await seller.get(f"{path}?limit=10")).json()
        cursor = first_page["list"]["meta"]["nextCursor"]

        validator(f"GET {path}", OK).validate(first_page)
        validator(f"GET {path}", OK).validate((await seller.get(path + cursor)).json())


async def test_one_order_conforms(seller: Seller):
    await place_mixed(seller)
    number = next(iter(seller.account.orders))

    answer = (await seller.get(f"/v3/orders/{number}")).json()

    # The schema of this operation shows the bare order with orderDate as text. Its own examples
    # wrap the order and give epoch milliseconds, as the schemas of all other operations do.
    validator(f"POST {ORDER}/acknowledge", OK).validate(answer)


async def test_an_acknowledged_shipped_and_canceled_order_conforms(seller: Seller):
    number = await seller.place(quantities=(3, 1))
    other_carrier = seller.package(
        1,
        "PRO1",
        carrierName={"otherCarrier": "Old Dominion"},
        trackingURL="https://example.com/track/PRO1",
    )

    acknowledged = await seller.acknowledge(number)
    shipped = await seller.ship(number, seller.shipped("1", seller.package(2), other_carrier))
    canceled = await seller.cancel(number, line_number="2")

    for operation, answer in (
        ("acknowledge", acknowledged),
        ("shipping", shipped),
        ("cancel", canceled),
    ):
        assert answer.status_code == 200
        validator(f"POST {ORDER}/{operation}", OK).validate(answer.json())


async def test_accepted_requests_conform(seller: Seller):
    number = await seller.place_acknowledged(quantities=(2,))
    for operation, answer in (
        ("shipping", await seller.ship(number)),
        ("cancel", await seller.cancel(number)),
    ):
        assert answer.status_code == 200
        sent = validator(f"POST {ORDER}/{operation}", REQUEST)
        sent.validate(json.loads(answer.request.content))


async def test_published_errors_conform(seller: Seller):
    await seller.control("faults", {"share": 1.0, "kinds": ["server_error"], "seed": 1})
    answers = [await seller.get("/v3/orders") for _ in range(20)]

    published = [answer for answer in answers if answer.status_code == 500]
    assert published
    for answer in published:
        validator("GET /v3/orders", "500").validate(answer.json())


async def test_tokens_conform(seller: Seller):
    granted = await seller.http.post(
        "/v3/token",
        data={"grant_type": "client_credentials"},
        auth=("sim-client", "sim-secret"),
        headers=HEADERS,
    )

    validator("POST /v3/token", OK).validate(granted.json())
    detail = await seller.get("/v3/token/detail")
    validator("GET /v3/token/detail", OK).validate(detail.json())


async def test_subscriptions_conform(seller: Seller):
    proof = {"authMethod": "HMAC", "authHeaderName": "X-Proof", "clientSecret": "shared"}
    wish = {"events": [subscription(), subscription(authDetails=proof)]}
    validator(f"POST {SUBSCRIPTIONS}", REQUEST).validate(wish)
    created = await seller.http.post(SUBSCRIPTIONS, json=wish, headers=HEADERS)
    one = f"{SUBSCRIPTIONS}/{created.json()['events'][0]['subscriptionId']}"
    changed = await seller.http.patch(one, json={"status": "INACTIVE"}, headers=HEADERS)
    listed = await seller.get(SUBSCRIPTIONS)
    deleted = await seller.http.delete(one, headers=HEADERS)
    event_types = await seller.get("/v3/webhooks/eventTypes")

    template = f"{SUBSCRIPTIONS}/{{subscriptionId}}"
    for operation, answer in (
        (f"POST {SUBSCRIPTIONS}", created),
        (f"GET {SUBSCRIPTIONS}", listed),
        (f"PATCH {template}", changed),
        (f"DELETE {template}", deleted),
        ("GET /v3/webhooks/eventTypes", event_types),
    ):
        assert answer.status_code == 200
        validator(operation, OK).validate(answer.json())


async def test_inventory_conforms(seller: Seller):
    await seller.control("listings", {"count": 15, "seed": 1})
    wish = {"sku": "WM-I0000001", "quantity": {"unit": "EACH", "amount": 1}}
    node = {"shipNode": "10001", "inputQty": {"unit": "EACH", "amount": 1}}
    many = {"inventories": {"nodes": [node, node | {"shipNode": "99999"}]}}
    one, item = "/v3/inventory", "/v3/inventories/WM-I0000001"

    answers = {
        "GET /v3/inventory": await seller.get(f"{one}?sku=WM-I0000001"),
        "PUT /v3/inventory": await seller.put(f"{one}?sku=WM-I0000001", wish),
        "GET /v3/inventories": await seller.get("/v3/inventories"),
        "GET /v3/inventories/{sku}": await seller.get(item),
        "PUT /v3/inventories/{sku}": await seller.put(item, many),
    }

    validator("PUT /v3/inventory", REQUEST).validate(wish)
    validator("PUT /v3/inventories/{sku}", REQUEST).validate(many)
    for operation, answer in answers.items():
        assert answer.status_code == 200, operation
        validator(operation, OK).validate(answer.json())


def without_what_only_examples_have(shown: Any) -> Any:
    """Return an answer less the fields that examples and runtime have, and no schema."""
    if isinstance(shown, list):
        return [without_what_only_examples_have(part) for part in shown]
    if not isinstance(shown, dict):
        return shown
    kept = shown.keys() - {
        "feedSubmissionDate",
        "fileName",
        "itemDataErrorCount",
        "itemSystemErrorCount",
        "itemTimeoutErrorCount",
        "field",
    }
    return {name: without_what_only_examples_have(shown[name]) for name in kept}


async def test_feeds_conform(seller: Seller):
    items = [{"sku": "WM-GHOST-01", "quantity": {"unit": "EACH", "amount": 1}}]
    submitted = await seller.submit(
        "inventory", {"InventoryHeader": {"version": "1.4"}, "Inventory": items}
    )
    no_file = await seller.http.post(
        "/v3/feeds?feedType=inventory", files={"f": ("a", "{}")}, headers=HEADERS
    )
    await seller.control("clock", {"advance": 60})
    listed = (await seller.get("/v3/feeds")).json()
    status = await seller.get(f"/v3/feeds/{submitted.json()['feedId']}?includeDetails=true")

    validator("POST /v3/feeds", OK).validate(submitted.json())
    validator("POST /v3/feeds", "400").validate(no_file.json())
    validator("GET /v3/feeds/{feedId}", OK).validate(without_what_only_examples_have(status.json()))
    validator("GET /v3/feeds", OK).validate(without_what_only_examples_have(listed))


async def test_settings_conform(seller: Seller):
    profile, nodes = "/v3/settings/partnerprofile", "/v3/settings/shipping/shipnodes"

    validator(f"GET {profile}", OK).validate((await seller.get(profile)).json())
    for query in ("", "?includeCalendarDayConfiguration=true"):
        validator(f"GET {nodes}", OK).validate((await seller.get(nodes + query)).json())
