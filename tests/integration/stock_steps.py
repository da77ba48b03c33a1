"""What tests of the inventory do again and again: plan stock, read it, see what came of it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from activities.inventory import Computed, InventoryActivities, Reading
from activities.listings import ListingActivities
from activities.sending import SendingActivities, SendInput, Sent
from domain.offers import OfferKey
from ledger.balances import Difference
from simulators.m3.master_data import ALIAS_CATEGORY, ALIAS_QUALIFIER
from simulators.m3.planned import PlannedItems
from simulators.stock_audit import sellable
from simulators.world import planned_item_number, planned_sku
from tests.services import PAIR, Shop

EAST, WEST = "10001", "10002"
WAREHOUSE_OF = {EAST: "001", WEST: "002"}


def offer(n: int, ship_node: str = EAST) -> OfferKey:
    """Return the offer of a planned item."""
    return OfferKey(sku=planned_sku(n), ship_node=ship_node)


def plan(shop: Shop, count: int, *, warehouses: tuple[str, ...] = ("001", "002")) -> None:
    """Let M3 have planned items."""
    planned = PlannedItems(
        count=count,
        seed=1,
        warehouses=warehouses,
        alias_category=ALIAS_CATEGORY,
        alias_qualifier=ALIAS_QUALIFIER,
        created_at=shop.tenant.now(),
        changed_ms=shop.tenant.stock_clock.now_ms(),
    )
    shop.tenant.plan_items(planned)


def list_planned(shop: Shop, numbers: Iterable[int], *, amount: int = 0) -> None:
    """Let Walmart list planned items at both ship nodes."""
    for n in numbers:
        shop.account.inventory.stock.list_named(planned_sku(n), {EAST: amount, WEST: amount})


def set_stock(shop: Shop, n: int, quantity: str, *, ship_node: str = EAST) -> None:
    """Let M3 have so much to allocate of a planned item, in its basic unit."""
    balance = shop.tenant.stock[WAREHOUSE_OF[ship_node], planned_item_number(n)]
    balance.move(on_hand=Decimal(quantity) - balance.net)


def expected(shop: Shop, n: int, ship_node: str = EAST) -> int:
    """Return what Walmart should show, worked out from M3's balance alone."""
    balance = shop.tenant.stock[WAREHOUSE_OF[ship_node], planned_item_number(n)]
    return sellable(n, balance.net)


async def read_everything(shop: Shop, run: str = "all") -> Difference:
    """Read all of M3's balances, as the workflow does."""
    reading = Reading(pair=PAIR, run=f"{datetime.now(UTC).isoformat()}/{run}", complete=True)
    begun = await shop.run(InventoryActivities.begin_reading, reading)
    for warehouse in await shop.run(InventoryActivities.warehouses_to_read, PAIR):
        await shop.run(InventoryActivities.read_warehouse, replace(begun, warehouse=warehouse))
    return await shop.run(InventoryActivities.apply_reading, begun)


async def read_changes(shop: Shop) -> Difference:
    """Read what M3 has changed, as the workflow does."""
    reading = Reading(pair=PAIR, run=f"{datetime.now(UTC).isoformat()}/changes")
    begun = await shop.run(InventoryActivities.read_changes, reading)
    return await shop.run(InventoryActivities.apply_reading, begun)


async def compute(shop: Shop) -> Computed:
    """Compute what Walmart should show."""
    return await shop.run(InventoryActivities.compute_wanted, PAIR)


async def take_up(shop: Shop) -> Computed:
    """Read listings and all of M3, and compute, as the first run of a pair does."""
    await shop.run(ListingActivities.read_listings, PAIR)
    await read_everything(shop)
    return await compute(shop)


async def send(shop: Shop) -> Sent:
    """Send what waits; a person has approved it."""
    return await shop.run(SendingActivities.send_inventory, SendInput(pair=PAIR, approved=True))


async def rows(shop: Shop) -> dict[OfferKey, Any]:
    """Return all the ledger knows, by offer."""
    found = await shop.services.ledger.offers._database.rows(
        "SELECT * FROM offers WHERE pair = :pair", pair=PAIR
    )
    return {OfferKey(sku=row.sku, ship_node=row.ship_node): row for row in found}


async def wanted(shop: Shop) -> dict[OfferKey, int | None]:
    """Return what Walmart should show, by offer."""
    return {key: row.wanted for key, row in (await rows(shop)).items()}


async def pass_waits(shop: Shop) -> None:
    """Let whatever offers and limits wait for be over."""
    database = shop.services.ledger.offers._database
    await database.change("UPDATE offers SET not_before = '' WHERE pair = :pair", pair=PAIR)
    await database.change("DELETE FROM budgets WHERE pair = :pair", pair=PAIR)


def shown(shop: Shop) -> dict[OfferKey, int]:
    """Return what Walmart sells, by offer."""
    shop.account.inventory.settle()
    stock = shop.account.inventory.stock
    return {
        OfferKey(sku=stock.sku(row), ship_node=each.ship_node): each.available
        for row in range(len(stock))
        for each in stock.quantities(row)
    }
