"""An order on its way with fake activities, and what a test waits for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.names import ORDERS_TASK_QUEUE, order_workflow_id
from domain.orders import DeliveryReport, InvoiceReport, OrderSummary, OrderToCashInput
from tests.order_fakes import FakeOrderActivities
from workflows.orders import OrderToCash

Order = WorkflowHandle[OrderToCash, OrderSummary]


@asynccontextmanager
async def started(
    environment: WorkflowEnvironment, fake: FakeOrderActivities
) -> AsyncIterator[Order]:
    """A worker with fake activities, and one order on its way."""
    async with Worker(
        environment.client,
        task_queue=ORDERS_TASK_QUEUE,
        workflows=[OrderToCash],
        activities=fake.all(),
    ):
        yield await environment.client.start_workflow(
            OrderToCash.run,
            OrderToCashInput(pair="acme", purchase_order_id="1796277083022", source="webhook"),
            id=order_workflow_id("acme", "1796277083022"),
            task_queue=ORDERS_TASK_QUEUE,
        )


async def report_all(order: Order, fake: FakeOrderActivities, *deliveries: str) -> None:
    """Ship and invoice, as ION tells it."""
    for number in deliveries:
        await order.signal(OrderToCash.delivery_reported, DeliveryReport(delivery_number=number))
    fake.invoiced = list(deliveries)
    await order.signal(OrderToCash.invoice_reported, InvoiceReport())


async def waiting_for(order: Order, cause: str, environment: WorkflowEnvironment | None = None):
    """Return the attention with this cause as soon as the order shows it.

    Where it takes time until it is shown, `environment` lets it pass.
    """
    while True:
        status = await order.query(OrderToCash.status)
        for attention in status.attention:
            if attention.cause == cause:
                return attention
        if environment:
            await environment.sleep(timedelta(minutes=1))


async def waiting_until(order: Order, condition, environment: WorkflowEnvironment | None = None):
    """Look until a condition holds, letting skipped time pass between looks."""
    while not condition():
        await order.query(OrderToCash.status)
        if environment:
            await environment.sleep(timedelta(minutes=1))
