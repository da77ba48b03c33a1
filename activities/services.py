"""What an activity works with: one set of clients, mappings and memory per pair."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from temporalio import activity

from activities.items import ItemNumbers
from connectors.m3 import M3Client
from connectors.walmart import WalmartClient
from connectors.walmart_feeds import WalmartFeeds
from connectors.walmart_inventory import WalmartInventory
from connectors.walmart_limits import Allowance
from domain.orders import OrderRef
from domain.pairs import Pair
from ledger.store import Ledger
from mappings.corrections import with_address
from mappings.live import LiveMappings
from mappings.loader import MappingSet
from mappings.walmart_order import WalmartOrder, parse_order


@dataclass(frozen=True, kw_only=True)
class PairServices:
    """Everything the activities of one pair need."""

    pair: Pair
    m3: M3Client
    walmart: WalmartClient
    live_mappings: LiveMappings
    items: ItemNumbers
    ledger: Ledger
    # What Walmart said last of the limit of each call.
    allowances: dict[str, Allowance] = field(default_factory=dict)

    @property
    def mappings(self) -> MappingSet:
        """Return the mappings in force, which follow their files."""
        return self.live_mappings.current

    @property
    def inventory(self) -> WalmartInventory:
        """Return Walmart's stock."""
        return WalmartInventory(self.walmart)

    @property
    def feeds(self) -> WalmartFeeds:
        """Return Walmart's feeds."""
        return WalmartFeeds(self.walmart)

    @property
    def warehouses(self) -> tuple[str, ...]:
        """Return the warehouses any ship node ships from."""
        stock = self.mappings.inventory
        return tuple(
            sorted({w for node in stock.ship_nodes.open for w in stock.warehouses_of(node)})
        )

    async def fetch(self, purchase_order_id: str) -> WalmartOrder:
        """Read the order from Walmart, check its shape and keep it in the ledger."""
        document = await self.walmart.order(purchase_order_id)
        order = await self._read(purchase_order_id, document)
        await self.ledger.save_order(
            self.pair.name, purchase_order_id, document=_to_json(document), at=datetime.now(UTC)
        )
        return order

    async def order(self, purchase_order_id: str) -> WalmartOrder:
        """Return the order from the ledger, or from Walmart when this ledger never saw it."""
        document = await self.ledger.order_document(self.pair.name, purchase_order_id)
        if document is None:
            return await self.fetch(purchase_order_id)
        return await self._read(purchase_order_id, json.loads(document, parse_float=Decimal))

    async def _read(self, purchase_order_id: str, document: Mapping[str, Any]) -> WalmartOrder:
        """Read an order, with the address a person has corrected in place of Walmart's."""
        if sealed := await self.ledger.address(self.pair.name, purchase_order_id):
            document = with_address(document, json.loads(self.ledger.seal.open(sealed)))
        return parse_order(document)

    async def may_have_happened(self, business_id: str) -> bool:
        """Record that the running activity is about to write, and tell whether it may have before.

        True for a later attempt, and for an earlier one of another run: after a reset in the Web
        UI, or when Temporal has forgotten the order. Then look in the other system first.
        """
        info = activity.info()
        first = await self.ledger.intend(
            self.pair.name, business_id, info.activity_type, at=datetime.now(UTC)
        )
        if info.attempt == 1 and first:
            return False
        await self.note_repetition(business_id)
        return True

    async def note_repetition(self, business_id: str) -> None:
        """Record that the running activity repeats one that wrote, as it has just found out."""
        step = _repeated(activity.info().activity_type)
        await self.ledger.intend(self.pair.name, business_id, step, at=datetime.now(UTC))

    async def was_repeated(self, business_id: str, activity_type: str) -> bool:
        """Return whether an activity's write may have been sent more than once."""
        return await self.ledger.intended(self.pair.name, business_id, _repeated(activity_type))

    async def saw_entry(self, purchase_order_id: str) -> bool:
        """Return whether this ledger knows everything that was written for an order.

        It does when it saw the head being added, at the first try. Otherwise an earlier run, or
        a worker whose ledger is lost, may have gone further than this ledger knows.
        """
        seen = await self.ledger.intended(self.pair.name, purchase_order_id, "add_head")
        return seen and not await self.was_repeated(purchase_order_id, "add_head")


class Services:
    """The services of every pair this worker serves."""

    def __init__(self, ledger: Ledger, pairs: Mapping[str, PairServices]) -> None:
        self.ledger = ledger
        self._pairs = pairs

    def of(self, ref: OrderRef) -> PairServices:
        """Return the services of the order's pair."""
        return self.of_pair(ref.pair)

    def of_pair(self, name: str) -> PairServices:
        """Return the services of a pair by its name."""
        if name not in self._pairs:
            known = ", ".join(sorted(self._pairs))
            # Not an IntegrationError on purpose: it heals when a worker that knows the pair runs.
            raise LookupError(f"this worker has no pair {name!r}, only {known}; add it and restart")
        return self._pairs[name]


def _repeated(activity_type: str) -> str:
    return f"{activity_type} repeated"


def _to_json(document: dict[str, Any]) -> str:
    # Amounts are Decimal and become text, never float; `parse_order` reads either.
    return json.dumps(document, default=str)
