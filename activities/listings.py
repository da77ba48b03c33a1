"""Read what Walmart lists and really shows, and which items of M3 that is."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from temporalio import activity

from activities.limits import LIST, hear, limit_of
from activities.services import PairServices, Services
from connectors.walmart_inventory import SkuInventory
from domain.offers import OfferKey
from ledger.balances import Part

log = structlog.get_logger()

ITEM_NUMBER_LENGTH = 15  # ITNO


@dataclass(frozen=True, kw_only=True)
class Listings:
    """What Walmart lists."""

    offers: int = 0
    drifted: int = 0  # of which it showed something else than it had accepted


class ListingActivities:
    """The look at Walmart's own list of stock."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def read_listings(self, pair: str) -> Listings:
        """Read Walmart's whole list of stock; record what is new and what has drifted.

        Repeating: reads from the first page on, as Walmart wants its cursors in sequence.

        Source:
            GET /v3/inventories; MMS025MI/LstAliasViaCat for the items behind the SKUs.
        """
        services = self._services.of_pair(pair)
        items = await _items_by_sku(services)
        offers = drifted = 0
        limit = await limit_of(services, LIST)
        await _wait_for_turn(services)
        async for page in services.inventory.inventories():
            activity.heartbeat()
            offers += sum(len(sku.nodes) for sku in page)
            drifted += await _take(services, page, items)
            await hear(services, LIST, limit)
            await _wait_for_turn(services)
        log.info("listings_read", pair=pair, offers=offers, drifted=drifted)
        return Listings(offers=offers, drifted=drifted)


async def _items_by_sku(services: PairServices) -> dict[str, str]:
    pair = services.pair
    alias = {"ALWT": pair.alias_category}
    if pair.alias_qualifier:
        alias["ALWQ"] = pair.alias_qualifier
    records = await services.m3.execute(
        "MMS025MI", "LstAliasViaCat", alias, columns=("POPN", "ITNO"), max_records=0
    )
    return {record["POPN"]: record["ITNO"] for record in records}


async def _take(
    services: PairServices, page: Sequence[SkuInventory], items: Mapping[str, str]
) -> int:
    """Record one page of listings; return how many offers have drifted."""
    pair, ledger, now = services.pair.name, services.ledger, datetime.now(UTC)
    shown = {
        OfferKey(sku=sku.sku, ship_node=node.ship_node): node.input_quantity
        for sku in page
        for node in sku.nodes
        if node.ship_node in services.mappings.inventory.ship_nodes.open
    }
    await ledger.offers.add(pair, list(shown), at=now)
    skus = list(dict.fromkeys(offer.sku for offer in shown))
    known = await ledger.balances.parts_of(pair, skus)
    parts = {sku: _parts(services, sku, items) for sku in skus}
    changed = [sku for sku in skus if parts[sku] != known[sku]]
    await ledger.balances.keep_parts(pair, [part for sku in changed for part in parts[sku]])
    quantities = {offer: quantity for offer, quantity in shown.items() if quantity is not None}
    return len(await ledger.offers.saw(pair, quantities, at=now))


def _parts(services: PairServices, sku: str, items: Mapping[str, str]) -> list[Part]:
    """Return the items a SKU is made of: of its kit, its alias, or the one of the same number."""
    item = items.get(sku, sku if len(sku) <= ITEM_NUMBER_LENGTH else "")
    if not item and sku not in services.mappings.inventory.kits:
        return []
    return sorted(
        (
            Part(sku=sku, item_number=component.item_number, quantity=component.quantity)
            for component in services.mappings.inventory.components(sku, item)
        ),
        key=lambda part: part.item_number,
    )


async def _wait_for_turn(services: PairServices) -> None:
    """Wait until the shared limit lets one more page be read."""
    limit = await limit_of(services, LIST)
    while True:
        grant = await services.ledger.budgets.take(
            services.pair.name, LIST, limit, wanted=1, keep=limit.count // 10, now=datetime.now(UTC)
        )
        if grant.calls:
            return
        activity.heartbeat()
        await asyncio.sleep(grant.wait.total_seconds())
