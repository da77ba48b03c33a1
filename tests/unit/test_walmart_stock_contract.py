"""What our client says about stock conforms to Walmart's published specification.

Orders are held against it in tests/integration/test_client_contract.py.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import respx

from mappings.inventory_bodies import (
    StockRow,
    ToFeed,
    to_inventories_body,
    to_inventory_body,
    to_inventory_feed,
    to_mp_inventory_feed,
)
from tests.contracts.walmart import QUERY, REQUEST, feed_file, validator
from tests.unit.walmart_stock_calls import BASE, Seller, part_of, query_of, seller_of_walmart

SKU = "KETTLE 1L/50%"
FEED_ID = "F129C19240844B97A3C6AD8F1A2C4997@AU8BAQA"
TEMPLATES = {
    r"/v3/inventories/[^/]+": "/v3/inventories/{sku}",
    r"/v3/feeds/[^/]+": "/v3/feeds/{feedId}",
}
REQUIRED_HEADERS = {"WM_SEC.ACCESS_TOKEN", "WM_SVC.NAME", "WM_QOS.CORRELATION_ID"}
WITHOUT_QUERY = {
    "PUT /v3/inventories/{sku}",
    "GET /v3/settings/partnerprofile",
}
FEEDS: dict[str, ToFeed] = {"inventory": to_inventory_feed, "MP_INVENTORY": to_mp_inventory_feed}


@pytest.fixture
def walmart() -> Iterator[respx.MockRouter]:
    """Walmart, with one thing of everything; lists have two pages."""
    with respx.mock(base_url=BASE) as router:
        lists = {"elements": {"inventories": [{"sku": SKU, "nodes": []}]}}
        router.get("/v3/inventories").mock(
            side_effect=[
                httpx.Response(200, json=lists | {"meta": {"nextCursor": "a+b/c="}}),
                httpx.Response(200, json=lists | {"meta": {}}),
            ]
        )
        router.get("/v3/feeds").respond(json={"results": {"feed": []}})
        item = {"sku": SKU, "ingestionStatus": "SUCCESS"}
        details = {"itemsReceived": 1, "itemDetails": {"itemIngestionStatus": [item]}}
        router.get(path__startswith="/v3/feeds/").respond(json=details)
        router.get("/v3/settings/shipping/shipnodes").respond(json=[])
        router.post("/v3/feeds").respond(json={"feedId": FEED_ID})
        router.route().respond(json={})
        yield router


@pytest.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of_walmart() as seller:
        yield seller


def operation(request: httpx.Request) -> str:
    """Return the specification's name of a request."""
    path = request.url.raw_path.decode().partition("?")[0]
    named = [name for pattern, name in TEMPLATES.items() if re.fullmatch(pattern, path)]
    return f"{request.method} {(named or [path])[0]}"


async def call_everything(seller: Seller) -> None:
    await seller.inventory.inventory_of(SKU)
    await seller.inventory.put_inventory(SKU, to_inventories_body({"100009": 5, "2": 0}))
    await seller.inventory.put_default_inventory(SKU, to_inventory_body(SKU, 5))
    assert len([page async for page in seller.inventory.inventories()]) == 2
    for feed_type, to_feed in FEEDS.items():
        rows = [StockRow(sku=sku, ship_node="100009", quantity=5) for sku in (SKU, "Käse")]
        await seller.feeds.submit_feed(feed_type, to_feed(rows), f"{feed_type}.json")
    await seller.feeds.feeds()
    await seller.feeds.feed(FEED_ID)
    assert len([page async for page in seller.feeds.feed_items(FEED_ID)]) == 1
    await seller.settings.partner_profile()
    await seller.settings.ship_nodes()


async def test_everything_the_client_sends_conforms(walmart: respx.MockRouter, seller: Seller):
    await call_everything(seller)

    sent = [call.request for call in walmart.calls]
    for request in sent:
        name, query = operation(request), query_of(request)
        assert {header.upper() for header in request.headers} >= REQUIRED_HEADERS
        if name in WITHOUT_QUERY:
            assert query == {}
        else:
            validator(name, QUERY).validate(query)
        if request.method == "GET":
            assert request.content == b""
        elif request.method == "PUT":
            validator(name, REQUEST).validate(json.loads(request.content))
        else:
            part = part_of(request)
            field = str(part.get_param("name", header="content-disposition"))
            content = str(part.get_payload())
            validator(name, REQUEST).validate({field: content})
            validator(name, feed_file(query["feedType"])).validate(json.loads(content))
    assert {operation(request) for request in sent} == {
        "GET /v3/inventories/{sku}",
        "PUT /v3/inventories/{sku}",
        "PUT /v3/inventory",
        "GET /v3/inventories",
        "POST /v3/feeds",
        "GET /v3/feeds",
        "GET /v3/feeds/{feedId}",
        "GET /v3/settings/partnerprofile",
        "GET /v3/settings/shipping/shipnodes",
    }


async def test_no_page_is_larger_than_walmart_gives(walmart: respx.MockRouter, seller: Seller):
    await call_everything(seller)

    limits = [query_of(call.request).get("limit") for call in walmart.calls]
    assert {int(limit) for limit in limits if limit} <= set(range(1, 51))


def test_contract_knows_right_from_wrong():
    right = {
        "inventories": {"nodes": [{"shipNode": "1", "inputQty": {"unit": "EACH", "amount": 5}}]}
    }
    wrong = {
        "inventories": {"nodes": [{"shipnode": "1", "inputQty": {"unit": "EACH", "amount": 5}}]}
    }
    small = {"inventoryHeader": {"version": "1.4"}, "inventory": []}
    capital = {"InventoryHeader": {"version": "1.4"}, "Inventory": []}

    put = validator("PUT /v3/inventories/{sku}", REQUEST)
    assert put.is_valid(right)
    assert not put.is_valid(wrong)
    file = validator("POST /v3/feeds", feed_file("inventory"))
    assert file.is_valid(capital)
    assert not file.is_valid(small)
    query = validator("POST /v3/feeds", QUERY)
    assert query.is_valid({"feedType": "MP_INVENTORY"})
    assert not query.is_valid({"feedtype": "MP_INVENTORY"})
    assert not query.is_valid({"feedType": "MP_ITEM"})
