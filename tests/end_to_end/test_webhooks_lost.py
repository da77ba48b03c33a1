"""No webhook arrives at all, and no ION message either; schedule and polling make it good."""

from pathlib import Path

from commands.demo.stack import Ports, open_stack
from tests.end_to_end.conftest import all_right, ends_when, place


async def test_orders_nobody_told_of_are_found_and_reach_their_ends(tmp_path: Path):
    async with open_stack(tmp_path / "stack", Ports.any(), poll_seconds=2, sweep_seconds=1) as (
        stack,
        client,
    ):
        await stack.simulators.tell_m3("warehouse", {"delay_seconds": 0.1, "running": True})
        await stack.simulators.tell_m3("ion", {"url": "", "style": "off"})
        await stack.simulators.tell_walmart("webhooks", {"drop": 1.0, "retry_seconds": [1]})
        await place(stack, 5, mix="plain")
        ends = await ends_when(stack, client, all_right)
        log = (stack.folder / "worker.log").read_text()

    assert len(ends) == 5
    repaired = [end for end in ends if end.purchase_order_id in log.split("repaired", 1)[1]]
    assert len(repaired) == 5
