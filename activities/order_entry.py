"""Enter an order in M3, so that it exists exactly once however often a step is repeated.

M3 has no idempotency key. What stands in for it is CUOR, the customer's order number, which is
the purchase order id: it is searched for before anything is created, and again, in lists that
are exact where the search index lags, after any answer that may have been lost.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from temporalio import activity

from activities.batch_entry import BatchEntry
from activities.direct_entry import DirectEntry
from activities.drafts import fresh_draft
from activities.order_search import search_order
from activities.services import PairServices, Services
from domain.errors import OrderMismatch
from domain.orders import Customer, OrderEntry, OrderHead, OrderRef
from ledger.store import LinkConflict

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class AddHeadInput:
    """The order, and the M3 customer it is entered for."""

    ref: OrderRef
    order_entry: OrderEntry
    customer: Customer


@dataclass(frozen=True, kw_only=True)
class AddLinesInput:
    """The order and its head in M3."""

    ref: OrderRef
    order_entry: OrderEntry
    head: OrderHead


@dataclass(frozen=True, kw_only=True)
class ConfirmInput:
    """The order and its batch order in M3."""

    ref: OrderRef
    batch_order_number: str


class OrderEntryActivities:
    """The durable steps that make a Walmart order an M3 order."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def find_m3_order(self, ref: OrderRef) -> OrderHead:
        """Look for an order M3 already has under this purchase order. Repeating: reads again."""
        return await search_order(self._services.of(ref), ref) or OrderHead()

    @activity.defn
    async def add_head(self, input: AddHeadInput) -> OrderHead:
        """Create the order head, unless M3 has one under this purchase order.

        Repeating: searches batch orders and orders by CUOR; after an answer that may have been
        lost also lists the customer's heads, which shows those the search index has not yet.
        """
        services = self._services.of(input.ref)
        entry = _entry(services, input)
        written_before = await services.may_have_happened(input.ref.purchase_order_id)
        found = await search_order(services, input.ref)
        if found is None and written_before:
            found = await entry.find_head(input.customer)
        if found is not None:
            await services.note_repetition(input.ref.purchase_order_id)
            log.info("m3_order_recognized", batch_order_number=found.batch_order_number)
            return found
        if written_before:
            # What M3 refused may have been mended in a mapping or setting since it was drafted.
            await fresh_draft(services, input.ref, input.order_entry)
        return await entry.create_head(input.customer)

    @activity.defn
    async def add_lines(self, input: AddLinesInput) -> None:
        """Add the address, the charges and the lines to the head.

        Repeating: lists the lines that are there, compares them with the order and adds those
        that are missing.
        """
        services = self._services.of(input.ref)
        seen = await services.saw_entry(input.ref.purchase_order_id)
        written_before = await services.may_have_happened(input.ref.purchase_order_id)
        await _entry(services, input).add_lines(
            input.head, look_first=written_before or input.head.found or not seen
        )

    @activity.defn
    async def confirm_m3_order(self, input: ConfirmInput) -> str:
        """Turn the batch order into a customer order and return the M3 order number.

        Repeating: an order that an earlier attempt, or a person in OIS275, made is found.
        """
        services, ref = self._services.of(input.ref), input.ref
        entry = BatchEntry(services, ref)
        m3_order_number = ""
        if await services.may_have_happened(ref.purchase_order_id):
            m3_order_number = await entry.released(input.batch_order_number)
        if not m3_order_number:
            await _refuse_second_order(services, input)
            if await services.was_repeated(ref.purchase_order_id, "add_lines"):
                await entry.refuse_doubled_lines(input.batch_order_number)
            m3_order_number = await entry.confirm(input.batch_order_number)
        await _remember(services, ref, m3_order_number)
        log.info("m3_order_created", m3_order_number=m3_order_number)
        return m3_order_number

    @activity.defn
    async def find_released_order(self, input: ConfirmInput) -> str:
        """Return the order a person has made of a stopped batch order in OIS275, or nothing.

        Repeating: reads again.
        """
        services = self._services.of(input.ref)
        m3_order_number = await BatchEntry(services, input.ref).released(input.batch_order_number)
        if m3_order_number:
            await _remember(services, input.ref, m3_order_number)
        return m3_order_number


def _entry(services: PairServices, input: AddHeadInput | AddLinesInput) -> BatchEntry | DirectEntry:
    """Return the way of entry the order was drafted for, whatever the pair says by now."""
    if input.order_entry is OrderEntry.DIRECT:
        return DirectEntry(services, input.ref)
    return BatchEntry(services, input.ref)


async def _refuse_second_order(services: PairServices, input: ConfirmInput) -> None:
    order = await services.ledger.m3_id(input.ref.pair, "order", input.ref.purchase_order_id)
    if order is not None:
        raise OrderMismatch(
            input.ref.purchase_order_id,
            reason=f"M3 order {order} was made for it, "
            f"so batch order {input.batch_order_number} must not become another",
        )


async def _remember(services: PairServices, ref: OrderRef, m3_order_number: str) -> None:
    try:
        await services.ledger.link(
            ref.pair, "order", ref.purchase_order_id, m3_order_number, at=datetime.now(UTC)
        )
    except LinkConflict as conflict:
        raise OrderMismatch(ref.purchase_order_id, reason=str(conflict)) from None
