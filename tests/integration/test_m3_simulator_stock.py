"""What the simulated M3 has in stock, how it is read, and how orders change it."""

from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import pairwise

import httpx
import pytest
import pytest_asyncio

from simulators.world import planned_item_number, planned_sku
from tests.integration.m3_caller import EXECUTE, Caller, Refused, caller_of

NEW = "OIS100MI.LstNewBalances"
SUM = "MMS200MI.LstSumWhsBal"
ALIASES = "MMS025MI.LstAliasViaCat"
UNITS = "MMS200MI.LstItmAltUnitMs"
BALANCE = "MMS200MI.GetItmWhsBal"
KETTLE = {"WHLO": "001", "ITNO": "KETTLE-01"}


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[Caller]:
    async with caller_of() as caller:
        await caller.control("warehouse", {"running": False})
        yield caller


async def plan(caller: Caller, count: int, **wish: object) -> None:
    await caller.control("stock/plan", {"count": count, "seed": 1, **wish})


async def get(caller: Caller, operation: str, **parameters: str) -> list[dict[str, str]]:
    """Run one transaction by GET, with its control parameters, and return the records."""
    path = f"{EXECUTE}/{operation.replace('.', '/')}"
    answer = await caller.http.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    records: list[dict[str, str]] = answer.json()["results"][0]["records"]
    return records


async def now_ms(caller: Caller) -> int:
    return int((await caller.control("clock"))["now_ms"])


async def refusal(caller: Caller, operation: str, **record: str) -> str:
    with pytest.raises(Refused) as refused:
        await caller.list(operation, **record)
    return str(refused.value.code)


async def test_a_balance_follows_an_order_from_entry_to_delivery(caller: Caller):
    seen = []

    async def look() -> None:
        row = await caller.one(BALANCE, **KETTLE)
        names = ("STQT", "ALQT", "PLQT", "REQT", "AVAL", "AV01", "AV02")
        seen.append(tuple(row[name] for name in names))

    number = await caller.order({"ORQT": "3"})
    await look()
    for _ in range(3):
        await caller.advance(number)
        await look()

    assert seen == [
        ("10000", "0", "0", "3", "10000", "10000", "9997"),
        ("10000", "3", "0", "3", "10000", "9997", "9997"),
        ("10000", "3", "3", "3", "10000", "9997", "9997"),
        ("9997", "0", "0", "0", "9997", "9997", "9997"),
    ]


async def test_every_step_of_an_order_shows_as_a_changed_balance(caller: Caller):
    number = await caller.order()
    for step in ("allocate", "pick", "ship"):
        caller.later(1)
        before = await now_ms(caller)
        assert await caller.advance(number) == {number: step}

        [row] = await caller.list(NEW, LMTS=str(before))

        assert (row["WHLO"], row["ITNO"], row["AV01"]) == ("001", "KETTLE-01", "9999")


async def test_changed_balances_come_in_the_order_of_their_last_change(caller: Caller):
    before = await now_ms(caller)
    for item in ("LAMP-01", "CHAIR-01", "KETTLE-01", "LAMP-01"):
        caller.later(0.002)
        await caller.control("stock", {"item": item, "warehouse": "002", "quantity": 1})

    rows = await caller.list(NEW, LMTS=str(before + 1))

    assert [row["ITNO"] for row in rows] == ["CHAIR-01", "KETTLE-01", "LAMP-01"]
    assert rows[-1]["AV01"] == "10002"


async def test_a_balance_changed_at_the_very_stamp_is_listed(caller: Caller):
    caller.later(5)
    body = {"item": "LAMP-01", "warehouse": "001", "quantity": 1}
    stamp = (await caller.control("stock", body))["at_ms"]

    assert len(await caller.list(NEW, LMTS=f"{stamp:018d}")) == 1
    assert await caller.list(NEW, LMTS=str(stamp + 1)) == []


async def test_changes_within_one_millisecond_each_have_their_stamp(caller: Caller):
    body = {"item": "LAMP-01", "warehouse": "001", "quantity": 1}
    stamps = [(await caller.control("stock", body))["at_ms"] for _ in range(3)]
    other = (await caller.control("stock", {**body, "warehouse": "002"}))["at_ms"]

    assert all(later > earlier for earlier, later in pairwise(stamps))
    assert other < stamps[-1]


async def test_a_list_is_cut_without_a_word(caller: Caller):
    await plan(caller, 300)

    assert len(await get(caller, NEW, LMTS="0")) == 100
    assert len(await get(caller, NEW, LMTS="0", maxrecs="7")) == 7
    assert len(await get(caller, NEW, LMTS="0", maxrecs="0")) == 2 * (300 + 42)
    assert len(await get(caller, NEW)) == 100
    assert len(await get(caller, SUM, WHLO="001", POPN="A")) == 100
    assert len(await get(caller, ALIASES, ALWT="2")) == 100


async def test_several_planned_balances_share_a_stamp_at_first(caller: Caller):
    await plan(caller, 300)

    rows = await get(caller, NEW, LMTS="0", maxrecs="0")

    assert [row["ITNO"] for row in rows[:2]] == ["I0000001", "I0000002"]
    stamps = [caller.tenant.stock[row["WHLO"], row["ITNO"]].stamp for row in rows]
    assert stamps == sorted(stamps)
    assert len(set(stamps[:600])) == 60


async def test_the_balances_of_an_item_by_warehouse(caller: Caller):
    await caller.control("stock", {"item": "LAMP-10", "warehouse": "002", "quantity": 4})

    rows = await caller.list("OIS100MI.LstWarehBalance", ITNO="lamp-10")

    assert [(row["WHLO"], row["AV01"], row["AV02"]) for row in rows] == [
        ("001", "1", "1"),
        ("002", "5", "5"),
    ]
    assert rows[0]["LMDT"] == "20260921"
    assert await refusal(caller, "OIS100MI.LstWarehBalance", ITNO="NOPE") == "WIT0103"


async def test_a_warehouse_that_never_had_an_item_has_no_balance_of_it(caller: Caller):
    await plan(caller, 3, warehouses=["001"])
    item = {"ITNO": "I0000002"}

    assert await refusal(caller, BALANCE, WHLO="002", **item) == "XRE0103"
    assert await refusal(caller, BALANCE, WHLO="009", **item) == "WWH0103"
    assert await refusal(caller, BALANCE, WHLO="001", ITNO="I0000004") == "WIT0103"
    await caller.control("stock", {"item": "I0000002", "warehouse": "002", "quantity": 5})

    assert (await caller.one(BALANCE, WHLO="002", **item))["AV01"] == "5"
    assert len(await caller.list("OIS100MI.LstWarehBalance", **item)) == 2


async def test_a_warehouse_is_listed_by_item_number_from_one_on(caller: Caller):
    await plan(caller, 30)

    rows = await get(caller, SUM, WHLO="001", POPN="i0000029", maxrecs="4")
    everything = [row["ITNO"] for row in await caller.list(SUM, WHLO="001", POPN="0")]

    assert [row["ITNO"] for row in rows] == ["I0000029", "I0000030", "KETTLE-00", "KETTLE-01"]
    assert everything == sorted(everything)
    assert len(everything) == 42 + 30
    assert (rows[0]["WHNM"], rows[0]["UNMS"], rows[0]["STAT"]) == ("Main", "EA", "20")
    assert await caller.list(SUM, WHLO="001", POPN="ZZZ") == []
    assert await refusal(caller, SUM, WHLO="009", POPN="0") == "WWH0103"


async def test_only_items_with_stock_are_listed_on_request(caller: Caller):
    items = [row["ITNO"] for row in await caller.list(SUM, WHLO="001", POPN="0", INVF="1")]

    assert len(items) == 41
    assert "KETTLE-00" not in items


async def test_a_long_list_is_the_same_by_get_and_in_bulk(caller: Caller):
    await plan(caller, 2500)
    record = {"WHLO": "001", "POPN": "0"}
    columns = ["ITNO", "AV01"]

    by_get = await get(caller, SUM, **record, maxrecs="0", returncols="ITNO,AV01")
    calls = [
        {"transaction": "LstSumWhsBal", "record": record, "selectedColumns": columns},
        {"transaction": "GetItmBasic", "record": {"ITNO": "NOPE"}},
        {"transaction": "GetItmBasic", "record": {"ITNO": "I0002500"}},
    ]
    answer = (await caller.bulk("MMS200MI", *calls, maxReturnedRecords=0)).json()

    long, failed, last = answer["results"]
    assert long["records"] == by_get
    assert len(by_get) == 2500 + 42
    assert failed["errorCode"] == "WIT0103"
    assert last["records"][0]["ITNO"] == "I0002500"
    assert (answer["nrOfSuccessfullTransactions"], answer["nrOfFailedTransactions"]) == (2, 1)


async def test_aliases_of_a_category_are_listed_by_name(caller: Caller):
    await plan(caller, 4000)

    rows = await caller.list(ALIASES, ALWT="2")

    names = [row["POPN"] for row in rows]
    assert names == sorted(names)
    assert {planned_sku(n) for n in range(1, 4001)} <= set(names)
    assert len(names) == 4000 + 21
    assert {row["POPN"]: row["ITNO"] for row in rows}["WM/I0001000"] == "I0001000"
    assert await caller.list(ALIASES, ALWT="3") == []
    assert await caller.list(ALIASES, ALWT="2", ALWQ="EA13") == []


async def test_aliases_changed_since_a_moment_are_listed(caller: Caller):
    caller.later(60)
    before = await now_ms(caller)
    await caller.control("aliases", {"sku": "WM-GHOST-01", "item": "CHAIR-01"})

    rows = await caller.list(ALIASES, ALWT="2", LMTS=str(before))

    assert [(row["POPN"], row["ITNO"]) for row in rows] == [("WM-GHOST-01", "CHAIR-01")]


@pytest.mark.parametrize(
    "sku", ["WM-I0000001", "WM/I0001000", "WM%I0002000", "wm-i0003000", "WM I0004000"]
)
async def test_planned_items_are_found_by_their_odd_skus(caller: Caller, sku: str):
    await plan(caller, 4000)

    item = (await caller.one("MMS025MI.GetItem", ALWT="2", POPN=sku))["ITNO"]

    assert planned_sku(int(item[1:])) == sku
    assert [row["POPN"] for row in await caller.list("MMS025MI.LstAlias", ITNO=item)] == [sku]
    assert await refusal(caller, "MMS025MI.GetItem", ALWT="2", POPN=sku.swapcase()) == "WPO0403"
    assert await refusal(caller, "MMS025MI.GetItem", ALWT="2", POPN="WM-I0004001") == "WPO0403"


async def test_every_fiftieth_item_is_kept_in_another_unit(caller: Caller):
    await plan(caller, 200)

    rows = await caller.list(UNITS, FITN="I0000001", TITN="I0000200")
    bases = [await caller.one("MMS200MI.GetItmBasic", ITNO=row["ITNO"]) for row in rows]

    assert [(row["ITNO"], row["ALUN"], row["COFA"], row["DMCF"]) for row in rows] == [
        ("I0000050", "EA", "6", "1"),
        ("I0000100", "EA", "12", "2"),
        ("I0000150", "EA", "6", "1"),
        ("I0000200", "EA", "12", "2"),
    ]
    assert [row["UNMS"] for row in bases] == ["PC", "BOX", "PC", "BOX"]
    assert (await caller.one("MMS200MI.GetItmBasic", ITNO="I0000049"))["UNMS"] == "EA"
    assert await caller.list(UNITS, FITN="I0000101", TITN="I0000149") == []


async def test_a_planned_share_of_stock_is_fractional_or_oversold(caller: Caller):
    await plan(caller, 2000)

    rows = await caller.list(SUM, WHLO="002", POPN="I0000001")
    planned = [row for row in rows if row["ITNO"] <= "I0002000"]

    assert sum(Decimal(row["STQT"]) % 1 > 0 for row in planned) == 20
    assert [row["ITNO"] for row in planned if row["AV01"].startswith("-")] == [
        planned_item_number(13),
        planned_item_number(1013),
    ]


async def test_planned_stock_follows_from_the_seed(caller: Caller):
    found = []
    for seed in (5, 5, 6):
        await caller.control("reset", {})
        await plan(caller, 50, seed=seed)
        found.append(await caller.list(SUM, WHLO="001", POPN="I0000001"))

    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    "wish",
    [
        {"count": 0},
        {"count": 10_000_000},
        {"count": 5, "warehouses": ["009"]},
        {"count": 5, "warehouses": ["001", "001"]},
        {"count": 5, "warehouses": []},
        {"count": 5},
    ],
)
async def test_a_plan_that_makes_no_sense_is_refused(caller: Caller, wish: dict[str, object]):
    if wish == {"count": 5}:
        await plan(caller, 5)

    answer = await caller.http.post("/_sim/stock/plan", json=wish)

    assert answer.status_code == 400
    assert (await caller.control("stock/audit"))["changes"] == 0


async def test_a_reset_forgets_planned_items(caller: Caller):
    await plan(caller, 5)
    assert (await caller.control("stock/audit"))["balances"] == 94
    await caller.control("reset", {})

    assert (await caller.control("stock/audit"))["balances"] == 84
    assert await refusal(caller, "MMS200MI.GetItmBasic", ITNO="I0000001") == "WIT0103"


async def test_a_planned_item_is_ordered_by_its_number(caller: Caller):
    await plan(caller, 5, warehouses=["002"])
    await caller.control("items", {"item": "I0000003", "price": "12.34"})
    number = await caller.order({"ITNO": "I0000003", "ORQT": "2"})
    await caller.control("stock", {"item": "I0000003", "warehouse": "001", "quantity": 2})

    await caller.ship(number)

    row = await caller.one(BALANCE, WHLO="001", ITNO="I0000003")
    assert (row["STQT"], row["ALQT"], row["REQT"]) == ("0", "0", "0")
    line = await caller.one("OIS100MI.LstLine", ORNO=number)
    assert (line["SAPR"], line["ITDS"]) == ("12.34", "Planned item 3")


async def test_warehouses_are_listed_within_limits(caller: Caller):
    operation = "MMS005MI.LstWarehouses"
    rows = await caller.list(operation)

    assert [(row["WHLO"], row["WHNM"], row["FACI"]) for row in rows] == [
        ("001", "Main", "A01"),
        ("002", "West", "A01"),
    ]
    assert [row["WHLO"] for row in await caller.list(operation, FWHL="002", TWHL="009")] == ["002"]
    assert len(await caller.list(operation, LMTS="000000000000000001")) == 2
    assert await caller.list(operation, LMTS=str(await now_ms(caller) + 1)) == []


async def test_faults_reach_stock_by_its_operations(caller: Caller):
    fault = {"share": 1.0, "kinds": ["lost_answer"], "operations": [NEW], "count": 1}
    await caller.control("faults", fault)

    assert len(await caller.list(SUM, WHLO="001", POPN="0")) == 42
    with pytest.raises(httpx.ReadError):
        await caller.list(NEW, LMTS="0")
    assert len(await caller.list(NEW, LMTS="0")) == 84
    assert caller.tenant.requests[NEW] == 2
