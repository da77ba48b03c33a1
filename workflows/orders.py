"""OrderToCash: a Walmart order becomes an M3 order, ships, and is confirmed and invoiced."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.customers import CustomerActivities, FindCustomerInput
    from activities.invoices import FindInvoicesInput, InvoiceActivities
    from activities.order_entry import (
        AddHeadInput,
        AddLinesInput,
        ConfirmInput,
        OrderEntryActivities,
    )
    from activities.orders import DraftOrderInput, OrderActivities, ReserveStockInput
    from activities.shipments import ConfirmShipmentInput, FindDeliveriesInput, ShipmentActivities
    from domain.names import ORDER_TO_CASH
    from domain.orders import (
        Customer,
        CustomerStrategy,
        DeliveryReport,
        FetchedOrder,
        InvoiceReport,
        LateAcknowledgement,
        OrderEntry,
        OrderFacts,
        OrderPolicy,
        OrderProgress,
        OrderRef,
        OrderSummary,
        OrderToCashInput,
        OrderUpdate,
        Stage,
        TimelineEntry,
    )

    # They hold no state, so one copy serves every order; the sandbox would load one for each.
    from workflows.failures import Failure
    from workflows.order_status import OrderStatus
    from workflows.steps import Steps

# Within Walmart's last half hour, and short enough not to keep the order from M3.
LATE_ACKNOWLEDGEMENT = timedelta(minutes=10)

# ION repeats a message within minutes, not after hundreds of others.
MESSAGES_REMEMBERED = 100


@workflow.defn(name=ORDER_TO_CASH)
class OrderToCash:
    """One run per purchase order; the id is `order_workflow_id(pair, purchase_order_id)`.

    Whatever goes wrong, the order stays: a step that a person must mend waits for `retry`, a
    system that is out is tried until it answers. Nothing here ends an order unfinished.
    """

    @workflow.init
    def __init__(self, input: OrderToCashInput) -> None:
        self._input = input
        self._ref = OrderRef(pair=input.pair, purchase_order_id=input.purchase_order_id)
        self._progress = input.progress or OrderProgress()
        self._status = OrderStatus(self._progress)
        self._steps = Steps(self._status)

    @workflow.run
    async def run(self, input: OrderToCashInput) -> OrderSummary:
        """Take the order from Walmart to an invoice in M3, and return how it ended."""
        await self._fetch()
        if self._facts.skip_reason:
            return self._end(Stage.SKIPPED)
        if self._facts.fully_shipped and not self._progress.shipments:
            return await self._recognize()
        await self._enter_in_m3()
        if self._facts.skip_reason:  # canceled at Walmart while it waited to be entered
            return self._end(Stage.SKIPPED)
        await self._acknowledge_and_reserve()
        await self._ship()
        await self._await_invoices()
        return self._end(Stage.COMPLETED)

    # Messages. Handlers only take note; the run decides.

    @workflow.signal
    def retry(self) -> None:
        """Try the failed step again. Send it once what the order asks for is mended."""
        self._steps.retry()

    @workflow.signal
    def delivery_reported(self, report: DeliveryReport) -> None:
        """M3 has shipped a delivery; a repeated report changes nothing."""
        if self._is_new(report.message_id):
            self._remember_delivery(report.delivery_number)

    @workflow.signal
    def invoice_reported(self, report: InvoiceReport) -> None:
        """M3 has invoiced something; what, is read from M3."""
        if self._is_new(report.message_id):
            self._progress.invoice_reported = True

    @workflow.signal
    def order_update_reported(self, update: OrderUpdate) -> None:
        """Walmart told us of a change. For now it is written down for the operator."""
        if self._is_new(update.event_id):
            self._status.note("order_update_reported", update.sub_event_type)

    @workflow.query
    def status(self) -> OrderSummary:
        """Return where this order stands now."""
        return self._status.summary(self._input)

    @workflow.query
    def timeline(self) -> tuple[TimelineEntry, ...]:
        """Return what happened to this order, oldest first."""
        return self._progress.timeline

    # The order's way, in the order it is walked.

    async def _fetch(self) -> None:
        if self._progress.order is None:
            order = await self._steps.read(OrderActivities.fetch_walmart_order, self._ref)
            self._progress.order = order
            self._status.note("order_fetched", f"from Walmart, known by {self._input.source}")
        self._steps.attention_after = timedelta(seconds=self._policy.attention_after_seconds)

    async def _recognize(self) -> OrderSummary:
        """End at an order that shipped before this run began, once M3 is seen to have it."""
        while True:
            head = await self._steps.read(OrderEntryActivities.find_m3_order, self._ref)
            if head.m3_order_number:
                self._progress.m3_order_number = head.m3_order_number
                self._status.note("repeat_recognized", head.m3_order_number)
                return self._end(Stage.ALREADY_DONE)
            await self._steps.hold(
                "find_m3_order",
                Failure(
                    cause="SHIPPED_WITHOUT_M3_ORDER",
                    sentence="Walmart shows the order as shipped, and M3 has no order for it",
                    mend="enter it in M3 with the purchase order as customer's order number, "
                    "then send `retry`; or terminate this workflow",
                    final=True,
                ),
            )

    async def _enter_in_m3(self) -> None:
        if self._progress.m3_order_number and self._progress.lines_added:
            return
        self._status.enter(Stage.ENTERING)
        self._steps.deadline = self._policy.acknowledge_by
        self._steps.at_deadline = self._acknowledge_late
        drafted = await self._steps.read(
            OrderActivities.draft_m3_order,
            DraftOrderInput(ref=self._ref, order_entry=self._policy.order_entry),
        )
        self._progress.order = replace(self._order, facts=drafted.facts)
        if drafted.m3_order_number:  # a person was faster
            self._progress.m3_order_number = drafted.m3_order_number
            self._progress.lines_added = True
            self._status.note("m3_order_recognized", drafted.m3_order_number)
        elif not drafted.facts.skip_reason:
            await self._add_order(await self._find_customer())
            self._status.note("m3_order_created", self._progress.m3_order_number)
        self._steps.deadline = None

    async def _find_customer(self) -> Customer:
        if self._policy.customer_strategy is CustomerStrategy.MARKETPLACE:
            return Customer(customer_number=self._policy.customer_number)
        return await self._steps.perform(
            CustomerActivities.find_or_create_customer,
            FindCustomerInput(ref=self._ref, order_entry=self._policy.order_entry),
        )

    async def _add_order(self, customer: Customer) -> None:
        entry = self._policy.order_entry
        head = await self._steps.perform(
            OrderEntryActivities.add_head,
            AddHeadInput(ref=self._ref, order_entry=entry, customer=customer),
        )
        self._progress.batch_order_number = head.batch_order_number
        self._progress.m3_order_number = head.m3_order_number
        # A batch order that has become a real one was complete; a direct one may lack lines.
        if entry is OrderEntry.DIRECT or not head.m3_order_number:
            await self._steps.perform(
                OrderEntryActivities.add_lines,
                AddLinesInput(ref=self._ref, order_entry=entry, head=head),
            )
        self._progress.lines_added = True
        if not self._progress.m3_order_number:
            self._progress.m3_order_number = await self._steps.perform(
                OrderEntryActivities.confirm_m3_order,
                ConfirmInput(ref=self._ref, batch_order_number=head.batch_order_number),
            )

    async def _acknowledge_late(self) -> None:
        """Apply the pair's rule when Walmart's clock runs out and M3 has no order yet."""
        if self._policy.late_acknowledgement is LateAcknowledgement.ACKNOWLEDGE:
            self._status.note("acknowledging_before_m3", "Walmart's deadline comes first")
            # Where Walmart is out too, entry goes on, and the order is acknowledged after it.
            self._progress.acknowledged = await self._steps.attempt(
                OrderActivities.acknowledge_walmart_order, self._ref, LATE_ACKNOWLEDGEMENT
            )
            return
        self._status.needs_attention(
            "acknowledge_walmart_order",
            Failure(
                cause="ACKNOWLEDGEMENT_LATE",
                sentence="Walmart's deadline to acknowledge is near, and M3 has no order yet",
                mend="get the order into M3; it is acknowledged at once then",
                final=True,
            ),
        )

    async def _acknowledge_and_reserve(self) -> None:
        # The two do not depend on each other, and side by side they cost half the round trips.
        await asyncio.gather(self._acknowledge(), self._reserve())

    async def _acknowledge(self) -> None:
        if not self._progress.acknowledged:
            await self._steps.perform(OrderActivities.acknowledge_walmart_order, self._ref)
            self._progress.acknowledged = True
            self._status.note("walmart_order_acknowledged")

    async def _reserve(self) -> None:
        if not self._progress.m3_lines:
            self._progress.m3_lines = await self._steps.perform(
                OrderActivities.reserve_stock,
                ReserveStockInput(ref=self._ref, m3_order_number=self._progress.m3_order_number),
            )
            short = [m for m in self._progress.m3_lines if m.allocated < m.quantity]
            detail = ", ".join(f"line {m.line_number}: {m.allocated}/{m.quantity}" for m in short)
            self._status.note("stock_reserved", f"short: {detail}" if short else "in full")

    async def _ship(self) -> None:
        if self._progress.stage is not Stage.AWAITING_DELIVERY:
            self._status.enter(Stage.AWAITING_DELIVERY)
        while self._left_to_ship():
            delivery_number = await self._next_delivery()
            shipment = await self._steps.perform(
                ShipmentActivities.confirm_shipment,
                ConfirmShipmentInput(
                    ref=self._ref,
                    m3_order_number=self._progress.m3_order_number,
                    delivery_number=delivery_number,
                    lines=self._progress.m3_lines,
                ),
            )
            self._progress.shipments = (*self._progress.shipments, shipment)
            self._status.note("shipment_confirmed", delivery_number)

    async def _next_delivery(self) -> str:
        """Wait for the next delivery: for ION to report it, or until it is time to ask M3."""
        poll = timedelta(seconds=self._policy.delivery_poll_seconds)
        while not self._unconfirmed_deliveries():
            self._continue_as_new_if_long()
            try:
                await workflow.wait_condition(
                    lambda: bool(self._unconfirmed_deliveries()),
                    timeout=poll,
                    timeout_summary="until M3 is asked for deliveries",
                )
            except TimeoutError:
                found = await self._steps.read(
                    ShipmentActivities.find_deliveries,
                    FindDeliveriesInput(
                        ref=self._ref,
                        m3_order_number=self._progress.m3_order_number,
                        lines=self._progress.m3_lines,
                    ),
                )
                for delivery_number in found:
                    self._remember_delivery(delivery_number)
        return self._unconfirmed_deliveries()[0]

    async def _await_invoices(self) -> None:
        self._status.enter(Stage.AWAITING_INVOICE)
        poll = timedelta(seconds=self._policy.invoice_poll_seconds)
        while not self._all_invoiced():
            self._continue_as_new_if_long()
            with suppress(asyncio.TimeoutError):  # then it is time to ask, reported or not
                await workflow.wait_condition(
                    lambda: self._progress.invoice_reported,
                    timeout=poll,
                    timeout_summary="until M3 is asked for invoices",
                )
            self._progress.invoice_reported = False
            self._progress.invoices = await self._steps.read(
                InvoiceActivities.find_invoices,
                FindInvoicesInput(ref=self._ref, m3_order_number=self._progress.m3_order_number),
            )
        self._status.note(
            "order_invoiced", ", ".join(i.invoice_number for i in self._progress.invoices)
        )

    def _end(self, stage: Stage) -> OrderSummary:
        for attention in self._progress.attention:
            self._status.attended(attention.step)
        self._status.note(f"order_{stage}")
        self._status.enter(stage)
        return self._status.summary(self._input)

    # Small questions.

    @property
    def _facts(self) -> OrderFacts:
        return self._order.facts

    @property
    def _policy(self) -> OrderPolicy:
        return self._order.policy

    @property
    def _order(self) -> FetchedOrder:
        if self._progress.order is None:
            raise AssertionError("the order is fetched first")
        return self._progress.order

    def _is_new(self, message_id: str) -> bool:
        if not message_id:
            return True
        if message_id in self._progress.seen_messages:
            return False
        seen = (*self._progress.seen_messages, message_id)
        self._progress.seen_messages = seen[-MESSAGES_REMEMBERED:]
        return True

    def _remember_delivery(self, delivery_number: str) -> None:
        if delivery_number not in self._progress.reported_deliveries:
            self._progress.reported_deliveries += (delivery_number,)
            self._status.note("delivery_reported", delivery_number)

    def _unconfirmed_deliveries(self) -> list[str]:
        confirmed = {shipment.delivery_number for shipment in self._progress.shipments}
        return [d for d in self._progress.reported_deliveries if d not in confirmed]

    def _left_to_ship(self) -> bool:
        shipped: Counter[str] = Counter()
        for shipment in self._progress.shipments:
            for line in shipment.lines:
                shipped[line.line_number] += line.quantity
        return any(shipped[line.line_number] < line.quantity for line in self._facts.lines)

    def _all_invoiced(self) -> bool:
        invoiced = {invoice.delivery_number for invoice in self._progress.invoices}
        return all(s.delivery_number in invoiced for s in self._progress.shipments)

    def _continue_as_new_if_long(self) -> None:
        if workflow.info().is_continue_as_new_suggested():
            workflow.continue_as_new(replace(self._input, progress=self._progress))
