"""Look at both systems for what nobody has told."""

from collections.abc import Sequence
from dataclasses import dataclass

from temporalio import activity

from activities.m3_lines import line_key, read_lines
from activities.services import PairServices, Services
from connectors.m3 import Transaction, accepted
from domain.cancellations import LineLimit
from domain.errors import NotFound
from domain.orders import M3Line, OrderRef
from mappings.cancellations import excess, shipping_quantities, wanted_quantities

# A delivery below this status (PGRS) has not left the warehouse.
SHIPPED_STATUS = "50"


@dataclass(frozen=True, kw_only=True)
class ReviewInput:
    """An order that waits for M3 to ship."""

    ref: OrderRef
    m3_order_number: str
    limits: tuple[LineLimit, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Review:
    """What was found by looking."""

    deliveries: tuple[str, ...]  # of this order, that have left the warehouse
    m3_lines: tuple[M3Line, ...]
    differs: bool  # one system ships, or waits for, what the other has given up


class ReviewActivities:
    """The fallback for messages that never came."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def review_order(self, input: ReviewInput) -> Review:
        """Return the order's deliveries, and whether either side has given something up.

        Repeating: reads again.
        """
        services = self._services.of(input.ref)
        order = await services.fetch(input.ref.purchase_order_id)
        lines = await read_lines(services, input.ref, input.m3_order_number)
        wanted = wanted_quantities(order, input.limits)
        shipping = shipping_quantities(lines)
        return Review(
            deliveries=await _deliveries(services, input.m3_order_number, lines),
            m3_lines=lines,
            differs=bool(excess(lines, wanted))
            or any(shipping.get(number, 0) < line for number, line in wanted.items())
            or any(line.intent_to_cancel for line in order.open_lines if line.shipped == 0),
        )


async def _deliveries(
    services: PairServices, m3_order_number: str, lines: Sequence[M3Line]
) -> tuple[str, ...]:
    outcomes = await services.m3.execute_in_parts(
        "OIS100MI",
        [
            Transaction(
                name="LstDelLineByCO",
                record={"ORNO": m3_order_number} | line_key(line),
                columns=("DLIX", "PGRS"),
            )
            for line in lines
        ],
    )
    # A line that was deleted a moment ago has no deliveries.
    found = accepted([each for each in outcomes if not isinstance(each, NotFound)])
    records = [record for listed in found for record in listed]
    return tuple(sorted({r["DLIX"] for r in records if r["PGRS"] >= SHIPPED_STATUS}))
