"""Temporal and the ledger have forgotten an order; M3 and Walmart have not."""

from pathlib import Path

from activities.starts import Source, start_order
from commands.demo.stack import PAIR, Ports, open_stack
from domain.names import order_workflow_id
from domain.orders import OrderRef, OrderSummary, Stage
from tests.end_to_end.conftest import all_right, ends_when, place


async def test_a_second_run_of_a_finished_order_is_recognized_and_changes_nothing(tmp_path: Path):
    async with open_stack(tmp_path / "stack", Ports.any()) as (stack, client):
        await stack.simulators.tell_m3("warehouse", {"delay_seconds": 0.1, "running": True})
        await place(stack, 3, mix="plain")
        ends = await ends_when(stack, client, all_right)
        before = await stack.simulators.audit()

        for part in ("worker", "starter", "temporal"):  # who have the files open
            await stack.kill(part)
        for forgotten in (*stack.folder.glob("temporal.db*"), *stack.folder.glob("ledger.db*")):
            forgotten.unlink()
        client = await stack.start_temporal()
        await stack.start_worker()
        await stack.start_starter()
        refs = [OrderRef(pair=PAIR, purchase_order_id=end.purchase_order_id) for end in ends]
        for ref in refs:
            await start_order(client, ref, Source.COMMAND)
        summaries = [
            await client.get_workflow_handle(
                order_workflow_id(ref.pair, ref.purchase_order_id), result_type=OrderSummary
            ).result()
            for ref in refs
        ]
        after = await stack.simulators.audit()

    assert [summary.stage for summary in summaries] == [Stage.ALREADY_DONE] * 3
    assert all(summary.m3_order_number for summary in summaries)
    assert after["orders"] == before["orders"]
    assert after["totals"] == before["totals"]
