"""From M3's balances to what Walmart should show, against both simulated systems."""

from datetime import UTC, datetime

import pytest

from activities.inventory import InventoryActivities, ItemsToRead, Reading
from activities.listings import ListingActivities, Listings
from activities.orders import OrderActivities
from domain.errors import StockListTruncated
from domain.inventory_runs import Scope
from domain.offers import OfferKey
from simulators.m3.records import Alias
from simulators.world import planned_item_number, planned_sku
from tests.integration.stock_steps import (
    EAST,
    WEST,
    compute,
    expected,
    list_planned,
    offer,
    plan,
    read_changes,
    read_everything,
    rows,
    send,
    set_stock,
    shown,
    take_up,
    wanted,
)
from tests.services import PAIR, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

KETTLE = OfferKey(sku="WM-KETTLE-01", ship_node=EAST)


@pytest.fixture
def inventory() -> bool:
    return True


async def test_first_reading_makes_every_offer_what_m3_can_allocate(shop: Shop):
    plan(shop, 60)
    list_planned(shop, range(1, 61))

    computed = await take_up(shop)

    assert (computed.computed, computed.unknown) == (120, 0)
    assert await wanted(shop) == {
        offer(n, node): expected(shop, n, node) for n in range(1, 61) for node in (EAST, WEST)
    }


async def test_second_reading_of_everything_finds_only_what_has_changed(shop: Shop):
    plan(shop, 20)
    list_planned(shop, range(1, 21))
    await take_up(shop)
    set_stock(shop, 3, "77")

    difference = await read_everything(shop)
    computed = await compute(shop)

    assert (difference.changed, difference.gone) == (1, 0)
    assert computed.computed == 2  # the item at both ship nodes
    assert (await wanted(shop))[offer(3)] == 77


async def test_changes_are_read_and_the_rest_stays(shop: Shop):
    plan(shop, 20)
    list_planned(shop, range(1, 21))
    await take_up(shop)
    before = await wanted(shop)
    set_stock(shop, 4, "0")
    set_stock(shop, 5, "12", ship_node=WEST)

    difference = await read_changes(shop)
    await compute(shop)

    assert difference.changed == 2
    assert await wanted(shop) == before | {offer(4): 0, offer(5, WEST): 12}


async def test_balance_stamped_just_before_a_reading_is_read_by_the_next_one(shop: Shop):
    plan(shop, 5)
    list_planned(shop, range(1, 6))
    await take_up(shop)
    began = await shop.services.ledger.balances.began(PAIR, Scope.CHANGES)
    assert began is not None

    set_stock(shop, 2, "33")  # M3's clock stands still since before the reading
    [change] = shop.tenant.stock.changes(since_ms=shop.tenant.opened_ms)
    await read_changes(shop)
    await compute(shop)

    assert change.at_ms < began.timestamp() * 1000
    assert (await wanted(shop))[offer(2)] == 33


async def test_changes_cannot_be_read_before_everything_was(shop: Shop):
    with pytest.raises(StockListTruncated, match="nothing was read before"):
        await read_changes(shop)


async def test_more_changes_than_one_answer_holds_have_everything_read(shop: Shop):
    plan(shop, 10_001)
    now = datetime.now(UTC)
    await shop.services.ledger.balances.keep_beginning(PAIR, Scope.CHANGES, at=now)

    with pytest.raises(StockListTruncated, match="more than 20000 changes"):
        await read_changes(shop)

    assert await shop.services.ledger.balances.began(PAIR, Scope.CHANGES) is not None
    assert not await shop.services.ledger.balances.balances_of(PAIR, ["I0000001"])


async def test_a_warehouse_of_several_pages_is_read_to_its_end(shop: Shop):
    plan(shop, 5_500, warehouses=("001",))
    reading = Reading(pair=PAIR, run="2026/x", warehouse="001", complete=True)

    count = await shop.run(InventoryActivities.read_warehouse, reading)
    await shop.run(InventoryActivities.apply_reading, reading)

    known = await shop.services.ledger.balances.balances_of(
        PAIR, ["I0000001", "I0004958", "I0005500"]
    )
    assert count == 5_542  # and the items there are without a plan
    assert set(known) == {("001", "I0000001"), ("001", "I0004958"), ("001", "I0005500")}


@pytest.mark.parametrize(
    ("n", "stock", "units"),
    [
        (50, "20", 3),  # PC, six are one EACH
        (50, "17.999999", 2),
        (100, "2", 24),  # BOX of twelve
        (100, "0.25", 3),
        (100, "0.333333", 3),  # a third, cut off, is not four
        (1, "4.75", 4),
        (1, "-3", 0),
        (1, "-0.5", 0),
        (1, "0.999999", 0),
    ],
)
async def test_basic_units_become_whole_each(shop: Shop, n: int, stock: str, units: int):
    plan(shop, 100)
    list_planned(shop, [n])
    set_stock(shop, n, stock)

    await take_up(shop)

    assert (await wanted(shop))[offer(n)] == units


async def test_item_without_stock_in_one_warehouse_shows_none_there(shop: Shop):
    plan(shop, 3, warehouses=("001",))
    list_planned(shop, [2])

    await take_up(shop)

    assert await wanted(shop) == {offer(2): expected(shop, 2), offer(2, WEST): 0}


async def test_skus_m3_does_not_know_are_named_and_the_others_go_on(shop: Shop):
    plan(shop, 3)
    list_planned(shop, [1, 2])
    unknown = ("WM-GHOST-01", "WM-GHOST-WITH-A-NAME-TOO-LONG-FOR-M3")
    for sku in unknown:
        shop.account.inventory.stock.list_named(sku, {EAST: 4})

    computed = await take_up(shop)
    sent = await send(shop)

    cases = await shop.services.ledger.offers.cases(PAIR, limit=10)
    assert computed.unknown == 2
    assert sorted(case.offer.sku for case in cases) == sorted(unknown)
    assert all(case.cause == "STOCK_UNKNOWN" and case.wanted is None for case in cases)
    assert "MMS025" in cases[1].problem or "MMS025" in cases[0].problem
    at_walmart = shown(shop)
    assert [at_walmart[OfferKey(sku=sku, ship_node=EAST)] for sku in unknown] == [4, 4]
    assert at_walmart[offer(1)] == expected(shop, 1)
    assert sent.refused == 0


async def test_sku_gets_its_stock_once_its_alias_is_there(shop: Shop):
    plan(shop, 3)
    shop.account.inventory.stock.list_named("A-NAME-OF-MORE-THAN-15", {EAST: 0})
    await take_up(shop)
    alias = Alias(
        category=2,
        qualifier="",
        name="A-NAME-OF-MORE-THAN-15",
        item_number=planned_item_number(3),
        entered={},
    )
    shop.tenant.add_alias(alias)

    await take_up(shop)

    key = OfferKey(sku="A-NAME-OF-MORE-THAN-15", ship_node=EAST)
    assert await wanted(shop) == {key: expected(shop, 3)}
    assert await shop.services.ledger.offers.cases(PAIR, limit=10) == []


async def test_ship_nodes_that_are_closed_or_in_no_table_are_left_alone(shop: Shop):
    plan(shop, 3)
    shop.account.inventory.stock.list_named(planned_sku(1), {EAST: 1, "10003": 5, "10009": 6})

    listings = await shop.run(ListingActivities.read_listings, PAIR)
    await read_everything(shop)
    await compute(shop)
    await send(shop)

    at_walmart = shown(shop)
    assert listings == Listings(offers=3, drifted=1)
    assert at_walmart[OfferKey(sku=planned_sku(1), ship_node="10003")] == 5
    assert at_walmart[OfferKey(sku=planned_sku(1), ship_node="10009")] == 6
    assert at_walmart[offer(1)] == expected(shop, 1)


async def test_skus_with_odd_letters_get_their_stock(shop: Shop):
    plan(shop, 4_000)
    odd = (1000, 2000, 3000, 4000)
    list_planned(shop, odd)

    await take_up(shop)
    await send(shop)

    assert [planned_sku(n) for n in odd] == [
        "WM/I0001000",
        "WM%I0002000",
        "wm-i0003000",
        "WM I0004000",
    ]
    assert shown(shop) == {
        offer(n, node): expected(shop, n, node) for n in odd for node in (EAST, WEST)
    }


async def test_single_skus_are_read_from_the_warehouses_that_keep_them(shop: Shop):
    plan(shop, 5, warehouses=("001",))
    list_planned(shop, range(1, 6))
    await take_up(shop)
    set_stock(shop, 2, "9")
    set_stock(shop, 3, "8")
    reading = Reading(pair=PAIR, run="2026/single")
    input = ItemsToRead(reading=reading, skus=(planned_sku(2), "NEVER-HEARD-OF"))

    count = await shop.run(InventoryActivities.read_items, input)
    await shop.run(InventoryActivities.apply_reading, reading)
    await compute(shop)

    now = await wanted(shop)
    assert count == 1
    assert now[offer(2)] == 9
    assert now[offer(3)] != 8  # nobody has asked for it


async def test_units_of_an_order_are_held_until_m3_has_allocated_them(shop: Shop):
    shop.account.inventory.stock.list_named(KETTLE.sku, {EAST: 0})
    await take_up(shop)
    before = (await wanted(shop))[KETTLE]
    ref = shop.place((KETTLE.sku, 2), (KETTLE.sku, 1))

    await shop.run(OrderActivities.fetch_walmart_order, ref, local=True)
    await compute(shop)
    held = (await wanted(shop))[KETTLE]
    number = await shop.enter(ref)
    await shop.reserve(ref, number)
    await read_changes(shop)
    await compute(shop)

    assert (before, held) == (10_000, 9_997)
    assert (await wanted(shop))[KETTLE] == 9_997
    assert await shop.services.ledger.held_units.held(PAIR, ["KETTLE-01"]) == {}


async def test_order_read_again_does_not_hold_its_units_twice(shop: Shop):
    shop.account.inventory.stock.list_named(KETTLE.sku, {EAST: 0})
    await take_up(shop)
    ref = shop.place((KETTLE.sku, 2))

    for _ in range(3):
        await shop.run(OrderActivities.fetch_walmart_order, ref, local=True)
    await compute(shop)

    assert (await wanted(shop))[KETTLE] == 9_998


async def test_item_that_is_listed_no_longer_is_not_known_and_its_offer_stays(shop: Shop):
    plan(shop, 3)
    list_planned(shop, [1])
    await take_up(shop)
    await send(shop)
    reading = Reading(pair=PAIR, run="2026/empty", complete=True, began=datetime.now(UTC))

    difference = await shop.run(InventoryActivities.apply_reading, reading)
    computed = await compute(shop)
    sent = await send(shop)

    row = (await rows(shop))[offer(1)]
    assert difference.gone == 90
    assert computed.unknown == 2
    assert (row.wanted, row.cause) == (None, "STOCK_UNKNOWN")
    assert sent.accepted == 0
    assert shown(shop)[offer(1)] == expected(shop, 1)
