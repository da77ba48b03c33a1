"""Hand events over to Temporal. Whatever returns here is stored there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import StrEnum

import structlog
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from activities.alerts import tell_desk
from activities.search_attributes import PURCHASE_ORDER_ID, STAGE
from activities.starts import Source, start_order
from domain.alerts import AlertRules
from domain.attention import AttentionReport
from domain.inventory_runs import StockReport
from domain.names import SearchAttribute, inventory_collector_id, order_workflow_id
from domain.orders import (
    DeliveryReport,
    InvoiceReport,
    OrderRef,
    OrderSummary,
    OrderUpdate,
    Stage,
)
from starter.refusals import TemporalUnavailable
from workflows.orders import OrderToCash

log = structlog.get_logger()

# One call answers in milliseconds. The client repeats a failed call by itself, so the whole is
# limited too: the sender must have its 503 before it gives up on us.
CALL = timedelta(seconds=2)
HAND_OVER_SECONDS = 5.0

# What an order has ended as when a message about it has nothing more to say.
HAS_SHIPPED = frozenset({Stage.COMPLETED, Stage.ALREADY_DONE})
SHIPS_NOTHING = frozenset({Stage.CANCELED, Stage.SKIPPED, Stage.TAKEN_BACK})


class Outcome(StrEnum):
    """What became of an event that was taken."""

    STARTED = "started"
    REPEATED = "repeated"  # the order has, or had, its workflow
    SIGNALED = "signaled"
    ENDED = "ended"  # the order's workflow has ended, and not with what the event asks for
    UNMATCHED = "unmatched"  # about no order of Walmart's
    UNREADABLE = "unreadable"
    IGNORED = "ignored"
    DEAD_LETTER = "dead_letter"  # kept for a person


class OrderWorkflows:
    """The workflows of all orders, seen from outside."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start(self, pair: str, purchase_order_id: str) -> Outcome:
        """Start the one workflow of an order. Repeating adds nothing to a workflow that exists.

        Raises:
            TemporalUnavailable: not confirmed; repeating is safe.
        """
        order = OrderRef(pair=pair, purchase_order_id=purchase_order_id)
        async with _answering("start_workflow"):
            started = await start_order(self._client, order, Source.WEBHOOK)
        return Outcome.STARTED if started else Outcome.REPEATED

    async def alert(self, rules: AlertRules, report: AttentionReport) -> None:
        """Tell the alert desk of something no open order can show; without channels nobody.

        Raises:
            TemporalUnavailable: not confirmed; repeating may alert twice.
        """
        if rules.channels_for(report):
            async with _answering("start_workflow"):
                await tell_desk(self._client, rules, report)

    async def report_update(
        self, pair: str, purchase_order_id: str, update: OrderUpdate
    ) -> Outcome:
        """Tell an order of a change, starting its workflow if this comes before its own event.

        Raises:
            TemporalUnavailable: not confirmed; repeating signals again, with the same event id.
        """
        # All updates are cancellations: an order of which nothing ships has what they ask for.
        order = OrderRef(pair=pair, purchase_order_id=purchase_order_id)
        async with _answering("signal_with_start"):
            taken = await start_order(self._client, order, Source.WEBHOOK, update=update)
        if taken:
            return Outcome.SIGNALED
        return await self._ended(self._open_order(pair, purchase_order_id), SHIPS_NOTHING)

    async def report_delivery(
        self, pair: str, purchase_order_id: str, report: DeliveryReport
    ) -> Outcome:
        """Tell an open order that M3 has shipped something.

        Raises:
            TemporalUnavailable: not confirmed; repeating signals again, with the same message id.
        """
        order = self._open_order(pair, purchase_order_id)
        async with _answering("signal_workflow"):
            try:
                await order.signal(OrderToCash.delivery_reported, report, rpc_timeout=CALL)
                return Outcome.SIGNALED
            except RPCError as error:
                _check_missing(error)
        return await self._ended(order, HAS_SHIPPED)

    async def report_invoice(
        self, pair: str, purchase_order_id: str, report: InvoiceReport
    ) -> Outcome:
        """Tell an open order that M3 has invoiced something; as `report_delivery`."""
        order = self._open_order(pair, purchase_order_id)
        async with _answering("signal_workflow"):
            try:
                await order.signal(OrderToCash.invoice_reported, report, rpc_timeout=CALL)
                return Outcome.SIGNALED
            except RPCError as error:
                _check_missing(error)
        return await self._ended(order, HAS_SHIPPED)

    async def report_stock(self, pair: str, sku: str) -> Outcome:
        """Have the stock of a SKU read anew; a pair that keeps no stock has nobody to tell.

        Raises:
            TemporalUnavailable: not confirmed; repeating is harmless.
        """
        collector = self._client.get_workflow_handle(inventory_collector_id(pair))
        report = StockReport(sku=sku, source="webhook")
        async with _answering("signal_workflow"):
            try:
                await collector.signal("stock_reported", report, rpc_timeout=CALL)
                return Outcome.SIGNALED
            except RPCError as error:
                _check_missing(error)
        return Outcome.IGNORED

    async def find(self, pair: str, m3_order_number: str) -> tuple[str, ...]:
        """Return the purchase orders whose workflow entered an M3 order; mostly one or none.

        Args:
            pair: name of the pair.
            m3_order_number: ORNO, letters and digits only: it becomes part of a query.

        Raises:
            TemporalUnavailable: the question was not answered.
        """
        query = (
            f"{SearchAttribute.PAIR} = '{pair}'"
            f" AND {SearchAttribute.M3_ORDER_NUMBER} = '{m3_order_number}'"
        )
        async with _answering("list_workflows"):
            workflows = self._client.list_workflows(query, limit=10, rpc_timeout=CALL)
            found = [
                order.typed_search_attributes.get(PURCHASE_ORDER_ID) async for order in workflows
            ]
        return tuple(purchase_order_id for purchase_order_id in found if purchase_order_id)

    async def reachable(self) -> bool:
        """Tell whether Temporal answers at all."""
        try:
            async with _answering("check_health"):
                return await self._client.service_client.check_health(timeout=CALL)
        except TemporalUnavailable:
            return False

    async def _ended(
        self, order: WorkflowHandle[OrderToCash, OrderSummary], satisfied: frozenset[Stage]
    ) -> Outcome:
        """Tell what an event means to an order whose workflow is not open.

        Args:
            order: its workflow.
            satisfied: the stages in which it has what the event asks for.
        """
        async with _answering("describe_workflow"):
            try:
                found = await order.describe(rpc_timeout=CALL)
            except RPCError as error:
                _check_missing(error)
                return Outcome.UNMATCHED
        if found.status is WorkflowExecutionStatus.RUNNING:
            # A person has just started it again; the sender's next try reaches it.
            raise TemporalUnavailable("the order is being started; send this again")
        stage = found.typed_search_attributes.get(STAGE)
        return Outcome.REPEATED if stage in satisfied else Outcome.ENDED

    def _open_order(
        self, pair: str, purchase_order_id: str
    ) -> WorkflowHandle[OrderToCash, OrderSummary]:
        workflow_id = order_workflow_id(pair, purchase_order_id)
        return self._client.get_workflow_handle_for(OrderToCash.run, workflow_id)


@asynccontextmanager
async def _answering(call: str) -> AsyncIterator[None]:
    """Turn every way Temporal can fail to answer into TemporalUnavailable."""
    try:
        async with asyncio.timeout(HAND_OVER_SECONDS):
            yield
    except TimeoutError:
        reason = "timeout"
    except RPCError as error:
        reason = error.status.name
    except RuntimeError as error:
        # A client that was never connected fails so, and with this text only.
        if not str(error).startswith("Failed client connect"):
            raise
        reason = "not_connected"
    else:
        return
    log.warning("temporal_call_failed", call=call, reason=reason)
    raise TemporalUnavailable("Temporal does not answer; send this again")


def _check_missing(error: RPCError) -> None:
    """Raise what is not just Temporal's word that there is no such workflow, or none open."""
    namespace_missing = any(
        detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details
    )
    if error.status is not RPCStatusCode.NOT_FOUND or namespace_missing:
        raise error
