"""Tell Walmart what has changed: single quantities by request, many by feed, within its limits."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import structlog
from temporalio import activity

from activities.feed_sending import send_feed
from activities.limits import FEED, PUT, hear, limit_of
from activities.services import PairServices, Services
from domain.budgets import Limit
from domain.errors import RateLimited, Rejected, Transient
from domain.offers import Outcome, WaitingOffer
from mappings.inventory import brake
from mappings.inventory_bodies import to_inventories_body

log = structlog.get_logger()

# How long one call of the activity goes on; then it says how far it has come.
SLICE = timedelta(seconds=20)

# Requests under way at once; more only wait for each other.
AT_ONCE = 8

# Nothing can be sent right now: look again after so long.
LOOK_AGAIN_SECONDS = 30.0

# What is looked at of all that waits, in the order of harm.
LOOKED_AT = 2_000

# Longer than the HTTP time-out: a request whose answer was lost may take effect until then.
LONGEST_CALL = timedelta(seconds=90)

# A refused quantity is sent again after so long, which doubles with each refusal in a row.
AGAIN = timedelta(minutes=1)

# How long Walmart takes to process a feed, until one has shown it.
FEED_TAKES = timedelta(minutes=5)

# Feeds have a fixed cost; for less than this many SKUs a request each is cheaper for everybody.
FEWEST_IN_FEED = 50

PUT_CARRIER = "put/"


@dataclass(frozen=True, kw_only=True)
class SendInput:
    """What is to be sent."""

    pair: str
    approved: bool = False  # a person lets a change of much at once go on


@dataclass(frozen=True, kw_only=True)
class Sent:
    """How far it has come."""

    accepted: int = 0
    refused: int = 0
    waiting: bool = False  # something may be sent, sooner or later
    wait_seconds: float = 0.0  # until the limit lets more through
    held: str = ""  # why nothing is sent before a person approves


class SendingActivities:
    """From what Walmart should show to what it has accepted. One collector a pair calls these."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def send_inventory(self, input: SendInput) -> Sent:
        """Send what waits, as far as Walmart's limits allow, for some seconds.

        Repeating: what an earlier attempt had under way is sent again once no request of it can
        take effect any more; a quantity is absolute, so that is harmless.
        """
        services = self._services.of_pair(input.pair)
        offers, started = services.ledger.offers, datetime.now(UTC)
        for carrier in await offers.carriers(input.pair, prefix=PUT_CARRIER):
            await offers.give_back(input.pair, carrier, not_before=started + LONGEST_CALL)
        if not input.approved and (held := await self._held(services)):
            return Sent(held=held, waiting=True)
        sent = Sent(waiting=True)
        while datetime.now(UTC) < started + SLICE:
            activity.heartbeat()
            now = datetime.now(UTC)
            waiting = await offers.waiting(input.pair, now=now, limit=LOOKED_AT)
            if not waiting:
                # What may wait beside it was refused a moment ago, or may still be arriving.
                left = (await offers.standing(input.pair)).waiting
                return replace(sent, waiting=bool(left), wait_seconds=LOOK_AGAIN_SECONDS)
            if await self._by_feed(services, waiting, now):
                continue
            wait, outcomes = await self._by_request(services, waiting, now)
            refused = sum(bool(outcome.cause) for outcome in outcomes)
            sent = replace(
                sent,
                accepted=sent.accepted + len(outcomes) - refused,
                refused=sent.refused + refused,
            )
            if now + wait > started + SLICE:
                return replace(sent, wait_seconds=wait.total_seconds())
            await asyncio.sleep(wait.total_seconds())
        return sent

    async def _by_request(
        self, services: PairServices, waiting: Sequence[WaitingOffer], now: datetime
    ) -> tuple[timedelta, list[Outcome]]:
        """Send some of what waits; return how long to wait for more, and what came of it."""
        skus = list(dict.fromkeys(each.offer.sku for each in waiting))
        limit = await limit_of(services, PUT)
        grant = await services.ledger.budgets.take(
            services.pair.name, PUT, limit, wanted=min(len(skus), AT_ONCE), now=now
        )
        if not grant.calls:
            return grant.wait, []
        chosen = set(skus[: grant.calls])
        some = [each for each in waiting if each.offer.sku in chosen]
        return timedelta(0), await self._put(services, some, limit)

    async def _held(self, services: PairServices) -> str:
        changes = await services.ledger.offers.waiting_changes(services.pair.name)
        return brake(
            services.mappings.inventory.brake,
            catalogue=changes.catalogue,
            to_zero=changes.to_zero,
            changed=changes.changed,
        )

    async def _by_feed(
        self, services: PairServices, waiting: Sequence[WaitingOffer], now: datetime
    ) -> bool:
        """Send the bulk of what waits as a feed, where that is accepted sooner than by request."""
        if len({each.offer.sku for each in waiting}) < FEWEST_IN_FEED:
            return False
        put = await limit_of(services, PUT)
        left = await services.ledger.budgets.left(services.pair.name, PUT, put, now=now)
        total = (await services.ledger.offers.standing(services.pair.name)).waiting
        by_request = (total - left) * put.seconds_per_token
        if by_request <= FEED_TAKES.total_seconds():
            return False
        feed = await limit_of(services, FEED)
        grant = await services.ledger.budgets.take(
            services.pair.name, FEED, feed, wanted=1, now=now
        )
        if not grant.calls:
            return False
        await send_feed(services, now)
        return True

    async def _put(
        self, services: PairServices, waiting: Sequence[WaitingOffer], limit: Limit
    ) -> list[Outcome]:
        """Send the quantities of some SKUs, a request each, at the same time."""
        by_sku: dict[str, list[WaitingOffer]] = {}
        for each in waiting:
            by_sku.setdefault(each.offer.sku, []).append(each)
        carrier = f"{PUT_CARRIER}{uuid4().hex}"
        await services.ledger.offers.send(
            services.pair.name, waiting, carrier=carrier, at=datetime.now(UTC)
        )
        answers = await asyncio.gather(
            *(self._put_one(services, sku, nodes, carrier) for sku, nodes in by_sku.items())
        )
        await hear(services, PUT, limit)
        return [outcome for each in answers for outcome in each]

    async def _put_one(
        self, services: PairServices, sku: str, nodes: Sequence[WaitingOffer], carrier: str
    ) -> list[Outcome]:
        pair, offers = services.pair.name, services.ledger.offers
        body = to_inventories_body({each.offer.ship_node: each.quantity for each in nodes})
        try:
            answered = await services.inventory.put_inventory(sku, body)
        except Rejected as refusal:
            outcomes = [
                Outcome(offer=each.offer, cause=refusal.cause, problem=str(refusal))
                for each in nodes
            ]
        except RateLimited as wait:
            until = datetime.now(UTC) + (wait.retry_after or timedelta(seconds=10))
            await services.ledger.budgets.refused(
                pair, PUT, await limit_of(services, PUT), until=until, now=datetime.now(UTC)
            )
            await offers.unsent(pair, [each.offer for each in nodes], carrier=carrier)
            return []
        except Transient:
            # It may have arrived, and may still take effect.
            await offers.doubt(
                pair,
                [each.offer for each in nodes],
                carrier=carrier,
                not_before=datetime.now(UTC) + LONGEST_CALL,
            )
            return []
        else:
            said = {node.ship_node: node for node in answered}
            outcomes = [
                Outcome(offer=each.offer)
                if said[each.offer.ship_node].accepted
                else Outcome(
                    offer=each.offer,
                    cause="WALMART_REJECTED",
                    problem=f"{said[each.offer.ship_node].code}: "
                    f"{said[each.offer.ship_node].description}",
                )
                for each in nodes
            ]
        now = datetime.now(UTC)
        await offers.settle(pair, outcomes, carrier=carrier, at=now, again=now + AGAIN)
        return outcomes
