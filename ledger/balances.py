"""What M3 has: balances as last read, and how a new reading differs from them.

Lists of items never leave this database for a history: workflows pass the names of readings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ledger.database import Database, moment

# M3's quantities have six decimals; as whole numbers they compare and sum exactly.
MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Part:
    """An item a SKU is made of."""

    sku: str
    item_number: str
    quantity: Decimal  # EACH of the item in one of the SKU


@dataclass(frozen=True, kw_only=True)
class ItemFacts:
    """What of an item the formula needs besides its stock."""

    item_number: str
    unit_factor: Decimal = Decimal(1)  # EACH in one basic unit
    item_group: str = ""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How a reading of M3 differs from what was known."""

    listed: int
    changed: int
    gone: int  # of a complete reading: known before, and not listed any more


class Balances:
    """The stock of every pair as M3 has it. One method per statement, or per transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # What is sold

    async def keep_parts(self, pair: str, parts: Sequence[Part]) -> None:
        """Keep which items the SKUs are made of; the parts of these SKUs before are forgotten."""
        async with self._database.transaction() as database:
            await database.change_many(
                "DELETE FROM parts WHERE pair = :pair AND sku = :sku",
                [{"pair": pair, "sku": sku} for sku in dict.fromkeys(p.sku for p in parts)],
            )
            await database.change_many(
                """
                INSERT INTO parts (pair, item_number, sku, quantity)
                VALUES (:pair, :item_number, :sku, :quantity)
                """,
                [
                    {
                        "pair": pair,
                        "item_number": part.item_number,
                        "sku": part.sku,
                        "quantity": format(part.quantity, "f"),
                    }
                    for part in parts
                ],
            )
            await database.change_many(
                "UPDATE offers SET stale = stale + 1 WHERE pair = :pair AND sku = :sku",
                [{"pair": pair, "sku": sku} for sku in dict.fromkeys(p.sku for p in parts)],
            )

    async def parts_of(self, pair: str, skus: Sequence[str]) -> dict[str, list[Part]]:
        """Return the items each of some SKUs is made of; a SKU nobody knows has none."""
        rows = await self._database.rows(
            """
            SELECT sku, item_number, quantity FROM parts
            WHERE pair = :pair AND sku IN :skus
            ORDER BY sku, item_number
            """,
            pair=pair,
            skus=list(skus),
        )
        parts: dict[str, list[Part]] = {sku: [] for sku in skus}
        for row in rows:
            parts[row.sku].append(
                Part(sku=row.sku, item_number=row.item_number, quantity=Decimal(row.quantity))
            )
        return parts

    async def keep_items(self, pair: str, items: Sequence[ItemFacts]) -> None:
        """Keep facts of items; those of an item before are replaced."""
        await self._database.change_many(
            """
            INSERT INTO items (pair, item_number, unit_factor, item_group)
            VALUES (:pair, :item_number, :unit_factor, :item_group)
            ON CONFLICT (pair, item_number) DO UPDATE
            SET unit_factor = excluded.unit_factor, item_group = excluded.item_group
            """,
            [
                {
                    "pair": pair,
                    "item_number": item.item_number,
                    "unit_factor": format(item.unit_factor, "f"),
                    "item_group": item.item_group,
                }
                for item in items
            ],
        )

    async def items_of(self, pair: str, item_numbers: Sequence[str]) -> dict[str, ItemFacts]:
        """Return the facts of some items; those nobody has kept are the usual ones."""
        rows = await self._database.rows(
            """
            SELECT item_number, unit_factor, item_group FROM items
            WHERE pair = :pair AND item_number IN :item_numbers
            """,
            pair=pair,
            item_numbers=list(item_numbers),
        )
        facts = {number: ItemFacts(item_number=number) for number in item_numbers}
        for row in rows:
            facts[row.item_number] = ItemFacts(
                item_number=row.item_number,
                unit_factor=Decimal(row.unit_factor),
                item_group=row.item_group,
            )
        return facts

    # What M3 has

    async def began(self, pair: str, scope: str) -> datetime | None:
        """Return when the last reading of a scope began, or None before the first."""
        rows = await self._database.rows(
            "SELECT began_at FROM readings WHERE pair = :pair AND scope = :scope",
            pair=pair,
            scope=scope,
        )
        return datetime.fromisoformat(rows[0].began_at) if rows else None

    async def keep_beginning(self, pair: str, scope: str, *, at: datetime) -> None:
        """Record when a reading began that has been applied."""
        await self._database.change(
            """
            INSERT INTO readings (pair, scope, began_at) VALUES (:pair, :scope, :at)
            ON CONFLICT (pair, scope) DO UPDATE SET began_at = excluded.began_at
            """,
            pair=pair,
            scope=scope,
            at=moment(at),
        )

    async def forget_readings(self, pair: str, *, before: str) -> None:
        """Forget readings that never came to their end; their names begin with their moment."""
        await self._database.change(
            "DELETE FROM incoming_balances WHERE pair = :pair AND run < :before",
            pair=pair,
            before=before,
        )

    async def take_balances(
        self, pair: str, run: str, warehouse: str, balances: Mapping[str, Decimal], *, at: datetime
    ) -> None:
        """Take in what M3 says of items of one warehouse; repeating is harmless.

        Args:
            pair: name of the pair.
            run: name of the reading.
            warehouse: all of them are there.
            balances: by item number.
            at: when M3 was asked; what was read later by another reading stays.
        """
        await self._database.change_many(
            """
            INSERT INTO incoming_balances (pair, run, warehouse, item_number, allocatable, read_at)
            VALUES (:pair, :run, :warehouse, :item_number, :allocatable, :read_at)
            ON CONFLICT (pair, run, warehouse, item_number)
            DO UPDATE SET allocatable = excluded.allocatable, read_at = excluded.read_at
            """,
            [
                {
                    "pair": pair,
                    "run": run,
                    "warehouse": warehouse,
                    "item_number": item_number,
                    "allocatable": int(allocatable * MILLION),
                    "read_at": _milliseconds(at),
                }
                for item_number, allocatable in balances.items()
            ],
        )

    async def compare_reading(self, pair: str, run: str, *, complete: bool) -> Difference:
        """Return how a reading differs from what is known, and change nothing."""
        [row] = await self._database.rows(
            """
            SELECT count(*) AS listed,
                   count(CASE WHEN known.allocatable IS NULL
                                OR known.allocatable <> incoming.allocatable THEN 1 END) AS changed
            FROM incoming_balances AS incoming
            LEFT JOIN balances AS known
              ON known.pair = incoming.pair AND known.warehouse = incoming.warehouse
             AND known.item_number = incoming.item_number
            WHERE incoming.pair = :pair AND incoming.run = :run
            """,
            pair=pair,
            run=run,
        )
        gone = await self._count_gone(pair, run) if complete else 0
        return Difference(listed=row.listed, changed=row.changed, gone=gone)

    async def _count_gone(self, pair: str, run: str) -> int:
        [row] = await self._database.rows(
            """
            SELECT count(*) AS gone FROM balances AS known
            WHERE known.pair = :pair AND known.allocatable IS NOT NULL
              AND NOT EXISTS (
                SELECT 1 FROM incoming_balances AS incoming
                WHERE incoming.pair = known.pair AND incoming.run = :run
                  AND incoming.warehouse = known.warehouse
                  AND incoming.item_number = known.item_number)
            """,
            pair=pair,
            run=run,
        )
        return int(row.gone)

    async def apply_reading(self, pair: str, run: str, *, complete: bool, began: datetime) -> None:
        """Make a reading what is known, and mark the offers that it concerns as stale.

        What another reading has read later stays, whichever of the two ends first.

        Args:
            pair: name of the pair.
            run: name of the reading.
            complete: whether it lists everything, so that what it lacks is not known any more.
            began: when it began.
        """
        names = {"pair": pair, "run": run}
        async with self._database.transaction() as database:
            # What is not as known, and not known better; deleting the rest would take far longer.
            await database.change(
                """
                CREATE TEMPORARY TABLE changed_balances (
                    warehouse TEXT, item_number TEXT, allocatable BIGINT, read_at BIGINT)
                """
            )
            await database.change(
                """
                INSERT INTO changed_balances
                SELECT warehouse, item_number, allocatable, read_at
                FROM incoming_balances AS incoming
                WHERE pair = :pair AND run = :run AND NOT EXISTS (
                    SELECT 1 FROM balances AS known
                    WHERE known.pair = :pair
                      AND known.warehouse = incoming.warehouse
                      AND known.item_number = incoming.item_number
                      AND (known.allocatable = incoming.allocatable
                           OR known.read_at > incoming.read_at))
                """,
                **names,
            )
            if complete:
                await database.change(
                    """
                    INSERT INTO changed_balances
                    SELECT warehouse, item_number, NULL, :began FROM balances AS known
                    WHERE pair = :pair AND allocatable IS NOT NULL AND read_at <= :began
                      AND NOT EXISTS (
                        SELECT 1 FROM incoming_balances AS incoming
                        WHERE incoming.pair = :pair AND incoming.run = :run
                          AND incoming.warehouse = known.warehouse
                          AND incoming.item_number = known.item_number)
                    """,
                    **names,
                    began=_milliseconds(began),
                )
            await database.change(
                """
                UPDATE offers SET stale = stale + 1
                WHERE pair = :pair AND sku IN (
                    SELECT sku FROM parts
                    WHERE parts.pair = :pair
                      AND item_number IN (SELECT item_number FROM changed_balances))
                """,
                pair=pair,
            )
            await database.change(
                """
                INSERT INTO balances (pair, warehouse, item_number, allocatable, read_at)
                SELECT :pair, warehouse, item_number, allocatable, read_at FROM changed_balances
                WHERE true
                ON CONFLICT (pair, warehouse, item_number)
                DO UPDATE SET allocatable = excluded.allocatable, read_at = excluded.read_at
                WHERE balances.read_at <= excluded.read_at
                """,
                pair=pair,
            )
            await database.change("DROP TABLE changed_balances")
            await database.change(
                "DELETE FROM incoming_balances WHERE pair = :pair AND run = :run", **names
            )

    async def balances_of(
        self, pair: str, item_numbers: Sequence[str]
    ) -> dict[tuple[str, str], Decimal | None]:
        """Return what M3 has of some items, by warehouse and item; None: not known any more."""
        rows = await self._database.rows(
            """
            SELECT warehouse, item_number, allocatable FROM balances
            WHERE pair = :pair AND item_number IN :item_numbers
            """,
            pair=pair,
            item_numbers=list(item_numbers),
        )
        return {
            (row.warehouse, row.item_number): (
                None if row.allocatable is None else Decimal(row.allocatable) / MILLION
            )
            for row in rows
        }


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
