"""Units that Walmart orders hold and M3 does not know of yet: they must not be sold again."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from domain.offers import OfferKey
from ledger.database import Database, Transaction


class HeldUnits:
    """Held units of every pair. Each change marks the offers it concerns as stale."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hold(self, pair: str, purchase_order_id: str, units: Mapping[OfferKey, int]) -> None:
        """Hold units of an order, by SKU and ship node, in place of those it held before."""
        async with self._database.transaction() as database:
            await _release(database, pair, purchase_order_id)
            await database.change_many(
                """
                INSERT INTO held_units (pair, sku, ship_node, purchase_order_id, quantity)
                VALUES (:pair, :sku, :ship_node, :purchase_order_id, :quantity)
                """,
                [
                    {
                        "pair": pair,
                        "sku": offer.sku,
                        "ship_node": offer.ship_node,
                        "purchase_order_id": purchase_order_id,
                        "quantity": quantity,
                    }
                    for offer, quantity in units.items()
                ],
            )
            await _mark_order_stale(database, pair, purchase_order_id)

    async def release(self, pair: str, purchase_order_id: str) -> None:
        """Hold nothing for an order any more: M3 has it, or nobody wants it."""
        async with self._database.transaction() as database:
            await _release(database, pair, purchase_order_id)

    async def held(self, pair: str, item_numbers: Sequence[str]) -> dict[tuple[str, str], Decimal]:
        """Return what orders hold of some items, EACH, by ship node and item.

        A kit shares its items with other SKUs, so what is held of one is missing to all.
        """
        rows = await self._database.rows(
            """
            SELECT held.ship_node, parts.item_number, parts.quantity AS each_holds, held.quantity
            FROM held_units AS held
            JOIN parts ON parts.pair = held.pair AND parts.sku = held.sku
            WHERE held.pair = :pair AND parts.item_number IN :item_numbers
            """,
            pair=pair,
            item_numbers=list(item_numbers),
        )
        held: dict[tuple[str, str], Decimal] = {}
        for row in rows:
            key = (row.ship_node, row.item_number)
            held[key] = held.get(key, Decimal(0)) + row.quantity * Decimal(row.each_holds)
        return held


async def _release(database: Transaction, pair: str, purchase_order_id: str) -> None:
    await _mark_order_stale(database, pair, purchase_order_id)
    await database.change(
        "DELETE FROM held_units WHERE pair = :pair AND purchase_order_id = :purchase_order_id",
        pair=pair,
        purchase_order_id=purchase_order_id,
    )


async def _mark_order_stale(database: Transaction, pair: str, purchase_order_id: str) -> None:
    await database.change(
        """
        UPDATE offers SET stale = stale + 1
        WHERE pair = :pair AND EXISTS (
            SELECT 1 FROM held_units
            WHERE held_units.pair = offers.pair AND held_units.sku = offers.sku
              AND held_units.ship_node = offers.ship_node
              AND held_units.purchase_order_id = :purchase_order_id)
        """,
        pair=pair,
        purchase_order_id=purchase_order_id,
    )
