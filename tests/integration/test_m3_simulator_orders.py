"""Customer orders at the simulated M3: allocate, pick, ship, invoice, delete, close."""

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


async def balance(caller: Caller, item: str = "KETTLE-01") -> tuple[str, str, str, str]:
    row = await caller.one("MMS200MI.GetItmWhsBal", WHLO="001", ITNO=item)
    return row["STQT"], row["ALQT"], row["AV01"], row["AV02"]


async def test_an_order_goes_through_the_warehouse_step_by_step(caller: Caller):
    number = await caller.order({"ORQT": "3"})
    seen = []
    for _ in range(5):
        row = await line(caller, number)
        seen.append((row["ORST"], row["ALQT"], row["DLQT"], row["IVQT"]))
        moved = await caller.advance(number)

    assert seen == [
        ("22", "0", "0", "0"),
        ("33", "3", "0", "0"),
        ("44", "3", "0", "0"),
        ("66", "0", "3", "0"),
        ("77", "0", "3", "3"),
    ]
    assert moved == {}


async def test_stock_is_reserved_allocated_and_issued(caller: Caller):
    before = await balance(caller)
    number = await caller.order({"ORQT": "3"})
    entered = await balance(caller)
    await caller.list("MMS120MI.AllocateOrder", RIDN=number, **ALLOCATE)
    allocated = await balance(caller)
    await caller.advance(number)
    await caller.advance(number)

    assert before == ("10000", "0", "10000", "10000")
    assert entered == ("10000", "0", "10000", "9997")
    assert allocated == ("10000", "3", "9997", "9997")
    assert await balance(caller) == ("9997", "0", "9997", "9997")


async def test_a_delivery_is_found_by_order_and_tells_when_it_has_left(caller: Caller):
    number = await caller.order({"ORQT": "2"}, MODL="FDX")
    await caller.advance(number)
    await caller.advance(number)
    [picking] = await caller.list("OIS100MI.LstDelLineByCO", ORNO=number, PONR="1")
    delivery = {"DLIX": picking["DLIX"]}
    empty = await caller.list("MWS410MI.LstPackages", **delivery)
    await caller.advance(number)
    [shipped] = await caller.list("MWS411MI.LstDelLnByOrd", RORC="3", RIDN=number)
    head = await caller.one("MWS410MI.GetHead", **delivery)
    package = await caller.one("MWS410MI.LstPackages", **delivery)
    content = await caller.one("MWS410MI.LstPackageLine", PDSO="1", **delivery)

    assert (picking["PGRS"], picking["TRQT"], picking["PLQT"], empty) == ("40", "2", "2", [])
    assert len(picking["DLIX"]) == 11
    assert (shipped["DLIX"], shipped["RIDL"], shipped["TRQT"]) == (picking["DLIX"], "1", "2")
    assert (head["PGRS"], head["MODL"], head["FWNO"], head["CUOR"]) == (
        "60",
        "FDX",
        "FEDEX",
        REFERENCE,
    )
    assert (head["DSDT"], head["DSHM"]) == ("20260921", "0913")  # in Chicago; 14:13 UTC
    assert head["ETRN"] == package["ETRN"] == "770000000001"
    assert (content["PANR"], content["RIDL"], content["DLQT"]) == (package["PANR"], "1", "2")


async def test_invoices_carry_lines_and_charges_once(caller: Caller):
    number = await caller.enter_batch(
        {"ORQT": "2", "SAPR": "10.00"}, {"SAPR": "1.00", "DIA1": "0.25"}
    )
    await caller.list("OIS100MI.AddBatchHeadChg", ORNO=number, CRID="FRGHT", CRAM="5.00")
    await caller.list(
        "OIS100MI.AddBatchLineChg", ORNO=number, PONR="2", POSX="0", CRID="TAX", CRAM="0.50"
    )
    order = (await caller.confirm(number))["ORNO"]
    await caller.ship(order)
    none_yet = await caller.list("OIS350MI.LstAllInvByCO", ORNO=order)
    await caller.advance(order)

    [invoice] = await caller.list("OIS350MI.LstInvHeadByCo", ORNO=order)
    [total] = await caller.list("OIS350MI.LstAllInvByCO", ORNO=order)
    head = await caller.one("OIS350MI.GetInvHead", YEA4=invoice["YEA4"], IVNO=invoice["IVNO"])
    value = await caller.one("OIS100MI.GetOrderValue", ORNO=order)

    assert none_yet == []
    assert (invoice["AMT2"], invoice["AMT1"], total["IVAV"]) == ("20.75", "26.25", "26.25")
    assert len(invoice["IVNO"]) == 9
    assert head["AMT1"] == "26.25"
    assert (value["INTA"], value["ITOP"]) == ("20.75", "26.25")
    assert (await caller.one("OIS100MI.LstOrderCharge", ORNO=order))["DLIX"] == invoice["DLIX"]


async def test_short_stock_stays_unallocated_until_goods_arrive(caller: Caller):
    number = await caller.order({"ITNO": "LAMP-10", "ORQT": "3"})
    await caller.list("MMS120MI.AllocateOrder", RIDN=number, **ALLOCATE)
    short = await line(caller, number)
    await caller.advance(number)
    await caller.advance(number)
    split = await line(caller, number)
    invoiced = await caller.advance(number)
    await caller.control("stock", {"item": "LAMP-10", "warehouse": "001", "quantity": 5})
    await caller.ship(number)

    assert (short["ORST"], short["ALQT"]) == ("23", "1")
    assert (split["ORST"], split["DLQT"]) == ("26", "1")
    assert invoiced == {number: "invoice"}
    assert (await line(caller, number))["DLQT"] == "3"
    assert len(await caller.list("OIS100MI.LstDelLineByCO", ORNO=number, PONR="1")) == 2


async def test_left_alone_the_warehouse_ships_and_invoices_after_its_delays(caller: Caller):
    await caller.control("warehouse", {"delay_seconds": 10, "invoice_delay_seconds": 5})
    number = await caller.order()
    caller.later(9)
    waiting = (await line(caller, number))["ORST"]
    caller.later(1)
    shipped = (await line(caller, number))["ORST"]
    caller.later(5)

    assert (waiting, shipped, (await line(caller, number))["ORST"]) == ("22", "66", "77")


async def test_allocation_starts_the_delay_anew(caller: Caller):
    await caller.control("warehouse", {"delay_seconds": 10})
    number = await caller.order()
    caller.later(6)
    await caller.list("MMS120MI.AllocateOrder", RIDN=number, **ALLOCATE)
    caller.later(4)
    allocated = (await line(caller, number))["ORST"]
    await caller.list("MMS120MI.AllocateOrder", RIDN=number, **ALLOCATE)
    caller.later(6)

    assert (allocated, (await line(caller, number))["ORST"]) == ("33", "66")


async def test_goods_for_a_waiting_order_leave_after_the_delay(caller: Caller):
    await caller.control("warehouse", {"delay_seconds": 10})
    number = await caller.order({"ITNO": "LAMP-10", "ORQT": "2"})
    caller.later(11)
    await caller.control("stock", {"item": "LAMP-10", "warehouse": "001", "quantity": 1})
    caller.later(10)

    assert (await line(caller, number))["DLQT"] == "2"


async def test_a_halted_warehouse_catches_up_when_it_runs_again(caller: Caller):
    number = await caller.order()
    caller.later(60)
    halted = (await line(caller, number))["ORST"]
    await caller.control("warehouse", {"running": True})
    caller.later(0)
    caller.later(60)

    assert (halted, (await line(caller, number))["ORST"]) == ("22", "77")


async def test_an_order_may_leave_in_two_deliveries_and_several_packages(caller: Caller):
    await caller.control(
        "warehouse",
        {"partial_share": 1, "packages_share": 1, "delay_seconds": 1, "invoice_delay_seconds": 0},
    )
    number = await caller.order({"ORQT": "4"}, {"ORQT": "4"})
    for _ in range(4):
        caller.later(1)

    deliveries = {
        row["DLIX"]
        for position in ("1", "2")
        for row in await caller.list("OIS100MI.LstDelLineByCO", ORNO=number, PONR=position)
    }
    assert len(deliveries) == 2
    tracking_numbers = []
    packed = 0
    for delivery in deliveries:
        packages = await caller.list("MWS410MI.LstPackages", DLIX=delivery)
        assert len(packages) in (2, 3)
        tracking_numbers += [package["ETRN"] for package in packages]
        contents = await caller.list("MWS410MI.LstPackageLine", DLIX=delivery, PDSO="1")
        packed += sum(int(row["DLQT"]) for row in contents)
        assert (await caller.one("MWS410MI.GetHead", DLIX=delivery))["ETRN"] == ""
    assert packed == 8
    assert len(set(tracking_numbers)) == len(tracking_numbers)
    assert len(await caller.list("OIS350MI.LstAllInvByCO", ORNO=number)) == 2


async def test_only_what_has_not_been_picked_can_be_deleted(caller: Caller):
    number = await caller.order({}, {})
    await caller.advance(number)
    await caller.list("OIS100MI.DelLine", ORNO=number, PONR="2")
    left = await line(caller, number)
    await caller.advance(number)

    assert (left["PONR"], left["ORST"]) == ("1", "33")
    for operation in ("DelHead", "DelLine"):
        with pytest.raises(Refused, match="can no longer be deleted"):
            await caller.list(
                f"OIS100MI.{operation}",
                ORNO=number,
                **({"PONR": "1"} if operation == "DelLine" else {}),
            )


async def test_a_deleted_order_gives_its_stock_back_and_is_gone(caller: Caller):
    number = await caller.order({"ORQT": "3"})
    await caller.advance(number)
    await caller.list("OIS100MI.DelHead", ORNO=number)
    caller.later(1)

    assert await balance(caller) == ("10000", "0", "10000", "10000")
    with pytest.raises(Refused) as refused:
        await caller.one("OIS100MI.GetHead", ORNO=number)
    assert refused.value.code == "WOR0303"
    assert await caller.list("OIS100MI.SearchHead", SQRY=f"CUOR:{REFERENCE}") == []
    assert await caller.list("OIS100MI.LstHead", CUNO="WALMART") == []


async def test_the_rest_of_a_short_line_can_be_closed_once(caller: Caller):
    number = await caller.order({"ITNO": "LAMP-10", "ORQT": "3"})
    for _ in range(4):
        await caller.advance(number)
    await caller.list("OIS100MI.CloLine", ORNO=number, PONR="1")

    assert (await line(caller, number))["ORST"] == "77"
    with pytest.raises(Refused):
        await caller.list("OIS100MI.CloLine", ORNO=number, PONR="1")


async def test_a_line_closed_before_anything_left_is_99(caller: Caller):
    number = await caller.order()
    await caller.list("OIS100MI.CloLine", ORNO=number, PONR="1")

    assert (await line(caller, number))["ORST"] == "99"
    assert await caller.advance() == {}


async def test_orders_are_listed_between_two_statuses(caller: Caller):
    entered, shipped = await caller.order(), await caller.order()
    await caller.ship(shipped)

    rows = await caller.list("OIS100MI.LstHead", CUNO="WALMART", ORSL="60", ORST="69")

    assert [row["ORNO"] for row in rows] == [shipped]
    assert (rows[0]["ORSL"], rows[0]["ORST"], rows[0]["DLIX"]) == ("66", "66", "1")
    assert set(await caller.advance()) == {entered, shipped}


async def test_a_directly_entered_order_exists_from_its_head_on(caller: Caller):
    number = (await caller.one("OIS100MI.AddOrderHead", CUNO="WALMART", CUOR=REFERENCE))["ORNO"]
    empty = await caller.one("OIS100MI.GetHead", ORNO=number)
    added = await caller.one("OIS100MI.AddOrderLine", ORNO=number, ITNO="LAMP-10", ORQT="2")
    silent = await caller.one(
        "OIS100MI.AddOrderLine", ORNO=number, ITNO="LAMP-10", ORQT="2", IGWA="1"
    )

    assert number == "0010000001"
    assert (empty["ORST"], empty["MODL"]) == ("90", "UPS")
    assert (added["PONR"], added["MSI1"], silent["PONR"], silent["MSI1"]) == (
        "1",
        "SIM0017",
        "2",
        "",
    )
    for operation, record, code in (
        ("AddOrderHead", {"CUNO": "NOBODY"}, "WCU0203"),
        ("AddOrderHead", {"CUNO": "WALMART", "RLDZ": "20261301"}, "XDT0001"),
        ("AddOrderLine", {"ORNO": number, "ITNO": "CHAIR-10", "ORQT": "1"}, "XIT0107"),
        ("AddOrderLine", {"ORNO": number, "ITNO": "CHAIR-01", "ORQT": "1", "PONR": "1"}, "XRE0104"),
    ):
        with pytest.raises(Refused) as refused:
            await caller.list(f"OIS100MI.{operation}", **record)
        assert refused.value.code == code


async def test_a_head_has_each_charge_once(caller: Caller):
    batch = await caller.enter_batch()
    direct = (await caller.one("OIS100MI.AddOrderHead", CUNO="WALMART", CUOR=REFERENCE))["ORNO"]
    freight = {"CRID": "FRGHT", "CRAM": "5.99"}
    await caller.list("OIS100MI.AddBatchHeadChg", ORNO=batch, **freight)
    await caller.list("OIS100MI.AddConnCOCharge", ORNO=direct, **freight)
    confirmed = (await caller.confirm(batch))["ORNO"]

    for number in (confirmed, direct):
        [charge] = await caller.list("OIS100MI.LstOrderCharge", ORNO=number)
        assert (charge["CRID"], charge["PBAM"], charge["DLIX"]) == ("FRGHT", "5.99", "0")
    other = await caller.enter_batch()
    await caller.list("OIS100MI.AddBatchHeadChg", ORNO=other, **freight)
    for operation, record, code in (
        ("AddBatchHeadChg", {"ORNO": other, **freight}, "XRE0104"),
        ("AddConnCOCharge", {"ORNO": direct, **freight}, "XRE0104"),
        ("AddConnCOCharge", {"ORNO": direct, "CRID": "NOPE"}, "SIM0008"),
        ("AddConnCOCharge", {"ORNO": direct, "CRID": "TAX", "DLIX": "1"}, "SIM0019"),
    ):
        with pytest.raises(Refused) as refused:
            await caller.list(f"OIS100MI.{operation}", **record)
        assert refused.value.code == code


async def test_missing_records_are_refused_by_get_and_by_lists_of_a_parent(caller: Caller):
    for operation, record, code in (
        ("OIS100MI.LstLine", {"ORNO": "0019999999"}, "WOR0303"),
        ("MWS410MI.GetHead", {"DLIX": "1"}, "WDL0203"),
        ("MWS410MI.GetHead", {}, "WDL0202"),
        ("OIS350MI.GetInvHead", {"YEA4": "2026", "IVNO": "1"}, "SIM0016"),
        ("MMS120MI.AllocateOrder", {"RIDN": "0019999999", **ALLOCATE}, "WOR0303"),
        ("MMS200MI.GetItmWhsBal", {"WHLO": "009", "ITNO": "KETTLE-01"}, "WWH0103"),
    ):
        with pytest.raises(Refused) as refused:
            await caller.list(operation, **record)
        assert refused.value.code == code, operation
    assert await caller.list("MWS411MI.LstDelLnByOrd", RORC="3", RIDN="0019999999") == []


async def test_aliases_lead_to_items(caller: Caller):
    alias = {"ALWT": "02", "POPN": "WM-KETTLE-03"}
    found = await caller.one("MMS025MI.GetItem", **alias)
    await caller.list(
        "MMS025MI.AddAlias", ALWT="2", ITNO="CHAIR-01", POPN="0123456789012", ALWQ="EA13"
    )

    assert (found["ITNO"], found["ALWT"]) == ("KETTLE-03", "2")
    assert [row["POPN"] for row in await caller.list("MMS025MI.LstAlias", ITNO="CHAIR-01")] == [
        "0123456789012"
    ]
    assert await caller.list("MMS025MI.LstItem", POPN="NOPE") == []
    for record, code in (
        ({"ALWT": "2", "POPN": "TOASTER-01"}, "WPO0403"),
        ({"ALWT": "2", "POPN": "0123456789012"}, "WPO0403"),
        ({"ALWT": "1", "POPN": "WM-KETTLE-03"}, "WPO0403"),
    ):
        with pytest.raises(Refused) as refused:
            await caller.one("MMS025MI.GetItem", **record)
        assert refused.value.code == code


async def test_buyers_become_customers_by_a_template(caller: Caller):
    buyer = {"CUTM": "TMPLWM", "CUNM": "Zoë Example", "CUA1": "1 Example Street", "ALCU": "B-77"}
    number = (await caller.one("CRS610MI.Add", **buyer))["CUNO"]
    early = await caller.list("CRS610MI.SearchCustomer", SQRY="ALCU:B-77")
    caller.later(1)
    [found] = await caller.list("CRS610MI.SearchCustomer", SQRY="ALCU:'B-77'")
    listed = await caller.list("CRS610MI.LstBySearchKey", ALCU="B")
    address = {"CUNO": number, "ADRT": "1", "ADID": "HOME"}
    await caller.one(
        "CRS610MI.AddAddress", **address, CUA1="2 Road", PONO="78701", CSCD="US", TOWN="Austin"
    )

    assert (number, early, found["CUNO"]) == ("1000000001", [], number)
    assert [row["ALCU"] for row in listed] == ["B-77", "WALMART"]
    assert (await caller.one("CRS610MI.GetBasicData", CUNO=number))["CUNM"] == "Zoë Example"
    assert (await caller.one("CRS610MI.GetAddress", **address))["TOWN"] == "Austin"
    assert await caller.list("CRS610MI.LstTemplates") == [
        {"CONO": "100", "CUNO": "TMPLWM", "CUNM": "Template Walmart buyer"}
    ]
    assert (await caller.confirm(await caller.enter_batch(CUNO=number)))["STAT"] == "90"
    for record, code in (
        (buyer | {"CUTM": "WALMART"}, "SIM0010"),
        (buyer | {"CUNO": "WALMART"}, "XRE0104"),
    ):
        with pytest.raises(Refused) as refused:
            await caller.one("CRS610MI.Add", **record)
        assert refused.value.code == code
