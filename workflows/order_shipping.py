"""From the M3 order to its last invoice: acknowledged, reserved, shipped, confirmed, invoiced."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.invoices import FindInvoicesInput, InvoiceActivities
    from activities.order_review import ReviewActivities, ReviewInput
    from activities.orders import OrderActivities, ReserveStockInput
    from activities.shipments import ConfirmShipmentInput, ShipmentActivities
    from domain.orders import Shipment, Stage
from workflows.failures import Failure
from workflows.order_changes import TOO_LATE, UNEXPLAINED, Changes
from workflows.order_context import OrderContext
from workflows.steps import StepAbandoned, StepSkipped

# What an order shows that M3 has not shipped in time; it goes on waiting for M3.
SHIPPING_LATE = "shipping"


class Shipping:
    """One order's way from M3 to the buyer."""

    def __init__(
        self, context: OrderContext, changes: Changes, *, breathe: Callable[[], Awaitable[None]]
    ) -> None:
        self._context = context
        self._progress = context.progress
        self._status = context.status
        self._steps = context.steps
        self._changes = changes
        self._breathe = breathe  # goes on as a new run where this one is long

    async def prepare(self) -> None:
        """Acknowledge and reserve; what changes meanwhile is settled first."""
        while True:
            await self._changes.settle()
            if not self._context.left_to_ship:
                return
            # The two do not depend on each other, and side by side they cost half the round trips.
            outcomes = await asyncio.gather(
                self._acknowledge(), self._reserve(), return_exceptions=True
            )
            for outcome in outcomes:
                if isinstance(outcome, BaseException) and not isinstance(outcome, StepAbandoned):
                    raise outcome
            if not self._progress.changes_to_review:
                return

    async def ship(self) -> None:
        """Confirm every delivery to Walmart, until nothing is waited for any more."""
        if self._progress.stage is not Stage.AWAITING_DELIVERY:
            self._status.enter(Stage.AWAITING_DELIVERY)
        while True:
            await self._changes.settle()
            if not self._context.left_to_ship:
                break
            if delivery_number := await self._next_delivery():
                with suppress(StepAbandoned):  # something has changed; look, then try again
                    await self._confirm(delivery_number)
        for step in (SHIPPING_LATE, UNEXPLAINED):
            self._steps.release(step)

    async def await_invoices(self) -> None:
        """Wait until M3 has invoiced every delivery."""
        self._status.enter(Stage.AWAITING_INVOICE)
        poll = timedelta(seconds=self._context.policy.invoice_poll_seconds)
        while not self._all_invoiced():
            await self._breathe()
            with suppress(asyncio.TimeoutError):  # then it is time to ask, reported or not
                await workflow.wait_condition(
                    lambda: (
                        self._progress.invoice_reported or bool(self._progress.changes_to_review)
                    ),
                    timeout=poll,
                    timeout_summary="until M3 is asked for invoices",
                )
            await self._changes.settle()
            self._progress.invoice_reported = False
            with suppress(StepAbandoned):  # something has changed; that is settled first
                await self._find_invoices()
        self._status.note(
            "order_invoiced", ", ".join(i.invoice_number for i in self._progress.invoices)
        )

    async def until_seen(self) -> None:
        """Do not end while something is shown that a person has to see."""
        while True:
            await self._changes.settle()
            if all(attention.step != TOO_LATE for attention in self._progress.attention):
                return
            await workflow.wait_condition(
                lambda: (
                    bool(self._progress.changes_to_review)
                    or all(attention.step != TOO_LATE for attention in self._progress.attention)
                )
            )

    async def _find_invoices(self) -> None:
        self._progress.invoices = await self._steps.read(
            InvoiceActivities.find_invoices,
            FindInvoicesInput(
                ref=self._context.ref, m3_order_number=self._progress.m3_order_number
            ),
        )

    async def _acknowledge(self) -> None:
        if self._progress.acknowledged:
            return
        try:
            is_open = await self._steps.perform(
                OrderActivities.acknowledge_walmart_order, self._context.ref
            )
        except StepSkipped:
            self._status.note("acknowledgement_skipped")
            is_open = True
        if is_open:
            self._progress.acknowledged = True
            self._status.note("walmart_order_acknowledged")
        else:
            self._progress.changes_to_review += ("acknowledgement",)

    async def _reserve(self) -> None:
        if self._progress.reserved:
            return
        try:
            lines = await self._steps.perform(
                OrderActivities.reserve_stock,
                ReserveStockInput(
                    ref=self._context.ref, m3_order_number=self._progress.m3_order_number
                ),
            )
        except StepSkipped:
            self._status.note("reservation_skipped")
            lines = (await self._steps.read(ReviewActivities.review_order, self._review())).m3_lines
        self._progress.m3_lines = lines
        self._progress.reserved = True
        if not lines:
            self._progress.changes_to_review += ("reservation",)
        short = [m for m in lines if m.allocated < m.quantity]
        detail = ", ".join(f"line {m.line_number}: {m.allocated}/{m.quantity}" for m in short)
        self._status.note("stock_reserved", f"short: {detail}" if short else "in full")

    async def _next_delivery(self) -> str:
        """Wait for a delivery, or return nothing when something has changed.

        ION reports deliveries; when it has been silent for long, both systems are looked at.
        """
        poll = timedelta(seconds=self._context.policy.delivery_poll_seconds)
        while not self._unconfirmed() and not self._progress.changes_to_review:
            await self._breathe()
            try:
                await workflow.wait_condition(
                    lambda: bool(self._unconfirmed() or self._progress.changes_to_review),
                    timeout=poll,
                    timeout_summary="until both systems are looked at",
                )
            except TimeoutError:
                with suppress(StepAbandoned):  # something has changed; that is settled first
                    await self._look()
        return next(iter(self._unconfirmed()), "")

    async def _look(self) -> None:
        review = await self._steps.read(ReviewActivities.review_order, self._review())
        for delivery_number in review.deliveries:
            self.remember_delivery(delivery_number)
        if review.differs:
            self._progress.changes_to_review += ("review",)
        if workflow.now() > self._context.facts.ship_by and not self._unconfirmed():
            self._status.needs_attention(
                SHIPPING_LATE,
                Failure(
                    cause="SHIP_BY_PASSED",
                    sentence="M3 has not shipped everything, and Walmart's ship-by has passed",
                    mend="ship it in M3, or give up what cannot be delivered with `change_line` "
                    "or `reject`",
                    final=True,
                ),
                blocks=False,
            )

    async def _confirm(self, delivery_number: str) -> None:
        shipment = await self._steps.perform(
            ShipmentActivities.confirm_shipment,
            ConfirmShipmentInput(
                ref=self._context.ref,
                m3_order_number=self._progress.m3_order_number,
                delivery_number=delivery_number,
                lines=self._progress.m3_lines,
            ),
        )
        if not shipment.lines:
            self._forget_delivery(delivery_number)
            return
        self._progress.shipments = (*self._progress.shipments, shipment)
        self._status.note("shipment_confirmed", delivery_number)
        self._note_surplus(shipment)

    def _note_surplus(self, shipment: Shipment) -> None:
        if shipment.surplus:
            self._changes.show_surplus(shipment.surplus)
            self._progress.changes_to_review += ("shipment",)

    def remember_delivery(self, delivery_number: str) -> None:
        """Take note of a delivery that has left, unless it is known."""
        if delivery_number not in self._progress.reported_deliveries:
            self._progress.reported_deliveries += (delivery_number,)
            self._status.note("delivery_reported", delivery_number)

    def _forget_delivery(self, delivery_number: str) -> None:
        """Forget a delivery that was reversed in M3; it may be reported again."""
        self._progress.reported_deliveries = tuple(
            d for d in self._progress.reported_deliveries if d != delivery_number
        )
        self._status.note("delivery_reversed", delivery_number)

    def _unconfirmed(self) -> list[str]:
        confirmed = {shipment.delivery_number for shipment in self._progress.shipments}
        return [d for d in self._progress.reported_deliveries if d not in confirmed]

    def _all_invoiced(self) -> bool:
        invoiced = {invoice.delivery_number for invoice in self._progress.invoices}
        return all(s.delivery_number in invoiced for s in self._progress.shipments)

    def _review(self) -> ReviewInput:
        return ReviewInput(
            ref=self._context.ref,
            m3_order_number=self._progress.m3_order_number,
            limits=self._progress.limits,
        )
