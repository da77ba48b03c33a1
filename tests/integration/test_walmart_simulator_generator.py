"""The orders the simulated Walmart makes up."""

from collections import Counter
from decimal import Decimal

from simulators.walmart.generator import GeneratedOrder, generate
from simulators.walmart.lines import order_lines
from simulators.world import ITEM_BY_SKU, UNKNOWN_SKU


def orders(mix: str = "mixed", count: int = 50, seed: int = 1) -> list[GeneratedOrder]:
    return list(
        generate(count=count, mix=mix, seed=seed, first_number=1, ordered_at_ms=1_773_000_000_000)
    )


def test_the_same_seed_makes_the_same_orders():
    assert orders(seed=3) == orders(seed=3) != orders(seed=4)


def test_ids_have_the_length_of_real_ones_and_differ():
    documents = [order.document for order in orders()]

    assert {len(document["purchaseOrderId"]) for document in documents} == {13}
    assert {len(document["customerOrderId"]) for document in documents} == {15}
    assert len({document["purchaseOrderId"] for document in documents}) == 50


def test_plain_orders_have_three_lines_that_all_fit():
    for order in orders("plain"):
        lines = order_lines(order.document)
        assert order.expected == "invoiced"
        assert len({line["item"]["sku"] for line in lines}) == 3
        assert all(int(line["orderLineQuantity"]["amount"]) in (1, 2, 3) for line in lines)
        assert order.document["shipNode"]["id"] in ("10001", "10002")


def test_mixed_orders_end_in_three_ways():
    assert Counter(order.expected for order in orders()) == {
        "invoiced": 46,
        "skipped": 2,
        "needs_attention": 2,
    }
    for order in orders():
        fulfilled_by_seller = order.document["shipNode"]["type"] == "SellerFulfilled"
        known = all(line["item"]["sku"] in ITEM_BY_SKU for line in order_lines(order.document))
        assert fulfilled_by_seller is (order.expected != "skipped")
        assert known is (order.expected != "needs_attention")


def test_mixed_orders_hold_what_has_broken_integrations():
    documents = [order.document for order in orders()]
    lines = [line for document in documents for line in order_lines(document)]
    addresses = [document["shippingInfo"]["postalAddress"] for document in documents]
    customers = Counter(document["customerOrderId"] for document in documents)

    assert any(isinstance(d["orderLines"]["orderLine"], dict) for d in documents)
    assert any(isinstance(line["charges"]["charge"], dict) for line in lines)
    assert {line["orderLineQuantity"]["unitOfMeasurement"] for line in lines} == {"EACH", "EA"}
    assert any(len(address["address1"]) > 36 for address in addresses)
    assert any(not address["name"].isascii() for address in addresses)
    assert all(address["address2"] is None for address in addresses)
    assert max(customers.values()) == 2
    assert any(line["item"]["sku"] == UNKNOWN_SKU for line in lines)
    names = {
        charge["chargeName"]
        for line in lines
        if isinstance(line["charges"]["charge"], list)
        for charge in line["charges"]["charge"]
    }
    assert names == {"ItemPrice", "SubscriptionDiscount", "Shipping"}


def test_the_total_is_units_times_price_and_freight_and_taxes():
    for order in orders():
        total = Decimal(0)
        for line in order_lines(order.document):
            units = int(line["orderLineQuantity"]["amount"])
            charges = line["charges"]["charge"]
            for charge in charges if isinstance(charges, list) else [charges]:
                amount = Decimal(str(charge["chargeAmount"]["amount"]))
                total += amount * (units if charge["chargeType"] == "PRODUCT" else 1)
                if charge["tax"]:
                    total += Decimal(str(charge["tax"]["taxAmount"]["amount"]))
        summed = order.document["orderSummary"]["totalAmount"]["currencyAmount"]
        assert Decimal(str(summed)) == total
