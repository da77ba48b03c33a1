"""From a Walmart order to the M3 records that enter it."""

from dataclasses import replace
from typing import Any

import pytest

from domain.errors import InvalidOrder, ShipNodeClosed, UnmappableField, UnmappedValue
from domain.pairs import Pair
from mappings.customers import draft_buyer
from mappings.loader import MappingSet, load_mappings
from mappings.orders import OrderDraft, Record, draft_order
from mappings.walmart_order import parse_order
from tests.mapping_samples import (
    DIRECT,
    ITEMS,
    PAIR,
    PER_BUYER,
    charge,
    order_document,
    order_line,
    status,
    with_address,
    write_overrides,
)

MAPPINGS = load_mappings()


def draft(
    document: dict[str, Any] | None = None, pair: Pair = PAIR, mappings: MappingSet = MAPPINGS
) -> OrderDraft:
    order = parse_order(document or order_document())
    return draft_order(order, pair=pair, mappings=mappings, items=ITEMS)


def test_a_batch_order_has_head_address_text_and_lines():
    found = draft()

    assert found.head_record(customer_number="WALMART") == {
        "CUNO": "WALMART",
        "ORTP": "WM1",
        "FACI": "A01",
        "WHLO": "001",
        "CUOR": "1796277083022",
        "CUDT": "20190914",
        "RLDZ": "20190924",  # in Chicago; in UTC it is the 25th
        "MODL": "USP",
        "CUCD": "USD",
        "NREF": "5281956426648",
        "YREF": "Test Person",
    }
    assert found.records_before_lines() == [
        (
            "AddBatchAddress",
            {
                "ADRT": "01",
                "CUNM": "Test Person",
                "CUA1": "1 Test Street",
                "TOWN": "Warners",
                "ECAR": "NY",
                "PONO": "13164",
                "CSCD": "US",
                "PHNO": "5550100000",
            },
        ),
        (
            "AddBatchText",
            {"TYPE": "1", "TYTR": "1", "PARM": "Walmart customer order 5281956426648"},
        ),
    ]
    [line] = found.lines
    assert line.line_number == "1"
    assert line.record == {
        "ITNO": "KETTLE-01",
        "ORQT": "2",
        "ALUN": "EA",
        "WHLO": "001",
        "DWDZ": "20190924",
        "SAPR": "24.99",
        "CUPO": "1",
    }
    assert (found.facility, found.warehouse) == ("A01", "001")


def test_a_direct_order_has_an_address_id_and_lines_with_walmarts_numbers():
    document = order_document(
        order_line("4", charges=[charge("SHIPPING", "Shipping", "5.99")]),
    )

    found = draft(document, DIRECT)

    head = found.head_record(customer_number="WM12345678", address_id="W12345")
    assert (head["CUNO"], head["ADID"]) == ("WM12345678", "W12345")
    assert found.records_before_lines() == [("AddConnCOCharge", {"CRID": "FRGHT", "CRAM": "5.99"})]
    [line] = found.lines
    assert line.record["PONR"] == "4"
    assert "CUPO" not in line.record


def test_freight_and_tax_become_charges_when_the_pair_has_charges_for_them():
    document = order_document(
        order_line(charges=[charge("SHIPPING", "Shipping", "5.99", "0.40")]),
        order_line("2", "LAMP-02", charges=[charge("SHIPPING", "Shipping", "0.01", "0.10")]),
    )

    def charges(pair: Pair) -> tuple[Record, ...]:
        return draft(document, pair).charges

    assert charges(PAIR) == ({"CRID": "FRGHT", "CRAM": "6.00", "CUCD": "USD"},)
    assert charges(replace(PAIR, tax_charge="TAX"))[1] == {
        "CRID": "TAX",
        "CRAM": "0.50",
        "CUCD": "USD",
    }
    assert charges(replace(PAIR, freight_charge="")) == ()
    assert draft(order_document(), PAIR).charges == ()  # nothing to charge


def test_a_discount_stands_beside_the_price():
    charges = [
        charge("PRODUCT", "ItemPrice", "10.10"),
        charge("PRODUCT", "SubscriptionDiscount", "-0.51"),
    ]

    [line] = draft(order_document(order_line(charges=charges))).lines

    assert (line.record["SAPR"], line.record["DIA1"]) == ("10.10", "0.51")


def test_canceled_units_and_lines_are_not_entered():
    found = draft(
        order_document(
            order_line("1", quantity="3", statuses=[status("Cancelled", "1")]),
            order_line("2", "LAMP-02", statuses=[status("Cancelled", "2")]),
        )
    )

    assert [(line.line_number, line.record["ORQT"]) for line in found.lines] == [("1", "2")]


def test_a_masked_phone_gives_way_to_the_pairs():
    document = order_document()
    document["shippingInfo"] |= {"phone": "0000000000"}

    assert draft(document).addresses[0]["PHNO"] == "5550109999"


def test_letters_beyond_ascii_and_long_names_arrive():
    document = with_address(
        name="Zoë Núñez-Østergård von und zu Hohenlohe-Langenburg", city="Cañon City"
    )

    [address] = draft(document).addresses

    assert address["CUNM"] == "Zoë Núñez-Østergård von und zu"
    assert address["TOWN"] == "Cañon City"


def test_a_draft_survives_the_ledger():
    for pair in (PAIR, PER_BUYER, DIRECT):
        found = draft(pair=pair)

        assert OrderDraft.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("document", "error", "cause"),
    [
        (with_address(city="Llanfairpwllgwyngyllgogerychwyrndrobwll"), UnmappableField, None),
        (with_address(state="New York"), UnmappableField, None),
        (with_address(address1=None), UnmappableField, None),
        (with_address(country="ATA"), UnmappedValue, "UNMAPPED_COUNTRIES"),
        (order_document(shipNode={"id": "10003"}), ShipNodeClosed, "SHIP_NODE_CLOSED"),
        (order_document(shipNode={"id": "99999"}), UnmappedValue, "UNMAPPED_SHIP_NODES"),
        (order_document(shipNode=None), InvalidOrder, "SHIP_NODE_MISSING"),
        (
            order_document(
                order_line(
                    charges=[
                        charge("PRODUCT", "ItemPrice", "1")
                        | {"chargeAmount": {"currency": "CAD", "amount": 1}}
                    ]
                )
            ),
            InvalidOrder,
            "CURRENCY_DIFFERS",
        ),
    ],
)
def test_an_order_that_does_not_fit_says_why(document, error, cause):
    with pytest.raises(error) as caught:
        draft(document)

    assert caught.value.cause == (cause or "FIELD_DOES_NOT_FIT")
    assert caught.value.mend
    assert not any(word in str(caught.value) for word in ("Llanfair", "Test Person"))


def test_a_town_that_is_too_long_names_field_and_place():
    with pytest.raises(UnmappableField) as caught:
        draft(with_address(city="x" * 21))

    assert str(caught.value) == (
        "OIS100MI/AddBatchAddress TOWN: order.shippingInfo.postalAddress.city has 21 characters, "
        "the field takes 20"
    )
    assert "mappings/order_address.yaml:12" in caught.value.mend


def test_orders_without_a_ship_node_can_have_a_row(tmp_path):
    row = '"": {facility: A01, warehouse: "002"}\n'
    overrides = write_overrides(tmp_path, {"tables/ship_nodes.yaml": row})

    found = draft(order_document(shipNode=None), mappings=load_mappings(overrides=overrides))

    assert found.warehouse == "002"


def test_a_buyer_becomes_a_customer_who_is_found_again():
    buyer = draft_buyer(parse_order(order_document()), pair=PER_BUYER, mappings=MAPPINGS)

    assert buyer.customer_record == {
        "CUTM": "TMPLWM",
        "CUNO": buyer.search_key,
        "ALCU": buyer.search_key,
        "CUNM": "Test Person",
        "CUA1": "1 Test Street",
        "TOWN": "Warners",
        "ECAR": "NY",
        "PONO": "13164",
        "CSCD": "US",
        "PHNO": "5550100000",
        "MAIL": "0123456789ABCDEF0123456789ABCDEF@relay.walmart.com",
    }
    assert buyer.address_record["ADID"] == buyer.address_id
    assert buyer.address_record["ADRT"] == "01"
    assert "CUNO" not in buyer.address_record


def test_a_buyer_who_does_not_fit_is_found_out_before_m3_is_touched():
    document = order_document(customerEmailId="x" * 50 + "@example.com")

    with pytest.raises(UnmappableField, match="CRS610MI/Add MAIL"):
        draft(document, PER_BUYER)
    draft(document, PAIR)
