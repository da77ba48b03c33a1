"""The joined audit of orders that were canceled or changed: what agrees, and what does not."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from simulators import audit
from simulators.walmart.state import SellerAccount
from tests.integration.m3_caller import Caller, caller_of
from tests.integration.walmart_seller import Seller, seller_of

KETTLES = {"ITNO": "KETTLE-01", "ORQT": "3", "CUPO": "1"}
CHAIRS = {"ITNO": "CHAIR-01", "ORQT": "2", "CUPO": "2"}
PRICING_ERROR = "SELLER_CANCEL_PRICING_ERROR"


@pytest_asyncio.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount()) as seller:
        yield seller


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[Caller]:
    async with caller_of() as caller:
        await caller.control("warehouse", {"running": False})
        yield caller


async def sold(seller: Seller, **line: Any) -> str:
    """Sell three kettles and two chairs and acknowledge them."""
    lines = [
        {"item": {"sku": "WM-KETTLE-01"}, "orderLineQuantity": {"amount": "3"}} | line,
        {"item": {"sku": "CHAIR-01"}, "orderLineQuantity": {"amount": "2"}} | line,
    ]
    order = {"shipNode": {"id": "10001"}, "orderLines": {"orderLine": lines}}
    placed = await seller.control("orders", {"order": order})
    purchase_order_id: str = placed["purchase_order_ids"][0]
    assert (await seller.acknowledge(purchase_order_id)).status_code == 200
    return purchase_order_id


async def canceled(seller: Seller, purchase_order_id: str, line: str, quantity: int) -> None:
    """Cancel units at Walmart, as the seller."""
    answer = await seller.cancel(
        purchase_order_id, line_number=line, quantity=quantity, reason=PRICING_ERROR
    )
    assert answer.status_code == 200, answer.text


async def walmart_cancels(
    seller: Seller, purchase_order_id: str, kind: str = "PO_LINE_AUTOCANCELLED", **fields: Any
) -> None:
    """Let Walmart cancel on its own."""
    event = {"purchase_order_id": purchase_order_id, "sub_event_type": kind}
    await seller.control("events", event | fields)


async def confirmed(
    seller: Seller, caller: Caller, purchase_order_id: str, number: str, **quantities: int
) -> None:
    """Report units of an order's first package to Walmart: line_1=2."""
    delivery = caller.tenant.orders[number].deliveries[0]
    tracking = delivery.packages[0].tracking_number
    lines = [
        seller.shipped(name.removeprefix("line_"), seller.package(quantity, tracking))
        for name, quantity in quantities.items()
    ]
    answer = await seller.ship(purchase_order_id, *lines)
    assert answer.status_code == 200, answer.text


def read(seller: Seller, caller: Caller) -> dict[str, Any]:
    """Return the audit of the only order."""
    [order] = audit.join(seller.account, caller.tenant)["orders"]
    found: dict[str, Any] = order
    return found


def totals(seller: Seller, caller: Caller) -> dict[str, int]:
    found: dict[str, int] = audit.join(seller.account, caller.tenant)["totals"]
    return found


async def test_an_order_canceled_before_m3_had_it_agrees(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    await canceled(seller, purchase_order_id, "1", 3)
    await canceled(seller, purchase_order_id, "2", 2)

    order = read(seller, caller)

    assert (order["problems"], order["canceled"], order["m3_orders"]) == ([], True, [])
    assert [line["canceled"] for line in order["walmart_lines"]] == [3, 2]
    counted = totals(seller, caller)
    assert (counted["canceled"], counted["shipped"], counted["mismatches"]) == (1, 0, 0)


async def test_an_order_deleted_in_m3_and_canceled_at_walmart_agrees(
    seller: Seller, caller: Caller
):
    purchase_order_id = await sold(seller)
    number = await caller.order(KETTLES, CHAIRS, CUOR=purchase_order_id)
    await caller.list("OIS100MI.DelHead", ORNO=number)
    half_way = read(seller, caller)
    await walmart_cancels(seller, purchase_order_id, "FRAUD_CANCEL")

    assert half_way["problems"] == [
        "line 1: M3 deleted it, Walmart still waits for 3",
        "line 2: M3 deleted it, Walmart still waits for 2",
    ]
    order = read(seller, caller)
    assert (order["problems"], order["m3_deleted_orders"]) == ([], [number])


async def test_a_line_deleted_in_m3_has_to_be_canceled_at_walmart(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    number = await caller.order(KETTLES, CHAIRS, CUOR=purchase_order_id)
    await caller.list("OIS100MI.DelLine", ORNO=number, PONR="2")
    deleted = read(seller, caller)
    await canceled(seller, purchase_order_id, "2", 1)
    half_way = read(seller, caller)
    await canceled(seller, purchase_order_id, "2", 1)

    assert deleted["problems"] == ["line 2: M3 deleted it, Walmart still waits for 2"]
    assert half_way["problems"] == ["line 2: M3 deleted it, Walmart still waits for 1"]
    assert read(seller, caller)["problems"] == []
    assert not read(seller, caller)["canceled"]


async def test_a_line_that_was_never_entered_is_missing_unless_it_was_canceled(
    seller: Seller, caller: Caller
):
    purchase_order_id = await sold(seller)
    await caller.order(KETTLES, CUOR=purchase_order_id)
    missing = read(seller, caller)["problems"]
    await canceled(seller, purchase_order_id, "2", 2)

    assert (missing, read(seller, caller)["problems"]) == (["line 2 is missing in M3"], [])


async def test_a_line_closed_in_m3_has_to_be_canceled_at_walmart(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    number = await caller.order(KETTLES, CHAIRS, CUOR=purchase_order_id)
    await caller.list("OIS100MI.CloLine", ORNO=number, PONR="1")
    closed = read(seller, caller)
    await canceled(seller, purchase_order_id, "1", 3)

    assert closed["problems"] == ["line 1: Walmart ordered 3 and canceled 0 of them, M3 ships 0"]
    assert read(seller, caller)["problems"] == []


async def test_units_canceled_at_walmart_are_not_to_be_shipped(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    number = await caller.order(KETTLES, CHAIRS, CUOR=purchase_order_id)
    await walmart_cancels(seller, purchase_order_id, quantities={"1": 2})
    canceled_only = read(seller, caller)
    await caller.one("OIS100MI.ChgLineBatchEnt", ORNO=number, PONR="1", ORQA="1")
    reduced = read(seller, caller)
    await caller.ship(number)
    await confirmed(seller, caller, purchase_order_id, number, line_1=1, line_2=2)

    assert canceled_only["problems"] == [
        "line 1: Walmart ordered 3 and canceled 2 of them, M3 ships 3"
    ]
    assert (reduced["problems"], read(seller, caller)["problems"]) == ([], [])
    assert totals(seller, caller)["shipped"] == 1


async def test_a_quantity_reduced_in_m3_alone_is_a_mismatch(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    number = await caller.order(KETTLES, CHAIRS, CUOR=purchase_order_id)
    await caller.one("OIS100MI.ChgLineBatchEnt", ORNO=number, PONR="1", ORQA="2")

    assert read(seller, caller)["problems"] == [
        "line 1: Walmart ordered 3 and canceled 0 of them, M3 ships 2"
    ]


@pytest.mark.parametrize("kind", ["PO_LINE_AUTOCANCELLED", "FRAUD_CANCEL"])
async def test_what_had_shipped_when_walmart_canceled_is_reported_apart(
    seller: Seller, caller: Caller, kind: str
):
    purchase_order_id = await sold(seller)
    number = await caller.order(KETTLES, CHAIRS, CUOR=purchase_order_id)
    await caller.ship(number)
    unheard_of = read(seller, caller)
    await walmart_cancels(seller, purchase_order_id, kind, quantities={"1": 2})
    await confirmed(seller, caller, purchase_order_id, number, line_1=1, line_2=2)

    order = read(seller, caller)

    assert unheard_of["problems"] == [
        "line 1: 0 confirmed to Walmart, M3 delivered 3",
        "line 2: 0 confirmed to Walmart, M3 delivered 2",
    ]
    assert order["problems"] == []
    assert order["shipped_after_cancellation"] == [{"line": "1", "quantity": 2}]
    counted = totals(seller, caller)
    assert (counted["shipped_after_cancellation"], counted["mismatches"]) == (2, 0)


async def test_a_delivery_not_yet_confirmed_does_not_pass_for_one_that_came_too_late(
    seller: Seller, caller: Caller
):
    purchase_order_id = await sold(seller)
    number = await caller.order(KETTLES | {"ORQT": "2"}, CHAIRS, CUOR=purchase_order_id)
    await walmart_cancels(seller, purchase_order_id, quantities={"1": 1})
    await caller.ship(number)

    order = read(seller, caller)

    assert order["shipped_after_cancellation"] == []
    assert order["problems"] == [
        "line 1: 0 confirmed to Walmart, M3 delivered 2",
        "line 2: 0 confirmed to Walmart, M3 delivered 2",
    ]


async def test_what_the_seller_canceled_and_m3_shipped_is_a_mismatch(
    seller: Seller, caller: Caller
):
    purchase_order_id = await sold(seller)
    number = await caller.order(KETTLES, CHAIRS, CUOR=purchase_order_id)
    await caller.ship(number)
    await canceled(seller, purchase_order_id, "2", 2)
    await confirmed(seller, caller, purchase_order_id, number, line_1=3)

    order = read(seller, caller)

    assert order["shipped_after_cancellation"] == []
    assert order["problems"] == [
        "line 2: Walmart ordered 2 and canceled 2 of them, M3 ships 2",
        "line 2: 0 confirmed to Walmart, M3 delivered 2",
    ]


async def test_the_remainder_of_a_short_line_closed_and_canceled_agrees(
    seller: Seller, caller: Caller
):
    line = {"item": {"sku": "WM-LAMP-10"}, "orderLineQuantity": {"amount": "3"}}
    order = {"shipNode": {"id": "10001"}, "orderLines": {"orderLine": [line]}}
    [purchase_order_id] = (await seller.control("orders", {"order": order}))["purchase_order_ids"]
    await seller.acknowledge(purchase_order_id)
    lamps = {"ITNO": "LAMP-10", "ORQT": "3", "CUPO": "1"}
    number = await caller.order(lamps, CUOR=purchase_order_id)
    await caller.ship(number)
    await confirmed(seller, caller, purchase_order_id, number, line_1=1)
    await caller.list("OIS100MI.CloLine", ORNO=number, PONR="1")
    await canceled(seller, purchase_order_id, "1", 2)
    await caller.advance(number)

    assert read(seller, caller)["problems"] == []
    assert totals(seller, caller)["invoiced"] == 1


async def test_a_batch_order_of_a_canceled_order_is_an_orphan(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    await caller.enter_batch(KETTLES, CUOR=purchase_order_id)
    before = totals(seller, caller)["orphan_batches"]
    await walmart_cancels(seller, purchase_order_id, "FRAUD_CANCEL")

    assert (before, totals(seller, caller)["orphan_batches"]) == (0, 1)


async def test_an_order_in_another_currency_is_compared_by_m3s_rate(seller: Seller, caller: Caller):
    price = {
        "chargeType": "PRODUCT",
        "chargeName": "ItemPrice",
        "chargeAmount": {"currency": "CAD", "amount": 100.0},
        "tax": None,
    }
    purchase_order_id = await sold(seller, charges={"charge": [price]})
    seller.account.orders[purchase_order_id].document["orderDate"] = 1_790_000_000_000
    converted = {"SAPR": "73.00"}
    number = await caller.order(
        KETTLES | converted, CHAIRS | {"SAPR": "100.00"}, CUOR=purchase_order_id
    )

    assert read(seller, caller)["problems"] == [
        "line 2: Walmart's price is 73.0000, M3 has 100.00",
    ]
    caller.tenant.rates.clear()
    assert read(seller, caller)["problems"][0] == (
        "line 1: Walmart's price is in CAD, for which M3 has no rate"
    )
    assert number in caller.tenant.orders


@pytest.mark.parametrize(
    ("sku", "problems"),
    [("CHAIR-10", []), ("CHAIR-00", []), ("CHAIR-02", ["line 1: CHAIR-02 is item CHAIR-02"])],
)
async def test_another_item_may_stand_in_for_one_that_cannot_be_sold(
    seller: Seller, caller: Caller, sku: str, problems: list[str]
):
    order = {"shipNode": {"id": "10001"}, "orderLines": {"orderLine": [{"item": {"sku": sku}}]}}
    [purchase_order_id] = (await seller.control("orders", {"order": order}))["purchase_order_ids"]
    price = str(seller.account.orders[purchase_order_id].lines()[0].unit_price)
    stand_in = {"ITNO": "CHAIR-01", "CUPO": "1", "SAPR": price}
    await caller.order(stand_in, CUOR=purchase_order_id)

    found = read(seller, caller)["problems"]

    assert [problem.partition(",")[0] for problem in found] == problems


async def test_stock_walmart_zeroed_stands_in_the_audit(seller: Seller, caller: Caller):
    purchase_order_id = await sold(seller)
    await seller.cancel(purchase_order_id, line_number="2", quantity=1)

    assert audit.join(seller.account, caller.tenant)["stock_zeroed"] == [
        {
            "sku": "CHAIR-01",
            "ship_node": "10001",
            "purchase_order_id": purchase_order_id,
            "line_number": "2",
        }
    ]
