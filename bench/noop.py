"""The ceiling: a workflow with as many activities as an order, none of which does anything."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.workflow import ActivityConfig, LocalActivityConfig

QUEUE = "bench"
OPTIONS = ActivityConfig(start_to_close_timeout=timedelta(seconds=30))
LOCAL_OPTIONS = LocalActivityConfig(start_to_close_timeout=timedelta(seconds=8))

# What one order with one delivery runs; see `OrderToCash.run`. A test holds the two together.
ORDER_LOCAL_ACTIVITIES = 3  # fetch, draft, find_invoices
ORDER_ACTIVITIES = 6  # head, lines, confirm, acknowledge beside reserve, shipment


@activity.defn
async def do_nothing(number: int) -> int:
    """Return what came in."""
    return number


@workflow.defn
class SameNumber:
    """As many activities as an order has, all ordinary and one after the other."""

    @workflow.run
    async def run(self) -> None:
        """Run them."""
        for number in range(ORDER_ACTIVITIES + ORDER_LOCAL_ACTIVITIES):
            await workflow.execute_activity(do_nothing, number, **OPTIONS)


@workflow.defn
class SameShape:
    """The activities of an order as it runs them: three in the task, two side by side."""

    @workflow.run
    async def run(self) -> None:
        """Run them."""
        await workflow.execute_local_activity(do_nothing, 1, **LOCAL_OPTIONS)
        await workflow.execute_local_activity(do_nothing, 2, **LOCAL_OPTIONS)
        for number in range(3):
            await workflow.execute_activity(do_nothing, number, **OPTIONS)
        await asyncio.gather(
            workflow.execute_activity(do_nothing, 3, **OPTIONS),
            workflow.execute_activity(do_nothing, 4, **OPTIONS),
        )
        await workflow.execute_activity(do_nothing, 5, **OPTIONS)
        await workflow.execute_local_activity(do_nothing, 3, **LOCAL_OPTIONS)
