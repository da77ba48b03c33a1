"""What an order shows of itself: search attributes, a sentence on its page, a timeline."""

from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from activities.search_attributes import (
        ASSIGNEE,
        ATTENTION_CAUSE,
        ATTENTION_SINCE,
        M3_ORDER_NUMBER,
        NEEDS_ATTENTION,
        SHIP_BY,
        STAGE,
        TAGS,
    )
    from domain.attention import Attention, Finding
    from domain.orders import (
        LineQuantity,
        OrderProgress,
        OrderSummary,
        OrderToCashInput,
        Stage,
        TimelineEntry,
    )
from workflows.failures import Failure

# Enough for every step of an order with many packages; the oldest entries give way.
TIMELINE_LENGTH = 200

STAGE_IN_WORDS = {
    Stage.RECEIVED: "Reading the order from Walmart.",
    Stage.ENTERING: "Entering the order in M3.",
    Stage.AWAITING_DELIVERY: "Waiting for M3 to ship.",
    Stage.AWAITING_INVOICE: "Shipped. Waiting for M3 to invoice.",
    Stage.COMPLETED: "Shipped, confirmed to Walmart and invoiced.",
    Stage.SKIPPED: "Not ours to fulfill.",
    Stage.ALREADY_DONE: "Recognized: this order was handled before.",
    Stage.CANCELED: "Canceled before anything shipped.",
    Stage.TAKEN_BACK: "Given up, and taken back out of M3.",
}


class OrderStatus:
    """Keeps an order's progress and what the Web UI shows of it in step."""

    def __init__(self, progress: OrderProgress) -> None:
        self.progress = progress
        self._tell()

    def enter(self, stage: Stage) -> None:
        """Move on to `stage`, with everything operators filter by in one upsert."""
        progress = self.progress
        progress.stage = stage
        updates: list[SearchAttributeUpdate[Any]] = [STAGE.value_set(stage)]
        if progress.order:
            updates.append(SHIP_BY.value_set(progress.order.facts.ship_by))
        if progress.m3_order_number:
            updates.append(M3_ORDER_NUMBER.value_set(progress.m3_order_number))
        workflow.upsert_search_attributes(updates)
        self._tell()

    def note(self, event: str, detail: str = "") -> None:
        """Add an entry to the timeline."""
        entry = TimelineEntry(at=workflow.now(), event=event, detail=detail)
        self.progress.timeline = (*self.progress.timeline, entry)[-TIMELINE_LENGTH:]

    def needs_attention(
        self,
        step: str,
        failure: Failure,
        *,
        findings: tuple[Finding, ...] = (),
        blocks: bool = True,
    ) -> None:
        """Show that `step` needs a person, or a system that is out; repeating changes nothing."""
        before = next((a for a in self.progress.attention if a.step == step), None)
        if before and (before.cause, before.sentence) == (failure.cause, failure.sentence):
            return
        same_case = before is not None and before.cause == failure.cause
        attention = Attention(
            cause=failure.cause,
            sentence=failure.sentence,
            mend=failure.mend,
            step=step,
            since=before.since if before and same_case else workflow.now(),
            findings=findings,
            blocks=blocks,
        )
        others = tuple(a for a in self.progress.attention if a.step != step)
        self._attend((*others, attention))
        self.note("attention_needed", f"{step}: {failure.cause}")

    def attended(self, step: str) -> None:
        """Show that `step` went on."""
        others = tuple(a for a in self.progress.attention if a.step != step)
        if others != self.progress.attention:
            self._attend(others)
            self.note("attention_ended", step)

    def assign(self, assignee: str) -> None:
        """Show who looks after the order; nobody when it is empty."""
        self.progress.assignee = assignee
        workflow.upsert_search_attributes(
            [ASSIGNEE.value_set(assignee) if assignee else ASSIGNEE.value_unset()]
        )

    def tag(self, tags: tuple[str, ...]) -> None:
        """Mark the order with these tags and no others."""
        self.progress.tags = tags
        workflow.upsert_search_attributes([TAGS.value_set(tags) if tags else TAGS.value_unset()])

    def summary(self, input: OrderToCashInput) -> OrderSummary:
        """Return where the order stands."""
        progress = self.progress
        facts = progress.order.facts if progress.order else None
        return OrderSummary(
            pair=input.pair,
            purchase_order_id=input.purchase_order_id,
            stage=progress.stage,
            customer_order_id=facts.customer_order_id if facts else "",
            ship_by=facts.ship_by if facts else None,
            total_amount=facts.total_amount if facts else "",
            currency=facts.currency if facts else "",
            skip_reason=facts.skip_reason if facts else "",
            batch_order_number=progress.batch_order_number,
            m3_order_number=progress.m3_order_number,
            acknowledged=progress.acknowledged,
            unallocated=tuple(
                LineQuantity(line_number=m.line_number, quantity=m.quantity - m.allocated)
                for m in progress.m3_lines
                if m.allocated < m.quantity
            ),
            shipments=progress.shipments,
            invoices=progress.invoices,
            attention=progress.attention,
            canceled=progress.canceled,
            answers=progress.answers,
            assignee=progress.assignee,
            tags=progress.tags,
        )

    def _attend(self, attention: tuple[Attention, ...]) -> None:
        self.progress.attention = attention
        updates: list[SearchAttributeUpdate[Any]] = [NEEDS_ATTENTION.value_set(bool(attention))]
        if attention:
            updates.append(ATTENTION_CAUSE.value_set(attention[0].cause))
            updates.append(ATTENTION_SINCE.value_set(attention[0].since))
        else:
            # A moment that was unset cannot be read by the SDK when the order goes on as a new
            # run, so the last one stays; it says nothing without NeedsAttention.
            updates.append(ATTENTION_CAUSE.value_unset())
        workflow.upsert_search_attributes(updates)
        self._tell()

    def _tell(self) -> None:
        progress = self.progress
        told = [STAGE_IN_WORDS[progress.stage]]
        if progress.order and progress.order.facts.skip_reason:
            told.append(f"Reason: {progress.order.facts.skip_reason}.")
        if progress.m3_order_number:
            told.append(f"M3 order {progress.m3_order_number}.")
        for attention in progress.attention:
            told.append(
                f"\n\n**Needs attention: {attention.cause}** (step `{attention.step}`, since "
                f"{attention.since:%Y-%m-%d %H:%M} UTC)\n\n{attention.sentence}\n\n"
                f"What mends it: {attention.mend}."
            )
        workflow.set_current_details(" ".join(told))
