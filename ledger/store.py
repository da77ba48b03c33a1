"""Read and write the ledger. One method per statement, SQL in full view."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL

from ledger.alerts import SentAlerts
from ledger.balances import Balances
from ledger.budgets import Budgets
from ledger.corrections import Corrections
from ledger.database import Database, moment, open_database
from ledger.dead_letters import DeadLetters
from ledger.feeds import Feeds
from ledger.held_units import HeldUnits
from ledger.offers import Offers
from ledger.seal import Seal, Unsealable, load_or_create_key

KEY_NAME = "ledger.key"


class LinkConflict(Exception):
    """A Walmart record is already linked to another M3 record; one of the two is a duplicate."""

    def __init__(self, kind: str, walmart_id: str, *, linked: str, offered: str) -> None:
        super().__init__(f"{kind} {walmart_id} is linked to M3 {linked}, not {offered}")


class Ledger(Corrections, SentAlerts):
    """What the service remembers beside Temporal: orders, intents and links, and its parts."""

    def __init__(self, database: Database, seal: Seal) -> None:
        super().__init__(database)
        self.seal = seal
        self.dead_letters = DeadLetters(database, seal)
        self.balances = Balances(database)
        self.offers = Offers(database)
        self.held_units = HeldUnits(database)
        self.feeds = Feeds(database)
        self.budgets = Budgets(database)

    # Orders

    async def save_order(
        self, pair: str, purchase_order_id: str, *, document: str, at: datetime
    ) -> None:
        """Keep the order as Walmart sent it; a newer copy replaces it and drops its draft."""
        await self._database.change(
            """
            INSERT INTO orders (pair, purchase_order_id, document, fetched_at)
            VALUES (:pair, :purchase_order_id, :document, :at)
            ON CONFLICT (pair, purchase_order_id) DO UPDATE
            SET document = excluded.document, draft = NULL, fetched_at = excluded.fetched_at
            """,
            pair=pair,
            purchase_order_id=purchase_order_id,
            document=self.seal.seal(document),
            at=moment(at),
        )

    async def order_document(self, pair: str, purchase_order_id: str) -> str | None:
        """Return the saved order, or None when this ledger never saw it.

        Raises:
            Unsealable: it was sealed with a key that is not at hand.
        """
        rows = await self._database.rows(
            """
            SELECT document FROM orders
            WHERE pair = :pair AND purchase_order_id = :purchase_order_id
            """,
            pair=pair,
            purchase_order_id=purchase_order_id,
        )
        return self._opened(rows[0].document) if rows else None

    async def save_draft(self, pair: str, purchase_order_id: str, draft: str) -> None:
        """Keep the M3 records drafted from a saved order."""
        await self._database.change(
            """
            UPDATE orders SET draft = :draft
            WHERE pair = :pair AND purchase_order_id = :purchase_order_id
            """,
            pair=pair,
            purchase_order_id=purchase_order_id,
            draft=self.seal.seal(draft),
        )

    async def order_draft(self, pair: str, purchase_order_id: str) -> str | None:
        """Return the drafted M3 records, or None when there are none yet; as `order_document`."""
        rows = await self._database.rows(
            """
            SELECT draft FROM orders
            WHERE pair = :pair AND purchase_order_id = :purchase_order_id AND draft IS NOT NULL
            """,
            pair=pair,
            purchase_order_id=purchase_order_id,
        )
        return self._opened(rows[0].draft) if rows else None

    def _opened(self, text: str) -> str:
        # Version 0.1 did not seal; what it wrote is a JSON object, and no seal begins so.
        return text if text.startswith("{") else self.seal.open(text)

    # Intents

    async def intend(self, pair: str, business_id: str, step: str, *, at: datetime) -> bool:
        """Record that a write is about to be sent.

        Returns:
            True the first time. False when it may have been sent before: look, then write.
        """
        added = await self._database.change(
            """
            INSERT INTO intents (pair, business_id, step, intended_at)
            VALUES (:pair, :business_id, :step, :at)
            ON CONFLICT DO NOTHING
            """,
            pair=pair,
            business_id=business_id,
            step=step,
            at=moment(at),
        )
        return added == 1

    async def intended(self, pair: str, business_id: str, step: str) -> bool:
        """Return whether `intend` has recorded this."""
        rows = await self._database.rows(
            """
            SELECT 1 FROM intents
            WHERE pair = :pair AND business_id = :business_id AND step = :step
            """,
            pair=pair,
            business_id=business_id,
            step=step,
        )
        return bool(rows)

    async def forget_intents(self, pair: str, business_id_prefix: str) -> None:
        """Forget every intent of an order that was taken back, so that it can be entered anew.

        Args:
            pair: name of the pair.
            business_id_prefix: the purchase order; its deliveries, `.../DLIX`, are included.
        """
        await self._database.change(
            """
            DELETE FROM intents
            WHERE pair = :pair AND (
                business_id = :prefix
                OR substr(business_id, 1, length(:prefix) + 1) = :prefix || '/'
            )
            """,
            pair=pair,
            prefix=business_id_prefix,
        )

    # Links

    async def link(
        self, pair: str, kind: str, walmart_id: str, m3_id: str, *, at: datetime
    ) -> None:
        """Record that `m3_id` stands for `walmart_id`. Repeating the same link is harmless.

        Raises:
            LinkConflict: `walmart_id` is linked to another M3 record, so a person has to look.
        """
        added = await self._database.change(
            """
            INSERT INTO links (pair, kind, walmart_id, m3_id, linked_at)
            VALUES (:pair, :kind, :walmart_id, :m3_id, :at)
            ON CONFLICT (pair, kind, walmart_id) DO NOTHING
            """,
            pair=pair,
            kind=kind,
            walmart_id=walmart_id,
            m3_id=m3_id,
            at=moment(at),
        )
        linked = m3_id if added else await self.m3_id(pair, kind, walmart_id)
        if linked != m3_id:
            raise LinkConflict(kind, walmart_id, linked=str(linked), offered=m3_id)

    async def m3_id(self, pair: str, kind: str, walmart_id: str) -> str | None:
        """Return the M3 record linked to `walmart_id`, or None."""
        rows = await self._database.rows(
            """
            SELECT m3_id FROM links
            WHERE pair = :pair AND kind = :kind AND walmart_id = :walmart_id
            """,
            pair=pair,
            kind=kind,
            walmart_id=walmart_id,
        )
        return rows[0].m3_id if rows else None

    async def unlink(self, pair: str, kind: str, walmart_id: str) -> None:
        """Forget a link whose M3 record was taken back."""
        await self._database.change(
            """
            DELETE FROM links WHERE pair = :pair AND kind = :kind AND walmart_id = :walmart_id
            """,
            pair=pair,
            kind=kind,
            walmart_id=walmart_id,
        )


async def open_dead_letters(ledger: Ledger) -> int:
    """Return how many dead letters wait for a person."""
    return await ledger.dead_letters.count_open()


@asynccontextmanager
async def open_ledger(place: Path | URL, *, keys: str = "") -> AsyncIterator[Ledger]:
    """Open the ledger, make it when it is new, and close it at the end.

    Args:
        place: of the SQLite file, or the PostgreSQL database.
        keys: content of the key file. Without it that is `ledger.key` beside the file, which the
            first opening makes; a database on a server has nothing beside it.

    Raises:
        LedgerUnavailable: it is no database, cannot be reached or written, or a newer version
            made it.
        Unsealable: the key is not the one this ledger was sealed with, or there is none.
    """
    async with open_database(place) as database:
        if not keys and isinstance(place, Path):
            keys = load_or_create_key(place.with_name(KEY_NAME))
        seal = Seal(keys)
        await _check_seal(database, seal, place)
        yield Ledger(database, seal)


async def _check_seal(database: Database, seal: Seal, place: Path | URL) -> None:
    """Refuse a key that is not this ledger's before it is used for anything."""
    await database.change(
        "INSERT INTO seals (name, sealed) VALUES ('check', :sealed) ON CONFLICT DO NOTHING",
        sealed=seal.seal("check"),
    )
    [check] = await database.rows("SELECT sealed FROM seals WHERE name = 'check'")
    try:
        seal.open(check.sealed)
    except Unsealable:
        raise Unsealable(_wrong_key(place)) from None


def _wrong_key(place: Path | URL) -> str:
    mend = "set [ledger] key to the one it was made with"
    if isinstance(place, URL):
        return f"the key at hand does not open the ledger's database: {mend}"
    return (
        f"the key at hand does not open {place}: {mend}, "
        f"or put {KEY_NAME} back beside it from your backup"
    )
