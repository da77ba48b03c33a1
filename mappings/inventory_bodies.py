"""Say in Walmart's words how much of a SKU each ship node has."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import UnmappableField

Document = dict[str, Any]

INVENTORY_VERSION = "1.4"
MP_INVENTORY_VERSION = "1.5"
COMMA = 1  # bytes between two entries of a list


@dataclass(frozen=True, kw_only=True)
class StockRow:
    """How many sales units of a SKU one ship node has to offer."""

    sku: str
    ship_node: str
    quantity: int


ToFeed = Callable[[Iterable[StockRow]], bytes]


def to_inventories_body(quantities: Mapping[str, int]) -> Document:
    """Return the body of PUT /v3/inventories/{sku}.

    Args:
        quantities: ship node to sales units, 0 or more.

    Raises:
        UnmappableField: a quantity is no whole number of 0 or more, or there is none.
    """
    if not quantities:
        raise UnmappableField(
            "inventories.nodes",
            reason="no ship node is given",
            mend="give the SKU a ship node in the value table ship_nodes",
        )
    return {
        "inventories": {
            "nodes": [
                {"shipNode": ship_node, "inputQty": _each(quantity, "inputQty.amount")}
                for ship_node, quantity in quantities.items()
            ]
        }
    }


def to_inventory_body(sku: str, quantity: int) -> Document:
    """Return the body of PUT /v3/inventory, for the seller's default ship node.

    Raises:
        UnmappableField: as above.
    """
    return {"sku": sku, "quantity": _each(quantity, "quantity.amount")}


def to_inventory_feed(rows: Iterable[StockRow]) -> bytes:
    """Return a file of feed type `inventory`, specification 1.4.

    The file cannot name its ship node: it speaks of the seller's default one.

    Args:
        rows: all of one ship node; each SKU once.

    Raises:
        UnmappableField: as above.
        ValueError: rows of several ship nodes, or a SKU twice.

    Source:
        POST /v3/feeds of the inventory specification. The capital letters are Walmart's: with
        small ones the feed fails with ERR_EXT_DATA_0503009.
    """
    entries = []
    ship_nodes = set()
    for sku, quantities in _by_sku(rows):
        ship_nodes |= set(quantities)
        if len(ship_nodes) > 1:
            raise ValueError(f"a file of one ship node has rows of {sorted(ship_nodes)}")
        [quantity] = quantities.values()
        entries.append(to_inventory_body(sku, quantity))
    return _file({"InventoryHeader": {"version": INVENTORY_VERSION}, "Inventory": entries})


def to_mp_inventory_feed(rows: Iterable[StockRow]) -> bytes:
    """Return a file of feed type `MP_INVENTORY`, specification 1.5.

    Args:
        rows: the rows of a SKU need not be neighbors; each ship node of it once.

    Raises:
        UnmappableField: as above.
        ValueError: a ship node of a SKU twice.

    Source:
        POST /v3/feeds of the inventory specification. Here the letters are small.
    """
    entries = [
        {
            "sku": sku,
            "shipNodes": [
                {"shipNode": ship_node, "quantity": _each(quantity, "quantity.amount")}
                for ship_node, quantity in quantities.items()
            ],
        }
        for sku, quantities in _by_sku(rows)
    ]
    return _file({"inventoryHeader": {"version": MP_INVENTORY_VERSION}, "inventory": entries})


def parts(
    rows: Iterable[StockRow],
    *,
    max_bytes: int,
    max_items: int,
    to_feed: ToFeed = to_mp_inventory_feed,
) -> Iterator[tuple[StockRow, ...]]:
    """Cut rows into what fits a file each, in the order their SKUs come first.

    Args:
        rows: any number; all rows of a SKU come into the same file.
        max_bytes: of one file.
        max_items: SKUs in one file.
        to_feed: what will make the files.

    Raises:
        UnmappableField: a SKU alone makes a file that is too large.
    """
    around = len(to_feed(()))
    part: list[StockRow] = []
    size, items = around, 0
    for sku, quantities in _by_sku(rows):
        entry = _rows(sku, quantities)
        alone = len(to_feed(entry))
        if alone > max_bytes:
            raise _too_large(sku, alone, max_bytes)
        longer = alone - around + COMMA
        if part and (size + longer > max_bytes or items >= max_items):
            yield tuple(part)
            part, items = [], 0
        size = size + longer if part else alone
        part += entry
        items += 1
    if part:
        yield tuple(part)


def _by_sku(rows: Iterable[StockRow]) -> Iterable[tuple[str, dict[str, int]]]:
    """Return the quantities of each SKU by ship node, both in the order they come first."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        quantities = found.setdefault(row.sku, {})
        if row.ship_node in quantities:
            raise ValueError(f"SKU {row.sku!r} has two rows for ship node {row.ship_node}")
        quantities[row.ship_node] = row.quantity
    return found.items()


def _rows(sku: str, quantities: Mapping[str, int]) -> Sequence[StockRow]:
    return [
        StockRow(sku=sku, ship_node=ship_node, quantity=quantity)
        for ship_node, quantity in quantities.items()
    ]


def _each(quantity: int, field: str) -> Document:
    # A bool is an int to Python, and would go out as true.
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 0:
        raise UnmappableField(
            field,
            reason=f"{quantity!r} is no whole number of 0 or more",
            mend="correct the rule or the balance the quantity comes from, then send `retry`",
        )
    return {"unit": "EACH", "amount": quantity}


def _file(document: Document) -> bytes:
    # Letters outside ASCII are escaped, so that nobody can read them in another charset.
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def _too_large(sku: str, size: int, max_bytes: int) -> UnmappableField:
    return UnmappableField(
        "inventory feed",
        reason=f"SKU {sku!r} alone makes a file of {size} bytes, {max_bytes} are allowed",
        mend="raise the size the files are cut at, or set this SKU's stock by itself",
    )
