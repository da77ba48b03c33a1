"""Walmart's limits: published, or this seller's own; shared by all workers through the ledger."""

from datetime import UTC, datetime, timedelta

from activities.services import PairServices
from domain.budgets import Limit

PUT = "update_inventory_of_item"
LIST = "list_inventories"
FEED = "submit_feed_MP_INVENTORY"

FEED_TYPE = "MP_INVENTORY"

# Per seller. Source: Walmart's table of rate limits, as of August 2026. The feed's is not told by
# GET /v3/settings/partnerprofile, whose specification does not list it.
PUBLISHED = {
    PUT: Limit(count=200, window=timedelta(minutes=1)),
    LIST: Limit(count=200, window=timedelta(minutes=1)),
    FEED: Limit(count=50, window=timedelta(hours=1)),
}

# One file of the feed. Source: the same table; 1 MB, taken as 10^6 with room for the multipart.
MOST_FEED_BYTES = 990_000


async def limit_of(services: PairServices, call: str) -> Limit:
    """Return the limit of a call."""
    return PUBLISHED[call]


async def hear(services: PairServices, call: str, limit: Limit) -> None:
    """Have the shared budget believe what Walmart said last of a call's limit."""
    heard = services.allowances.pop(call, None)
    if heard is not None and heard.left is not None:
        await services.ledger.budgets.heard(
            services.pair.name, call, limit, left=heard.left, now=datetime.now(UTC)
        )
