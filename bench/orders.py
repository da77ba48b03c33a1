"""Throughput, latency and cost of an order, beside the ceiling of the same machine."""

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import Client

from bench.noop import QUEUE, SameNumber, SameShape
from commands.demo.report import Report, make_report, order_ends
from commands.demo.stack import Ports, Stack, open_stack
from domain.names import ORDER_TO_CASH

# Each is started at once, so that the queue is never empty.
IN_FLIGHT = 100


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run of the benchmark measured."""

    orders_per_second: float
    ceiling_same_number_per_second: float
    ceiling_same_shape_per_second: float
    of_ceiling_same_number: float
    of_ceiling_same_shape: float
    latency_ms_at_five_per_second: dict[str, float]
    requests_per_order: float
    m3_requests_per_order: float
    walmart_requests_per_order: float
    history_events_per_order: float
    history_events_per_order_in_burst: float
    actions_per_order: float
    duplicates: int
    lost: int


async def measure(orders: int, seconds: int) -> Figures:
    """Measure everything on one stack."""
    with tempfile.TemporaryDirectory(prefix="m3-walmart-bench-") as folder:
        async with open_stack(
            Path(folder) / "stack", Ports.any(), poll_seconds=600, sweep_seconds=600
        ) as (stack, client):
            await stack.replace_worker([sys.executable, "-m", "bench.worker", str(stack.config)])
            await stack.simulators.tell_walmart("limits", {"scale": 1000.0})
            await stack.simulators.tell_m3(
                "warehouse", {"delay_seconds": 0.5, "invoice_delay_seconds": 0.2, "running": True}
            )
            await _place(stack, client, 20, interval=0.0, seed=1)  # warms caches and connections
            before = await _ceilings(client, orders)
            throughput, burst = await _place(stack, client, orders, interval=0.0, seed=2)
            after = await _ceilings(client, orders)
            _, paced = await _place(stack, client, 5 * seconds, interval=0.2, seed=3)
    # Measured before and after, since the server slows down as its file grows.
    same_number, same_shape = ((a + b) / 2 for a, b in zip(before, after, strict=True))
    return Figures(
        orders_per_second=round(throughput, 1),
        ceiling_same_number_per_second=round(same_number, 1),
        ceiling_same_shape_per_second=round(same_shape, 1),
        of_ceiling_same_number=round(throughput / same_number, 2),
        of_ceiling_same_shape=round(throughput / same_shape, 2),
        latency_ms_at_five_per_second=paced.latency_ms,
        requests_per_order=round(paced.m3_requests_per_order + paced.walmart_requests_per_order, 2),
        m3_requests_per_order=paced.m3_requests_per_order,
        walmart_requests_per_order=paced.walmart_requests_per_order,
        history_events_per_order=paced.history_events_per_order,
        history_events_per_order_in_burst=burst.history_events_per_order,
        actions_per_order=paced.actions_per_order,
        duplicates=paced.duplicates,
        lost=paced.lost,
    )


async def _place(
    stack: Stack, client: Client, count: int, *, interval: float, seed: int
) -> tuple[float, Report]:
    """Place 3-line orders and wait for their ends; return orders per second and the report.

    The report counts these orders alone, whatever the simulators hold besides.
    """
    audit_before = await stack.simulators.audit()
    completed = await _completed(client)
    started = time.monotonic()
    placed = await stack.simulators.tell_walmart(
        "orders", {"count": count, "mix": "plain", "seed": seed, "interval_seconds": interval}
    )
    wanted = set(placed["purchase_order_ids"])
    # The audit and the list are read once, at the end: reading them all the time would take the
    # cores the orders need.
    while await _completed(client) < completed + count:
        stack.check()
        await asyncio.sleep(0.2)
    seconds = time.monotonic() - started
    audit = await stack.simulators.audit()
    ends = [e for e in await order_ends(client, audit) if e.purchase_order_id in wanted]
    report = await make_report(client, _since(audit_before, audit, wanted), ends, seconds=seconds)
    return count / seconds, report


async def _completed(client: Client) -> int:
    query = f"WorkflowType = '{ORDER_TO_CASH}' AND ExecutionStatus = 'Completed'"
    return (await client.count_workflows(query)).count


def _since(before: dict[str, Any], after: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """Return the audit of some orders with the requests made for them."""
    requests = {
        system: {"total": after["requests"][system]["total"] - before["requests"][system]["total"]}
        for system in ("m3", "walmart")
    }
    orders = [order for order in after["orders"] if order["purchase_order_id"] in wanted]
    return {**after, "orders": orders, "requests": requests}


async def _ceilings(client: Client, count: int) -> tuple[float, float]:
    return await _ceiling(client, SameNumber, count), await _ceiling(client, SameShape, count)


async def _ceiling(client: Client, kind: type[SameNumber] | type[SameShape], count: int) -> float:
    """Return no-op workflows per second with as many in flight as orders."""
    started = time.monotonic()
    stamp = time.time_ns()
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def one(number: int) -> None:
        async with slots:
            await client.execute_workflow(
                kind.run, id=f"bench/{kind.__name__}/{stamp}/{number}", task_queue=QUEUE
            )

    await asyncio.gather(*(one(number) for number in range(count)))
    return count / (time.monotonic() - started)
