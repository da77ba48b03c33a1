"""What waits is told to Walmart request by request: refused, lost and throttled ones included."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.limits import PUBLISHED, PUT
from activities.sending import SendingActivities, SendInput
from domain.offers import OfferKey
from simulators.walmart.stock import INACTIVE
from tests.integration.stock_steps import (
    EAST,
    WEST,
    compute,
    expected,
    list_planned,
    offer,
    pass_waits,
    plan,
    read_changes,
    rows,
    send,
    set_stock,
    shown,
    take_up,
)
from tests.services import PAIR, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

UPDATE = "update_inventory_of_item"


@pytest.fixture
def inventory() -> bool:
    return True


def effects(shop: Shop, since: int = 0) -> list[tuple[OfferKey, int]]:
    """Return what took effect at Walmart, in this order."""
    log = shop.account.inventory.pushes.effects_as_json(sku=None, offset=since, limit=10_000)
    found = [dict(zip(log["columns"], row, strict=True)) for row in log["rows"]]
    return [
        (OfferKey(sku=each["sku"], ship_node=each["ship_node"]), each["amount"]) for each in found
    ]


def agreed(shop: Shop, count: int) -> dict[OfferKey, int]:
    """Return what Walmart has to show of the first planned items."""
    return {
        offer(n, node): expected(shop, n, node)
        for n in range(1, count + 1)
        for node in (EAST, WEST)
    }


async def opened(shop: Shop, count: int, *, amount: int = 600) -> None:
    """Take up planned items that Walmart shows too much of, and bring them into line."""
    plan(shop, count)
    list_planned(shop, range(1, count + 1), amount=amount)
    await take_up(shop)
    await send(shop)


async def change(shop: Shop, quantities: dict[int, str]) -> None:
    """Let M3's stock change, and read it."""
    for n, quantity in quantities.items():
        set_stock(shop, n, quantity)
    await read_changes(shop)
    await compute(shop)


async def test_everything_that_differs_is_sent_and_nothing_else(shop: Shop):
    await opened(shop, 20)
    requests = shop.account.requests[UPDATE]

    again = await send(shop)

    assert shown(shop) == agreed(shop, 20)
    assert requests == 20  # both ship nodes of a SKU in one
    assert shop.account.requests[UPDATE] == requests
    assert (again.accepted, again.waiting) == (0, False)


async def test_what_is_to_be_zero_goes_first_then_what_falls_then_what_rises(shop: Shop):
    await opened(shop, 30)
    await change(shop, {n: "1000" for n in range(1, 11)})
    await change(shop, {n: "1" for n in range(14, 21)} | {n: "0" for n in range(21, 31)})
    before = shop.account.inventory.pushes.effects

    await send(shop)

    # Eight go out together, in any order among them.
    amounts = [amount for _, amount in effects(shop, before)]
    assert len(amounts) == 27
    assert amounts[:8] == [0] * 8
    assert 1000 not in amounts[:16]
    assert amounts[-3:] == [1000] * 3


async def test_too_much_at_once_is_held_until_a_person_approves(shop: Shop):
    await opened(shop, 30)
    await change(shop, {n: "0" for n in range(1, 28)})

    held = await shop.run(SendingActivities.send_inventory, SendInput(pair=PAIR))
    before = shown(shop)
    sent = await send(shop)

    assert "become 0, more than 20%" in held.held
    assert before != agreed(shop, 30)
    assert sent.held == ""
    assert shown(shop) == agreed(shop, 30)


async def test_refused_ship_node_is_recorded_and_sent_again_later(shop: Shop):
    await opened(shop, 3)
    west = shop.account.inventory.stock.nodes[WEST]
    west.status, status = INACTIVE, west.status
    for n in (1, 2):
        set_stock(shop, n, "7", ship_node=WEST)
    await change(shop, {1: "5", 2: "6"})

    sent = await send(shop)
    refused = (await rows(shop))[offer(1, WEST)]
    at_once = await send(shop)
    west.status = status
    await pass_waits(shop)
    later = await send(shop)

    assert (sent.accepted, sent.refused) == (2, 2)
    assert (refused.cause, refused.tries) == ("WALMART_REJECTED", 1)
    assert "not active" in refused.problem
    assert refused.not_before > datetime.now(UTC).isoformat()
    assert (at_once.accepted, at_once.refused, at_once.waiting) == (0, 0, True)
    assert later.accepted == 2
    assert shown(shop) == agreed(shop, 3)
    assert (await rows(shop))[offer(1, WEST)].cause == ""


async def test_sku_walmart_does_not_list_any_more_becomes_a_case_after_some_tries(shop: Shop):
    await opened(shop, 80)
    await change(shop, {1: "3", 77: "4"})
    shop.account.inventory.stock.reset()
    list_planned(shop, range(1, 3))

    for _ in range(6):
        await send(shop)
        await pass_waits(shop)

    [case] = await shop.services.ledger.offers.cases(PAIR, limit=10)
    assert (case.offer, case.tries, case.cause) == (offer(77), 5, "WALMART_NOT_FOUND")
    assert shown(shop)[offer(1)] == 3


async def test_request_whose_answer_was_lost_is_sent_again_only_later(shop: Shop):
    await opened(shop, 4)
    await change(shop, {1: "5", 2: "6", 3: "7"})
    before = shop.account.requests[UPDATE]
    shop.lose_answer(UPDATE)

    first = await send(shop)
    doubtful = [row for row in (await rows(shop)).values() if row.accepted is None]
    at_once = await send(shop)
    requests = shop.account.requests[UPDATE] - before
    await change(shop, {1: "4", 2: "3", 3: "2"})
    await pass_waits(shop)
    await send(shop)

    assert (first.accepted, at_once.accepted, requests) == (2, 0, 3)
    [row] = doubtful
    assert row.not_before > (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    assert at_once.waiting
    assert shown(shop) == agreed(shop, 4)
    assert shop.account.inventory.pushes.overtaken == 0


async def test_request_that_never_arrived_is_made_up_for(shop: Shop):
    await opened(shop, 4)
    await change(shop, {1: "5", 2: "6"})
    shop.lose_answer(UPDATE, count=2, kind="cut")

    lost = await send(shop)
    between = shown(shop)
    await pass_waits(shop)
    await send(shop)

    assert lost.accepted == 0
    assert between != agreed(shop, 4)
    assert shown(shop) == agreed(shop, 4)


async def test_worker_that_died_while_sending_has_it_sent_again_only_later(shop: Shop):
    await opened(shop, 4)
    await change(shop, {1: "5", 2: "6"})
    offers, now = shop.services.ledger.offers, datetime.now(UTC)
    waiting = await offers.waiting(PAIR, now=now, limit=10)
    await offers.send(PAIR, waiting, carrier="put/of a dead worker", at=now)

    at_once = await send(shop)
    before = shown(shop)
    await pass_waits(shop)
    later = await send(shop)

    assert (at_once.accepted, at_once.waiting) == (0, True)
    assert before != agreed(shop, 4)
    assert later.accepted == 2
    assert shown(shop) == agreed(shop, 4)


async def test_429_stops_until_the_moment_walmart_names_and_nothing_is_lost(shop: Shop):
    plan(shop, 12)
    list_planned(shop, range(1, 13), amount=600)
    await take_up(shop)
    shop.account.limits.rescale(0.01)  # two a minute

    first = await send(shop)
    requests = shop.account.requests[UPDATE]
    at_once = await send(shop)
    left = await shop.services.ledger.budgets.left(
        PAIR, PUT, PUBLISHED[PUT], now=datetime.now(UTC) + timedelta(seconds=20)
    )
    standing = await shop.services.ledger.offers.standing(PAIR)
    requests_at_once = shop.account.requests[UPDATE]
    shop.account.limits.rescale(1.0)
    await pass_waits(shop)
    await send(shop)

    assert (first.accepted, first.refused) == (4, 0)  # two SKUs at two ship nodes
    assert first.wait_seconds > 20
    assert (at_once.accepted, requests_at_once, left) == (0, requests, 0)
    assert (standing.waiting, standing.under_way) == (20, 0)
    assert shown(shop) == agreed(shop, 12)
    assert shop.account.inventory.pushes.overtaken == 0


async def test_offer_that_changes_while_it_is_sent_ends_with_the_newest_quantity(shop: Shop):
    await opened(shop, 2)
    await change(shop, {1: "5"})
    offers, now = shop.services.ledger.offers, datetime.now(UTC)
    waiting = await offers.waiting(PAIR, now=now, limit=10)
    await offers.send(PAIR, waiting, carrier="feed/under way", at=now)

    await change(shop, {1: "2"})
    meanwhile = await send(shop)
    await offers.unsent(PAIR, [offer(1)], carrier="feed/under way")
    await send(shop)

    assert meanwhile.accepted == 0
    assert [amount for _, amount in effects(shop)][-1] == 2
