"""workflows/orders.py with fake activities: what happens in which order, and what waits."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from domain.errors import InvalidOrder, Rejected, Unavailable
from domain.orders import (
    CustomerStrategy,
    DeliveryReport,
    LateAcknowledgement,
    LineQuantity,
    OrderEntry,
    OrderHead,
    OrderSummary,
    OrderUpdate,
    Stage,
)
from tests.order_fakes import FakeOrderActivities, Healed, facts, policy
from tests.order_runs import report_all, started, waiting_for, waiting_until
from workflows.orders import OrderToCash

Order = WorkflowHandle[OrderToCash, OrderSummary]

UNKNOWN_SKU = InvalidOrder(
    "1796277083022", cause="UNKNOWN_SKU", reason="M3 has no item", mend="add the alias"
)
M3_OUT = Unavailable("M3", "OIS100MI/AddBatchHead", reason="HTTP 503")

IN_M3 = [
    "fetch_walmart_order",
    "draft_m3_order",
    "add_head WALMART",
    "add_lines T000000001",
    "confirm_m3_order T000000001",
]


async def test_an_order_is_entered_acknowledged_reserved_shipped_and_invoiced(skipping):
    fake = FakeOrderActivities()

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1")
        summary = await order.result()

    assert fake.calls[:5] == IN_M3
    assert sorted(fake.calls[5:7]) == ["acknowledge_walmart_order", "reserve_stock 0010000001"]
    assert fake.calls[7:] == ["confirm_shipment 1", "find_invoices"]
    assert summary.stage is Stage.COMPLETED
    assert summary.m3_order_number == "0010000001"
    assert [s.tracking_numbers for s in summary.shipments] == [("TRACK-1",)]
    assert [i.invoice_number for i in summary.invoices] == ["600000001"]


async def test_an_order_that_others_fulfill_is_skipped_with_the_reason(skipping):
    fake = FakeOrderActivities(facts=facts(skip_reason="fulfilled by Walmart (WFSFulfilled)"))

    async with started(skipping, fake) as order:
        summary = await order.result()

    assert summary.stage is Stage.SKIPPED
    assert summary.skip_reason == "fulfilled by Walmart (WFSFulfilled)"
    assert fake.calls == ["fetch_walmart_order"]


async def test_an_order_that_shipped_in_an_earlier_run_is_recognized(skipping):
    fake = FakeOrderActivities(
        facts=facts(fully_shipped=True),
        known_to_m3=OrderHead(m3_order_number="0010000001", found=True),
    )

    async with started(skipping, fake) as order:
        summary = await order.result()

    assert summary.stage is Stage.ALREADY_DONE
    assert summary.m3_order_number == "0010000001"
    assert fake.calls == ["fetch_walmart_order", "find_m3_order"]


async def test_a_shipped_order_that_m3_does_not_know_waits_for_a_person(skipping):
    fake = FakeOrderActivities(facts=facts(fully_shipped=True))

    async with started(skipping, fake) as order:
        await waiting_for(order, "SHIPPED_WITHOUT_M3_ORDER")
        fake.known_to_m3 = OrderHead(m3_order_number="0010000009", found=True)
        await order.signal("retry")
        summary = await order.result()

    assert summary.stage is Stage.ALREADY_DONE
    assert "add_head WALMART" not in fake.calls


async def test_an_order_m3_already_has_gets_no_lines_and_no_second_confirmation(skipping):
    fake = FakeOrderActivities(
        head=OrderHead(batch_order_number="T000000001", m3_order_number="0010000001", found=True)
    )

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1")
        await order.result()

    assert not [call for call in fake.calls if call.startswith(("add_lines", "confirm_m3"))]


async def test_direct_entry_adds_lines_to_the_order_it_finds_and_confirms_nothing(skipping):
    fake = FakeOrderActivities(
        policy=policy(order_entry=OrderEntry.DIRECT, customer_strategy=CustomerStrategy.PER_BUYER),
        head=OrderHead(m3_order_number="0010000001", found=True),
    )

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1")
        await order.result()

    assert fake.calls[2:5] == ["find_or_create_customer", "add_head B1", "add_lines 0010000001"]
    assert not [call for call in fake.calls if call.startswith("confirm_m3")]


async def test_deliveries_are_confirmed_one_by_one_until_every_unit_has_left(skipping):
    part = (LineQuantity(line_number="1", quantity=1),)
    rest = (
        LineQuantity(line_number="1", quantity=1),
        LineQuantity(line_number="2", quantity=1),
    )
    fake = FakeOrderActivities(deliveries={"1": part, "2": rest})

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1", "2")
        summary = await order.result()

    assert [s.delivery_number for s in summary.shipments] == ["1", "2"]


async def test_a_delivery_reported_twice_is_confirmed_once(skipping):
    part = (LineQuantity(line_number="1", quantity=1),)
    fake = FakeOrderActivities(deliveries={"1": part, "2": FakeOrderActivities().deliveries["1"]})

    async with started(skipping, fake) as order:
        for message in ("m1", "m1", "m2"):
            report = DeliveryReport(delivery_number="1", message_id=message)
            await order.signal(OrderToCash.delivery_reported, report)
        await report_all(order, fake, "1", "2")
        await order.result()

    assert fake.calls.count("confirm_shipment 1") == 1


async def test_messages_that_come_before_the_order_is_in_m3_are_kept(skipping):
    fake = FakeOrderActivities(failing={"add_head": [M3_OUT, M3_OUT, Healed()]})

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1")
        update = OrderUpdate(event_id="e1", sub_event_type="PO_CREATED")
        await order.signal(OrderToCash.order_update_reported, update)
        summary = await order.result()
        events = [entry.event for entry in await order.query(OrderToCash.timeline)]

    assert summary.stage is Stage.COMPLETED
    assert "order_update_reported" in events


async def test_m3_is_asked_for_deliveries_when_no_message_comes(skipping):
    fake = FakeOrderActivities(shipped_in_m3=("1",), invoiced=["1"])

    async with started(skipping, fake) as order:
        summary = await order.result()

    assert fake.calls.count("review_order") == 1
    assert summary.stage is Stage.COMPLETED


async def test_an_order_that_waits_for_long_goes_on_in_new_runs(skipping):
    fake = FakeOrderActivities(policy=policy(delivery_poll_seconds=600.0))

    async with started(skipping, fake) as order:
        first = (await order.describe()).run_id
        for _ in range(4):  # one call of the server may not last as long as all of it
            await skipping.sleep(timedelta(days=2))
        await report_all(order, fake, "1")
        # Asked for its result, the test server loses now and then a run that goes on as a new one.
        newest = skipping.client.get_workflow_handle_for(OrderToCash.run, order.id)
        while (latest := await newest.describe()).status is WorkflowExecutionStatus.RUNNING:
            await skipping.sleep(timedelta(minutes=1))
        summary = await newest.query(OrderToCash.status)

    assert latest.run_id != first
    assert summary.stage is Stage.COMPLETED
    assert fake.calls.count("fetch_walmart_order") == 1
    assert fake.calls.count("add_head WALMART") == 1


async def test_what_could_not_be_allocated_is_recorded(skipping):
    fake = FakeOrderActivities(allocated={"1": 1})

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1")
        summary = await order.result()

    assert summary.unallocated == (LineQuantity(line_number="1", quantity=1),)


async def test_a_refused_order_waits_says_what_it_needs_and_goes_on_after_retry(skipping):
    fake = FakeOrderActivities(failing={"draft_m3_order": [UNKNOWN_SKU]})

    async with started(skipping, fake) as order:
        attention = await waiting_for(order, "UNKNOWN_SKU")
        fake.failing.clear()
        await order.signal("retry")
        await report_all(order, fake, "1")
        summary = await order.result()

    assert attention.step == "draft_m3_order"
    assert "M3 has no item" in attention.sentence
    assert attention.mend == "add the alias"
    assert summary.stage is Stage.COMPLETED
    assert summary.attention == ()


async def test_an_order_canceled_at_walmart_while_it_waits_is_not_entered(skipping):
    fake = FakeOrderActivities(failing={"draft_m3_order": [UNKNOWN_SKU]})

    async with started(skipping, fake) as order:
        await waiting_for(order, "UNKNOWN_SKU")
        fake.failing.clear()
        fake.facts = facts(skip_reason="cancelled", lines=())
        await order.signal("retry")
        summary = await order.result()

    assert summary.stage is Stage.SKIPPED
    assert "add_head WALMART" not in fake.calls


async def test_an_order_a_person_enters_in_m3_while_it_waits_goes_on_from_there(skipping):
    fake = FakeOrderActivities(failing={"draft_m3_order": [UNKNOWN_SKU]})

    async with started(skipping, fake) as order:
        await waiting_for(order, "UNKNOWN_SKU")
        fake.failing.clear()
        fake.entered_by_hand = "0010000077"
        await order.signal("retry")
        await report_all(order, fake, "1")
        summary = await order.result()

    assert summary.m3_order_number == "0010000077"
    assert summary.stage is Stage.COMPLETED
    assert "add_head WALMART" not in fake.calls
    assert "reserve_stock 0010000077" in fake.calls


async def test_a_retry_that_fails_again_waits_again(skipping):
    refused = Rejected("M3", "OIS100MI/AddBatchHead", code="WCU0203", message="customer blocked")
    fake = FakeOrderActivities(failing={"add_head": [refused]})

    async with started(skipping, fake) as order:
        await waiting_for(order, "M3_REJECTED")
        await order.signal("retry")
        await waiting_until(order, lambda: fake.calls.count("add_head WALMART") == 2)
        attention = await waiting_for(order, "M3_REJECTED")

    assert attention.step == "add_head"


async def test_a_system_that_is_out_shows_after_a_while_and_heals_by_itself(skipping):
    fake = FakeOrderActivities(failing={"add_head": [M3_OUT]})

    async with started(skipping, fake) as order:
        await skipping.sleep(timedelta(minutes=20))
        shown = (await order.query(OrderToCash.status)).attention
        fake.failing.clear()
        await report_all(order, fake, "1")
        summary = await order.result()

    assert [attention.cause for attention in shown] == ["M3_UNAVAILABLE"]
    assert summary.attention == ()
    assert summary.stage is Stage.COMPLETED


async def test_an_order_is_acknowledged_in_time_while_m3_is_out(skipping):
    fake = FakeOrderActivities(failing={"add_head": [M3_OUT]})

    async with started(skipping, fake) as order:
        placed = await skipping.get_current_time()
        await waiting_until(order, lambda: "acknowledge_walmart_order" in fake.calls, skipping)
        took = await skipping.get_current_time() - placed
        fake.failing.clear()
        await report_all(order, fake, "1")
        await order.result()

    assert timedelta(hours=3) < took < timedelta(hours=4)
    assert fake.calls.count("acknowledge_walmart_order") == 1


async def test_an_order_that_waits_for_a_person_is_acknowledged_in_time_too(skipping):
    fake = FakeOrderActivities(failing={"draft_m3_order": [UNKNOWN_SKU]})

    async with started(skipping, fake) as order:
        await skipping.sleep(timedelta(hours=4))
        status = await order.query(OrderToCash.status)

    assert status.acknowledged
    assert [attention.cause for attention in status.attention] == ["UNKNOWN_SKU"]


async def test_where_the_rule_is_to_wait_a_late_acknowledgement_only_alerts(skipping):
    fake = FakeOrderActivities(
        policy=policy(late_acknowledgement=LateAcknowledgement.WAIT),
        failing={"draft_m3_order": [UNKNOWN_SKU]},
    )

    async with started(skipping, fake) as order:
        await skipping.sleep(timedelta(hours=4))
        causes = [a.cause for a in (await order.query(OrderToCash.status)).attention]
        fake.failing.clear()
        await order.signal("retry")
        await report_all(order, fake, "1")
        summary = await order.result()

    assert "acknowledge_walmart_order" not in fake.calls[: fake.calls.index("add_head WALMART")]
    assert sorted(causes) == ["ACKNOWLEDGEMENT_LATE", "UNKNOWN_SKU"]
    assert summary.attention == ()


@pytest.mark.parametrize("step", ["fetch_walmart_order", "add_lines", "reserve_stock"])
async def test_a_bug_in_a_step_is_tried_again_until_it_is_mended(skipping, step):
    fake = FakeOrderActivities(failing={step: [ValueError("a bug"), Healed()]})

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1")
        summary = await order.result()

    assert summary.stage is Stage.COMPLETED
