"""OrderToCash: a Walmart order becomes an M3 order, ships, and is confirmed and invoiced."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.order_entry import OrderEntryActivities
    from activities.orders import OrderActivities
    from domain.names import ORDER_TO_CASH
    from domain.orders import (
        DeliveryReport,
        InvoiceReport,
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
    from workflows.order_answers import Answers
    from workflows.order_changes import CANCELLATIONS, Changes
    from workflows.order_clocks import Clocks, next_deadline, urgency
    from workflows.order_context import OrderContext
    from workflows.order_entry import Entry
    from workflows.order_shipping import Shipping
    from workflows.order_status import OrderStatus
    from workflows.steps import LONGEST_CALL, StepAbandoned, Steps

# What an order waits for that shipped without M3.
RECOGNITION = "recognition"

# ION repeats a message within minutes, not after hundreds of others.
MESSAGES_REMEMBERED = 100


@workflow.defn(name=ORDER_TO_CASH)
class OrderToCash:
    """One run per purchase order; the id is `order_workflow_id(pair, purchase_order_id)`.

    Whatever goes wrong, the order stays: a step that a person must mend waits for an answer, a
    system that is out is tried until it answers. What either side cancels is taken out on the
    other. Canceled itself, from the Web UI, it takes back what it has entered in M3.
    """

    @workflow.init
    def __init__(self, input: OrderToCashInput) -> None:
        self._input = input
        self._progress = input.progress or OrderProgress()
        self._status = OrderStatus(self._progress)
        self._steps = Steps(self._status)
        self._context = OrderContext(
            ref=OrderRef(pair=input.pair, purchase_order_id=input.purchase_order_id),
            progress=self._progress,
            status=self._status,
            steps=self._steps,
        )
        self._clocks = Clocks(input, self._progress, self._status)
        self._changes = Changes(self._context)
        self._entry = Entry(self._context, self._changes)
        self._shipping = Shipping(self._context, self._changes, breathe=self._breathe)
        answers = Answers(self._context)
        self._steps.on_going_on = answers.used
        self._steps.abandons = self._has_changed

    @workflow.run
    async def run(self, input: OrderToCashInput) -> OrderSummary:
        """Take the order from Walmart to an invoice in M3, and return how it ended."""
        watching = asyncio.create_task(self._clocks.watch())
        try:
            stage = await self._walk()
        except (asyncio.CancelledError, FailureError) as error:
            if not is_cancelled_exception(error):
                raise
            await self._give_up()
            await self._close(Stage.TAKEN_BACK, watching)
            raise
        return await self._close(stage, watching)

    async def _walk(self) -> Stage:
        await self._fetch()
        if self._progress.stage is Stage.RECEIVED:
            if self._context.facts.skip_reason:
                return Stage.SKIPPED
            if self._context.facts.fully_shipped:
                return await self._recognize()
        await self._entry.run()
        if self._context.entered:
            await self._shipping.prepare()
            await self._shipping.ship()
        if self._progress.shipments:
            await self._shipping.await_invoices()
        await self._shipping.until_seen()
        if self._progress.shipments:
            return Stage.COMPLETED
        return Stage.CANCELED if self._progress.canceled or self._context.entered else Stage.SKIPPED

    # Messages. Handlers only take note; the run decides. See also `order_answers`.

    @workflow.signal
    def delivery_reported(self, report: DeliveryReport) -> None:
        """M3 has shipped a delivery; a repeated report changes nothing."""
        # One message may tell of several, so the number counts and not the message.
        self._shipping.remember_delivery(report.delivery_number)

    @workflow.signal
    def invoice_reported(self, report: InvoiceReport) -> None:
        """M3 has invoiced something; what, is read from M3."""
        self._progress.invoice_reported = True

    @workflow.signal
    def order_update_reported(self, update: OrderUpdate) -> None:
        """Walmart told us of a change; what it is, is read from Walmart."""
        if self._is_new(update.event_id):
            self._status.note("order_update_reported", update.sub_event_type)
            if update.sub_event_type in CANCELLATIONS:
                self._progress.changes_to_review += (update.sub_event_type,)

    @workflow.query
    def status(self) -> OrderSummary:
        """Return where this order stands now."""
        return self._summary()

    @workflow.query
    def timeline(self) -> tuple[TimelineEntry, ...]:
        """Return what happened to this order, oldest first."""
        return self._progress.timeline

    async def _fetch(self) -> None:
        if self._progress.order is None:
            with self._steps.undisturbed():  # nothing can be settled before the order is known
                order = await self._steps.read(
                    OrderActivities.fetch_walmart_order, self._context.ref
                )
            self._progress.order = order
            self._status.note("order_fetched", f"from Walmart, known by {self._input.source}")
        policy = self._context.policy
        self._steps.attention_after = timedelta(seconds=policy.attention_after_seconds)
        self._steps.recheck_after = timedelta(seconds=policy.recheck_seconds)

    async def _recognize(self) -> Stage:
        """End at an order that shipped before this run began, once M3 is seen to have it."""
        while not self._progress.taken_over:
            failure = Failure(
                cause="SHIPPED_WITHOUT_M3_ORDER",
                sentence="Walmart shows the order as shipped, and M3 has no order for it",
                mend="enter it in M3 with the purchase order as customer's order number, "
                "then send `retry`; or terminate this workflow",
                final=True,
            )
            try:
                head = await self._steps.read(OrderEntryActivities.find_m3_order, self._context.ref)
                if head.m3_order_number:
                    self._progress.m3_order_number = head.m3_order_number
                    self._status.note("repeat_recognized", head.m3_order_number)
                    return Stage.ALREADY_DONE
                await self._steps.hold(RECOGNITION, failure)
            except StepAbandoned:
                self._progress.changes_to_review = ()  # it has shipped; nothing can be canceled
        self._progress.m3_order_number = self._progress.taken_over
        return Stage.ALREADY_DONE

    async def _give_up(self) -> None:
        """Take back what M3 has, because this workflow was canceled; Walmart is not told."""
        self._status.note("workflow_cancellation_requested")
        self._steps.abandons = lambda: False
        self._steps.deadline = None
        if self._progress.order is None:
            return
        if self._steps.cut_off:
            # Its last request may still be under way, where no look would see its effect.
            await workflow.sleep(LONGEST_CALL, summary="until the last call is over")
        taken = await self._entry.take_back()
        self._status.note("walmart_order_left_as_it_is")
        if taken.shipped:
            self._changes.show_half_order(taken)
            await self._shipping.until_seen()

    async def _close(self, stage: Stage, watching: "asyncio.Task[None]") -> OrderSummary:
        """End: show nothing that is over, tell of it, and let no answer be cut off."""
        for attention in self._progress.attention:
            self._status.attended(attention.step)
        self._status.note(f"order_{stage}")
        self._status.enter(stage)
        self._clocks.finish()
        await watching
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._summary()

    def _summary(self) -> OrderSummary:
        now = workflow.now()
        return replace(
            self._status.summary(self._input),
            deadline=next_deadline(self._progress, now),
            urgency=urgency(self._progress, now),
        )

    def _has_changed(self) -> bool:
        """Tell whether a step that waits for a person is overtaken by what has happened."""
        taken_over = bool(self._progress.taken_over) and not self._context.entered
        return taken_over or bool(self._progress.changes_to_review)

    def _is_new(self, message_id: str) -> bool:
        if not message_id:
            return True
        if message_id in self._progress.seen_messages:
            return False
        seen = (*self._progress.seen_messages, message_id)
        self._progress.seen_messages = seen[-MESSAGES_REMEMBERED:]
        return True

    async def _breathe(self) -> None:
        """Go on as a new run where this one's history has become long."""
        if workflow.info().is_continue_as_new_suggested():
            await workflow.wait_condition(
                lambda: self._clocks.idle and workflow.all_handlers_finished()
            )
            workflow.continue_as_new(replace(self._input, progress=self._progress))
