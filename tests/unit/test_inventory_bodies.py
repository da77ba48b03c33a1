"""mappings/inventory_bodies.py: what Walmart is told about stock, and how files are cut."""

import itertools
import json
import random
from typing import Any

import pytest

from domain.errors import UnmappableField
from mappings.inventory_bodies import (
    StockRow,
    ToFeed,
    parts,
    to_inventories_body,
    to_inventory_body,
    to_inventory_feed,
    to_mp_inventory_feed,
)

DALLAS, ATLANTA = "FC_DALLAS_01", "FC_ATLANTA_02"
NO_QUANTITIES: list[Any] = [-1, 1.0, "1", True, None]


def row(sku: str, quantity: Any = 1, ship_node: str = DALLAS) -> StockRow:
    return StockRow(sku=sku, ship_node=ship_node, quantity=quantity)


def each(amount: int) -> dict[str, Any]:
    return {"unit": "EACH", "amount": amount}


def test_body_names_each_ship_node():
    assert to_inventories_body({DALLAS: 88, ATLANTA: 0}) == {
        "inventories": {
            "nodes": [
                {"shipNode": DALLAS, "inputQty": each(88)},
                {"shipNode": ATLANTA, "inputQty": each(0)},
            ]
        }
    }


def test_body_of_the_default_ship_node_names_the_sku():
    assert to_inventory_body("A/B", 10) == {"sku": "A/B", "quantity": each(10)}


def test_body_without_a_ship_node_is_refused():
    with pytest.raises(UnmappableField, match="no ship node"):
        to_inventories_body({})


@pytest.mark.parametrize("quantity", NO_QUANTITIES)
def test_quantity_that_is_none_is_refused(quantity: Any):
    for make in (
        lambda: to_inventories_body({DALLAS: quantity}),
        lambda: to_inventory_body("A", quantity),
        lambda: to_inventory_feed([row("A", quantity)]),
        lambda: to_mp_inventory_feed([row("A", quantity)]),
    ):
        with pytest.raises(UnmappableField, match="no whole number of 0 or more"):
            make()


def test_file_of_one_ship_node_has_capital_letters_where_walmart_has():
    file = to_inventory_feed([row("SKU-RED-MUG-12OZ", 185), row("SKU-BLUE-PLATE-10IN", 300)])

    assert json.loads(file) == {
        "InventoryHeader": {"version": "1.4"},
        "Inventory": [
            {"sku": "SKU-RED-MUG-12OZ", "quantity": each(185)},
            {"sku": "SKU-BLUE-PLATE-10IN", "quantity": each(300)},
        ],
    }


@pytest.mark.parametrize(
    "rows",
    [
        [row("A"), row("B", ship_node=ATLANTA)],
        [row("A"), row("A", ship_node=ATLANTA)],
        [row("A"), row("A")],
    ],
    ids=["two ship nodes", "two of one SKU", "one SKU twice"],
)
def test_file_of_one_ship_node_has_one_ship_node(rows: list[StockRow]):
    with pytest.raises(ValueError, match="ship node"):
        to_inventory_feed(rows)


def test_file_of_several_ship_nodes_gathers_the_rows_of_a_sku():
    rows = [
        row("SKU-RED-MUG-12OZ", 125),
        row("SKU-BLUE-PLATE-10IN", 240),
        row("SKU-RED-MUG-12OZ", 60, ATLANTA),
    ]

    assert json.loads(to_mp_inventory_feed(rows)) == {
        "inventoryHeader": {"version": "1.5"},
        "inventory": [
            {
                "sku": "SKU-RED-MUG-12OZ",
                "shipNodes": [
                    {"shipNode": DALLAS, "quantity": each(125)},
                    {"shipNode": ATLANTA, "quantity": each(60)},
                ],
            },
            {
                "sku": "SKU-BLUE-PLATE-10IN",
                "shipNodes": [{"shipNode": DALLAS, "quantity": each(240)}],
            },
        ],
    }


def test_file_says_one_thing_about_a_ship_node():
    with pytest.raises(ValueError, match="two rows for ship node"):
        to_mp_inventory_feed([row("A", 1), row("A", 2)])


@pytest.mark.parametrize("to_feed", [to_inventory_feed, to_mp_inventory_feed])
def test_files_are_plain_ascii_and_the_same_each_time(to_feed: ToFeed):
    rows = [row('Käse "水"', 3)]

    file = to_feed(rows)

    assert file == to_feed(rows)
    assert file.isascii()
    assert 'Käse \\"水\\"'.encode() not in file
    [entries] = [value for value in json.loads(file).values() if isinstance(value, list)]
    assert entries[0]["sku"] == 'Käse "水"'


@pytest.mark.parametrize("to_feed", [to_inventory_feed, to_mp_inventory_feed])
def test_parts_fit_in_order_and_no_file_could_take_more(to_feed: ToFeed):
    choose = random.Random(7)  # noqa: S311
    rows = [row("S" * choose.randint(1, 40) + str(n), choose.randint(0, 9999)) for n in range(400)]
    max_bytes = 2000

    cut = list(parts(rows, max_bytes=max_bytes, max_items=1000, to_feed=to_feed))

    assert [each for part in cut for each in part] == rows
    assert len(cut) > 2
    for part, following in itertools.pairwise(cut):
        assert len(to_feed(part)) <= max_bytes
        assert len(to_feed((*part, following[0]))) > max_bytes
    assert len(to_feed(cut[-1])) <= max_bytes


def test_file_of_exactly_the_size_is_one_part():
    rows = [row("A"), row("Ä"), row("C")]
    size = len(to_mp_inventory_feed(rows))

    assert list(parts(rows, max_bytes=size, max_items=9)) == [tuple(rows)]
    assert list(parts(rows, max_bytes=size - 1, max_items=9)) == [tuple(rows[:2]), tuple(rows[2:])]


def test_parts_have_no_more_skus_than_allowed():
    rows = [row(name) for name in "ABCDE"]

    cut = parts(rows, max_bytes=10_000, max_items=2)

    assert [[each.sku for each in part] for part in cut] == [["A", "B"], ["C", "D"], ["E"]]


def test_rows_of_a_sku_stay_together():
    rows = [row("A"), row("B"), row("A", ship_node=ATLANTA), row("C")]

    cut = list(parts(rows, max_bytes=10_000, max_items=1))

    assert cut == [(rows[0], rows[2]), (rows[1],), (rows[3],)]


def test_sku_too_large_for_a_file_is_named():
    rows = [row("A"), *(row("B", ship_node=str(number)) for number in range(50))]

    cut = parts(rows, max_bytes=500, max_items=9)

    with pytest.raises(UnmappableField, match="SKU 'B' alone"):
        list(cut)


def test_no_rows_are_no_files():
    assert list(parts([], max_bytes=100, max_items=1)) == []
