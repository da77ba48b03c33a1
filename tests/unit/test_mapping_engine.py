"""What a checked rule does to a value."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.errors import UnmappableField, UnmappedValue
from mappings.engine import RecordMapping, Source
from mappings.loader import load_mappings
from tests.mapping_samples import write_overrides

ORDER: dict[str, Any] = {
    "purchaseOrderId": "1796277083022",
    "customerOrderId": "5281956426648",
    "orderDate": 1568466571000,
    "orderType": "REPLACEMENT",
    "isGuest": True,
    "shippingInfo": {"methodCode": "Value", "estimatedDeliveryDate": 1569384000000},
}
FACTS = {
    "currency": "USD",
    "facility": "A01",
    "warehouse": "001",
    "tax_amount": Decimal("1E+3"),
    "shipping_amount": Decimal("0.10"),
}


def source(**changes: Any) -> Source:
    return Source(
        order=ORDER | changes,
        pair={"order_type": "WM1", "name": "acme"},
        facts=FACTS,
        zone=ZoneInfo("America/Chicago"),
    )


def head_with(folder: Path, rule: str) -> RecordMapping:
    """Return the order head with one more rule, on line 2."""
    content = f"fields:\n  {rule}\n"
    return load_mappings(overrides=write_overrides(folder, {"order_head.yaml": content}))[
        "order_head"
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('YREF: {const: "A 1"}', "A 1"),
        ("YREF: {from: order.customerOrderId}", "5281956426648"),
        ("YREF: {from: pair.name, convert: upper}", "ACME"),
        ("YREF: {from: pair.name, convert: [upper, {cut: 3}]}", "ACM"),
        (
            "YREF: {from: [pair.name, order.mart, order.orderType], convert: {join: /}}",
            "acme/REPLACEMENT",
        ),
        ("YREF: {from: order.mart}", None),
        ("YREF: {from: order.shipNode.id}", None),
        ('YREF: {from: order.mart, default: "none"}', "none"),
        ("YREF: {from: order.mart, default: {from: pair.name}}", "acme"),
        ("YREF: {from: facts.tax_amount, convert: m3_number}", "1000"),
        ("YREF: {table: delivery_methods, key: order.shippingInfo.methodCode}", "USP"),
        ("YREF: {table: delivery_methods, key: order.mart, default: UPS}", "UPS"),
        ("YREF: {<<: {from: pair.name}, convert: upper}", "ACME"),
        (
            "YREF: {expression: '\"PO \" & $substring(order.purchaseOrderId, 0, 4)'}",
            "PO 1796",
        ),
        ("YREF: {const: A, when: {from: order.orderType, is: REPLACEMENT}}", "A"),
        ("YREF: {const: A, when: {from: order.orderType, is: [REGULAR, PREORDER]}}", None),
        ("YREF: {const: A, when: {from: order.orderType, is_not: REGULAR}}", "A"),
        ("YREF: {const: A, when: {from: order.mart, is_not: US}}", "A"),
        ("YREF: {const: A, when: {from: order.mart, present: false}}", "A"),
        ("YREF: {const: A, when: {from: order.mart, present: true}}", None),
        ("YREF: {const: A, when: {from: order.isGuest, is: true}}", "A"),
        ('YREF: {const: A, when: {from: order.mart, present: true}, default: "B"}', "B"),
        (
            "YREF: {const: A, when: [{from: order.isGuest, is: true}, "
            "{from: order.orderType, is: REGULAR}]}",
            None,
        ),
    ],
)
def test_a_rule_gives_its_value(tmp_path, rule, expected):
    fields = head_with(tmp_path, rule).draft(source()).fields

    assert fields.get("YREF") == expected


def test_an_amount_reaches_an_expression_as_text(tmp_path):
    rule = "YREF: {expression: '$type(facts.shipping_amount) & \" \" & facts.shipping_amount'}"

    fields = head_with(tmp_path, rule).draft(source()).fields

    assert fields["YREF"] == "string 0.10"


@pytest.mark.parametrize(
    ("rule", "changes", "reason"),
    [
        ("YREF: {from: order.mart}", {"mart": "x" * 31}, "order.mart has 31 characters"),
        ("OPRI: {from: order.mart}", {"mart": "h"}, "order.mart is no number"),
        (
            "YREF: {from: order.mart, convert: state_code}",
            {"mart": "Jane"},
            "order.mart is not a two-letter state code",
        ),
        (
            "YREF: {from: order.mart, default: {from: order.customerEmailId}}",
            {"customerEmailId": "Jane" * 10},
            "its default has 40 characters",
        ),
        ("YREF: {expression: '1 + 1'}", {}, "its expression gave something else than text"),
        (
            "YREF: {expression: '$number(order.mart)'}",
            {"mart": "Jane"},
            "its expression failed (D3030)",
        ),
    ],
)
def test_a_value_that_does_not_fit_names_field_and_rule_but_not_the_value(
    tmp_path, rule, changes, reason
):
    mapping = head_with(tmp_path, rule)

    with pytest.raises(UnmappableField) as caught:
        mapping.draft(source(**changes))

    field = rule.partition(":")[0]
    assert str(caught.value).startswith(f"OIS100MI/AddBatchHead {field}: {reason}")
    assert "order_head.yaml:2, then send `retry`" in caught.value.mend
    assert caught.value.cause == "FIELD_DOES_NOT_FIT"
    assert "Jane" not in str(caught.value)


def test_a_mandatory_field_that_is_empty_is_refused(tmp_path):
    mapping = load_mappings()["order_charge"]
    empty = Source(
        order=ORDER,
        pair={},
        facts={"charge_id": "", "charge_amount": Decimal(1), "currency": "USD"},
        zone=ZoneInfo("UTC"),
    )

    with pytest.raises(UnmappableField, match=r"CRID: facts\.charge_id is empty"):
        mapping.draft(empty)


def test_a_value_without_a_row_names_table_and_value(tmp_path):
    mapping = load_mappings()["order_head"]

    with pytest.raises(UnmappedValue) as caught:
        mapping.draft(source(shippingInfo={"methodCode": "Drone"}))

    assert caught.value.table == "delivery_methods"
    assert caught.value.value == "Drone"
    assert caught.value.cause == "UNMAPPED_DELIVERY_METHODS"


def test_a_draft_waits_for_what_m3_gives_later():
    draft = load_mappings()["order_head"].draft(source())

    assert "CUNO" not in draft.fields
    assert draft.complete(customer_number="WALMART")["CUNO"] == "WALMART"
    with pytest.raises(KeyError):
        draft.complete()


def test_dots_in_field_names_become_nested_objects():
    shipped = Source(
        order=ORDER,
        pair={},
        line={"lineNumber": "1"},
        facts={
            "m3_order_number": "0001000042",
            "intent_to_cancel_override": False,
            "quantity": 2,
            "shipped_at": datetime(2026, 3, 1, tzinfo=UTC),
            "carrier_code": "UPS",
            "tracking_number": "1Z999",
        },
        zone=ZoneInfo("UTC"),
    )

    record = load_mappings()["shipping_line"].record(shipped)

    assert record == {
        "lineNumber": "1",
        "sellerOrderId": "0001000042",
        "intentToCancelOverride": False,
        "status": "Shipped",
        "statusQuantity": {"unitOfMeasurement": "EACH", "amount": "2"},
        "trackingInfo": {
            "shipDateTime": 1772323200000,
            "carrierName": {"carrier": "UPS"},
            "methodCode": "Value",
            "trackingNumber": "1Z999",
        },
    }
