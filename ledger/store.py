"""Read and write the ledger. One method per statement, SQL in full view."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from importlib import resources
from pathlib import Path

import aiosqlite


class LinkConflict(Exception):
    """A Walmart record is already linked to another M3 record; one of the two is a duplicate."""

    def __init__(self, kind: str, walmart_id: str, *, linked: str, offered: str) -> None:
        super().__init__(f"{kind} {walmart_id} is linked to M3 {linked}, not {offered}")


class Ledger:
    """What the service remembers beside Temporal: documents, intents and links."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self._database = database

    async def save_order(
        self, pair: str, purchase_order_id: str, *, document: str, at: datetime
    ) -> None:
        """Keep the order as Walmart sent it; a newer copy replaces it and drops its draft."""
        await self._database.execute(
            """
            INSERT INTO orders (pair, purchase_order_id, document, fetched_at)
            VALUES (?, ?, ?, ?)
            ON CONFLICT (pair, purchase_order_id) DO UPDATE
            SET document = excluded.document, draft = NULL, fetched_at = excluded.fetched_at
            """,
            (pair, purchase_order_id, document, at.isoformat()),
        )
        await self._database.commit()

    async def order_document(self, pair: str, purchase_order_id: str) -> str | None:
        """Return the saved order, or None when this ledger never saw it."""
        rows = await self._database.execute_fetchall(
            "SELECT document FROM orders WHERE pair = ? AND purchase_order_id = ?",
            (pair, purchase_order_id),
        )
        return next((row[0] for row in rows), None)

    async def save_draft(self, pair: str, purchase_order_id: str, draft: str) -> None:
        """Keep the M3 records drafted from a saved order."""
        await self._database.execute(
            "UPDATE orders SET draft = ? WHERE pair = ? AND purchase_order_id = ?",
            (draft, pair, purchase_order_id),
        )
        await self._database.commit()

    async def order_draft(self, pair: str, purchase_order_id: str) -> str | None:
        """Return the drafted M3 records, or None when there are none yet."""
        rows = await self._database.execute_fetchall(
            "SELECT draft FROM orders WHERE pair = ? AND purchase_order_id = ?",
            (pair, purchase_order_id),
        )
        return next((row[0] for row in rows), None)

    async def intend(self, pair: str, business_id: str, step: str, *, at: datetime) -> bool:
        """Record that a write is about to be sent.

        Returns:
            True the first time. False when it may have been sent before: look, then write.
        """
        cursor = await self._database.execute(
            """
            INSERT INTO intents (pair, business_id, step, intended_at) VALUES (?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """,
            (pair, business_id, step, at.isoformat()),
        )
        await self._database.commit()
        return cursor.rowcount == 1

    async def intended(self, pair: str, business_id: str, step: str) -> bool:
        """Return whether `intend` has recorded this."""
        rows = await self._database.execute_fetchall(
            "SELECT 1 FROM intents WHERE pair = ? AND business_id = ? AND step = ?",
            (pair, business_id, step),
        )
        return any(rows)

    async def link(
        self, pair: str, kind: str, walmart_id: str, m3_id: str, *, at: datetime
    ) -> None:
        """Record that `m3_id` stands for `walmart_id`. Repeating the same link is harmless.

        Raises:
            LinkConflict: `walmart_id` is linked to another M3 record, so a person has to look.
        """
        await self._database.execute(
            """
            INSERT INTO links (pair, kind, walmart_id, m3_id, linked_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (pair, kind, walmart_id) DO NOTHING
            """,
            (pair, kind, walmart_id, m3_id, at.isoformat()),
        )
        await self._database.commit()
        linked = await self.m3_id(pair, kind, walmart_id)
        if linked != m3_id:
            raise LinkConflict(kind, walmart_id, linked=str(linked), offered=m3_id)

    async def m3_id(self, pair: str, kind: str, walmart_id: str) -> str | None:
        """Return the M3 record linked to `walmart_id`, or None."""
        rows = await self._database.execute_fetchall(
            "SELECT m3_id FROM links WHERE pair = ? AND kind = ? AND walmart_id = ?",
            (pair, kind, walmart_id),
        )
        return next((row[0] for row in rows), None)


@asynccontextmanager
async def open_ledger(path: Path) -> AsyncIterator[Ledger]:
    """Open the ledger file, make its tables when it is new, and close it at the end.

    Write-ahead logging lets `orders show` read while the worker writes. An application that is
    killed loses nothing; a machine that loses power may lose the last moments, which the looks
    into M3 and Walmart make good.
    """
    _make_private(path)
    async with aiosqlite.connect(path) as database:
        await database.execute("PRAGMA journal_mode = WAL")
        await database.execute("PRAGMA synchronous = NORMAL")
        await database.execute("PRAGMA busy_timeout = 5000")
        await database.executescript(
            resources.files("ledger").joinpath("schema.sql").read_text(encoding="utf-8")
        )
        yield Ledger(database)


def _make_private(path: Path) -> None:
    """Let nobody else read it: it holds buyers' names and addresses.

    SQLite gives its side files the same rights.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
