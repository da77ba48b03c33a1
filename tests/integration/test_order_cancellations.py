"""Cancellations and changes on either side, with fake activities: what happens in which order."""

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from activities.order_changes import SettledOrder
from domain.cancellations import CanceledUnits, CancellationReason
from domain.errors import Rejected, Unavailable
from domain.orders import LineQuantity, OrderLine, OrderUpdate, Stage
from tests.integration.test_order_answers import answer, timeline
from tests.order_fakes import LINES, FakeOrderActivities, facts
from tests.order_runs import report_all, started, waiting_for, waiting_until
from workflows.orders import OrderToCash

NOTHING_LEFT = facts(lines=(), skip_reason="cancelled")
FIRST_LINE = CanceledUnits(line_number="1", quantity=2, reason=CancellationReason.BUYER_ASKED)
SECOND_LINE_ONLY = facts(lines=LINES[1:])
SECOND_LINE = (LineQuantity(line_number="2", quantity=1),)


def event(kind: str, number: int = 1) -> OrderUpdate:
    return OrderUpdate(event_id=f"event-{number}", sub_event_type=kind)


async def test_an_order_the_buyer_wants_canceled_before_entry_never_reaches_m3(skipping):
    asked = tuple(
        OrderLine(line_number=x.line_number, sku=x.sku, quantity=x.quantity, cancel_requested=True)
        for x in LINES
    )
    settled = SettledOrder(facts=NOTHING_LEFT, canceled=(FIRST_LINE,), canceled_at_walmart=3)
    fake = FakeOrderActivities(facts=facts(lines=asked), settled=[settled])

    async with started(skipping, fake) as order:
        summary = await order.result()

    assert summary.stage is Stage.CANCELED
    assert fake.calls == ["fetch_walmart_order", "cancel_walmart_lines before entry"]


async def test_an_order_canceled_after_entry_is_taken_out_of_m3_then_told_to_walmart(skipping):
    fake = FakeOrderActivities(settled=[SettledOrder(facts=NOTHING_LEFT, canceled=(FIRST_LINE,))])

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls)
        await order.signal(OrderToCash.order_update_reported, event("INTENT_TO_CANCEL"))
        summary = await order.result()

    assert fake.calls[-2:] == ["reduce_m3_order 0010000001", "cancel_walmart_lines"]
    assert summary.stage is Stage.CANCELED
    assert summary.canceled == (FIRST_LINE,)


async def test_the_rest_of_an_order_ships_after_a_line_was_canceled(skipping):
    fake = FakeOrderActivities(
        deliveries={"1": SECOND_LINE},
        settled=[SettledOrder(facts=SECOND_LINE_ONLY, canceled=(FIRST_LINE,))],
    )

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls)
        await order.signal(OrderToCash.order_update_reported, event("INTENT_TO_CANCEL"))
        await report_all(order, fake, "1")
        summary = await order.result()

    assert summary.stage is Stage.COMPLETED
    assert summary.shipments[0].lines == SECOND_LINE


async def test_a_repeated_cancellation_event_is_looked_at_once(skipping):
    fake = FakeOrderActivities()

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls)
        for _ in range(3):
            await order.signal(OrderToCash.order_update_reported, event("INTENT_TO_CANCEL"))
        await waiting_until(order, lambda: "cancel_walmart_lines" in fake.calls)
        await report_all(order, fake, "1")
        await order.result()

    assert fake.calls.count("cancel_walmart_lines") == 1


async def test_a_canceled_order_whose_batch_order_m3_stopped_is_taken_back(skipping):
    refused = Rejected("M3", "OIS100MI/Confirm", code="X", message="stopped")
    fake = FakeOrderActivities(
        failing={"confirm_m3_order": [refused]}, settled=[SettledOrder(facts=NOTHING_LEFT)]
    )

    async with started(skipping, fake) as order:
        await waiting_for(order, "M3_REJECTED")
        await order.signal(OrderToCash.order_update_reported, event("FRAUD_CANCEL"))
        summary = await order.result()

    assert "take_back_m3_order" in fake.calls
    assert summary.attention == ()
    assert summary.m3_order_number == ""


async def test_units_m3_has_given_up_wait_for_a_reason_while_the_rest_ships(skipping):
    fake = FakeOrderActivities(
        deliveries={"1": SECOND_LINE},
        gone_from_m3={"1": 2},
        settled=[
            SettledOrder(facts=facts(), unexplained=(LineQuantity(line_number="1", quantity=2),)),
            SettledOrder(facts=SECOND_LINE_ONLY, canceled=(FIRST_LINE,)),
        ],
    )

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "review_order" in fake.calls, skipping)
        attention = await waiting_for(order, "CANCELLATION_REASON_NEEDED")
        await answer(
            order,
            "change_line",
            by="ann",
            reason="broken",
            line_number="1",
            quantity=0,
            cancellation_reason="SELLER_CANCEL_OUT_OF_STOCK",
        )
        await report_all(order, fake, "1")
        summary = await order.result()

    assert "2 of line 1" in attention.sentence
    assert not attention.blocks
    assert summary.stage is Stage.COMPLETED


@pytest.mark.parametrize("kind", ["FRAUD_CANCEL", "PO_LINE_AUTOCANCELLED"])
async def test_a_cancellation_by_walmart_after_shipment_is_shown_until_it_is_seen(skipping, kind):
    fake = FakeOrderActivities()

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1")
        fake.invoiced = []
        await waiting_until(order, lambda: "confirm_shipment 1" in fake.calls)
        await order.signal(OrderToCash.order_update_reported, event(kind))
        await waiting_for(order, "CANCELED_AFTER_SHIPMENT")
        fake.invoiced = ["1"]
        await waiting_until(order, lambda: fake.calls[-1] == "find_invoices", skipping)
        still_open = (await order.describe()).status
        await answer(order, "approve", by="ann", reason="parcel called back")
        summary = await order.result()

    assert still_open is WorkflowExecutionStatus.RUNNING
    assert summary.stage is Stage.COMPLETED


async def test_goods_that_ship_although_walmart_has_canceled_them_are_shown(skipping):
    fake = FakeOrderActivities(
        surplus=(LineQuantity(line_number="1", quantity=2),),
        settled=[SettledOrder(facts=SECOND_LINE_ONLY)],
    )

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1")
        attention = await waiting_for(order, "CANCELED_AFTER_SHIPMENT")
        await answer(order, "approve", by="ann")
        await order.result()

    assert "2 of line 1" in attention.sentence


async def test_a_delivery_that_m3_has_reversed_is_forgotten_and_the_next_one_confirmed(skipping):
    fake = FakeOrderActivities()
    whole = fake.deliveries["1"]
    fake.deliveries = {"1": (), "2": whole}

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1", "2")
        fake.invoiced = ["2"]
        summary = await order.result()
        noted = await timeline(order)

    assert [shipment.delivery_number for shipment in summary.shipments] == ["2"]
    assert ("delivery_reversed", "1") in noted


async def test_an_order_canceled_from_the_web_ui_takes_back_what_m3_has(skipping):
    fake = FakeOrderActivities()

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls)
        await order.cancel()
        with pytest.raises(WorkflowFailureError):
            await order.result()
        status = (await order.describe()).status
        summary = await order.query(OrderToCash.status)

    assert fake.calls[-1] == "take_back_m3_order"
    assert "cancel_walmart_lines" not in fake.calls
    assert status is WorkflowExecutionStatus.CANCELED
    assert summary.stage is Stage.TAKEN_BACK


async def test_where_taking_back_fails_too_a_person_is_told_with_all_facts(skipping):
    picked = Rejected("M3", "OIS100MI/DelHead", code="SIM0006", message="on a picking list")
    fake = FakeOrderActivities(failing={"take_back_m3_order": [picked]})

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls)
        await order.cancel()
        attention = await waiting_for(order, "M3_REJECTED")
        fake.failing.clear()
        await answer(order, "retry", by="ann")
        with pytest.raises(WorkflowFailureError):
            await order.result()

    assert attention.step == "take_back_m3_order"


async def test_an_effect_that_is_uncertain_when_an_order_is_given_up_is_waited_for(skipping):
    out = Unavailable("M3", "OIS100MI/AddBatchHead", reason="ReadTimeout")
    fake = FakeOrderActivities(failing={"add_head": [out]})

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "add_head WALMART" in fake.calls)
        before = await skipping.get_current_time()
        await order.cancel()
        with pytest.raises(WorkflowFailureError):
            await order.result()
        took = (await skipping.get_current_time() - before).total_seconds()

    assert took >= 90
    assert fake.calls[-1] == "take_back_m3_order"
