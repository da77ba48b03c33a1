"""Reading Walmart orders as they really arrive."""

import copy
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import InvalidOrder
from domain.orders import OrderLine
from mappings import walmart_order
from mappings.order_facts import to_facts
from mappings.walmart_order import ProductAmount, ordered_at, parse_order
from tests.mapping_samples import (
    PURCHASE_ORDER_ID,
    charge,
    order_document,
    order_line,
    status,
)


def test_an_order_becomes_facts_without_personal_data():
    facts = to_facts(parse_order({"order": order_document()}))

    assert facts.purchase_order_id == PURCHASE_ORDER_ID
    assert facts.customer_order_id == "5281956426648"
    assert facts.ordered_at == datetime(2019, 9, 14, 13, 9, 31, tzinfo=UTC)
    assert facts.ship_by == datetime(2019, 9, 17, 6, 0, tzinfo=UTC)
    assert facts.ship_node == "10001"
    assert facts.currency == "USD"
    assert facts.total_amount == "51.48"  # 2 x 24.99, and the tax of the line
    assert facts.lines == (OrderLine(line_number="1", sku="WM-KETTLE-01", quantity=2),)
    assert facts.skip_reason == ""
    assert not facts.fully_shipped
    assert "Test" not in repr(facts)


def test_walmarts_own_total_wins():
    summary = {"totalAmount": {"currencyAmount": Decimal("99.10"), "currencyUnit": "USD"}}

    assert to_facts(parse_order(order_document(orderSummary=summary))).total_amount == "99.10"


def single_objects(document: dict[str, Any]) -> None:
    lines = document["orderLines"]
    line = lines["orderLine"] = lines["orderLine"][0]
    line["charges"]["charge"] = line["charges"]["charge"][0]
    line["orderLineStatuses"]["orderLineStatus"] = line["orderLineStatuses"]["orderLineStatus"][0]


def numbers_as_text(document: dict[str, Any]) -> None:
    document["orderDate"] = str(document["orderDate"])
    for part in document["orderLines"]["orderLine"][0]["charges"]["charge"]:
        part["chargeAmount"]["amount"] = str(part["chargeAmount"]["amount"])


def texts_as_numbers(document: dict[str, Any]) -> None:
    document["purchaseOrderId"] = int(document["purchaseOrderId"])
    line = document["orderLines"]["orderLine"][0]
    line["lineNumber"] = 1
    line["orderLineQuantity"]["amount"] = 2


def floats(document: dict[str, Any]) -> None:
    document.update(json.loads(json.dumps(document, default=float)))


def iso_dates(document: dict[str, Any]) -> None:
    document["orderDate"] = "2019-09-14T13:09:31.000Z"


def quantity_with_decimals(document: dict[str, Any]) -> None:
    document["orderLines"]["orderLine"][0]["orderLineQuantity"]["amount"] = "2.000"


def unit_ea(document: dict[str, Any]) -> None:
    document["orderLines"]["orderLine"][0]["orderLineQuantity"]["unitOfMeasurement"] = "EA"


def unknown_fields(document: dict[str, Any]) -> None:
    document["newThing"] = {"a": [1, None]}
    document["orderLines"]["orderLine"][0]["newThing"] = None


def nulls(document: dict[str, Any]) -> None:
    line = document["orderLines"]["orderLine"][0]
    line["charges"]["charge"][0]["taxAndOtherFees"] = None
    line["orderLineStatuses"]["orderLineStatus"][0]["statusQuantity"] = None
    document["orderSummary"] = None
    document["customerEmailId"] = None


@pytest.mark.parametrize(
    "twist",
    [
        single_objects,
        numbers_as_text,
        texts_as_numbers,
        floats,
        iso_dates,
        quantity_with_decimals,
        unit_ea,
        unknown_fields,
        nulls,
    ],
)
def test_the_same_order_in_another_shape_has_the_same_facts(twist):
    plain = order_document()
    twisted = copy.deepcopy(plain)
    twist(twisted)

    assert to_facts(parse_order(twisted)) == to_facts(parse_order(plain))


@pytest.mark.parametrize(
    ("document", "cause", "reason"),
    [
        ({}, "ORDER_UNREADABLE", "purchaseOrderId: Field required"),
        ({"order": None}, "ORDER_UNREADABLE", "purchaseOrderId: Field required"),
        (order_document(orderDate="soon"), "ORDER_UNREADABLE", "orderDate: "),
        (order_document(shippingInfo=None), "ORDER_UNREADABLE", "shippingInfo.estimatedShipDate"),
        (order_document(orderLines=None), "ORDER_WITHOUT_LINES", "it has no lines"),
        (order_document(orderLines={"orderLine": []}), "ORDER_WITHOUT_LINES", "it has no lines"),
        (order_document(order_line(sku="")), "ORDER_UNREADABLE", "orderLines.orderLine.0.item.sku"),
        (order_document(order_line(quantity="")), "LINE_WITHOUT_QUANTITY", "line 1 has no whole"),
        (order_document(order_line(quantity="0")), "LINE_WITHOUT_QUANTITY", "line 1 has no whole"),
        (order_document(order_line(quantity="-1")), "LINE_WITHOUT_QUANTITY", "line 1 has no"),
        (order_document(order_line(quantity="1.5")), "LINE_WITHOUT_QUANTITY", "line 1 has no"),
        (order_document(order_line(quantity="two")), "LINE_WITHOUT_QUANTITY", "line 1 has no"),
        (
            order_document(order_line("1"), order_line("1", "LAMP-02")),
            "ORDER_UNREADABLE",
            "line number 1 occurs 2 times",
        ),
        (
            order_document(
                order_line(
                    charges=[
                        charge("PRODUCT", "ItemPrice", "1"),
                        charge("SHIPPING", "Shipping", "1")
                        | {"chargeAmount": {"currency": "CAD", "amount": 1}},
                    ]
                )
            ),
            "MIXED_CURRENCIES",
            "it has charges in CAD and USD",
        ),
    ],
)
def test_what_cannot_be_an_order_is_refused(document, cause, reason):
    with pytest.raises(InvalidOrder) as caught:
        parse_order(document)

    assert caught.value.cause == cause
    assert reason in str(caught.value)
    assert caught.value.mend


def test_a_refusal_does_not_repeat_personal_data():
    document = order_document(orderDate={"Jane": "Doe"})

    with pytest.raises(InvalidOrder) as caught:
        parse_order(document)

    assert "Jane" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_canceled_units_are_not_ordered_any_more():
    order = parse_order(
        order_document(
            order_line(
                "1", quantity="3", statuses=[status("Created", "1"), status("Cancelled", "2")]
            ),
            order_line("2", "LAMP-02", "2", statuses=[status("Cancelled", "2")]),
        )
    )

    assert to_facts(order).lines == (OrderLine(line_number="1", sku="WM-KETTLE-01", quantity=1),)
    assert order.skus == ("WM-KETTLE-01",)
    assert to_facts(order).total_amount == "26.49"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (order_document(order_line(statuses=[status("Cancelled", "2")])), "cancelled"),
        (
            order_document(shipNode={"type": "WFSFulfilled", "id": "1"}),
            "fulfilled by Walmart (WFSFulfilled)",
        ),
        (
            order_document(shipNode={"type": "3PLFulfilled"}),
            "fulfilled by a third party (3PLFulfilled)",
        ),
        (order_document(orderType="PREORDER"), ""),
        (order_document(orderType="REPLACEMENT"), ""),
        (order_document(shipNode=None), ""),
    ],
)
def test_an_order_without_work_for_the_seller_is_skipped(document, reason):
    assert to_facts(parse_order(document)).skip_reason == reason


def test_amounts_are_taken_as_they_are():
    order = parse_order(
        order_document(
            order_line(
                quantity="3",
                charges=[
                    charge("PRODUCT", "ItemPrice", "10.10", "0.33"),
                    charge("PRODUCT", "SubscriptionDiscount", "-0.51"),
                    charge("SHIPPING", "Shipping", "5.99", "0.07"),
                ],
            )
        )
    )
    [line] = order.open_lines

    assert line.unit_price == Decimal("10.10")
    assert line.unit_discount == Decimal("0.51")
    assert line.shipping == Decimal("5.99")
    assert line.tax == Decimal("0.40")  # `tax` and `taxAndOtherFees` are the same tax
    assert order.total_amount == Decimal("35.16")  # 3 x 9.59 + 5.99 + 0.40


def test_amounts_for_a_whole_line_would_need_one_constant_to_change(monkeypatch):
    monkeypatch.setattr(walmart_order, "PRODUCT_AMOUNT_IS_FOR_ONE", ProductAmount.LINE)
    charges = [charge("PRODUCT", "ItemPrice", "10.00")]

    [line] = parse_order(order_document(order_line(quantity="3", charges=charges))).open_lines

    assert line.unit_price == Decimal("3.3333")


def test_an_order_without_charges_is_free_and_in_dollars():
    line = order_line() | {"charges": None}

    order = parse_order(order_document(line))

    assert order.currency == "USD"
    assert order.total_amount == 0


@pytest.mark.parametrize(
    ("statuses", "accepted", "shipped"),
    [
        ([status("Created", "2")], False, False),
        ([status("Created", "1"), status("Acknowledged", "1")], False, False),
        ([status("Acknowledged", "2")], True, False),
        ([status("Acknowledged", "1"), status("Shipped", "1")], True, False),
        ([status("Shipped", "1"), status("Cancelled", "1")], True, True),
        ([status("Delivered", "1"), status("Shipped", "1")], True, True),
    ],
)
def test_how_far_an_order_is_at_walmart(statuses, accepted, shipped):
    order = parse_order(order_document(order_line(statuses=statuses)))

    assert order.accepted is accepted
    assert to_facts(order).fully_shipped is shipped


@pytest.mark.parametrize(
    ("wish", "asked"), [("true", True), (True, True), ("false", False), (None, False)]
)
def test_the_buyers_wish_to_cancel_is_seen(wish, asked):
    order = parse_order(order_document(order_line() | {"intentToCancel": wish}))

    assert order.intent_to_cancel is asked


def test_the_document_keeps_numbers_exact_and_drops_nulls():
    order = parse_order(order_document())
    line = order.line_documents["1"]

    assert line["charges"]["charge"][0]["chargeAmount"]["amount"] == "24.99"
    assert "refund" not in line
    assert "name" not in order.document["shipNode"]


def test_the_age_of_a_listed_order_is_known_without_reading_all_of_it():
    assert ordered_at({"orderDate": 1568466571000}) == datetime(2019, 9, 14, 13, 9, 31, tzinfo=UTC)


@pytest.mark.parametrize("document", [{}, {"orderDate": None}, {"orderDate": "soon"}])
def test_an_order_without_a_readable_date_is_never_too_young(document):
    assert ordered_at(document) == datetime(1970, 1, 1, tzinfo=UTC)
