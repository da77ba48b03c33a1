"""Take an order back out of M3, or take one over that a person entered there."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from temporalio import activity

from activities.batch_entry import BEING_ENTERED, ORDER_CREATED, BatchEntry
from activities.direct_entry import DirectEntry
from activities.m3_lines import read_lines
from activities.order_changes import reduce_lines, refusal_of
from activities.order_search import search_heads
from activities.services import PairServices, Services
from domain.errors import InvalidOrder, NotFound, NotReady, OrderMismatch, Rejected
from domain.orders import Customer, LineQuantity, M3Line, OrderEntry, OrderRef
from mappings.cancellations import shipping_quantities

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class TakeBackInput:
    """An order, and the M3 customer it was or may have been entered for."""

    ref: OrderRef
    order_entry: OrderEntry
    customer: Customer | None = None
    m3_order_number: str = ""  # as far as it is known
    keep: str = ""  # an M3 order that stays: a person has entered it


@dataclass(frozen=True, kw_only=True)
class TakenBack:
    """What was taken out of M3, and what could not be."""

    m3_order_numbers: tuple[str, ...] = ()
    batch_order_numbers: tuple[str, ...] = ()
    shipped: tuple[LineQuantity, ...] = ()  # has left, or is on a picking list


@dataclass(frozen=True, kw_only=True)
class TakeOverInput:
    """The M3 order a person says stands for this purchase order."""

    ref: OrderRef
    order_entry: OrderEntry
    m3_order_number: str


class TakeBackActivities:
    """The way back."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def take_back_m3_order(self, input: TakeBackInput) -> TakenBack:
        """Delete what M3 has of the order, the latest first: order, then batch orders.

        Nothing is believed that was not seen: M3 is searched, and the customer's orders are
        listed, so that what came of a lost answer is found too. A customer that was created
        stays; the buyer's next order finds it. Repeating: what is gone is not found any more.

        Raises:
            NotReady: M3 still shows something; its search is a little behind.
        """
        services = self._services.of(input.ref)
        orders, batches = await _all_heads(services, input)
        shipped: tuple[LineQuantity, ...] = ()
        for number in orders:
            shipped += await _empty_order(services, input.ref, number)
        for batch in batches:
            await _delete_batch(services, batch)
        if not shipped:
            # The way is free for the order to be entered again, by whoever starts it over.
            await services.ledger.unlink(input.ref.pair, "order", input.ref.purchase_order_id)
        log.info("m3_order_taken_back", m3_order_number=", ".join(orders), batches=list(batches))
        return TakenBack(
            m3_order_numbers=tuple(orders), batch_order_numbers=tuple(batches), shipped=shipped
        )

    @activity.defn
    async def check_taken_over_order(self, input: TakeOverInput) -> str:
        """Return the number of an order entered by hand, once it is seen to be the right one.

        Repeating: reads again.

        Raises:
            InvalidOrder: M3 has no such order, or it belongs to something else.
            OrderMismatch: its lines are not those of the purchase order.
        """
        services, ref = self._services.of(input.ref), input.ref
        number = input.m3_order_number
        try:
            [head] = await services.m3.execute(
                "OIS100MI", "GetHead", {"ORNO": number}, columns=("ORNO", "CUOR")
            )
        except NotFound:
            raise _not_it(ref, f"M3 has no order {number}") from None
        if head["CUOR"] != ref.purchase_order_id:
            raise _not_it(ref, f"M3 order {number} has another customer's order number (CUOR)")
        order = await services.fetch(ref.purchase_order_id)
        lines = shipping_quantities(await read_lines(services, ref, number))
        for line in order.open_lines:
            if lines.get(line.line_number, 0) != line.quantity:
                raise OrderMismatch(
                    ref.purchase_order_id,
                    reason=f"M3 order {number} ships {lines.get(line.line_number, 0)} of line "
                    f"{line.line_number}, ordered are {line.quantity}",
                )
        return number


async def _all_heads(
    services: PairServices, input: TakeBackInput
) -> tuple[Sequence[str], Sequence[str]]:
    """Return the numbers of what we have made of the purchase order, or may have made.

    By batch entry an order is ours when it came of a batch order; one a person has entered has
    none. By direct entry nothing tells them apart but `keep`.
    """
    batches, orders = await search_heads(services, input.ref)
    direct = input.order_entry is OrderEntry.DIRECT
    if input.customer is not None:
        entry = (DirectEntry if direct else BatchEntry)(services, input.ref)
        listed_batches, listed_orders = await entry.list_heads(input.customer)
        batches, orders = {**batches, **listed_batches}, orders | listed_orders
    ours = orders if direct else {order for order in batches.values() if order}
    if input.m3_order_number:
        ours = ours | {input.m3_order_number}
    unconfirmed = {batch for batch, order in batches.items() if not order}
    return sorted(ours - {input.keep}), sorted(unconfirmed)


async def _empty_order(
    services: PairServices, ref: OrderRef, number: str
) -> tuple[LineQuantity, ...]:
    """Delete what of an order has not left, and return what has.

    Raises:
        Rejected: M3 would not delete what nobody has picked.
    """
    lines = await read_lines(services, ref, number)
    if not lines:
        if refusal := await refusal_of(services, "DelHead", {"ORNO": number}):
            raise refusal
        return ()
    try:
        await reduce_lines(services, number, lines, {line.m3_line: 0 for line in lines})
    except Rejected:
        # It may have been picked between the look and the deletion; then it stays.
        lines = await read_lines(services, ref, number)
        await reduce_lines(services, number, lines, {line.m3_line: 0 for line in lines})
    left: tuple[M3Line, ...] = await read_lines(services, ref, number)
    return tuple(
        LineQuantity(line_number=line_number, quantity=quantity)
        for line_number, quantity in shipping_quantities(left).items()
        if quantity
    )


async def _delete_batch(services: PairServices, number: str) -> None:
    refusal = await refusal_of(services, "DelBatchHead", {"ORNO": number})
    if refusal is None:
        return
    [batch] = await services.m3.execute("OIS275MI", "GetTmpOrderStat", {"ORNO": number})
    if batch["STAT"] in (BEING_ENTERED, ORDER_CREATED):
        raise NotReady(f"M3 is making an order of batch order {number}") from refusal
    raise refusal


def _not_it(ref: OrderRef, reason: str) -> InvalidOrder:
    return InvalidOrder(
        ref.purchase_order_id,
        cause="NOT_THE_ORDER",
        reason=reason,
        mend="give the number of an order that has the purchase order as customer's order number",
    )
