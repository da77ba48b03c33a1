"""What people answer to an order that waits: by update and by signal, taken once or refused."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.order_changes import SettledOrder
from domain.attention import Finding, Severity
from domain.cancellations import CanceledUnits, CancellationReason
from domain.errors import BatchOrderStopped, InvalidOrder, Rejected
from domain.orders import Stage
from tests.order_fakes import LINES, FakeOrderActivities, facts
from tests.order_runs import Order, report_all, started, waiting_for, waiting_until
from workflows.orders import OrderToCash

GHOST = Finding(
    code="UNKNOWN_SKU",
    severity=Severity.BLOCK,
    sentence="M3 has no item for SKU TOASTER-01",
    mend="add the alias",
    line_number="2",
)
DEAR = Finding(
    code="ORDER_VALUE_ABOVE_LIMIT", severity=Severity.HOLD, sentence="it comes to 7000.00 USD"
)
CHEAP = Finding(
    code="UNIT_PRICE_BELOW_M3", severity=Severity.HOLD, sentence="line 1 costs half of M3's price"
)
CUSTOMER_BLOCKED = Rejected("M3", "OIS100MI/AddBatchHead", code="WCU0203", message="blocked")
REJECT = {
    "by": "ann",
    "reason": "sold below cost",
    "cancellation_reason": "SELLER_CANCEL_PRICING_ERROR",
}


async def answer(order: Order, name: str, **payload: Any) -> str:
    """Answer as our own command does."""
    said: str = await order.execute_update(name, payload)
    return said


async def refusal(order: Order, name: str, **payload: Any) -> str:
    """Answer, and return why it was refused."""
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await answer(order, name, **payload)
    cause = refused.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "AnswerRefused"
    return cause.message


async def timeline(order: Order) -> list[tuple[str, str]]:
    return [(entry.event, entry.detail) for entry in await order.query(OrderToCash.timeline)]


async def test_a_held_order_goes_on_once_it_is_approved(skipping):
    fake = FakeOrderActivities(findings=(DEAR,))

    async with started(skipping, fake) as order:
        attention = await waiting_for(order, "ORDER_VALUE_ABOVE_LIMIT")
        said = await answer(order, "approve", by="ann", reason="a known customer")
        await report_all(order, fake, "1")
        summary = await order.result()

    assert attention.findings == (DEAR,)
    assert said == "approved; the order goes on"
    assert summary.stage is Stage.COMPLETED
    [given] = summary.answers
    assert (given.name, given.by, given.reason) == ("approve", "ann", "a known customer")


async def test_all_findings_of_an_order_are_shown_together_and_the_gravest_names_it(skipping):
    fake = FakeOrderActivities(findings=(DEAR, GHOST, CHEAP))

    async with started(skipping, fake) as order:
        attention = await waiting_for(order, "UNKNOWN_SKU")

    assert attention.findings == (DEAR, GHOST, CHEAP)
    assert all(finding.sentence in attention.sentence for finding in (DEAR, GHOST, CHEAP))


async def test_what_blocks_an_order_cannot_be_approved(skipping):
    fake = FakeOrderActivities(findings=(DEAR, GHOST))

    async with started(skipping, fake) as order:
        await waiting_for(order, "UNKNOWN_SKU")
        said = await refusal(order, "approve", by="ann")

    assert said == "UNKNOWN_SKU can't be approved, only corrected; or reject the order"


async def test_an_approval_holds_for_what_was_seen_and_not_for_what_is_found_later(skipping):
    fake = FakeOrderActivities(findings=(DEAR,))

    async with started(skipping, fake) as order:
        await waiting_for(order, "ORDER_VALUE_ABOVE_LIMIT")
        fake.findings = (DEAR, CHEAP)
        await answer(order, "approve", by="ann")
        attention = await waiting_for(order, "UNIT_PRICE_BELOW_M3")

    assert attention.findings == (CHEAP,)
    assert "add_head WALMART" not in fake.calls


async def test_a_cause_that_was_mended_elsewhere_closes_its_case_by_itself(skipping):
    fake = FakeOrderActivities(findings=(GHOST,))

    async with started(skipping, fake) as order:
        await waiting_for(order, "UNKNOWN_SKU")
        fake.findings = ()
        await waiting_until(order, lambda: "add_head WALMART" in fake.calls, skipping)
        await report_all(order, fake, "1")
        summary = await order.result()

    assert summary.answers == ()
    assert summary.stage is Stage.COMPLETED


async def test_a_batch_order_that_someone_repairs_in_ois275_goes_on_by_itself(skipping):
    stopped = BatchOrderStopped("T000000001", status="25", messages=("Item blocked (WIT0101)",))
    fake = FakeOrderActivities(failing={"confirm_m3_order": [stopped]})

    async with started(skipping, fake) as order:
        attention = await waiting_for(order, "M3_BATCH_STATUS_25")
        fake.released = "0010000042"
        await report_all(order, fake, "1")
        summary = await order.result()

    assert "Item blocked (WIT0101)" in attention.sentence
    assert summary.m3_order_number == "0010000042"
    assert fake.calls.count("confirm_m3_order T000000001") == 1


async def test_a_rejected_order_is_canceled_at_walmart_and_never_entered(skipping):
    canceled = tuple(
        CanceledUnits(
            line_number=line.line_number,
            quantity=line.quantity,
            reason=CancellationReason.PRICING_ERROR,
        )
        for line in LINES
    )
    fake = FakeOrderActivities(
        findings=(DEAR,),
        settled=[SettledOrder(facts=facts(lines=(), skip_reason="cancelled"), canceled=canceled)],
    )

    async with started(skipping, fake) as order:
        await waiting_for(order, "ORDER_VALUE_ABOVE_LIMIT")
        await answer(order, "reject", **REJECT)
        summary = await order.result()

    assert summary.stage is Stage.CANCELED
    assert summary.canceled == canceled
    assert fake.calls[-1] == "cancel_walmart_lines before entry"
    assert "add_head WALMART" not in fake.calls


async def test_an_order_rejected_while_m3_has_part_of_it_is_taken_back_first(skipping):
    fake = FakeOrderActivities(
        failing={"add_lines": [CUSTOMER_BLOCKED]},
        settled=[SettledOrder(facts=facts(lines=(), skip_reason="cancelled"))],
    )

    async with started(skipping, fake) as order:
        await waiting_for(order, "M3_REJECTED")
        await answer(order, "reject", **REJECT)
        await order.result()

    assert fake.calls[-2:] == ["take_back_m3_order", "cancel_walmart_lines before entry"]


@pytest.mark.parametrize(
    ("name", "payload", "call"),
    [
        (
            "map_sku",
            {"sku": "TOASTER-01", "item_number": "TOAST1", "for_good": True},
            "keep_item_number TOASTER-01 TOAST1",
        ),
        ("correct_address", {"address": {"city": "Springfield"}}, "keep_address"),
    ],
)
async def test_a_correction_is_kept_and_the_order_looks_again(skipping, name, payload, call):
    fake = FakeOrderActivities(findings=(GHOST,))

    async with started(skipping, fake) as order:
        await waiting_for(order, "UNKNOWN_SKU")
        fake.findings = ()
        said = await answer(order, name, by="ann", **payload)
        await report_all(order, fake, "1")
        summary = await order.result()

    assert said == "the order looks again"
    assert call in fake.calls
    assert summary.stage is Stage.COMPLETED


async def test_a_correction_m3_does_not_know_is_refused_at_once_and_the_order_waits_on(skipping):
    no_item = InvalidOrder("1", cause="CORRECTION_REFUSED", reason="M3 has no item X", mend="look")
    fake = FakeOrderActivities(findings=(GHOST,), failing={"keep_item_number": [no_item]})

    async with started(skipping, fake) as order:
        await waiting_for(order, "UNKNOWN_SKU")
        said = await refusal(order, "map_sku", by="ann", sku="TOASTER-01", item_number="X")
        fake.failing.clear()
        await answer(order, "map_sku", by="ann", sku="TOASTER-01", item_number="TOAST1")

    assert said == "purchase order 1: M3 has no item X; look"


async def test_an_order_entered_by_hand_is_checked_taken_over_and_followed(skipping):
    fake = FakeOrderActivities(failing={"add_head": [CUSTOMER_BLOCKED]})

    async with started(skipping, fake) as order:
        await waiting_for(order, "M3_REJECTED")
        said = await answer(order, "take_over", by="ann", m3_order_number="0010000088")
        await report_all(order, fake, "1")
        summary = await order.result()

    assert said == "the order goes on with M3 order 0010000088"
    assert "take_back_m3_order but 0010000088" in fake.calls
    assert summary.m3_order_number == "0010000088"
    assert summary.attention == ()


async def test_a_step_done_by_hand_is_passed_over_with_its_reason(skipping):
    refused = Rejected("Walmart", "POST acknowledge", code="X", message="no")
    fake = FakeOrderActivities(failing={"acknowledge_walmart_order": [refused]})

    async with started(skipping, fake) as order:
        await waiting_for(order, "WALMART_REJECTED")
        step = {"step": "acknowledge_walmart_order"}
        await answer(order, "skip_step", by="ann", reason="done in Seller Center", **step)
        await report_all(order, fake, "1")
        summary = await order.result()

    assert summary.acknowledged
    assert summary.stage is Stage.COMPLETED


async def test_a_step_that_moves_money_is_never_skipped(skipping):
    no_tracking = Rejected("Walmart", "POST shipping", code="X", message="no")
    fake = FakeOrderActivities(failing={"confirm_shipment": [no_tracking]})

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1")
        await waiting_for(order, "WALMART_REJECTED")
        said = await refusal(order, "skip_step", by="ann", reason="x", step="confirm_shipment")

    assert said.startswith("confirm_shipment is never skipped")


async def test_of_two_people_who_answer_at_once_one_wins_and_the_other_is_told(skipping):
    fake = FakeOrderActivities(findings=(DEAR,))

    async with started(skipping, fake) as order:
        await waiting_for(order, "ORDER_VALUE_ABOVE_LIMIT")
        outcomes = await asyncio.gather(
            answer(order, "approve", by="ann"),
            order.execute_update("reject", REJECT | {"by": "bob"}),
            return_exceptions=True,
        )
        summary = await order.query(OrderToCash.status)

    lost = [outcome for outcome in outcomes if isinstance(outcome, WorkflowUpdateFailedError)]
    assert len(lost) == 1
    assert "answered" in str(lost[0].cause)
    assert len(summary.answers) == 1


@pytest.mark.parametrize(
    ("name", "payload", "said"),
    [
        ("approve", {}, "approve: by: Field required"),
        ("approve", {"by": "ann", "colour": "red"}, "approve: it has a key it must not have"),
        ("reject", {"by": "ann", "reason": "x", "cancellation_reason": "BAD"}, "reject: cancel"),
        ("change_line", REJECT | {"line_number": "1", "quantity": 2}, "line 1 has 2; a quantity"),
        ("change_line", REJECT | {"line_number": "9", "quantity": 0}, "the order has no open line"),
        ("map_sku", {"by": "ann", "sku": "X", "item_number": "Y"}, "the order has no SKU X"),
        ("correct_address", {"by": "ann"}, "correct_address: give address or sealed"),
        (
            "skip_step",
            {"by": "a", "reason": "x", "step": "reserve_stock"},
            "step reserve_stock does",
        ),
        (
            "reject",
            REJECT | {"cancellation_reason": "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"},
            "CUSTOMER_REQUESTED_SELLER_TO_CANCEL: the buyer has not asked",
        ),
    ],
)
async def test_an_answer_that_does_not_fit_is_refused_with_the_reason(
    skipping, name, payload, said
):
    fake = FakeOrderActivities(findings=(DEAR,))

    async with started(skipping, fake) as order:
        await waiting_for(order, "ORDER_VALUE_ABOVE_LIMIT")
        reason = await refusal(order, name, **payload)

    assert reason.startswith(said)


@pytest.mark.parametrize("payload", [None, "ann", 7, ["ann"], {"by": 7}, {"by": ""}, {"who": "a"}])
@pytest.mark.parametrize("name", ["approve", "reject", "map_sku", "take_over", "tag"])
async def test_a_signal_with_a_wrong_payload_is_noted_and_changes_nothing(skipping, name, payload):
    fake = FakeOrderActivities(findings=(DEAR,))

    async with started(skipping, fake) as order:
        await waiting_for(order, "ORDER_VALUE_ABOVE_LIMIT")
        before = await order.query(OrderToCash.status)
        await order.signal(name, payload)
        after = await order.query(OrderToCash.status)
        noted = (await timeline(order))[-1]

    assert after == before
    assert noted[0] == "answer_refused"


async def test_a_signal_with_two_arguments_is_noted_and_changes_nothing(skipping):
    fake = FakeOrderActivities(findings=(DEAR,))

    async with started(skipping, fake) as order:
        await waiting_for(order, "ORDER_VALUE_ABOVE_LIMIT")
        await order.signal("approve", args=[{"by": "ann"}, {"by": "bob"}])
        noted = (await timeline(order))[-1]
        status = await order.query(OrderToCash.status)

    assert noted == ("answer_refused", "approve takes one JSON object, not 2")
    assert [a.cause for a in status.attention] == ["ORDER_VALUE_ABOVE_LIMIT"]


async def test_signals_do_what_updates_do(skipping):
    fake = FakeOrderActivities(findings=(DEAR,))

    async with started(skipping, fake) as order:
        await waiting_for(order, "ORDER_VALUE_ABOVE_LIMIT")
        await order.signal("assign", {"by": "ann", "assignee": "bob"})
        await order.signal("tag", {"by": "ann", "tags": ["vip", "call-back"]})
        await order.signal("approve", {"by": "bob", "reason": "agreed"})
        await report_all(order, fake, "1")
        summary = await order.result()

    assert (summary.assignee, summary.tags) == ("bob", ("vip", "call-back"))
    assert [given.name for given in summary.answers] == ["assign", "tag", "approve"]


async def test_a_retry_nobody_waits_for_is_refused(skipping):
    fake = FakeOrderActivities()

    async with started(skipping, fake) as order:
        await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls, skipping)
        await skipping.sleep(timedelta(minutes=1))
        said = await refusal(order, "retry")

    assert said == "the order waits for nobody"
