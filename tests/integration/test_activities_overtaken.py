"""An attempt that stalled, or whose request M3 was slow with, comes to its end after the next."""

import pytest

from activities.order_entry import ConfirmInput, OrderEntryActivities
from activities.shipments import ShipmentActivities
from domain.errors import OrderMismatch, Rejected
from tests.services import DIRECT, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINES = (("WM-KETTLE-01", 2), ("TOASTER-02", 1))
ENTERED = [("1", "KETTLE-01", 2), ("2", "TOASTER-02", 1)]


async def test_late_batch_head_stays_empty(shop: Shop):
    ref = shop.place(*LINES)
    await shop.read(ref)
    input = await shop.head_input(ref)
    go_on = await shop.stall(OrderEntryActivities.add_head, input, before="AddBatchHead")

    head = await shop.add_head(ref, attempt=2)
    late = await go_on()
    await shop.add_lines(ref, head)
    number = await shop.confirm(ref, head)

    assert late.batch_order_number != head.batch_order_number
    assert [len(batch.lines) for batch in shop.m3_batches(ref)] == [2, 0]
    assert shop.entered_lines(ref) == ENTERED
    shop.later()
    await shop.start_worker()
    assert (await shop.add_head(ref)).m3_order_number == number


async def test_late_batch_lines_stop_the_order_before_it_is_made(shop: Shop):
    ref = shop.place(*LINES)
    await shop.read(ref)
    head = await shop.add_head(ref)
    input = shop.lines_input(ref, head)
    go_on = await shop.stall(OrderEntryActivities.add_lines, input, before="AddBatchLine")

    await shop.add_lines(ref, head, attempt=2)
    with pytest.raises(Rejected, match="already exists"):  # the address, which nobody hears of
        await go_on()

    with pytest.raises(OrderMismatch, match="M3 has 4 of line 1, ordered are 2") as caught:
        await shop.confirm(ref, head)
    assert caught.value.cause == "M3_ORDER_DIFFERS"
    assert shop.m3_orders(ref) == []


async def test_lines_doubled_in_the_last_moment_stop_the_order_before_it_is_acknowledged(
    shop: Shop,
):
    """Nobody can look between Confirm and the line before it, so stock is reserved with a look."""
    ref = shop.place(*LINES)
    await shop.read(ref)
    head = await shop.add_head(ref)
    await shop.add_lines(ref, head)
    again = {"ITNO": "KETTLE-01", "ORQT": "2", "CUPO": "1"}
    await shop.m3("OIS100MI.AddBatchLine", ORNO=head.batch_order_number, **again)
    number = await shop.confirm(ref, head)

    with pytest.raises(OrderMismatch, match="M3 has 4 of line 1, ordered are 2"):
        await shop.reserve(ref, number)

    await shop.m3("OIS100MI.DelLine", ORNO=number, PONR="3", POSX="0")
    assert [line.quantity for line in await shop.reserve(ref, number)] == [2, 1]


async def test_late_lines_are_refused_once_the_order_is_made(shop: Shop):
    ref = shop.place(*LINES)
    await shop.read(ref)
    head = await shop.add_head(ref)
    input = shop.lines_input(ref, head)
    go_on = await shop.stall(OrderEntryActivities.add_lines, input, before="AddBatchLine")

    await shop.add_lines(ref, head, attempt=2)
    await shop.confirm(ref, head)
    with pytest.raises(Rejected, match="already confirmed as order"):
        await go_on()

    assert shop.entered_lines(ref) == ENTERED


async def test_late_confirm_makes_no_second_order(shop: Shop):
    ref = shop.place(*LINES)
    await shop.read(ref)
    head = await shop.add_head(ref)
    await shop.add_lines(ref, head)
    input = ConfirmInput(ref=ref, batch_order_number=head.batch_order_number)
    go_on = await shop.stall(OrderEntryActivities.confirm_m3_order, input, before="Confirm")

    number = await shop.confirm(ref, head, attempt=2)

    assert await go_on() == number
    assert len(shop.m3_orders(ref)) == 1


@pytest.mark.parametrize("entry", [DIRECT])
@pytest.mark.parametrize("overtaken", [1, 2], ids=["first comes late", "second comes late"])
async def test_late_direct_lines_find_their_numbers_taken(shop: Shop, overtaken: int):
    ref = shop.place(*LINES, freight="5.99")
    await shop.read(ref)
    head = await shop.add_head(ref)
    input = shop.lines_input(ref, head)
    go_on = await shop.stall(
        OrderEntryActivities.add_lines, input, before="AddOrderLine", attempt=overtaken
    )

    await shop.add_lines(ref, head, attempt=2)
    if overtaken == 1:
        with pytest.raises(Rejected, match="already exists"):  # nobody hears of it any more
            await go_on()
    else:
        await go_on()

    [order] = shop.m3_orders(ref)
    assert shop.entered_lines(ref) == ENTERED
    assert [str(charge.amount) for charge in order.charges] == ["5.99"]


async def test_late_shipment_is_recognized(shop: Shop):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)
    go_on = await shop.stall(ShipmentActivities.confirm_shipment, input, before="orderShipment")

    shipment = await shop.run(ShipmentActivities.confirm_shipment, input, attempt=2)

    assert await go_on() == shipment
    assert shop.problems(ref) == []
