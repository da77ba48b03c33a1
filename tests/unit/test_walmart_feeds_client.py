"""connectors/walmart_feeds.py: files handed in, found again, and what became of their items."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from connectors.walmart_feeds import FeedCounts, FeedError, FeedItem, FeedStatus, FeedSummary
from domain.errors import NotFound, RateLimited, Rejected, Unavailable
from tests.unit.walmart_stock_calls import (
    BASE,
    Seller,
    part_of,
    query_of,
    raw_path,
    seller_of_walmart,
)

FEED = "F129C19240844B97A3C6AD8F1A2C4997@AU8BAQA"
FEED_PATH = "/v3/feeds/F129C19240844B97A3C6AD8F1A2C4997%40AU8BAQA"
SUBMITTED_MS = 1_568_310_803_059
SUBMITTED = datetime(2019, 9, 12, 17, 53, 23, 59000, tzinfo=UTC)
CONTENT = b'{"inventoryHeader":{"version":"1.5"},"inventory":[]}'


@pytest.fixture
def walmart() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=BASE) as router:
        yield router


@pytest.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of_walmart() as seller:
        yield seller


def item(number: int, status: str = "SUCCESS", *errors: dict[str, Any]) -> dict[str, Any]:
    told = {"sku": f"SKU-{number}", "index": number, "ingestionStatus": status}
    return told | ({"ingestionErrors": {"ingestionError": list(errors)}} if errors else {})


def details(
    items: list[dict[str, Any]], *, received: int | None, status: str = "PROCESSED", **more: Any
) -> httpx.Response:
    document = {"feedId": FEED, "feedStatus": status, "itemsReceived": received}
    document |= {"itemDetails": {"itemIngestionStatus": items}} | more
    return httpx.Response(200, json=document)


def listed(*feeds: dict[str, Any], **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"results": {"feed": list(feeds)}} | more)


async def submit(seller: Seller) -> str:
    return await seller.feeds.submit_feed("MP_INVENTORY", CONTENT, "stock-17.json")


async def items(seller: Seller) -> list[FeedItem]:
    return [entry async for page in seller.feeds.feed_items(FEED) for entry in page]


async def test_feed_is_sent_as_a_file_and_its_id_returned(
    walmart: respx.MockRouter, seller: Seller
):
    route = walmart.post("/v3/feeds").respond(json={"feedId": FEED, "errors": None})

    assert await submit(seller) == FEED

    request = route.calls.last.request
    assert raw_path(request) == "/v3/feeds?feedType=MP_INVENTORY"
    assert request.headers["Accept"] == "application/json"
    part = part_of(request)
    assert part.get_param("name", header="content-disposition") == "file"
    assert part.get_filename() == "stock-17.json"
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_payload(decode=True) == CONTENT


async def test_feed_is_sent_whole_again_with_a_new_token(walmart: respx.MockRouter, seller: Seller):
    route = walmart.post("/v3/feeds").mock(
        side_effect=[httpx.Response(401), httpx.Response(200, json={"feedId": FEED})]
    )

    assert await submit(seller) == FEED

    assert all(CONTENT in call.request.content for call in route.calls)
    assert [operation for operation, _ in seller.heard] == ["submit_feed_MP_INVENTORY"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.ReadTimeout("cut"), "ReadTimeout"),
        (httpx.Response(520, json={"errors": {"error": [{"code": "SYSTEM_ERROR"}]}}), "HTTP 520"),
        (httpx.Response(200, text="<html/>"), "no JSON object"),
        (httpx.Response(200, json={"feedId": None}), "may have been accepted"),
    ],
)
async def test_lost_answer_of_a_feed_is_an_outage_and_not_repeated_here(
    walmart: respx.MockRouter, seller: Seller, answer: httpx.Response | Exception, reason: str
):
    route = walmart.post("/v3/feeds").mock(side_effect=[answer])

    with pytest.raises(Unavailable, match=reason):
        await submit(seller)

    assert route.call_count == 1


@pytest.mark.parametrize(
    ("status", "code"), [(400, "MISSING_FILE"), (415, "UNSUPPORTED_MEDIA_TYPE"), (422, "INVALID")]
)
async def test_refused_feed_is_rejected(
    walmart: respx.MockRouter, seller: Seller, status: int, code: str
):
    error = {"code": code, "message": "no", "field": "inventory[0].sku"}
    walmart.post("/v3/feeds").respond(status, json={"errors": [error]})

    with pytest.raises(Rejected, match="no") as caught:
        await submit(seller)

    assert (caught.value.code, caught.value.field) == (code, "inventory[0].sku")


async def test_errors_without_a_feed_id_are_a_refusal(walmart: respx.MockRouter, seller: Seller):
    error = {"code": "INVALID", "description": "no"}
    walmart.post("/v3/feeds").respond(json={"errors": {"error": [error]}})

    with pytest.raises(Rejected, match="INVALID"):
        await submit(seller)


@pytest.mark.parametrize("text", ["<html>413 Request Entity Too Large</html>", "{}", ""])
async def test_too_large_a_feed_says_what_to_do(
    walmart: respx.MockRouter, seller: Seller, text: str
):
    walmart.post("/v3/feeds").respond(413, text=text)

    with pytest.raises(Rejected) as caught:
        await submit(seller)

    assert "partnerprofile" in caught.value.mend
    assert caught.value.code == "HTTP_413"


async def test_throttled_feed_carries_the_wait(walmart: respx.MockRouter, seller: Seller):
    walmart.post("/v3/feeds").respond(429, headers={"Retry-After": "360"})

    with pytest.raises(RateLimited) as caught:
        await submit(seller)

    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 360
    [(operation, told)] = seller.heard
    assert (operation, told.left) == ("submit_feed_MP_INVENTORY", 0)
    assert told.next_at is not None


async def test_feeds_are_listed_newest_first(walmart: respx.MockRouter, seller: Seller):
    route = walmart.get("/v3/feeds").mock(
        return_value=listed(
            {"feedId": "nobody knows when", "feedType": "item"},
            {"feedId": "old", "feedDate": SUBMITTED_MS - 1},
            {
                "feedId": FEED,
                "feedType": "inventory",
                "feedStatus": "PROCESSED",
                "itemsReceived": 3,
                "itemsSucceeded": 1,
                "itemsFailed": 2,
                "itemsProcessing": 0,
                "feedDate": SUBMITTED_MS,
                "fileName": "stock-17.json",
            },
            totalResults=3,
            errors=[],
        )
    )

    newest, *others = await seller.feeds.feeds(20, offset=40)

    assert newest == FeedSummary(
        feed_id=FEED,
        feed_type="inventory",
        status="PROCESSED",
        items=FeedCounts(received=3, succeeded=1, failed=2, processing=0),
        submitted_at=SUBMITTED,
        file_name="stock-17.json",
    )
    assert [feed.feed_id for feed in others] == ["old", "nobody knows when"]
    assert query_of(route.calls.last.request) == {"offset": "40", "limit": "20"}


async def test_fifty_feeds_are_asked_for(walmart: respx.MockRouter, seller: Seller):
    route = walmart.get("/v3/feeds").mock(return_value=listed())

    assert await seller.feeds.feeds() == []

    assert query_of(route.calls.last.request) == {"offset": "0", "limit": "50"}


async def test_no_feeds_may_be_a_404(walmart: respx.MockRouter, seller: Seller):
    route = walmart.get("/v3/feeds")
    route.respond(404, json={"error": [{"code": "CONTENT_NOT_FOUND.GMP_FEED_API"}]})
    assert await seller.feeds.feeds() == []

    route.respond(404, json={"error": [{"code": "URI_NOT_FOUND.GMP_GATEWAY_API"}]})
    with pytest.raises(NotFound):
        await seller.feeds.feeds()


async def test_list_that_is_not_complete_is_not_taken_for_one(
    walmart: respx.MockRouter, seller: Seller
):
    hint = {"code": "HINT", "severity": "INFO"}
    error = {"code": "SYSTEM_ERROR.GMP_FEED_API", "severity": "ERROR"}
    route = walmart.get("/v3/feeds")

    route.mock(return_value=listed({"feedId": FEED}, errors=[error]))
    with pytest.raises(Unavailable, match="SYSTEM_ERROR"):
        await seller.feeds.feeds()

    route.mock(return_value=listed({"feedId": FEED}, errors=[hint]))
    assert len(await seller.feeds.feeds()) == 1


async def test_status_of_a_feed_has_the_errors_of_all_of_it(
    walmart: respx.MockRouter, seller: Seller
):
    error = {"type": "DATA_ERROR", "code": "ERR_PDI_0001\t", "description": "malformed"}
    route = walmart.get(path__startswith="/v3/feeds/").mock(
        return_value=details(
            [],
            received=2,
            status="ERROR",
            itemsFailed=2,
            feedSubmissionDate=SUBMITTED_MS,
            ingestionErrors={"ingestionError": [error]},
        )
    )

    assert await seller.feeds.feed(FEED) == FeedStatus(
        feed_id=FEED,
        status="ERROR",
        items=FeedCounts(received=2, succeeded=0, failed=2, processing=0),
        submitted_at=SUBMITTED,
        errors=(FeedError(code="ERR_PDI_0001", description="malformed"),),
    )
    assert raw_path(route.calls.last.request).startswith(f"{FEED_PATH}?")


async def test_unknown_feed_is_not_found(walmart: respx.MockRouter, seller: Seller):
    walmart.get(path__startswith="/v3/feeds/").respond(404, json={"error": [{"code": "X"}]})

    with pytest.raises(NotFound):
        await seller.feeds.feed(FEED)
    with pytest.raises(NotFound):
        await items(seller)


async def test_items_of_every_page_are_read(walmart: respx.MockRouter, seller: Seller):
    pages = [
        [item(number) for number in range(start, min(start + 50, 120))] for start in (0, 50, 100)
    ]
    route = walmart.get(path__startswith="/v3/feeds/").mock(
        side_effect=[details(page, received=120) for page in pages]
    )

    assert [entry.sku for entry in await items(seller)] == [f"SKU-{n}" for n in range(120)]

    assert [raw_path(call.request) for call in route.calls] == [
        f"{FEED_PATH}?includeDetails=true&offset={offset}&limit=50" for offset in (0, 50, 100)
    ]


async def test_pages_shorter_than_asked_for_are_read_on(walmart: respx.MockRouter, seller: Seller):
    route = walmart.get(path__startswith="/v3/feeds/").mock(
        side_effect=[details([item(0), item(1)], received=3), details([item(2)], received=3)]
    )

    assert len(await items(seller)) == 3

    assert query_of(route.calls.last.request)["offset"] == "2"


async def test_items_tell_status_warnings_and_errors(walmart: respx.MockRouter, seller: Seller):
    warning = {"type": "DATA_ERROR", "code": "W1", "description": "careful"}
    error = {"type": "DATA_ERROR", "code": "E1\t\t", "description": "no", "field": "sku"}
    walmart.get(path__startswith="/v3/feeds/").mock(
        return_value=details(
            [item(0, "SUCCESS", warning), item(1, "DATA_ERROR", error), item(2, "INPROGRESS")],
            received=3,
        )
    )

    good, bad, open_ = await items(seller)

    assert good == FeedItem(
        sku="SKU-0", status="SUCCESS", errors=(FeedError(code="W1", description="careful"),)
    )
    assert bad.errors == (FeedError(code="E1", description="no", field="sku"),)
    assert [entry.failed for entry in (good, bad, open_)] == [False, True, False]


async def test_processed_feed_that_hides_items_is_an_outage(
    walmart: respx.MockRouter, seller: Seller
):
    walmart.get(path__startswith="/v3/feeds/").mock(
        side_effect=[details([item(0)], received=2), details([], received=2)]
    )

    with pytest.raises(Unavailable, match="after 1 items"):
        await items(seller)


@pytest.mark.parametrize("status", ["RECEIVED", "INPROGRESS", "ERROR"])
async def test_feed_without_details_yet_has_none(
    walmart: respx.MockRouter, seller: Seller, status: str
):
    walmart.get(path__startswith="/v3/feeds/").mock(
        return_value=details([], received=2, status=status)
    )

    assert await items(seller) == []


async def test_same_page_again_is_an_outage(walmart: respx.MockRouter, seller: Seller):
    route = walmart.get(path__startswith="/v3/feeds/").mock(
        return_value=details([item(0)], received=100)
    )

    with pytest.raises(Unavailable, match="again, after 1 items"):
        await items(seller)

    assert route.call_count == 2


async def test_without_a_count_a_full_page_is_read_on(walmart: respx.MockRouter, seller: Seller):
    full = [item(number) for number in range(50)]
    walmart.get(path__startswith="/v3/feeds/").mock(
        side_effect=[details(full, received=None), details([item(50)], received=None)]
    )

    assert len(await items(seller)) == 51
