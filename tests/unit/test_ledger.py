"""ledger/store.py: what the service remembers, in a real file and on a real server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import URL

from ledger.alerts import ChannelResult
from ledger.store import Ledger, LinkConflict, open_ledger

PAIR = "acme"
ORDER = "1796277083022"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = Fernet.generate_key().decode()


@pytest.fixture
async def ledger(place: Path | URL) -> AsyncIterator[Ledger]:
    async with open_ledger(place, keys=KEY) as opened:
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


async def test_of_twenty_that_intend_at_once_one_is_first(place: Path | URL):
    async with open_ledger(place, keys=KEY) as one, open_ledger(place, keys=KEY) as other:
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


async def test_memory_outlives_the_process(place: Path | URL):
    async with open_ledger(place, keys=KEY) as before:
        await before.save_order(PAIR, ORDER, document="kept", at=NOON)
        await before.intend(PAIR, ORDER, "add_head", at=NOON)

    async with open_ledger(place, keys=KEY) as after:
        assert await after.order_document(PAIR, ORDER) == "kept"
        assert not await after.intend(PAIR, ORDER, "add_head", at=NOON)


async def test_what_is_written_is_seen_beside_the_writer(place: Path | URL, ledger: Ledger):
    await ledger.save_order(PAIR, ORDER, document="shared", at=NOON)

    async with open_ledger(place, keys=KEY) as reader:
        assert await reader.order_document(PAIR, ORDER) == "shared"


async def test_link_of_an_order_that_was_taken_back_is_free_again(ledger: Ledger):
    await ledger.link(PAIR, "order", ORDER, "0001000042", at=NOON)

    await ledger.unlink(PAIR, "order", ORDER)
    await ledger.link(PAIR, "order", ORDER, "0001000043", at=NOON)

    assert await ledger.m3_id(PAIR, "order", ORDER) == "0001000043"


async def test_intents_of_one_order_are_forgotten_with_its_deliveries(ledger: Ledger):
    for business_id in (ORDER, f"{ORDER}/7001", f"{ORDER}1", "1796277083_22"):
        await ledger.intend(PAIR, business_id, "add_head", at=NOON)
    await ledger.intend("other", ORDER, "add_head", at=NOON)

    await ledger.forget_intents(PAIR, ORDER)

    assert not await ledger.intended(PAIR, ORDER, "add_head")
    assert not await ledger.intended(PAIR, f"{ORDER}/7001", "add_head")
    assert await ledger.intended(PAIR, f"{ORDER}1", "add_head")
    assert await ledger.intended("other", ORDER, "add_head")


async def test_later_word_about_an_item_counts(ledger: Ledger):
    await ledger.save_item_number(PAIR, ORDER, "SKU-1", "A1")
    await ledger.save_item_number(PAIR, ORDER, "SKU-1", "A2")
    await ledger.save_item_number(PAIR, ORDER, "SKU-2", "B1")

    assert await ledger.item_numbers(PAIR, ORDER) == {"SKU-1": "A2", "SKU-2": "B1"}
    assert await ledger.item_numbers(PAIR, "another order") == {}


async def test_later_address_counts(ledger: Ledger):
    assert await ledger.address(PAIR, ORDER) is None

    for street in ("1 Main Street", "2 Main Street"):
        await ledger.save_address(PAIR, ORDER, ledger.seal.seal(street))

    sealed = await ledger.address(PAIR, ORDER)
    assert sealed is not None
    assert ledger.seal.open(sealed) == "2 Main Street"


async def test_orders_with_the_same_key_are_similar_within_the_window(ledger: Ledger):
    async def remember(order: str, customer_order: str, hours_ago: float) -> None:
        at = NOON - timedelta(hours=hours_ago)
        await ledger.remember_similar(PAIR, "key", order, customer_order, at=at)

    await remember("too old", "c1", 25)
    await remember("second", "c2", 1)
    await remember("first", "c3", 2)
    await remember("part of the same customer order", "c4", 0.5)
    await ledger.remember_similar(PAIR, "another key", "unlike", "c5", at=NOON)

    found = await ledger.similar_orders(
        PAIR, "key", since=NOON - timedelta(hours=24), other_than_customer_order="c4"
    )

    assert found == ("first", "second")


async def test_alert_is_intended_once_per_channel_until_it_is_known_to_have_failed(
    ledger: Ledger,
):
    assert not await ledger.alert_sent("a-1", "mail")
    assert await ledger.intend_alert("a-1", "mail", at=NOON)
    assert not await ledger.intend_alert("a-1", "mail", at=NOON)
    assert await ledger.intend_alert("a-1", "slack", at=NOON)
    assert await ledger.alert_sent("a-1", "mail")

    await ledger.forget_alert("a-1", "mail")

    assert await ledger.intend_alert("a-1", "mail", at=NOON)


async def test_last_result_of_each_channel_is_kept(ledger: Ledger):
    later = NOON + timedelta(minutes=1)
    await ledger.record_channel_result("slack", ok=False, error="refused", at=NOON)
    await ledger.record_channel_result("mail", ok=False, error="refused", at=NOON)
    await ledger.record_channel_result("mail", ok=True, error="", at=later)

    assert await ledger.channel_results() == (
        ChannelResult(channel="mail", ok=True, error="", at=later),
        ChannelResult(channel="slack", ok=False, error="refused", at=NOON),
    )
