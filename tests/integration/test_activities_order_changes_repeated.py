"""activities/order_changes.py: each change is made once, whatever comes between."""

import pytest

from activities.order_changes import CancelLinesInput, OrderChangeActivities, ReduceOrderInput
from domain.cancellations import CancellationReason
from domain.errors import BatchOrderStopped, Rejected, Transient
from simulators.m3.records import BatchStatus
from tests.changed_orders import (
    buyer_wants_to_cancel,
    cancel,
    canceled,
    entered,
    limit,
    pick,
    reduce,
    settle,
    ships,
    still_open,
)
from tests.services import BATCH, DIRECT, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH = pytest.mark.parametrize("entry", [BATCH, DIRECT], ids=["batch", "direct"])
FAULTS = pytest.mark.parametrize("kind", ["lost_answer", "cut", "server_error", "throttled"])


async def test_units_walmart_cancels_between_both_steps_are_not_canceled_again(shop: Shop):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "1", "2")
    lines = await reduce(shop, ref, number)
    shop.account.cancel_open_units(shop.placed(ref), ["1"], "FRAUD_CANCEL")

    settled = await cancel(shop, ref, lines)

    assert settled.canceled == (canceled("2", 2),)
    assert shop.problems(ref) == []


async def test_line_walmart_cancels_while_the_request_is_under_way_is_read_back(shop: Shop):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "1", "2")
    lines = await reduce(shop, ref, number)
    go_on = await shop.stall(
        OrderChangeActivities.cancel_walmart_lines,
        CancelLinesInput(ref=ref, m3_lines=lines),
        before="orderCancellation",
    )
    shop.account.cancel_open_units(shop.placed(ref), ["1"], "FRAUD_CANCEL")

    settled = await go_on()

    assert settled.canceled == (canceled("2", 2),)
    assert shop.problems(ref) == []


async def test_line_that_is_picked_before_it_can_be_deleted_ships(shop: Shop):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "1")
    go_on = await shop.stall(
        OrderChangeActivities.reduce_m3_order,
        ReduceOrderInput(ref=ref, m3_order_number=number),
        before="DelLine",
    )
    pick(shop, number)

    lines = await go_on()

    assert ships(lines) == [("1", 4), ("2", 2)]
    assert shop.tenant.orders[number].lines[1, 0].picking == 4


async def test_two_attempts_at_once_cancel_each_unit_once(shop: Shop):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "1")
    lines = await reduce(shop, ref, number)
    go_on = await shop.stall(
        OrderChangeActivities.cancel_walmart_lines,
        CancelLinesInput(ref=ref, m3_lines=lines),
        before="orderCancellation",
    )

    settled = [await cancel(shop, ref, lines, attempt=2), await go_on()]

    assert [each.canceled for each in settled] == [(canceled("1", 4),), ()]
    assert shop.problems(ref) == []


async def test_cancellation_walmart_goes_on_refusing_is_for_a_person(shop: Shop):
    ref, number = await entered(shop)

    with pytest.raises(Rejected, match="SELLER_CANCEL_FRAUD_STOP_SHIPMENT"):
        await settle(shop, ref, number, limit("1", 0, CancellationReason.FRAUD))

    assert still_open(shop, ref) == [4, 2]


@BOTH
async def test_repeating_changes_nothing(shop: Shop):
    ref, number = await entered(shop)
    limits = (limit("1", 3),)
    buyer_wants_to_cancel(shop, ref, "2")
    await settle(shop, ref, number, *limits)
    canceled_at_walmart = shop.account.requests["cancel_lines"]

    again = await settle(shop, ref, number, *limits)

    assert (again.canceled, again.unexplained) == ((), ())
    assert shop.account.requests["cancel_lines"] == canceled_at_walmart
    assert shop.problems(ref) == []


async def test_worker_without_memory_changes_nothing_again(shop: Shop):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "2")
    await settle(shop, ref, number)
    await shop.start_worker()

    again = await settle(shop, ref, number)

    assert again.canceled == ()
    assert shop.problems(ref) == []


# When a system is out in the middle of it.


@BOTH
@FAULTS
@pytest.mark.parametrize("operation", ["order", "OIS100MI.LstLine", "OIS100MI.DelHead"])
async def test_order_is_deleted_in_m3_once(shop: Shop, kind: str, operation: str):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "1", "2")
    shop.lose_answer(operation, kind=kind)

    with pytest.raises(Transient):
        await reduce(shop, ref, number)
    lines = await reduce(shop, ref, number, attempt=2)
    await cancel(shop, ref, lines)

    assert lines == ()
    assert shop.problems(ref) == []


@FAULTS
@pytest.mark.parametrize("operation", ["OIS100MI.DelLine", "OIS100MI.ChgLineBatchEnt"])
async def test_lines_are_reduced_once(shop: Shop, kind: str, operation: str):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "2")
    limits = (limit("1", 1),)
    shop.lose_answer(operation, kind=kind)

    with pytest.raises(Transient):
        await reduce(shop, ref, number, *limits)
    lines = await reduce(shop, ref, number, *limits, attempt=2)
    await cancel(shop, ref, lines, *limits)

    assert ships(lines) == [("1", 1)]
    assert shop.problems(ref) == []


@FAULTS
async def test_rest_of_a_line_is_closed_once(shop: Shop, kind: str):
    ref, number = await entered(shop, ("WM-LAMP-10", 3))
    pick(shop, number)
    buyer_wants_to_cancel(shop, ref, "1")
    shop.lose_answer("OIS100MI.CloLine", kind=kind)

    with pytest.raises(Transient):
        await reduce(shop, ref, number)
    lines = await reduce(shop, ref, number, attempt=2)

    assert ships(lines) == [("1", 1)]


@BOTH
@FAULTS
@pytest.mark.parametrize("operation", ["order", "cancel_lines"])
async def test_lines_are_canceled_at_walmart_once(shop: Shop, kind: str, operation: str):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "1")
    limits = (limit("2", 1),)
    lines = await reduce(shop, ref, number, *limits)
    shop.lose_answer(operation, kind=kind)

    with pytest.raises(Transient):
        await cancel(shop, ref, lines, *limits)
    settled = await cancel(shop, ref, lines, *limits, attempt=2)

    assert [(line.line_number, line.quantity) for line in settled.facts.lines] == [("2", 1)]
    assert still_open(shop, ref) == [0, 1]
    assert shop.problems(ref) == []


@BOTH
async def test_change_that_m3_stops_is_for_a_person_and_goes_through_afterwards(shop: Shop):
    ref, number = await entered(shop)
    shop.tenant.stop_next_change(BatchStatus.LINE_ERROR)

    with pytest.raises(BatchOrderStopped) as stopped:
        await reduce(shop, ref, number, limit("1", 1))

    assert stopped.value.cause == f"M3_BATCH_STATUS_{BatchStatus.LINE_ERROR}"
    assert ships(await reduce(shop, ref, number, limit("1", 1))) == [("1", 1), ("2", 2)]
