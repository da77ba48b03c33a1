"""What the ledger knows of stock: readings compared, offers in the order of harm, one under way."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from cryptography.fernet import Fernet

from domain.offers import OfferKey, Outcome, WaitingOffer, Wanted
from ledger.balances import Difference, Part
from ledger.offers import MOST_TRIES
from ledger.store import Ledger, open_ledger

KEY = Fernet.generate_key().decode()
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
MUG = OfferKey(sku="MUG", ship_node="10001")
LAMP = OfferKey(sku="LAMP", ship_node="10001")
CHAIR = OfferKey(sku="CHAIR", ship_node="10001")


@pytest.fixture
async def ledger(place: Any) -> AsyncIterator[Ledger]:
    async with open_ledger(place, keys=KEY) as ledger:
        yield ledger


async def offer(ledger: Ledger, *offers: OfferKey) -> None:
    await ledger.offers.add("acme", offers, at=NOW)
    await ledger.balances.keep_parts(
        "acme", [Part(sku=o.sku, item_number=o.sku, quantity=Decimal(1)) for o in offers]
    )


async def want(ledger: Ledger, **quantities: int | None) -> None:
    """Let Walmart show quantities of SKUs; what is stale beside them stays so."""
    stale = {s.offer: s.mark for s in await ledger.offers.stale("acme", limit=100)}
    keys = {sku: OfferKey(sku=sku, ship_node="10001") for sku in quantities}
    await ledger.offers.want(
        "acme",
        [
            Wanted(offer=keys[sku], mark=stale.get(keys[sku], 0), quantity=quantity)
            for sku, quantity in quantities.items()
        ],
        at=NOW,
    )


async def accept(ledger: Ledger, **quantities: int) -> None:
    """Let Walmart have accepted quantities."""
    await want(ledger, **quantities)
    waiting = await ledger.offers.waiting("acme", now=NOW, limit=100)
    await ledger.offers.send("acme", waiting, carrier="put/1", at=NOW)
    outcomes = [Outcome(offer=each.offer) for each in waiting]
    await ledger.offers.settle("acme", outcomes, carrier="put/1", at=NOW, again=SOON)


async def take(
    ledger: Ledger, run: str, balances: Mapping[str, str], *, at: datetime = NOW
) -> None:
    stock = {item: Decimal(quantity) for item, quantity in balances.items()}
    await ledger.balances.take_balances("acme", run, "001", stock, at=at)


async def read(ledger: Ledger, run: str, complete: bool = True, **balances: str) -> Difference:
    await take(ledger, run, balances)
    difference = await ledger.balances.compare_reading("acme", run, complete=complete)
    await ledger.balances.apply_reading("acme", run, complete=complete, began=NOW)
    return difference


async def stale(ledger: Ledger) -> list[str]:
    return [each.offer.sku for each in await ledger.offers.stale("acme", limit=100)]


async def test_reading_tells_what_has_changed_and_what_is_gone(ledger: Ledger):
    first = await read(ledger, "1", MUG="5", LAMP="2.5", CHAIR="0")

    second = await read(ledger, "2", MUG="5", LAMP="2.4")

    assert first == Difference(listed=3, changed=3, gone=0)
    assert second == Difference(listed=2, changed=1, gone=1)
    assert await ledger.balances.balances_of("acme", ["MUG", "LAMP", "CHAIR"]) == {
        ("001", "MUG"): 5,
        ("001", "LAMP"): Decimal("2.4"),
        ("001", "CHAIR"): None,
    }


async def test_reading_of_changes_leaves_alone_what_it_does_not_list(ledger: Ledger):
    await read(ledger, "1", MUG="5", LAMP="2")

    difference = await read(ledger, "2", complete=False, LAMP="-1")

    assert difference == Difference(listed=1, changed=1, gone=0)
    assert await ledger.balances.balances_of("acme", ["MUG", "LAMP"]) == {
        ("001", "MUG"): 5,
        ("001", "LAMP"): -1,
    }


async def test_only_offers_of_changed_items_become_stale(ledger: Ledger):
    await offer(ledger, MUG, LAMP)
    await read(ledger, "1", MUG="5", LAMP="2")
    await want(ledger, MUG=5, LAMP=2)

    await read(ledger, "2", MUG="5", LAMP="1")

    assert await stale(ledger) == ["LAMP"]


async def test_change_during_the_computation_leaves_the_offer_stale(ledger: Ledger):
    await offer(ledger, MUG)
    await read(ledger, "1", MUG="5")
    [before] = await ledger.offers.stale("acme", limit=10)

    await read(ledger, "2", MUG="4")
    late = Wanted(offer=MUG, mark=before.mark, quantity=5)
    await ledger.offers.want("acme", [late], at=NOW)

    assert await stale(ledger) == ["MUG"]
    assert await ledger.offers.waiting("acme", now=NOW, limit=10) == []


async def test_pages_of_a_reading_may_come_twice_and_old_readings_are_forgotten(ledger: Ledger):
    await take(ledger, "2026-11-20", {"GHOST": "1"})
    await ledger.balances.forget_readings("acme", before="2026-11-23")
    for _ in range(2):
        await take(ledger, "2026-11-25", {"MUG": "3"})

    await ledger.balances.apply_reading("acme", "2026-11-25", complete=True, began=NOW)
    await ledger.balances.apply_reading("acme", "2026-11-20", complete=False, began=NOW)

    known = await ledger.balances.balances_of("acme", ["MUG", "GHOST"])
    assert known == {("001", "MUG"): 3}


async def test_what_was_read_later_stays_whichever_reading_ends_first(ledger: Ledger):
    await read(ledger, "1", MUG="9", LAMP="9")
    await take(ledger, "everything", {"MUG": "5", "LAMP": "5"})
    await take(ledger, "changes", {"MUG": "4"}, at=SOON)

    await ledger.balances.apply_reading("acme", "changes", complete=False, began=SOON)
    await ledger.balances.apply_reading("acme", "everything", complete=True, began=NOW)

    known = await ledger.balances.balances_of("acme", ["MUG", "LAMP"])
    assert known == {("001", "MUG"): 4, ("001", "LAMP"): 5}


async def test_what_is_to_be_zero_goes_first_then_what_falls_then_what_rises(ledger: Ledger):
    await offer(ledger, MUG, LAMP, CHAIR)
    await accept(ledger, MUG=5, LAMP=5, CHAIR=5)

    await want(ledger, MUG=9, LAMP=3, CHAIR=0)

    waiting = await ledger.offers.waiting("acme", now=NOW, limit=10)
    assert [(each.offer.sku, each.urgency) for each in waiting] == [
        ("CHAIR", 1),
        ("LAMP", 2),
        ("MUG", 3),
    ]


async def test_what_walmart_has_accepted_is_not_sent_again(ledger: Ledger):
    await offer(ledger, MUG)
    await accept(ledger, MUG=5)

    await want(ledger, MUG=5)

    assert await ledger.offers.waiting("acme", now=NOW, limit=10) == []


async def test_nothing_else_is_sent_while_a_quantity_is_under_way(ledger: Ledger):
    await offer(ledger, MUG)
    await want(ledger, MUG=5)
    waiting = await ledger.offers.waiting("acme", now=NOW, limit=10)
    await ledger.offers.send("acme", waiting, carrier="feed/1", at=NOW)

    await want(ledger, MUG=0)

    assert await ledger.offers.waiting("acme", now=NOW, limit=10) == []
    assert [each.quantity for each in await ledger.offers.under_way("acme", "feed/1")] == [5]


async def test_newer_quantity_goes_out_once_the_one_under_way_is_settled(ledger: Ledger):
    await offer(ledger, MUG)
    await want(ledger, MUG=5)
    waiting = await ledger.offers.waiting("acme", now=NOW, limit=10)
    await ledger.offers.send("acme", waiting, carrier="feed/1", at=NOW)
    await want(ledger, MUG=0)

    await ledger.offers.settle("acme", [Outcome(offer=MUG)], carrier="feed/1", at=NOW, again=SOON)

    assert await ledger.offers.waiting("acme", now=NOW, limit=10) == [
        WaitingOffer(offer=MUG, quantity=0, urgency=1)
    ]


async def test_refused_quantity_waits_and_becomes_a_case_after_some_tries(ledger: Ledger):
    await offer(ledger, MUG)
    await want(ledger, MUG=5)
    refused = Outcome(offer=MUG, cause="WALMART_REJECTED", problem="no such SKU")

    for at in range(MOST_TRIES):
        now = NOW + timedelta(hours=at)
        assert await ledger.offers.waiting("acme", now=now - timedelta(seconds=1), limit=10) == (
            [] if at else await ledger.offers.waiting("acme", now=now, limit=10)
        )
        waiting = await ledger.offers.waiting("acme", now=now, limit=10)
        await ledger.offers.send("acme", waiting, carrier="put/1", at=now)
        await ledger.offers.settle(
            "acme", [refused], carrier="put/1", at=now, again=now + timedelta(hours=1)
        )

    far = NOW + timedelta(days=9)
    assert await ledger.offers.waiting("acme", now=far, limit=10) == []
    [case] = await ledger.offers.cases("acme", limit=10)
    assert (case.offer, case.cause, case.problem) == (MUG, "WALMART_REJECTED", "no such SKU")


async def test_another_quantity_gives_a_refused_offer_a_new_chance(ledger: Ledger):
    await offer(ledger, MUG)
    await want(ledger, MUG=5)
    refused = Outcome(offer=MUG, cause="WALMART_REJECTED", problem="x")
    for _ in range(MOST_TRIES):
        waiting = await ledger.offers.waiting("acme", now=SOON, limit=10)
        await ledger.offers.send("acme", waiting, carrier="put/1", at=NOW)
        await ledger.offers.settle("acme", [refused], carrier="put/1", at=NOW, again=NOW)

    await want(ledger, MUG=4)

    [waiting_again] = await ledger.offers.waiting("acme", now=SOON, limit=10)
    assert waiting_again.quantity == 4
    assert await ledger.offers.cases("acme", limit=10) == []


async def test_what_may_have_arrived_is_sent_anew_but_not_before_it_is_too_late(ledger: Ledger):
    await offer(ledger, MUG)
    await want(ledger, MUG=5)
    waiting = await ledger.offers.waiting("acme", now=NOW, limit=10)
    await ledger.offers.send("acme", waiting, carrier="put/1", at=NOW)

    await ledger.offers.give_back("acme", "put/1", not_before=SOON)

    assert await ledger.offers.waiting("acme", now=NOW, limit=10) == []
    [again] = await ledger.offers.waiting("acme", now=SOON, limit=10)
    assert again.quantity == 5


async def test_unknown_stock_is_never_sent_and_is_a_case(ledger: Ledger):
    await offer(ledger, MUG)
    await accept(ledger, MUG=5)
    await read(ledger, "1", MUG="3")
    [entry] = await ledger.offers.stale("acme", limit=10)

    unknown = Wanted(
        offer=MUG, mark=entry.mark, quantity=None, cause="STOCK_UNKNOWN", problem="not listed"
    )
    await ledger.offers.want("acme", [unknown], at=NOW)

    assert await ledger.offers.waiting("acme", now=NOW, limit=10) == []
    [case] = await ledger.offers.cases("acme", limit=10)
    assert case.cause == "STOCK_UNKNOWN"


async def test_drift_is_found_believed_and_repaired(ledger: Ledger):
    await offer(ledger, MUG, LAMP)
    await accept(ledger, MUG=5, LAMP=2)

    drifted = await ledger.offers.saw("acme", {MUG: 7, LAMP: 2}, at=SOON)

    assert drifted == [MUG]
    [repair] = await ledger.offers.waiting("acme", now=NOW, limit=10)
    assert (repair.offer, repair.quantity, repair.urgency) == (MUG, 5, 2)


async def test_units_an_order_holds_are_told_by_item_until_they_are_released(ledger: Ledger):
    await offer(ledger, MUG, LAMP)
    await want(ledger, MUG=5, LAMP=5)

    await ledger.held_units.hold("acme", "1796", {MUG: 2})
    held, concerned = await ledger.held_units.held("acme", ["MUG", "LAMP"]), await stale(ledger)
    await want(ledger, MUG=3)
    await ledger.held_units.release("acme", "1796")

    assert held == {("10001", "MUG"): 2}
    assert concerned == ["MUG"]
    assert await ledger.held_units.held("acme", ["MUG"]) == {}
    assert await stale(ledger) == ["MUG"]


async def test_standing_counts_every_offer_once(ledger: Ledger):
    await offer(ledger, MUG, LAMP, CHAIR)
    await accept(ledger, MUG=5)
    await want(ledger, LAMP=1)

    standing = await ledger.offers.standing("acme")

    assert (standing.offers, standing.stale, standing.waiting) == (3, 1, 1)


async def test_pairs_know_nothing_of_each_other(ledger: Ledger):
    await offer(ledger, MUG)
    await want(ledger, MUG=5)

    assert await ledger.offers.waiting("other", now=NOW, limit=10) == []
    assert (await ledger.offers.standing("other")).offers == 0
