"""Feeds at the simulated Walmart: handing in, waiting, reading what became of each item."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from simulators.walmart.state import SellerAccount
from tests.integration.walmart_seller import HEADERS, Seller, Wall, seller_of

QUEUE_SECONDS = 60
MEGABYTE = 1024 * 1024


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest_asyncio.fixture
async def seller(wall: Wall) -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount(now=wall)) as seller:
        stock = {"10001": 5, "10002": 7}
        await seller.list_skus(**{"WM-LAMP-01": stock, "WM-LAMP-02": stock})
        yield seller


def single(*items: dict[str, Any]) -> dict[str, Any]:
    return {"InventoryHeader": {"version": "1.4"}, "Inventory": list(items)}


def item(sku: str, amount: Any) -> dict[str, Any]:
    return {"sku": sku, "quantity": {"unit": "EACH", "amount": amount}}


def multi(*items: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    inventory = [
        {
            "sku": sku,
            "shipNodes": [
                {"shipNode": node, "quantity": {"unit": "EACH", "amount": amount}}
                for node, amount in nodes.items()
            ],
        }
        for sku, nodes in items
    ]
    return {"inventoryHeader": {"version": "1.5"}, "inventory": inventory}


async def submitted(seller: Seller, feed_type: str, body: Any) -> str:
    answer = await seller.submit(feed_type, body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["feedId"])


async def wait(seller: Seller, seconds: float = QUEUE_SECONDS) -> None:
    await seller.control("clock", {"advance": seconds})


async def status(seller: Seller, feed_id: str, query: str = "") -> dict[str, Any]:
    answer = await seller.get(f"/v3/feeds/{quote(feed_id, safe='')}{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def details(seller: Seller, feed_id: str, query: str = "") -> list[dict[str, Any]]:
    shown = await status(seller, feed_id, f"?includeDetails=true{query}")
    return list(shown["itemDetails"]["itemIngestionStatus"])


async def test_a_single_node_feed_takes_effect_when_it_is_processed(seller: Seller):
    feed_id = await submitted(seller, "inventory", single(item("WM-LAMP-01", 9)))

    before = await seller.stock("WM-LAMP-01")
    await wait(seller)

    assert "@" in feed_id
    assert before == {"10001": 5, "10002": 7}
    assert await seller.stock("WM-LAMP-01") == {"10001": 9, "10002": 7}


async def test_a_multi_node_feed_sets_each_ship_node(seller: Seller):
    wish = multi(("WM-LAMP-01", {"10001": 1, "10002": 2}), ("WM-LAMP-02", {"10002": 0}))
    await submitted(seller, "MP_INVENTORY", wish)
    await wait(seller)

    assert await seller.stock("WM-LAMP-01") == {"10001": 1, "10002": 2}
    assert await seller.stock("WM-LAMP-02") == {"10001": 5, "10002": 0}


async def test_a_feed_is_received_in_progress_and_then_processed(seller: Seller):
    feed_id = await submitted(seller, "inventory", single(item("WM-LAMP-01", 9)))

    seen = [await status(seller, feed_id)]
    for _ in range(2):
        await wait(seller, QUEUE_SECONDS / 2)
        seen.append(await status(seller, feed_id))

    assert [feed["feedStatus"] for feed in seen] == ["RECEIVED", "INPROGRESS", "PROCESSED"]
    assert [feed["itemsProcessing"] for feed in seen] == [1, 1, 0]
    assert [feed["itemsSucceeded"] for feed in seen] == [0, 0, 1]
    assert seen[2]["feedSubmissionDate"] == 1_800_000_000_000


async def test_items_are_in_progress_as_long_as_their_feed(seller: Seller):
    feed_id = await submitted(seller, "inventory", single(item("WM-GHOST-01", 9)))

    received = await details(seller, feed_id)
    await wait(seller, QUEUE_SECONDS / 2)
    [in_progress] = await details(seller, feed_id)

    assert received == []
    assert in_progress["ingestionStatus"] == "INPROGRESS"
    assert "ingestionErrors" not in in_progress


async def test_a_processed_feed_may_hold_items_that_failed(seller: Seller):
    wish = single(
        item("WM-LAMP-01", 9),
        item("WM-GHOST-01", 9),
        item("WM-LAMP-02", -1),
        item("WM-LAMP-02", "4"),
        {"quantity": {"unit": "EACH", "amount": 1}},
    )
    feed_id = await submitted(seller, "inventory", wish)
    await wait(seller)

    feed, items = await status(seller, feed_id), await details(seller, feed_id)

    assert feed["feedStatus"] == "PROCESSED"
    assert (feed["itemsReceived"], feed["itemsSucceeded"], feed["itemsFailed"]) == (5, 1, 4)
    assert [found["ingestionStatus"] for found in items] == ["SUCCESS"] + ["DATA_ERROR"] * 4
    errors = [found["ingestionErrors"]["ingestionError"][0]["code"] for found in items[1:]]
    assert errors == [
        "SIM_UNKNOWN_SKU",
        "SIM_INVALID_QUANTITY",
        "SIM_INVALID_QUANTITY",
        "ERR_PDI_0034",
    ]
    assert await seller.stock("WM-LAMP-02") == {"10001": 5, "10002": 7}


async def test_an_item_with_one_wrong_ship_node_fails_as_a_whole(seller: Seller):
    wish = multi(("WM-LAMP-01", {"10001": 1, "99999": 2}), ("WM-LAMP-02", {"10001": 3}))
    feed_id = await submitted(seller, "MP_INVENTORY", wish)
    await wait(seller)

    failed, succeeded = await details(seller, feed_id)

    assert (failed["ingestionStatus"], succeeded["ingestionStatus"]) == ("DATA_ERROR", "SUCCESS")
    assert await seller.stock("WM-LAMP-01") == {"10001": 5, "10002": 7}
    assert await seller.stock("WM-LAMP-02") == {"10001": 3, "10002": 7}


async def test_details_come_fifty_at_a_time_and_some_in_another_letter_case(seller: Seller):
    await seller.control("listings", {"count": 120})
    wish = single(*(item(f"WM-I{n:07d}", n) for n in range(1, 121)))
    feed_id = await submitted(seller, "inventory", wish)
    await wait(seller)

    pages = [await details(seller, feed_id, f"&offset={offset}") for offset in (0, 50, 100)]
    bare = await status(seller, feed_id)

    items = [found for page in pages for found in page]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [found["index"] for found in items] == list(range(120))
    assert items[9]["sku"] == "wm-i0000010"
    assert [found["sku"].upper() for found in items] == [f"WM-I{n:07d}" for n in range(1, 121)]
    assert bare["itemDetails"] == {"itemIngestionStatus": []}


@pytest.mark.parametrize(
    ("feed_type", "body"),
    [
        ("inventory", {"inventoryHeader": {"version": "1.4"}, "Inventory": [item("A", 1)]}),
        ("inventory", {"InventoryHeader": {"version": "1.4"}, "inventory": [item("A", 1)]}),
        ("MP_INVENTORY", {"InventoryHeader": {"version": "1.5"}, "Inventory": []}),
    ],
)
async def test_a_feed_in_the_wrong_letter_case_ends_in_an_error(seller: Seller, feed_type, body):
    feed_id = await submitted(seller, feed_type, body)
    await wait(seller)

    feed = await status(seller, feed_id)

    assert feed["feedStatus"] == "ERROR"
    [error] = feed["ingestionErrors"]["ingestionError"]
    assert error["code"] == "ERR_EXT_DATA_0503009"


@pytest.mark.parametrize(
    "body",
    [
        '{"InventoryHeader": ',
        {"Inventory": [item("WM-LAMP-01", 1)]},
        {"InventoryHeader": {"version": "1.5"}, "Inventory": [item("WM-LAMP-01", 1)]},
        {"InventoryHeader": {"version": "1.4"}, "Inventory": []},
    ],
)
async def test_a_file_nobody_can_read_ends_in_an_error(seller: Seller, body):
    feed_id = await submitted(seller, "inventory", body)
    await wait(seller)

    feed = await status(seller, feed_id)

    assert feed["feedStatus"] == "ERROR"
    assert feed["ingestionErrors"]["ingestionError"][0]["code"] == "ERR_PDI_0001"
    assert await seller.stock("WM-LAMP-01") == {"10001": 5, "10002": 7}


@pytest.mark.parametrize(("feed_type", "most"), [("inventory", 10), ("MP_INVENTORY", 1)])
async def test_a_file_beyond_its_size_is_refused(seller: Seller, feed_type: str, most: int):
    whole = '{"padding": "' + "x" * (most * MEGABYTE) + '"}'

    answer = await seller.submit(feed_type, whole)

    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "PAYLOAD_TOO_LARGE"


async def test_a_request_without_a_file_is_refused(seller: Seller):
    def post(query: str, **sent: Any) -> Any:
        return seller.http.post(f"/v3/feeds{query}", headers=HEADERS, **sent)

    missing = await post("?feedType=inventory", files={"inventory": ("a.json", "{}")})
    bare = await post("?feedType=inventory", json=single(item("WM-LAMP-01", 1)))
    xml = await seller.submit("inventory", "<InventoryFeed/>")
    no_type = await post("", files={"file": ("a.json", "{}")})
    other_type = await seller.submit("price", "{}")

    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (400, "MISSING_FILE")
    assert (bare.status_code, xml.status_code) == (415, 415)
    assert xml.json()["errors"][0]["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert (no_type.status_code, other_type.status_code) == (400, 400)


async def test_an_unknown_sku_can_be_refused_at_once(seller: Seller):
    await seller.control("feeds", {"unknown_sku_refused": True})

    answer = await seller.submit("inventory", single(item("WM-GHOST-01", 1)))

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "code": "INVALID_SKU",
            "message": "SKU 'WM-GHOST-01' not found for this seller.",
            "field": "inventory[0].sku",
        }
    ]


async def test_feeds_are_listed_newest_first(seller: Seller):
    first = await submitted(seller, "inventory", single(item("WM-LAMP-01", 1)))
    await wait(seller)
    second = await submitted(seller, "MP_INVENTORY", multi(("WM-LAMP-01", {"10001": 2})))

    listed = (await seller.get("/v3/feeds")).json()
    page = (await seller.get("/v3/feeds?offset=1&limit=1")).json()
    one = (await seller.get(f"/v3/feeds?feedId={quote(first, safe='')}")).json()

    found = listed["results"]["feed"]
    assert [feed["feedId"] for feed in found] == [second, first]
    assert [feed["feedType"] for feed in found] == ["MP_INVENTORY", "inventory"]
    assert [feed["feedStatus"] for feed in found] == ["RECEIVED", "PROCESSED"]
    assert (listed["totalResults"], page["totalResults"], one["totalResults"]) == (2, 2, 1)
    assert page["results"]["feed"] == one["results"]["feed"] == found[1:]


@pytest.mark.parametrize(
    "path", ["?limit=51", "?offset=-1", "?feed=1", "/1@A?limit=51", "/1@A?includeDetails=maybe"]
)
async def test_a_wrong_page_of_feeds_is_refused(seller: Seller, path: str):
    assert (await seller.get(f"/v3/feeds{path}")).status_code == 400


async def test_an_unknown_feed_is_not_found(seller: Seller):
    assert (await seller.get("/v3/feeds/1%40A")).status_code == 404


async def test_ten_inventory_feeds_an_hour_are_taken(seller: Seller):
    wish = single(item("WM-LAMP-01", 1))
    taken = [await seller.submit("inventory", wish) for _ in range(10)]
    refused = [await seller.submit("inventory", wish) for _ in range(2)]
    other = await seller.submit("MP_INVENTORY", multi(("WM-LAMP-01", {"10001": 1})))
    await wait(seller, 360)
    later = await seller.submit("inventory", wish)

    assert {answer.status_code for answer in taken} == {200}
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in refused] == [
        (429, "360")
    ] * 2
    assert (other.status_code, later.status_code) == (200, 200)


async def test_a_fast_clock_shortens_queue_and_window(seller: Seller, wall: Wall):
    await seller.control("clock", {"speed": 10})
    feed_id = await submitted(seller, "inventory", single(item("WM-LAMP-01", 9)))
    wall.at += QUEUE_SECONDS / 10

    feed = await status(seller, feed_id)
    profile = (await seller.get("/v3/settings/partnerprofile")).json()
    [shown] = (await seller.control("inventory/audit"))["feeds"]

    assert feed["feedStatus"] == "PROCESSED"
    assert shown["modifiedDtm"] == shown["feedDate"] + 6000  # as the caller counts
    rate = profile["configurations"][1]["configuration"]["values"][0]["throttleConfigurations"][0]
    assert rate["rate"] == {
        "count": 10,
        "replenishTimeWindow": {"value": 360, "unitOfMeasurement": "SECOND"},
    }


async def test_a_feed_that_hangs_is_done_when_it_is_released(seller: Seller):
    await seller.control("feeds", {"hang_next": True})
    hanging = await submitted(seller, "inventory", single(item("WM-LAMP-01", 1)))
    await submitted(seller, "inventory", single(item("WM-LAMP-02", 2)))
    await wait(seller, 86_400)

    before = await status(seller, hanging)
    released = await seller.control("feeds", {"release": True})
    after = await status(seller, hanging)

    assert (before["feedStatus"], after["feedStatus"]) == ("INPROGRESS", "PROCESSED")
    assert released == {"released": [hanging]}
    assert (await seller.stock("WM-LAMP-02"))["10001"] == 2


async def test_a_share_of_the_items_fails_the_same_way_for_the_same_seed(seller: Seller):
    await seller.control("listings", {"count": 400})
    wish = single(*(item(f"WM-I{n:07d}", n) for n in range(1, 401)))

    async def failed(seed: int) -> list[int]:
        errors = {"share": 0.1, "seed": seed, "type": "SYSTEM_ERROR"}
        await seller.control("feeds", {"item_errors": errors})
        feed_id = await submitted(seller, "inventory", wish)
        await wait(seller)
        pages = [await details(seller, feed_id, f"&offset={n}") for n in range(0, 400, 50)]
        items = [found for page in pages for found in page]
        return [found["index"] for found in items if found["ingestionStatus"] == "SYSTEM_ERROR"]

    first, again, other = await failed(7), await failed(7), await failed(8)

    assert first == again != other
    assert 20 < len(first) < 60


async def test_a_feed_overwrites_what_was_set_while_it_waited(seller: Seller, wall: Wall):
    feed_id = await submitted(seller, "inventory", single(item("WM-LAMP-01", 9)))
    wall.at += 1
    await seller.set_stock("WM-LAMP-01", 4)
    wall.at += QUEUE_SECONDS

    audit = await seller.control("inventory/audit")

    overtaken = audit["overtaken"]
    [row] = [dict(zip(overtaken["columns"], row, strict=True)) for row in overtaken["rows"]]
    assert await seller.stock("WM-LAMP-01") == {"10001": 9, "10002": 7}
    assert (overtaken["count"], row["number"], row["overtaken_by"]) == (1, 1, 2)
    assert (row["operation"], row["amount"]) == (feed_id, 9)
    assert row["effect_at"] - row["accepted_at"] == QUEUE_SECONDS


async def test_a_feed_can_overtake_another(seller: Seller):
    await seller.control("feeds", {"queue_seconds": 100})
    await submitted(seller, "inventory", single(item("WM-LAMP-01", 1)))
    await seller.control("feeds", {"queue_seconds": 10})
    await submitted(seller, "inventory", single(item("WM-LAMP-01", 2)))
    await wait(seller, 100)

    assert (await seller.stock("WM-LAMP-01"))["10001"] == 1
    assert (await seller.control("inventory/audit"))["overtaken"]["count"] == 1


async def test_a_feed_whose_answer_was_lost_is_found_in_the_list(seller: Seller):
    plan = {"share": 1.0, "kinds": ["lost_answer"], "operations": ["submit_feed"], "count": 1}
    await seller.control("faults", plan)

    with pytest.raises(httpx.ReadError):
        await seller.submit("inventory", single(item("WM-LAMP-01", 1)))

    [feed] = (await seller.get("/v3/feeds")).json()["results"]["feed"]
    assert (feed["feedType"], feed["itemsReceived"]) == ("inventory", 1)


async def test_items_of_feeds_are_counted_as_pushes_and_refusals(seller: Seller):
    await submitted(
        seller, "MP_INVENTORY", multi(("WM-LAMP-01", {"10001": 1, "10002": 2}), ("X", {"10001": 1}))
    )
    await wait(seller)

    audit = await seller.control("inventory/audit")

    assert (audit["pushes"], audit["effects"], audit["rejected_items"]) == (3, 2, 1)
    assert audit["limit_use"]["feed_MP_INVENTORY"]["used"] == 1
    assert audit["feeds"][0]["itemsFailed"] == 1
