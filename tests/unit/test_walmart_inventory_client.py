"""connectors/walmart_inventory.py: stock of ship nodes, read and set; what is left of limits."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.walmart_inventory import (
    NOT_ANSWERED,
    NodeInventory,
    NodeOutcome,
    SkuInventory,
    encoded,
)
from connectors.walmart_limits import Allowance, allowance
from domain.errors import NotFound, RateLimited, Rejected, Unavailable
from tests.unit.walmart_stock_calls import BASE, Seller, each, query_of, raw_path, seller_of_walmart

SKU = "KETTLE-1L"
DALLAS, ATLANTA = "361451354333223041", "100009"
NOW = datetime(2026, 9, 20, 12, tzinfo=UTC)


@pytest.fixture
def walmart() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=BASE) as router:
        yield router


@pytest.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of_walmart() as seller:
        yield seller


def node(ship_node: str, amount: Any, available: Any, reserved: Any) -> dict[str, Any]:
    return {
        "shipNode": ship_node,
        "inputQty": each(amount),
        "availToSellQty": each(available),
        "reservedQty": each(reserved),
    }


def page(*skus: str, cursor: str | None = None) -> httpx.Response:
    inventories = [{"sku": sku, "nodes": [node(ATLANTA, 5, 3, 2)]} for sku in skus]
    meta = {"totalCount": 123} | ({"nextCursor": cursor} if cursor else {})
    return httpx.Response(200, json={"meta": meta, "elements": {"inventories": inventories}})


def refusal(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"error": [{"code": code, "description": "no"}]})


def body(*ship_nodes: str) -> dict[str, Any]:
    nodes = [{"shipNode": ship_node, "inputQty": each(7)} for ship_node in ship_nodes]
    return {"inventories": {"nodes": nodes}}


async def listed(seller: Seller) -> list[str]:
    return [entry.sku async for page in seller.inventory.inventories() for entry in page]


@pytest.mark.parametrize(
    ("sku", "text"),
    [
        ("A-1_b.c~d", "A-1_b.c~d"),
        ("A B", "A%20B"),
        ("A/B", "A%2FB"),
        ("50%", "50%25"),
        ("A+B", "A%2BB"),
        ("A%2FB", "A%252FB"),
        (
            ":/?#[]@!$&'()*+,;={}%",
            "%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%7B%7D%25",
        ),
        ("Käse", "K%C3%A4se"),
        ("水", "%E6%B0%B4"),
        (".", "%2E"),
        ("..", "%2E%2E"),
    ],
)
async def test_sku_goes_out_completely_encoded(
    walmart: respx.MockRouter, seller: Seller, sku: str, text: str
):
    route = walmart.route().respond(json={"sku": sku, "nodes": []})

    await seller.inventory.inventory_of(sku)
    await seller.inventory.put_inventory(sku, body())
    await seller.inventory.put_default_inventory(sku, {"sku": sku, "quantity": each(1)})

    assert encoded(sku) == text
    assert [raw_path(call.request) for call in route.calls] == [
        f"/v3/inventories/{text}",
        f"/v3/inventories/{text}",
        f"/v3/inventory?sku={text}",
    ]


@pytest.mark.parametrize("sku", ["", "  "])
async def test_blank_sku_is_never_sent(seller: Seller, sku: str):
    with pytest.raises(ValueError, match="blank SKU"):
        await seller.inventory.inventory_of(sku)


async def test_inventory_of_a_sku_is_told_per_ship_node(walmart: respx.MockRouter, seller: Seller):
    walmart.get(f"/v3/inventories/{SKU}").respond(
        json={"sku": SKU, "nodes": [node(DALLAS, 93, 93.0, 0), {"shipNode": ATLANTA}]}
    )

    assert await seller.inventory.inventory_of(SKU) == (
        NodeInventory(ship_node=DALLAS, input_quantity=93, available_to_sell=93, reserved=0),
        NodeInventory(
            ship_node=ATLANTA, input_quantity=None, available_to_sell=None, reserved=None
        ),
    )


async def test_unknown_sku_is_not_found(walmart: respx.MockRouter, seller: Seller):
    walmart.get(f"/v3/inventories/{SKU}").mock(
        return_value=refusal(404, "CONTENT_NOT_FOUND.GMP_INVENTORY_API")
    )

    with pytest.raises(NotFound):
        await seller.inventory.inventory_of(SKU)


async def test_node_without_a_name_is_no_answer(walmart: respx.MockRouter, seller: Seller):
    walmart.get(f"/v3/inventories/{SKU}").respond(json={"nodes": [{"inputQty": each(1)}]})

    with pytest.raises(Unavailable, match="without shipNode"):
        await seller.inventory.inventory_of(SKU)


async def test_quantities_are_sent_as_they_are_and_accepted(
    walmart: respx.MockRouter, seller: Seller
):
    route = walmart.put(f"/v3/inventories/{SKU}").respond(
        json={
            "sku": SKU,
            "nodes": [
                {"shipNode": ATLANTA, "status": "Success", "errors": None},
                {"shipNode": DALLAS, "status": "SUCCESS"},
            ],
        }
    )

    outcomes = await seller.inventory.put_inventory(SKU, body(DALLAS, ATLANTA))

    assert json.loads(route.calls.last.request.content) == body(DALLAS, ATLANTA)
    assert outcomes == (
        NodeOutcome(ship_node=DALLAS, accepted=True),
        NodeOutcome(ship_node=ATLANTA, accepted=True),
    )


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"errors": [{"code": "INVALID_NODE\t", "description": "no"}]}, "INVALID_NODE"),
        ({"status": "Success", "errors": [{"code": "X", "severity": "ERROR"}]}, "X"),
        ({"status": "Failed", "errors": [{"code": "X", "severity": "WARN"}]}, "X"),
        ({"status": "Failed"}, "NODE_REFUSED"),
        ({}, "NODE_REFUSED"),
        (None, NOT_ANSWERED),
    ],
)
async def test_refusal_of_one_node_inside_a_200_is_seen(
    walmart: respx.MockRouter, seller: Seller, answer: dict[str, Any] | None, code: str
):
    nodes: list[dict[str, Any]] = [{"shipNode": ATLANTA, "status": "Success"}]
    if answer is not None:
        nodes.append({"shipNode": DALLAS} | answer)
    walmart.put(f"/v3/inventories/{SKU}").respond(json={"sku": SKU, "nodes": nodes})

    refused, accepted = await seller.inventory.put_inventory(SKU, body(DALLAS, ATLANTA))

    assert (accepted.accepted, refused.accepted, refused.code) == (True, False, code)
    assert refused.description


@pytest.mark.parametrize("first", [0, 1])
async def test_node_answered_twice_is_accepted_only_if_both_say_so(
    walmart: respx.MockRouter, seller: Seller, first: int
):
    answers = [{"shipNode": DALLAS, "status": "Success"}, {"shipNode": DALLAS, "status": "Failed"}]
    walmart.put(f"/v3/inventories/{SKU}").respond(
        json={"nodes": [answers[first], answers[1 - first]]}
    )

    [outcome] = await seller.inventory.put_inventory(SKU, body(DALLAS))

    assert not outcome.accepted


async def test_warning_beside_success_is_no_refusal(walmart: respx.MockRouter, seller: Seller):
    warning = {"code": "X", "severity": "WARN"}
    walmart.put(f"/v3/inventories/{SKU}").respond(
        json={"nodes": [{"shipNode": DALLAS, "status": "Success", "errors": [warning]}]}
    )

    [outcome] = await seller.inventory.put_inventory(SKU, body(DALLAS))

    assert outcome.accepted


async def test_refused_request_is_rejected(walmart: respx.MockRouter, seller: Seller):
    walmart.put("/v3/inventory").mock(
        return_value=refusal(400, "INVALID_REQUEST_CONTENT.GMP_INVENTORY_API")
    )

    with pytest.raises(Rejected, match="INVALID_REQUEST_CONTENT"):
        await seller.inventory.put_default_inventory(SKU, {"sku": SKU, "quantity": each(1)})


async def test_all_inventories_are_read_one_page_after_the_other(
    walmart: respx.MockRouter, seller: Seller
):
    cursor = "NTVmZjIx+OWE/0z MTA="
    route = walmart.get("/v3/inventories").mock(
        side_effect=[page("A", "B", cursor=cursor), page(cursor="2"), page("C")]
    )

    assert await listed(seller) == ["A", "B", "C"]

    assert [query_of(call.request) for call in route.calls] == [
        {"limit": "50"},
        {"limit": "50", "nextCursor": cursor},
        {"limit": "50", "nextCursor": "2"},
    ]
    assert "nextCursor=NTVmZjIx%2BOWE%2F0z%20MTA%3D" in raw_path(route.calls[1].request)


async def test_page_tells_sku_and_nodes(walmart: respx.MockRouter, seller: Seller):
    walmart.get("/v3/inventories").mock(return_value=page(SKU))

    [only] = [page async for page in seller.inventory.inventories()]

    stock = NodeInventory(ship_node=ATLANTA, input_quantity=5, available_to_sell=3, reserved=2)
    assert only == [SkuInventory(sku=SKU, nodes=(stock,))]


async def test_next_page_is_asked_for_only_when_it_is_wanted(
    walmart: respx.MockRouter, seller: Seller
):
    route = walmart.get("/v3/inventories").mock(side_effect=[page("A", cursor="1"), page("B")])
    pages = seller.inventory.inventories()

    await anext(pages)
    assert route.call_count == 1
    await anext(pages)
    assert route.call_count == 2


@pytest.mark.parametrize(
    "answer",
    [
        refusal(404, "CONTENT_NOT_FOUND.GMP_INVENTORY_API"),
        httpx.Response(200, json={"meta": {"totalCount": 0}, "elements": {"inventories": []}}),
        httpx.Response(200, json={"meta": None, "elements": None}),
    ],
    ids=["404", "empty", "nulls"],
)
async def test_no_inventories(walmart: respx.MockRouter, seller: Seller, answer: httpx.Response):
    walmart.get("/v3/inventories").mock(return_value=answer)

    assert await listed(seller) == []


async def test_wrong_address_does_not_look_like_an_empty_list(
    walmart: respx.MockRouter, seller: Seller
):
    walmart.get("/v3/inventories").mock(return_value=refusal(404, "URI_NOT_FOUND.GMP_GATEWAY_API"))

    with pytest.raises(NotFound):
        await listed(seller)


async def test_lost_cursor_means_beginning_again(walmart: respx.MockRouter, seller: Seller):
    lost = refusal(404, "CONTENT_NOT_FOUND.GMP_INVENTORY_API")
    route = walmart.get("/v3/inventories").mock(side_effect=[page("A", cursor="1"), lost])

    with pytest.raises(Unavailable, match=r"cursor any more; the reading has to begin again"):
        await listed(seller)

    assert route.call_count == 2


async def test_repeated_cursor_is_an_error(walmart: respx.MockRouter, seller: Seller):
    route = walmart.get("/v3/inventories").mock(
        side_effect=[page("A", cursor="1"), page("B", cursor="2"), page("C", cursor="1")]
    )

    with pytest.raises(Unavailable, match="second time"):
        await listed(seller)

    assert route.call_count == 3


async def test_every_answer_tells_what_is_left(walmart: respx.MockRouter, seller: Seller):
    route = walmart.put(f"/v3/inventories/{SKU}")
    until = str(int(NOW.timestamp() * 1000))
    route.side_effect = [
        httpx.Response(
            200,
            json={"nodes": [{"shipNode": DALLAS, "status": "Success"}]},
            headers={"x-current-token-count": "199", "x-next-replenishment-time": until},
        ),
        httpx.Response(429, headers={"x-next-replenish-time": until}),
        httpx.Response(503),
    ]

    await seller.inventory.put_inventory(SKU, body(DALLAS))
    with pytest.raises(RateLimited):
        await seller.inventory.put_inventory(SKU, body(DALLAS))
    with pytest.raises(Unavailable):
        await seller.inventory.put_inventory(SKU, body(DALLAS))

    assert seller.heard == [
        ("update_inventory_of_item", Allowance(left=199, next_at=NOW)),
        ("update_inventory_of_item", Allowance(left=0, next_at=NOW)),
        ("update_inventory_of_item", Allowance(left=None, next_at=None)),
    ]


async def test_network_failure_tells_nothing(walmart: respx.MockRouter, seller: Seller):
    walmart.get(f"/v3/inventories/{SKU}").mock(side_effect=httpx.ReadTimeout("cut"))

    with pytest.raises(Unavailable, match="ReadTimeout"):
        await seller.inventory.inventory_of(SKU)

    assert seller.heard == []


@pytest.mark.parametrize(
    ("headers", "left", "next_at"),
    [
        ({"X-Current-Token-Count": "12"}, 12, None),
        ({"X-Current-Token-Count": "12.7"}, 12, None),
        ({"X-Current-Token-Count": "-3"}, 0, None),
        *(({"X-Current-Token-Count": text}, None, None) for text in ("many", "nan", "inf", "²")),
        ({"X-Next-Replenishment-Time": str(int(NOW.timestamp() * 1000))}, None, NOW),
        ({"X-Next-Replenishment-Time": str(int(NOW.timestamp()))}, None, NOW),
        ({"X-Next-Replenishment-Time": "2026-09-20T12:00:00Z"}, None, NOW),
        ({"X-Next-Replenishment-Time": "2026-09-20T12:00:00"}, None, NOW),
        ({"X-Next-Replenishment-Time": "30"}, None, NOW + timedelta(seconds=30)),
        ({"X-Next-Replenish-Time": "30"}, None, NOW + timedelta(seconds=30)),
        *(
            ({"X-Next-Replenishment-Time": text}, None, None)
            for text in ("soon", "nan", "inf", "1e300", "-1e300", "9" * 25)
        ),
        ({"Retry-After": "9", "X-Next-Replenishment-Time": "30"}, None, NOW + timedelta(seconds=9)),
        ({"Retry-After": "²", "X-Next-Replenishment-Time": "5"}, None, NOW + timedelta(seconds=5)),
    ],
)
def test_allowance_is_read_in_each_of_its_formats(
    headers: dict[str, str], left: int | None, next_at: datetime | None
):
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    told = allowance(httpx.Response(200, headers=raw), now=NOW)

    assert told == Allowance(left=left, next_at=next_at)


@pytest.mark.parametrize("value", ["nan", "inf", "²", "-7", "9" * 30])
async def test_nonsense_instead_of_a_wait_is_no_wait(
    walmart: respx.MockRouter, seller: Seller, value: str
):
    headers = [(b"Retry-After", value.encode("latin-1"))]
    walmart.get(f"/v3/inventories/{SKU}").mock(return_value=httpx.Response(429, headers=headers))

    with pytest.raises(RateLimited) as caught:
        await seller.inventory.inventory_of(SKU)

    assert caught.value.retry_after is None
