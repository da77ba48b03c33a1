"""Walmart addresses in M3's street lines."""

import pytest

from domain.errors import UnmappableField
from mappings.addresses import address_id, buyer_key, street_lines
from tests.mapping_samples import order_document, with_address


@pytest.mark.parametrize(
    ("address1", "address2", "lines"),
    [
        ("1 Test Street", None, ["1 Test Street"]),
        ("1 Test Street", "Unit 2", ["1 Test Street", "Unit 2"]),
        (" 1  Test\tStreet ", "", ["1 Test Street"]),
        ("Straße der Begegnung 5", None, ["Straße der Begegnung 5"]),
        (
            "12345 North Example Boulevard Building 7 Apartment 1204 Rear Entrance",
            "Ring twice",
            [
                "12345 North Example Boulevard",
                "Building 7 Apartment 1204 Rear",
                "Entrance",
                "Ring twice",
            ],
        ),
        ("x" * 40, None, ["x" * 36, "x" * 4]),
    ],
)
def test_streets_are_split_after_whole_words(address1, address2, lines):
    found = street_lines({"address1": address1, "address2": address2})

    assert list(found.values()) == lines
    assert list(found) == [f"address_line_{number}" for number in range(1, len(lines) + 1)]


@pytest.mark.parametrize(
    ("address", "field", "reason"),
    [
        ({}, "address1", "is empty"),
        ({"address1": "  "}, "address1", "is empty"),
        ({"address1": "word " * 40}, "address1 and address2", "need 6 lines of 36 characters"),
    ],
)
def test_a_street_that_does_not_fit_names_the_field_and_not_the_street(address, field, reason):
    with pytest.raises(UnmappableField) as caught:
        street_lines(address)

    assert str(caught.value).startswith(f"shippingInfo.postalAddress.{field}: {reason}")
    assert "word" not in str(caught.value)
    assert caught.value.mend


def test_the_same_address_has_the_same_id():
    address = with_address()["shippingInfo"]["postalAddress"]

    assert len(address_id(address)) == 6
    assert address_id(address) == address_id(address | {"city": " warners "})
    assert address_id(address) != address_id(address | {"address2": "Unit 2"})


def test_the_same_buyer_has_the_same_key():
    document = order_document()

    assert len(buyer_key(document)) == 10
    assert buyer_key(document) == buyer_key(document | {"customerOrderId": "1"})
    assert buyer_key(document | {"buyerId": "b"}) == buyer_key(
        {"buyerId": "b", "customerEmailId": "other", "customerOrderId": "1"}
    )


def test_an_unknown_buyer_is_a_new_one():
    placeholder = {"customerEmailId": "nocxemail@walmartone.com"}

    keys = {buyer_key(placeholder | {"customerOrderId": number}) for number in ("1", "2")}

    assert len(keys) == 2
