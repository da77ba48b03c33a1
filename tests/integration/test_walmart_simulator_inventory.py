"""Stock at the simulated Walmart: reading it, setting it, and what is on record."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from simulators.serving import serving
from simulators.tasks import BackgroundTasks
from simulators.walmart.app import OPERATIONS, create_app
from simulators.walmart.state import SellerAccount
from simulators.walmart.stock_control import INVENTORY_OPERATIONS
from simulators.world import planned_numbers, planned_sku
from tests.integration.walmart_seller import HEADERS, Seller, Wall, seller_of

ODD_SKUS = ("WM/I0001000", "WM%I0002000", "wm-i0003000", "WM I0004000", "1+1=2?", "%2F")


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest_asyncio.fixture
async def seller(wall: Wall) -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount(now=wall)) as seller:
        await seller.list_skus(**{"WM-LAMP-01": {"10001": 5, "10002": 7}})
        yield seller


def node(ship_node: str, amount: Any, **fields: Any) -> dict[str, Any]:
    return {"shipNode": ship_node, "inputQty": {"unit": "EACH", "amount": amount}} | fields


def nodes(*wishes: dict[str, Any]) -> dict[str, Any]:
    return {"inventories": {"nodes": list(wishes)}}


def error_of(answer: httpx.Response) -> dict[str, Any]:
    [error] = answer.json()["error"]
    return dict(error)


async def test_a_quantity_replaces_the_one_before_at_the_default_ship_node(seller: Seller):
    answer = await seller.set_stock("WM-LAMP-01", 12)

    assert answer.json() == {"sku": "WM-LAMP-01", "quantity": {"unit": "EACH", "amount": 12}}
    assert await seller.stock("WM-LAMP-01") == {"10001": 12, "10002": 7}
    assert (await seller.get("/v3/inventory?sku=WM-LAMP-01")).json() == answer.json()


async def test_a_quantity_can_be_set_and_read_at_another_ship_node(seller: Seller):
    await seller.set_stock("WM-LAMP-01", 3, node="10002")

    answer = await seller.get("/v3/inventory?sku=WM-LAMP-01&shipNode=10002")

    assert answer.json()["quantity"]["amount"] == 3
    assert await seller.stock("WM-LAMP-01") == {"10001": 5, "10002": 3}


async def test_each_ship_node_of_a_call_answers_for_itself_inside_a_200(seller: Seller):
    wishes = nodes(node("10001", 1), node("99999", 2), node("10002", -1), node("10003", 4))

    answer = await seller.put("/v3/inventories/WM-LAMP-01", wishes)

    assert answer.status_code == 200
    worked, unknown, negative, closed = answer.json()["nodes"]
    assert worked == {"shipNode": "10001", "status": "Success"}
    assert unknown["errors"][0]["description"] == "Ship node 99999 is not found for this seller."
    assert negative["errors"][0]["field"] == "amount"
    assert closed["errors"][0]["description"] == "Ship node 10003 is not active."
    assert await seller.stock("WM-LAMP-01") == {"10001": 1, "10002": 7}


async def test_a_date_comes_back_until_stock_comes_without_one(seller: Seller):
    dated = nodes(node("10001", 1, inventoryAvailableDate="2026-12-24"))
    await seller.put("/v3/inventories/WM-LAMP-01", dated)
    [shown] = (await seller.get("/v3/inventories/WM-LAMP-01?shipNode=10001")).json()["nodes"]
    await seller.set_stock("WM-LAMP-01", 1)
    later = (await seller.get("/v3/inventory?sku=WM-LAMP-01")).json()

    assert shown["inventoryAvailableDate"] == "2026-12-24"
    assert "inventoryAvailableDate" not in later


@pytest.mark.parametrize("sku", ODD_SKUS)
async def test_every_sku_can_be_reached_when_it_is_encoded(seller: Seller, sku: str):
    await seller.list_skus(**{sku: {"10001": 1}})

    answer = await seller.put(f"/v3/inventories/{quote(sku, safe='')}", nodes(node("10001", 4)))

    assert answer.json()["sku"] == sku
    assert (await seller.set_stock(sku, 6, node="10002")).status_code == 200
    assert await seller.stock(sku) == {"10001": 4, "10002": 6}


async def test_odd_skus_arrive_over_a_real_connection_too():
    account = SellerAccount()
    async with (
        serving(create_app(account, dict)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        http.headers["WM_SEC.ACCESS_TOKEN"] = account.issue_token()
        seller = Seller(http, account, BackgroundTasks())
        await seller.list_skus(**{sku: {"10001": n} for n, sku in enumerate(ODD_SKUS)})

        stock = [await seller.stock(sku) for sku in ODD_SKUS]

    assert stock == [{"10001": n} for n in range(len(ODD_SKUS))]


@pytest.mark.parametrize(("path", "status"), [("WM/I0001000", 404), ("1+1=2", 400)])
async def test_a_sku_that_is_not_encoded_is_another_address(seller: Seller, path, status):
    await seller.list_skus(**{"WM/I0001000": {"10001": 1}, "1+1=2": {"10001": 1}})

    assert (await seller.get(f"/v3/inventories/{path}")).status_code == status


async def test_an_unknown_sku_is_not_found_by_any_operation(seller: Seller):
    answers = [
        await seller.get("/v3/inventory?sku=WM-GHOST-01"),
        await seller.set_stock("WM-GHOST-01", 1),
        await seller.get("/v3/inventories/WM-GHOST-01"),
        await seller.put("/v3/inventories/WM-GHOST-01", nodes(node("10001", 1))),
        await seller.get("/v3/inventories/wm-lamp-01"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert {error_of(answer)["code"] for answer in answers} == {
        "CONTENT_NOT_FOUND.GMP_INVENTORY_API"
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": None},
        {"quantity": {"unit": "EACH"}},
        {"quantity": {"unit": "CASE", "amount": 1}},
        {"quantity": {"unit": "EACH", "amount": "1"}},
        {"quantity": {"unit": "EACH", "amount": True}},
        {"quantity": {"unit": "EACH", "amount": -1}},
        {"quantity": {"unit": "EACH", "amount": 1.5}},
        {"quantity": {"unit": "EACH", "amount": 10_000_000_000}},
        {"sku": "WM-LAMP-02"},
        {"sku": None},
        {"inventoryAvailableDate": "24.12.2026"},
    ],
)
async def test_a_wrong_body_is_refused_and_changes_nothing(seller: Seller, changes):
    body = {"sku": "WM-LAMP-01", "quantity": {"unit": "EACH", "amount": 1}} | changes

    answer = await seller.put("/v3/inventory?sku=WM-LAMP-01", body)

    assert answer.status_code == 400
    assert error_of(answer)["code"].endswith(".GMP_INVENTORY_API")
    assert await seller.stock("WM-LAMP-01") == {"10001": 5, "10002": 7}
    assert (await seller.control("inventory/audit"))["rejected_items"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"inventories": {"nodes": []}},
        nodes({"shipNode": "10001"}),
        nodes(node("10001", 1), node("10002", "7")),
        nodes({"inputQty": {"unit": "EACH", "amount": 1}}),
    ],
)
async def test_a_body_that_breaks_the_schema_is_refused_for_all_ship_nodes(seller: Seller, body):
    answer = await seller.put("/v3/inventories/WM-LAMP-01", body)

    assert answer.status_code == 400
    assert await seller.stock("WM-LAMP-01") == {"10001": 5, "10002": 7}


@pytest.mark.parametrize(
    "query",
    ["", "?shipNode=10001", "?sku=WM-LAMP-01&shipNode=99999", "?sku=WM-LAMP-01&node=10001"],
)
async def test_a_wrong_parameter_is_refused(seller: Seller, query: str):
    assert (await seller.get(f"/v3/inventory{query}")).status_code == 400


@pytest.mark.parametrize("missing", ["WM_QOS.CORRELATION_ID", "WM_SVC.NAME"])
async def test_inventory_needs_walmarts_headers_too(seller: Seller, missing: str):
    headers = {name: value for name, value in HEADERS.items() if name != missing}

    answer = await seller.http.get("/v3/inventory?sku=WM-LAMP-01", headers=headers)

    assert answer.status_code == 400
    assert "error" in answer.json()["errors"]  # the gateway's envelope


async def test_inventory_by_item_does_not_exist_under_items(seller: Seller):
    assert (await seller.get("/v3/items/WM-LAMP-01/inventory")).status_code == 404
    assert (await seller.put("/v3/items/WM-LAMP-01/inventory", {})).status_code == 404


async def test_one_quantity_comes_as_xml_unless_json_is_asked_for(seller: Seller):
    answer = await seller.http.get(
        "/v3/inventory?sku=WM-LAMP-01", headers=HEADERS | {"Accept": "*/*"}
    )

    assert "<inventory><sku>WM-LAMP-01</sku>" in answer.text


async def test_all_inventories_are_walked_page_by_page_until_no_cursor_comes(seller: Seller):
    await seller.control("listings", {"count": 105, "seed": 1})
    skus: list[str] = []
    path: str | None = "/v3/inventories?limit=50"
    while path:
        page = (await seller.get(path)).json()
        skus += [item["sku"] for item in page["elements"]["inventories"]]
        cursor = page["meta"].get("nextCursor")
        path = cursor and f"/v3/inventories?limit=50&nextCursor={quote(cursor, safe='')}"

    assert skus == [planned_sku(n) for n in planned_numbers(105)]
    assert page["meta"] == {"totalCount": 105}


async def test_a_cursor_works_once(seller: Seller):
    await seller.control("listings", {"count": 30})
    first = (await seller.get("/v3/inventories")).json()
    path = f"/v3/inventories?nextCursor={first['meta']['nextCursor']}"

    answers = [await seller.get(path), await seller.get(path)]

    assert len(first["elements"]["inventories"]) == 10
    assert [answer.status_code for answer in answers] == [200, 404]


@pytest.mark.parametrize("query", ["limit=0", "limit=51", "limit=many", "cursor=1"])
async def test_a_page_is_refused_beyond_fifty_items(seller: Seller, query: str):
    assert (await seller.get(f"/v3/inventories?{query}")).status_code == 400


async def test_two_hundred_updates_a_minute_are_let_through(seller: Seller, wall: Wall):
    answers = [await seller.set_stock("WM-LAMP-01", n) for n in range(202)]
    wall.at += 0.3
    later = await seller.set_stock("WM-LAMP-01", 1)

    assert {answer.status_code for answer in answers[:200]} == {200}
    first, second = answers[200:]
    assert (first.status_code, second.status_code, later.status_code) == (429, 429, 200)
    assert int(first.headers["x-next-replenishment-time"]) == pytest.approx(wall.at * 1000, abs=1)
    assert "Retry-After" in first.headers
    assert "Retry-After" not in second.headers  # every second one keeps quiet how long
    assert (await seller.get("/v3/inventory?sku=WM-LAMP-01")).status_code == 200


async def test_a_fast_clock_gives_tokens_back_sooner(seller: Seller, wall: Wall):
    await seller.control("clock", {"speed": 10})
    for n in range(200):
        await seller.set_stock("WM-LAMP-01", n)
    refused = await seller.set_stock("WM-LAMP-01", 1)
    wall.at += 0.03

    assert refused.status_code == 429
    assert int(refused.headers["x-next-replenishment-time"]) == pytest.approx(wall.at * 1000, abs=1)
    assert (await seller.set_stock("WM-LAMP-01", 1)).status_code == 200


async def test_the_use_of_a_limit_is_on_record(seller: Seller):
    for n in range(203):
        await seller.set_stock("WM-LAMP-01", n)
    await seller.control("clock", {"advance": 60})

    audit = await seller.control("inventory/audit")

    assert audit["limit_use"]["update_inventory"] == {
        "used": 200,
        "throttled": 3,
        "allowed": 400,
        "capacity": 200.0,
        "seconds": 60.0,
        "window_seconds": 60.0,
    }
    assert (audit["throttled_429"], audit["pushes"]) == (3, 200)
    assert audit["requests"]["update_inventory"] == 203


async def test_effects_are_on_record_with_the_time_they_took(seller: Seller, wall: Wall):
    await seller.set_stock("WM-LAMP-01", 8)
    wall.at += 1
    await seller.put("/v3/inventories/WM-LAMP-01", nodes(node("10001", 9)))

    effects = await seller.control("inventory/effects?sku=WM-LAMP-01")
    audit = await seller.control("inventory/audit")

    shown = [dict(zip(effects["columns"], row, strict=True)) for row in effects["rows"]]
    assert [(row["number"], row["amount"], row["operation"]) for row in shown] == [
        (1, 8, "update_inventory"),
        (2, 9, "update_inventory_of_item"),
    ]
    assert all(row["accepted_at"] == row["effect_at"] for row in shown)
    assert audit["overtaken"]["count"] == 0
    assert audit["stock"]["rows"] == [
        ["WM-LAMP-01", "10001", 9, wall.at, 9],
        ["WM-LAMP-01", "10002", 7, None, 7],
    ]


async def test_a_lost_answer_hides_a_quantity_that_took_effect(seller: Seller):
    plan = {"share": 1.0, "kinds": ["lost_answer"], "operations": ["update_inventory"], "count": 1}
    await seller.control("faults", plan)

    with pytest.raises(httpx.ReadError):
        await seller.set_stock("WM-LAMP-01", 2)

    assert await seller.stock("WM-LAMP-01") == {"10001": 2, "10002": 7}


def test_every_inventory_operation_can_be_named_in_a_plan_of_faults():
    assert set(INVENTORY_OPERATIONS) <= {operation.name for operation in OPERATIONS}


async def test_reset_forgets_listings_sales_and_speed(seller: Seller):
    await seller.control("sales", {"per_second": 10})
    await seller.control("clock", {"speed": 10, "advance": 60})
    await seller.control("reset", {})

    assert (await seller.control("listings"))["listings"] == 0
    assert (await seller.control("sales"))["running"] is False
    assert (await seller.control("clock"))["speed"] == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("listings", {}),
        ("listings", {"count": -1}),
        ("listings", {"listings": [{"sku": "A", "nodes": {"10001": -1}}]}),
        ("listings", {"listings": [{"sku": "A"}]}),
        ("sales", {"per_second": 0}),
        ("sales", {"speed": 1}),
        ("clock", {"speed": 0}),
        ("clock", {"advance": -1}),
        ("clock", {"faster": True}),
        ("feeds", {"queue_seconds": -1}),
        ("feeds", {"item_errors": {"share": 2}}),
        ("feeds", {"hang": True}),
    ],
)
async def test_control_routes_of_stock_refuse_what_they_do_not_understand(
    seller: Seller, path, body
):
    assert (await seller.http.post(f"/_sim/{path}", json=body)).status_code == 400
