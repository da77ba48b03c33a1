"""Everything that keeps an order from being drafted comes together; amounts can be converted."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.errors import InvalidOrder
from domain.pairs import Pair
from mappings.draft_problems import draft_problems
from mappings.exchange import Exchange
from mappings.loader import MappingSet, load_mappings
from mappings.orders import draft_order
from mappings.walmart_order import parse_order
from tests.mapping_samples import (
    DIRECT,
    ITEMS,
    PAIR,
    PER_BUYER,
    charge,
    order_document,
    order_line,
    with_address,
    write_overrides,
)

MAPPINGS = load_mappings()


def problems(
    document: dict[str, Any],
    *,
    pair: Pair = PAIR,
    mappings: MappingSet = MAPPINGS,
    items: dict[str, str] = ITEMS,
) -> list[tuple[str, str]]:
    """Return cause and line of each problem."""
    found = draft_problems(parse_order(document), pair=pair, mappings=mappings, items=items)
    return [(problem.error.cause, problem.line_number) for problem in found]


def sold_by(unit: str, number: str, sku: str = "WM-KETTLE-01") -> dict[str, Any]:
    line = order_line(number, sku)
    return line | {"orderLineQuantity": {"unitOfMeasurement": unit, "amount": "2"}}


@pytest.mark.parametrize("pair", [PAIR, PER_BUYER, DIRECT])
def test_order_that_fits_has_no_problem(pair: Pair):
    assert problems(order_document(order_line("1"), order_line("2", "LAMP-02")), pair=pair) == []


def test_problems_of_head_lines_and_address_come_together():
    document = with_address(country="FRA", city="x" * 50)
    document["shipNode"]["id"] = "10009"
    document["shippingInfo"]["methodCode"] = "Drone"
    document["orderLines"]["orderLine"] = [
        sold_by("BOX", "1"),
        sold_by("EACH", "2"),
        sold_by("CASE", "3"),
        sold_by("BOX", "4"),
    ]

    assert problems(document) == [
        ("UNMAPPED_SHIP_NODES", ""),
        ("UNMAPPED_DELIVERY_METHODS", ""),
        ("UNMAPPED_UNITS", "1"),
        ("UNMAPPED_UNITS", "3"),
        ("FIELD_DOES_NOT_FIT", ""),
        ("UNMAPPED_COUNTRIES", ""),
    ]


def test_line_of_an_unknown_sku_is_looked_at_all_the_same():
    assert problems(order_document(sold_by("BOX", "1", "WM-GHOST-01"))) == [("UNMAPPED_UNITS", "1")]


def test_table_is_not_blamed_for_a_value_nobody_knows_yet(tmp_path: Path):
    overrides = write_overrides(
        tmp_path,
        {
            "tables/families.yaml": "KETTLE-01: K",
            "order_line.yaml": "fields: {LTYP: {table: families, key: facts.item_number}}",
        },
    )

    found = problems(
        order_document(order_line("1", "WM-GHOST-01"), order_line("2", "LAMP-02")),
        mappings=load_mappings(overrides=overrides),
    )

    assert found == [("UNMAPPED_FAMILIES", "2")]


@pytest.mark.parametrize(
    ("ship_node", "cause"),
    [("10003", "SHIP_NODE_CLOSED"), (None, "SHIP_NODE_MISSING")],
)
def test_order_nothing_ships_from_is_looked_at_all_the_same(ship_node: str | None, cause: str):
    document = order_document(sold_by("BOX", "1"))
    document["shipNode"] = {"type": "SellerFulfilled", "id": ship_node}

    assert problems(document) == [(cause, ""), ("UNMAPPED_UNITS", "1")]


def test_missing_street_is_left_to_the_rules_and_a_long_one_is_not():
    assert problems(with_address(address1=None)) == []
    assert problems(with_address(address1="x" * 200)) == [("FIELD_DOES_NOT_FIT", "")]


def test_buyer_who_does_not_fit_is_found_out_with_the_rest():
    document = with_address(city="x" * 50)

    assert problems(document, pair=DIRECT) == [
        ("FIELD_DOES_NOT_FIT", ""),  # CRS610MI/Add TOWN
        ("FIELD_DOES_NOT_FIT", ""),  # CRS610MI/AddAddress TOWN
    ]


def canadian() -> dict[str, Any]:
    charges = [
        charge("PRODUCT", "ItemPrice", "10.00"),
        charge("PRODUCT", "Discount", "-1.00"),
        charge("SHIPPING", "Shipping", "5.99", "0.50"),
    ]
    for each in charges:
        each["chargeAmount"]["currency"] = "CAD"
        if each["tax"]:
            each["tax"]["taxAmount"]["currency"] = "CAD"
    return order_document(order_line(charges=charges))


def test_amounts_are_converted_to_m3s_price_decimals():
    exchange = Exchange(currency="USD", rate=Decimal("0.73125"), date="20190914")
    pair = replace(PAIR, tax_charge="TAX")

    draft = draft_order(
        parse_order(canadian()), pair=pair, mappings=MAPPINGS, items=ITEMS, exchange=exchange
    )

    [line] = draft.lines
    assert draft.head.fields["CUCD"] == "USD"
    assert (line.record["SAPR"], line.record["DIA1"]) == ("7.3125", "0.7312")
    assert draft.charges == (
        {"CRID": "FRGHT", "CRAM": "4.3802", "CUCD": "USD"},
        {"CRID": "TAX", "CRAM": "0.3656", "CUCD": "USD"},
    )


def test_other_currency_is_never_entered_unconverted():
    with pytest.raises(InvalidOrder, match="it is in CAD"):
        draft_order(parse_order(canadian()), pair=PAIR, mappings=MAPPINGS, items=ITEMS)
