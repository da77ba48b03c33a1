"""What Walmart should show, what is under way to it, and what it last accepted, offer by offer.

An offer is a SKU as sold at one ship node. While something is under way for an offer, nothing else
is sent for it, so that an older quantity never takes effect after a newer one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Row

from domain.offers import (
    Changes,
    OfferCase,
    OfferKey,
    Outcome,
    StaleOffer,
    Standing,
    WaitingOffer,
    Wanted,
)
from ledger.database import Database, moment

# An offer that is refused so often in a row waits for a person.
MOST_TRIES = 5


class Offers:
    """The offers of every pair. One method per statement, or per transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, pair: str, offers: Sequence[OfferKey], *, at: datetime) -> None:
        """Add offers; those that are known stay as they are."""
        await self._database.change_many(
            """
            INSERT INTO offers (pair, sku, ship_node, stale, wanted_at, sent_by, sent_at,
                                accepted_at, not_before, tries, cause, problem)
            VALUES (:pair, :sku, :ship_node, 1, :at, '', '', '', '', 0, '', '')
            ON CONFLICT (pair, sku, ship_node) DO NOTHING
            """,
            [{**_named(pair, offer), "at": moment(at)} for offer in offers],
        )

    # What is wanted

    async def stale(self, pair: str, *, limit: int) -> list[StaleOffer]:
        """Return offers whose wanted quantity is to be computed anew."""
        rows = await self._database.rows(
            """
            SELECT sku, ship_node, stale FROM offers
            WHERE pair = :pair AND stale > 0
            ORDER BY sku, ship_node LIMIT :limit
            """,
            pair=pair,
            limit=limit,
        )
        return [StaleOffer(offer=_key(row), mark=row.stale) for row in rows]

    async def all_stale(self, pair: str) -> int:
        """Have every offer computed anew, as after a change of the formula; return how many."""
        return await self._database.change(
            "UPDATE offers SET stale = stale + 1 WHERE pair = :pair", pair=pair
        )

    async def want(self, pair: str, wanted: Sequence[Wanted], *, at: datetime) -> None:
        """Record what Walmart should show; what was refused gets a new chance where it differs.

        An offer of which something has changed since stays stale.
        """
        await self._database.change_many(
            """
            UPDATE offers
            SET stale = CASE WHEN stale = :mark THEN 0 ELSE stale END,
                wanted_at = CASE WHEN wanted = :quantity THEN wanted_at ELSE :at END,
                tries = CASE WHEN wanted = :quantity THEN tries ELSE 0 END,
                cause = CASE WHEN wanted = :quantity AND tries > 0 THEN cause ELSE :cause END,
                problem = CASE WHEN wanted = :quantity AND tries > 0 THEN problem ELSE :problem END,
                wanted = :quantity
            WHERE pair = :pair AND sku = :sku AND ship_node = :ship_node
            """,
            [
                {
                    **_named(pair, each.offer),
                    "mark": each.mark,
                    "quantity": each.quantity,
                    "cause": each.cause,
                    "problem": each.problem,
                    "at": moment(at),
                }
                for each in wanted
            ],
        )

    # What is sent

    async def waiting(self, pair: str, *, now: datetime, limit: int) -> list[WaitingOffer]:
        """Return what Walmart has to be told, in the order of harm, the oldest first."""
        rows = await self._database.rows(
            """
            SELECT sku, ship_node, wanted, urgency FROM offers
            WHERE pair = :pair AND urgency > 0 AND sent_by = ''
              AND stale = 0 AND not_before <= :now AND tries < :most
            ORDER BY urgency, wanted_at, sku, ship_node LIMIT :limit
            """,
            pair=pair,
            now=moment(now),
            most=MOST_TRIES,
            limit=limit,
        )
        return [
            WaitingOffer(offer=_key(row), quantity=row.wanted, urgency=row.urgency) for row in rows
        ]

    async def send(
        self, pair: str, offers: Sequence[WaitingOffer], *, carrier: str, at: datetime
    ) -> None:
        """Record, before anything is sent, that these quantities are under way."""
        await self._database.change_many(
            """
            UPDATE offers SET sent = :quantity, sent_by = :carrier, sent_at = :at
            WHERE pair = :pair AND sku = :sku AND ship_node = :ship_node AND sent_by = ''
            """,
            [
                {
                    **_named(pair, each.offer),
                    "quantity": each.quantity,
                    "carrier": carrier,
                    "at": moment(at),
                }
                for each in offers
            ],
        )

    async def under_way(self, pair: str, carrier: str) -> list[WaitingOffer]:
        """Return what a carrier has under way; 0 where its quantity is not trusted any more."""
        rows = await self._database.rows(
            """
            SELECT sku, ship_node, sent, urgency FROM offers
            WHERE pair = :pair AND sent_by = :carrier
            ORDER BY sku, ship_node
            """,
            pair=pair,
            carrier=carrier,
        )
        return [
            WaitingOffer(offer=_key(row), quantity=row.sent or 0, urgency=row.urgency)
            for row in rows
        ]

    async def settle(
        self, pair: str, outcomes: Sequence[Outcome], *, carrier: str, at: datetime, again: datetime
    ) -> None:
        """Record what Walmart said to what a carrier had under way.

        Args:
            pair: name of the pair.
            outcomes: one for each offer; others of the carrier stay under way.
            carrier: who sent them; what somebody else sends meanwhile is left alone.
            at: when Walmart answered.
            again: from when on a refused quantity may be sent again.
        """
        accepted = [each for each in outcomes if not each.cause]
        refused = [each for each in outcomes if each.cause]
        async with self._database.transaction() as database:
            await database.change_many(
                """
                UPDATE offers
                SET accepted = sent, accepted_at = :at, sent_by = '', tries = 0,
                    cause = '', problem = ''
                WHERE pair = :pair AND sku = :sku AND ship_node = :ship_node AND sent_by = :carrier
                """,
                [
                    {**_named(pair, each.offer), "carrier": carrier, "at": moment(at)}
                    for each in accepted
                ],
            )
            await database.change_many(
                """
                UPDATE offers
                SET sent_by = '', tries = tries + 1, not_before = :again,
                    cause = :cause, problem = :problem
                WHERE pair = :pair AND sku = :sku AND ship_node = :ship_node AND sent_by = :carrier
                """,
                [
                    {
                        **_named(pair, each.offer),
                        "carrier": carrier,
                        "again": moment(again),
                        "cause": each.cause,
                        "problem": each.problem,
                    }
                    for each in refused
                ],
            )

    async def unsent(self, pair: str, offers: Sequence[OfferKey], *, carrier: str) -> None:
        """Take back that something is under way: it is known that Walmart did not get it."""
        await self._database.change_many(
            """
            UPDATE offers SET sent_by = ''
            WHERE pair = :pair AND sku = :sku AND ship_node = :ship_node AND sent_by = :carrier
            """,
            [{**_named(pair, offer), "carrier": carrier} for offer in offers],
        )

    async def doubt(
        self, pair: str, offers: Sequence[OfferKey], *, carrier: str, not_before: datetime
    ) -> None:
        """Record that nobody knows whether these quantities have arrived.

        Args:
            pair: name of the pair.
            offers: whose answer was lost.
            carrier: who had them under way.
            not_before: until then a late request may still take effect.
        """
        await self._database.change_many(
            """
            UPDATE offers SET sent_by = '', not_before = :not_before, accepted = NULL
            WHERE pair = :pair AND sku = :sku AND ship_node = :ship_node AND sent_by = :carrier
            """,
            [
                {**_named(pair, offer), "carrier": carrier, "not_before": moment(not_before)}
                for offer in offers
            ],
        )

    async def carriers(self, pair: str, *, prefix: str) -> list[str]:
        """Return who has something under way."""
        rows = await self._database.rows(
            """
            SELECT DISTINCT sent_by FROM offers
            WHERE pair = :pair AND sent_by <> '' AND substr(sent_by, 1, length(:prefix)) = :prefix
            ORDER BY sent_by
            """,
            pair=pair,
            prefix=prefix,
        )
        return [row.sent_by for row in rows]

    async def give_back(self, pair: str, carrier: str, *, not_before: datetime) -> int:
        """Let what a carrier had under way be sent again; it is not known whether it arrived.

        Args:
            pair: name of the pair.
            carrier: who sent it.
            not_before: until then a late request may still take effect.
        """
        return await self._database.change(
            """
            UPDATE offers SET sent_by = '', not_before = :not_before, accepted = NULL
            WHERE pair = :pair AND sent_by = :carrier
            """,
            pair=pair,
            carrier=carrier,
            not_before=moment(not_before),
        )

    async def distrust(self, pair: str, skus: Sequence[str], *, now: datetime) -> None:
        """Let what Walmart shows of some SKUs, in any letter case, be sent anew.

        What is under way may have been overwritten already: accepted, it is not known either.
        """
        await self._database.change(
            """
            UPDATE offers
            SET accepted = NULL, not_before = :now, sent = CASE WHEN sent_by = '' THEN sent END
            WHERE pair = :pair AND lower(sku) IN :skus
            """,
            pair=pair,
            now=moment(now),
            skus=[sku.lower() for sku in skus],
        )

    async def saw(
        self, pair: str, shown: Mapping[OfferKey, int], *, at: datetime
    ) -> list[OfferKey]:
        """Record what Walmart really shows of offers with nothing under way.

        Returns:
            Those of which something else was believed.
        """
        believed = await self._database.rows(
            """
            SELECT sku, ship_node, accepted FROM offers
            WHERE pair = :pair AND sent_by = '' AND sku IN :skus
            """,
            pair=pair,
            skus=list(dict.fromkeys(offer.sku for offer in shown)),
        )
        drifted = [
            _key(row) for row in believed if _key(row) in shown and row.accepted != shown[_key(row)]
        ]
        await self._database.change_many(
            """
            UPDATE offers SET accepted = :quantity, accepted_at = :at
            WHERE pair = :pair AND sku = :sku AND ship_node = :ship_node AND sent_by = ''
            """,
            [
                {**_named(pair, offer), "quantity": shown[offer], "at": moment(at)}
                for offer in drifted
            ],
        )
        return drifted

    # What needs a person

    async def retry(self, pair: str, sku: str) -> int:
        """Let the refused quantities of a SKU be sent again at once; return how many."""
        return await self._database.change(
            """
            UPDATE offers SET tries = 0, not_before = '', stale = stale + 1
            WHERE pair = :pair AND sku = :sku AND cause <> ''
            """,
            pair=pair,
            sku=sku,
        )

    async def cases(self, pair: str, *, limit: int) -> list[OfferCase]:
        """Return offers that need a person: refused too often, or nobody knows what to show."""
        rows = await self._database.rows(
            """
            SELECT sku, ship_node, wanted, accepted, cause, problem, tries FROM offers
            WHERE pair = :pair AND cause <> '' AND (wanted IS NULL OR tries >= :most)
            ORDER BY cause, sku, ship_node LIMIT :limit
            """,
            pair=pair,
            most=MOST_TRIES,
            limit=limit,
        )
        return [
            OfferCase(
                offer=_key(row),
                wanted=row.wanted,
                accepted=row.accepted,
                cause=row.cause,
                problem=row.problem,
                tries=row.tries,
            )
            for row in rows
        ]

    async def waiting_changes(self, pair: str) -> Changes:
        """Return how much would change at Walmart, of what it has accepted before."""
        [row] = await self._database.rows(
            """
            SELECT count(*) AS catalogue,
                   count(CASE WHEN urgency = 1 AND accepted > 0 AND sent_by = '' THEN 1 END)
                       AS to_zero,
                   count(CASE WHEN urgency > 0 AND accepted IS NOT NULL AND sent_by = ''
                              THEN 1 END) AS changed
            FROM offers WHERE pair = :pair
            """,
            pair=pair,
        )
        return Changes(**row._mapping)

    async def standing(self, pair: str) -> Standing:
        """Return how many offers stand where."""
        [row] = await self._database.rows(
            """
            SELECT count(*) AS offers,
                   count(CASE WHEN stale > 0 THEN 1 END) AS stale,
                   count(CASE WHEN urgency > 0 AND sent_by = '' AND tries < :most THEN 1 END)
                       AS waiting,
                   count(CASE WHEN sent_by <> '' THEN 1 END) AS under_way,
                   count(CASE WHEN wanted IS NULL AND stale = 0 THEN 1 END) AS unknown,
                   count(CASE WHEN tries >= :most THEN 1 END) AS cases
            FROM offers WHERE pair = :pair
            """,
            pair=pair,
            most=MOST_TRIES,
        )
        return Standing(**row._mapping)


def _key(row: Row[tuple[object, ...]]) -> OfferKey:
    return OfferKey(sku=row.sku, ship_node=row.ship_node)


def _named(pair: str, offer: OfferKey) -> dict[str, str | int | None]:
    return {"pair": pair, "sku": offer.sku, "ship_node": offer.ship_node}
