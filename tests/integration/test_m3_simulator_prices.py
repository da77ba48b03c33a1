"""What the simulated M3 says of prices, currencies and items for sale."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.m3_caller import Caller, Refused, caller_of

PRICE = "OIS320MI.GetPriceLine"
KETTLE = {"CUNO": "WALMART", "ITNO": "KETTLE-01"}


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[Caller]:
    async with caller_of() as caller:
        yield caller


async def rates(caller: Caller, currency: str, **record: str) -> list[tuple[str, str]]:
    """Return day and rate of what is listed for a currency."""
    rows = await caller.list("CRS055MI.LstRatesPerType", CUCD=currency, CRTP="1", **record)
    return [(row["CUTD"], row["ARAT"]) for row in rows]


async def test_the_price_of_a_line_is_that_of_one_unit(caller: Caller):
    found = await caller.one(PRICE, **KETTLE, ORQA="3", CUCD="USD")

    assert (found["SAPR"], found["SACD"], found["LNAM"]) == ("24.99", "1", "74.97")
    assert (found["CUCD"], found["ALUN"], found["SPUN"]) == ("USD", "EA", "EA")


async def test_a_template_customer_has_prices(caller: Caller):
    assert (await caller.one(PRICE, CUNO="TMPLWM", ITNO="KETTLE-01"))["SAPR"] == "24.99"


async def test_a_price_changed_by_a_person_is_told_and_used(caller: Caller):
    await caller.control("items", {"item": "KETTLE-01", "price": "12.00"})
    number = await caller.order()

    assert (await caller.one(PRICE, **KETTLE))["SAPR"] == "12.00"
    assert (await caller.one("OIS100MI.LstLine", ORNO=number))["SAPR"] == "12"


async def test_a_currency_without_price_list_has_no_price(caller: Caller):
    assert (await caller.one(PRICE, **KETTLE, CUCD="CAD"))["SAPR"] == "0.00"


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"CUNO": "NOBODY"}, "WCU0203"),
        ({"ITNO": "NOPE"}, "WIT0103"),
        ({"CUCD": "XXX"}, "SIM0009"),
        ({"WHLO": "009"}, "WWH0103"),
        ({"ORQA": "many"}, "XNU0000"),
        ({"ORDT": "20261301"}, "XDT0001"),
    ],
)
async def test_a_price_of_something_unknown_is_refused(
    caller: Caller, record: dict[str, str], code: str
):
    with pytest.raises(Refused) as refused:
        await caller.one(PRICE, **KETTLE | record)

    assert refused.value.code == code


async def test_rates_are_listed_by_the_day_from_which_they_hold(caller: Caller):
    assert await rates(caller, "CAD") == [("20250101", "0.695"), ("20260701", "0.73")]
    assert await rates(caller, "CAD", CUTD="20250102") == [("20260701", "0.73")]
    assert await rates(caller, "USD") == []
    [first, _] = await caller.list("CRS055MI.LstRatesPerType", CUCD="MXN", CRTP="1")
    assert (first["LOCD"], first["DMCU"], first["RAFA"]) == ("USD", "1", "0")


async def test_a_currency_m3_does_not_know_has_no_rates(caller: Caller):
    with pytest.raises(Refused) as refused:
        await rates(caller, "XXX")

    assert refused.value.code == "SIM0009"


async def test_the_rate_of_a_day_is_the_newest_before_it(caller: Caller):
    of_a_day = {"CRTP": "1", "CUTD": "20260630"}
    both = await caller.list("CRS055MI.SelExchangeRate", **of_a_day)
    one = await caller.list("CRS055MI.SelExchangeRate", **of_a_day, FCUR="MXN", TCUR="MXN")
    before = await caller.list("CRS055MI.SelExchangeRate", CRTP="1", CUTD="20240101")
    other_type = await caller.list("CRS055MI.SelExchangeRate", CRTP="2", CUTD="20260630")

    assert [(row["CUCD"], row["CUTD"], row["ARAT"]) for row in both] == [
        ("CAD", "20250101", "0.695"),
        ("MXN", "20250101", "0.0485"),
    ]
    assert [row["CUCD"] for row in one] == ["MXN"]
    assert (before, other_type) == ([], [])


async def test_a_person_enters_a_rate(caller: Caller):
    await caller.control("rates", {"currency": "EUR", "rate": "1.10", "date": "20260801"})

    assert await rates(caller, "EUR") == [("20260801", "1.1")]


async def test_an_item_tells_whether_it_is_active_and_for_sale(caller: Caller):
    seen = {}
    for item in ("KETTLE-01", "CHAIR-10", "CHAIR-00"):
        row = await caller.one("MMS200MI.Get", ITNO=item)
        seen[item] = (row["STAT"], row["SALE"])
    await caller.control("items", {"item": "CHAIR-00", "saleable": True})

    assert seen == {"KETTLE-01": ("20", "1"), "CHAIR-10": ("90", "1"), "CHAIR-00": ("20", "0")}
    assert (await caller.one("MMS200MI.Get", ITNO="CHAIR-00"))["SALE"] == "1"
