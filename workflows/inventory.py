"""InventorySync reads M3's stock; InventoryCollector tells Walmart what has changed."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception
from temporalio.workflow import ActivityConfig

with workflow.unsafe.imports_passed_through():
    from activities.feed_sending import FeedActivities
    from activities.inventory import InventoryActivities, ItemsToRead, Reading
    from activities.listings import ListingActivities
    from activities.sending import SendingActivities, SendInput, Sent
    from domain.inventory_runs import (
        ApproveStock,
        CollectorInput,
        CollectorStatus,
        InventorySyncInput,
        InventorySyncResult,
        Scope,
        StockReport,
    )
    from domain.names import INVENTORY_COLLECTOR, INVENTORY_SYNC
from workflows.options import HEARTBEAT, RETRY

# A run that gets no answer for so long fails, and the next one of the schedule looks again.
WINDOW = timedelta(minutes=30)

# A million balances of a warehouse, or listings at Walmart's pace, take hours.
READING_ALL = timedelta(hours=12)

# Signals that come within are answered together.
GATHER = timedelta(seconds=2)

# SKUs read one by one; with more, the next delta reads them cheaper.
MOST_SINGLE_ITEMS = 400

# Names of the error by which an activity says that a list was not all there is.
TRUNCATED = "StockListTruncated"


def _long(window: timedelta) -> ActivityConfig:
    return ActivityConfig(
        start_to_close_timeout=window,
        schedule_to_close_timeout=window,
        heartbeat_timeout=HEARTBEAT * 4,  # a page of M3 may take a minute
        retry_policy=RETRY,
    )


def _run_name() -> str:
    return f"{workflow.now().isoformat(timespec='seconds')}/{workflow.uuid4()}"


@workflow.defn(name=INVENTORY_SYNC)
class InventorySync:
    """One run per firing of a schedule, or on demand. Its result counts what it saw."""

    @workflow.run
    async def run(self, input: InventorySyncInput) -> InventorySyncResult:
        """Read, compare, compute what Walmart should show, and wake the collector."""
        result = InventorySyncResult(scope=input.scope)
        if input.scope is Scope.DRIFT:
            seen = await self._do(ListingActivities.read_listings, input.pair, READING_ALL)
            result = replace(result, offers=seen.offers, drifted=seen.drifted)
        reading = Reading(pair=input.pair, run=_run_name())
        if input.scope is Scope.CHANGES:
            reading = await self._read_changes(reading)
        else:
            reading = await self._read_everything(reading)
        difference = await self._do(InventoryActivities.apply_reading, reading, WINDOW)
        computed = await self._do(InventoryActivities.compute_wanted, input.pair, READING_ALL)
        await self._do(InventoryActivities.wake_collector, input.pair, WINDOW)
        return replace(
            result,
            listed=difference.listed,
            changed=difference.changed,
            gone=difference.gone,
            computed=computed.computed,
            unknown=computed.unknown,
        )

    async def _read_changes(self, reading: Reading) -> Reading:
        """Read what M3 has changed, or everything where its list is not all there is."""
        try:
            read: Reading = await self._do(InventoryActivities.read_changes, reading, WINDOW)
        except ActivityError as error:
            if getattr(error.cause, "type", "") != TRUNCATED:
                raise
            return await self._read_everything(reading)
        return read

    async def _read_everything(self, reading: Reading) -> Reading:
        whole = replace(reading, complete=True)
        begun: Reading = await self._do(InventoryActivities.begin_reading, whole, WINDOW)
        for warehouse in await self._do(
            InventoryActivities.warehouses_to_read, reading.pair, WINDOW
        ):
            of_one = replace(begun, warehouse=warehouse)
            await self._do(InventoryActivities.read_warehouse, of_one, READING_ALL)
        return begun

    async def _do(self, step: Callable[..., Awaitable[Any]], arg: Any, window: timedelta) -> Any:
        return await workflow.execute_activity_method(step, arg, **_long(window))


@workflow.defn(name=INVENTORY_COLLECTOR)
class InventoryCollector:
    """One per pair, and the only one that tells Walmart of its stock, so that nothing overtakes.

    It coalesces what it is told: thousands of signals become one look into the ledger.
    """

    @workflow.init
    def __init__(self, input: CollectorInput) -> None:
        self._pair = input.pair
        self._items = dict.fromkeys(input.items)
        self._held, self._held_since = input.held, input.held_since
        self._woken = True
        self._approved = input.approved
        self._sent = self._refused = 0
        self._next: datetime | None = None

    @workflow.run
    async def run(self, input: CollectorInput) -> None:
        """Read, compute and send, until the history is long enough for a new run."""
        while not workflow.info().is_continue_as_new_suggested():
            self._woken = False
            await self._read_items()
            self._next = await self._send()
            await self._until_due()
        workflow.continue_as_new(
            CollectorInput(
                pair=self._pair,
                items=tuple(self._items),
                held=self._held,
                held_since=self._held_since,
                approved=self._approved,
            )
        )

    @workflow.signal
    def stock_reported(self, report: StockReport) -> None:
        """Somebody told that the stock of a SKU has changed; it is read from M3."""
        self._items[report.sku] = None

    @workflow.signal
    def stock_computed(self) -> None:
        """What Walmart should show has been computed anew."""
        self._woken = True

    @workflow.signal
    def approve(self, answer: ApproveStock) -> None:
        """A person lets a change of much at once go on."""
        if self._held:
            self._approved, self._held = True, ""
            workflow.logger.info("stock_change_approved")

    @workflow.query
    def status(self) -> CollectorStatus:
        """Return where the collector stands."""
        return CollectorStatus(
            pair=self._pair,
            items_to_read=len(self._items),
            sent=self._sent,
            refused=self._refused,
            held=self._held,
            held_since=self._held_since,
            next_look=self._next,
        )

    async def _read_items(self) -> None:
        """Read the stock of what was reported; what cannot be read, the next delta reads."""
        if not self._items:
            return
        skus = tuple(self._items)[:MOST_SINGLE_ITEMS]
        for sku in skus:
            del self._items[sku]
        reading = Reading(pair=self._pair, run=_run_name())
        items = ItemsToRead(reading=reading, skus=skus)
        try:
            await self._do(InventoryActivities.read_items, items)
            await self._do(InventoryActivities.apply_reading, reading)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("items_not_read")
        await self._do(InventoryActivities.compute_wanted, self._pair)

    async def _send(self) -> datetime | None:
        """Send what waits and follow the feeds; return when there is something to do again."""
        sent = await self._do(
            SendingActivities.send_inventory, SendInput(pair=self._pair, approved=self._approved)
        )
        self._sent += sent.accepted
        self._refused += sent.refused
        self._hold(sent)
        feeds = await self._do(FeedActivities.follow_feeds, self._pair)
        moments = [feeds.next_look] if feeds.next_look else []
        if sent.waiting and not sent.held:
            moments.append(workflow.now() + timedelta(seconds=sent.wait_seconds))
        if feeds.waiting and not sent.waiting:
            moments.append(workflow.now())  # a feed has ended, and newer quantities wait behind it
        return min(moments, default=None)

    def _hold(self, sent: Sent) -> None:
        if sent.held and not self._held:
            self._held_since = workflow.now()
        if not sent.held:
            self._held_since = None
        if not sent.waiting:
            self._approved = False  # all that was approved has been sent
        self._held = sent.held
        details = f"**Waits for approval**: {sent.held}" if sent.held else ""
        workflow.set_current_details(details)

    async def _until_due(self) -> None:
        due = self._next
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._woken or bool(self._items) or self._approved,
                timeout=max(due - workflow.now(), timedelta(seconds=1)) if due else None,
                timeout_summary="until there is something to send or to look at",
            )
        if self._items:
            # Thousands that are reported at once are read together.
            await workflow.sleep(GATHER, summary="until more of the same has come")

    async def _do(self, step: Callable[..., Awaitable[Any]], arg: Any) -> Any:
        return await workflow.execute_activity_method(step, arg, **_long(READING_ALL))
