"""Taking back and changing M3 orders at odd moments: half entered, half confirmed, half closed."""

import pytest

from activities.take_back import TakeBackActivities, TakeBackInput, TakenBack
from domain.errors import Transient
from domain.orders import OrderRef
from simulators.m3.messages import Nok
from simulators.m3.transactions.registry import HANDLERS
from tests.changed_orders import LINES, change_in_m3, entered, limit, reduce, ships
from tests.services import BATCH, DIRECT, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")
BOTH = pytest.mark.parametrize("entry", [BATCH, DIRECT], ids=["batch", "direct"])


async def take_back(shop: Shop, ref: OrderRef, number: str = "") -> TakenBack:
    input = TakeBackInput(
        ref=ref,
        order_entry=shop.entry,
        customer=await shop.customer(ref),
        m3_order_number=number,
    )
    return await shop.run(TakeBackActivities.take_back_m3_order, input)


def there(shop: Shop, ref: OrderRef) -> list[str]:
    orders = [order.number for order in shop.m3_orders(ref) if not order.deleted]
    return orders + [batch.number for batch in shop.m3_batches(ref) if not batch.order_number]


@pytest.mark.parametrize("seconds", [0, 1])
async def test_order_that_was_taken_back_is_entered_anew_by_batch(shop: Shop, seconds: int):
    """1. batch_entry.find_head takes up a deleted order by the ORNR of its batch order."""
    ref, number = await entered(shop)
    await take_back(shop, ref, number)
    shop.later(seconds)

    assert await shop.enter(ref) != number


async def test_change_m3_refuses_for_a_moment_does_not_close_the_whole_line(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    """2. ChgLineBatchEnt refused for whatever reason -> CloLine gives up all 4 units, not 1."""
    ref, number = await entered(shop)

    def refuse(tenant, record):
        raise Nok("XST0020", field="ORNO")

    [key] = [key for key in HANDLERS if "ChgLineBatchEnt" in str(key)]
    monkeypatch.setitem(HANDLERS, key, refuse)
    try:
        lines = await reduce(shop, ref, number, limit("1", 3))
    except Exception:
        return
    assert ships(lines)[0] != ("1", 0)


@pytest.mark.parametrize("entry", [DIRECT])
async def test_direct_head_without_lines_is_deleted(shop: Shop):
    """3. _empty_order returns at once where there are no lines; the head stays."""
    ref = shop.place(*LINES)
    await shop.read(ref)
    await shop.add_head(ref)

    await take_back(shop, ref)

    assert there(shop, ref) == []


@BOTH
async def test_order_whose_lines_were_deleted_one_by_one_is_deleted(shop: Shop):
    """3b. the same."""
    ref, number = await entered(shop)
    for line in ("1", "2"):
        change_in_m3(shop, number, "delete", line=line)

    await take_back(shop, ref, number)

    assert there(shop, ref) == []


@BOTH
async def test_order_with_a_closed_line_is_deleted_whole(shop: Shop):
    """4. _all_can_go/_reduce_line: status 9 (closed) counts as beyond ALLOCATED."""
    ref, number = await entered(shop)
    change_in_m3(shop, number, "close", line="1")

    await take_back(shop, ref, number)

    assert there(shop, ref) == []


async def test_every_batch_head_of_the_order_is_deleted(shop: Shop):
    """5. find_head returns only min(batches); a late second head without lines stays."""
    ref = shop.place(*LINES)
    await shop.read(ref)
    await shop.add_head(ref)
    await shop.m3("OIS100MI.AddBatchHead", **shop.m3_batches(ref)[0].entered)

    await take_back(shop, ref)

    assert there(shop, ref) == []


async def test_batch_order_that_became_an_order_a_moment_ago_is_no_case(shop: Shop):
    """6. search still shows the batch order as open: DelBatchHead is refused (SIM0005)."""
    ref = shop.place(*LINES)
    await shop.read(ref)
    head = await shop.add_head(ref)
    await shop.add_lines(ref, head)
    shop.later()
    await shop.confirm(ref, head)

    await take_back(shop, ref)

    assert there(shop, ref) == []


async def test_batch_order_m3_is_at_work_on_is_waited_for(shop: Shop):
    """7. DelBatchHead while confirming: Rejected (a case) where the docstring says NotReady."""
    shop.tenant.confirm_delay_seconds = 5
    ref = shop.place(*LINES)
    await shop.read(ref)
    head = await shop.add_head(ref)
    await shop.add_lines(ref, head)
    with pytest.raises(Transient):
        await shop.confirm(ref, head)

    with pytest.raises(Transient):
        await take_back(shop, ref)
