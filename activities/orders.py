"""Order activities: read the Walmart order, draft the M3 one, acknowledge, reserve."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import structlog
from temporalio import activity

from activities.held import hold_units, release_units
from activities.m3_lines import LOOKS, read_lines
from activities.order_lines import refuse_more_than_ordered
from activities.order_search import search_order
from activities.services import PairServices, Services
from activities.validation import check_and_draft
from domain.attention import Finding
from domain.errors import NotFound, NotReady, Rejected
from domain.orders import FetchedOrder, M3Line, OrderEntry, OrderFacts, OrderPolicy, OrderRef
from mappings.order_facts import to_facts

log = structlog.get_logger()

# TTYP of a customer order line in M3's stock transactions.
CUSTOMER_ORDER = "31"


@dataclass(frozen=True, kw_only=True)
class DraftOrderInput:
    """The order, and how it will be entered."""

    ref: OrderRef
    order_entry: OrderEntry
    reread: bool = False  # it was looked at before, and may have changed since


@dataclass(frozen=True, kw_only=True)
class DraftedOrder:
    """What the order asks for now; and its M3 order, where a person has entered it by hand."""

    facts: OrderFacts
    m3_order_number: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReserveStockInput:
    """Which M3 order to allocate stock to."""

    ref: OrderRef
    m3_order_number: str


class OrderActivities:
    """What happens to the order itself in either system."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def fetch_walmart_order(self, ref: OrderRef) -> FetchedOrder:
        """Read the order from Walmart and keep it in the ledger.

        Repeating: reads again; the newer copy replaces the older.
        """
        services = self._services.of(ref)
        order = await services.fetch(ref.purchase_order_id)
        facts = to_facts(order)
        await hold_units(services, facts)
        return FetchedOrder(facts=facts, policy=_policy(services, facts))

    @activity.defn
    async def draft_m3_order(self, input: DraftOrderInput) -> DraftedOrder:
        """Map the order to the M3 records that will create it; nothing is written to M3.

        Everything that can be found wrong is found here, and all of it together: see
        `activities.validation`. Nothing is drafted while a finding blocks. Repeating: reads the
        order again, which may have been mended or canceled at Walmart meanwhile, looks whether a
        person has entered it in M3, and drafts with today's mappings.
        """
        ref = input.ref
        services = self._services.of(ref)
        # The first try runs within the workflow task, right after the order was fetched.
        if activity.info().is_local and not input.reread:
            order, found = await services.order(ref.purchase_order_id), None
        else:
            order = await services.fetch(ref.purchase_order_id)
            found = await search_order(services, ref)
        facts = to_facts(order)
        entered = found.m3_order_number if found else ""
        # An order found by direct entry may be our own and lack lines, so it is drafted too.
        if facts.skip_reason or (entered and input.order_entry is OrderEntry.BATCH):
            return DraftedOrder(facts=facts, m3_order_number=entered)
        items = await services.ledger.item_numbers(ref.pair, ref.purchase_order_id)
        findings = await check_and_draft(services, order, input.order_entry, item_numbers=items)
        return DraftedOrder(facts=facts, findings=findings)

    @activity.defn
    async def acknowledge_walmart_order(self, ref: OrderRef) -> bool:
        """Tell Walmart that the order is accepted; return False where nothing of it is open.

        Repeating: Walmart allows it until something has shipped; then the order is read back,
        and an order that has gone further than acknowledged counts as acknowledged.
        """
        services = self._services.of(ref)
        try:
            await services.walmart.acknowledge_order(ref.purchase_order_id)
        except Rejected:
            order = await services.fetch(ref.purchase_order_id)
            if not order.open_lines:
                return False  # canceled meanwhile
            if not order.accepted:
                raise
        log.info("walmart_order_acknowledged")
        return True

    @activity.defn
    async def reserve_stock(self, input: ReserveStockInput) -> tuple[M3Line, ...]:
        """Allocate stock to the M3 order and return what each line got.

        Repeating: M3 allocates what is still open; what is allocated stays.

        Raises:
            OrderMismatch: M3 would ship more of a line than was ordered.
            NotReady: M3 shows no lines; after a few looks they count as deleted.
        """
        services = self._services.of(input.ref)
        number = input.m3_order_number
        try:
            await services.m3.execute(
                "MMS120MI", "AllocateOrder", {"TTYP": CUSTOMER_ORDER, "RIDN": number, "MAAL": "1"}
            )
        except NotFound:
            return ()  # deleted meanwhile, which the next look at both systems settles
        lines = await read_lines(services, input.ref, number)
        if not lines and activity.info().attempt <= LOOKS:
            raise NotReady(f"M3 order {number} has no lines yet")
        order = await services.order(input.ref.purchase_order_id)
        refuse_more_than_ordered(
            input.ref,
            {line.line_number: Decimal(line.ordered) for line in order.head.lines},
            [(line.line_number, Decimal(line.quantity)) for line in lines],
        )
        short = [line.line_number for line in lines if line.allocated < line.quantity]
        await release_units(services, input.ref.purchase_order_id)
        log.info("stock_reserved", m3_order_number=number, short_lines=short)
        return lines


def _policy(services: PairServices, facts: OrderFacts) -> OrderPolicy:
    pair = services.pair
    acknowledge_by = facts.ordered_at + pair.acknowledge_within - pair.acknowledge_margin
    return OrderPolicy(
        order_entry=pair.order_entry,
        customer_strategy=pair.customer_strategy,
        customer_number=pair.customer_number,
        # An order that is found late is still given a moment before the rule applies.
        acknowledge_by=max(acknowledge_by, datetime.now(UTC) + pair.attention_after),
        late_acknowledgement=pair.late_acknowledgement,
        attention_after_seconds=pair.attention_after.total_seconds(),
        delivery_poll_seconds=pair.delivery_poll.total_seconds(),
        invoice_poll_seconds=pair.invoice_poll.total_seconds(),
        acknowledge_deadline=facts.ordered_at + pair.acknowledge_within,
        auto_cancel_at=facts.ship_by + pair.auto_cancel_after,
        recheck_seconds=pair.recheck.total_seconds(),
        remind_seconds=pair.remind.total_seconds(),
        escalate_before_seconds=pair.escalate_before.total_seconds(),
    )
