"""An answer or a cancellation that meets a step under way: carried out once, and nothing else."""

from contextlib import suppress
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from activities.order_changes import SettledOrder
from activities.take_back import TakenBack
from domain.attention import Finding, Happening, Severity
from domain.cancellations import CanceledUnits, CancellationReason
from domain.errors import Rejected, Unavailable
from domain.orders import DeliveryReport, LineQuantity, OrderUpdate, Stage
from tests.order_fakes import LINES, FakeOrderActivities, facts, policy
from tests.order_runs import Order, report_all, started, waiting_for, waiting_until
from workflows.orders import OrderToCash

OUT = Unavailable("M3", "OIS100MI/AddBatchHead", reason="503")
REFUSED = Rejected("M3", "OIS100MI/Confirm", code="1", message="no")
REJECT = {"by": "ann", "reason": "r", "cancellation_reason": "SELLER_CANCEL_PRICING_ERROR"}
PICKED = TakenBack(
    m3_order_numbers=("0010000001",), shipped=(LineQuantity(line_number="1", quantity=2),)
)


async def ended(order: Order) -> WorkflowExecutionStatus | None:
    """How an order ended, whether canceled or not."""
    with suppress(WorkflowFailureError):
        await order.result()
    return (await order.describe()).status


async def pending(order: Order) -> list[str]:
    description = (await order.describe()).raw_description
    return [each.activity_type.name for each in description.pending_activities]


async def test_retry_while_an_order_is_taken_back_goes_on_taking_it_back(skipping):
    fake = FakeOrderActivities(failing={"take_back_m3_order": [OUT]})

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls)
        await order.cancel()
        await waiting_for(order, OUT.cause, skipping)
        await order.execute_update("retry", {"by": "ann"})
        fake.failing.clear()
        status = await ended(order)
        summary = await order.query(OrderToCash.status)

    assert status is WorkflowExecutionStatus.CANCELED
    assert summary.stage is Stage.TAKEN_BACK
    assert summary.attention == ()


async def test_a_write_that_is_tried_again_ends_before_the_order_is_taken_back(skipping):
    fake = FakeOrderActivities(failing={"add_head": [OUT], "take_back_m3_order": [OUT]})

    async with started(skipping, fake) as order:
        await waiting_for(order, OUT.cause, skipping)
        await order.cancel()
        await waiting_until(order, lambda: "take_back_m3_order" in fake.calls, skipping)
        left = await pending(order)
        fake.failing.clear()
        await ended(order)

    assert left == ["take_back_m3_order"]


@pytest.mark.parametrize("step", ["add_head", "add_lines", "confirm_m3_order"])
async def test_a_correction_while_a_step_is_tried_again_is_entered(skipping, step: str):
    fake = FakeOrderActivities(failing={step: [OUT]})

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: any(call.startswith(step) for call in fake.calls))
        await order.execute_update("correct_address", {"by": "ann", "address": {"city": "X"}})
        fake.failing.clear()
        await report_all(order, fake, "1")
        await order.result()

    corrected = fake.calls.index("keep_address")
    assert "take_back_m3_order" in fake.calls[corrected:]
    assert "draft_m3_order" in fake.calls[corrected:]
    assert fake.calls.count("reserve_stock 0010000001") == 1


@pytest.mark.parametrize("step", ["add_head", "add_lines", "confirm_m3_order"])
async def test_an_order_taken_over_while_a_step_is_tried_again_is_the_only_one(skipping, step: str):
    fake = FakeOrderActivities(failing={step: [OUT]})

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: any(call.startswith(step) for call in fake.calls))
        await order.execute_update("take_over", {"by": "ann", "m3_order_number": "0010009999"})
        fake.failing.clear()
        await report_all(order, fake, "1")
        summary = await order.result()

    assert summary.m3_order_number == "0010009999"
    assert "take_back_m3_order but 0010009999" in fake.calls
    assert "reserve_stock 0010009999" in fake.calls


async def test_our_own_order_that_is_picked_beside_the_one_taken_over_is_shown(skipping):
    fake = FakeOrderActivities(failing={"confirm_m3_order": [REFUSED]}, taken=PICKED)

    async with started(skipping, fake) as order:
        await waiting_for(order, "M3_REJECTED")
        await order.execute_update("take_over", {"by": "ann", "m3_order_number": "0010009999"})
        shown = await waiting_for(order, "SHIPPED_TWICE")
        await report_all(order, fake, "1")
        await waiting_until(order, lambda: "find_invoices" in fake.calls)
        await order.execute_update("approve", {"by": "ann"})
        summary = await order.result()

    assert "0010000001" in shown.sentence
    assert "0010009999" in shown.sentence
    assert summary.stage is Stage.COMPLETED


async def test_a_canceled_workflow_whose_order_is_picked_waits_until_it_was_seen(skipping):
    fake = FakeOrderActivities(taken=PICKED)

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls)
        await order.cancel()
        shown = await waiting_for(order, "CANCELED_HALF_WAY")
        await order.execute_update("approve", {"by": "ann"})
        status = await ended(order)

    assert "2 of line 1" in shown.sentence
    assert status is WorkflowExecutionStatus.CANCELED


async def test_fraud_after_shipment_is_shown_although_another_line_was_canceled_before(skipping):
    rest = facts(lines=LINES[1:])
    by_us = CanceledUnits(line_number="1", quantity=2, reason=CancellationReason.PRICING_ERROR)
    fake = FakeOrderActivities(
        settled=[
            SettledOrder(facts=rest, canceled=(by_us,), canceled_at_walmart=2),
            SettledOrder(facts=rest, canceled_at_walmart=2),
        ],
        deliveries={"1": (LineQuantity(line_number="2", quantity=1),)},
    )

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls)
        await order.execute_update("change_line", {**REJECT, "line_number": "1", "quantity": 0})
        await order.signal(OrderToCash.delivery_reported, DeliveryReport(delivery_number="1"))
        await waiting_until(order, lambda: "confirm_shipment 1" in fake.calls)
        await order.signal(
            OrderToCash.order_update_reported,
            OrderUpdate(event_id="f", sub_event_type="FRAUD_CANCEL"),
        )
        await waiting_for(order, "CANCELED_AFTER_SHIPMENT")


async def test_what_was_seen_to_is_not_shown_again_with_each_part_of_it(skipping):
    whole = (LineQuantity(line_number="1", quantity=2), LineQuantity(line_number="2", quantity=1))
    canceled = SettledOrder(facts=facts(), surplus=whole, canceled_at_walmart=3)
    fake = FakeOrderActivities(
        settled=[canceled], deliveries={"1": whole[:1], "2": whole[1:]}, surplus=whole[1:]
    )

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls)
        await order.signal(
            OrderToCash.order_update_reported,
            OrderUpdate(event_id="f", sub_event_type="PO_LINE_AUTOCANCELLED"),
        )
        await waiting_for(order, "CANCELED_AFTER_SHIPMENT")
        await order.execute_update("approve", {"by": "ann"})
        await report_all(order, fake, "1", "2")
        summary = await order.result()
        timeline = await order.query(OrderToCash.timeline)

    assert summary.stage is Stage.COMPLETED
    assert [e.event for e in timeline].count("attention_needed") == 1


async def test_the_end_of_a_case_is_told_although_its_beginning_took_long_to_tell(skipping):
    fake = FakeOrderActivities(failing={"confirm_m3_order": [REFUSED], "report_attention": [OUT]})

    async with started(skipping, fake) as order:
        await waiting_for(order, "M3_REJECTED")
        await order.cancel()
        await waiting_until(order, lambda: "take_back_m3_order" in fake.calls, skipping)
        fake.failing.pop("report_attention")
        await ended(order)

    assert [told.happening for told in fake.told][-1] is Happening.CLOSED


async def test_reminders_go_on_after_one_took_longer_to_tell_than_the_time_between_them(skipping):
    fake = FakeOrderActivities(
        policy=policy(remind_seconds=600.0),
        failing={"find_invoices": [REFUSED], "report_attention": [OUT]},
    )

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1")
        await waiting_for(order, "M3_REJECTED", skipping)
        await skipping.sleep(timedelta(hours=2))
        fake.failing.pop("report_attention")
        await skipping.sleep(timedelta(hours=1))
        fake.failing.clear()
        summary = await order.result()

    assert summary.stage is Stage.COMPLETED
    assert Happening.REMINDED in [told.happening for told in fake.told]


async def test_a_late_acknowledgement_that_succeeds_later_is_not_shown_any_more(skipping):
    blocked = Finding(code="UNKNOWN_SKU", severity=Severity.BLOCK, sentence="s")
    out = Unavailable("Walmart", "acknowledge", reason="503")
    fake = FakeOrderActivities(findings=(blocked,), failing={"acknowledge_walmart_order": [out]})

    async with started(skipping, fake) as order:
        await waiting_for(order, out.cause, skipping)
        fake.failing.clear()
        await order.signal(
            OrderToCash.order_update_reported,
            OrderUpdate(event_id="f", sub_event_type="INTENT_TO_CANCEL"),
        )
        await skipping.sleep(timedelta(hours=1))
        fake.findings = ()
        await report_all(order, fake, "1")
        summary = await order.result()

    assert summary.acknowledged
    assert summary.attention == ()


async def test_retry_is_taken_although_an_answer_waits_to_be_carried_out(skipping):
    fake = FakeOrderActivities(
        failing={"confirm_m3_order": [REFUSED], "take_back_m3_order": [REFUSED]},
        settled=[SettledOrder(facts=facts(lines=(), skip_reason="cancelled"))],
    )

    async with started(skipping, fake) as order:
        await waiting_for(order, "M3_REJECTED")
        await order.execute_update("reject", REJECT)
        await waiting_until(order, lambda: "take_back_m3_order" in fake.calls)
        await waiting_for(order, "M3_REJECTED")
        await order.execute_update("reject", REJECT)
        fake.failing.clear()
        await order.execute_update("retry", {"by": "bob"})
        summary = await order.result()

    assert summary.stage is Stage.SKIPPED
