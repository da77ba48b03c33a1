"""workflows/inventory.py with fake activities: what is read, what is sent, and what waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.feed_sending import FeedsStanding
from activities.sending import Sent
from domain.errors import Rejected, StockListTruncated
from domain.inventory_runs import (
    ApproveStock,
    CollectorInput,
    CollectorStatus,
    InventorySyncInput,
    InventorySyncResult,
    Scope,
    StockReport,
)
from domain.names import INVENTORY_TASK_QUEUE, inventory_collector_id, inventory_sync_id
from tests.stock_fakes import FakeInventoryActivities
from workflows.inventory import MOST_SINGLE_ITEMS, InventoryCollector, InventorySync

Collector = WorkflowHandle[InventoryCollector, None]

EVERYTHING = [
    "begin_reading",
    "read_warehouse 001",
    "read_warehouse 002",
    "apply_reading",
    "compute_wanted",
    "wake_collector",
]
MUCH = "300 of 400 quantities would become 0, more than 20%"


@asynccontextmanager
async def worker_of(
    environment: WorkflowEnvironment, fake: FakeInventoryActivities
) -> AsyncIterator[None]:
    """A worker with fake activities."""
    async with Worker(
        environment.client,
        task_queue=INVENTORY_TASK_QUEUE,
        workflows=[InventorySync, InventoryCollector],
        activities=fake.all(),
    ):
        yield


@asynccontextmanager
async def collector_of(
    environment: WorkflowEnvironment,
    fake: FakeInventoryActivities,
    input: CollectorInput | None = None,
) -> AsyncIterator[Collector]:
    """A worker and the collector of a pair."""
    async with worker_of(environment, fake):
        handle = await environment.client.start_workflow(
            InventoryCollector.run,
            input or CollectorInput(pair="acme"),
            id=inventory_collector_id("acme"),
            task_queue=INVENTORY_TASK_QUEUE,
        )
        yield handle
        await handle.terminate()


async def sync(environment: WorkflowEnvironment, scope: Scope) -> InventorySyncResult:
    return await environment.client.execute_workflow(
        InventorySync.run,
        InventorySyncInput(pair="acme", scope=scope),
        id=inventory_sync_id("acme", scope),
        task_queue=INVENTORY_TASK_QUEUE,
    )


async def status_when(
    collector: Collector, reached: Callable[[CollectorStatus], bool]
) -> CollectorStatus:
    """Look until the collector has got somewhere."""
    async with asyncio.timeout(30):
        while True:
            status = await collector.query(InventoryCollector.status)
            if reached(status):
                return status


async def until(collector: Collector, condition: Callable[[], bool]) -> None:
    """Look until the activities have got somewhere."""
    await status_when(collector, lambda _: condition())


async def test_changes_are_read_applied_computed_and_told_to_the_collector(skipping):
    fake = FakeInventoryActivities()

    async with worker_of(skipping, fake):
        result = await sync(skipping, Scope.CHANGES)

    assert fake.calls == ["read_changes", "apply_reading", "compute_wanted", "wake_collector"]
    assert [reading.complete for reading in fake.readings] == [False]
    assert result == InventorySyncResult(
        scope=Scope.CHANGES, listed=6, changed=2, gone=1, computed=4, unknown=1
    )


async def test_everything_is_read_where_the_list_of_changes_is_not_all_there_is(skipping):
    truncated = StockListTruncated("acme", reason="more than 20000 changes")
    fake = FakeInventoryActivities(failing={"read_changes": [truncated]})

    async with worker_of(skipping, fake):
        await sync(skipping, Scope.CHANGES)

    assert fake.calls == ["read_changes", *EVERYTHING]
    [reading] = fake.readings
    assert reading.complete
    assert reading.began is not None
    assert reading.warehouse == ""


async def test_another_refusal_fails_the_run_and_applies_nothing(skipping):
    refused = Rejected("M3", "OIS100MI/LstNewBalances", code="X", message="no")
    fake = FakeInventoryActivities(failing={"read_changes": [refused]})

    async with worker_of(skipping, fake):
        with pytest.raises(WorkflowFailureError):
            await sync(skipping, Scope.CHANGES)

    assert fake.calls == ["read_changes"]


async def test_drift_looks_at_walmart_first_and_then_reads_everything(skipping):
    fake = FakeInventoryActivities()

    async with worker_of(skipping, fake):
        result = await sync(skipping, Scope.DRIFT)

    assert fake.calls == ["read_listings", *EVERYTHING]
    assert (result.offers, result.drifted) == (9, 5)


async def test_a_thousand_reports_become_few_looks(skipping):
    fake = FakeInventoryActivities()
    reports = [StockReport(sku=f"SKU-{n:03}", source="test") for n in range(250)] * 4

    async with collector_of(skipping, fake) as collector:
        for start in range(0, len(reports), 50):
            await asyncio.gather(
                *(
                    collector.signal(InventoryCollector.stock_reported, report)
                    for report in reports[start : start + 50]
                )
            )
        await skipping.sleep(timedelta(seconds=10))
        status = await status_when(collector, lambda s: not s.items_to_read)

    assert {sku for skus in fake.skus for sku in skus} == {report.sku for report in reports}
    assert len(fake.skus) <= 8
    assert fake.calls.count("send_inventory") <= 10
    assert status.items_to_read == 0


async def test_more_skus_than_one_look_takes_are_read_in_several(skipping):
    fake = FakeInventoryActivities()
    skus = tuple(f"SKU-{n}" for n in range(MOST_SINGLE_ITEMS + 50))

    async with collector_of(skipping, fake, CollectorInput(pair="acme", items=skus)) as collector:
        await skipping.sleep(timedelta(seconds=10))
        await status_when(collector, lambda s: not s.items_to_read)

    assert [len(each) for each in fake.skus] == [MOST_SINGLE_ITEMS, 50]
    assert tuple(sku for each in fake.skus for sku in each) == skus


async def test_skus_that_cannot_be_read_do_not_stop_what_waits(skipping):
    refused = Rejected("M3", "MMS200MI/GetItmWhsBal", code="X", message="no")
    fake = FakeInventoryActivities(failing={"read_items": [refused]}, sent=[Sent(accepted=3)])

    async with collector_of(
        skipping, fake, CollectorInput(pair="acme", items=("BAD",))
    ) as collector:
        status = await status_when(collector, lambda s: s.sent == 3)

    assert fake.calls[:3] == ["read_items", "compute_wanted", "send_inventory"]
    assert status.items_to_read == 0


async def test_collector_sends_again_when_there_is_something_to_send(skipping):
    later = Sent(accepted=5, refused=1, waiting=True, wait_seconds=600)
    fake = FakeInventoryActivities(sent=[later, Sent(accepted=2)])

    async with collector_of(skipping, fake) as collector:
        first = await status_when(collector, lambda s: s.next_look is not None)
        await skipping.sleep(timedelta(seconds=500))
        between = fake.calls.count("send_inventory")
        await skipping.sleep(timedelta(seconds=200))
        last = await status_when(collector, lambda s: s.sent == 7)
        await until(collector, lambda: fake.calls.count("follow_feeds") == 2)

    assert (first.sent, first.refused, between) == (5, 1, 1)
    assert (last.sent, last.refused) == (7, 1)


async def test_what_waited_behind_a_feed_is_sent_as_soon_as_the_feed_has_ended(skipping):
    ended = FeedsStanding(open=0, next_look=None, waiting=True)
    fake = FakeInventoryActivities(sent=[Sent(), Sent(accepted=4)], feeds=[ended])

    async with collector_of(skipping, fake) as collector:
        await until(collector, lambda: "follow_feeds" in fake.calls)
        await skipping.sleep(timedelta(seconds=5))
        await status_when(collector, lambda s: s.sent == 4)
        await until(collector, lambda: fake.calls.count("follow_feeds") == 2)

    assert fake.calls.count("send_inventory") == 2


async def test_collector_rests_until_something_was_computed(skipping):
    fake = FakeInventoryActivities()

    async with collector_of(skipping, fake) as collector:
        await until(collector, lambda: "follow_feeds" in fake.calls)
        await skipping.sleep(timedelta(days=2))
        rested = fake.calls.count("send_inventory")
        await collector.signal(InventoryCollector.stock_computed)
        await until(collector, lambda: fake.calls.count("send_inventory") > rested)

    assert rested == 1


async def test_much_at_once_is_held_until_a_person_approves(skipping):
    fake = FakeInventoryActivities(held=MUCH, sent=[Sent(accepted=300)])

    async with collector_of(skipping, fake) as collector:
        held = await status_when(collector, lambda s: bool(s.held))
        await skipping.sleep(timedelta(hours=5))
        await collector.signal(InventoryCollector.stock_computed)
        await until(collector, lambda: fake.calls.count("send_inventory") == 2)
        still = await status_when(collector, lambda s: bool(s.held))
        await collector.signal(InventoryCollector.approve, ApproveStock(by="ann", reason="sale"))
        sent = await status_when(collector, lambda s: s.sent == 300)

    assert (held.held, held.sent, held.next_look) == (MUCH, 0, None)
    assert still.held_since == held.held_since is not None
    assert (sent.held, sent.held_since) == ("", None)
    assert "send_inventory approved" in fake.calls


async def test_approval_holds_until_all_of_it_was_sent_and_not_for_what_comes_after(skipping):
    part = Sent(accepted=100, waiting=True, wait_seconds=1)
    fake = FakeInventoryActivities(held=MUCH, sent=[part, part, Sent(accepted=100)])

    async with collector_of(skipping, fake) as collector:
        await status_when(collector, lambda s: bool(s.held))
        await collector.signal(InventoryCollector.approve, ApproveStock(by="ann"))
        await until(collector, lambda: "send_inventory approved" in fake.calls)
        await skipping.sleep(timedelta(seconds=10))
        await status_when(collector, lambda s: s.sent == 300)
        await collector.signal(InventoryCollector.stock_computed)
        again = await status_when(collector, lambda s: bool(s.held))

    assert fake.calls.count("send_inventory approved") == 3
    assert again.sent == 300


async def test_approval_of_nothing_lets_nothing_through(skipping):
    fake = FakeInventoryActivities()

    async with collector_of(skipping, fake) as collector:
        await until(collector, lambda: "follow_feeds" in fake.calls)
        await collector.signal(InventoryCollector.approve, ApproveStock(by="ann"))
        fake.held = MUCH
        await collector.signal(InventoryCollector.stock_computed)
        status = await status_when(collector, lambda s: bool(s.held))

    assert status.held == MUCH
    assert "send_inventory approved" not in fake.calls


@pytest.mark.parametrize("payload", ["yes", 7, ["by"], {"by": {"name": "ann"}}])
async def test_wrong_approval_approves_nothing_and_stops_nothing(skipping, payload):
    fake = FakeInventoryActivities(held=MUCH)

    async with collector_of(skipping, fake) as collector:
        await status_when(collector, lambda s: bool(s.held))
        await collector.signal("approve", payload)
        await collector.signal(InventoryCollector.stock_computed)
        await until(collector, lambda: fake.calls.count("send_inventory") >= 2)
        history = await collector.fetch_history()

    failed = [e for e in history.events if e.HasField("workflow_task_failed_event_attributes")]
    assert failed == []
    assert "send_inventory approved" not in fake.calls


async def test_collector_goes_on_as_a_new_run_before_its_history_is_too_long(temporal_binary):
    part = Sent(accepted=1, waiting=True, wait_seconds=0)
    fake = FakeInventoryActivities(held=MUCH, sent=[part] * 12)
    async with (
        await WorkflowEnvironment.start_local(
            dev_server_existing_path=temporal_binary,
            dev_server_log_level="error",
            dev_server_extra_args=[
                "--dynamic-config-value",
                "limit.historyCount.suggestContinueAsNew=60",
            ],
            data_converter=pydantic_data_converter,
        ) as environment,
        collector_of(environment, fake) as collector,
    ):
        first = (await collector.describe()).run_id
        await status_when(collector, lambda s: bool(s.held))
        await collector.signal(InventoryCollector.approve, ApproveStock(by="ann"))
        await until(collector, lambda: not fake.sent)
        last = (await collector.describe()).run_id

    assert last != first
    assert fake.calls.count("send_inventory approved") == 12
