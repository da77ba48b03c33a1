"""mappings/corrections.py: what a person has corrected lies over what Walmart sent."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from mappings.corrections import with_address
from mappings.walmart_order import parse_order
from tests.mapping_samples import order_document

PARTS = {"address1": "77 Corrected Street", "city": "Springfield"}


def shipping_info(document: Mapping[str, Any]) -> dict[str, Any]:
    info: dict[str, Any] = document["shippingInfo"]
    return info


def test_corrected_parts_replace_walmarts_and_the_others_stay():
    corrected = shipping_info(with_address(order_document(), PARTS))["postalAddress"]

    walmarts = shipping_info(order_document())["postalAddress"]
    assert corrected == walmarts | PARTS


def test_part_walmart_left_out_is_added():
    corrected = with_address(order_document(), {"address2": "Suite 5"})

    assert shipping_info(corrected)["postalAddress"]["address2"] == "Suite 5"


def test_phone_stands_beside_the_address():
    corrected = shipping_info(with_address(order_document(), {"phone": "5550123456"}))

    assert corrected["phone"] == "5550123456"
    assert corrected["postalAddress"] == shipping_info(order_document())["postalAddress"]


def test_phone_stays_where_it_was_not_corrected():
    assert shipping_info(with_address(order_document(), PARTS))["phone"] == "5550100000"


def test_everything_but_the_address_stays():
    corrected = with_address(order_document(), PARTS)

    assert {**corrected, "shippingInfo": None} == {**order_document(), "shippingInfo": None}
    assert shipping_info(corrected)["methodCode"] == "Value"


def test_order_under_its_key_is_corrected_too():
    corrected = with_address({"order": order_document(), "meta": 1}, PARTS)

    assert corrected == {"order": with_address(order_document(), PARTS), "meta": 1}


@pytest.mark.parametrize("shipping", [None, {}, {"postalAddress": None}])
def test_address_walmart_never_sent_is_the_persons(shipping: dict[str, Any] | None):
    corrected = with_address(order_document(shippingInfo=shipping), PARTS)

    assert shipping_info(corrected)["postalAddress"] == PARTS


def test_what_walmart_sent_is_not_changed():
    document = order_document()
    before = copy.deepcopy(document)

    with_address(document, PARTS | {"phone": "5550123456"})

    assert document == before


def test_corrected_order_reads_as_any_other():
    order = parse_order(with_address(order_document(), PARTS))

    assert order.document["shippingInfo"]["postalAddress"]["city"] == "Springfield"
    assert order.open_lines == parse_order(order_document()).open_lines
