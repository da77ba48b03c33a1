"""Start the one workflow of an order, from wherever the order becomes known."""

from datetime import timedelta
from enum import StrEnum

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.search_attributes import NEEDS_ATTENTION, PAIR, PURCHASE_ORDER_ID, STAGE
from domain.names import ORDER_TO_CASH, ORDERS_TASK_QUEUE, order_workflow_id
from domain.orders import OrderRef, OrderToCashInput, OrderUpdate, Stage

# A start that takes longer is taken for an outage of Temporal; whoever asked tries again.
START_TIMEOUT = timedelta(seconds=5)


class Source(StrEnum):
    """Where an order became known."""

    WEBHOOK = "webhook"
    SWEEP = "sweep"
    COMMAND = "command"


async def start_order(
    client: Client, ref: OrderRef, source: Source, *, update: OrderUpdate | None = None
) -> bool:
    """Start OrderToCash for an order, unless it runs or has run.

    Args:
        client: of the namespace the worker serves.
        ref: the order.
        source: who found it.
        update: an event to hand to the workflow; it is started first where it does not run.

    Returns:
        Whether this call started it. With `update`, True whenever the event was handed over.

    Raises:
        temporalio.service.RPCError: Temporal cannot be reached or refuses.
    """
    try:
        await client.start_workflow(
            ORDER_TO_CASH,
            OrderToCashInput(pair=ref.pair, purchase_order_id=ref.purchase_order_id, source=source),
            id=order_workflow_id(ref.pair, ref.purchase_order_id),
            task_queue=ORDERS_TASK_QUEUE,
            # A command may take up again an order whose workflow somebody terminated; events
            # that arrive once more may not.
            id_reuse_policy=(
                WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
                if source is Source.COMMAND
                else WorkflowIDReusePolicy.REJECT_DUPLICATE
            ),
            id_conflict_policy=(
                WorkflowIDConflictPolicy.FAIL
                if update is None
                else WorkflowIDConflictPolicy.USE_EXISTING
            ),
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(PAIR, ref.pair),
                    SearchAttributePair(PURCHASE_ORDER_ID, ref.purchase_order_id),
                    SearchAttributePair(STAGE, Stage.RECEIVED),
                    SearchAttributePair(NEEDS_ATTENTION, False),
                ]
            ),
            static_summary=f"Walmart order {ref.purchase_order_id} ({ref.pair})",
            rpc_timeout=START_TIMEOUT,
            start_signal="order_update_reported" if update else None,
            start_signal_args=[update] if update else [],
        )
    except WorkflowAlreadyStartedError:
        return False
    return True
