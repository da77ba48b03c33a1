"""A pair overrides single fields and rows; everything else stays as shipped."""

import pytest

from domain.errors import ShipNodeClosed, UnmappedValue
from mappings.loader import load_mappings
from mappings.orders import draft_order
from mappings.tables import Site
from mappings.walmart_order import parse_order
from tests.mapping_samples import ITEMS, PAIR, order_document, write_overrides


def test_a_field_is_replaced_added_and_removed(tmp_path):
    overrides = write_overrides(
        tmp_path,
        {
            "order_head.yaml": (
                "fields:\n"
                "  NREF: null\n"
                '  OREF: {from: order.customerOrderId, convert: {prefix: "WM "}}\n'
                '  MODL: {const: "FDX"}\n'
            )
        },
    )
    shipped, own = load_mappings(), load_mappings(overrides=overrides)

    order = parse_order(order_document())
    before = draft_order(order, pair=PAIR, mappings=shipped, items=ITEMS).head.fields
    after = draft_order(order, pair=PAIR, mappings=own, items=ITEMS).head.fields

    assert "NREF" not in after
    assert after == {
        **{name: value for name, value in before.items() if name != "NREF"},
        "OREF": "WM 5281956426648",
        "MODL": "FDX",
    }


def test_a_row_is_replaced_added_and_removed(tmp_path):
    overrides = write_overrides(
        tmp_path,
        {
            "tables/ship_nodes.yaml": (
                '"10001": {closed: true}\n'
                '"10002": null\n'
                '"10009": {facility: B01, warehouse: "900"}\n'
            )
        },
    )

    ship_nodes = load_mappings(overrides=overrides).ship_nodes

    assert ship_nodes.site("10009") == Site(facility="B01", warehouse="900")
    with pytest.raises(ShipNodeClosed):
        ship_nodes.site("10001")
    with pytest.raises(UnmappedValue):
        ship_nodes.site("10002")


def test_a_pair_may_bring_a_table_of_its_own(tmp_path):
    overrides = write_overrides(
        tmp_path,
        {
            "tables/order_types.yaml": "REGULAR: WM1\nREPLACEMENT: WM9\n",
            "order_head.yaml": "fields:\n  ORTP: {table: order_types, key: order.orderType}\n",
        },
    )
    mappings = load_mappings(overrides=overrides)

    order = parse_order(order_document(orderType="REPLACEMENT"))

    assert draft_order(order, pair=PAIR, mappings=mappings, items=ITEMS).head.fields["ORTP"] == (
        "WM9"
    )


def test_a_record_an_order_can_do_without_may_have_a_condition(tmp_path):
    overrides = write_overrides(
        tmp_path, {"order_text.yaml": "when: {from: order.orderType, is: REPLACEMENT}\n"}
    )
    mappings = load_mappings(overrides=overrides)

    def texts(order_type: str) -> int:
        order = parse_order(order_document(orderType=order_type))
        return len(draft_order(order, pair=PAIR, mappings=mappings, items=ITEMS).texts)

    assert (texts("REGULAR"), texts("REPLACEMENT")) == (0, 1)


def test_an_empty_override_folder_changes_nothing(tmp_path):
    assert load_mappings(overrides=tmp_path).tables == load_mappings().tables
