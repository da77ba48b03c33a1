"""What either side gives up of an order is given up on the other side too."""

from contextlib import suppress
from dataclasses import replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.order_changes import (
        CancelLinesInput,
        OrderChangeActivities,
        ReduceOrderInput,
        SettledOrder,
    )
    from activities.take_back import TakenBack
    from domain.cancellations import CANCELED_BY_WALMART
    from domain.orders import LineQuantity
from workflows.failures import Failure
from workflows.order_context import OrderContext
from workflows.steps import StepAbandoned

# What an order shows while these wait for a person; it goes its way meanwhile.
UNEXPLAINED = "cancellation_reason"
TOO_LATE = "cancellation_too_late"

# In `changes_to_review`: what a person corrected. It changes nothing at Walmart.
CORRECTION = "correction"

CANCELLATIONS = CANCELED_BY_WALMART | {"INTENT_TO_CANCEL"}


class Changes:
    """Settles what has changed in either system, from the states and not from the messages."""

    def __init__(self, context: OrderContext) -> None:
        self._context = context
        self._progress = context.progress
        self._status = context.status
        self._steps = context.steps

    async def settle_before_entry(self) -> None:
        """Cancel at Walmart what is not wanted any more, while M3 has nothing of the order."""
        asked = any(line.cancel_requested for line in self._context.facts.lines)
        told, self._progress.changes_to_review = self._progress.changes_to_review, ()
        if not asked and not set(told) - {CORRECTION}:
            return
        settled = await self._steps.perform(
            OrderChangeActivities.cancel_walmart_lines,
            CancelLinesInput(ref=self._context.ref, m3_lines=None, limits=self._progress.limits),
        )
        self._take(settled)

    async def settle(self) -> None:
        """Make both systems agree: first M3 ships no more than is wanted, then Walmart hears it."""
        while told := self._progress.changes_to_review:
            if not self._context.entered:
                with suppress(StepAbandoned):  # told of something else: looked at again
                    await self.settle_before_entry()
                continue
            self._progress.changes_to_review = ()
            try:
                self._progress.m3_lines = await self._steps.perform(
                    OrderChangeActivities.reduce_m3_order,
                    ReduceOrderInput(
                        ref=self._context.ref,
                        m3_order_number=self._progress.m3_order_number,
                        limits=self._progress.limits,
                    ),
                )
                settled = await self._steps.perform(
                    OrderChangeActivities.cancel_walmart_lines,
                    CancelLinesInput(
                        ref=self._context.ref,
                        m3_lines=self._progress.m3_lines,
                        m3_order_number=self._progress.m3_order_number,
                        limits=self._progress.limits,
                    ),
                )
            except StepAbandoned:
                # Told of something else while a step waited: all of it is looked at again.
                self._progress.changes_to_review += told
                continue
            newly = settled.canceled_at_walmart - self._progress.canceled_at_walmart
            newly -= sum(units.quantity for units in settled.canceled)
            self._progress.canceled_at_walmart = settled.canceled_at_walmart
            self._take(settled)
            # Walmart says it has canceled, and shows nothing more canceled: what has shipped is
            # meant.
            unexplained = CANCELED_BY_WALMART & set(told) and newly <= 0
            if unexplained and self._progress.shipments:
                self.show_surplus(self._progress.shipments[-1].lines)

    def show_surplus(self, surplus: tuple[LineQuantity, ...]) -> None:
        """Show that M3 ships, or has shipped, what Walmart has canceled."""
        seen = {line.line_number: line.quantity for line in self._progress.surplus_seen}
        if any(line.quantity > seen.get(line.line_number, 0) for line in surplus):
            self._progress.surplus = surplus
            self._came_too_late(surplus)

    def show_shipped_twice(self, taken: TakenBack) -> None:
        """Show that M3 ships an order we entered beside the one a person entered by hand."""
        ours = ", ".join(taken.m3_order_numbers)
        self._show_until_seen(
            Failure(
                cause="SHIPPED_TWICE",
                sentence=f"M3 ships {_in_words(taken.shipped)} of order {ours} as well as order "
                f"{self._progress.taken_over}, which was entered by hand",
                mend="stop one of the two in the warehouse, or call the parcel back; then answer "
                "`approve` to say that it was seen to",
                final=True,
            )
        )

    def show_half_order(self, taken: TakenBack) -> None:
        """Show that this workflow was canceled and M3 ships some of the order all the same."""
        self._show_until_seen(
            Failure(
                cause="CANCELED_HALF_WAY",
                sentence=f"the workflow was canceled, M3 ships {_in_words(taken.shipped)} all the "
                "same, and Walmart was told nothing",
                mend="confirm the shipment and cancel the rest in Seller Center, then answer "
                "`approve`; or terminate this workflow and start the order anew with "
                "`orders start`",
                final=True,
            )
        )

    def _take(self, settled: SettledOrder) -> None:
        self._steps.on_going_on()
        self._progress.order = replace(self._context.order, facts=settled.facts)
        self._progress.canceled += settled.canceled
        for units in settled.canceled:
            self._status.note(
                "walmart_line_canceled",
                f"line {units.line_number}: {units.quantity} ({units.reason})",
            )
        self.show_surplus(settled.surplus)
        if not settled.unexplained:
            self._steps.release(UNEXPLAINED)
            return
        self._status.needs_attention(
            UNEXPLAINED,
            Failure(
                cause="CANCELLATION_REASON_NEEDED",
                sentence=f"M3 will not ship {_in_words(settled.unexplained)}, "
                "and Walmart still waits for it",
                mend="answer `change_line` or `reject` with a cancellation reason, enter the "
                "units in M3 again, or give the table cancellation_reasons a reason for all",
                final=True,
            ),
            blocks=False,
        )

    def _came_too_late(self, lines: tuple[LineQuantity, ...]) -> None:
        self._show_until_seen(
            Failure(
                cause="CANCELED_AFTER_SHIPMENT",
                sentence=f"Walmart has canceled what M3 ships or has shipped: {_in_words(lines)}",
                mend="stop or call back the parcel if you can, and credit the M3 invoice; then "
                "answer `approve` to say that it was seen to",
                final=True,
            )
        )

    def _show_until_seen(self, failure: Failure) -> None:
        """Show what has happened and cannot be undone here; the order does not end before."""
        self._status.needs_attention(TOO_LATE, failure, blocks=False)


def _in_words(lines: tuple[LineQuantity, ...]) -> str:
    return ", ".join(f"{line.quantity} of line {line.line_number}" for line in lines)
