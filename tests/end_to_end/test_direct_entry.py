"""A pair that enters orders directly, for a customer of their own per buyer."""

from pathlib import Path

from commands.demo.stack import Ports, open_stack
from tests.end_to_end.conftest import all_right, ends_when, place

DIRECT = """\
order_entry = "direct"
customer_strategy = "per_buyer"
customer_template = "TMPLWM"
"""


async def test_orders_entered_directly_reach_their_right_ends(tmp_path: Path):
    async with open_stack(tmp_path / "stack", Ports.any(), m3=DIRECT) as (stack, client):
        await stack.simulators.tell_m3("warehouse", {"delay_seconds": 0.5, "running": True})
        await place(stack, 12)
        ends = await ends_when(stack, client, all_right)
        audit = await stack.simulators.audit()

    assert len(ends) == 12
    assert audit["totals"]["duplicates"] == 0
    assert [order["problems"] for order in audit["orders"] if order["problems"]] == []


async def test_they_do_where_answers_are_lost_after_the_write(tmp_path: Path):
    async with open_stack(tmp_path / "stack", Ports.any(), m3=DIRECT) as (stack, client):
        await stack.simulators.tell_m3("warehouse", {"delay_seconds": 0.5, "running": True})
        lost = {"share": 0.2, "seed": 5, "kinds": ["lost_answer"]}
        await stack.simulators.tell_m3("faults", lost)
        await stack.simulators.tell_walmart("faults", lost)
        await place(stack, 12)
        ends = await ends_when(stack, client, all_right)
        audit = await stack.simulators.audit()

    assert len(ends) == 12
    assert audit["totals"]["duplicates"] == 0
    assert [order["problems"] for order in audit["orders"] if order["problems"]] == []
