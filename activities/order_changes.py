"""Changes after an order was placed: what either side gave up is given up on the other side too.

Nothing is remembered between the steps. Each reads both systems, works out what differs and
changes that, so repeating one, or two that overlap, comes to the same end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog
from temporalio import activity

from activities.held import hold_units
from activities.m3_lines import LOOKS, line_key, read_lines, refuse_unseen_lines
from activities.services import PairServices, Services
from connectors.m3 import Record
from domain.cancellations import CanceledUnits, CancellationReason, LineLimit
from domain.errors import BatchOrderStopped, NotFound, Rejected
from domain.orders import LineQuantity, M3Line, OrderFacts, OrderRef
from mappings.cancellations import (
    ALLOCATED,
    CLOSED,
    CancellationPlan,
    excess,
    plan_cancellation,
    shipping_quantities,
    to_cancellation_body,
    wanted_quantities,
)
from mappings.order_facts import to_facts
from mappings.tables import ONLY
from mappings.walmart_order import WalmartOrder

log = structlog.get_logger()

ORDER_MADE = "90"  # status of the internal batch entry that changes a line

# In the table cancellation_reasons: a person decides each time.
ASK = "ask"

# Not more rounds than this of canceling and reading back; each round is caused by a change that
# somebody else made in the moment before.
ROUNDS = 3

# Of a line that is being picked, so many quantities are tried, from the wanted one upward.
QUANTITIES_TRIED = 20


@dataclass(frozen=True, kw_only=True)
class ReduceOrderInput:
    """An M3 order, and how much of a line a person lets ship."""

    ref: OrderRef
    m3_order_number: str
    limits: tuple[LineLimit, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CancelLinesInput:
    """What M3 will ship of an order; everything that is wanted where M3 has no order yet."""

    ref: OrderRef
    m3_lines: tuple[M3Line, ...] | None
    limits: tuple[LineLimit, ...] = ()
    m3_order_number: str = ""  # its lines are read anew; `m3_lines` may be as old as an outage


@dataclass(frozen=True, kw_only=True)
class SettledOrder:
    """What an order comes to once both systems agree, and where they cannot."""

    facts: OrderFacts
    canceled: tuple[CanceledUnits, ...] = ()  # by this step, at Walmart
    surplus: tuple[LineQuantity, ...] = ()  # canceled by Walmart, and M3 ships them all the same
    unexplained: tuple[LineQuantity, ...] = ()  # M3 will not ship them; nobody said why
    canceled_at_walmart: int = 0  # units of the order, whoever canceled them


class OrderChangeActivities:
    """What makes both systems agree again."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def reduce_m3_order(self, input: ReduceOrderInput) -> tuple[M3Line, ...]:
        """Take out of the M3 order what is not to ship any more, and return its lines.

        What is on a picking list or has left stays, also when it is picked between the look and
        the change. Repeating: reads both orders again and does what is left to do.
        """
        services = self._services.of(input.ref)
        order = await services.fetch(input.ref.purchase_order_id)
        number = input.m3_order_number
        lines = await read_lines(services, input.ref, number)
        if not lines and activity.info().attempt <= LOOKS:
            await refuse_unseen_lines(services, number)
        tried: tuple[M3Line, ...] = ()
        while targets := excess(lines, wanted_quantities(order, input.limits)):
            try:
                await reduce_lines(services, number, lines, targets)
            except Rejected:
                if lines == tried:  # read back, and the warehouse has changed nothing
                    raise
                tried, lines = lines, await read_lines(services, input.ref, number)
            else:
                return await read_lines(services, input.ref, number)
        return lines

    @activity.defn
    async def cancel_walmart_lines(self, input: CancelLinesInput) -> SettledOrder:
        """Cancel at Walmart what M3 will not ship, each unit with its reason.

        Repeating: the order is read back first, and after any refusal; only what Walmart still
        waits for is canceled.
        """
        services = self._services.of(input.ref)
        canceled: tuple[CanceledUnits, ...] = ()
        tried: CancellationPlan | None = None
        for _ in range(ROUNDS):
            order = await services.fetch(input.ref.purchase_order_id)
            plan = _plan(services, order, await _with_lines_of_now(services, input))
            if not plan.cancel:
                break
            try:
                await services.walmart.cancel_lines(
                    input.ref.purchase_order_id, to_cancellation_body(plan.cancel)
                )
            except Rejected:
                if plan == tried:  # read back, and nothing has changed
                    raise
            else:
                canceled += plan.cancel
                log.info("walmart_lines_canceled", lines=[c.line_number for c in plan.cancel])
            tried = plan
        facts = to_facts(order)
        if input.m3_lines is None:
            await hold_units(services, facts)
        return SettledOrder(
            facts=facts,
            canceled=canceled,
            surplus=plan.surplus,
            unexplained=plan.unexplained,
            canceled_at_walmart=sum(line.canceled for line in order.head.lines),
        )


async def reduce_lines(
    services: PairServices,
    m3_order_number: str,
    lines: Sequence[M3Line],
    targets: Mapping[str, int],
) -> None:
    """Reduce lines of an M3 order as far as M3 lets them be reduced.

    Args:
        services: of the order's pair.
        m3_order_number: the order.
        lines: all its lines, as they were read a moment ago.
        targets: line key (PONR/POSX) to the quantity that is to ship.
    """
    number = {"ORNO": m3_order_number}
    if _all_can_go(lines, targets) and await refusal_of(services, "DelHead", number) is None:
        log.info("m3_order_deleted", m3_order_number=m3_order_number)
        return
    for line in lines:
        if line.m3_line in targets:
            await _reduce_line(services, number | line_key(line), line, targets[line.m3_line])
    log.info("m3_lines_reduced", m3_order_number=m3_order_number, lines=sorted(targets))


async def refusal_of(services: PairServices, transaction: str, record: Record) -> Rejected | None:
    """Run a transaction that takes something away; return why M3 would not.

    What is gone already counts as taken away.
    """
    try:
        await services.m3.execute("OIS100MI", transaction, record)
    except NotFound:
        return None
    except Rejected as refusal:
        return refusal
    return None


async def _with_lines_of_now(services: PairServices, input: CancelLinesInput) -> CancelLinesInput:
    """Return the input with M3's lines as they are now.

    None at all may be what M3's list has not caught up with yet: then those of the step before,
    which has looked more closely, hold.
    """
    if not input.m3_order_number:
        return input
    lines = await read_lines(services, input.ref, input.m3_order_number)
    return replace(input, m3_lines=lines) if lines else input


def _plan(services: PairServices, order: WalmartOrder, input: CancelLinesInput) -> CancellationPlan:
    if input.m3_lines is None:
        shipping = wanted_quantities(order, input.limits)
    else:
        shipping = shipping_quantities(input.m3_lines)
    return plan_cancellation(
        order, shipping=shipping, limits=input.limits, reason_in_m3=_reason_in_m3(services)
    )


def _reason_in_m3(services: PairServices) -> CancellationReason | None:
    reason = services.mappings.tables["cancellation_reasons"].cell("given_up_in_m3", ONLY)
    return None if reason == ASK else CancellationReason(str(reason))


def _all_can_go(lines: Sequence[M3Line], targets: Mapping[str, int]) -> bool:
    return all(
        targets.get(line.m3_line, line.will_ship) == 0 and not is_picked(line) for line in lines
    )


async def _reduce_line(services: PairServices, key: Record, line: M3Line, target: int) -> None:
    """Take units out of a line; what is on a picking list, or has left, stays.

    Raises:
        Rejected: M3 would not, although nothing of the line is on a picking list.
    """
    if is_picked(line):
        await _reduce_picked_line(services, key, line, target)
        return
    refusal = (
        await _refusal_of_quantity(services, key, target)
        if target
        else await refusal_of(services, "DelLine", key)
    )
    if refusal is not None and not target:
        refusal = await refusal_of(services, "CloLine", key)
    if refusal is not None:
        raise refusal


def is_picked(line: M3Line) -> bool:
    """Tell whether any of a line is on a picking list or has left; a closed line is not."""
    return ALLOCATED < line.furthest_status < CLOSED


async def _reduce_picked_line(
    services: PairServices, key: Record, line: M3Line, target: int
) -> None:
    """Come as near to the target as what is picked allows; M3 does not say how much that is."""
    if not target:
        await refusal_of(services, "CloLine", key)
        return
    for quantity in range(target, min(line.will_ship, target + QUANTITIES_TRIED)):
        if await _refusal_of_quantity(services, key, quantity) is None:
            return


async def _refusal_of_quantity(
    services: PairServices, key: Record, quantity: int
) -> Rejected | None:
    try:
        [answer] = await services.m3.execute(
            "OIS100MI", "ChgLineBatchEnt", key | {"ORQA": str(quantity)}, columns=("ORNO", "STAT")
        )
    except NotFound:
        return None
    except Rejected as refusal:
        return refusal
    if answer["STAT"] != ORDER_MADE:
        # M3 changes a line by a batch order of its own, which can stop as any other.
        raise BatchOrderStopped(answer["ORNO"], status=answer["STAT"], messages=())
    return None
