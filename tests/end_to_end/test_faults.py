"""One story, told twice: orders arrive and are fulfilled, then the same with a fifth failing."""

from pathlib import Path

from commands.demo.run import DemoOptions, set_the_scene
from commands.demo.stack import Ports, open_stack
from tests.end_to_end.conftest import all_right, ends_when, place


async def test_mixed_orders_reach_their_right_ends(tmp_path: Path):
    async with open_stack(tmp_path / "stack", Ports.any()) as (stack, client):
        await set_the_scene(stack, DemoOptions())
        await place(stack, 25)
        ends = await ends_when(stack, client, all_right)
        audit = await stack.simulators.audit()

    assert {end.expected for end in ends} == {"invoiced", "skipped", "needs_attention"}
    assert [order["problems"] for order in audit["orders"] if order["problems"]] == []


async def test_they_do_where_a_fifth_of_the_calls_fail_and_webhooks_double_and_vanish(
    tmp_path: Path,
):
    async with open_stack(tmp_path / "stack", Ports.any()) as (stack, client):
        await set_the_scene(stack, DemoOptions(faults=0.2, seed=7))
        await place(stack, 25)
        ends = await ends_when(stack, client, all_right)
        audit = await stack.simulators.audit()

    assert {end.expected for end in ends} == {"invoiced", "skipped", "needs_attention"}
    assert [order["problems"] for order in audit["orders"] if order["problems"]] == []
    assert audit["totals"]["duplicates"] == 0
