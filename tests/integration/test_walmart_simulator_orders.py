"""Reading, acknowledging and cancelling orders at the simulated Walmart."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from simulators.walmart.state import SellerAccount
from tests.integration.walmart_seller import Seller, description, seller_of

DAY = 24 * 60 * 60


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 9, 18, 0, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def seller(clock: Clock) -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount(now=clock, token_seconds=400 * DAY)) as seller:
        yield seller


async def placed(seller: Seller, count: int) -> list[str]:
    answer = await seller.control("orders", {"count": count, "mix": "plain"})
    return list(answer["purchase_order_ids"])


async def listed(seller: Seller, query: str = "") -> list[str]:
    answer = await seller.get(f"/v3/orders{query}")
    assert answer.status_code == 200, answer.text
    return [order["purchaseOrderId"] for order in answer.json()["list"]["elements"]["order"]]


async def test_an_empty_search_is_a_404_of_severity_info(seller: Seller):
    answer = await seller.get("/v3/orders")

    [error] = answer.json()["errors"]["error"]
    assert answer.status_code == 404
    assert error["code"] == "CONTENT_NOT_FOUND.GMP_ORDER_API"
    assert error["severity"] == "INFO"


async def test_one_order_is_wrapped_and_an_unknown_one_is_a_404(seller: Seller):
    [number] = await placed(seller, 1)

    assert (await seller.get(f"/v3/orders/{number}")).json()["order"]["purchaseOrderId"] == number
    assert (await seller.get("/v3/orders/9999999999999")).status_code == 404


async def test_pages_follow_the_cursor_to_the_end(seller: Seller):
    numbers = await placed(seller, 5)
    seen: list[str] = []
    query: str | None = "?limit=2"
    while query:
        page = (await seller.get(f"/v3/orders{query}")).json()["list"]
        seen += [order["purchaseOrderId"] for order in page["elements"]["order"]]
        assert page["meta"]["totalCount"] == 5
        query = page["meta"]["nextCursor"]

    assert seen == numbers


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda cursor: cursor.replace(":", "%3A"), id="encoded again"),
        pytest.param(lambda cursor: cursor + "&limit=2", id="combined"),
        pytest.param(lambda cursor: cursor.replace("poIndex=2", "poIndex=4"), id="changed"),
        pytest.param(lambda cursor: "?nextCursor=" + cursor[1:], id="as a parameter"),
    ],
)
async def test_a_cursor_that_is_not_sent_back_verbatim_is_refused(seller: Seller, spoil):
    await placed(seller, 5)
    page = (await seller.get("/v3/orders?limit=2")).json()["list"]

    answer = await seller.get("/v3/orders" + spoil(page["meta"]["nextCursor"]))

    assert answer.status_code == 400
    assert "nextCursor" in description(answer)


async def test_without_a_start_date_orders_older_than_seven_days_are_missing(
    seller: Seller, clock: Clock
):
    [number] = await placed(seller, 1)
    clock.at += 8 * DAY
    await seller.acknowledge(number)

    changed_today = "?lastModifiedStartDate=2026-03-17"

    assert (await seller.get("/v3/orders" + changed_today)).status_code == 404
    assert await listed(seller, changed_today + "&createdStartDate=2026-03-01") == [number]


@pytest.mark.parametrize(
    "query",
    [
        "createdStartDate=2026-03-09T12:00:00.000Z",
        "createdStartDate=09/03/2026",
        "createdStartDate=2026-13-01",
        "limit=201",
        "limit=0",
        "limit=ten",
        "status=Canceled",
        "shipNodeType=sellerFulfilled",
        "createdstartdate=2026-03-01",
        "createdStartDate=2026-03-09&createdEndDate=2026-03-01",
    ],
)
async def test_a_search_walmart_does_not_understand_is_refused(seller: Seller, query: str):
    await placed(seller, 1)

    assert (await seller.get(f"/v3/orders?{query}")).status_code == 400


async def test_filters_narrow_a_search(seller: Seller):
    first = await seller.place(orderLines={"orderLine": [{"item": {"sku": "WM-LAMP-01"}}]})
    second = await seller.place(orderLines={"orderLine": [{"item": {"sku": "CHAIR-01"}}]})
    await seller.acknowledge(second)
    customer_order_id = seller.account.orders[first].document["customerOrderId"]

    assert await listed(seller, "?sku=WM-LAMP-01") == [first]
    assert await listed(seller, "?status=Acknowledged") == [second]
    assert await listed(seller, f"?purchaseOrderId={second}") == [second]
    assert await listed(seller, f"?customerOrderId={customer_order_id}") == [first]


async def test_orders_walmart_fulfills_are_listed_only_when_asked_for(seller: Seller):
    await seller.place(shipNode={"type": "WFSFulfilled", "id": "90001"})

    assert (await seller.get("/v3/orders")).status_code == 404
    assert len(await listed(seller, "?shipNodeType=WFSFulfilled")) == 1


async def test_released_orders_are_those_with_units_nobody_acknowledged(seller: Seller):
    first, second = await placed(seller, 2)
    await seller.acknowledge(first)

    page = (await seller.get("/v3/orders/released")).json()["list"]

    assert [order["purchaseOrderId"] for order in page["elements"]["order"]] == [second]
    assert (await seller.get("/v3/orders/released?status=Created")).status_code == 400


async def test_acknowledging_takes_the_whole_order_and_may_be_repeated(seller: Seller):
    number = await seller.place(quantities=(2, 3))
    await seller.acknowledge(number)

    again = await seller.acknowledge(number)

    assert again.status_code == 200
    assert again.json()["order"]["purchaseOrderId"] == number
    order = seller.account.orders[number]
    assert [line.statuses for line in order.lines()] == [{"Acknowledged": 2}, {"Acknowledged": 3}]
    assert order.acknowledged_at == seller.account.now()


async def test_acknowledging_after_shipment_is_refused(seller: Seller):
    number = await seller.place_acknowledged(quantities=(2,))
    await seller.ship(number)

    answer = await seller.acknowledge(number)

    assert answer.status_code == 400
    assert "Some or all qty in higher status" in description(answer)


async def test_a_canceled_order_cannot_be_acknowledged(seller: Seller):
    number = await seller.place()
    event = {"purchase_order_id": number, "sub_event_type": "FRAUD_CANCEL"}
    await seller.control("events", event)

    assert (await seller.acknowledge(number)).status_code == 400


async def test_an_order_walmart_fulfills_cannot_be_acknowledged(seller: Seller):
    number = await seller.place(shipNode={"type": "3PLFulfilled"})

    answer = await seller.acknowledge(number)

    assert answer.status_code == 400
    assert "3PLFulfilled" in description(answer)


async def test_canceling_some_units_leaves_the_rest_open(seller: Seller):
    number = await seller.place_acknowledged(quantities=(3,))

    answer = await seller.cancel(number, quantity=2)

    [line] = answer.json()["order"]["orderLines"]["orderLine"]
    entries = line["orderLineStatuses"]["orderLineStatus"]
    assert [entry["status"] for entry in entries] == ["Acknowledged", "Cancelled"]
    assert [entry["statusQuantity"]["amount"] for entry in entries] == ["1", "2"]
    assert entries[1]["cancellationReason"] == "SELLER_CANCEL_OUT_OF_STOCK"


async def test_shipped_units_cannot_be_canceled(seller: Seller):
    number = await seller.place_acknowledged(quantities=(2,))
    await seller.ship(number)

    assert (await seller.cancel(number, quantity=2)).status_code == 400
    assert (await seller.cancel(number, quantity=1)).status_code == 200


async def test_a_cancellation_reason_must_be_known_and_true(seller: Seller):
    number = await seller.place()
    buyer_asked = "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"

    assert (await seller.cancel(number, reason="NO_STOCK")).status_code == 400
    assert (await seller.cancel(number, reason=buyer_asked)).status_code == 400
    event = {"purchase_order_id": number, "sub_event_type": "INTENT_TO_CANCEL"}
    await seller.control("events", event)
    assert (await seller.cancel(number, reason=buyer_asked)).status_code == 200


async def test_an_order_walmart_cancels_keeps_what_was_shipped(seller: Seller):
    number = await seller.place_acknowledged(quantities=(2, 1))
    await seller.ship(number)
    event = {"purchase_order_id": number, "sub_event_type": "PO_LINE_AUTOCANCELLED"}
    await seller.control("events", event)

    first, second = seller.account.orders[number].lines()

    assert first.statuses == {"Shipped": 1, "Cancelled": 1}
    assert second.statuses == {"Cancelled": 1}
