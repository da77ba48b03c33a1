"""From the Walmart order to an M3 order: checked, held where needed, entered once."""

from dataclasses import replace
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.customers import CustomerActivities, FindCustomerInput
    from activities.order_entry import (
        AddHeadInput,
        AddLinesInput,
        ConfirmInput,
        OrderEntryActivities,
    )
    from activities.orders import DraftedOrder, DraftOrderInput, OrderActivities
    from activities.take_back import TakeBackActivities, TakeBackInput, TakenBack
    from domain.attention import Finding, Severity
    from domain.orders import (
        Customer,
        CustomerStrategy,
        LateAcknowledgement,
        OrderEntry,
        Stage,
    )
from workflows.failures import Failure
from workflows.order_changes import CORRECTION, Changes
from workflows.order_context import OrderContext
from workflows.steps import StepAbandoned

# What an order waits for whose findings need a person.
VALIDATION = "validation"

# Within Walmart's last half hour, and short enough not to keep the order from M3.
LATE_ACKNOWLEDGEMENT = timedelta(minutes=10)


class Entry:
    """One order's way into M3."""

    def __init__(self, context: OrderContext, changes: Changes) -> None:
        self._context = context
        self._progress = context.progress
        self._status = context.status
        self._steps = context.steps
        self._changes = changes

    async def run(self) -> None:
        """Enter the order, unless nothing of it is wanted; begin again where it has changed."""
        while not self._context.entered and not self._context.facts.skip_reason:
            try:
                await self._enter()
            except StepAbandoned:
                if self._progress.customer is not None:  # something of it may be in M3
                    await self._undo()
            if self._context.entered:
                await self._catch_up()
        self._steps.deadline = None

    async def take_back(self, *, keep: str = "") -> TakenBack:
        """Delete what M3 has of the order, but for the M3 order `keep`."""
        keep = keep or self._progress.taken_over or self._progress.entered_by_hand
        with self._steps.undisturbed():
            taken = await self._steps.perform(
                TakeBackActivities.take_back_m3_order,
                TakeBackInput(
                    ref=self._context.ref,
                    order_entry=self._context.policy.order_entry,
                    customer=self._progress.customer,
                    m3_order_number=self._progress.m3_order_number,
                    keep=keep,
                ),
            )
        gone = [*taken.m3_order_numbers, *taken.batch_order_numbers]
        if gone:
            self._status.note("m3_entry_taken_back", ", ".join(gone))
        return taken

    async def _enter(self) -> None:
        if self._progress.stage is not Stage.ENTERING:
            self._status.enter(Stage.ENTERING)
        if not self._progress.acknowledged:
            self._steps.deadline = self._context.policy.acknowledge_by
            self._steps.at_deadline = self._acknowledge_late
        if self._progress.taken_over:
            await self._adopt(self._progress.taken_over)
            return
        await self._changes.settle_before_entry()
        if self._context.facts.skip_reason:
            return
        drafted = await self._draft()
        if self._steps.abandons() or drafted.facts.skip_reason:
            return
        if drafted.m3_order_number:  # a person was faster
            self._enter_as(drafted.m3_order_number, "m3_order_recognized")
            return
        self._progress.customer = await self._find_customer()
        await self._add_order(self._progress.customer)
        self._status.note("m3_order_created", self._progress.m3_order_number)

    async def _draft(self) -> DraftedOrder:
        """Draft the order as often as it takes until nothing about it needs a person."""
        reread = False
        while True:
            drafted = await self._steps.read(
                OrderActivities.draft_m3_order,
                DraftOrderInput(
                    ref=self._context.ref,
                    order_entry=self._context.policy.order_entry,
                    reread=reread or bool(self._progress.attention),
                ),
            )
            self._progress.order = replace(self._context.order, facts=drafted.facts)
            self._note_findings(drafted.findings)
            waiting = [f for f in drafted.findings if self._needs_person(f)]
            if not waiting or drafted.m3_order_number or drafted.facts.skip_reason:
                self._steps.release(VALIDATION)
                return drafted
            await self._steps.hold(VALIDATION, _failure_of(waiting), tuple(waiting))
            reread = True

    def _needs_person(self, finding: Finding) -> bool:
        if finding.severity is Severity.HOLD:
            return finding not in self._progress.approved
        return finding.severity is Severity.BLOCK

    def _note_findings(self, findings: tuple[Finding, ...]) -> None:
        for finding in findings:
            if finding.severity is Severity.NOTE and finding not in self._progress.noted:
                self._progress.noted += (finding,)
                self._status.note("finding_noted", f"{finding.code}: {finding.sentence}")

    async def _find_customer(self) -> Customer:
        policy = self._context.policy
        if policy.customer_strategy is CustomerStrategy.MARKETPLACE:
            return Customer(customer_number=policy.customer_number)
        return await self._steps.perform(
            CustomerActivities.find_or_create_customer,
            FindCustomerInput(ref=self._context.ref, order_entry=policy.order_entry),
        )

    async def _add_order(self, customer: Customer) -> None:
        ref, entry = self._context.ref, self._context.policy.order_entry
        self._steps.check_wanted("add_head")
        head = await self._steps.perform(
            OrderEntryActivities.add_head,
            AddHeadInput(ref=ref, order_entry=entry, customer=customer),
        )
        self._progress.batch_order_number = head.batch_order_number
        self._progress.m3_order_number = head.m3_order_number
        # A batch order that has become a real one was complete; a direct one may lack lines.
        if entry is OrderEntry.DIRECT or not head.m3_order_number:
            self._steps.check_wanted("add_lines")
            await self._steps.perform(
                OrderEntryActivities.add_lines,
                AddLinesInput(ref=ref, order_entry=entry, head=head),
            )
        self._progress.lines_added = True
        if not self._progress.m3_order_number:
            self._steps.check_wanted("confirm_m3_order")
            self._progress.m3_order_number = await self._steps.perform(
                OrderEntryActivities.confirm_m3_order,
                ConfirmInput(ref=ref, batch_order_number=head.batch_order_number),
                look=OrderEntryActivities.find_released_order,
            )

    async def _adopt(self, m3_order_number: str) -> None:
        """Go on with an order a person has entered by hand; ours, if any, is taken back."""
        taken = await self.take_back(keep=m3_order_number)
        self._enter_as(m3_order_number, "m3_order_taken_over")
        if taken.shipped:
            self._changes.show_shipped_twice(taken)

    async def _catch_up(self) -> None:
        """Carry out what a person answered while the last step of the entry was under way."""
        if self._progress.taken_over not in ("", self._progress.m3_order_number):
            await self._adopt(self._progress.taken_over)
        elif CORRECTION in self._progress.changes_to_review:
            await self._undo()
            if self._context.entered:
                self._status.note("correction_came_too_late", "it is being picked")

    def _enter_as(self, m3_order_number: str, event: str) -> None:
        self._progress.m3_order_number = self._progress.entered_by_hand = m3_order_number
        self._progress.lines_added = True
        for attention in self._progress.attention:
            if attention.blocks:
                self._steps.release(attention.step)
        self._status.note(event, m3_order_number)

    async def _undo(self) -> None:
        """Take back what was entered so far; what changed meanwhile is settled before a new try."""
        if self._progress.taken_over:
            return
        taken = await self.take_back()
        if taken.shipped:
            # Part of it has left or is being picked: it is an order, and is settled as one.
            self._progress.m3_order_number = taken.m3_order_numbers[0]
            self._progress.lines_added = True
            return
        self._progress.batch_order_number = self._progress.m3_order_number = ""
        self._progress.lines_added = False
        self._progress.customer = None

    async def _acknowledge_late(self) -> None:
        """Apply the pair's rule when Walmart's clock runs out and M3 has no order yet."""
        if self._context.policy.late_acknowledgement is LateAcknowledgement.ACKNOWLEDGE:
            self._status.note("acknowledging_before_m3", "Walmart's deadline comes first")
            # Where Walmart is out too, entry goes on, and the order is acknowledged after it.
            self._progress.acknowledged = await self._steps.attempt(
                OrderActivities.acknowledge_walmart_order, self._context.ref, LATE_ACKNOWLEDGEMENT
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


def _failure_of(findings: list[Finding]) -> Failure:
    """Say all findings together; the gravest gives the cause."""
    gravest = min(findings, key=lambda finding: finding.severity is not Severity.BLOCK)
    mends = dict.fromkeys(finding.mend for finding in findings if finding.mend)
    answer = [] if any("`approve`" in mend for mend in mends) else ["answer `approve` or `reject`"]
    held = gravest.severity is Severity.HOLD
    return Failure(
        cause=gravest.code,
        sentence="; ".join(dict.fromkeys(finding.sentence for finding in findings)),
        mend="; ".join([*mends, *(answer if held else [])]),
        final=True,
    )
