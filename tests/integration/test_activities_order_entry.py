"""activities/order_entry.py: an order is in M3 exactly once, however often a step is repeated."""

import pytest

from activities.order_entry import OrderEntryActivities
from domain.errors import OrderMismatch, Rejected, Transient
from domain.orders import OrderEntry, OrderHead, OrderRef
from simulators.m3.messages import Nok
from simulators.m3.transactions.registry import HANDLERS
from simulators.world import ITEMS
from tests.services import BATCH, BATCH_PER_BUYER, DIRECT, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = pytest.mark.parametrize(
    "entry", [BATCH, BATCH_PER_BUYER, DIRECT], ids=["batch", "batch per buyer", "direct"]
)
BOTH = pytest.mark.parametrize("entry", [BATCH, DIRECT], ids=["batch", "direct"])
# The answer is lost after the write, or the request never came.
FAULTS = pytest.mark.parametrize("kind", ["lost_answer", "cut"])

TWO_LINES = (("WM-KETTLE-01", 2), ("TOASTER-02", 1))
TWO_ENTERED = [("1", "KETTLE-01", 2), ("2", "TOASTER-02", 1)]
# More than M3 is asked to do in one request.
HUNDRED_LINES = tuple((ITEMS[number % 9].sku, number % 3 + 1) for number in range(100))


def is_direct(shop: Shop) -> bool:
    return shop.entry is OrderEntry.DIRECT


def add_line(shop: Shop) -> str:
    return f"OIS100MI.{'AddOrderLine' if is_direct(shop) else 'AddBatchLine'}"


def add_first(shop: Shop) -> str:
    """Return the first transaction after the head, by which the request with the lines is known."""
    return f"OIS100MI.{'AddConnCOCharge' if is_direct(shop) else 'AddBatchAddress'}"


async def finish(shop: Shop, ref: OrderRef, head: OrderHead) -> None:
    """Confirm a head that has its lines, where that is needed."""
    if not head.m3_order_number:
        await shop.confirm(ref, head)


def number_of(head: OrderHead) -> dict[str, str]:
    return {"ORNO": head.m3_order_number or head.batch_order_number}


@ALL
async def test_order_is_entered(shop: Shop):
    ref = shop.place(*TWO_LINES, freight="5.99")

    number = await shop.enter(ref)

    [order] = shop.m3_orders(ref)
    assert order.number == number
    assert [(charge.code, str(charge.amount)) for charge in order.charges] == [("FRGHT", "5.99")]
    assert shop.entered_lines(ref) == TWO_ENTERED
    assert shop.problems(ref) == []


@ALL
@FAULTS
@pytest.mark.parametrize("seconds", [0, 1], ids=["index behind", "index up to date"])
async def test_head_is_added_once(shop: Shop, kind: str, seconds: int):
    ref = shop.place(*TWO_LINES)
    await shop.read(ref)
    await shop.customer(ref)
    shop.lose_answer(f"OIS100MI.{'AddOrderHead' if is_direct(shop) else 'AddBatchHead'}", kind=kind)

    with pytest.raises(Transient):
        await shop.add_head(ref)
    shop.later(seconds)
    head = await shop.add_head(ref, attempt=2)

    assert head.found == (kind == "lost_answer")
    assert len(shop.m3_orders(ref) + shop.m3_batches(ref)) == 1


@ALL
@FAULTS
async def test_lines_are_added_once(shop: Shop, kind: str):
    ref = shop.place(*TWO_LINES, freight="5.99")
    await shop.read(ref)
    head = await shop.add_head(ref)
    shop.lose_answer(add_first(shop), count=2, kind=kind)

    for attempt in (1, 2):
        with pytest.raises(Transient):
            await shop.add_lines(ref, head, attempt=attempt)
    await shop.add_lines(ref, head, attempt=3)
    await finish(shop, ref, head)

    [order] = shop.m3_orders(ref)
    assert [str(charge.amount) for charge in order.charges] == ["5.99"]
    assert shop.entered_lines(ref) == TWO_ENTERED
    assert shop.problems(ref) == []


@BOTH
@pytest.mark.parametrize("kind", ["lost_answer", "cut"])
@pytest.mark.parametrize("request_number", [1, 2])
async def test_more_lines_than_one_request_takes_are_added_once(
    shop: Shop, kind: str, request_number: int
):
    ref = shop.place(*HUNDRED_LINES, freight="5.99")
    await shop.read(ref)
    head = await shop.add_head(ref)
    shop.lose_answer(add_first(shop) if request_number == 1 else add_line(shop), kind=kind)

    with pytest.raises(Transient):
        await shop.add_lines(ref, head)
    await shop.add_lines(ref, head, attempt=2)
    await finish(shop, ref, head)

    assert len(shop.entered_lines(ref)) == 100
    assert shop.problems(ref) == []


@ALL
async def test_step_of_a_worker_that_died_after_the_write_looks_first(shop: Shop):
    """Temporal counts attempt 1 again after a reset; the ledger remembers."""
    ref = shop.place(*TWO_LINES)
    await shop.read(ref)
    abandoned = await shop.add_head(ref)
    await shop.add_lines(ref, abandoned)

    head = await shop.add_head(ref)
    await shop.add_lines(ref, head)
    await finish(shop, ref, head)

    assert head.found
    assert len(shop.m3_orders(ref)) == 1
    assert shop.entered_lines(ref) == TWO_ENTERED


@ALL
async def test_worker_with_an_empty_ledger_finds_what_is_there(shop: Shop):
    ref = shop.place(*TWO_LINES)
    await shop.read(ref)
    await shop.add_lines(ref, await shop.add_head(ref))
    shop.later()
    await shop.start_worker()

    head = await shop.add_head(ref)
    await shop.add_lines(ref, head)
    await finish(shop, ref, head)

    assert head.found
    assert len(shop.m3_orders(ref)) == 1
    assert shop.entered_lines(ref) == TWO_ENTERED


@ALL
async def test_lines_of_a_worker_whose_ledger_is_lost_are_looked_for(shop: Shop):
    """Temporal knows the head, and counts attempt 1 again after a person has sent `retry`."""
    ref = shop.place(*TWO_LINES, freight="5.99")
    await shop.read(ref)
    head = await shop.add_head(ref)
    await shop.add_lines(ref, head)
    await shop.start_worker()

    await shop.add_lines(ref, head)
    await finish(shop, ref, head)

    assert shop.entered_lines(ref) == TWO_ENTERED
    assert len(shop.m3_orders(ref)[0].charges) == 1


@ALL
async def test_order_that_m3_has_is_recognized_by_a_second_run(shop: Shop):
    ref = shop.place(*TWO_LINES)
    number = await shop.enter(ref)
    shop.later()
    await shop.start_worker()

    found = await shop.run(OrderEntryActivities.find_m3_order, ref)
    again = await shop.enter(ref)

    assert (found.m3_order_number, found.found, again) == (number, True, number)
    assert len(shop.m3_orders(ref)) == 1
    assert shop.entered_lines(ref) == TWO_ENTERED


async def test_order_that_a_person_entered_is_recognized(shop: Shop):
    ref = shop.place(*TWO_LINES)
    [by_hand] = await shop.m3(
        "OIS100MI.AddOrderHead", CUNO="WALMART", CUOR=ref.purchase_order_id, WHLO="001"
    )
    shop.later()

    assert await shop.enter(ref) == by_hand["ORNO"]
    assert shop.m3_batches(ref) == []


@ALL
async def test_order_that_m3_does_not_have_is_not_found(shop: Shop):
    await shop.enter(shop.place())
    shop.later()

    found = await shop.run(OrderEntryActivities.find_m3_order, shop.place())

    assert found == OrderHead()


@pytest.mark.parametrize("entry", [DIRECT])
async def test_order_deleted_in_m3_is_not_found_though_the_index_still_shows_it(shop: Shop):
    ref = shop.place(*TWO_LINES)
    number = await shop.enter(ref)
    shop.later()
    await shop.m3("OIS100MI.DelHead", ORNO=number)

    assert await shop.run(OrderEntryActivities.find_m3_order, ref) == OrderHead()


async def test_of_two_heads_one_becomes_an_order(shop: Shop):
    ref = shop.place(*TWO_LINES)
    await shop.read(ref)
    for _ in range(2):
        await shop.m3("OIS100MI.AddBatchHead", CUNO="WALMART", CUOR=ref.purchase_order_id)

    heads = [await shop.add_head(ref, attempt=attempt) for attempt in (2, 3)]
    for attempt in (1, 2):
        await shop.add_lines(ref, heads[0], attempt=attempt)
    await finish(shop, ref, heads[0])

    assert {head.batch_order_number for head in heads} == {"T000000001"}
    assert len(shop.m3_orders(ref)) == 1
    assert shop.entered_lines(ref) == TWO_ENTERED


async def test_two_orders_for_one_purchase_order_are_for_a_person(shop: Shop):
    ref = shop.place(*TWO_LINES)
    await shop.read(ref)
    for _ in range(2):
        await shop.m3("OIS100MI.AddOrderHead", CUNO="WALMART", CUOR=ref.purchase_order_id)
    shop.later()

    with pytest.raises(OrderMismatch, match="several orders for it: 0010000001, 0010000002"):
        await shop.add_head(ref)

    assert shop.m3_batches(ref) == []


@BOTH
@pytest.mark.parametrize(
    ("line", "item", "quantity", "complaint"),
    [
        ("1", "LAMP-01", "2", "line 1: M3 has item LAMP-01, ordered is KETTLE-01"),
        ("1", "KETTLE-01", "3", "line 1: M3 has quantity 3, ordered is 2"),
        ("3", "KETTLE-01", "2", "M3 has a line 3 Walmart never sent"),
    ],
)
async def test_line_that_was_not_ordered_stops_the_order(
    shop: Shop, line: str, item: str, quantity: str, complaint: str
):
    ref = shop.place(*TWO_LINES)
    await shop.read(ref)
    head = await shop.add_head(ref)
    named = {"PONR": line} if is_direct(shop) else {"CUPO": line}
    await shop.m3(add_line(shop), **number_of(head), **named, ITNO=item, ORQT=quantity)

    with pytest.raises(OrderMismatch, match=complaint) as caught:
        await shop.add_lines(ref, head, attempt=2)

    assert (caught.value.cause, "retry" in caught.value.mend) == ("M3_ORDER_DIFFERS", True)
    kept = (shop.m3_orders(ref) or shop.m3_batches(ref))[0].lines
    assert len(kept) == 1


async def test_line_that_is_there_twice_stops_the_order(shop: Shop):
    ref = shop.place(*TWO_LINES)
    await shop.read(ref)
    head = await shop.add_head(ref)
    await shop.add_lines(ref, head)
    again = {"ITNO": "KETTLE-01", "ORQT": "2", "CUPO": "1"}
    await shop.m3("OIS100MI.AddBatchLine", **number_of(head), **again)

    with pytest.raises(OrderMismatch, match="M3 has line 1 twice"):
        await shop.add_lines(ref, head, attempt=2)


async def test_address_that_m3_refused_once_is_on_the_order_after_all(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    """M3 goes on to the lines after refusing the address: that they are there proves nothing."""

    def refuse(*_: object) -> list[dict[str, str]]:
        raise Nok("XNU0000", field="PONO")

    ref = shop.place(*TWO_LINES, freight="5.99")
    await shop.read(ref)
    head = await shop.add_head(ref)
    with monkeypatch.context() as patch:
        patch.setitem(HANDLERS, "OIS100MI.AddBatchAddress", refuse)
        for attempt in (1, 2):
            with pytest.raises(Rejected, match="Numeric error"):
                await shop.add_lines(ref, head, attempt=attempt)

    await shop.add_lines(ref, head)
    await finish(shop, ref, head)

    [order] = shop.m3_orders(ref)
    assert (
        order.addresses[1]["TOWN"]
        == shop.placed(ref).document["shippingInfo"]["postalAddress"]["city"]
    )
    assert (len(order.charges), len(order.texts)) == (1, 1)
    assert shop.entered_lines(ref) == TWO_ENTERED


@BOTH
async def test_charge_that_m3_did_not_know_is_on_the_order_once_it_does(shop: Shop):
    ref = shop.place(*TWO_LINES, freight="5.99")
    await shop.read(ref)
    head = await shop.add_head(ref)
    name = shop.tenant.charge_codes.pop("FRGHT")
    with pytest.raises(Rejected, match="Charge FRGHT does not exist"):
        await shop.add_lines(ref, head)
    shop.tenant.charge_codes["FRGHT"] = name

    await shop.add_lines(ref, head)
    await finish(shop, ref, head)

    [order] = shop.m3_orders(ref)
    assert [str(charge.amount) for charge in order.charges] == ["5.99"]
    assert shop.entered_lines(ref) == TWO_ENTERED
