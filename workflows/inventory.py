"""InventorySync: read M3's stock, and have the collector tell Walmart what has changed."""

from dataclasses import replace
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.inventory import (
        ApplyReadingInput,
        InventoryActivities,
        ReadWarehouseInput,
    )
    from activities.listings import ListingActivities
    from domain.inventory_runs import InventorySyncInput, InventorySyncResult, Scope
    from domain.names import INVENTORY_SYNC
from workflows.options import HEARTBEAT, RETRY, patient

# A run that gets no answer for so long gives up: the next run of the schedule looks again, and
# what was read so far is not applied.
WINDOW = timedelta(minutes=30)

# A million balances of a warehouse are some hundred pages.
READING_ALL = timedelta(hours=6)


@workflow.defn(name=INVENTORY_SYNC)
class InventorySync:
    """One run per firing of a schedule, or on demand. Its result counts what it saw."""

    @workflow.run
    async def run(self, input: InventorySyncInput) -> InventorySyncResult:
        """Read, compare, compute what Walmart should show, and wake the collector."""
        result = InventorySyncResult(scope=input.scope)
        if input.scope is Scope.DRIFT:
            seen = await self._long(ListingActivities.read_listings, input.pair)
            result = replace(result, offers=seen.offers, drifted=seen.drifted)
        complete = input.scope is not Scope.CHANGES
        if complete:
            await self._read_everything(input.pair)
        else:
            await self._long(InventoryActivities.read_changes, self._reading(input.pair))
        difference = await self._long(
            InventoryActivities.apply_reading,
            ApplyReadingInput(reading=self._reading(input.pair), complete=complete),
        )
        computed = await self._long(InventoryActivities.compute_wanted, input.pair)
        await workflow.execute_activity_method(
            InventoryActivities.wake_collector, input.pair, **patient(WINDOW)
        )
        return replace(
            result,
            listed=difference.listed,
            changed=difference.changed,
            gone=difference.gone,
            computed=computed.computed,
            unknown=computed.unknown,
        )
