"""Limits that several workers share: no token is taken twice, and none is left lying."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from domain.budgets import Limit
from ledger.store import Ledger, open_ledger

KEY = Fernet.generate_key().decode()
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LIMIT = Limit(count=200, window=timedelta(minutes=1))
CALL = "update_inventory_of_item"


@pytest.fixture
async def ledger(place: Any) -> AsyncIterator[Ledger]:
    async with open_ledger(place, keys=KEY) as ledger:
        yield ledger


async def take(ledger: Ledger, wanted: int, *, keep: int = 0, after: float = 0) -> int:
    now = NOW + timedelta(seconds=after)
    grant = await ledger.budgets.take("acme", CALL, LIMIT, wanted=wanted, keep=keep, now=now)
    return grant.calls


async def test_a_full_bucket_is_given_at_once_and_then_comes_back_one_by_one(ledger: Ledger):
    assert await take(ledger, 500) == 200
    assert await take(ledger, 500) == 0
    assert await take(ledger, 500, after=0.3) == 1
    assert await take(ledger, 500, after=30.3) == 100


async def test_no_more_comes_back_than_the_bucket_holds(ledger: Ledger):
    await take(ledger, 200)

    assert await take(ledger, 500, after=3600) == 200


async def test_in_a_quarter_of_an_hour_no_call_of_the_limit_is_lost(ledger: Ledger):
    taken = [await take(ledger, 500, after=look * 0.7) for look in range(1286)]

    assert sum(taken) in (200 + 2998, 200 + 2997)  # millionths are cut off at each look


async def test_what_is_kept_is_left_for_more_urgent_work(ledger: Ledger):
    assert await take(ledger, 500, keep=20) == 180
    assert await take(ledger, 500, keep=20) == 0
    assert await take(ledger, 500) == 20


async def test_who_gets_nothing_is_told_how_long_to_wait(ledger: Ledger):
    await take(ledger, 200)

    grant = await ledger.budgets.take("acme", CALL, LIMIT, wanted=1, keep=9, now=NOW)

    assert grant.wait == timedelta(seconds=3)


async def test_what_walmart_says_is_believed_where_it_is_less(ledger: Ledger):
    await ledger.budgets.heard("acme", CALL, LIMIT, left=3, now=NOW)
    await ledger.budgets.heard("acme", CALL, LIMIT, left=150, now=NOW)

    assert await take(ledger, 500) == 3


async def test_after_a_refusal_nothing_is_taken_until_the_moment_walmart_named(ledger: Ledger):
    until = NOW + timedelta(seconds=20)
    await ledger.budgets.refused("acme", CALL, LIMIT, until=until, now=NOW)

    assert await take(ledger, 500, after=19.9) == 0
    assert await take(ledger, 500, after=20.3) == 1


async def test_a_clock_that_jumps_back_gives_nothing_twice(ledger: Ledger):
    await take(ledger, 200)

    assert await take(ledger, 500, after=-60) == 0
    assert await take(ledger, 500, after=0.3) == 1


async def test_pairs_and_calls_have_budgets_of_their_own(ledger: Ledger):
    await take(ledger, 200)

    other = await ledger.budgets.take("other", CALL, LIMIT, wanted=5, now=NOW)
    feeds = await ledger.budgets.take("acme", "submit_feed_inventory", LIMIT, wanted=5, now=NOW)

    assert (other.calls, feeds.calls) == (5, 5)


async def test_workers_that_take_at_once_never_take_more_than_the_limit(place: Any):
    async with open_ledger(place, keys=KEY) as one, open_ledger(place, keys=KEY) as other:
        takes = [take(ledger, 7) for _ in range(20) for ledger in (one, other)]
        taken = await asyncio.gather(*takes)

    assert sum(taken) == 200
