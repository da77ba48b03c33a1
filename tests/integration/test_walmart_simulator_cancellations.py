"""Cancellations at the simulated Walmart: by the seller, the buyer and Walmart itself."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from simulators.walmart.state import SellerAccount
from tests.integration.walmart_seller import Seller, description, seller_of

OUT_OF_STOCK = "SELLER_CANCEL_OUT_OF_STOCK"
FRAUD = "SELLER_CANCEL_FRAUD_STOP_SHIPMENT"
BUYER_ASKED = "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"


@pytest_asyncio.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount()) as seller:
        yield seller


async def event(seller: Seller, number: str, kind: str, **fields: Any) -> Any:
    wish = {"purchase_order_id": number, "sub_event_type": kind} | fields
    return await seller.control("events", wish)


def statuses(seller: Seller, number: str) -> list[dict[str, int]]:
    return [line.statuses for line in seller.account.orders[number].lines()]


async def test_out_of_stock_zeroes_the_item_at_its_ship_node(seller: Seller):
    number = await seller.place(quantities=(2, 1), shipNode={"id": "10002"})
    await seller.cancel(number, quantity=1, reason="SELLER_CANCEL_PRICING_ERROR")
    before = (await seller.control("stock-zeroed"))["stock_zeroed"]
    await seller.cancel(number, quantity=1, reason=OUT_OF_STOCK)

    [zeroed] = (await seller.control("stock-zeroed"))["stock_zeroed"]

    sku = seller.account.orders[number].lines()[0].sku
    assert before == []
    assert (zeroed["sku"], zeroed["ship_node"], zeroed["line_number"]) == (sku, "10002", "1")
    await seller.control("reset", {})
    assert (await seller.control("stock-zeroed"))["stock_zeroed"] == []


async def test_a_refused_cancellation_zeroes_nothing(seller: Seller):
    number = await seller.place(quantities=(1,))

    answer = await seller.cancel(number, quantity=2, reason=OUT_OF_STOCK)

    assert answer.status_code == 400
    assert seller.account.stock_zeroed == []


async def test_fraud_is_a_reason_only_when_walmart_has_confirmed_it(seller: Seller):
    number = await seller.place()

    early = await seller.cancel(number, reason=FRAUD)
    await seller.control("fraud", {"purchase_order_id": number})
    late = await seller.cancel(number, reason=FRAUD)

    assert (early.status_code, late.status_code) == (400, 200)
    assert f"should not be {FRAUD} for line number 1" in description(early)


async def test_the_buyers_wish_covers_the_lines_it_names(seller: Seller):
    number = await seller.place(quantities=(1, 1))
    await event(seller, number, "INTENT_TO_CANCEL", line_numbers=["2"])

    other = await seller.cancel(number, line_number="1", reason=BUYER_ASKED)
    named = await seller.cancel(number, line_number="2", reason=BUYER_ASKED)

    assert (other.status_code, named.status_code) == (400, 200)
    assert statuses(seller, number) == [{"Created": 1}, {"Cancelled": 1}]


async def test_walmart_cancels_some_units_of_a_line(seller: Seller):
    number = await seller.place_acknowledged(quantities=(3, 2))

    await event(seller, number, "PO_LINE_AUTOCANCELLED", quantities={"1": 2})

    assert statuses(seller, number) == [{"Acknowledged": 1, "Cancelled": 2}, {"Acknowledged": 2}]
    first, second = seller.account.orders[number].lines()
    assert (first.canceled_by_walmart, second.canceled_by_walmart) == (2, 0)


async def test_walmart_cancels_no_more_than_is_open(seller: Seller):
    number = await seller.place_acknowledged(quantities=(2,))
    await seller.ship(number)

    await event(seller, number, "FRAUD_CANCEL", quantities={"1": 5})

    assert statuses(seller, number) == [{"Shipped": 1, "Cancelled": 1}]


@pytest.mark.parametrize(
    "wish",
    [
        {"sub_event_type": "INTENT_TO_CANCEL", "quantities": {"1": 1}},
        {"sub_event_type": "PO_CREATED", "quantities": {"1": 1}},
        {"sub_event_type": "FRAUD_CANCEL", "quantities": {"1": 0}},
        {"sub_event_type": "FRAUD_CANCEL", "quantities": {"7": 1}},
        {"sub_event_type": "FRAUD_CANCEL", "line_numbers": ["7"]},
    ],
)
async def test_an_event_that_makes_no_sense_is_refused(seller: Seller, wish: dict[str, Any]):
    number = await seller.place()

    answer = await seller.http.post("/_sim/events", json={"purchase_order_id": number} | wish)

    assert answer.status_code == 400
    assert statuses(seller, number) == [{"Created": 1}]


async def test_what_the_seller_canceled_is_not_counted_as_walmarts(seller: Seller):
    number = await seller.place(quantities=(2,))
    await seller.cancel(number, quantity=1)

    [line] = seller.account.orders[number].lines()

    assert (line.canceled, line.canceled_by_walmart, line.open) == (1, 0, 1)


async def test_fraud_after_shipment_is_announced_and_changes_nothing(seller: Seller):
    number = await seller.place_acknowledged()
    await seller.ship(number)
    before = seller.account.deliveries.outcomes["events"]

    await event(seller, number, "FRAUD_CANCEL")

    assert statuses(seller, number) == [{"Shipped": 1}]
    assert seller.account.deliveries.outcomes["events"] == before + 1


async def test_an_order_can_be_canceled_before_anybody_was_told_of_it(seller: Seller):
    placed = await seller.control("orders", {"count": 2, "mix": "plain", "announce": False})
    quiet = seller.account.deliveries.outcomes["events"]
    first, second = placed["purchase_order_ids"]

    await event(seller, first, "FRAUD_CANCEL")
    await event(seller, first, "PO_CREATED")
    await event(seller, second, "PO_CREATED")

    assert (quiet, seller.account.deliveries.outcomes["events"]) == (0, 3)
    assert all(set(there) == {"Cancelled"} for there in statuses(seller, first))
    assert all(set(there) == {"Created"} for there in statuses(seller, second))


async def test_the_order_goes_on_with_what_was_not_canceled(seller: Seller):
    number = await seller.place_acknowledged(quantities=(3,))
    await event(seller, number, "PO_LINE_AUTOCANCELLED", quantities={"1": 1})

    too_many = await seller.ship(number, seller.shipped("1", seller.package(3)))
    the_rest = await seller.ship(number, seller.shipped("1", seller.package(2)))

    assert (too_many.status_code, the_rest.status_code) == (400, 200)
    assert statuses(seller, number) == [{"Shipped": 2, "Cancelled": 1}]


async def test_a_canceled_line_cannot_be_shipped_even_on_demand(seller: Seller):
    number = await seller.place_acknowledged()
    await event(seller, number, "FRAUD_CANCEL")

    answer = await seller.ship(number, seller.shipped(intentToCancelOverride=True))

    assert answer.status_code == 400
    assert "is in CANCELLED status" in description(answer)
