"""Changing what is ordered at the simulated M3, by transactions and by people."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.m3_caller import REFERENCE, Caller, Refused, caller_of

ALLOCATE = {"TTYP": "31", "MAAL": "1"}


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[Caller]:
    async with caller_of() as caller:
        await caller.control("warehouse", {"running": False})
        yield caller


async def line(caller: Caller, number: str) -> dict[str, str]:
    return await caller.one("OIS100MI.LstLine", ORNO=number)


async def stock(caller: Caller, item: str = "KETTLE-01") -> tuple[str, str, str]:
    """Return what is on hand, allocated, and neither sold nor promised."""
    row = await caller.one("MMS200MI.GetItmWhsBal", WHLO="001", ITNO=item)
    return row["STQT"], row["ALQT"], row["AV02"]


async def refusal(caller: Caller, operation: str, **record: str) -> str:
    with pytest.raises(Refused) as refused:
        await caller.list(operation, **record)
    return str(refused.value.code)


async def denied(caller: Caller, path: str, **fields: object) -> str:
    answer = await caller.http.post(f"/_sim/{path}", json=fields)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"])


async def test_fewer_units_free_the_stock_of_the_difference(caller: Caller):
    number = await caller.order({"ORQT": "5"})
    await caller.list("MMS120MI.AllocateOrder", RIDN=number, **ALLOCATE)

    answer = await caller.one("OIS100MI.ChgLineBatchEnt", ORNO=number, PONR="1", ORQA="2")

    assert answer == {"ORNO": number, "STAT": "90"}
    row = await line(caller, number)
    assert (row["ORQT"], row["ORQA"], row["ALQT"], row["ORST"]) == ("2", "2", "2", "33")
    assert await stock(caller) == ("10000", "2", "9998")


async def test_fewer_units_give_up_first_what_waits_for_stock(caller: Caller):
    number = await caller.order({"ITNO": "LAMP-10", "ORQT": "4"})
    await caller.list("MMS120MI.AllocateOrder", RIDN=number, **ALLOCATE)

    await caller.one("OIS100MI.ChgLineBatchEnt", ORNO=number, PONR="1", ORQA="1")

    assert (await line(caller, number))["ORST"] == "33"
    assert await stock(caller, "LAMP-10") == ("1", "1", "0")


async def test_more_units_are_reserved_and_shipped(caller: Caller):
    number = await caller.order()

    await caller.one("OIS100MI.ChgLineBatchEnt", ORNO=number, PONR="1", ORQA="3")
    await caller.ship(number)

    assert (await line(caller, number))["DLQT"] == "3"
    assert await stock(caller) == ("9997", "0", "9997")


async def test_a_change_to_the_same_quantity_changes_nothing(caller: Caller):
    number = await caller.order({"ORQT": "2"})

    answer = await caller.one("OIS100MI.ChgLineBatchEnt", ORNO=number, PONR="1", ORQA="2")

    assert answer["STAT"] == "90"
    assert await stock(caller) == ("10000", "0", "9998")


async def test_a_line_cannot_have_fewer_units_than_were_picked_or_delivered(caller: Caller):
    number = await caller.order({"ITNO": "LAMP-10", "ORQT": "4"})
    await caller.control("stock", {"item": "LAMP-10", "warehouse": "001", "quantity": 1})
    await caller.ship(number)
    change = {"ORNO": number, "PONR": "1"}

    code = await refusal(caller, "OIS100MI.ChgLineBatchEnt", **change, ORQA="1")
    await caller.one("OIS100MI.ChgLineBatchEnt", **change, ORQA="2")

    assert code == "SIM0021"
    assert (await line(caller, number))["ORST"] == "66"


@pytest.mark.parametrize("steps", [2, 3, 4])
async def test_a_line_wholly_picked_or_beyond_cannot_be_changed(caller: Caller, steps: int):
    number = await caller.order({"ORQT": "2"})
    for _ in range(steps):
        await caller.advance(number)

    for quantity in ("1", "3"):
        code = await refusal(
            caller, "OIS100MI.ChgLineBatchEnt", ORNO=number, PONR="1", ORQA=quantity
        )
        assert code == "SIM0020"


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"ORQA": "0"}, "SIM0003"),
        ({"ORQA": "-1"}, "SIM0003"),
        ({"ORQA": "two"}, "XNU0000"),
        ({"PONR": "7", "ORQA": "1"}, "WPO0303"),
        ({"ORNO": "0019999999", "ORQA": "1"}, "WOR0303"),
        ({"ORQA": "1", "MODL": "FDX"}, "SIM0022"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(
    caller: Caller, record: dict[str, str], code: str
):
    number = await caller.order({"ORQT": "2"})

    change = {"ORNO": number, "PONR": "1"} | record

    assert await refusal(caller, "OIS100MI.ChgLineBatchEnt", **change) == code
    assert (await line(caller, number))["ORQT"] == "2"


async def test_a_line_deleted_by_batch_entry_is_gone(caller: Caller):
    number = await caller.order({"ORQT": "2"}, {"ITNO": "CHAIR-01"})

    answer = await caller.one("OIS100MI.DelLineBatchEnt", ORNO=number, PONR="1")

    assert answer == {"ORNO": number, "STAT": "90"}
    assert [row["ITNO"] for row in await caller.list("OIS100MI.LstLine", ORNO=number)] == [
        "CHAIR-01"
    ]
    assert await stock(caller) == ("10000", "0", "10000")
    gone = {"ORNO": number, "PONR": "1"}
    for operation in ("LstDelLineByCO", "DelLine", "DelLineBatchEnt", "GetLine", "CloLine"):
        assert await refusal(caller, f"OIS100MI.{operation}", **gone) == "WPO0303"


async def test_a_picked_line_cannot_be_deleted_by_batch_entry(caller: Caller):
    number = await caller.order()
    await caller.advance(number)
    await caller.advance(number)

    code = await refusal(caller, "OIS100MI.DelLineBatchEnt", ORNO=number, PONR="1")

    assert code == "SIM0006"


async def test_the_internal_batch_entry_of_a_change_can_stop_once(caller: Caller):
    number = await caller.order({"ORQT": "2"})
    await caller.control("batch", {"change_stop": "25"})
    change = {"ORNO": number, "PONR": "1", "ORQA": "1"}

    stopped = await caller.one("OIS100MI.ChgLineBatchEnt", **change)
    untouched = (await line(caller, number))["ORQT"]
    made = await caller.one("OIS100MI.ChgLineBatchEnt", **change)

    assert (stopped["STAT"], untouched, made["STAT"]) == ("25", "2", "90")


async def test_an_order_whose_last_line_was_deleted_is_90_and_can_be_deleted(caller: Caller):
    number = await caller.order()
    await caller.list("OIS100MI.DelLine", ORNO=number, PONR="1")
    empty = await caller.one("OIS100MI.GetHead", ORNO=number)
    lines = await caller.list("OIS100MI.LstLine", ORNO=number)
    await caller.list("OIS100MI.DelHead", ORNO=number)

    assert (empty["ORSL"], empty["ORST"], lines) == ("90", "90", [])
    for operation in ("LstLine", "DelHead", "GetHead"):
        assert await refusal(caller, f"OIS100MI.{operation}", ORNO=number) == "WOR0303"


async def test_the_number_of_a_deleted_line_is_not_used_again(caller: Caller):
    number = await caller.order({}, {"ITNO": "CHAIR-01"})
    await caller.list("OIS100MI.DelLine", ORNO=number, PONR="2")

    added = await caller.one("OIS100MI.AddOrderLine", ORNO=number, ITNO="CHAIR-02", ORQT="1")

    assert added["PONR"] == "3"


async def test_a_line_partly_delivered_and_closed_is_66_then_77(caller: Caller):
    number = await caller.order({"ITNO": "LAMP-10", "ORQT": "3"})
    await caller.ship(number)
    partly = (await line(caller, number))["ORST"]
    await caller.list("OIS100MI.CloLine", ORNO=number, PONR="1")
    closed = (await line(caller, number))["ORST"]
    await caller.advance(number)

    assert (partly, closed, (await line(caller, number))["ORST"]) == ("26", "66", "77")


async def test_lines_of_a_batch_order_are_changed_and_deleted_until_it_is_confirmed(caller: Caller):
    number = await caller.enter_batch({"ITNO": "NOPE", "ORQT": "2"}, {"ITNO": "CHAIR-10"})
    stopped = await caller.confirm(number)

    await caller.list("OIS100MI.ChgBatchLine", ORNO=number, PONR="1", ITNO="KETTLE-01")
    await caller.list("OIS100MI.DelBatchLine", ORNO=number, PONR="2")
    confirmed = await caller.confirm(number)

    row = await line(caller, confirmed["ORNO"])
    assert (stopped["STAT"], confirmed["STAT"]) == ("25", "90")
    assert (row["ITNO"], row["ORQT"], row["CUPO"]) == ("KETTLE-01", "2", "1")
    late = {"ORNO": number, "PONR": "1"}
    assert await refusal(caller, "OIS100MI.DelBatchLine", **late) == "SIM0005"
    assert await refusal(caller, "OIS100MI.ChgBatchLine", **late, ITNO="X") == "SIM0005"


async def test_a_credit_stop_holds_until_a_person_lifts_it(caller: Caller):
    await caller.control("batch", {"next_stop": "30"})
    number = await caller.enter_batch()

    first, again = await caller.confirm(number), await caller.confirm(number)
    messages = await caller.list("OIS100MI.LstErrMsgOrder", ORNO=number)
    repaired = await caller.control("batch", {"order": number, "repair": True})

    assert (first, again) == ({"ORNO": number, "STAT": "30"}, {"ORNO": number, "STAT": "30"})
    assert [row["MDTA"] for row in messages] == ["Batch order is stopped with status 30"]
    assert repaired == {"status": "90", "order_number": "0010000001"}


async def test_an_interrupted_batch_order_goes_through_when_it_is_confirmed_again(caller: Caller):
    await caller.control("batch", {"next_stop": "55", "reference": REFERENCE})
    other = await caller.confirm(await caller.enter_batch(CUOR="1796277083023"))
    number = await caller.enter_batch()

    stats = [(await caller.confirm(number))["STAT"] for _ in range(2)]

    assert (other["STAT"], stats) == ("90", ["55", "90"])


async def test_a_batch_order_stops_only_with_a_status_of_stopped_ones(caller: Caller):
    for wish in ({"next_stop": "90"}, {"next_stop": "10"}, {"change_stop": "x"}, {"order": "T1"}):
        assert await denied(caller, "batch", **wish)


async def test_a_person_changes_an_order_as_a_transaction_would(caller: Caller):
    number = await caller.order({"ORQT": "3"}, {"ITNO": "CHAIR-01"}, {"ITNO": "CHAIR-02"})
    for change in (
        {"line": "1", "do": "quantity", "quantity": "2"},
        {"line": "2", "do": "delete"},
        {"line": "3/0", "do": "close"},
        {"do": "add", "item": "CHAIR-03", "quantity": 1, "reference": "2", "price": "80.00"},
    ):
        changed = await caller.control("orders/lines", {"order": number} | change)

    rows = await caller.list("OIS100MI.LstLine", ORNO=number)
    assert [(row["PONR"], row["ITNO"], row["ORQT"], row["ORST"]) for row in rows] == [
        ("1", "KETTLE-01", "2", "22"),
        ("3", "CHAIR-02", "1", "99"),
        ("4", "CHAIR-03", "1", "22"),
    ]
    assert (rows[2]["CUPO"], rows[2]["SAPR"]) == ("2", "80")
    assert [gone["line"] for gone in changed["deleted_lines"]] == ["2/0"]
    assert [there["closed"] for there in changed["lines"]] == ["0", "1", "0"]


async def test_a_person_closes_or_deletes_a_whole_order(caller: Caller):
    closed, deleted = await caller.order({}, {}), await caller.order({}, {})

    await caller.control("orders/lines", {"order": closed, "do": "close"})
    await caller.control("orders/lines", {"order": deleted, "do": "delete"})

    assert {row["ORST"] for row in await caller.list("OIS100MI.LstLine", ORNO=closed)} == {"99"}
    assert await refusal(caller, "OIS100MI.LstLine", ORNO=deleted) == "WOR0303"


async def test_a_person_is_refused_what_m3_refuses(caller: Caller):
    number = await caller.order()
    await caller.ship(number)

    for change, sentence in (
        ({"line": "1", "do": "delete"}, "Line 1 has status 66 and can no longer be deleted"),
        ({"line": "1", "do": "close"}, "Line 1 has status 66 and cannot be closed"),
        ({"line": "1", "do": "quantity", "quantity": "2"}, "can no longer be changed"),
        ({"line": "4", "do": "delete"}, "Order line number 4 does not exist"),
        ({"do": "delete"}, "can no longer be deleted"),
        ({"do": "close"}, "nothing left to close"),
        ({"do": "quantity", "quantity": "2"}, "a quantity belongs to a line"),
        ({"do": "burn"}, "do must be one of"),
        ({"do": "add", "item": "NOPE", "quantity": "1"}, "Item number NOPE does not exist"),
    ):
        assert sentence in await denied(caller, "orders/lines", order=number, **change)


async def test_an_order_entered_by_hand_is_an_order_like_any_other(caller: Caller):
    lines = [{"item": "KETTLE-01", "quantity": 2, "reference": "1", "price": "20.00"}]
    entered = await caller.control(
        "orders/enter", {"reference": REFERENCE, "lines": lines, "warehouse": "002"}
    )
    number = entered["order"]
    caller.later(1)

    row = await line(caller, number)
    assert (row["CUPO"], row["ORQT"], row["SAPR"], row["WHLO"]) == ("1", "2", "20", "002")
    [found] = await caller.list("OIS100MI.SearchHead", SQRY=f"CUOR:{REFERENCE}")
    assert (found["ORNO"], found["CUNO"]) == (number, "WALMART")
    await caller.ship(number)


async def test_an_order_that_cannot_be_entered_by_hand_leaves_nothing_behind(caller: Caller):
    kettle = {"item": "KETTLE-01", "quantity": 1}
    wishes: tuple[dict[str, object], ...] = (
        {"lines": []},
        {"lines": [kettle, {"item": "CHAIR-10", "quantity": 1}]},
        {"lines": [kettle], "customer": "NOBODY"},
        {"lines": [kettle], "warehouse": "009"},
    )
    for fields in wishes:
        assert await denied(caller, "orders/enter", reference=REFERENCE, **fields)

    assert (await caller.control("orders"))["orders"] == []
    assert await stock(caller) == ("10000", "0", "10000")


@pytest.mark.parametrize("steps", [2, 3])
async def test_a_reversed_delivery_gives_its_goods_back_to_the_order(caller: Caller, steps: int):
    number = await caller.order({"ORQT": "2"})
    for _ in range(steps):
        await caller.advance(number)
    [delivery] = await caller.list("OIS100MI.LstDelLineByCO", ORNO=number, PONR="1")

    await caller.control("deliveries/reverse", {"delivery": delivery["DLIX"]})

    row = await line(caller, number)
    assert (row["ORST"], row["ALQT"], row["DLQT"]) == ("33", "2", "0")
    assert await stock(caller) == ("10000", "2", "9998")
    assert await caller.list("OIS100MI.LstDelLineByCO", ORNO=number, PONR="1") == []
    assert await refusal(caller, "MWS410MI.GetHead", DLIX=delivery["DLIX"]) == "WDL0203"


async def test_a_reversed_delivery_is_never_invoiced_and_leaves_again(caller: Caller):
    await caller.control("warehouse", {"delay_seconds": 5, "invoice_delay_seconds": 1})
    number = await caller.order({"ORQT": "2"})
    caller.later(5)
    [first] = await caller.list("OIS100MI.LstDelLineByCO", ORNO=number, PONR="1")
    await caller.control("deliveries/reverse", {"delivery": first["DLIX"]})
    caller.later(2)
    meanwhile = await caller.list("OIS350MI.LstInvHeadByCo", ORNO=number)
    caller.later(5)
    caller.later(1)

    [second] = await caller.list("OIS100MI.LstDelLineByCO", ORNO=number, PONR="1")
    assert (meanwhile, second["DLIX"] != first["DLIX"]) == ([], True)
    assert (await line(caller, number))["ORST"] == "77"
    assert "cannot be reversed" in await denied(
        caller, "deliveries/reverse", delivery=second["DLIX"]
    )


async def test_a_person_lets_an_order_leave_by_another_method(caller: Caller):
    one, other = await caller.order(), await caller.order()
    await caller.control("orders/method", {"order": one, "method": "FDX"})
    methods = [caller.tenant.orders[number].entered["MODL"] for number in (one, other)]
    await caller.control("orders/method", {"method": "LTL"})
    await caller.ship(one)

    [delivery] = await caller.list("OIS100MI.LstDelLineByCO", ORNO=one, PONR="1")
    assert (methods, delivery["MODL"]) == (["FDX", "UPS"], "LTL")
    assert "XXX does not exist" in await denied(caller, "orders/method", method="XXX")


async def test_an_alias_added_by_a_person_is_found(caller: Caller):
    await caller.control("aliases", {"sku": "WM-GHOST-01", "item": "CHAIR-01"})

    found = await caller.one("MMS025MI.GetItem", ALWT="2", POPN="WM-GHOST-01")

    assert found["ITNO"] == "CHAIR-01"
    assert "already exists" in await denied(caller, "aliases", sku="WM-GHOST-01", item="CHAIR-02")
    assert "does not exist" in await denied(caller, "aliases", sku="WM-GHOST-02", item="NOPE")


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"ITNO": "NOPE", "POPN": "WM-GHOST-01"}, "WIT0103"),
        ({"ITNO": "CHAIR-01", "POPN": "WM-KETTLE-03"}, "XRE0104"),
    ],
)
async def test_an_alias_of_nothing_or_of_two_items_is_refused(
    caller: Caller, record: dict[str, str], code: str
):
    assert await refusal(caller, "MMS025MI.AddAlias", ALWT="2", **record) == code
