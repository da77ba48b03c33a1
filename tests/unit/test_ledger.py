"""ledger/store.py: what the service remembers, on a real file."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.store import Ledger, LinkConflict, open_ledger

PAIR = "acme"
ORDER = "1796277083022"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "that" / "is new" / "ledger.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[Ledger]:
    async with open_ledger(path) as opened:
        yield opened


async def test_order_is_kept_as_it_was_sent(ledger: Ledger):
    assert await ledger.order_document(PAIR, ORDER) is None

    await ledger.save_order(PAIR, ORDER, document='{"amount": 24.10}', at=NOON)

    assert await ledger.order_document(PAIR, ORDER) == '{"amount": 24.10}'
    assert await ledger.order_draft(PAIR, ORDER) is None


async def test_newer_copy_replaces_the_older_and_drops_its_draft(ledger: Ledger):
    await ledger.save_order(PAIR, ORDER, document="older", at=NOON)
    await ledger.save_draft(PAIR, ORDER, "draft of the older")
    assert await ledger.order_draft(PAIR, ORDER) == "draft of the older"

    await ledger.save_order(PAIR, ORDER, document="newer", at=NOON)

    assert await ledger.order_document(PAIR, ORDER) == "newer"
    assert await ledger.order_draft(PAIR, ORDER) is None


async def test_draft_of_an_unknown_order_is_not_kept(ledger: Ledger):
    await ledger.save_draft(PAIR, ORDER, "draft")

    assert await ledger.order_draft(PAIR, ORDER) is None


async def test_pairs_do_not_see_each_other(ledger: Ledger):
    await ledger.save_order(PAIR, ORDER, document="ours", at=NOON)
    await ledger.link(PAIR, "order", ORDER, "0001000042", at=NOON)

    assert await ledger.order_document("other", ORDER) is None
    assert await ledger.m3_id("other", "order", ORDER) is None
    assert await ledger.intend(PAIR, ORDER, "add_head", at=NOON)
    assert await ledger.intend("other", ORDER, "add_head", at=NOON)


async def test_intent_is_new_only_once(ledger: Ledger):
    assert await ledger.intend(PAIR, ORDER, "add_head", at=NOON)
    assert not await ledger.intend(PAIR, ORDER, "add_head", at=NOON)
    assert await ledger.intend(PAIR, ORDER, "add_lines", at=NOON)


async def test_intent_can_be_asked_for(ledger: Ledger):
    assert not await ledger.intended(PAIR, ORDER, "add_head")

    await ledger.intend(PAIR, ORDER, "add_head", at=NOON)

    assert await ledger.intended(PAIR, ORDER, "add_head")
    assert not await ledger.intended("other", ORDER, "add_head")


async def test_of_twenty_that_intend_at_once_one_is_first(path: Path):
    async with open_ledger(path) as one, open_ledger(path) as other:
        firsts = await asyncio.gather(
            *(each.intend(PAIR, ORDER, "add_head", at=NOON) for each in [one, other] * 10)
        )

    assert firsts.count(True) == 1


async def test_repeating_a_link_is_harmless(ledger: Ledger):
    assert await ledger.m3_id(PAIR, "order", ORDER) is None

    await ledger.link(PAIR, "order", ORDER, "0001000042", at=NOON)
    await ledger.link(PAIR, "order", ORDER, "0001000042", at=NOON)

    assert await ledger.m3_id(PAIR, "order", ORDER) == "0001000042"


async def test_disagreeing_link_is_loud_and_changes_nothing(ledger: Ledger):
    await ledger.link(PAIR, "order", ORDER, "0001000042", at=NOON)

    with pytest.raises(LinkConflict, match=f"order {ORDER} is linked to M3 0001000042, not 43"):
        await ledger.link(PAIR, "order", ORDER, "43", at=NOON)

    assert await ledger.m3_id(PAIR, "order", ORDER) == "0001000042"


async def test_memory_outlives_the_process(path: Path):
    async with open_ledger(path) as before:
        await before.save_order(PAIR, ORDER, document="kept", at=NOON)
        await before.intend(PAIR, ORDER, "add_head", at=NOON)

    async with open_ledger(path) as after:
        assert await after.order_document(PAIR, ORDER) == "kept"
        assert not await after.intend(PAIR, ORDER, "add_head", at=NOON)


async def test_what_is_written_is_seen_beside_the_writer(path: Path, ledger: Ledger):
    await ledger.save_order(PAIR, ORDER, document="shared", at=NOON)

    async with open_ledger(path) as reader:
        assert await reader.order_document(PAIR, ORDER) == "shared"
