"""mappings/inventory.py: what Walmart may sell, by example and as what holds for any stock."""

from dataclasses import replace
from decimal import Decimal
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import (
    FormulaFailed,
    Permanent,
    ShipNodeClosed,
    StockAbsurd,
    StockUnknown,
    UnmappedValue,
)
from domain.inventory import ItemStock
from mappings.inventory import Reserve
from tests.stock_samples import (
    INVENTORY,
    KETTLE,
    NODE,
    computing,
    keeping,
    kit,
    percent,
    safety,
    stock,
    to_sell,
)

any_stock = settings(derandomize=True, max_examples=200, deadline=None)

quantities = st.decimals(min_value=-50_000, max_value=50_000, places=4)
more = st.decimals(min_value=0, max_value=50_000, places=4)
factors = st.decimals(min_value=Decimal("0.001"), max_value=144, places=3)
shares = st.decimals(min_value=0, max_value=100, places=2)
reserves = st.one_of(
    st.builds(Reserve, units=st.integers(0, 500)), st.builds(Reserve, percent=shares)
)
warehouse_reserves = st.dictionaries(st.sampled_from(["001", "003", "009"]), reserves)
inventories = st.builds(
    lambda default, warehouses, items, cap: replace(
        keeping(safety(default, warehouses=warehouses, items=items)), cap=cap
    ),
    reserves,
    warehouse_reserves,
    st.dictionaries(st.just(KETTLE), reserves),
    st.none() | st.integers(0, 2_000),
)
stocks = st.builds(stock, quantities, quantities, factor=factors, held=more, receipts=more)


# What holds for any stock


@any_stock
@given(inventories, stocks)
def test_never_negative_and_never_above_stock_and_receipts(inventory, item):
    there = sum(balance.allocatable for balance in item.balances) + item.receipts

    units = to_sell(item, inventory=inventory)

    assert 0 <= units <= max(0, there * item.unit_factor)
    assert isinstance(units, int)
    if inventory.cap is not None:
        assert units <= inventory.cap


@any_stock
@given(inventories, stocks, more, st.sampled_from([0, 1]))
def test_more_stock_is_never_less_to_sell(inventory, item, added, place):
    balances = list(item.balances)
    balances[place] = replace(balances[place], allocatable=balances[place].allocatable + added)
    fuller = replace(item, balances=tuple(balances))

    assert to_sell(fuller, inventory=inventory) >= to_sell(item, inventory=inventory)


@any_stock
@given(inventories, stocks, more)
def test_more_receipts_are_never_less_to_sell(inventory, item, added):
    fuller = replace(item, receipts=item.receipts + added)

    assert to_sell(fuller, inventory=inventory) >= to_sell(item, inventory=inventory)


@any_stock
@given(inventories, stocks, more)
def test_more_held_is_never_more_to_sell(inventory, item, added):
    holding = replace(item, held=item.held + added)

    assert to_sell(holding, inventory=inventory) <= to_sell(item, inventory=inventory)


@any_stock
@given(stocks, st.integers(0, 500), st.integers(0, 500), shares, shares)
def test_more_safety_stock_is_never_more_to_sell(item, units, added, share, other_share):
    low, high = sorted([share, other_share])
    for smaller, larger in (
        (Reserve(units=units), Reserve(units=units + added)),
        (Reserve(percent=low), Reserve(percent=high)),
    ):
        assert to_sell(item, inventory=keeping(larger)) <= to_sell(item, inventory=keeping(smaller))


@any_stock
@given(inventories, st.lists(st.tuples(stocks, st.integers(1, 12)), min_size=1, max_size=4))
def test_kit_is_no_more_than_the_share_of_each_item(inventory, items):
    inventory = replace(inventory, cap=None)
    named = [(replace(each, item_number=f"ITEM{at}"), n) for at, (each, n) in enumerate(items)]
    components = kit(**{each.item_number: str(n) for each, n in named})

    units = to_sell(*(each for each, _ in named), inventory=inventory, components=components)

    assert units == min(to_sell(each, inventory=inventory) // n for each, n in named)


@any_stock
@given(st.decimals(min_value=0, max_value=50_000, places=6), factors)
def test_fraction_is_dropped(quantity, factor):
    assert to_sell(stock(quantity, factor=factor)) == floor(quantity * factor)


@any_stock
@given(stocks, st.sampled_from(["net * 2", "net - 5000", "double(net) * 1.7", "held", "7"]))
def test_own_formula_is_kept_between_nothing_and_what_there_is(item, expression):
    there = sum(balance.allocatable for balance in item.balances) + item.receipts

    units = to_sell(item, inventory=computing(expression))

    assert 0 <= units <= max(0, there * item.unit_factor)


@any_stock
@given(st.integers(0, 9_999_999), shares)
def test_share_that_is_kept_back_is_rounded_up(net, share):
    assert percent(str(share)).of(net) == ceil(net * share / 100)


# Examples


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(stock("12.0000"), 12, id="one warehouse"),
        pytest.param(stock("12", "5"), 17, id="two warehouses"),
        pytest.param(stock("12", "-5"), 7, id="negative in one takes from the other"),
        pytest.param(stock("-3"), 0, id="negative in all is nothing"),
        pytest.param(stock("2.9"), 2, id="fraction dropped"),
        pytest.param(stock("12", "-0.5"), 11, id="half a unit too few is one"),
        pytest.param(stock("1.5", "1.5"), 2, id="halves in two places are no unit"),
        pytest.param(stock("2.5", factor="12"), 30, id="dozens"),
        pytest.param(stock("7", factor="0.5"), 3, id="two basic units make one"),
        pytest.param(stock("3", factor=Decimal(1) / 3), 0, id="a third three times is less than 1"),
        pytest.param(stock("12", held="4"), 8, id="held"),
        pytest.param(stock("12", held="3.5"), 8, id="half a unit held is one"),
        pytest.param(stock("12", held="13"), 0, id="more held than there is"),
        pytest.param(stock("12", receipts="3"), 15, id="receipts"),
        pytest.param(stock("1", receipts="1.5", factor="12"), 30, id="receipts in dozens"),
        pytest.param(stock("-5", receipts="8"), 3, id="receipts make up for what is missing"),
    ],
)
def test_shipped_formula(item, expected):
    assert to_sell(item) == expected


ALL_KINDS = safety(
    Reserve(units=1),
    warehouses={"001": Reserve(units=2)},
    item_groups={"GLASS": Reserve(units=30)},
    items={KETTLE: Reserve(units=40)},
)


@pytest.mark.parametrize(
    ("kept", "item", "expected"),
    [
        pytest.param(ALL_KINDS, stock("50", "50", item_group="GLASS"), 60, id="item first"),
        pytest.param(
            ALL_KINDS, stock("50", "50", item_group="GLASS", item_number="CUP"), 70, id="then group"
        ),
        pytest.param(
            ALL_KINDS, stock("50", "50", item_number="CUP"), 97, id="warehouse and default"
        ),
        pytest.param(safety(Reserve(units=1)), stock("50", "50"), 99, id="default only once"),
        pytest.param(
            safety(Reserve(units=1), warehouses={"001": Reserve(units=2), "003": Reserve(units=3)}),
            stock("50", "50"),
            95,
            id="warehouses add up",
        ),
        pytest.param(
            safety(warehouses={"001": percent(10), "003": percent(50)}),
            stock("50", "20"),
            55,
            id="shares of each warehouse",
        ),
        pytest.param(safety(percent(10)), stock("11"), 9, id="share rounded up"),
        pytest.param(safety(percent(10)), stock("-5", receipts="9"), 4, id="share of nothing"),
        pytest.param(
            safety(Reserve(units=9), items={KETTLE: Reserve()}), stock("50"), 50, id="item of none"
        ),
        pytest.param(safety(percent(100)), stock("50"), 0, id="all"),
    ],
)
def test_most_special_safety_stock_wins(kept, item, expected):
    assert to_sell(item, inventory=keeping(kept)) == expected


def test_cap_limits_what_is_shown():
    capped = replace(INVENTORY, cap=10)

    assert to_sell(stock("12"), inventory=capped) == 10
    assert to_sell(stock("9"), inventory=capped) == 9


@pytest.mark.parametrize(
    ("kettles", "cups", "expected"),
    [("4", "100", 4), ("100", "25", 4), ("100", "0", 0), ("-1", "100", 0)],
)
def test_scarcest_item_of_a_kit_decides(kettles: str, cups: str, expected: int):
    items = stock(kettles), stock(cups, item_number="CUP-04")

    assert to_sell(*items, components=kit(**{KETTLE: "1", "CUP-04": "6"})) == expected


def test_items_of_a_kit_keep_back_their_own():
    inventory = keeping(safety(items={"CUP": Reserve(units=6)}))
    items = stock("10"), stock("30", item_number="CUP", held="5")

    assert to_sell(*items, inventory=inventory, components=kit(**{KETTLE: "1", "CUP": "6"})) == 3


def test_part_of_an_item_in_a_kit():
    assert to_sell(stock("3.5", item_number="CABLE"), components=kit(CABLE="0.5")) == 6


def test_sku_is_its_item_unless_it_is_a_kit():
    inventory = replace(INVENTORY, kits={"SET": kit(CUP="6")})

    assert inventory.components("SET", "SET") == kit(CUP="6")
    assert inventory.components("WM-CUP", "CUP") == kit(CUP="1")


def test_ship_node_without_a_list_has_the_warehouse_of_the_table():
    assert INVENTORY.warehouses_of(NODE) == ("001", "003")
    assert INVENTORY.warehouses_of("10002") == ("002",)
    with pytest.raises(ShipNodeClosed):
        INVENTORY.warehouses_of("10003")
    with pytest.raises(UnmappedValue):
        INVENTORY.warehouses_of("77777")


# What is not known is not sold, and not zero either


def without_second_warehouse() -> ItemStock:
    item = stock("12")
    return replace(item, balances=item.balances[:1])


@pytest.mark.parametrize(
    ("item", "error", "said"),
    [
        (without_second_warehouse(), StockUnknown, "its stock in warehouse 003 is not known"),
        (stock("NaN"), StockUnknown, "its stock in warehouse 001 is NaN"),
        (stock("sNaN"), StockUnknown, "its stock in warehouse 001 is sNaN"),
        (stock("1", "-Infinity"), StockUnknown, "its stock in warehouse 003 is -Infinity"),
        (stock("1", held="NaN"), StockUnknown, "what orders hold of it is NaN"),
        (stock("1", held="sNaN"), StockUnknown, "what orders hold of it is sNaN"),
        (stock("1", receipts="Infinity"), StockUnknown, "what is to be received is Infinity"),
        (stock("10000000"), StockAbsurd, "is 10000000 units, and more than 9999999 cannot be"),
        (stock("-10000000"), StockAbsurd, "is -10000000 units"),
        (stock("900000", factor="12"), StockAbsurd, "is 10800000 units"),
        (stock("6000000", "6000000"), StockAbsurd, "its stock is 12000000 units"),
        (stock("1E+999999", factor="1E-999"), StockAbsurd, "is 1E+999999"),
        (stock("1", held="10000000"), StockAbsurd, "what orders hold of it is 10000000 units"),
        (stock("1", held="-1"), StockAbsurd, "what orders hold of it is -1 units"),
        (stock("1", receipts="-1"), StockAbsurd, "what is to be received is -1 units"),
        (stock("1", factor="0"), StockAbsurd, "its unit factor is 0"),
        (stock("1", factor="-12"), StockAbsurd, "its unit factor is -12"),
        (stock("1", factor="NaN"), StockAbsurd, "its unit factor is NaN"),
        (stock("1", factor="1E+99"), StockAbsurd, "its unit factor is 1E+99"),
    ],
)
def test_stock_that_is_unknown_or_absurd_is_told(item, error: type[Permanent], said: str):
    with pytest.raises(error) as caught:
        to_sell(item)

    assert f"item {KETTLE}: " in str(caught.value)
    assert said in str(caught.value)
    cause = "STOCK_UNKNOWN" if error is StockUnknown else "STOCK_ABSURD"
    assert caught.value.cause == cause
    assert caught.value.mend


def test_kit_with_an_item_nobody_knows_is_told():
    with pytest.raises(StockUnknown, match="item CUP: nothing is known of its stock"):
        to_sell(stock("5"), components=kit(**{KETTLE: "1", "CUP": "6"}))


def test_stock_of_other_warehouses_does_not_count():
    assert to_sell(replace(stock("5", "7")), inventory=replace(INVENTORY, warehouses={})) == 5


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("net / held", "cannot be worked out: division by zero"),
        ("double(net) / 0.0", "gives no number but inf"),
        ("net > 0", "gives no number but True"),
        ('"12"', "gives no number but '12'"),
        ("net * 9223372036854775807", "cannot be worked out: "),
    ],
)
def test_formula_without_a_result_publishes_nothing(expression: str, said: str):
    with pytest.raises(FormulaFailed) as caught:
        to_sell(stock("5"), inventory=computing(expression))

    assert f"item {KETTLE}: `available` of inventory.yaml {said}" in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("net * 2", 10),
        ("net - 100", 0),
        ("double(net) * 0.9", 9),
        ("net > 3 ? net - 3 : 0", 7),
        ("net + receipts", 10),
    ],
)
def test_own_formula(expression: str, expected: int):
    assert to_sell(stock("10"), inventory=computing(expression)) == expected
