"""The demo of the inventory: stock moves at both ends, and Walmart has to follow."""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from temporalio.client import Client, WorkflowHandle

from commands.demo.run import FOLDER, end_at_sigterm
from commands.demo.stack import PAIR, Ports, Stack, open_stack
from domain.inventory_runs import ApproveStock, CollectorStatus, InventorySyncInput, Scope
from domain.names import INVENTORY_TASK_QUEUE, inventory_collector_id, inventory_sync_id
from workflows.inventory import InventorySync

NODES = ("10001", "10002")
WAREHOUSES = ("001", "002")

# How often M3 is asked for changes; a pair that sells fast would do the same.
CHANGES_SECONDS = 20
QUEUE_SECONDS = (30, 90)  # of a feed at Walmart
MOVES_PER_SECOND = 2.0
SALES_PER_SECOND = 0.5

LOOK_EVERY_SECONDS = 2.0
PATIENCE_SECONDS = 900.0

# The first run after the set-up changes everything; nobody is asked twice in the demo.
SETTINGS = f"""
[pairs.inventory]
enabled = true
changes_seconds = {CHANGES_SECONDS}
"""


@dataclass(frozen=True, kw_only=True)
class InventoryOptions:
    """What the command line asked for."""

    items: int = 1_000
    minutes: float = 2.0
    seed: int = 1
    report: Path | None = None


async def run_inventory_demo(options: InventoryOptions, console: Console) -> bool:
    """Run it; return whether nothing was sold too much by our fault, and nothing differs."""
    end_at_sigterm()
    console.print("Starting Temporal, both simulators, the worker and the starter ...")
    async with open_stack(FOLDER, Ports(), m3=SETTINGS) as (stack, client):
        await _set_the_scene(stack, options)
        started = time.monotonic()
        console.print(f"Reading {options.items} listings and M3's stock for the first time ...")
        await client.execute_workflow(
            InventorySync.run,
            InventorySyncInput(pair=PAIR, scope=Scope.DRIFT),
            id=f"{inventory_sync_id(PAIR, Scope.DRIFT)}/demo",
            task_queue=INVENTORY_TASK_QUEUE,
        )
        collector = client.get_workflow_handle(inventory_collector_id(PAIR))
        approving = asyncio.create_task(_approve_when_held(collector, console))
        first = await _until_agreed(stack, console, since_ms=0)
        approving.cancel()
        first_seconds = time.monotonic() - started
        console.print(f"First {first['pushed']} quantities in {first_seconds:.0f} s.")
        since_ms = int(time.time() * 1000)
        await _move(stack, options, running=True)
        await _watch(stack, console, since_ms, until=time.monotonic() + options.minutes * 60)
        await _move(stack, options, running=False)
        console.print("Quiet; whatever is under way has to arrive.")
        audit = await _until_agreed(stack, console, since_ms=since_ms)
        report = await _report(stack, client, options, audit, first_seconds)
    for name, value in report.items():
        console.print(f"{name.replace('_', ' '):28} {value}", highlight=False)
    if options.report:
        options.report.write_text(json.dumps(report, indent=2) + "\n")
    return not (report["drift"] or report["throttled_429"] or report["unsettled"])


async def _set_the_scene(stack: Stack, options: InventoryOptions) -> None:
    simulators, plan = stack.simulators, {"count": options.items, "seed": options.seed}
    await simulators.tell_m3("stock/plan", {**plan, "warehouses": list(WAREHOUSES)})
    await simulators.tell_m3("warehouse", {"delay_seconds": 5.0})
    await simulators.tell_walmart("listings", {**plan, "nodes": list(NODES)})
    await simulators.tell_walmart(
        "feeds", {"queue_seconds": list(QUEUE_SECONDS), "seed": options.seed}
    )


async def _move(stack: Stack, options: InventoryOptions, *, running: bool) -> None:
    await stack.simulators.tell_m3(
        "stock/moves",
        {"per_second": MOVES_PER_SECOND, "seed": options.seed, "running": running},
    )
    await stack.simulators.tell_walmart(
        "sales", {"per_second": SALES_PER_SECOND, "seed": options.seed, "running": running}
    )


async def _approve_when_held(collector: WorkflowHandle[Any, Any], console: Console) -> None:
    """Answer as a person would: the first run changes more than the brake lets through."""
    while True:
        status: CollectorStatus = await collector.query("status", result_type=CollectorStatus)
        if status.held:
            console.print(f"Held: {status.held}. Approved.")
            await collector.signal("approve", ApproveStock(by="demo", reason="first run"))
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _watch(stack: Stack, console: Console, since_ms: int, *, until: float) -> None:
    while time.monotonic() < until:
        await asyncio.sleep(min(20.0, max(0.0, until - time.monotonic())))
        audit = await stack.simulators.stock_audit(since_ms)
        console.print(
            f"{audit['changes']} changes, {audit['unsettled']} on their way, "
            f"lag {audit['lag_s']}, {audit['sold']} sold, {audit['oversold']} too much"
        )


async def _until_agreed(stack: Stack, console: Console, *, since_ms: int) -> dict[str, Any]:
    """Wait until Walmart shows what M3 has, or patience ends."""
    ends, told = time.monotonic() + PATIENCE_SECONDS, 0.0
    while True:
        stack.check()
        audit = await stack.simulators.stock_audit(since_ms)
        if (not audit["drift"] and not audit["unsettled"]) or time.monotonic() > ends:
            return audit
        if time.monotonic() - told > 15:
            told = time.monotonic()
            console.print(f"{audit['drift']} offers differ, {audit['pushed']} quantities sent")
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _report(
    stack: Stack,
    client: Client,
    options: InventoryOptions,
    audit: dict[str, Any],
    first_seconds: float,
) -> dict[str, Any]:
    walmart = await stack.simulators.inventory_audit()
    history = await client.get_workflow_handle(inventory_collector_id(PAIR)).describe()
    return {
        "items": options.items,
        "offers": options.items * len(NODES),
        "minutes": options.minutes,
        "first_seconds": round(first_seconds, 1),
        **audit,
        "requests": walmart["requests"],
        "throttled_429": walmart["throttled_429"],
        "feeds": len(walmart["feeds"]),
        "collector_events": history.history_length,
    }
