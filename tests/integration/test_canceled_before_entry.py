"""What is told of an order that is just being canceled before it reached M3."""

from domain.errors import Unavailable
from domain.orders import OrderLine, OrderUpdate, Stage
from tests.order_fakes import LINES, FakeOrderActivities, Healed, facts
from tests.order_runs import started, waiting_until
from workflows.orders import OrderToCash

ASKED = tuple(
    OrderLine(line_number=x.line_number, sku=x.sku, quantity=x.quantity, cancel_requested=True)
    for x in LINES
)
NOTHING_LEFT = facts(lines=(), skip_reason="cancelled")


async def test_a_cancellation_told_while_it_is_being_carried_out_before_entry_never_reaches_m3(
    skipping,
):
    out = Unavailable("Walmart", "cancel_lines", reason="503")
    fake = FakeOrderActivities(
        facts=facts(lines=ASKED), failing={"cancel_walmart_lines": [*[out] * 5, Healed()]}
    )

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "cancel_walmart_lines before entry" in fake.calls)
        await order.signal(
            OrderToCash.order_update_reported,
            OrderUpdate(event_id="event-1", sub_event_type="INTENT_TO_CANCEL"),
        )
        fake.facts = NOTHING_LEFT
        summary = await order.result()

    assert summary.stage is Stage.SKIPPED
    assert summary.attention == ()
    assert [call for call in fake.calls if "m3_order" in call] == []
