"""Limits that all workers of a pair share: one token bucket per kind of call."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.budgets import Bucket, Limit, full
from ledger.database import Database

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """How many calls may be made now; none: how long to wait."""

    calls: int
    wait: timedelta


class Budgets:
    """The buckets of every pair.

    Nothing is locked: a bucket is changed only where it still is as it was read, and else read
    again. Two workers that take at once never take the same token.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(
        self, pair: str, call: str, limit: Limit, *, wanted: int, keep: int = 0, now: datetime
    ) -> Grant:
        """Take up to `wanted` calls, and leave `keep` for more urgent work."""
        taken = 0

        def draw(bucket: Bucket) -> Bucket:
            nonlocal taken
            bucket, taken = bucket.take(wanted, keep=keep)
            return bucket

        left = await self._change(pair, call, limit, draw, now)
        wait = timedelta(0) if taken else left.until(keep + 1, now, limit)
        return Grant(calls=taken, wait=wait)

    async def heard(self, pair: str, call: str, limit: Limit, *, left: int, now: datetime) -> None:
        """Believe what the other side says is left, where that is less than we thought."""
        await self._change(pair, call, limit, lambda bucket: bucket.heard(left), now)

    async def refused(
        self, pair: str, call: str, limit: Limit, *, until: datetime, now: datetime
    ) -> None:
        """Take nothing until then: the other side has said that it is too much."""
        await self._change(pair, call, limit, lambda bucket: bucket.emptied(until), now)

    async def left(self, pair: str, call: str, limit: Limit, *, now: datetime) -> int:
        """Return how many calls may be made now."""
        bucket = await self._read(pair, call, limit, now)
        return bucket.at(now, limit).whole

    async def _change(
        self,
        pair: str,
        call: str,
        limit: Limit,
        change: Callable[[Bucket], Bucket],
        now: datetime,
    ) -> Bucket:
        while True:
            before = await self._read(pair, call, limit, now)
            after = change(before.at(now, limit))
            if after == before or await self._replace(pair, call, before, after):
                return after

    async def _read(self, pair: str, call: str, limit: Limit, now: datetime) -> Bucket:
        rows = await self._database.rows(
            "SELECT tokens, filled_at FROM budgets WHERE pair = :pair AND call = :call",
            pair=pair,
            call=call,
        )
        if rows:
            return Bucket(tokens=rows[0].tokens, filled_at=_moment(rows[0].filled_at))
        bucket = full(now, limit)
        await self._database.change(
            """
            INSERT INTO budgets (pair, call, tokens, filled_at)
            VALUES (:pair, :call, :tokens, :filled_at)
            ON CONFLICT (pair, call) DO NOTHING
            """,
            pair=pair,
            call=call,
            tokens=bucket.tokens,
            filled_at=_microseconds(bucket.filled_at),
        )
        return await self._read(pair, call, limit, now)

    async def _replace(self, pair: str, call: str, before: Bucket, after: Bucket) -> bool:
        changed = await self._database.change(
            """
            UPDATE budgets SET tokens = :tokens, filled_at = :filled_at
            WHERE pair = :pair AND call = :call
              AND tokens = :tokens_before AND filled_at = :filled_before
            """,
            pair=pair,
            call=call,
            tokens=after.tokens,
            filled_at=_microseconds(after.filled_at),
            tokens_before=before.tokens,
            filled_before=_microseconds(before.filled_at),
        )
        return changed == 1


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _moment(microseconds: int) -> datetime:
    return EPOCH + microseconds * MICROSECOND
