"""Feeds that were submitted to Walmart, or may have been."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Row

from ledger.database import Database, moment


class FeedState(StrEnum):
    """What is known of a feed."""

    INTENDED = "intended"  # recorded before it is sent; Walmart may have it
    SUBMITTED = "submitted"
    OVERDUE = "overdue"  # hangs at Walmart; what it carried is sent again in other ways
    SETTLED = "settled"
    LOST = "lost"  # never arrived


OPEN = (FeedState.INTENDED, FeedState.SUBMITTED, FeedState.OVERDUE)


@dataclass(frozen=True, kw_only=True)
class Feed:
    """One feed; its offers are under way by `carrier`."""

    carrier: str
    feed_type: str
    items: int
    feed_id: str  # Walmart's; empty: not known
    state: FeedState
    submitted_at: datetime
    look_at: datetime


class Feeds:
    """The feeds of every pair. One method per statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def intend(
        self,
        pair: str,
        carrier: str,
        *,
        feed_type: str,
        items: int,
        at: datetime,
        look_at: datetime,
    ) -> None:
        """Record a feed before it is sent."""
        await self._database.change(
            """
            INSERT INTO feeds
                (pair, carrier, feed_type, items, feed_id, state, submitted_at, look_at)
            VALUES (:pair, :carrier, :feed_type, :items, '', 'intended', :at, :look_at)
            """,
            pair=pair,
            carrier=carrier,
            feed_type=feed_type,
            items=items,
            at=moment(at),
            look_at=moment(look_at),
        )

    async def update(
        self, pair: str, carrier: str, *, feed_id: str, state: FeedState, look_at: datetime
    ) -> None:
        """Record what has become known of a feed."""
        await self._database.change(
            """
            UPDATE feeds SET feed_id = :feed_id, state = :state, look_at = :look_at
            WHERE pair = :pair AND carrier = :carrier
            """,
            pair=pair,
            carrier=carrier,
            feed_id=feed_id,
            state=state,
            look_at=moment(look_at),
        )

    async def open(self, pair: str) -> list[Feed]:
        """Return the feeds whose end is not known, the earliest look first."""
        rows = await self._database.rows(
            """
            SELECT carrier, feed_type, items, feed_id, state, submitted_at, look_at FROM feeds
            WHERE pair = :pair AND state IN ('intended', 'submitted', 'overdue')
            ORDER BY look_at, carrier
            """,
            pair=pair,
        )
        return [_feed(row) for row in rows]

    async def known_ids(self, pair: str, *, since: datetime) -> set[str]:
        """Return Walmart's ids of the feeds that were submitted since a moment."""
        rows = await self._database.rows(
            """
            SELECT feed_id FROM feeds
            WHERE pair = :pair AND feed_id <> '' AND submitted_at >= :since
            """,
            pair=pair,
            since=moment(since),
        )
        return {row.feed_id for row in rows}


def _feed(row: Row[tuple[object, ...]]) -> Feed:
    return Feed(
        carrier=row.carrier,
        feed_type=row.feed_type,
        items=row.items,
        feed_id=row.feed_id,
        state=FeedState(row.state),
        submitted_at=datetime.fromisoformat(row.submitted_at),
        look_at=datetime.fromisoformat(row.look_at),
    )
