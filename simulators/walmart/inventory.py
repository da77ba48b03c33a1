"""The inventory operations: of one SKU at one ship node, at all of them, and of all SKUs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.walmart.answers import answer_rooted
from simulators.walmart.bodies import json_body, member, members, text
from simulators.walmart.errors import (
    INVENTORY_API,
    Refused,
    inventory_error,
    listed_envelope,
    refusals_of,
)
from simulators.walmart.inventory_state import Inventory
from simulators.walmart.lines import Document
from simulators.walmart.parameters import known_parameters, number, required, sku_in_path
from simulators.walmart.quantities import UNIT, available_date, number_of_units, whole_units
from simulators.walmart.state import SellerAccount
from simulators.walmart.stock import NodeQuantities

DEFAULT_LIMIT, MAX_LIMIT = 10, 50
ITEM_PATH = "/v3/inventories/"


async def get_inventory(request: Request, account: SellerAccount) -> Response:
    """GET /v3/inventory: what can be sold of one SKU at one ship node."""
    inventory = account.inventory
    with refusals_of(INVENTORY_API, listed_envelope):
        given = known_parameters(request, "sku", "shipNode")
        row = inventory.row(required(given, "sku"))
        node = inventory.node(given.get("shipNode"))
    shown: Document = {"sku": given["sku"], "quantity": _units(max(0, node.available(row)))}
    if date := inventory.available_on(row, node.ship_node):
        shown["inventoryAvailableDate"] = date
    return answer_rooted(request, "inventory", shown)


async def update_inventory(request: Request, account: SellerAccount) -> Response:
    """PUT /v3/inventory: set the stock of one SKU at one ship node."""
    inventory = account.inventory
    with refusals_of(INVENTORY_API, listed_envelope), _counted_when_refused(inventory):
        given = known_parameters(request, "sku", "shipNode")
        sku = required(given, "sku")
        body = await json_body(request)
        if text(body, "sku") != sku:
            raise Refused("sku of body and query differ", field="sku")
        amount = whole_units(number_of_units(body, "quantity"))
        date = available_date(body)
        row, node = inventory.row(sku), inventory.node(given.get("shipNode"))
    inventory.push(row, node, amount, operation="update_inventory", date=date)
    shown: Document = {"sku": sku, "quantity": _units(amount)}
    if date is not None:
        shown["inventoryAvailableDate"] = date
    return answer_rooted(request, "inventory", shown)


async def list_inventories(request: Request, account: SellerAccount) -> Response:
    """GET /v3/inventories: all SKUs at all ship nodes, page by page."""
    inventory, stock = account.inventory, account.inventory.stock
    with refusals_of(INVENTORY_API, listed_envelope):
        given = known_parameters(request, "limit", "nextCursor")
        limit = number(given, "limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
        start = inventory.cursors.use(given["nextCursor"]) if "nextCursor" in given else 0
    end = min(start + limit, len(stock))
    meta: dict[str, Any] = {"totalCount": len(stock)}
    if end < len(stock):
        meta["nextCursor"] = inventory.cursors.issue(end)
    shown = [_of_item(inventory, row) for row in range(start, end)]
    return JSONResponse({"meta": meta, "elements": {"inventories": shown}})


async def get_inventory_of_item(request: Request, account: SellerAccount) -> Response:
    """GET /v3/inventories/{sku}: one SKU at all ship nodes, or at one."""
    inventory = account.inventory
    with refusals_of(INVENTORY_API, listed_envelope):
        given = known_parameters(request, "shipNode")
        row = inventory.row(sku_in_path(request, ITEM_PATH))
        if "shipNode" not in given:
            return JSONResponse(_of_item(inventory, row))
        node = inventory.node(given["shipNode"])
    nothing = NodeQuantities(ship_node=node.ship_node, input=0, reserved=0)
    nodes = [_of_node(inventory, row, node.of(row) or nothing)]
    return JSONResponse({"sku": inventory.stock.sku(row), "nodes": nodes})


async def update_inventory_of_item(request: Request, account: SellerAccount) -> Response:
    """PUT /v3/inventories/{sku}: set the stock of one SKU at some ship nodes.

    What breaks the schema is refused as a whole. What does not is answered with 200, and each
    ship node says for itself whether it worked.
    """
    inventory = account.inventory
    with refusals_of(INVENTORY_API, listed_envelope), _counted_when_refused(inventory):
        known_parameters(request)
        sku = sku_in_path(request, ITEM_PATH)
        nodes = members(member(await json_body(request), "inventories"), "nodes")
        wishes = [
            (text(node, "shipNode"), number_of_units(node, "inputQty"), available_date(node))
            for node in nodes
        ]
        row = inventory.row(sku)
    outcomes = [_update_node(inventory, row, *wish) for wish in wishes]
    return JSONResponse({"sku": sku, "nodes": outcomes})


@contextmanager
def _counted_when_refused(inventory: Inventory) -> Iterator[None]:
    """Count a quantity that was refused."""
    try:
        yield
    except Refused:
        inventory.pushes.rejected_items += 1
        raise


def _update_node(
    inventory: Inventory, row: int, ship_node: str, amount: int | float, date: str | None
) -> Document:
    """Set the stock at one ship node; return what the answer says of it."""
    try:
        with refusals_of(INVENTORY_API, listed_envelope):
            node, units = inventory.node(ship_node), whole_units(amount)
    except Refused as refused:
        inventory.pushes.rejected_items += 1
        return {"shipNode": ship_node, "errors": [inventory_error(refused)]}
    inventory.push(row, node, units, operation="update_inventory_of_item", date=date)
    return {"shipNode": ship_node, "status": "Success"}


def _of_item(inventory: Inventory, row: int) -> Document:
    nodes = [_of_node(inventory, row, found) for found in inventory.stock.quantities(row)]
    return {"sku": inventory.stock.sku(row), "nodes": nodes}


def _of_node(inventory: Inventory, row: int, quantities: NodeQuantities) -> Document:
    shown: Document = {
        "shipNode": quantities.ship_node,
        "inputQty": _units(quantities.input),
        "availToSellQty": _units(quantities.available),
        "reservedQty": _units(quantities.reserved),
    }
    if date := inventory.available_on(row, quantities.ship_node):
        shown["inventoryAvailableDate"] = date
    return shown


def _units(amount: int) -> Document:
    return {"unit": UNIT, "amount": amount}
