"""Orders in trouble that the simulated Walmart makes up."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest_asyncio

from simulators.walmart.documents import order_summary
from simulators.walmart.generator import GeneratedOrder, generate
from simulators.walmart.lines import order_lines
from simulators.walmart.state import SellerAccount
from simulators.walmart.troubles import TROUBLES
from simulators.world import ITEM_BY_SKU, SHIP_NODES, stock_of
from tests.integration.walmart_seller import Seller, seller_of

CYCLE = 2 * len(TROUBLES)
DAY_MS = 24 * 60 * 60 * 1000


@pytest_asyncio.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount()) as seller:
        yield seller


def orders(count: int = CYCLE, seed: int = 1) -> list[GeneratedOrder]:
    made = generate(
        count=count, mix="troubles", seed=seed, first_number=1, ordered_at_ms=1_773_000_000_000
    )
    return list(made)


def documents() -> dict[str, dict[str, Any]]:
    """Return the document of every trouble."""
    return {order.trouble: order.document for order in orders() if order.trouble}


def skus(document: dict[str, Any]) -> list[str]:
    return [line["item"]["sku"] for line in order_lines(document)]


def prices(document: dict[str, Any]) -> list[Decimal]:
    """Return the unit prices as shares of what M3 asks."""
    return [
        Decimal(str(line["charges"]["charge"][0]["chargeAmount"]["amount"]))
        / ITEM_BY_SKU[line["item"]["sku"]].price
        for line in order_lines(document)
    ]


def test_every_second_order_is_in_trouble_and_each_trouble_comes_once_a_cycle():
    made = orders(CYCLE + 2)

    assert [bool(order.trouble) for order in made] == [False, True] * (len(made) // 2)
    assert Counter(order.trouble for order in made[:CYCLE]) == {
        "": len(TROUBLES),
        **{trouble.name: 1 for trouble in TROUBLES},
    }
    assert made[CYCLE + 1].trouble == made[1].trouble
    assert len(TROUBLES) <= 30, "sixty orders have to show every trouble"


def test_the_same_seed_makes_the_same_troubles():
    assert orders(seed=3) == orders(seed=3) != orders(seed=4)


def test_ordinary_orders_in_between_fit():
    for order in orders():
        if not order.trouble:
            assert order.expected == "invoiced"
            assert all(sku in ITEM_BY_SKU for sku in skus(order.document))
            assert set(prices(order.document)) == {Decimal(1)}


def test_no_document_tells_what_is_wrong_with_it():
    for order in orders():
        text = json.dumps(order.document).lower()
        assert not order.trouble or order.trouble not in text
        assert "trouble" not in text
        assert not any(line["intentToCancel"] for line in order_lines(order.document))


def test_items_in_trouble_are_unknown_inactive_unsaleable_or_short():
    made = documents()

    assert [sku in ITEM_BY_SKU for sku in skus(made["ghost_sku"])] == [True, False]
    assert not any(sku in ITEM_BY_SKU for sku in skus(made["two_ghost_skus"]))
    assert len(set(skus(made["two_ghost_skus"]))) == 2
    assert "CHAIR-10" in skus(made["inactive_item"])
    assert "CHAIR-00" in skus(made["item_not_saleable"])
    [short] = order_lines(made["short_stock"])
    item = ITEM_BY_SKU[short["item"]["sku"]]
    assert 0 < stock_of(item.item_number) < int(short["orderLineQuantity"]["amount"])


def test_amounts_in_trouble_are_off_by_enough():
    made = documents()
    totals = {
        name: Decimal(str(document["orderSummary"]["totalAmount"]["currencyAmount"]))
        for name, document in made.items()
    }
    quantities = {
        name: int(order_lines(document)[0]["orderLineQuantity"]["amount"])
        for name, document in made.items()
    }

    assert Decimal("0.49") < min(prices(made["price_below_m3"])) < Decimal("0.51")
    assert Decimal("1.49") < max(prices(made["price_above_m3"])) < Decimal("1.51")
    assert totals["value_above_limit"] > 5000 > totals["quantity_above_limit"]
    assert quantities["quantity_above_limit"] > 100 > quantities["value_above_limit"]
    summed = order_summary(made["total_differs"])["totalAmount"]["currencyAmount"]
    assert totals["total_differs"] - Decimal(str(summed)) == 7
    assert "USD" not in json.dumps(made["currency_cad"])


def test_places_and_times_in_trouble_are_wrong():
    made = documents()
    addresses = {name: document["shippingInfo"]["postalAddress"] for name, document in made.items()}
    states = {"6": "IL", "9": None, "7": "TX", "1": "NY"}

    assert addresses["address_without_city"]["city"] == ""
    assert len(addresses["address_too_long"]["address1"]) > 4 * 36
    elsewhere = addresses["zip_of_another_state"]
    assert states.get(elsewhere["postalCode"][0]) != elsewhere["state"]
    late = made["ship_by_past"]
    assert late["shippingInfo"]["estimatedShipDate"] == late["orderDate"] - DAY_MS
    for name in ("unmapped_ship_node", "closed_ship_node"):
        assert made[name]["shipNode"]["id"] not in SHIP_NODES
    assert made["unmapped_delivery_method"]["shippingInfo"]["methodCode"] == "SameDay"


def test_a_duplicate_is_another_customer_order_for_the_same():
    made = orders()
    at = next(i for i, order in enumerate(made) if order.trouble == "duplicate_order")
    before, again = made[at - 1].document, made[at].document

    def wanted(document: dict[str, Any]) -> list[tuple[str, str]]:
        return [
            (line["item"]["sku"], line["orderLineQuantity"]["amount"])
            for line in order_lines(document)
        ]

    assert before["shippingInfo"]["postalAddress"] == again["shippingInfo"]["postalAddress"]
    assert before["customerEmailId"] == again["customerEmailId"]
    assert wanted(before) == wanted(again)
    assert before["customerOrderId"] != again["customerOrderId"]
    assert before["purchaseOrderId"] != again["purchaseOrderId"]


def test_what_happens_later_concerns_lines_that_are_still_open_then():
    for order in orders():
        if order.concerns and order.trouble != "fraud_after_shipment":
            lines = {line["lineNumber"]: line for line in order_lines(order.document)}
            for line_number, line in lines.items():
                number = ITEM_BY_SKU[line["item"]["sku"]].item_number
                assert (stock_of(number) == 0) is (line_number in order.concerns)


async def test_the_answer_says_what_the_orders_do_not(seller: Seller):
    placed = await seller.control("orders", {"count": CYCLE, "mix": "troubles", "seed": 7})

    told = {order["trouble"]: order for order in placed["orders"]}

    assert [order["purchase_order_id"] for order in placed["orders"]] == placed[
        "purchase_order_ids"
    ]
    assert told["m3_deletes_line"]["lines"] == ["2"]
    assert told["m3_deletes_line"]["expected"] == "needs_attention"
    assert told["buyer_cancels_order"]["expected"] == "canceled"
    assert told[""]["expected"] == "invoiced"
    kept = seller.account.orders
    assert {number: kept[number].trouble for number in placed["purchase_order_ids"]} == {
        order["purchase_order_id"]: order["trouble"] for order in placed["orders"]
    }


async def test_an_order_ships_by_the_method_it_came_with(seller: Seller):
    number = await seller.place(shippingInfo={"methodCode": "SameDay"})
    await seller.acknowledge(number)

    for method, status in (("NextWeek", 400), ("SameDay", 200)):
        package = seller.package(methodCode=method)
        answer = await seller.ship(number, seller.shipped("1", package))
        assert answer.status_code == status
