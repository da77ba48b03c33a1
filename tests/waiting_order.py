"""An order that waits and takes answers as the real one does, without anything behind it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from activities import search_attributes
    from domain.answers import ANSWERS, AnswerRefused, Approve, Assign, GivenAnswer, read_answer
    from domain.attention import Severity
    from domain.names import ORDER_TO_CASH, order_workflow_id
    from domain.orders import OrderSummary, TimelineEntry


@workflow.defn(name=ORDER_TO_CASH)
class WaitingOrder:
    """Holds what it was given; a held order is approved, a blocked one is not."""

    @workflow.init
    def __init__(self, summary: OrderSummary) -> None:
        self._summary = summary
        self._payloads: list[tuple[str, Any]] = []
        for name in ANSWERS:
            workflow.set_signal_handler(name, self._taking(name))
            workflow.set_update_handler(name, self._taking(name), validator=self._validator(name))

    @workflow.run
    async def run(self, summary: OrderSummary) -> OrderSummary:
        await workflow.wait_condition(lambda: self._summary.stage == "completed")
        return self._summary

    @workflow.query
    def status(self) -> OrderSummary:
        return self._summary

    @workflow.query
    def timeline(self) -> tuple[TimelineEntry, ...]:
        return tuple(
            TimelineEntry(at=given.at, event=f"answered_{given.name}", detail=f"by {given.by}")
            for given in self._summary.answers
        )

    @workflow.query
    def payloads(self) -> list[tuple[str, Any]]:
        return self._payloads

    def _taking(self, name: str) -> Callable[..., Any]:
        def take(payload: Any = None) -> str:
            answer = read_answer(name, payload)
            given = GivenAnswer(name=name, by=answer.by, reason=answer.reason, at=workflow.now())
            self._payloads.append((name, payload))
            self._summary = replace(self._summary, answers=(*self._summary.answers, given))
            if isinstance(answer, Assign):
                self._summary = replace(self._summary, assignee=answer.assignee)
            if isinstance(answer, Approve):
                self._summary = replace(self._summary, attention=())
            return f"{name} taken"

        return take

    def _validator(self, name: str) -> Callable[..., None]:
        def check(payload: Any = None) -> None:
            try:
                answer = read_answer(name, payload)
            except AnswerRefused as refusal:
                raise ApplicationError(str(refusal), type="AnswerRefused") from None
            if isinstance(answer, Approve) and self._is_blocked():
                raise ApplicationError(
                    "UNKNOWN_SKU can't be approved, only corrected", type="AnswerRefused"
                )

        return check

    def _is_blocked(self) -> bool:
        return any(
            finding.severity is Severity.BLOCK
            for attention in self._summary.attention
            for finding in attention.findings
        )


@asynccontextmanager
async def waiting_orders(client: Client) -> AsyncIterator[str]:
    """A worker for such orders; yields the task queue of its own to start them on."""
    task_queue = f"waiting-{uuid4()}"
    async with Worker(client, task_queue=task_queue, workflows=[WaitingOrder]):
        yield task_queue


async def start_waiting(client: Client, task_queue: str, summary: OrderSummary) -> None:
    """Start an order that shows in Temporal's list what the summary says."""
    await client.start_workflow(
        WaitingOrder.run,
        summary,
        id=order_workflow_id(summary.pair, summary.purchase_order_id),
        task_queue=task_queue,
        search_attributes=TypedSearchAttributes(list(_listed(summary))),
    )


def _listed(summary: OrderSummary) -> Any:
    yield SearchAttributePair(search_attributes.PAIR, summary.pair)
    yield SearchAttributePair(search_attributes.PURCHASE_ORDER_ID, summary.purchase_order_id)
    yield SearchAttributePair(search_attributes.STAGE, summary.stage)
    yield SearchAttributePair(search_attributes.NEEDS_ATTENTION, bool(summary.attention))
    if summary.ship_by:
        yield SearchAttributePair(search_attributes.SHIP_BY, summary.ship_by)
    if summary.attention:
        [attention, *_] = summary.attention
        yield SearchAttributePair(search_attributes.ATTENTION_CAUSE, attention.cause)
        yield SearchAttributePair(search_attributes.ATTENTION_SINCE, attention.since)
    if summary.assignee:
        yield SearchAttributePair(search_attributes.ASSIGNEE, summary.assignee)
    if summary.tags:
        yield SearchAttributePair(search_attributes.TAGS, list(summary.tags))
