"""Many quantities go out as one feed, which is followed to its end, lost or hanging ones too."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from activities.feed_sending import FeedActivities, FeedsStanding, send_feed
from domain.errors import Unavailable
from ledger.feeds import Feed, FeedState
from simulators.walmart.feed_queue import FeedSettings
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

SUBMIT, UPDATE = "submit_feed", "update_inventory_of_item"


@pytest.fixture
def inventory() -> bool:
    return True


def agreed(shop: Shop, count: int) -> bool:
    """Tell whether Walmart shows of the first planned items what M3 has."""
    return shown(shop) == {
        offer(n, node): expected(shop, n, node)
        for n in range(1, count + 1)
        for node in (EAST, WEST)
    }


def at_walmart(shop: Shop) -> list[str]:
    """Return the ids of all feeds Walmart has."""
    return [feed.feed_id for feed in shop.account.inventory.feeds.newest_first()]


def finish_feeds(shop: Shop) -> None:
    """Let Walmart work through what is in its queue."""
    shop.account.clock.advance(600)
    shop.account.inventory.settle()


async def waiting(shop: Shop, count: int) -> None:
    """Let all offers of planned items wait to be sent."""
    plan(shop, count)
    list_planned(shop, range(1, count + 1), amount=600)
    await take_up(shop)


async def submit(shop: Shop, *, ago: timedelta = timedelta(minutes=1)) -> Feed:
    """Send what waits as a feed, some time ago, and return what the ledger has of it."""
    await send_feed(shop.services, datetime.now(UTC) - ago)
    known = await shop.services.ledger.feeds.open(PAIR)
    return max(known, key=lambda feed: feed.submitted_at)


async def follow(shop: Shop) -> FeedsStanding:
    """Follow the feeds as if it were time to look at each."""
    feeds = shop.services.ledger.feeds
    for feed in await feeds.open(PAIR):
        await feeds.update(
            PAIR,
            feed.carrier,
            feed_id=feed.feed_id,
            state=feed.state,
            look_at=datetime.now(UTC) - timedelta(seconds=1),
        )
    return await shop.run(FeedActivities.follow_feeds, PAIR)


async def state_of(shop: Shop, feed: Feed) -> FeedState:
    """Return what the ledger knows of a feed."""
    [row] = await shop.services.ledger.feeds._database.rows(
        "SELECT state FROM feeds WHERE carrier = :carrier", carrier=feed.carrier
    )
    return FeedState(row.state)


async def test_a_feed_is_chosen_where_requests_would_take_longer(shop: Shop):
    await waiting(shop, 700)

    await send(shop)
    first = (shop.account.requests[SUBMIT], shop.account.requests[UPDATE])
    finish_feeds(shop)
    await follow(shop)

    assert first == (1, 0)
    assert agreed(shop, 700)
    assert shop.account.inventory.pushes.overtaken == 0
    standing = await shop.services.ledger.offers.standing(PAIR)
    assert (standing.waiting, standing.under_way) == (0, 0)


async def test_few_are_sent_by_request_however_little_is_left_of_the_limit(shop: Shop):
    await waiting(shop, 40)

    await send(shop)

    assert shop.account.requests[SUBMIT] == 0
    assert agreed(shop, 40)


async def test_feed_that_is_not_done_is_looked_at_again(shop: Shop):
    await waiting(shop, 5)
    feed = await submit(shop)

    standing = await follow(shop)
    meanwhile = await send(shop)

    assert standing.open == 1
    assert standing.next_look is not None
    assert standing.next_look > datetime.now(UTC)
    assert await state_of(shop, feed) is FeedState.SUBMITTED
    assert (meanwhile.accepted, meanwhile.waiting) == (0, False)


async def test_items_of_a_feed_settle_one_by_one_and_errors_are_sent_again_later(shop: Shop):
    await waiting(shop, 20)
    shop.account.inventory.feeds.settings = FeedSettings.read(
        {"queue_seconds": 60, "item_errors": {"share": 0.3, "seed": 3, "type": "SYSTEM_ERROR"}}
    )
    await submit(shop)
    finish_feeds(shop)

    await follow(shop)
    found = await rows(shop)
    at_once = await send(shop)
    await pass_waits(shop)
    later = await send(shop)

    refused = [row for row in found.values() if row.cause]
    assert 0 < len(refused) < 40
    assert {row.cause for row in refused} == {"WALMART_REJECTED"}
    assert all("SIM_DRAWN_ERROR" in row.problem and row.sent_by == "" for row in refused)
    assert sum(row.accepted == row.wanted for row in found.values()) >= 40 - len(refused)
    assert at_once.accepted == 0
    assert later.accepted == len(refused)
    assert agreed(shop, 20)


async def test_feed_that_fails_as_a_whole_has_everything_sent_again(shop: Shop):
    await waiting(shop, 4)
    shop.account.inventory.feeds.settings = FeedSettings.read({"unknown_sku_refused": True})
    shop.account.inventory.stock.reset()
    list_planned(shop, range(1, 4), amount=600)

    await send_feed(shop.services, datetime.now(UTC))
    found = await rows(shop)
    list_planned(shop, [4], amount=600)
    await pass_waits(shop)
    await send(shop)

    assert all(row.cause == "WALMART_REJECTED" for row in found.values())
    assert await shop.services.ledger.feeds.open(PAIR) == []
    assert agreed(shop, 4)


async def test_feed_whose_answer_was_lost_is_found_and_not_submitted_again(shop: Shop):
    await waiting(shop, 12)
    shop.lose_answer(SUBMIT)

    feed = await submit(shop)
    meanwhile = await send(shop)
    standing = await follow(shop)
    [found] = await shop.services.ledger.feeds.open(PAIR)
    finish_feeds(shop)
    await follow(shop)

    assert (feed.state, feed.feed_id) == (FeedState.INTENDED, "")
    assert meanwhile.accepted == 0
    assert standing.open == 1
    assert [found.feed_id] == at_walmart(shop)
    assert await state_of(shop, feed) is FeedState.SETTLED
    assert agreed(shop, 12)
    assert shop.account.inventory.pushes.overtaken == 0


async def test_two_feeds_whose_answers_were_lost_are_told_apart(shop: Shop):
    plan(shop, 12)
    list_planned(shop, range(1, 7), amount=600)
    await take_up(shop)
    shop.lose_answer(SUBMIT, count=2)
    await submit(shop)
    list_planned(shop, range(7, 13), amount=600)
    await take_up(shop)
    await submit(shop)

    await follow(shop)
    found = await shop.services.ledger.feeds.open(PAIR)
    finish_feeds(shop)
    await follow(shop)

    assert sorted(feed.feed_id for feed in found) == sorted(at_walmart(shop))
    assert agreed(shop, 12)


async def test_feed_that_never_arrived_is_waited_for_and_then_sent_anew(shop: Shop):
    await waiting(shop, 5)
    shop.lose_answer(SUBMIT, kind="cut")
    young = await submit(shop, ago=timedelta(minutes=5))

    await follow(shop)
    waited = (await state_of(shop, young), (await send(shop)).accepted)
    await shop.services.ledger.feeds._database.change(
        "UPDATE feeds SET submitted_at = :at",
        at=(datetime.now(UTC) - timedelta(minutes=11)).isoformat(),
    )
    await follow(shop)
    anew = await send(shop)

    assert waited == (FeedState.INTENDED, 0)
    assert await state_of(shop, young) is FeedState.LOST
    assert at_walmart(shop) == []
    assert anew.accepted == 10
    assert agreed(shop, 5)
    assert shop.account.inventory.pushes.overtaken == 0


async def test_hanging_feed_is_given_up_and_made_good_when_it_ends_at_last(shop: Shop):
    await waiting(shop, 6)
    shop.account.inventory.feeds.settings = FeedSettings.read({"hang_next": True})
    feed = await submit(shop, ago=timedelta(hours=2))

    await follow(shop)
    overdue = await state_of(shop, feed)
    for n in range(1, 7):
        set_stock(shop, n, str(n))
    await read_changes(shop)
    await compute(shop)
    by_request = await send(shop)
    right = agreed(shop, 6)
    shop.account.inventory.feeds.release(shop.account.clock.now())
    wrong = not agreed(shop, 6)
    await follow(shop)
    once_more = await send(shop)
    and_then = await send(shop)

    assert overdue is FeedState.OVERDUE
    assert by_request.accepted == 12
    assert right
    assert wrong
    assert shop.account.inventory.pushes.overtaken == 12
    assert once_more.accepted == 12
    assert and_then.accepted == 0
    assert agreed(shop, 6)
    assert await state_of(shop, feed) is FeedState.SETTLED


async def test_feed_that_ends_late_is_made_good_also_where_another_feed_is_under_way(shop: Shop):
    await waiting(shop, 6)
    shop.account.inventory.feeds.settings = FeedSettings.read({"hang_next": True})
    late = await submit(shop, ago=timedelta(hours=2))
    await follow(shop)
    for n in range(1, 7):
        set_stock(shop, n, str(n))
    await read_changes(shop)
    await compute(shop)
    second = await submit(shop, ago=timedelta(0))
    finish_feeds(shop)  # of the second one nobody has heard yet
    shop.account.inventory.feeds.release(shop.account.clock.now())
    shop.account.inventory.settle()

    feeds = shop.services.ledger.feeds
    for feed, ago in ((late, 20), (second, 10)):
        await feeds.update(
            PAIR,
            feed.carrier,
            feed_id=feed.feed_id,
            state=FeedState.OVERDUE if feed is late else FeedState.SUBMITTED,
            look_at=datetime.now(UTC) - timedelta(seconds=ago),
        )
    await shop.run(FeedActivities.follow_feeds, PAIR)
    await send(shop)

    assert second.carrier != late.carrier
    assert await state_of(shop, second) is FeedState.SETTLED
    assert agreed(shop, 6)


async def test_what_changes_while_its_feed_is_under_way_goes_out_after_it(shop: Shop):
    await waiting(shop, 5)
    await submit(shop)
    for n in range(1, 6):
        set_stock(shop, n, "1")
    await read_changes(shop)
    await compute(shop)

    meanwhile = await send(shop)
    finish_feeds(shop)
    await follow(shop)
    after = await send(shop)

    assert meanwhile.accepted == 0
    assert after.accepted == 5
    assert agreed(shop, 5)
    assert shop.account.inventory.pushes.overtaken == 0


async def test_feed_over_the_limit_is_not_submitted_and_its_offers_go_on(shop: Shop):
    await waiting(shop, 5)
    shop.lose_answer(SUBMIT, kind="throttled")

    await send_feed(shop.services, datetime.now(UTC))
    open_feeds = await shop.services.ledger.feeds.open(PAIR)
    sent = await send(shop)

    assert open_feeds == []
    assert at_walmart(shop) == []
    assert sent.accepted == 10
    assert agreed(shop, 5)


async def test_what_was_read_of_a_feed_stays_settled_when_a_page_fails(shop: Shop):
    await waiting(shop, 120)
    feed = await submit(shop)
    finish_feeds(shop)
    answered = 0

    async def fail_third_page(request: httpx.Request) -> None:
        nonlocal answered
        if "offset=100" in str(request.url):
            raise httpx.ConnectError("cut")
        answered += "includeDetails" in str(request.url)

    shop.services.walmart._http.event_hooks = {"request": [fail_third_page]}
    with pytest.raises(Unavailable):
        await follow(shop)
    between = await shop.services.ledger.offers.standing(PAIR)
    shop.services.walmart._http.event_hooks = {}
    await follow(shop)

    assert answered >= 2
    assert between.under_way == 40  # both ship nodes of the last twenty SKUs
    assert await state_of(shop, feed) is FeedState.SETTLED
    assert agreed(shop, 120)
