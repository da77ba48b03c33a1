"""Find the orders that webhooks lost."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity

from activities.services import Services
from activities.starts import Source, start_order
from domain.orders import OrderRef
from mappings.walmart_order import ordered_at

log = structlog.get_logger()

# Walmart keeps released orders until they are acknowledged; older ones than this are not lost
# but left, and were found by hundreds of sweeps before.
LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class SweepResult:
    """What one sweep saw and repaired."""

    released: int  # orders Walmart lists as released
    started: int  # of these, orders no webhook had started
    too_young: int  # of these, orders left to their webhook


class SweepActivities:
    """The scheduled look at Walmart."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def start_released_orders(self, pair: str) -> SweepResult:
        """List Walmart's released orders and start those that no webhook started.

        Repeating: an order that was started is recognized.
        """
        services = self._services.of_pair(pair)
        now = datetime.now(UTC)
        released = too_young = 0
        started: list[str] = []
        async for page in services.walmart.released_orders(created_since=now - LOOK_BACK):
            for document in page:
                released += 1
                if ordered_at(document) > now - services.pair.sweep_grace:
                    too_young += 1
                    continue
                ref = OrderRef(pair=pair, purchase_order_id=str(document["purchaseOrderId"]))
                if await start_order(activity.client(), ref, Source.SWEEP):
                    started.append(ref.purchase_order_id)
        # Whoever watches this number sees when webhooks stop arriving.
        say = log.warning if started else log.info
        say("released_orders_swept", pair=pair, released=released, repaired=started)
        return SweepResult(released=released, started=len(started), too_young=too_young)
