"""Call Walmart's inventory endpoints for a seller's own ship nodes.

Walmart's web pages speak of /v3/items/{sku}/inventory here and there. None of its specifications
(2023, 2024, 2026) has that endpoint; stock is read and set under /v3/inventory and /v3/inventories.

There is no version and no condition: whoever writes last wins. All quantities are absolute, so
each of these writes may be repeated as long as nothing newer was sent meanwhile.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

import httpx

from connectors.walmart import WalmartClient
from connectors.walmart_answers import EMPTY_LIST, Document, as_list, json_object, nonsense
from domain.errors import NotFound, Unavailable

INVENTORIES = "/v3/inventories"
PAGE_SIZE = 50  # the most Walmart gives

ACCEPTED = "success"  # of any letter case
NOT_ANSWERED = "NODE_NOT_ANSWERED"
NO_REASON = "NODE_REFUSED"
HARMLESS = frozenset({"INFO", "WARN"})


@dataclass(frozen=True, kw_only=True)
class NodeInventory:
    """What one ship node has of a SKU, in sales units; None: Walmart does not say."""

    ship_node: str
    input_quantity: int | None  # what the seller set last
    available_to_sell: int | None
    reserved: int | None  # sold and not shipped


@dataclass(frozen=True, kw_only=True)
class SkuInventory:
    """What all ship nodes have of a SKU."""

    sku: str
    nodes: tuple[NodeInventory, ...]


@dataclass(frozen=True, kw_only=True)
class NodeOutcome:
    """Whether the quantity of one ship node was taken over; if not, Walmart's reason."""

    ship_node: str
    accepted: bool
    code: str = ""
    description: str = ""
    field: str = ""


class WalmartInventory:
    """The stock of one seller account. Never retries: Temporal does."""

    def __init__(self, walmart: WalmartClient) -> None:
        self._walmart = walmart

    async def inventory_of(self, sku: str) -> tuple[NodeInventory, ...]:
        """Return what each ship node has of a SKU.

        Raises:
            NotFound: the seller does not sell this SKU.

        Source:
            GET /v3/inventories/{sku}.
        """
        path = f"{INVENTORIES}/{encoded(sku)}"
        response = await self._walmart.send("GET", path, operation="get_inventory_of_item")
        return _nodes(json_object(response), response)

    async def put_inventory(self, sku: str, body: Document) -> tuple[NodeOutcome, ...]:
        """Set what ship nodes have of a SKU. Repeating is harmless while nothing newer was sent.

        Args:
            sku: as the seller writes it.
            body: see `mappings.inventory_bodies.to_inventories_body`.

        Returns:
            One outcome per ship node of the body, in its order. Walmart answers 200 also when it
            refuses some or all of them. A node it says nothing about counts as refused.

        Raises:
            Rejected: Walmart refused the request as a whole.

        Source:
            PUT /v3/inventories/{sku}.
        """
        path = f"{INVENTORIES}/{encoded(sku)}"
        response = await self._walmart.send("PUT", path, body, operation="update_inventory_of_item")
        answered: dict[str, NodeOutcome] = {}
        for node in as_list(json_object(response).get("nodes")):
            outcome = _outcome(node)
            if answered.setdefault(outcome.ship_node, outcome).accepted:
                answered[outcome.ship_node] = outcome  # one refusal of two answers stays
        asked = [str(node["shipNode"]) for node in body["inventories"]["nodes"]]
        return tuple(answered.get(ship_node) or _not_answered(ship_node) for ship_node in asked)

    async def put_default_inventory(self, sku: str, body: Document) -> None:
        """Set what the seller's default ship node has of a SKU. Repeating is as above.

        Args:
            sku: as the seller writes it.
            body: see `mappings.inventory_bodies.to_inventory_body`.

        Raises:
            Rejected: Walmart refused.

        Source:
            PUT /v3/inventory?sku=; without shipNode the default node is meant.
        """
        path = f"/v3/inventory?sku={encoded(sku)}"
        await self._walmart.send("PUT", path, body, operation="update_inventory")

    async def inventories(self) -> AsyncIterator[list[SkuInventory]]:
        """Yield the stock of all SKUs, page by page.

        A cursor is good for one request, the next one, so a reading cannot be resumed or shared:
        after any error it has to begin again. Run one reading per seller account at a time.

        Raises:
            Unavailable: among other things when Walmart does not know the cursor any more, or
                gives one a second time.
            NotFound: the address is wrong.

        Source:
            GET /v3/inventories. Since 15 May 2026 a cursor used twice, out of order or in
            parallel is answered with a 404. The list ends where nextCursor is absent, and only
            there. That an empty list is a 404, as it is for orders, is an assumption.
        """
        query = f"?limit={PAGE_SIZE}"
        seen: set[str] = set()
        cursor = ""
        while True:
            after = f"&nextCursor={quote(cursor, safe='')}" if cursor else ""
            response = await self._page(f"{INVENTORIES}{query}{after}", first=not cursor)
            if response is None:
                return
            document = json_object(response)
            listed = as_list((document.get("elements") or {}).get("inventories"))
            if page := [_sku_inventory(entry, response) for entry in listed]:
                yield page
            cursor = str((document.get("meta") or {}).get("nextCursor") or "")
            if not cursor:
                return
            if cursor in seen:
                raise _begin_again("gave a cursor a second time")
            seen.add(cursor)

    async def _page(self, path: str, *, first: bool) -> httpx.Response | None:
        """Return a page, or None when there is nothing at all."""
        try:
            return await self._walmart.send("GET", path, operation="list_inventories")
        except NotFound as missing:
            if not first:
                raise _begin_again("does not know the cursor any more") from missing
            if missing.code.partition(".")[0] not in EMPTY_LIST:
                raise
            return None


def encoded(sku: str) -> str:
    """Return a SKU as it goes into a path or a query: everything but letters and digits encoded.

    Raises:
        ValueError: the SKU is blank; its address would be the one of all SKUs.

    Source:
        Parameter `sku` of the inventory specification: space is %20.
    """
    if not sku.strip():
        raise ValueError("a blank SKU has no address")
    text = quote(sku, safe="")
    # As they are, these two would be taken for steps through the path.
    return text.replace(".", "%2E") if text in (".", "..") else text


def _sku_inventory(entry: Document, response: httpx.Response) -> SkuInventory:
    return SkuInventory(sku=_named(entry, "sku", response), nodes=_nodes(entry, response))


def _nodes(entry: Document, response: httpx.Response) -> tuple[NodeInventory, ...]:
    return tuple(
        NodeInventory(
            ship_node=_named(node, "shipNode", response),
            input_quantity=_units(node.get("inputQty")),
            available_to_sell=_units(node.get("availToSellQty")),
            reserved=_units(node.get("reservedQty")),
        )
        for node in as_list(entry.get("nodes"))
    )


def _named(entry: Document, name: str, response: httpx.Response) -> str:
    if not (value := entry.get(name)):
        raise nonsense(response, f"a list with an entry without {name}")
    return str(value)


def _units(quantity: Any) -> int | None:
    """Return {"unit": "EACH", "amount": 5} as 5; `amount` is any number in the schema."""
    try:
        return int(Decimal(str(quantity["amount"])))
    except (KeyError, TypeError, InvalidOperation, ValueError, OverflowError):
        return None


def _outcome(node: Document) -> NodeOutcome:
    ship_node = str(node.get("shipNode") or "")
    status = str(node.get("status") or "").strip()
    errors = [
        error
        for error in as_list(node.get("errors"))
        if error.get("severity") not in HARMLESS or status.lower() != ACCEPTED
    ]
    if status.lower() == ACCEPTED and not errors:
        return NodeOutcome(ship_node=ship_node, accepted=True)
    first = errors[0] if errors else {}
    return NodeOutcome(
        ship_node=ship_node,
        accepted=False,
        code=str(first.get("code") or NO_REASON).strip(),
        description=str(first.get("description") or first.get("info") or f"status {status!r}"),
        field=str(first.get("field") or ""),
    )


def _not_answered(ship_node: str) -> NodeOutcome:
    description = "Walmart's answer does not mention this ship node"
    return NodeOutcome(
        ship_node=ship_node, accepted=False, code=NOT_ANSWERED, description=description
    )


def _begin_again(what: str) -> Unavailable:
    return Unavailable(
        "Walmart", f"GET {INVENTORIES}", reason=f"{what}; the reading has to begin again"
    )
