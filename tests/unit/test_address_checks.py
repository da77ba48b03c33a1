"""Whether an address can be delivered to, as far as libraries know."""

from typing import Any

import pytest

from mappings.address_checks import missing_parts, street_readable, zip_place
from mappings.addresses import similarity_key
from mappings.walmart_order import parse_order
from tests.mapping_samples import order_document, order_line, with_address

ADDRESS = {
    "address1": "1 Test Street",
    "city": "Warners",
    "state": "NY",
    "postalCode": "13164",
    "country": "USA",
}


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, ()),
        ({"city": None}, ("city",)),
        ({"address1": " \t", "postalCode": ""}, ("street", "ZIP code")),
        ({"country": "US", "state": ""}, ("state",)),
        ({"country": "CAN", "state": ""}, ("state",)),
        ({"country": "PR", "state": ""}, ()),  # its post asks for none
        ({"country": "Atlantis", "state": ""}, ()),
        ({"country": None, "city": ""}, ("city", "country")),
    ],
)
def test_parts_that_the_countrys_post_asks_for(changes: dict[str, Any], missing: tuple[str, ...]):
    assert missing_parts(ADDRESS | changes) == missing


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, ""),
        ({"state": "ny", "postalCode": " 13164-1234 "}, ""),
        ({"state": "NJ"}, "in NY"),
        ({"state": "AE", "postalCode": "09012"}, ""),
        ({"state": "PR", "postalCode": "00901"}, ""),
        ({"postalCode": "1316"}, "not of five or nine digits"),
        ({"postalCode": "00000"}, ""),  # nobody knows it, so it may be new
        ({"state": "ON", "country": "CAN", "postalCode": "K1A 0B1"}, ""),
        ({"postalCode": None}, ""),
    ],
)
def test_zip_code_lies_in_the_state(changes: dict[str, Any], place: str):
    assert zip_place(ADDRESS | changes) == place


@pytest.mark.parametrize(
    ("changes", "readable"),
    [
        ({}, True),
        ({"address1": "PO Box 12"}, True),
        ({"address1": "Apt 4", "address2": "12 Main Street"}, True),
        ({"address1": "12 Main Street", "address2": "ring twice, 3rd door, 4 bells"}, True),
        ({"address1": "Behind Yonder"}, False),
        ({"address1": "1 A St 1 B St"}, False),
        ({"address1": "Unter den Linden", "country": "DEU"}, True),
        ({"address1": None}, True),  # that it is missing is said elsewhere
    ],
)
def test_street_reads_as_one_of_the_us(changes: dict[str, Any], readable: bool):
    assert street_readable(ADDRESS | changes) is readable


def key(document: dict[str, Any]) -> str:
    return similarity_key(parse_order(document))


def test_same_buyer_address_and_items_in_any_order_are_similar():
    kettles, lamp = order_line("1", "WM-KETTLE-01", "2"), order_line("2", "LAMP-02", "1")

    one = key(order_document(kettles, lamp))
    two = key(order_document(lamp | {"lineNumber": "1"}, kettles | {"lineNumber": "2"}))

    assert one == two
    assert one == key(order_document(kettles, lamp, purchaseOrderId="2", customerOrderId="3"))


@pytest.mark.parametrize(
    "other",
    [
        order_document(order_line(quantity="3")),
        order_document(order_line(sku="LAMP-02")),
        order_document(buyerId="somebody else"),
        with_address(address1="2 Test Street"),
        with_address(name="Another Person"),
    ],
)
def test_orders_that_differ_in_anything_that_counts_are_not_similar(other: dict[str, Any]):
    assert key(order_document()) != key(other)


def test_similarity_key_hides_who_bought():
    assert "TEST" not in key(order_document())
    assert len(key(order_document())) == 56
