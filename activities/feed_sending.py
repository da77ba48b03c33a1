"""Send many quantities as one feed, and follow it to its end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import structlog
from temporalio import activity

from activities.limits import FEED, FEED_TYPE, MOST_FEED_BYTES, hear, limit_of
from activities.services import PairServices, Services
from connectors.walmart_feeds import FeedItem, FeedStatus
from domain.errors import RateLimited, Rejected, Transient
from domain.offers import OfferKey, Outcome, WaitingOffer
from ledger.feeds import Feed, FeedState
from mappings.inventory_bodies import StockRow, parts, to_mp_inventory_feed

log = structlog.get_logger()

FEED_CARRIER = "feed/"

# Items in one feed: Walmart asks for no more than 10,000.
MOST_ITEMS = 10_000

# A small feed is done in a minute or two; Walmart suggests to ask ever more rarely.
FIRST_LOOK = timedelta(seconds=20)
LONGEST_BETWEEN = timedelta(minutes=15)

# A feed whose answer was lost shows in Walmart's list by then, or it never arrived.
ARRIVES_WITHIN = timedelta(minutes=10)
CLOCKS_DIFFER = timedelta(minutes=2)

# A feed that takes longer hangs. What it carries is sent anew, and once more when it ends at last.
PATIENCE = timedelta(hours=1)

# A refused item is sent again after so long.
AGAIN = timedelta(minutes=5)

ENDED = ("PROCESSED", "ERROR")


@dataclass(frozen=True, kw_only=True)
class FeedsStanding:
    """The feeds that are on their way."""

    open: int
    next_look: datetime | None
    waiting: bool = False  # something may be sent, perhaps because a feed has ended


async def send_feed(services: PairServices, now: datetime) -> None:
    """Send what waits as one feed, the most harmful first, as much as fits into a file.

    The feed is recorded before it is sent. After a lost answer it is looked for, not sent again.
    """
    pair, offers, feeds = services.pair.name, services.ledger.offers, services.ledger.feeds
    waiting = await offers.waiting(pair, now=now, limit=MOST_ITEMS)
    rows = [
        StockRow(sku=w.offer.sku, ship_node=w.offer.ship_node, quantity=w.quantity) for w in waiting
    ]
    part = next(iter(parts(rows, max_bytes=MOST_FEED_BYTES, max_items=MOST_ITEMS)))
    chosen = {(row.sku, row.ship_node) for row in part}
    sent = [w for w in waiting if (w.offer.sku, w.offer.ship_node) in chosen]
    carrier = f"{FEED_CARRIER}{uuid4().hex}"
    items = len({row.sku for row in part})
    await feeds.intend(
        pair, carrier, feed_type=FEED_TYPE, items=items, at=now, look_at=now + FIRST_LOOK
    )
    await offers.send(pair, sent, carrier=carrier, at=now)
    state, feed_id = FeedState.SUBMITTED, ""
    try:
        feed_id = await services.feeds.submit_feed(
            FEED_TYPE, to_mp_inventory_feed(part), _file_name(carrier)
        )
    except RateLimited as wait:
        until = datetime.now(UTC) + (wait.retry_after or timedelta(minutes=1))
        limit = await limit_of(services, FEED)
        await services.ledger.budgets.refused(pair, FEED, limit, until=until, now=datetime.now(UTC))
        await offers.unsent(pair, [each.offer for each in sent], carrier=carrier)
        state = FeedState.LOST
    except Rejected as refusal:
        refused = [
            Outcome(offer=each.offer, cause=refusal.cause, problem=str(refusal)) for each in sent
        ]
        await offers.settle(pair, refused, carrier=carrier, at=now, again=now + AGAIN)
        state = FeedState.SETTLED
    except Transient:
        state = FeedState.INTENDED
    await feeds.update(pair, carrier, feed_id=feed_id, state=state, look_at=now + FIRST_LOOK)
    await hear(services, FEED, await limit_of(services, FEED))
    log.info("feed_sent", pair=pair, feed_id=feed_id, items=items, state=state)


class FeedActivities:
    """Follows feeds. One collector a pair calls this."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def follow_feeds(self, pair: str) -> FeedsStanding:
        """Look at each feed that is due, and record what became of its items.

        Repeating: goes on after the last page that was settled, and looks at the rest again.
        """
        services = self._services.of_pair(pair)
        feeds = services.ledger.feeds
        for feed in await feeds.open(pair):
            if feed.look_at <= datetime.now(UTC):
                await _look(services, feed)
                activity.heartbeat()
        left = await feeds.open(pair)
        return FeedsStanding(
            open=len(left),
            next_look=left[0].look_at if left else None,
            waiting=bool((await services.ledger.offers.standing(pair)).waiting),
        )


async def _look(services: PairServices, feed: Feed) -> None:
    now = datetime.now(UTC)
    feed_id = feed.feed_id or await _find(services, feed)
    if not feed_id:
        await _not_there(services, feed, now)
        return
    status = await services.feeds.feed(feed_id)
    if status.status in ENDED:
        await _settle(services, feed, status, now)
        return
    age = now - feed.submitted_at
    state = FeedState.SUBMITTED if feed.state is FeedState.INTENDED else feed.state
    if age > PATIENCE and state is FeedState.SUBMITTED:
        state = FeedState.OVERDUE
        again = await services.ledger.offers.give_back(
            services.pair.name, feed.carrier, not_before=now
        )
        log.warning("feed_hangs", pair=services.pair.name, feed_id=feed_id, sent_again=again)
    pause = min(max(age, FIRST_LOOK), LONGEST_BETWEEN)
    await services.ledger.feeds.update(
        services.pair.name, feed.carrier, feed_id=feed_id, state=state, look_at=now + pause
    )


async def _find(services: PairServices, feed: Feed) -> str:
    """Return the id of a feed whose answer was lost; empty when Walmart's list does not have it."""
    since = feed.submitted_at - CLOCKS_DIFFER
    known = await services.ledger.feeds.known_ids(services.pair.name, since=since)
    listed = await services.feeds.feeds()
    found = [
        each
        for each in listed
        if each.feed_type.casefold() == feed.feed_type.casefold()
        and each.feed_id not in known
        and (each.submitted_at is None or each.submitted_at >= since)
        and (each.file_name == _file_name(feed.carrier) or not each.file_name)
        and each.items.received in (feed.items, 0)
    ]
    return found[-1].feed_id if found else ""


async def _not_there(services: PairServices, feed: Feed, now: datetime) -> None:
    """Wait on for a feed that may still show, or send anew what never arrived."""
    pair, state = services.pair.name, FeedState.INTENDED
    if now - feed.submitted_at > ARRIVES_WITHIN:
        state = FeedState.LOST
        await services.ledger.offers.give_back(pair, feed.carrier, not_before=now)
        log.warning("feed_lost", pair=pair, items=feed.items)
    await services.ledger.feeds.update(
        pair, feed.carrier, feed_id="", state=state, look_at=now + FIRST_LOOK
    )


async def _settle(services: PairServices, feed: Feed, status: FeedStatus, now: datetime) -> None:
    """Record what Walmart says of each item of a feed that has ended; PROCESSED is no success.

    An attempt goes on after the last page of the one before: a feed of 10,000 items has 200 pages,
    which seldom all come without an error in between.
    """
    pair, offers, carrier = services.pair.name, services.ledger.offers, feed.carrier
    left: dict[str, list[WaitingOffer]] = {}
    for each in await offers.under_way(pair, carrier):
        # The SKU comes back in another letter case now and then.
        left.setdefault(each.offer.sku.casefold(), []).append(each)
    refused, read = 0, _read_before(status.feed_id)
    async for page in services.feeds.feed_items(status.feed_id, offset=read):
        answered = {item.sku.casefold(): item for item in page}
        outcomes = [
            _outcome(each, answered, status) for sku in answered for each in left.pop(sku, ())
        ]
        await offers.settle(pair, outcomes, carrier=carrier, at=now, again=now + AGAIN)
        if feed.state is FeedState.OVERDUE:
            # What it carried has overwritten what was sent meanwhile.
            await offers.distrust(pair, list(answered), now=now)
        refused += sum(bool(outcome.cause) for outcome in outcomes)
        read += len(page)
        activity.heartbeat(status.feed_id, read)
    missing = [_outcome(each, {}, status) for rest in left.values() for each in rest]
    await offers.settle(pair, missing, carrier=carrier, at=now, again=now + AGAIN)
    await services.ledger.feeds.update(
        pair, carrier, feed_id=status.feed_id, state=FeedState.SETTLED, look_at=now
    )
    refused += len(missing)
    log.info("feed_settled", pair=pair, feed_id=status.feed_id, items=read, refused=refused)


def _read_before(feed_id: str) -> int:
    """Return how many items of a feed an earlier attempt has settled."""
    done = activity.info().heartbeat_details
    return int(done[1]) if done and done[0] == feed_id else 0


def _outcome(sent: WaitingOffer, answered: dict[str, FeedItem], status: FeedStatus) -> Outcome:
    item = answered.get(sent.offer.sku.casefold())
    errors = item.errors if item is not None else status.errors
    if item is not None and not item.failed:
        return Outcome(offer=sent.offer)
    said = "; ".join(f"{error.code}: {error.description}" for error in errors)
    missing = f"feed {status.feed_id} ended as {status.status} without this SKU"
    return Outcome(
        offer=OfferKey(sku=sent.offer.sku, ship_node=sent.offer.ship_node),
        cause="WALMART_REJECTED",
        problem=said or missing,
    )


def _file_name(carrier: str) -> str:
    return f"{carrier.replace('/', '-')}.json"
