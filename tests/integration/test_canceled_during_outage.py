"""What is told of an order while one of its looks at M3 or Walmart gets no answer."""

import pytest

from domain.errors import Unavailable
from domain.orders import OrderHead, OrderUpdate, Stage
from tests.order_fakes import FakeOrderActivities, facts
from tests.order_runs import report_all, started, waiting_for
from workflows.orders import OrderToCash

OUT = {
    "fetch_walmart_order": Unavailable("Walmart", "get_order", reason="503"),
    "review_order": Unavailable("M3", "LstLine", reason="503"),
    "find_invoices": Unavailable("M3", "LstInvHeadByCo", reason="503"),
}


@pytest.mark.parametrize("look", OUT)
async def test_a_cancellation_told_while_a_look_gets_no_answer_is_settled(skipping, look: str):
    out = OUT[look]
    fake = FakeOrderActivities(failing={look: [out]})

    async with started(skipping, fake) as order:
        if look == "find_invoices":
            await report_all(order, fake, "1")
        await waiting_for(order, out.cause, skipping)
        await order.signal(
            OrderToCash.order_update_reported,
            OrderUpdate(event_id="event-1", sub_event_type="INTENT_TO_CANCEL"),
        )
        fake.failing.clear()
        await report_all(order, fake, "1")
        summary = await order.result()

    assert summary.stage is Stage.COMPLETED
    assert summary.attention == ()
    assert "cancel_walmart_lines" in [call.removesuffix(" before entry") for call in fake.calls]


async def test_a_cancellation_told_of_an_order_that_shipped_without_m3_is_overtaken(skipping):
    out = Unavailable("M3", "SearchHead", reason="503")
    fake = FakeOrderActivities(failing={"find_m3_order": [out]})
    fake.facts = facts(fully_shipped=True)
    fake.known_to_m3 = OrderHead(m3_order_number="0010000001")

    async with started(skipping, fake) as order:
        await waiting_for(order, out.cause, skipping)
        await order.signal(
            OrderToCash.order_update_reported,
            OrderUpdate(event_id="event-1", sub_event_type="INTENT_TO_CANCEL"),
        )
        fake.failing.clear()
        summary = await order.result()

    assert summary.stage is Stage.ALREADY_DONE
