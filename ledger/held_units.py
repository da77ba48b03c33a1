"""Units that Walmart orders hold and M3 does not know of yet: they must not be sold again."""

from collections.abc import Mapping, Sequence

from ledger.database import Database, Transaction, listed
from ledger.offers import OfferKey


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

    async def held(self, pair: str, offers: Sequence[OfferKey]) -> dict[OfferKey, int]:
        """Return how many units of some offers orders hold; those nobody holds are left out."""
        names = {f"sku{at}": sku for at, sku in enumerate(dict.fromkeys(o.sku for o in offers))}
        rows = await self._database.rows(
            f"""
            SELECT sku, ship_node, sum(quantity) AS quantity FROM held_units
            WHERE pair = :pair AND sku IN ({listed(names)})
            GROUP BY sku, ship_node
            """,
            pair=pair,
            **names,
        )
        return {OfferKey(sku=row.sku, ship_node=row.ship_node): int(row.quantity) for row in rows}


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
