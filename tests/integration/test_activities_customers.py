"""activities/customers.py: one buyer is one M3 customer, however many of their orders arrive."""

import asyncio
from typing import Any

import pytest

from activities.customers import CustomerActivities, FindCustomerInput
from domain.errors import Rejected, Transient, UnmappableField, UnmappedValue
from domain.orders import Customer, OrderRef
from simulators.m3.records import Customer as M3Customer
from tests.services import BATCH_PER_BUYER, DIRECT, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH = pytest.mark.parametrize("entry", [BATCH_PER_BUYER, DIRECT], ids=["batch", "direct"])
EMAIL = "0123456789ABCDEF@relay.walmart.com"


def order_of(shop: Shop, *, email: str = EMAIL, **address: Any) -> OrderRef:
    """Place an order of one buyer at one address."""
    home = {"name": "Zoë Buyer", "address1": "1 Example Street", "city": "Austin"}
    home |= {"state": "TX", "postalCode": "78701"} | address
    return shop.place(customerEmailId=email, shippingInfo={"postalAddress": home})


def buyers(shop: Shop) -> list[M3Customer]:
    """Return M3's customers beside the marketplace and the template."""
    return [customer for number, customer in shop.tenant.customers.items() if number[:2] == "WM"]


async def find_or_create(shop: Shop, ref: OrderRef, *, attempt: int = 1) -> Customer:
    activity = CustomerActivities.find_or_create_customer
    return await shop.run(activity, wanted(shop, ref), attempt=attempt)


def wanted(shop: Shop, ref: OrderRef) -> FindCustomerInput:
    return FindCustomerInput(ref=ref, order_entry=shop.services.pair.order_entry)


@BOTH
async def test_new_buyer_becomes_a_customer_of_the_template(shop: Shop):
    customer = await find_or_create(shop, order_of(shop))

    [created] = buyers(shop)
    assert created.number == customer.customer_number
    assert (created.entered["CUNM"], created.entered["TOWN"]) == ("Zoë Buyer", "Austin")
    assert (created.entered["MAIL"], created.entered["CUCD"]) == (EMAIL, "USD")


@pytest.mark.parametrize("entry", [DIRECT])
async def test_address_of_direct_entry_is_one_of_the_customer(shop: Shop):
    first = await find_or_create(shop, order_of(shop))
    again = await find_or_create(shop, order_of(shop))
    elsewhere = await find_or_create(shop, order_of(shop, city="Dallas"))

    [created] = buyers(shop)
    assert first == again
    assert elsewhere.customer_number == first.customer_number
    assert {address_id for _, address_id in created.addresses} == {
        first.address_id,
        elsewhere.address_id,
    }
    assert created.addresses[1, elsewhere.address_id]["TOWN"] == "Dallas"


@pytest.mark.parametrize("entry", [BATCH_PER_BUYER])
async def test_address_of_batch_entry_stays_on_the_order(shop: Shop):
    customer = await find_or_create(shop, order_of(shop))

    assert customer.address_id == ""
    assert buyers(shop)[0].addresses == {}


@BOTH
@pytest.mark.parametrize("kind", ["lost_answer", "cut"])
@pytest.mark.parametrize("operation", ["Add", "LstBySearchKey"])
async def test_customer_is_created_once(shop: Shop, operation: str, kind: str):
    ref = order_of(shop)
    shop.lose_answer(f"CRS610MI.{operation}", kind=kind)

    with pytest.raises(Transient):
        await find_or_create(shop, ref)
    customer = await find_or_create(shop, ref, attempt=2)

    assert [each.number for each in buyers(shop)] == [customer.customer_number]


@pytest.mark.parametrize("entry", [DIRECT])
@pytest.mark.parametrize("kind", ["lost_answer", "cut"])
@pytest.mark.parametrize("operation", ["AddAddress", "GetAddress"])
async def test_address_is_created_once(shop: Shop, operation: str, kind: str):
    ref = order_of(shop)
    shop.lose_answer(f"CRS610MI.{operation}", kind=kind)

    with pytest.raises(Transient):
        await find_or_create(shop, ref)
    customer = await find_or_create(shop, ref, attempt=2)

    [created] = buyers(shop)
    assert list(created.addresses) == [(1, customer.address_id)]


@BOTH
async def test_orders_of_one_new_buyer_at_once_make_one_customer(shop: Shop):
    """Both look before either has written, so M3 has to refuse one of them."""
    refs = [order_of(shop), order_of(shop)]
    for ref in refs:
        await shop.read(ref)
    late = await shop.stall(
        CustomerActivities.find_or_create_customer, wanted(shop, refs[0]), before="Add"
    )

    first = await find_or_create(shop, refs[1])
    second = await late()

    assert first == second
    assert len(buyers(shop)) == 1


@pytest.mark.parametrize("entry", [DIRECT])
async def test_orders_to_one_new_address_at_once_make_one_address(shop: Shop):
    refs = [order_of(shop), order_of(shop)]
    for ref in refs:
        await shop.read(ref)
    activity = CustomerActivities.find_or_create_customer
    late = await shop.stall(activity, wanted(shop, refs[0]), before="AddAddress")

    first = await find_or_create(shop, refs[1])
    second = await late()

    assert first == second
    assert len(buyers(shop)[0].addresses) == 1


@BOTH
async def test_many_orders_of_one_new_buyer_at_once(shop: Shop):
    refs = [order_of(shop) for _ in range(5)]

    customers = await asyncio.gather(*(find_or_create(shop, ref) for ref in refs))

    assert len(set(customers)) == 1
    assert len(buyers(shop)) == 1


@BOTH
async def test_two_buyers_are_two_customers(shop: Shop):
    numbers = {
        (await find_or_create(shop, order_of(shop, email=email))).customer_number
        for email in (EMAIL, "FEDCBA@relay.walmart.com")
    }

    assert {each.number for each in buyers(shop)} == numbers
    assert len(numbers) == 2


@BOTH
async def test_buyer_whom_a_person_entered_is_found_by_search_key(shop: Shop):
    ref = order_of(shop)
    found = await find_or_create(shop, ref)
    customer = shop.tenant.customers.pop(found.customer_number)
    shop.tenant.customers_by_search_key.remove((customer.entered["ALCU"], customer.number))
    customer.number = "BYHAND"
    shop.tenant.add_customer(customer)

    assert (await find_or_create(shop, ref)).customer_number == "BYHAND"


@BOTH
async def test_template_that_m3_does_not_have_is_told(shop: Shop):
    del shop.tenant.customers["TMPLWM"]

    with pytest.raises(Rejected, match="Customer template TMPLWM does not exist") as caught:
        await find_or_create(shop, order_of(shop))

    assert caught.value.cause == "M3_NOT_FOUND"


@BOTH
async def test_buyer_who_does_not_fit_is_told(shop: Shop):
    with pytest.raises(UnmappedValue, match="countries"):
        await find_or_create(shop, order_of(shop, country="ATL"))
    with pytest.raises(UnmappableField, match="address1"):
        await find_or_create(shop, order_of(shop, address1=None))

    assert buyers(shop) == []
