"""Stock that moves at the simulated M3: by people, by itself, by sales, in its own time."""

from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio

from simulators.clock import Clock
from simulators.m3 import change_index
from tests.integration.m3_caller import Caller, caller_of

NEW = "OIS100MI.LstNewBalances"
BALANCE = "MMS200MI.GetItmWhsBal"
LAMP = {"item": "LAMP-10", "warehouse": "001"}  # one piece in each warehouse
MOVES = {"per_second": 5, "seed": 3}


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[Caller]:
    async with caller_of() as caller:
        yield caller


async def plan(caller: Caller, count: int) -> None:
    await caller.control("stock/plan", {"count": count, "seed": 1, "warehouses": ["001", "002"]})


async def stock(caller: Caller, item: str = "LAMP-10") -> tuple[str, str, str]:
    """Return what is on hand, allocated and net of that."""
    row = await caller.one(BALANCE, WHLO="001", ITNO=item)
    return row["STQT"], row["ALQT"], row["AV01"]


async def changes(caller: Caller, since: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await caller.control(f"stock/changes?since={since}")
    return found


async def clock(caller: Caller, **fields: float) -> int:
    return int((await caller.control("clock", fields))["now_ms"])


async def test_people_receive_count_set_and_allocate(caller: Caller):
    seen = []
    for body in (
        {"quantity": 4},
        {"do": "receive", "quantity": "0.5"},
        {"do": "count", "quantity": 3},
        {"do": "allocate", "quantity": 5},
        {"do": "allocate", "quantity": -1},
        {"do": "set", "quantity": 7, "allocated": 2, "on_order": 40},
    ):
        answer = await caller.control("stock", {**LAMP, **body})
        seen.append((*await stock(caller), answer["av01"]))

    assert seen == [
        ("5", "0", "5", 5),
        ("5.5", "0", "5.5", 5.5),
        ("3", "0", "3", 3),
        ("3", "5", "-2", -2),
        ("3", "4", "-1", -1),
        ("7", "2", "5", 5),
    ]
    assert (await caller.one(BALANCE, WHLO="001", ITNO="LAMP-10"))["ORQT"] == "40"
    assert [change["av01"] for change in await changes(caller)] == [5, 5.5, 3, -2, -1, 5]


@pytest.mark.parametrize(
    "wrong",
    [
        {"do": "steal"},
        {"do": "count", "allocated": 1},
        {"quantity": "many"},
        {"item": "NOPE"},
        {"warehouse": "009"},
    ],
)
async def test_a_change_of_stock_that_makes_no_sense_is_refused(
    caller: Caller, wrong: dict[str, Any]
):
    answer = await caller.http.post("/_sim/stock", json={**LAMP, "quantity": 1, **wrong})

    assert answer.status_code == 400
    assert await changes(caller) == []


async def test_counted_stock_lets_a_waiting_order_go_on(caller: Caller):
    number = await caller.order({"ITNO": "LAMP-10", "ORQT": "3"})
    caller.later(2)
    await caller.control("stock", {**LAMP, "do": "count", "quantity": 2})
    caller.later(2)

    assert (await caller.one("OIS100MI.LstLine", ORNO=number))["DLQT"] == "3"


async def test_the_log_of_changes_starts_at_a_moment_and_ends_at_a_limit(caller: Caller):
    for quantity in (1, 2, 3):
        caller.later(1)
        await caller.control("stock", {**LAMP, "quantity": quantity})

    everything = await changes(caller)
    some = await changes(caller, since=everything[1]["at_ms"])
    first = await caller.control("stock/changes?limit=1")

    assert [change["av01"] for change in everything] == [2, 4, 7]
    assert some == everything[1:]
    assert first == everything[:1]
    assert {(change["item"], change["warehouse"]) for change in everything} == {("LAMP-10", "001")}
    assert (await caller.control("stock/audit")) == {"changes": 3, "balances": 84}


async def test_stock_moves_by_itself_and_every_move_is_a_change(caller: Caller):
    await plan(caller, 200)
    before = await clock(caller)
    await caller.control("stock/moves", MOVES)
    for _ in range(100):
        caller.later(0.1)

    moved = await changes(caller)
    listed = await caller.list(NEW, LMTS=str(before + 1))

    assert 30 < len(moved) < 80
    assert (await caller.control("stock/audit"))["changes"] == len(moved)
    assert all(later["at_ms"] >= one["at_ms"] for one, later in pairwise(moved))
    last = {(change["warehouse"], change["item"]): change["av01"] for change in moved}
    assert {(row["WHLO"], row["ITNO"]): float(row["AV01"]) for row in listed} == last


async def test_moves_follow_from_their_seed(caller: Caller):
    found = []
    for seed in (3, 3, 4):
        await caller.control("reset", {})
        await plan(caller, 100)
        await caller.control("stock/moves", {**MOVES, "seed": seed})
        caller.later(5)
        found.append([(change["item"], change["av01"]) for change in await changes(caller)])

    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("kind", ["receipt", "shipment", "count", "allocation"])
async def test_moves_of_one_kind_change_only_what_they_should(caller: Caller, kind: str):
    await plan(caller, 5)
    columns = caller.tenant.stock.columns
    on_hand, allocated = columns["on_hand"][:], columns["allocated"][:]
    await caller.control("stock/moves", {**MOVES, "kinds": [kind], "per_second": 50})
    caller.later(8)

    assert (columns["on_hand"] != on_hand) == (kind != "allocation")
    assert (columns["allocated"] != allocated) == (kind == "allocation")
    assert min(columns["on_hand"]) >= 0
    assert min(columns["allocated"]) >= 0


async def test_moves_stop_when_told(caller: Caller):
    await plan(caller, 5)
    await caller.control("stock/moves", MOVES)
    caller.later(3)
    await caller.control("stock/moves", {"running": False})
    moved = len(await changes(caller))
    caller.later(30)

    assert moved == len(await changes(caller)) > 0


async def test_a_reset_stops_the_moves(caller: Caller):
    await plan(caller, 5)
    await caller.control("stock/moves", MOVES)
    await caller.control("reset", {})
    caller.later(30)

    assert await changes(caller) == []


@pytest.mark.parametrize(
    "wish", [{"per_second": 0}, {"kinds": ["theft"]}, {"kinds": []}, {"speed": 1}, {"seed": 2}]
)
async def test_moves_that_make_no_sense_are_refused(caller: Caller, wish: dict[str, Any]):
    if wish != {"seed": 2}:  # nothing to move: no items are planned
        await plan(caller, 5)

    answer = await caller.http.post("/_sim/stock/moves", json=wish)

    assert answer.status_code == 400


async def test_a_sale_is_promised_at_once_and_shipped_later(caller: Caller):
    answer = await caller.control(
        "stock/demand", {"sku": "WM-KETTLE-01", "warehouse": "001", "units": 3}
    )
    promised = await stock(caller, "KETTLE-01")
    caller.later(2)

    assert answer["av01"] == 9997
    assert promised == ("10000", "3", "9997")
    assert await stock(caller, "KETTLE-01") == ("9997", "0", "9997")
    assert [change["av01"] for change in await changes(caller)] == [9997, 9997]
    assert (await caller.one(BALANCE, WHLO="001", ITNO="KETTLE-01"))["REQT"] == "0"


async def test_more_sold_than_there_is_stays_promised_until_goods_arrive(caller: Caller):
    caller.tenant.demand("WM-LAMP-10", "001", 3)
    caller.later(2)
    waiting = await stock(caller)
    await caller.control("stock", {**LAMP, "quantity": 5})
    caller.later(2)

    assert waiting == ("0", "2", "-2")
    assert await stock(caller) == ("3", "0", "3")


async def test_a_sale_waits_while_the_warehouse_stands_still(caller: Caller):
    await caller.control("warehouse", {"running": False})
    caller.tenant.demand("TOASTER-01", "001", 1)
    caller.later(60)
    held = await stock(caller, "TOASTER-01")
    await caller.control("warehouse", {})
    caller.later(0)

    assert held == ("10000", "1", "9999")
    assert await stock(caller, "TOASTER-01") == ("9999", "0", "9999")


@pytest.mark.parametrize(
    ("sku", "item", "promised"),
    [("WM-I0000050", "I0000050", "12"), ("WM-I0000100", "I0000100", "0.166666")],
)
async def test_a_sale_is_counted_in_the_basic_unit(
    caller: Caller, sku: str, item: str, promised: str
):
    await plan(caller, 100)
    await caller.control(
        "stock", {"item": item, "warehouse": "001", "do": "set", "quantity": 90, "allocated": 0}
    )

    caller.tenant.demand(sku, "001", 2)

    assert (await stock(caller, item))[1] == promised


@pytest.mark.parametrize("wrong", [{"sku": "WM-GHOST-01"}, {"warehouse": "009"}, {"units": 0}])
async def test_a_sale_of_nothing_m3_knows_is_refused(caller: Caller, wrong: dict[str, Any]):
    sale = {"sku": "TOASTER-01", "warehouse": "001", "units": 1, **wrong}

    assert (await caller.http.post("/_sim/stock/demand", json=sale)).status_code == 400


async def test_the_clock_of_stock_runs_as_fast_as_it_is_told(caller: Caller):
    start = await clock(caller, speed=10)
    caller.later(3)
    after = await clock(caller, speed=0.5)
    caller.later(3)

    assert (after - start, await clock(caller) - after) == (30_000, 1_500)
    assert (await caller.control("stock", {**LAMP, "quantity": 1}))["at_ms"] == after + 1_500


async def test_in_fast_time_stock_moves_and_sales_ship_sooner(caller: Caller):
    await plan(caller, 50)
    await clock(caller, speed=10)
    await caller.control("stock/moves", {**MOVES, "kinds": ["count"]})
    caller.tenant.demand("TOASTER-01", "001", 1)
    caller.later(0.2)
    shipped = await stock(caller, "TOASTER-01")
    caller.later(4)

    assert shipped == ("9999", "0", "9999")
    assert 150 < len(await changes(caller)) < 270


async def test_after_the_clock_was_set_back_new_changes_have_older_stamps(caller: Caller):
    caller.later(120)
    first = (await caller.control("stock", {**LAMP, "quantity": 1}))["at_ms"]
    now = await clock(caller, jump_seconds=-60)

    other = (await caller.control("stock", {**LAMP, "warehouse": "002", "quantity": 1}))["at_ms"]
    same = (await caller.control("stock", {**LAMP, "quantity": 1}))["at_ms"]

    assert now == other == first - 60_000
    assert same == first + 1
    assert [row["AV01"] for row in await caller.list(NEW, LMTS=str(first))] == ["3"]
    assert [row["AV01"] for row in await caller.list(NEW, LMTS=str(other))][-1] == "3"


async def test_a_reset_lets_the_clock_run_as_before(caller: Caller):
    await clock(caller, speed=7, jump_seconds=3600)
    await caller.control("reset", {})

    answer = await caller.control("clock")

    assert answer == {"now_ms": 1_790_000_000_000, "speed": 1.0}


@pytest.mark.parametrize("wrong", [{"speed": 0}, {"speed": -1}, {"speed": "fast"}, {"step": 1}])
async def test_a_clock_that_makes_no_sense_is_refused(caller: Caller, wrong: dict[str, Any]):
    assert (await caller.http.post("/_sim/clock", json=wrong)).status_code == 400
    assert (await caller.control("clock"))["speed"] == 1.0


def test_a_clock_goes_on_from_where_it_is_when_its_speed_changes():
    seconds = [100.0]
    time = Clock(2, base=lambda: seconds[0])
    seconds[0] += 5
    time.set_speed(4)
    time.jump(1)
    seconds[0] += 1

    assert time.now_ms() == 100_000 + 10_000 + 1_000 + 4_000


async def test_a_balance_that_changes_while_a_list_is_read_is_not_lost(caller: Caller):
    await plan(caller, 20)
    reading = caller.tenant.stock.changed_since(0)
    seen = [next(reading).key for _ in range(5)]

    caller.tenant.stock["002", "I0000020"].move(on_hand=Decimal(1))
    seen += [balance.key for balance in reading]

    assert seen[-1] == ("002", "I0000020")
    assert len(seen) == len(set(seen)) == 40 + 84


async def test_many_changes_take_no_more_room_than_few(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(change_index, "SLACK", 10)
    reading = caller.tenant.stock.changed_since(0)
    seen = [next(reading).key for _ in range(3)]
    for _ in range(1000):
        caller.tenant.stock["001", "LAMP-10"].move(on_hand=Decimal(1))

    seen += [balance.key for balance in reading]

    assert len(set(seen)) == 84
    assert len(caller.tenant.stock.index) <= 2 * 84 + 10
    assert (await stock(caller))[0] == "1001"
