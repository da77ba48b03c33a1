"""The Temporal server goes down in the middle of orders and comes back on its file."""

from pathlib import Path

from commands.demo.stack import Ports, open_stack
from tests.end_to_end.conftest import all_right, ends_when, place


async def test_orders_go_on_after_the_temporal_server_was_killed(tmp_path: Path):
    async with open_stack(tmp_path / "stack", Ports.any()) as (stack, client):
        await stack.simulators.tell_m3("warehouse", {"delay_seconds": 0.5, "running": True})
        # Deliveries to the starter fail while Temporal is away, and are repeated or swept.
        await stack.simulators.tell_walmart("webhooks", {"retry_seconds": [1, 2, 4]})
        await place(stack, 20)
        await ends_when(stack, client, lambda ends: sum(e.m3_orders for e in ends) >= 5)

        await stack.kill("temporal")
        client = await stack.start_temporal()
        ends = await ends_when(stack, client, all_right)

        audit = await stack.simulators.audit()

    assert len(ends) == 20
    assert audit["totals"]["duplicates"] == 0
    assert audit["totals"]["mismatches"] == 0
