"""All activities in their order, for each way of entry: both systems agree at the end."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import URL

from activities.invoices import FindInvoicesInput, InvoiceActivities
from activities.orders import OrderActivities
from activities.shipments import ShipmentActivities
from domain.orders import OrderRef
from simulators import audit
from simulators.m3 import warehouse
from simulators.m3.state import WarehouseSettings
from simulators.walmart.generator import CYCLE, INVOICED, generate
from tests.services import BATCH, BATCH_PER_BUYER, DIRECT, PAIR, Shop, open_shop
from tests.systems import Systems

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = pytest.mark.parametrize(
    "entry", [BATCH, BATCH_PER_BUYER, DIRECT], ids=["batch", "batch per buyer", "direct"]
)


async def take_to_invoice(shop: Shop, ref: OrderRef) -> None:
    """Run every step of an order, confirming its deliveries as they leave."""
    input = await shop.delivered(ref)
    await shop.run(ShipmentActivities.confirm_shipment, input)
    [order] = shop.m3_orders(ref)
    while step := warehouse.advance(shop.tenant, order):
        if step == "ship":
            rest = replace(input, delivery_number=order.deliveries[-1].number)
            await shop.run(ShipmentActivities.confirm_shipment, rest)
    found = FindInvoicesInput(ref=ref, m3_order_number=order.number)
    invoices = await shop.run(InvoiceActivities.find_invoices, found)
    assert [each.delivery_number for each in invoices] == [d.number for d in order.deliveries]


@ALL
async def test_both_systems_agree_on_every_kind_of_order(shop: Shop):
    await assert_that_both_agree(shop)


async def test_both_systems_agree_when_the_ledger_is_on_a_server(
    systems: Systems, tmp_path: Path, postgresql_url: URL
):
    url = postgresql_url.render_as_string(hide_password=False)
    ledger = {"url": SecretStr(url), "key": SecretStr(Fernet.generate_key().decode())}
    async with open_shop(systems, tmp_path, BATCH, ledger=ledger) as shop:
        await assert_that_both_agree(shop)


async def assert_that_both_agree(shop: Shop) -> None:
    shop.tenant.warehouse = WarehouseSettings(running=False, partial_share=0.5, packages_share=0.5)
    orders = generate(
        count=CYCLE, mix="mixed", seed=3, first_number=0, ordered_at_ms=int(time.time() * 1000)
    )
    for order in orders:
        placed = shop.account.place(order.document, expected=order.expected)
        if order.expected == INVOICED:
            ref = OrderRef(pair=PAIR, purchase_order_id=placed.purchase_order_id)
            await take_to_invoice(shop, ref)

    found = audit.join(shop.account, shop.tenant)
    right = sum(o["expected"] == INVOICED for o in found["orders"])
    assert [problem for order in found["orders"] for problem in order["problems"]] == []
    assert found["totals"] == {
        "walmart_orders": CYCLE,
        "m3_orders": right,
        "duplicates": 0,
        "acknowledged": right,
        "shipped": right,
        "invoiced": right,
        "canceled": 0,
        "shipped_after_cancellation": 0,
        "orphan_batches": 0,
        "mismatches": 0,
    }


@pytest.mark.parametrize("entry", [DIRECT])
async def test_direct_order_has_the_buyer_the_address_the_freight_and_walmarts_lines(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2), ("TOASTER-02", 1), first_line=4, freight="5.99")
    number = await shop.enter(ref)

    [order] = shop.m3_orders(ref)
    address = shop.placed(ref).document["shippingInfo"]["postalAddress"]
    customer = shop.tenant.customers[order.customer_number]
    assert customer.entered["CUNM"] == address["name"]
    assert customer.addresses[1, order.entered["ADID"]]["TOWN"] == address["city"]
    assert list(order.lines) == [(4, 0), (5, 0)]
    [charge] = await shop.m3("OIS100MI.LstOrderCharge", ORNO=number)
    assert (charge["CRID"], charge["PBAM"]) == ("FRGHT", "5.99")
    assert [line.line_number for line in await shop.reserve(ref, number)] == ["4", "5"]


async def test_two_parts_of_a_customer_order_are_two_m3_orders(shop: Shop):
    first = shop.place(("WM-KETTLE-01", 2), ("TOASTER-02", 1), customerOrderId="200123456789012")
    second = shop.place(
        ("WM-LAMP-01", 1),
        first_line=4,
        customerOrderId="200123456789012",
        shipNode={"id": "10002"},
    )
    for ref in (first, second):
        await take_to_invoice(shop, ref)

    assert shop.entered_lines(second) == [("4", "LAMP-01", 1)]
    assert shop.problems(first) == shop.problems(second) == []


async def test_acknowledgement_of_a_second_run_is_recognized(shop: Shop):
    """Temporal and the ledger have forgotten an order that is under way."""
    ref = shop.place(("WM-KETTLE-01", 2))
    input = await shop.delivered(ref)
    await shop.run(ShipmentActivities.confirm_shipment, input)
    shop.later()
    await shop.start_worker()

    number = await shop.enter(ref)
    await shop.run(OrderActivities.acknowledge_walmart_order, ref)
    lines = await shop.reserve(ref, number)
    again = await shop.run(
        ShipmentActivities.confirm_shipment, replace(input, m3_order_number=number, lines=lines)
    )

    assert again.delivery_number == input.delivery_number
    assert shop.problems(ref) == []
