"""Batch orders at the simulated M3: entered piece by piece, judged by Confirm, searched late."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.m3_caller import REFERENCE, Caller, Refused, caller_of


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[Caller]:
    async with caller_of() as caller:
        await caller.control("warehouse", {"running": False})
        yield caller


async def errors(caller: Caller, number: str) -> list[str]:
    return [row["MSID"] for row in await caller.list("OIS100MI.LstErrMsgOrder", ORNO=number)]


async def test_confirm_makes_an_order_with_everything_that_was_entered(caller: Caller):
    number = await caller.enter_batch(
        {"ORQT": "2", "SAPR": "19.99"}, {"ITNO": "CHAIR-01", "SAPR": "80"}, MODL="FDX"
    )
    await caller.list("OIS100MI.AddBatchAddress", ORNO=number, ADRT="01", CUNM="Zoë", TOWN="Austin")
    await caller.list("OIS100MI.AddBatchHeadChg", ORNO=number, CRID="FRGHT", CRAM="5.99")
    await caller.list(
        "OIS100MI.AddBatchLineChg", ORNO=number, PONR="1", POSX="0", CRID="TAX", CRAM="3.00"
    )

    confirmed = await caller.confirm(number)

    assert confirmed == {"ORNO": "0010000001", "STAT": "90"}
    order = {"ORNO": confirmed["ORNO"]}
    head = await caller.one("OIS100MI.GetHead", **order)
    assert (head["CUOR"], head["MODL"], head["ORSL"], head["ORST"]) == (
        REFERENCE,
        "FDX",
        "22",
        "22",
    )
    lines = await caller.list("OIS100MI.LstLine", **order)
    assert [(line["PONR"], line["POSX"], line["CUPO"], line["ORQT"]) for line in lines] == [
        ("1", "0", "1", "2"),
        ("2", "0", "2", "1"),
    ]
    assert (lines[0]["NLAM"], lines[0]["ORST"], lines[0]["WHLO"]) == ("39.98", "22", "001")
    address = await caller.one("OIS100MI.GetAddress", ADRT="1", **order)
    assert (address["CUNM"], address["TOWN"]) == ("Zoë", "Austin")
    [charge] = await caller.list("OIS100MI.LstOrderCharge", **order)
    assert (charge["CRID"], charge["PBAM"]) == ("FRGHT", "5.99")
    value = await caller.one("OIS100MI.GetOrderValue", **order)
    assert (value["NTAM"], value["EXAM"], value["TOPY"]) == ("119.98", "8.99", "128.97")


async def test_the_same_customer_reference_makes_two_orders(caller: Caller):
    assert await caller.order() != await caller.order()


async def test_a_confirmed_batch_order_is_known_by_both_numbers_and_closed(caller: Caller):
    number = await caller.enter_batch()
    before = await caller.one("OIS100MI.GetOrderNo", ORNO=number)
    real = (await caller.confirm(number))["ORNO"]

    assert before == {"ORNR": ""}
    assert await caller.one("OIS100MI.GetOrderNo", ORNO=number) == {"ORNR": real}
    status = await caller.one("OIS275MI.GetTmpOrderStat", ORNO=number)
    assert status == {"ORNO": number, "ORNR": real, "STAT": "90"}
    for operation, record in (
        ("OIS100MI.Confirm", {}),
        ("OIS100MI.DelBatchHead", {}),
        ("OIS100MI.AddBatchLine", {"ITNO": "KETTLE-01"}),
    ):
        with pytest.raises(Refused, match=f"already confirmed as order {real}"):
            await caller.list(operation, ORNO=number, **record)
    assert len(caller.tenant.orders) == 1


@pytest.mark.parametrize(
    ("head", "line", "status", "code"),
    [
        ({"CUNO": "NOBODY"}, {}, "15", "WCU0203"),
        ({"ORTP": "XX1"}, {}, "15", "WTT0403"),
        ({"WHLO": "009"}, {}, "15", "WWH0103"),
        ({"MODL": "DHL"}, {}, "15", "WMO0103"),
        ({"FACI": "B02"}, {}, "15", "WFAC303"),
        ({}, {"ITNO": "WM-GHOST-01"}, "25", "WIT0103"),
        ({}, {"ITNO": "CHAIR-10"}, "25", "XIT0107"),
        ({}, {"ORQT": "0"}, "25", "SIM0003"),
        ({}, {"ORQT": "-1"}, "25", "XNU0003"),
        ({}, {"WHLO": "009"}, "25", "WWH0103"),
    ],
)
async def test_confirm_stops_a_wrong_batch_order_without_an_error(
    caller: Caller, head: dict[str, str], line: dict[str, str], status: str, code: str
):
    number = await caller.enter_batch({}, line, **head)

    answer = await caller.confirm(number)

    assert answer == {"ORNO": number, "STAT": status}
    assert await errors(caller, number) == [code]
    assert not caller.tenant.orders
    assert await caller.one("OIS100MI.GetOrderNo", ORNO=number) == {"ORNR": ""}


async def test_a_batch_order_without_lines_stops_at_20(caller: Caller):
    number = (await caller.one("OIS100MI.AddBatchHead", CUNO="WALMART"))["ORNO"]

    assert (await caller.confirm(number))["STAT"] == "20"


async def test_what_was_wrong_may_be_mended_and_confirmed_again(caller: Caller):
    await caller.control("customers", {"customer": "WALMART", "status": "90"})
    number = await caller.enter_batch()
    stopped = await caller.confirm(number)
    await caller.control("customers", {"customer": "WALMART", "status": "20"})

    assert stopped["STAT"] == "15"
    assert (await caller.confirm(number))["STAT"] == "90"
    assert await errors(caller, number) == []


async def test_a_person_can_repair_a_stopped_batch_order(caller: Caller):
    number = await caller.enter_batch({"ITNO": "WM-GHOST-01"}, {"ITNO": "CHAIR-10"}, WHLO="009")
    await caller.confirm(number)

    repaired = await caller.control("batch", {"order": number, "repair": True})

    status = await caller.one("OIS275MI.GetTmpOrderStat", ORNO=number)
    assert (status["STAT"], status["ORNR"]) == ("90", repaired["order_number"])
    other = await caller.enter_batch({"ITNO": "CHAIR-10"})
    assert (await caller.confirm(other))["STAT"] == "25"


async def test_an_empty_batch_order_cannot_be_repaired(caller: Caller):
    number = (await caller.one("OIS100MI.AddBatchHead", CUNO="WALMART"))["ORNO"]

    answer = await caller.http.post("/_sim/batch", json={"order": number, "repair": True})

    assert answer.status_code == 400


async def test_confirm_may_leave_the_work_to_a_job(caller: Caller):
    await caller.control("confirm", {"delay_seconds": 5})
    number = await caller.enter_batch()

    first, again = await caller.confirm(number), await caller.confirm(number)
    with pytest.raises(Refused):
        await caller.list("OIS100MI.DelBatchHead", ORNO=number)
    caller.later(5)

    assert first == again == {"ORNO": number, "STAT": "10"}
    assert (await caller.one("OIS275MI.GetTmpOrderStat", ORNO=number))["STAT"] == "90"
    assert len(caller.tenant.orders) == 1


async def test_pieces_are_checked_where_m3_checks_them(caller: Caller):
    number = await caller.enter_batch()
    address = {"ORNO": number, "ADRT": "01", "CUNM": "Test Person"}
    await caller.list("OIS100MI.AddBatchAddress", **address)
    text = {"ORNO": number, "TYPE": "2", "TYTR": "1", "PARM": "Ring twice"}

    for operation, record, code in (
        ("AddBatchAddress", address, "XRE0104"),
        ("AddBatchAddress", address | {"ADRT": "0"}, "SIM0018"),
        ("AddBatchLine", {"ORNO": number, "ITNO": "KETTLE-01", "ORQT": "1,5"}, "XNU0000"),
        ("AddBatchLine", {"ORNO": "T999999999", "ITNO": "KETTLE-01"}, "WOR0303"),
        ("AddBatchHeadChg", {"ORNO": number, "CRID": "GIFT", "CRAM": "1"}, "SIM0008"),
        ("AddBatchLineChg", {"ORNO": number, "PONR": "7", "POSX": "0", "CRID": "TAX"}, "WPO0303"),
        ("AddBatchText", text | {"PONR": "9"}, "WPO0303"),
        ("AddBatchText", text | {"TYPE": "3"}, "SIM0014"),
    ):
        with pytest.raises(Refused) as refused:
            await caller.list(f"OIS100MI.{operation}", **record)
        assert refused.value.code == code, operation
    await caller.list("OIS100MI.AddBatchText", **text, PONR="1")


async def test_batch_heads_are_listed_by_customer_and_status(caller: Caller):
    opened, stopped = await caller.enter_batch(), await caller.enter_batch({"ITNO": "NOPE"})
    await caller.confirm(stopped)
    real = await caller.order()

    everything = await caller.list("OIS100MI.LstBatchHead", CUNO="WALMART")
    still_open = await caller.list("OIS100MI.LstBatchHead", CUNO="WALMART", ORSL="10", ORST="25")

    assert [(row["STAT"], row["ORNR"]) for row in everything] == [
        ("10", ""),
        ("25", ""),
        ("90", real),
    ]
    assert [row["ORNO"] for row in still_open] == [opened, stopped]
    assert {row["CUOR"] for row in everything} == {REFERENCE}
    assert await caller.list("OIS100MI.LstBatchHead", CUNO="NOBODY") == []


async def test_a_deleted_batch_order_is_gone(caller: Caller):
    number = await caller.enter_batch()
    await caller.list("OIS100MI.DelBatchHead", ORNO=number)
    caller.later(1)

    with pytest.raises(Refused):
        await caller.one("OIS100MI.GetBatchHead", ORNO=number)
    assert await caller.list("OIS275MI.SearchBatchLine", SQRY=f"CUOR:{REFERENCE}") == []
    assert await caller.list("OIS100MI.LstBatchHead", CUNO="WALMART") == []


async def test_the_search_engine_is_behind_and_lists_are_not(caller: Caller):
    number = await caller.enter_batch({}, {})
    query = {"SQRY": f"CUOR:{REFERENCE}"}

    at_once = await caller.list("OIS275MI.SearchBatchLine", **query)
    listed = await caller.list("OIS100MI.LstBatchLine", ORNO=number)
    caller.later(0.3)
    found = await caller.list("OIS275MI.SearchBatchLine", **query)
    await caller.confirm(number)
    stale = await caller.list("OIS275MI.SearchBatchLine", **query)
    caller.later(0.3)
    fresh = await caller.list("OIS275MI.SearchBatchLine", **query)

    assert (at_once, len(listed)) == ([], 2)
    assert [(row["ORNO"], row["PONR"], row["STAT"]) for row in found] == [
        (number, "1", "10"),
        (number, "2", "10"),
    ]
    assert {row["ORNR"] for row in stale} == {""}
    assert {(row["STAT"], row["ORNR"]) for row in fresh} == {("90", "0010000001")}


async def test_a_batch_head_without_lines_is_not_found_by_a_search_for_lines(caller: Caller):
    await caller.control("search", {"lag_seconds": 0})
    await caller.one("OIS100MI.AddBatchHead", CUNO="WALMART", CUOR=REFERENCE)

    assert await caller.list("OIS275MI.SearchBatchLine", SQRY=f"CUOR:{REFERENCE}") == []
    assert len(await caller.list("OIS100MI.LstBatchHead", CUNO="WALMART")) == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("CUOR:PO-1", 1),
        ("CUOR:'PO-1'", 1),
        ("CUOR:PO*", 2),
        ("CUOR:'PO*'", 0),
        ("CUOR:PO-1 AND CUNO:WALMART", 1),
        ("CUNO:WALMART ORST:22", 2),
        ("CUNO:WALMART AND ORST:'77'", 0),
        ("PO-2", 1),
        ("CUOR:NOPE", 0),
    ],
)
async def test_orders_are_searched_by_conditions_that_must_all_hold(
    caller: Caller, query: str, found: int
):
    await caller.control("search", {"lag_seconds": 0})
    await caller.order(CUOR="PO-1")
    await caller.order(CUOR="PO-2")

    assert len(await caller.list("OIS100MI.SearchHead", SQRY=query)) == found


@pytest.mark.parametrize("query", ["CUOR:1 OR CUOR:2", "NOPE:1", "CUOR:(1)'", "AND"])
async def test_queries_beyond_the_simulated_language_are_refused(caller: Caller, query: str):
    with pytest.raises(Refused) as refused:
        await caller.list("OIS100MI.SearchHead", SQRY=query)

    assert refused.value.code == "SIM0011"
