"""Listings at the simulated Walmart, and the buyers and orders that take from them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from simulators.walmart.sales import Sale
from simulators.walmart.state import SellerAccount
from simulators.world import planned_item_number, planned_number, planned_numbers, planned_sku
from tests.integration.walmart_seller import Seller, Wall, seller_of

ODD_SKUS = ("WM/I0001000", "WM%I0002000", "wm-i0003000", "WM I0004000")


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest_asyncio.fixture
async def seller(wall: Wall) -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount(now=wall)) as seller:
        await seller.list_skus(**{"WM-LAMP-01": {"10001": 5, "10002": 7}})
        yield seller


async def test_planned_listings_are_the_same_for_the_same_seed(seller: Seller):
    async def planned(seed: int) -> Any:
        wish = {"count": 4000, "seed": seed, "nodes": ["10001", "20001"]}
        assert (await seller.control("listings", wish))["listings"] == 4000
        return (await seller.control("inventory/audit?limit=4000"))["stock"]["rows"]

    first, again, other = await planned(1), await planned(1), await planned(2)

    assert first == again != other
    assert len(first) == 8000
    assert {ship_node for _, ship_node, *_ in first} == {"10001", "20001"}


async def test_a_million_listings_are_sold_from_like_a_few(seller: Seller):
    await seller.control("listings", {"count": 1_000_000, "seed": 1})
    await seller.control("sales", {"per_second": 100})
    await seller.control("clock", {"advance": 10})

    sales = (await seller.control("sales"))["sales"]

    assert len({sale["sku"] for sale in sales}) > 900
    assert await seller.stock(planned_sku(999_999)) != {}
    assert (await seller.get("/v3/inventories/WM-I1000001")).status_code == 404


def test_a_planned_sku_leads_back_to_its_number():
    assert planned_item_number(12) == "I0000012"
    assert [planned_sku(n) for n in (12, 1000, 2000, 3000, 4000)] == ["WM-I0000012", *ODD_SKUS]
    assert all(planned_number(planned_sku(n)) == n for n in planned_numbers(9000))
    assert planned_number("WM-I0001000") is planned_number("WM-LAMP-01") is None


async def test_buyers_take_one_to_three_units_of_what_is_on_sale(seller: Seller):
    await seller.control("sales", {"per_second": 2, "seed": 5})
    await seller.control("clock", {"advance": 2})

    record = await seller.control("sales")

    sold = {"10001": 5, "10002": 7}
    for sale in record["sales"]:
        assert 1 <= sale["units"] <= 3
        sold[sale["ship_node"]] -= sale["units"]
        assert sale["left"] == sold[sale["ship_node"]]
    assert record["count"] == len(record["sales"]) > 0
    assert await seller.stock("WM-LAMP-01") == sold


async def test_the_same_seed_sells_the_same(seller: Seller):
    async def sold() -> Any:
        await seller.control("listings", {"count": 50, "seed": 1})
        await seller.control("sales", {"per_second": 10, "seed": 5})
        await seller.control("clock", {"advance": 10})
        await seller.control("sales", {"running": False})
        sales = (await seller.control("sales"))["sales"]
        await seller.control("reset", {})
        return [(sale["sku"], sale["ship_node"], sale["units"]) for sale in sales]

    assert await sold() == await sold()


async def test_nothing_is_sold_beyond_the_stock(seller: Seller):
    await seller.control("sales", {"per_second": 10})
    await seller.control("clock", {"advance": 60})

    record = await seller.control("sales")

    assert record["units"] == 12
    assert record["in_vain"] > 0
    assert await seller.stock("WM-LAMP-01") == {"10001": 0, "10002": 0}
    [at_main, _] = (await seller.get("/v3/inventories/WM-LAMP-01")).json()["nodes"]
    assert at_main["inputQty"]["amount"] == at_main["reservedQty"]["amount"] == 5


async def test_nobody_buys_once_sales_are_stopped(seller: Seller):
    await seller.control("sales", {"per_second": 10})
    await seller.control("sales", {"running": False})
    await seller.control("clock", {"advance": 60})

    assert (await seller.control("sales"))["count"] == 0


async def test_who_subscribed_is_told_of_each_sale(seller: Seller):
    told: list[Sale] = []
    seller.account.inventory.on_sale.append(told.append)
    await seller.control("sales", {"per_second": 1})
    await seller.control("clock", {"advance": 5})

    assert [sale.number for sale in told] == list(range(1, len(told) + 1))
    assert {sale.sku for sale in told} == {"WM-LAMP-01"}


async def test_an_order_takes_from_what_is_listed(seller: Seller):
    await seller.control("orders", {"order": lamp_order("4")})

    assert await seller.stock("WM-LAMP-01") == {"10001": 1, "10002": 7}


async def test_a_new_quantity_stands_for_all_that_can_be_sold(seller: Seller):
    await seller.control("orders", {"order": lamp_order("4")})
    await seller.set_stock("WM-LAMP-01", 3)

    assert (await seller.stock("WM-LAMP-01"))["10001"] == 3


async def test_reserved_units_can_be_kept_until_they_are_closed(seller: Seller):
    await seller.control("listings", {"keep_reserved": True})
    placed = await seller.control("orders", {"order": lamp_order("4")})
    [number] = placed["purchase_order_ids"]
    await seller.set_stock("WM-LAMP-01", 5)

    open_order = await seller.stock("WM-LAMP-01")
    await seller.acknowledge(number)
    await seller.ship(number, seller.shipped("1", seller.package(4)))
    closed_order = await seller.stock("WM-LAMP-01")

    assert (open_order["10001"], closed_order["10001"]) == (1, 5)


async def test_a_line_canceled_as_out_of_stock_leaves_nothing_of_the_sku(seller: Seller):
    placed = await seller.control("orders", {"order": lamp_order("1")})
    await seller.cancel(placed["purchase_order_ids"][0])

    assert await seller.stock("WM-LAMP-01") == {"10001": 0, "10002": 7}
    assert len((await seller.control("stock-zeroed"))["stock_zeroed"]) == 1


def lamp_order(amount: str) -> dict[str, Any]:
    line = {"item": {"sku": "WM-LAMP-01"}, "orderLineQuantity": {"amount": amount}}
    return {"orderLines": {"orderLine": [line]}, "shipNode": {"id": "10001"}}
