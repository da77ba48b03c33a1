"""confirm_m3_order: an answer without error does not mean that M3 made an order."""

import pytest

from domain.errors import BatchOrderStopped, NotFound, NotReady, OrderMismatch, Unavailable
from domain.orders import OrderHead, OrderRef
from simulators.m3 import confirmation
from tests.services import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def with_lines(shop: Shop, *lines: tuple[str, int]) -> tuple[OrderRef, OrderHead]:
    """Return an order of these lines that is ready to be confirmed."""
    ref = shop.place(*(lines or (("WM-KETTLE-01", 2), ("TOASTER-02", 1))))
    await shop.read(ref)
    head = await shop.add_head(ref)
    await shop.add_lines(ref, head)
    return ref, head


@pytest.mark.parametrize("kind", ["lost_answer", "cut", "server_error"])
async def test_order_is_made_once(shop: Shop, kind: str):
    ref, head = await with_lines(shop)
    shop.lose_answer("OIS100MI.Confirm", kind=kind)

    with pytest.raises(Unavailable):
        await shop.confirm(ref, head)
    number = await shop.confirm(ref, head, attempt=2)

    assert [order.number for order in shop.m3_orders(ref)] == [number]
    assert shop.problems(ref) == []


async def test_order_of_a_worker_that_died_is_found(shop: Shop):
    ref, head = await with_lines(shop)
    number = await shop.confirm(ref, head)

    assert await shop.confirm(ref, head) == number
    await shop.start_worker()
    assert await shop.confirm(ref, head) == number
    assert len(shop.m3_orders(ref)) == 1


async def test_look_at_the_status_may_fail_too(shop: Shop):
    ref, head = await with_lines(shop)
    shop.lose_answer("OIS100MI.Confirm")
    with pytest.raises(Unavailable):
        await shop.confirm(ref, head)
    shop.lose_answer("OIS275MI.GetTmpOrderStat")

    with pytest.raises(Unavailable):
        await shop.confirm(ref, head, attempt=2)
    await shop.confirm(ref, head, attempt=3)

    assert len(shop.m3_orders(ref)) == 1


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer lost"])
async def test_order_that_m3_makes_later_is_waited_for(shop: Shop, lost: bool):
    ref, head = await with_lines(shop)
    shop.tenant.confirm_delay_seconds = 30
    if lost:
        shop.lose_answer("OIS100MI.Confirm")

    with pytest.raises(Unavailable if lost else NotReady):
        await shop.confirm(ref, head)
    with pytest.raises(NotReady, match="still making an order of batch order T000000001"):
        await shop.confirm(ref, head, attempt=2)
    shop.later(30)
    number = await shop.confirm(ref, head, attempt=3)

    assert [order.number for order in shop.m3_orders(ref)] == [number]


async def test_head_that_m3_refuses_waits_for_a_person(shop: Shop):
    ref, head = await with_lines(shop)
    shop.tenant.customer("WALMART").status = "90"

    for attempt in (1, 2):
        with pytest.raises(BatchOrderStopped) as caught:
            await shop.confirm(ref, head, attempt=attempt)

    assert caught.value.cause == "M3_BATCH_STATUS_15"
    assert str(caught.value) == (
        "M3 stopped batch order T000000001 in status 15: "
        "Customer WALMART is not active - status is 90 (SIM0002)"
    )
    assert (
        caught.value.mend
        == "repair batch order T000000001 in OIS275, which is noticed by itself; or send `retry`"
    )
    assert shop.m3_orders(ref) == []


async def test_head_without_lines_waits_for_a_person(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2))
    await shop.read(ref)
    head = await shop.add_head(ref)

    with pytest.raises(BatchOrderStopped, match="has no lines") as caught:
        await shop.confirm(ref, head)
    await shop.add_lines(ref, head)
    await shop.confirm(ref, head)

    assert caught.value.cause == "M3_BATCH_STATUS_20"
    assert shop.entered_lines(ref) == [("1", "KETTLE-01", 2)]


async def test_blocked_item_waits_for_a_person(shop: Shop):
    ref, head = await with_lines(shop, ("WM-KETTLE-01", 2), ("CHAIR-10", 1))

    with pytest.raises(BatchOrderStopped, match="Item number is not permitted") as caught:
        await shop.confirm(ref, head)

    assert caught.value.cause == "M3_BATCH_STATUS_25"
    assert shop.m3_orders(ref) == []


@pytest.mark.parametrize("attempt", [1, 2])
@pytest.mark.parametrize("new_ledger", [False, True], ids=["ledger kept", "ledger lost"])
async def test_order_repaired_and_released_in_ois275_is_found(
    shop: Shop, attempt: int, new_ledger: bool
):
    ref, head = await with_lines(shop, ("CHAIR-10", 1))
    with pytest.raises(BatchOrderStopped):
        await shop.confirm(ref, head)
    [batch] = shop.m3_batches(ref)
    confirmation.repair(shop.tenant, batch)
    if new_ledger:
        await shop.start_worker()

    number = await shop.confirm(ref, head, attempt=attempt)

    assert [order.number for order in shop.m3_orders(ref)] == [number]


async def test_cause_mended_elsewhere_is_enough(shop: Shop):
    ref, head = await with_lines(shop, ("CHAIR-10", 1))
    with pytest.raises(BatchOrderStopped):
        await shop.confirm(ref, head)
    shop.tenant.item("CHAIR-10").status = "20"

    await shop.confirm(ref, head)

    assert shop.entered_lines(ref) == [("1", "CHAIR-10", 1)]


async def test_batch_order_that_was_deleted_in_m3_is_told(shop: Shop):
    ref, head = await with_lines(shop)
    await shop.m3("OIS100MI.DelBatchHead", ORNO=head.batch_order_number)

    with pytest.raises(NotFound, match="T000000001 does not exist") as caught:
        await shop.confirm(ref, head)

    assert caught.value.cause == "M3_NOT_FOUND"


async def test_second_order_for_one_purchase_order_is_not_made(shop: Shop):
    ref, first = await with_lines(shop)
    await shop.confirm(ref, first)
    [other] = await shop.m3("OIS100MI.AddBatchHead", CUNO="WALMART", CUOR=ref.purchase_order_id)
    second = OrderHead(batch_order_number=other["ORNO"])
    await shop.add_lines(ref, second)

    with pytest.raises(OrderMismatch, match="T000000002 must not become another"):
        await shop.confirm(ref, second)

    assert len(shop.m3_orders(ref)) == 1
