"""A worker dies in the middle of its orders, and another goes on where it was."""

from pathlib import Path

from commands.demo.stack import Ports, open_stack
from tests.end_to_end.conftest import all_right, ends_when, place


async def test_a_worker_killed_in_the_middle_of_fifty_orders_loses_and_doubles_nothing(
    tmp_path: Path,
):
    async with open_stack(tmp_path / "stack", Ports.any()) as (stack, client):
        await stack.simulators.tell_m3("warehouse", {"delay_seconds": 0.5, "running": True})
        await place(stack, 50)
        await ends_when(stack, client, lambda ends: sum(e.m3_orders for e in ends) >= 15)

        await stack.kill("worker")
        entered = (await stack.simulators.audit())["totals"]["m3_orders"]
        await stack.start_worker()
        ends = await ends_when(stack, client, all_right)

        audit = await stack.simulators.audit()

    assert 0 < entered < 50
    assert len(ends) == 50
    assert audit["totals"]["duplicates"] == 0
    assert audit["totals"]["mismatches"] == 0
    assert not any(end.lost for end in ends)
