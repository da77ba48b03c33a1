"""activities/shipments.py: Walmart hears of every unit that left M3, once."""

from dataclasses import replace
from typing import Any

import pytest

from activities.order_review import ReviewActivities, ReviewInput
from activities.orders import OrderActivities
from activities.shipments import ConfirmShipmentInput, ShipmentActivities
from domain.errors import (
    NotReady,
    Transient,
    UnmappableField,
    UnmappedValue,
)
from domain.orders import LineQuantity, OrderRef, Shipment
from simulators.m3 import warehouse
from simulators.m3.state import WarehouseSettings
from simulators.world import ITEMS
from tests.services import BATCH, DAY, DIRECT, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINES = (("WM-KETTLE-01", 2), ("TOASTER-02", 1))
FAULTS = pytest.mark.parametrize("kind", ["lost_answer", "cut", "server_error", "throttled"])


async def confirm(shop: Shop, input: ConfirmShipmentInput, *, attempt: int = 1) -> Shipment:
    return await shop.run(ShipmentActivities.confirm_shipment, input, attempt=attempt)


async def confirm_with_trouble(
    shop: Shop, input: ConfirmShipmentInput, *, kind: str, attempt: int
) -> None:
    """Confirm a delivery in two tries."""
    shop.lose_answer("ship_lines", kind=kind)
    with pytest.raises(Transient):
        await confirm(shop, input)
    await confirm(shop, input, attempt=attempt)


async def find(shop: Shop, input: ConfirmShipmentInput) -> tuple[str, ...]:
    review = await shop.run(
        ReviewActivities.review_order,
        ReviewInput(ref=input.ref, m3_order_number=input.m3_order_number),
    )
    return review.deliveries


def units(**quantities: int) -> tuple[LineQuantity, ...]:
    """Return quantities by line: units(line_1=2)."""
    return tuple(
        LineQuantity(line_number=name.removeprefix("line_"), quantity=quantity)
        for name, quantity in quantities.items()
    )


def tracking(shop: Shop, ref: OrderRef) -> dict[str, Any]:
    """Return what Walmart was told of the first line's package."""
    line = shop.placed(ref).document["orderLines"]["orderLine"][0]
    statuses = line["orderLineStatuses"]["orderLineStatus"]
    [shipped] = [status for status in statuses if status["status"] == "Shipped"]
    told: dict[str, Any] = shipped["trackingInfo"]
    return told


def pack_in_several(shop: Shop) -> None:
    shop.tenant.warehouse = WarehouseSettings(running=False, packages_share=1.0)


def leave_in_two(shop: Shop) -> None:
    shop.tenant.warehouse = WarehouseSettings(running=False, partial_share=1.0)


async def test_delivery_is_confirmed(shop: Shop):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)

    shipment = await confirm(shop, input)

    assert shipment == Shipment(
        delivery_number=input.delivery_number,
        lines=units(line_1=2, line_2=1),
        tracking_numbers=("1Z999AA10000000001",),
    )
    assert shop.packages(ref) == {
        "1": [("1Z999AA10000000001", 2)],
        "2": [("1Z999AA10000000001", 1)],
    }
    assert shop.problems(ref) == []
    [delivery] = shop.m3_orders(ref)[0].deliveries
    departure = delivery.departs_at.replace(second=0, microsecond=0)
    told = tracking(shop, ref)
    assert told["carrierName"]["carrier"] == "UPS"
    assert told["shipDateTime"] == departure.timestamp() * 1000  # M3 keeps minutes
    [first, _] = shop.placed(ref).document["orderLines"]["orderLine"]
    assert first["sellerOrderId"] == input.m3_order_number


@FAULTS
async def test_delivery_is_confirmed_once(shop: Shop, kind: str):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)
    shop.lose_answer("ship_lines", kind=kind)

    with pytest.raises(Transient):
        await confirm(shop, input)
    shipment = await confirm(shop, input, attempt=2)

    assert shipment.lines == units(line_1=2, line_2=1)
    assert shop.problems(ref) == []


@pytest.mark.parametrize("operation", ["MWS410MI.GetHead", "order"])
async def test_looks_may_fail_too(shop: Shop, operation: str):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)
    shop.lose_answer("ship_lines")
    with pytest.raises(Transient):
        await confirm(shop, input)
    shop.lose_answer(operation)

    with pytest.raises(Transient):
        await confirm(shop, input, attempt=2)
    await confirm(shop, input, attempt=3)

    assert shop.problems(ref) == []


@pytest.mark.parametrize("new_ledger", [False, True], ids=["ledger kept", "ledger lost"])
async def test_delivery_that_walmart_has_is_recognized(shop: Shop, new_ledger: bool):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)
    shipment = await confirm(shop, input)
    if new_ledger:
        await shop.start_worker()

    assert await confirm(shop, input) == shipment
    assert shop.problems(ref) == []


@pytest.mark.parametrize("attempt", [1, 2])
async def test_part_of_a_delivery_that_was_confirmed_before_is_left_out(shop: Shop, attempt: int):
    pack_in_several(shop)
    ref = shop.place(("WM-KETTLE-01", 5), ("TOASTER-02", 1))
    input = await shop.delivered(ref)
    [delivery] = shop.m3_orders(ref)[0].deliveries
    packages = list(delivery.packages)
    delivery.packages = packages[:1]
    first = await confirm(shop, input)
    delivery.packages = packages
    await shop.start_worker()

    shipment = await confirm(shop, input, attempt=attempt)

    assert first.tracking_numbers == (packages[0].tracking_number,)
    assert shipment.lines == units(line_1=5, line_2=1)
    assert shipment.tracking_numbers == tuple(each.tracking_number for each in packages)
    assert shop.problems(ref) == []


@pytest.mark.parametrize("entry", [BATCH, DIRECT], ids=["batch", "direct"])
async def test_packages_are_confirmed_one_by_one(shop: Shop, entry: dict[str, str]):
    pack_in_several(shop)
    ref = shop.place(("WM-KETTLE-01", 3), ("TOASTER-02", 2), first_line=4)
    input = await shop.delivered(ref)

    shipment = await confirm(shop, input)

    packages = shop.packages(ref)
    assert len(shipment.tracking_numbers) > 1
    assert set(packages) == {"4", "5"}
    assert {number for number, _ in packages["4"]} == set(shipment.tracking_numbers)
    assert sum(quantity for _, quantity in packages["4"]) == 3
    assert shipment.lines == units(line_4=3, line_5=2)
    assert shop.problems(ref) == []


@FAULTS
@pytest.mark.parametrize("attempt", [1, 2], ids=["worker died", "next attempt"])
async def test_order_that_leaves_in_two_deliveries_is_confirmed_in_two(
    shop: Shop, kind: str, attempt: int
):
    """Walmart would take part of a line a second time, so nothing but a look helps."""
    leave_in_two(shop)
    ref = shop.place(("WM-KETTLE-01", 5))
    first = await shop.delivered(ref)
    await confirm_with_trouble(shop, first, kind=kind, attempt=attempt)
    second = replace(first, delivery_number=shop.ship(first.m3_order_number))
    await confirm_with_trouble(shop, second, kind=kind, attempt=attempt)

    assert await find(shop, first) == (first.delivery_number, second.delivery_number)
    assert [quantity for _, quantity in shop.packages(ref)["1"]] == [2, 3]
    assert shop.problems(ref) == []


@pytest.mark.parametrize("again", [False, True], ids=["ledger lost", "run and ledger lost"])
async def test_part_of_a_line_is_not_confirmed_twice_by_a_worker_without_memory(
    shop: Shop, again: bool
):
    leave_in_two(shop)
    ref = shop.place(("WM-KETTLE-01", 5))
    first = await shop.delivered(ref)
    await confirm(shop, first)
    shop.later()
    await shop.start_worker()
    if again:
        await shop.enter(ref)

    await confirm(shop, first)

    assert [quantity for _, quantity in shop.packages(ref)["1"]] == [2]
    assert shop.problems(ref) == []


async def test_what_comes_into_stock_later_is_a_second_delivery(shop: Shop):
    ref = shop.place(("WM-LAMP-10", 3))
    first = await shop.delivered(ref)
    shipments = [await confirm(shop, first)]
    shop.tenant.balance("001", "LAMP-10").on_hand += 5
    second = replace(first, delivery_number=shop.ship(first.m3_order_number))
    shipments.append(await confirm(shop, second))

    assert [line.allocated for line in first.lines] == [1]
    assert [shipment.lines for shipment in shipments] == [units(line_1=1), units(line_1=2)]
    assert shop.problems(ref) == []


async def test_delivery_that_is_announced_but_not_issued_is_waited_for(shop: Shop):
    ref = shop.place(*LINES)
    number = await shop.enter(ref)
    await shop.run(OrderActivities.acknowledge_walmart_order, ref)
    lines = await shop.reserve(ref, number)
    [order] = shop.m3_orders(ref)
    assert warehouse.advance(shop.tenant, order) == "pick"
    [delivery] = order.deliveries
    input = ConfirmShipmentInput(
        ref=ref, m3_order_number=number, delivery_number=delivery.number, lines=lines
    )

    with pytest.raises(NotReady, match="has not left the warehouse"):
        await confirm(shop, input)
    assert await find(shop, input) == ()
    shop.ship(number)

    assert await find(shop, input) == (delivery.number,)
    await confirm(shop, input, attempt=2)
    assert shop.problems(ref) == []


@pytest.mark.parametrize("attempt", [1, 2])
async def test_goods_that_left_are_confirmed_against_a_wish_to_cancel(shop: Shop, attempt: int):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)
    shop.account.mark_intent_to_cancel(shop.placed(ref), ["2"])

    shipment = await confirm(shop, input, attempt=attempt)

    assert shipment.lines == units(line_1=2, line_2=1)
    assert shop.problems(ref) == []


async def test_other_carrier_goes_with_its_tracking_address(shop: Shop):
    ref = shop.place(*LINES, shippingInfo={"methodCode": "Freight"})
    input = await shop.delivered(ref)

    await confirm(shop, input)

    told = tracking(shop, ref)
    assert told["carrierName"] == {"otherCarrier": "Old Dominion"}
    assert told["trackingNumber"] == "OD0000000001"
    assert told["trackingURL"].endswith("pro=OD0000000001")
    assert shop.problems(ref) == []


async def test_delivery_that_left_yesterday_is_confirmed_under_todays_date(shop: Shop):
    shop.later(-DAY)
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)
    shop.later(DAY)

    await confirm(shop, input)

    [delivery] = shop.m3_orders(ref)[0].deliveries
    assert tracking(shop, ref)["shipDateTime"] / 1000 > delivery.departs_at.timestamp() + DAY / 2
    assert shop.problems(ref) == []


async def test_order_of_more_lines_than_one_request_takes(shop: Shop):
    ref = shop.place(*((ITEMS[number % 9].sku, 1) for number in range(100)))
    input = await shop.delivered(ref)

    assert await find(shop, input) == (input.delivery_number,)
    assert len((await confirm(shop, input)).lines) == 100
    assert shop.problems(ref) == []


async def test_line_deleted_in_m3_does_not_hide_the_deliveries_of_others(shop: Shop):
    ref = shop.place(*LINES)
    number = await shop.enter(ref)
    lines = await shop.reserve(ref, number)
    await shop.m3("OIS100MI.DelLine", ORNO=number, PONR="2", POSX="0")
    delivery_number = shop.ship(number)
    input = ConfirmShipmentInput(
        ref=ref, m3_order_number=number, delivery_number=delivery_number, lines=lines
    )

    assert await find(shop, input) == (delivery_number,)


@pytest.mark.parametrize("attempt", [1, 2])
async def test_what_walmart_has_canceled_is_left_out_and_told_as_surplus(shop: Shop, attempt: int):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)
    shop.account.cancel_open_units(shop.placed(ref), ["1"], "FRAUD_CANCEL")

    shipment = await confirm(shop, input, attempt=attempt)

    assert shipment.lines == units(line_1=2, line_2=1)
    assert shipment.surplus == units(line_1=2)
    [(_, [(_, quantity)])] = [pair for pair in shop.packages(ref).items() if pair[1]]
    assert quantity == 1


async def test_package_without_tracking_number_is_for_a_person(shop: Shop):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)
    [delivery] = shop.m3_orders(ref)[0].deliveries
    delivery.packages[0].tracking_number = ""

    with pytest.raises(UnmappableField, match="has a package without one") as caught:
        await confirm(shop, input)

    assert caught.value.cause == "FIELD_DOES_NOT_FIT"
    assert "in M3" in caught.value.mend
    delivery.packages[0].tracking_number = "1Z42"
    await confirm(shop, input)
    assert shop.problems(ref) == []


async def test_delivery_method_without_carrier_is_for_a_person(shop: Shop):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)
    [delivery] = shop.m3_orders(ref)[0].deliveries
    delivery.method = "XYZ"

    with pytest.raises(UnmappedValue, match="'XYZ' has no entry in the value table carriers"):
        await confirm(shop, input)


async def test_delivery_that_was_reversed_is_a_shipment_without_lines(shop: Shop):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)

    shipment = await confirm(shop, replace(input, delivery_number="42"))

    assert shipment.lines == ()
    assert shop.packages(ref) == {"1": [], "2": []}
