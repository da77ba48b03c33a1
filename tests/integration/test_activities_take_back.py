"""activities/take_back.py: what M3 has of an order is taken out again, or taken over."""

import pytest

from activities.order_entry import OrderEntryActivities
from activities.take_back import TakeBackActivities, TakeBackInput, TakenBack, TakeOverInput
from domain.errors import InvalidOrder, OrderMismatch, Transient
from domain.orders import OrderHead, OrderRef
from simulators.m3 import people
from tests.changed_orders import change_in_m3, entered, pick, units
from tests.services import BATCH, BATCH_PER_BUYER, DIRECT, PAIR, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = pytest.mark.parametrize(
    "entry", [BATCH, BATCH_PER_BUYER, DIRECT], ids=["batch", "batch per buyer", "direct"]
)
BOTH = pytest.mark.parametrize("entry", [BATCH, DIRECT], ids=["batch", "direct"])
FAULTS = pytest.mark.parametrize("kind", ["lost_answer", "cut", "server_error", "throttled"])
# Otherwise only lists that are exact show what has just been written.
INDEX = pytest.mark.parametrize("seconds", [0, 1], ids=["index behind", "index up to date"])

LINES = (("WM-KETTLE-01", 4), ("TOASTER-02", 2))


async def take_back(
    shop: Shop, ref: OrderRef, *, number: str = "", keep: str = "", attempt: int = 1
) -> TakenBack:
    input = TakeBackInput(
        ref=ref,
        order_entry=shop.entry,
        customer=await shop.customer(ref),
        m3_order_number=number,
        keep=keep,
    )
    return await shop.run(TakeBackActivities.take_back_m3_order, input, attempt=attempt)


async def with_lines(shop: Shop) -> tuple[OrderRef, OrderHead]:
    """Return an order whose lines are in M3, and that is not confirmed there."""
    ref = shop.place(*LINES)
    await shop.read(ref)
    head = await shop.add_head(ref)
    await shop.add_lines(ref, head)
    return ref, head


async def check(shop: Shop, ref: OrderRef, number: str) -> str:
    input = TakeOverInput(ref=ref, order_entry=shop.entry, m3_order_number=number)
    return await shop.run(TakeBackActivities.check_taken_over_order, input)


def enter_by_hand(
    shop: Shop, reference: str, *lines: tuple[str, int], customer: str = "WALMART"
) -> str:
    """Enter an order in M3 as a person does, and return its number."""
    entered_lines = [
        {"item": item, "quantity": quantity, "reference": str(position)}
        for position, (item, quantity) in enumerate(lines, 1)
    ]
    fields = {"reference": reference, "customer": customer, "lines": entered_lines}
    return people.enter_order(shop.tenant, fields).number


def there(shop: Shop, ref: OrderRef) -> list[str]:
    """Return the numbers of all orders and batch orders M3 has, those that made one apart."""
    orders = [order.number for order in shop.m3_orders(ref) if not order.deleted]
    return orders + [batch.number for batch in shop.m3_batches(ref) if not batch.order_number]


# Taking back.


@ALL
async def test_nothing_is_taken_back_where_m3_has_nothing(shop: Shop):
    ref = shop.place(*LINES)
    await shop.read(ref)

    assert await take_back(shop, ref) == TakenBack()


async def test_nothing_is_taken_back_before_the_customer_is_known(shop: Shop):
    ref = shop.place(*LINES)
    await shop.read(ref)
    input = TakeBackInput(ref=ref, order_entry=shop.entry)

    assert await shop.run(TakeBackActivities.take_back_m3_order, input) == TakenBack()


@INDEX
@pytest.mark.parametrize("entry", [BATCH, BATCH_PER_BUYER], ids=["batch", "batch per buyer"])
async def test_open_batch_order_is_deleted(shop: Shop, seconds: int):
    ref, head = await with_lines(shop)
    shop.later(seconds)

    assert await take_back(shop, ref) == TakenBack(batch_order_numbers=(head.batch_order_number,))
    assert there(shop, ref) == []


@INDEX
async def test_batch_head_whose_answer_was_lost_is_deleted(shop: Shop, seconds: int):
    ref = shop.place(*LINES)
    await shop.read(ref)
    shop.lose_answer("OIS100MI.AddBatchHead")
    with pytest.raises(Transient):
        await shop.add_head(ref)
    [batch] = shop.m3_batches(ref)
    shop.later(seconds)

    assert (await take_back(shop, ref)).batch_order_numbers == (batch.number,)
    assert there(shop, ref) == []


@INDEX
@pytest.mark.parametrize("entry", [DIRECT])
async def test_direct_order_that_was_not_finished_is_deleted(shop: Shop, seconds: int):
    ref, head = await with_lines(shop)
    shop.later(seconds)

    assert await take_back(shop, ref) == TakenBack(m3_order_numbers=(head.m3_order_number,))
    assert there(shop, ref) == []


@ALL
@INDEX
async def test_order_that_was_made_is_deleted(shop: Shop, seconds: int):
    ref, number = await entered(shop)
    shop.later(seconds)

    taken = await take_back(shop, ref, number=number)

    assert taken == TakenBack(m3_order_numbers=(number,))
    assert there(shop, ref) == []
    assert shop.tenant.balance("001", "KETTLE-01").allocated == 0


@INDEX
async def test_order_whose_confirmation_got_lost_is_deleted(shop: Shop, seconds: int):
    ref, head = await with_lines(shop)
    shop.lose_answer("OIS100MI.Confirm")
    with pytest.raises(Transient):
        await shop.confirm(ref, head)
    [order] = shop.m3_orders(ref)
    shop.later(seconds)

    taken = await take_back(shop, ref)

    assert taken.m3_order_numbers == (order.number,)
    assert there(shop, ref) == []


@BOTH
async def test_order_on_a_picking_list_stays_and_is_told(shop: Shop):
    ref, number = await entered(shop)
    pick(shop, number)

    taken = await take_back(shop, ref, number=number)

    assert taken.shipped == units(line_1=4, line_2=2)
    assert there(shop, ref) == [number]


@BOTH
async def test_rest_of_an_order_that_left_in_part_is_taken_back(shop: Shop):
    ref, number = await entered(shop, ("WM-LAMP-10", 3), ("WM-LAMP-10", 2))  # one is in stock
    shop.ship(number)

    taken = await take_back(shop, ref, number=number)

    assert taken == TakenBack(m3_order_numbers=(number,), shipped=units(line_1=1))
    [left] = shop.tenant.orders[number].lines.values()
    assert [int(left.delivered), int(left.closed)] == [1, 2]


@BOTH
async def test_order_a_person_entered_stays(shop: Shop):
    ref, number = await entered(shop)
    kept = enter_by_hand(shop, ref.purchase_order_id, ("KETTLE-01", 4), ("TOASTER-02", 2))
    shop.later()

    taken = await take_back(shop, ref, number=number, keep=kept)

    assert taken.m3_order_numbers == (number,)
    assert there(shop, ref) == [kept]


async def test_batch_order_goes_and_the_order_a_person_entered_stays(shop: Shop):
    ref, head = await with_lines(shop)
    kept = enter_by_hand(shop, ref.purchase_order_id, ("KETTLE-01", 4), ("TOASTER-02", 2))
    shop.later()

    taken = await take_back(shop, ref, keep=kept)

    assert taken == TakenBack(batch_order_numbers=(head.batch_order_number,))
    assert there(shop, ref) == [kept]


@BOTH
async def test_orders_of_other_purchase_orders_stay(shop: Shop):
    other, other_number = await entered(shop)
    ref, number = await entered(shop)
    shop.later()

    await take_back(shop, ref, number=number)

    assert there(shop, other) == [other_number]


@BOTH
async def test_repeating_finds_nothing_more(shop: Shop):
    ref, number = await entered(shop)
    await take_back(shop, ref, number=number)

    again = await take_back(shop, ref, attempt=2)

    assert again.shipped == ()
    assert there(shop, ref) == []


@BOTH
async def test_link_is_released_so_that_the_order_can_be_entered_again(shop: Shop):
    ref, number = await entered(shop)

    await take_back(shop, ref, number=number)

    assert await shop.services.ledger.m3_id(PAIR, "order", ref.purchase_order_id) is None


async def test_link_of_an_order_that_left_in_part_is_kept(shop: Shop):
    ref, number = await entered(shop, ("WM-LAMP-10", 3))
    shop.ship(number)

    await take_back(shop, ref, number=number)

    assert await shop.services.ledger.m3_id(PAIR, "order", ref.purchase_order_id) == number


@INDEX
async def test_order_whose_batch_was_taken_back_is_entered_anew(shop: Shop, seconds: int):
    ref, head = await with_lines(shop)
    await take_back(shop, ref)
    shop.later(seconds)

    number = await shop.enter(ref)

    assert there(shop, ref) == [number]
    assert shop.entered_lines(ref) == [("1", "KETTLE-01", 4), ("2", "TOASTER-02", 2)]
    assert [batch.number for batch in shop.m3_batches(ref)] != [head.batch_order_number]


@pytest.mark.parametrize("entry", [DIRECT])
@INDEX
async def test_direct_order_that_was_taken_back_is_entered_anew(shop: Shop, seconds: int):
    ref, number = await entered(shop)
    await take_back(shop, ref, number=number)
    shop.later(seconds)

    again = await shop.enter(ref)

    assert again != number
    assert there(shop, ref) == [again]
    lines = await shop.reserve(ref, again)
    assert [(line.line_number, line.quantity) for line in lines] == [("1", 4), ("2", 2)]


@FAULTS
@pytest.mark.parametrize(
    "operation",
    ["OIS275MI.SearchBatchLine", "OIS100MI.LstBatchHead", "OIS100MI.DelBatchHead"],
)
async def test_batch_order_is_taken_back_once(shop: Shop, kind: str, operation: str):
    ref, _ = await with_lines(shop)
    shop.later()
    shop.lose_answer(operation, kind=kind)

    with pytest.raises(Transient):
        await take_back(shop, ref)
    await take_back(shop, ref, attempt=2)

    assert there(shop, ref) == []


@BOTH
@FAULTS
@pytest.mark.parametrize(
    "operation",
    ["OIS100MI.SearchHead", "OIS100MI.GetHead", "OIS100MI.LstLine", "OIS100MI.DelHead"],
)
async def test_order_is_taken_back_once(shop: Shop, kind: str, operation: str):
    ref, number = await entered(shop)
    shop.later()
    shop.lose_answer(operation, kind=kind)

    with pytest.raises(Transient):
        await take_back(shop, ref, number=number)
    await take_back(shop, ref, number=number, attempt=2)

    assert there(shop, ref) == []
    assert await shop.services.ledger.m3_id(PAIR, "order", ref.purchase_order_id) is None


# What the search index still shows.


async def test_deleted_batch_order_that_the_index_still_shows_is_not_taken_up(shop: Shop):
    ref, _ = await with_lines(shop)
    shop.later()
    await take_back(shop, ref)

    assert await shop.run(OrderEntryActivities.find_m3_order, ref) == OrderHead()


@BOTH
async def test_deleted_order_that_the_index_still_shows_is_not_taken_up(shop: Shop):
    ref, number = await entered(shop)
    shop.later()
    change_in_m3(shop, number, "delete")

    assert await shop.run(OrderEntryActivities.find_m3_order, ref) == OrderHead()
    assert (await shop.draft(ref, attempt=2)).m3_order_number == ""


@BOTH
async def test_deleted_order_is_not_waited_for(shop: Shop):
    ref, number = await entered(shop)
    change_in_m3(shop, number, "delete")

    assert await shop.reserve(ref, number) == ()


# Taking over.


@BOTH
async def test_order_entered_by_hand_is_taken_over(shop: Shop):
    ref = shop.place(*LINES)
    number = enter_by_hand(shop, ref.purchase_order_id, ("KETTLE-01", 4), ("TOASTER-02", 2))

    assert await check(shop, ref, number) == number


async def test_order_entered_by_hand_for_what_is_left_is_taken_over(shop: Shop):
    ref = shop.place(*LINES)
    shop.account.cancel_open_units(shop.placed(ref), ["1"], "FRAUD_CANCEL", at_most={"1": 1})
    number = enter_by_hand(shop, ref.purchase_order_id, ("KETTLE-01", 3), ("TOASTER-02", 2))

    assert await check(shop, ref, number) == number


async def test_number_m3_does_not_know_is_refused(shop: Shop):
    ref = shop.place(*LINES)

    with pytest.raises(InvalidOrder, match="M3 has no order 0019999999") as refused:
        await check(shop, ref, "0019999999")

    assert refused.value.cause == "NOT_THE_ORDER"


async def test_order_of_another_purchase_order_is_refused(shop: Shop):
    ref = shop.place(*LINES)
    number = enter_by_hand(shop, "1000000000000", ("KETTLE-01", 4), ("TOASTER-02", 2))

    with pytest.raises(InvalidOrder, match=r"another customer's order number \(CUOR\)") as refused:
        await check(shop, ref, number)

    assert refused.value.cause == "NOT_THE_ORDER"


@pytest.mark.parametrize(
    ("lines", "difference"),
    [
        ((("KETTLE-01", 3), ("TOASTER-02", 2)), "ships 3 of line 1, ordered are 4"),
        ((("KETTLE-01", 5), ("TOASTER-02", 2)), "ships 5 of line 1, ordered are 4"),
        ((("KETTLE-01", 4),), "ships 0 of line 2, ordered are 2"),
    ],
    ids=["too few", "too many", "a line is missing"],
)
async def test_order_with_other_quantities_is_refused(
    shop: Shop, lines: tuple[tuple[str, int], ...], difference: str
):
    ref = shop.place(*LINES)
    number = enter_by_hand(shop, ref.purchase_order_id, *lines)

    with pytest.raises(OrderMismatch, match=difference):
        await check(shop, ref, number)


@FAULTS
@pytest.mark.parametrize("operation", ["order", "OIS100MI.GetHead", "OIS100MI.LstLine"])
async def test_check_can_be_repeated(shop: Shop, kind: str, operation: str):
    ref = shop.place(*LINES)
    number = enter_by_hand(shop, ref.purchase_order_id, ("KETTLE-01", 4), ("TOASTER-02", 2))
    shop.lose_answer(operation, kind=kind)

    with pytest.raises(Transient):
        await check(shop, ref, number)

    assert await check(shop, ref, number) == number
