"""What a person said of an order in place of Walmart, and which orders look alike."""

from datetime import datetime

from ledger.database import Database, moment


class Corrections:
    """The part of the ledger that holds what people decided about single orders."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_item_number(
        self, pair: str, purchase_order_id: str, sku: str, item_number: str
    ) -> None:
        """Keep which item a SKU of this order is; a later word replaces it."""
        await self._database.change(
            """
            INSERT INTO item_numbers (pair, purchase_order_id, sku, item_number)
            VALUES (:pair, :purchase_order_id, :sku, :item_number)
            ON CONFLICT (pair, purchase_order_id, sku) DO UPDATE
            SET item_number = excluded.item_number
            """,
            pair=pair,
            purchase_order_id=purchase_order_id,
            sku=sku,
            item_number=item_number,
        )

    async def item_numbers(self, pair: str, purchase_order_id: str) -> dict[str, str]:
        """Return the item numbers a person gave for SKUs of this order."""
        rows = await self._database.rows(
            """
            SELECT sku, item_number FROM item_numbers
            WHERE pair = :pair AND purchase_order_id = :purchase_order_id
            """,
            pair=pair,
            purchase_order_id=purchase_order_id,
        )
        return {row.sku: row.item_number for row in rows}

    async def save_address(self, pair: str, purchase_order_id: str, sealed: str) -> None:
        """Keep the address a person gave, which the caller has sealed; a later one replaces it."""
        await self._database.change(
            """
            INSERT INTO addresses (pair, purchase_order_id, sealed)
            VALUES (:pair, :purchase_order_id, :sealed)
            ON CONFLICT (pair, purchase_order_id) DO UPDATE SET sealed = excluded.sealed
            """,
            pair=pair,
            purchase_order_id=purchase_order_id,
            sealed=sealed,
        )

    async def address(self, pair: str, purchase_order_id: str) -> str | None:
        """Return the sealed address a person gave, or None."""
        rows = await self._database.rows(
            """
            SELECT sealed FROM addresses
            WHERE pair = :pair AND purchase_order_id = :purchase_order_id
            """,
            pair=pair,
            purchase_order_id=purchase_order_id,
        )
        return rows[0].sealed if rows else None

    async def remember_similar(
        self, pair: str, key: str, purchase_order_id: str, customer_order_id: str, *, at: datetime
    ) -> None:
        """Keep that an order has `key`: a hash of what duplicate orders have in common."""
        await self._database.change(
            """
            INSERT INTO similar_orders (pair, key, purchase_order_id, customer_order_id, seen_at)
            VALUES (:pair, :key, :purchase_order_id, :customer_order_id, :at)
            ON CONFLICT DO NOTHING
            """,
            pair=pair,
            key=key,
            purchase_order_id=purchase_order_id,
            customer_order_id=customer_order_id,
            at=moment(at),
        )

    async def similar_orders(
        self, pair: str, key: str, *, since: datetime, other_than_customer_order: str
    ) -> tuple[str, ...]:
        """Return the purchase orders with `key`, the oldest first.

        Args:
            pair: name of the pair.
            key: as it was remembered.
            since: orders remembered before are left out.
            other_than_customer_order: Walmart splits one customer order into several purchase
                orders; those are no duplicates of each other.
        """
        rows = await self._database.rows(
            """
            SELECT purchase_order_id FROM similar_orders
            WHERE pair = :pair AND key = :key AND seen_at >= :since
              AND customer_order_id <> :other_than
            ORDER BY seen_at, purchase_order_id
            """,
            pair=pair,
            key=key,
            since=moment(since),
            other_than=other_than_customer_order,
        )
        return tuple(row.purchase_order_id for row in rows)
