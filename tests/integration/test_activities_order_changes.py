"""activities/order_changes.py: what one system gave up, the other gives up too."""

from pathlib import Path

import pytest

from domain.cancellations import CancellationReason
from simulators.m3.state import WarehouseSettings
from tests.changed_orders import (
    BUYER,
    LINES,
    PRICE,
    buyer_wants_to_cancel,
    cancel,
    canceled,
    change_in_m3,
    entered,
    give_a_reason,
    limit,
    pick,
    reasons_at_walmart,
    reduce,
    settle,
    ships,
    still_open,
    units,
)
from tests.services import BATCH, DIRECT, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH = pytest.mark.parametrize("entry", [BATCH, DIRECT], ids=["batch", "direct"])


# What the buyer, Walmart or a person gives up is taken out of M3, and Walmart hears it.


@BOTH
async def test_order_the_buyer_wants_canceled_is_deleted_in_m3_and_canceled_at_walmart(shop: Shop):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "1", "2")

    settled = await settle(shop, ref, number)

    assert settled.canceled == (canceled("1", 4), canceled("2", 2))
    assert settled.facts.skip_reason == "cancelled"
    assert (settled.surplus, settled.unexplained) == ((), ())
    assert number not in shop.tenant.orders
    assert still_open(shop, ref) == [0, 0]
    assert shop.problems(ref) == []


@BOTH
async def test_line_the_buyer_wants_canceled_is_deleted_and_the_others_stay(shop: Shop):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "2")

    settled = await settle(shop, ref, number)

    assert settled.canceled == (canceled("2", 2),)
    assert [line.line_number for line in settled.facts.lines] == ["1"]
    assert shop.entered_lines(ref) == [("1", "KETTLE-01", 4)]
    assert shop.problems(ref) == []


@BOTH
async def test_part_of_a_line_walmart_has_canceled_is_taken_out_of_the_quantity(shop: Shop):
    ref, number = await entered(shop)
    shop.account.cancel_open_units(shop.placed(ref), ["1"], "FRAUD_CANCEL", at_most={"1": 1})

    settled = await settle(shop, ref, number)

    assert settled.canceled == ()
    assert shop.entered_lines(ref) == [("1", "KETTLE-01", 3), ("2", "TOASTER-02", 2)]
    assert shop.problems(ref) == []


@BOTH
async def test_order_walmart_has_canceled_is_deleted_and_nothing_is_sent_back(shop: Shop):
    ref, number = await entered(shop)
    shop.account.cancel_open_units(shop.placed(ref), ["1", "2"], "AUTO_CANCEL")

    settled = await settle(shop, ref, number)

    assert settled.canceled == ()
    assert number not in shop.tenant.orders
    assert "cancel_lines" not in shop.account.requests
    assert shop.problems(ref) == []


@BOTH
@pytest.mark.parametrize("quantity", [0, 1, 3])
async def test_person_lets_fewer_units_of_a_line_ship(shop: Shop, quantity: int):
    ref, number = await entered(shop)

    settled = await settle(shop, ref, number, limit("1", quantity))

    assert settled.canceled == (canceled("1", 4 - quantity, PRICE),)
    assert reasons_at_walmart(shop, ref) == {PRICE}
    assert shop.problems(ref) == []


@BOTH
async def test_rejected_order_is_gone_in_both_systems(shop: Shop):
    ref, number = await entered(shop)

    settled = await settle(shop, ref, number, limit("1", 0), limit("2", 0))

    assert settled.canceled == (canceled("1", 4, PRICE), canceled("2", 2, PRICE))
    assert number not in shop.tenant.orders
    assert shop.problems(ref) == []


async def test_only_lines_the_buyer_asked_for_are_canceled_in_the_buyers_name(shop: Shop):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "2")

    settled = await settle(shop, ref, number, limit("1", 0))

    assert settled.canceled == (canceled("1", 4, PRICE), canceled("2", 2, BUYER))


async def test_order_without_differences_is_left_as_it_is(shop: Shop):
    ref, number = await entered(shop)
    before = shop.tenant.requests.copy()

    settled = await settle(shop, ref, number)

    assert (settled.canceled, settled.surplus, settled.unexplained) == ((), (), ())
    assert set(shop.tenant.requests - before) == {"OIS100MI.LstLine"}
    assert "cancel_lines" not in shop.account.requests


async def test_line_that_is_not_walmarts_is_left_alone(shop: Shop):
    ref, number = await entered(shop)
    change_in_m3(shop, number, "add", item="KETTLE-03", quantity=1, reference="9")
    buyer_wants_to_cancel(shop, ref, "1", "2")

    settled = await settle(shop, ref, number)

    assert shop.entered_lines(ref) == [("9", "KETTLE-03", 1)]
    assert settled.canceled == (canceled("1", 4), canceled("2", 2))


async def test_line_m3_has_split_loses_its_last_part_first(shop: Shop):
    ref, number = await entered(shop)
    change_in_m3(shop, number, "quantity", line="1", quantity=2)
    change_in_m3(shop, number, "add", item="KETTLE-01", quantity=2, reference="1")

    lines = await reduce(shop, ref, number, limit("1", 1))

    assert ships(lines) == [("1", 1), ("2", 2)]
    assert [line.m3_line for line in lines] == ["1/0", "2/0"]


# What is on a picking list or has left stays.


@BOTH
async def test_line_on_a_picking_list_ships(shop: Shop):
    ref, number = await entered(shop)
    pick(shop, number)
    shop.account.cancel_open_units(shop.placed(ref), ["1"], "FRAUD_CANCEL")

    settled = await settle(shop, ref, number)

    assert settled.surplus == units(line_1=4)
    assert (settled.canceled, settled.unexplained) == ((), ())
    assert shop.tenant.orders[number].lines[1, 0].picking == 4


async def test_buyers_wish_is_too_late_for_what_is_on_a_picking_list(shop: Shop):
    ref, number = await entered(shop)
    pick(shop, number)
    buyer_wants_to_cancel(shop, ref, "1", "2")

    settled = await settle(shop, ref, number)

    assert (settled.canceled, settled.surplus) == ((), ())
    assert still_open(shop, ref) == [4, 2]


@BOTH
async def test_what_is_not_picked_of_a_line_is_closed(shop: Shop):
    ref, number = await entered(shop, ("WM-LAMP-10", 3))  # one is in stock
    pick(shop, number)
    buyer_wants_to_cancel(shop, ref, "1")

    settled = await settle(shop, ref, number)

    assert settled.canceled == (canceled("1", 2),)
    [line] = shop.tenant.orders[number].lines.values()
    assert [int(line.picking), int(line.closed)] == [1, 2]
    shop.ship(number)
    assert await reduce(shop, ref, number) == await reduce(shop, ref, number)
    assert still_open(shop, ref) == [1]


@pytest.mark.parametrize(("quantity", "closed"), [(2, 0), (1, 0), (0, 2)])
async def test_limit_below_what_left_gives_up_the_rest_only(shop: Shop, quantity: int, closed: int):
    ref, number = await entered(shop, ("WM-LAMP-10", 3))
    shop.ship(number)

    lines = await reduce(shop, ref, number, limit("1", quantity))

    assert ships(lines) == [("1", max(quantity, 1))]
    [line] = shop.tenant.orders[number].lines.values()
    assert [int(line.delivered), int(line.closed)] == [1, closed]


@BOTH
async def test_rest_of_a_line_that_left_in_part_is_canceled(shop: Shop):
    shop.tenant.warehouse = WarehouseSettings(running=False, partial_share=1.0)
    ref = shop.place(("WM-KETTLE-01", 5))
    delivered = await shop.delivered(ref)
    buyer_wants_to_cancel(shop, ref, "1")

    settled = await settle(shop, ref, delivered.m3_order_number)

    assert settled.canceled == (canceled("1", 3),)
    assert still_open(shop, ref) == [2]  # they have left, and their confirmation is to come


# What M3 gave up, Walmart hears, with a reason somebody has given.


@BOTH
async def test_order_a_person_deleted_in_m3_waits_for_a_reason(shop: Shop):
    ref, number = await entered(shop)
    change_in_m3(shop, number, "delete")

    settled = await settle(shop, ref, number)

    assert settled.unexplained == units(line_1=4, line_2=2)
    assert settled.canceled == ()
    assert still_open(shop, ref) == [4, 2]


@BOTH
async def test_reason_a_person_gives_for_what_m3_deleted_is_told_to_walmart(shop: Shop):
    ref, number = await entered(shop)
    change_in_m3(shop, number, "delete")

    settled = await settle(shop, ref, number, limit("1", 0), limit("2", 0))

    assert settled.canceled == (canceled("1", 4, PRICE), canceled("2", 2, PRICE))
    assert settled.unexplained == ()
    assert shop.problems(ref) == []


@BOTH
@pytest.mark.parametrize("change", ["delete", "close"])
async def test_line_given_up_in_m3_is_canceled_for_the_reason_in_the_table(
    shop: Shop, tmp_path: Path, change: str
):
    give_a_reason(shop, tmp_path / "own", CancellationReason.ADDRESS)
    ref, number = await entered(shop)
    change_in_m3(shop, number, change, line="2")

    settled = await settle(shop, ref, number)

    assert settled.canceled == (canceled("2", 2, CancellationReason.ADDRESS),)
    assert settled.unexplained == ()
    assert reasons_at_walmart(shop, ref) == {CancellationReason.ADDRESS}
    assert shop.account.stock_zeroed == []
    assert shop.problems(ref) == []


async def test_out_of_stock_is_told_only_where_the_table_says_so(shop: Shop, tmp_path: Path):
    give_a_reason(shop, tmp_path / "own", CancellationReason.OUT_OF_STOCK)
    ref, number = await entered(shop)
    change_in_m3(shop, number, "close", line="2")

    await settle(shop, ref, number)

    assert [zeroed["sku"] for zeroed in shop.account.stock_zeroed] == ["TOASTER-02"]


async def test_smaller_quantity_in_m3_is_canceled_in_part(shop: Shop, tmp_path: Path):
    give_a_reason(shop, tmp_path / "own", PRICE)
    ref, number = await entered(shop)
    change_in_m3(shop, number, "quantity", line="1", quantity=3)

    settled = await settle(shop, ref, number)

    assert settled.canceled == (canceled("1", 1, PRICE),)
    assert shop.problems(ref) == []


async def test_person_explains_a_part_and_the_rest_is_asked_for(shop: Shop):
    ref, number = await entered(shop)
    change_in_m3(shop, number, "delete", line="1")

    settled = await settle(shop, ref, number, limit("1", 3))

    assert settled.canceled == (canceled("1", 1, PRICE),)
    assert settled.unexplained == units(line_1=3)


# Before M3 has the order.


async def test_buyers_wish_before_entry_is_granted(shop: Shop):
    ref = shop.place(*LINES)
    buyer_wants_to_cancel(shop, ref, "1")

    settled = await cancel(shop, ref, None)

    assert settled.canceled == (canceled("1", 4),)
    assert [line.line_number for line in settled.facts.lines] == ["2"]


async def test_limit_before_entry_holds_for_what_is_entered_afterwards(shop: Shop):
    ref = shop.place(*LINES)

    settled = await cancel(shop, ref, None, limit("1", 1))
    await shop.enter(ref)

    assert settled.canceled == (canceled("1", 3, PRICE),)
    assert shop.entered_lines(ref) == [("1", "KETTLE-01", 1), ("2", "TOASTER-02", 2)]
    assert shop.problems(ref) == []
