"""The joined audit of both simulators: what it counts, and what it must not let pass."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from simulators import audit
from simulators.walmart.state import SellerAccount
from tests.integration.m3_caller import Caller, caller_of
from tests.integration.walmart_seller import Seller, seller_of

LINES = ({"ITNO": "KETTLE-01", "ORQT": "2", "CUPO": "1"},)


@pytest_asyncio.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount()) as seller:
        yield seller


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[Caller]:
    async with caller_of() as caller:
        await caller.control("warehouse", {"running": False})
        yield caller


async def sold(seller: Seller, *, expected: str = "invoiced") -> str:
    """Sell two kettles from the first node and acknowledge them."""
    line = {"item": {"sku": "WM-KETTLE-01"}, "orderLineQuantity": {"amount": "2"}}
    order = {"shipNode": {"id": "10001"}, "orderLines": {"orderLine": [line]}}
    placed = await seller.control("orders", {"order": order, "expected": expected})
    purchase_order_id: str = placed["purchase_order_ids"][0]
    assert (await seller.acknowledge(purchase_order_id)).status_code == 200
    return purchase_order_id


async def confirmed(
    seller: Seller,
    caller: Caller,
    purchase_order_id: str,
    number: str,
    *,
    quantity: int = 2,
    tracking: str = "",
) -> None:
    """Report M3's first package of an order to Walmart."""
    [line] = await caller.list("OIS100MI.LstDelLineByCO", ORNO=number, PONR="1")
    package = await caller.one("MWS410MI.LstPackages", DLIX=line["DLIX"])
    sent = seller.package(quantity=quantity, tracking=tracking or package["ETRN"])
    answer = await seller.ship(purchase_order_id, seller.shipped("1", sent))
    assert answer.status_code == 200, answer.text


def read(seller: Seller, caller: Caller) -> tuple[dict[str, int], list[str]]:
    """Return totals and the problems of the only order."""
    joined = audit.join(seller.account, caller.tenant)
    [order] = joined["orders"]
    return joined["totals"], order["problems"]


async def test_an_order_that_went_well_has_no_problems(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    number = await caller.order(*LINES, CUOR=purchase_order_id)
    await caller.ship(number)
    await confirmed(seller, caller, purchase_order_id, number)
    await caller.advance(number)

    joined = audit.join(seller.account, caller.tenant)

    [order] = joined["orders"]
    assert order["problems"] == []
    assert (
        order["m3_orders"][0]["deliveries"][0]["packages"][0]["tracking_number"]
        == (order["walmart_lines"][0]["tracking_numbers"][0])
    )
    assert joined["totals"] == {
        "walmart_orders": 1,
        "m3_orders": 1,
        "duplicates": 0,
        "acknowledged": 1,
        "shipped": 1,
        "invoiced": 1,
        "canceled": 0,
        "shipped_after_cancellation": 0,
        "orphan_batches": 0,
        "mismatches": 0,
    }
    assert joined["requests"]["m3"]["by_operation"]["OIS100MI.Confirm"] == 1


async def test_a_second_order_and_a_repeated_line_are_duplicates(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    await caller.order(*LINES, *LINES, CUOR=purchase_order_id)
    await caller.order(*LINES, CUOR=purchase_order_id)
    await caller.enter_batch(*LINES, CUOR=purchase_order_id)

    totals, problems = read(seller, caller)

    assert (totals["duplicates"], totals["orphan_batches"], totals["mismatches"]) == (2, 1, 0)
    assert problems == [
        "M3 has 2 orders for one purchase order: 0010000001, 0010000002",
        "M3 order 0010000001 has line 1 2 times",
    ]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"ORQT": "3"}, "line 1: Walmart ordered 2, M3 has 3"),
        ({"ITNO": "KETTLE-02", "SAPR": "24.99"}, "line 1: WM-KETTLE-01 is item KETTLE-01"),
        ({"WHLO": "002"}, "line 1: 001 ships for this node, M3 has 002"),
        ({"SAPR": "24.00"}, "line 1: Walmart's price is 24.99, M3 has 24.00"),
        ({"CUPO": "7"}, "M3 has a line '7' that the purchase order lacks"),
    ],
)
async def test_an_order_entered_wrongly_is_a_mismatch(
    seller: Seller, caller: Caller, changed: dict[str, str], problem: str
):
    purchase_order_id = await sold(seller)
    await caller.order(LINES[0] | changed, CUOR=purchase_order_id)

    totals, problems = read(seller, caller)

    assert totals["mismatches"] == len(problems) >= 1
    assert problems[0].startswith(problem)


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        ({}, []),
        (
            {"quantity": 1},
            [
                "line 1: 1 confirmed to Walmart, M3 delivered 2",
                "line 1: 1 confirmed under 1Z999AA10000000001, M3 packed 2",
            ],
        ),
        (
            {"tracking": "1ZINVENTED"},
            ["line 1: M3 has no package with tracking number 1ZINVENTED"],
        ),
    ],
)
async def test_what_walmart_was_told_is_compared_with_what_left(
    seller: Seller, caller: Caller, changed: dict[str, Any], problems: list[str]
):
    purchase_order_id = await sold(seller)
    number = await caller.order(*LINES, CUOR=purchase_order_id)
    await caller.ship(number)
    await confirmed(seller, caller, purchase_order_id, number, **changed)

    assert read(seller, caller)[1] == problems


async def test_a_delivery_walmart_does_not_know_of_is_a_mismatch(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    await caller.ship(await caller.order(*LINES, CUOR=purchase_order_id))

    assert read(seller, caller)[1] == ["line 1: 0 confirmed to Walmart, M3 delivered 2"]


async def test_a_shipment_without_an_m3_order_is_a_mismatch(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    await seller.ship(purchase_order_id, seller.shipped("1", seller.package(quantity=2)))

    assert read(seller, caller)[1] == ["Walmart was told of shipments, but M3 has no order"]


async def test_an_order_to_be_skipped_must_not_be_in_m3(seller: Seller, caller: Caller):
    await caller.order(*LINES, CUOR=await sold(seller, expected="skipped"))

    assert read(seller, caller)[1] == ["M3 has an order that should have been skipped"]


async def test_an_order_of_nobody_counts_as_a_mismatch(seller: Seller, caller: Caller):
    await caller.order(*LINES, CUOR="9999999999999")
    await caller.enter_batch(*LINES, CUOR="9999999999998")

    joined = audit.join(seller.account, caller.tenant)

    assert joined["m3_orders_without_purchase_order"] == ["0010000001"]
    assert joined["totals"]["mismatches"] == 1
    assert joined["totals"]["orphan_batches"] == 1


async def test_a_deleted_order_is_no_duplicate(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    await caller.list("OIS100MI.DelHead", ORNO=await caller.order(*LINES, CUOR=purchase_order_id))
    await caller.order(*LINES, CUOR=purchase_order_id)

    totals, problems = read(seller, caller)

    assert (totals["duplicates"], totals["m3_orders"], problems) == (0, 1, [])


async def test_a_stopped_batch_order_is_shown_and_no_orphan(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller, expected="needs_attention")
    await caller.confirm(await caller.enter_batch({"ITNO": "NOPE"}, CUOR=purchase_order_id))

    joined = audit.join(seller.account, caller.tenant)

    [batch] = joined["orders"][0]["m3_open_batches"]
    assert (batch["status"], batch["errors"]) == ("25", ["Item number NOPE does not exist"])
    assert joined["totals"]["orphan_batches"] == 0
