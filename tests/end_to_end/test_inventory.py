"""Stock moves in M3 and sells at Walmart, and in the end Walmart shows what M3 has."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle

from commands.demo.inventory import NODES, WAREHOUSES
from commands.demo.stack import PAIR, Ports, Stack, open_stack
from domain.inventory_runs import ApproveStock, CollectorStatus, InventorySyncInput, Scope
from domain.names import INVENTORY_TASK_QUEUE, inventory_collector_id, inventory_sync_id
from tests.end_to_end.conftest import PATIENCE_SECONDS
from workflows.inventory import InventorySync

SETTINGS = """
[pairs.inventory]
enabled = true
changes_seconds = {changes_seconds}
"""

# So many offers are sent by feed: by request they would take longer at Walmart's limit.
ITEMS_FOR_A_FEED = 700

Collector = WorkflowHandle[Any, Any]
Audit = dict[str, Any]


async def set_the_scene(stack: Stack, items: int, *, queue_seconds: tuple[float, float]) -> None:
    """Let both systems have the same items, and Walmart other quantities than M3."""
    planned = {"count": items, "seed": 1}
    await stack.simulators.tell_m3("stock/plan", {**planned, "warehouses": list(WAREHOUSES)})
    await stack.simulators.tell_m3("warehouse", {"delay_seconds": 1.0})
    await stack.simulators.tell_walmart("listings", {**planned, "nodes": list(NODES)})
    await stack.simulators.tell_walmart("feeds", {"queue_seconds": list(queue_seconds), "seed": 1})


async def move(stack: Stack, *, running: bool) -> None:
    """Let stock move in M3 and sell at Walmart, or stop it."""
    pace = {"seed": 1, "running": running}
    await stack.simulators.tell_m3("stock/moves", {"per_second": 4.0, **pace})
    await stack.simulators.tell_walmart("sales", {"per_second": 3.0, **pace})


async def read(client: Client, scope: Scope) -> None:
    """Read stock now, as an operator can."""
    await client.execute_workflow(
        InventorySync.run,
        InventorySyncInput(pair=PAIR, scope=scope),
        id=f"{inventory_sync_id(PAIR, scope)}/test",
        task_queue=INVENTORY_TASK_QUEUE,
    )


async def collector_when(
    client: Client, reached: Callable[[CollectorStatus], bool]
) -> tuple[Collector, CollectorStatus]:
    """Look until the collector has got somewhere."""
    collector = client.get_workflow_handle(inventory_collector_id(PAIR))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            status = await collector.query("status", result_type=CollectorStatus)
            if reached(status):
                return collector, status
            await asyncio.sleep(0.2)


async def approve(client: Client) -> None:
    """Let the first run go on, which changes nearly everything."""
    collector, _ = await collector_when(client, lambda status: bool(status.held))
    await collector.signal("approve", ApproveStock(by="test", reason="first run"))


async def audit_when(stack: Stack, since_ms: int, reached: Callable[[Audit], bool]) -> Audit:
    """Look until both systems have got somewhere, and return how they compare."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            stack.check()
            audit = await stack.simulators.stock_audit(since_ms)
            if reached(audit):
                return audit
            await asyncio.sleep(0.3)


def agreed(audit: Audit) -> bool:
    """Tell whether Walmart shows what M3 has."""
    return not audit["drift"] and not audit["unsettled"]


async def test_walmart_follows_stock_that_moves_and_sells(tmp_path: Path):
    settings = SETTINGS.format(changes_seconds=1)
    async with open_stack(tmp_path / "stack", Ports.any(), m3=settings) as (stack, client):
        await set_the_scene(stack, 60, queue_seconds=(1, 2))
        await read(client, Scope.DRIFT)
        await approve(client)
        first = await audit_when(stack, 0, agreed)

        await move(stack, running=True)
        await audit_when(stack, 0, lambda audit: audit["sold"] >= 25 and audit["changes"] >= 25)
        await move(stack, running=False)
        last = await audit_when(stack, 0, agreed)

        walmart = await stack.simulators.inventory_audit()

    assert 60 < first["pushed"] <= 120
    assert last["pushed"] > first["pushed"]
    assert last["drift"] == 0
    assert last["overtaken"] == 0
    assert last["rejected_items"] == 0
    assert walmart["throttled_429"] == 0


async def test_a_worker_killed_with_a_feed_under_way_loses_nothing_and_overtakes_nothing(
    tmp_path: Path,
):
    settings = SETTINGS.format(changes_seconds=3600)
    async with open_stack(tmp_path / "stack", Ports.any(), m3=settings) as (stack, client):
        await set_the_scene(stack, ITEMS_FOR_A_FEED, queue_seconds=(8, 10))
        lost = {"share": 1, "kinds": ["lost_answer"], "operations": ["submit_feed"], "count": 1}
        await stack.simulators.tell_walmart("faults", lost)
        await read(client, Scope.DRIFT)
        await approve(client)
        await collector_when(client, lambda status: status.next_look is not None)

        await stack.kill("worker")
        under_way = await stack.simulators.inventory_audit()
        feed_operations = ["list_feeds", "feed_status", "list_inventories", "submit_feed"]
        faults = {"share": 0.2, "seed": 1, "operations": feed_operations, "slow_seconds": 0.2}
        await stack.simulators.tell_walmart("faults", faults)
        await move(stack, running=True)
        moved = await audit_when(stack, 0, lambda audit: audit["sold"] >= 10)
        await move(stack, running=False)
        await stack.start_worker()
        await read(client, Scope.CHANGES)
        last = await audit_when(stack, 0, agreed)

        walmart = await stack.simulators.inventory_audit()

    assert [feed["feedStatus"] for feed in under_way["feeds"]] in (["RECEIVED"], ["INPROGRESS"])
    assert moved["drift"] > 0
    assert last["drift"] == 0
    assert last["overtaken"] == 0
    assert len(walmart["feeds"]) == 1
    assert walmart["requests"]["update_inventory_of_item"] > 0
