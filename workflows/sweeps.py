"""OrderSweep: the scheduled look for orders that webhooks lost."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.sweeps import SweepActivities, SweepResult
    from domain.names import ORDER_SWEEP
from workflows.options import patient

# Longer than the usual interval of the schedule would only delay the next look.
SWEEP_WINDOW = timedelta(minutes=10)


@workflow.defn(name=ORDER_SWEEP)
class OrderSweep:
    """One run per firing of the schedule of a pair; its result counts what it repaired."""

    @workflow.run
    async def run(self, pair: str) -> SweepResult:
        """List Walmart's released orders and start those that are unknown to Temporal."""
        return await workflow.execute_activity_method(
            SweepActivities.start_released_orders, pair, **patient(SWEEP_WINDOW)
        )
