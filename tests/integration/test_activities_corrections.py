"""activities/corrections.py: what a person has corrected is what M3 gets."""

import json

import pytest
from cryptography.fernet import Fernet

from activities.corrections import CorrectAddressInput, CorrectionActivities, MapSkuInput
from activities.orders import OrderActivities
from domain.answers import Address
from domain.attention import Severity
from domain.errors import InvalidOrder, Transient
from domain.orders import OrderEntry, OrderRef
from ledger.seal import Seal
from simulators.m3 import people
from tests.services import BATCH, BATCH_PER_BUYER, DIRECT, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = pytest.mark.parametrize(
    "entry", [BATCH, BATCH_PER_BUYER, DIRECT], ids=["batch", "batch per buyer", "direct"]
)
FAULTS = pytest.mark.parametrize("kind", ["lost_answer", "cut"])

CORRECTED = Address(address1="77 Corrected Street", city="Springfield", postalCode="62701")
UNKNOWN = "NOBODY-KNOWS-THIS"


async def correct(shop: Shop, ref: OrderRef, address: Address | None, sealed: str = "") -> None:
    input = CorrectAddressInput(ref=ref, address=address, sealed=sealed)
    await shop.run(CorrectionActivities.keep_address, input)


async def map_sku(
    shop: Shop,
    ref: OrderRef,
    item_number: str,
    *,
    sku: str = UNKNOWN,
    for_good: bool = False,
    attempt: int = 1,
) -> None:
    input = MapSkuInput(ref=ref, sku=sku, item_number=item_number, for_good=for_good)
    await shop.run(CorrectionActivities.keep_item_number, input, attempt=attempt)


async def codes(shop: Shop, ref: OrderRef) -> set[str]:
    """Return the codes of what keeps the order out of M3 now."""
    drafted = await shop.draft(ref, attempt=2)
    return {each.code for each in drafted.findings if each.severity is not Severity.NOTE}


async def entered_address(shop: Shop, ref: OrderRef) -> dict[str, str]:
    """Return the address the goods of the order go to, as M3 has it."""
    [order] = shop.m3_orders(ref)
    if shop.entry is OrderEntry.DIRECT:
        customer = shop.tenant.customers[order.customer_number]
        return customer.addresses[1, order.entered["ADID"]]
    return order.addresses[1]


def address_parts(record: dict[str, str]) -> set[str]:
    return {record[field] for field in ("CUA1", "CUA2", "CUA3", "TOWN", "PONO") if field in record}


# Addresses.


@ALL
@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
async def test_corrected_address_is_the_one_m3_gets(shop: Shop, sealed: bool):
    ref = shop.place(("WM-KETTLE-01", 2))
    await shop.read(ref)
    if sealed:
        text = shop.services.ledger.seal.seal(CORRECTED.model_dump_json(exclude_none=True))
        await correct(shop, ref, None, sealed=text)
    else:
        await correct(shop, ref, CORRECTED)

    await shop.enter(ref)

    parts = address_parts(await entered_address(shop, ref))
    assert {"77 Corrected Street", "Springfield", "62701"} <= parts


async def test_parts_that_were_right_stay_walmarts(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2))
    await correct(shop, ref, Address(address1="77 Corrected Street"))

    order = await shop.services.order(ref.purchase_order_id)

    walmarts = shop.placed(ref).document["shippingInfo"]["postalAddress"]
    address = order.document["shippingInfo"]["postalAddress"]
    assert address["address1"] == "77 Corrected Street"
    assert (address["name"], address["city"]) == (walmarts["name"], walmarts["city"])


async def test_corrected_phone_takes_the_place_of_walmarts(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2))
    await correct(shop, ref, Address(phone="5550123456"))

    order = await shop.services.order(ref.purchase_order_id)

    assert order.document["shippingInfo"]["phone"] == "5550123456"


async def test_address_corrected_again_replaces_the_one_before(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2))
    await correct(shop, ref, CORRECTED)
    await correct(shop, ref, Address(city="Shelbyville"))

    order = await shop.services.order(ref.purchase_order_id)

    address = order.document["shippingInfo"]["postalAddress"]
    assert address["city"] == "Shelbyville"
    assert address["address1"] != CORRECTED.address1


async def test_corrected_address_outlives_a_newer_copy_of_the_order(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2))
    await correct(shop, ref, CORRECTED)
    await shop.run(OrderActivities.fetch_walmart_order, ref)

    order = await shop.services.order(ref.purchase_order_id)

    assert order.document["shippingInfo"]["postalAddress"]["city"] == "Springfield"


async def test_correction_holds_for_its_order_only(shop: Shop):
    ref, other = shop.place(("WM-KETTLE-01", 2)), shop.place(("WM-KETTLE-01", 2))
    await correct(shop, ref, CORRECTED)

    order = await shop.services.order(other.purchase_order_id)

    walmarts = shop.placed(other).document["shippingInfo"]["postalAddress"]
    assert order.document["shippingInfo"]["postalAddress"]["city"] == walmarts["city"]


async def test_address_without_a_city_stops_the_order_until_it_is_corrected(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2))
    placed = shop.placed(ref)
    address = placed.document["shippingInfo"]["postalAddress"]
    right, address["city"] = address["city"], None
    placed.changed(shop.account.now())
    before = await codes(shop, ref)

    await correct(shop, ref, Address(city=right))

    assert before == {"ADDRESS_INCOMPLETE"}
    assert await codes(shop, ref) == set()


async def test_address_is_kept_sealed(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2))
    await correct(shop, ref, CORRECTED)

    kept = await shop.services.ledger.address(ref.pair, ref.purchase_order_id)

    assert kept is not None
    assert "Springfield" not in kept
    assert json.loads(shop.services.ledger.seal.open(kept))["city"] == "Springfield"


@pytest.mark.parametrize("address", [None, Address()], ids=["none", "without parts"])
async def test_empty_address_is_refused(shop: Shop, address: Address | None):
    ref = shop.place(("WM-KETTLE-01", 2))

    with pytest.raises(InvalidOrder, match="holds no part of an address") as refused:
        await correct(shop, ref, address)

    assert refused.value.cause == "CORRECTION_REFUSED"
    assert await shop.services.ledger.address(ref.pair, ref.purchase_order_id) is None


async def test_address_sealed_with_another_key_is_refused(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2))
    foreign = Seal(Fernet.generate_key().decode()).seal(CORRECTED.model_dump_json())

    with pytest.raises(InvalidOrder, match="sealed with another key") as refused:
        await correct(shop, ref, None, sealed=foreign)

    assert refused.value.cause == "CORRECTION_REFUSED"
    assert "Springfield" not in str(refused.value)


# SKUs.


@ALL
async def test_sku_mapped_for_this_order_is_entered_as_that_item(shop: Shop):
    ref, other = shop.place((UNKNOWN, 2)), shop.place((UNKNOWN, 1))
    await shop.run(OrderActivities.fetch_walmart_order, ref)
    await shop.run(OrderActivities.fetch_walmart_order, other)
    before = await codes(shop, ref)

    await map_sku(shop, ref, "KETTLE-02")

    assert before == await codes(shop, other) == {"UNKNOWN_SKU"}
    assert "UNKNOWN_SKU" not in await codes(shop, ref)
    await shop.enter(ref)
    [line] = shop.m3_orders(ref)[0].lines.values()
    assert (line.item_number, int(line.quantity)) == ("KETTLE-02", 2)
    assert UNKNOWN not in shop.tenant.aliases_by_name


async def test_sku_mapped_for_good_is_known_to_every_order(shop: Shop):
    ref, other = shop.place((UNKNOWN, 2)), shop.place((UNKNOWN, 1))
    await shop.run(OrderActivities.fetch_walmart_order, other)
    before = await codes(shop, other)

    await map_sku(shop, ref, "KETTLE-02", for_good=True)

    assert before == {"UNKNOWN_SKU"}
    assert "UNKNOWN_SKU" not in await codes(shop, other)
    await shop.enter(other)
    assert shop.entered_lines(other) == [("1", "KETTLE-02", 1)]


async def test_what_a_person_says_of_an_order_comes_before_the_alias(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2))
    await map_sku(shop, ref, "KETTLE-02", sku="WM-KETTLE-01")

    await shop.enter(ref)

    assert shop.entered_lines(ref) == [("1", "KETTLE-02", 2)]


async def test_later_word_on_a_sku_replaces_the_one_before(shop: Shop):
    ref = shop.place((UNKNOWN, 2))
    await map_sku(shop, ref, "KETTLE-02")
    await map_sku(shop, ref, "KETTLE-03")

    await shop.enter(ref)

    assert shop.entered_lines(ref) == [("1", "KETTLE-03", 2)]


@pytest.mark.parametrize("for_good", [False, True])
async def test_item_m3_does_not_have_is_refused(shop: Shop, for_good: bool):
    ref = shop.place((UNKNOWN, 2))

    with pytest.raises(InvalidOrder, match="M3 has no item NO-SUCH") as refused:
        await map_sku(shop, ref, "NO-SUCH", for_good=for_good)

    assert refused.value.cause == "CORRECTION_REFUSED"
    assert await shop.services.ledger.item_numbers(ref.pair, ref.purchase_order_id) == {}
    assert UNKNOWN not in shop.tenant.aliases_by_name


async def test_alias_of_another_item_is_refused(shop: Shop):
    ref = shop.place((UNKNOWN, 2))
    people.add_alias(shop.tenant, sku=UNKNOWN, item_number="KETTLE-03")

    with pytest.raises(InvalidOrder, match=f"{UNKNOWN} is an alias of item KETTLE-03") as refused:
        await map_sku(shop, ref, "KETTLE-02", for_good=True)

    assert refused.value.cause == "CORRECTION_REFUSED"
    assert await shop.services.ledger.item_numbers(ref.pair, ref.purchase_order_id) == {}


async def test_alias_that_is_there_already_is_left_as_it_is(shop: Shop):
    ref = shop.place((UNKNOWN, 2))
    people.add_alias(shop.tenant, sku=UNKNOWN, item_number="KETTLE-02")

    await map_sku(shop, ref, "KETTLE-02", for_good=True)

    assert [alias.item_number for alias in shop.tenant.aliases_by_name[UNKNOWN]] == ["KETTLE-02"]


@FAULTS
@pytest.mark.parametrize("operation", ["MMS200MI.Get", "MMS025MI.AddAlias"])
async def test_alias_is_added_once(shop: Shop, kind: str, operation: str):
    ref = shop.place((UNKNOWN, 2))
    shop.lose_answer(operation, kind=kind)

    with pytest.raises(Transient):
        await map_sku(shop, ref, "KETTLE-02", for_good=True)
    await map_sku(shop, ref, "KETTLE-02", for_good=True, attempt=2)

    assert [alias.item_number for alias in shop.tenant.aliases_by_name[UNKNOWN]] == ["KETTLE-02"]
    await shop.enter(ref)
    assert shop.entered_lines(ref) == [("1", "KETTLE-02", 2)]
