"""activities/order_review.py: what nobody has told of is found by looking."""

from collections.abc import Callable

import pytest

from activities.order_review import Review, ReviewActivities, ReviewInput
from activities.shipments import ShipmentActivities
from domain.cancellations import LineLimit
from domain.errors import Transient
from domain.orders import OrderRef
from simulators.m3 import warehouse
from simulators.m3.state import WarehouseSettings
from tests.changed_orders import (
    buyer_wants_to_cancel,
    change_in_m3,
    entered,
    limit,
    pick,
    settle,
    ships,
)
from tests.services import BATCH, DIRECT, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH = pytest.mark.parametrize("entry", [BATCH, DIRECT], ids=["batch", "direct"])
FAULTS = pytest.mark.parametrize("kind", ["lost_answer", "cut", "server_error", "throttled"])

Change = Callable[[Shop, OrderRef, str], None]


async def review(shop: Shop, ref: OrderRef, number: str, *limits: LineLimit) -> Review:
    input = ReviewInput(ref=ref, m3_order_number=number, limits=limits)
    return await shop.run(ReviewActivities.review_order, input)


@BOTH
async def test_order_that_waits_for_its_delivery_has_nothing_to_tell(shop: Shop):
    ref, number = await entered(shop)

    found = await review(shop, ref, number)

    assert found.deliveries == ()
    assert ships(found.m3_lines) == [("1", 4), ("2", 2)]
    assert not found.differs


@BOTH
async def test_delivery_nobody_reported_is_found(shop: Shop):
    ref, number = await entered(shop)
    delivery_number = shop.ship(number)

    found = await review(shop, ref, number)

    assert found.deliveries == (delivery_number,)
    assert not found.differs


@BOTH
async def test_delivery_that_has_not_left_is_not_told(shop: Shop):
    ref, number = await entered(shop)
    pick(shop, number)

    found = await review(shop, ref, number)

    assert found.deliveries == ()
    assert not found.differs


async def test_both_deliveries_of_an_order_are_found(shop: Shop):
    shop.tenant.warehouse = WarehouseSettings(running=False, partial_share=1.0)
    ref, number = await entered(shop)
    both = (shop.ship(number), shop.ship(number))

    assert (await review(shop, ref, number)).deliveries == both


@BOTH
@pytest.mark.parametrize(
    "change",
    [
        lambda shop, ref, number: buyer_wants_to_cancel(shop, ref, "2"),
        lambda shop, ref, number: shop.account.cancel_open_units(
            shop.placed(ref), ["1"], "FRAUD_CANCEL"
        ),
        lambda shop, ref, number: shop.account.cancel_open_units(
            shop.placed(ref), ["1"], "AUTO_CANCEL", at_most={"1": 1}
        ),
        lambda shop, ref, number: change_in_m3(shop, number, "delete"),
        lambda shop, ref, number: change_in_m3(shop, number, "delete", line="1"),
        lambda shop, ref, number: change_in_m3(shop, number, "close", line="1"),
        lambda shop, ref, number: change_in_m3(shop, number, "quantity", line="1", quantity=3),
    ],
    ids=[
        "the buyer asks to cancel a line",
        "Walmart cancels a line",
        "Walmart cancels a unit",
        "M3 deleted the order",
        "M3 deleted a line",
        "M3 closed a line",
        "M3 has fewer units",
    ],
)
async def test_what_either_side_gave_up_is_found(shop: Shop, change: Change):
    ref, number = await entered(shop)
    change(shop, ref, number)

    assert (await review(shop, ref, number)).differs


@BOTH
async def test_difference_is_over_when_both_sides_agree_again(shop: Shop):
    ref, number = await entered(shop)
    buyer_wants_to_cancel(shop, ref, "2")
    before = await review(shop, ref, number)

    await settle(shop, ref, number)

    assert before.differs
    assert not (await review(shop, ref, number)).differs


async def test_what_a_person_lets_ship_is_no_difference(shop: Shop):
    ref, number = await entered(shop)
    await settle(shop, ref, number, limit("1", 1))

    assert not (await review(shop, ref, number, limit("1", 1))).differs


async def test_limit_m3_has_not_heard_of_is_a_difference(shop: Shop):
    ref, number = await entered(shop)

    assert (await review(shop, ref, number, limit("1", 1))).differs


async def test_rest_that_waits_for_stock_is_no_difference(shop: Shop):
    ref, number = await entered(shop, ("WM-LAMP-10", 3))  # one is in stock
    shop.ship(number)

    assert not (await review(shop, ref, number)).differs


async def test_rest_that_was_closed_is_a_difference(shop: Shop):
    ref, number = await entered(shop, ("WM-LAMP-10", 3))
    shop.ship(number)
    change_in_m3(shop, number, "close", line="1")

    assert (await review(shop, ref, number)).differs


async def test_line_that_is_not_walmarts_is_no_difference(shop: Shop):
    ref, number = await entered(shop)
    change_in_m3(shop, number, "add", item="KETTLE-03", quantity=1, reference="9")

    assert not (await review(shop, ref, number)).differs


async def test_wish_to_cancel_what_has_shipped_is_no_difference(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2))
    delivered = await shop.delivered(ref)
    await shop.run(ShipmentActivities.confirm_shipment, delivered)
    buyer_wants_to_cancel(shop, ref, "1")

    assert not (await review(shop, ref, delivered.m3_order_number)).differs


async def test_delivery_that_was_taken_back_is_not_told(shop: Shop):
    ref, number = await entered(shop)
    shop.ship(number)
    [delivery] = shop.tenant.orders[number].deliveries
    warehouse.reverse(shop.tenant, delivery)

    found = await review(shop, ref, number)

    assert found.deliveries == ()
    assert not found.differs


@FAULTS
@pytest.mark.parametrize("operation", ["order", "OIS100MI.LstLine", "OIS100MI.LstDelLineByCO"])
async def test_look_can_be_repeated(shop: Shop, kind: str, operation: str):
    ref, number = await entered(shop)
    delivery_number = shop.ship(number)
    shop.lose_answer(operation, kind=kind)

    with pytest.raises(Transient):
        await review(shop, ref, number)

    assert (await review(shop, ref, number)).deliveries == (delivery_number,)
