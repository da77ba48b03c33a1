"""activities/m3_facts.py: what M3 says of items, prices and rates, and how long it is believed."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import httpx
import pytest
import respx

from activities.m3_facts import M3Facts
from connectors.m3 import M3Client
from domain.errors import Rejected, Unavailable
from mappings.items import ItemState
from tests.item_master import URL, ItemMaster
from tests.mapping_samples import PAIR, PER_BUYER

REFUSAL = {"errorMessage": "Not authorized XAU0008", "errorCode": "XAU0008", "errorField": ""}


@pytest.fixture
def master() -> Iterator[ItemMaster]:
    master = ItemMaster()
    with respx.mock(assert_all_called=False) as router:
        router.post(URL).mock(side_effect=master)
        yield master


@pytest.fixture
async def m3() -> AsyncIterator[M3Client]:
    async with httpx.AsyncClient() as http:
        yield M3Client(http, url=URL, company=100, division="AAA")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let a test move the clock by so many seconds."""
    now = 1000.0

    def move(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr("activities.believed.time", SimpleNamespace(monotonic=lambda: now))
    return move


async def test_items_m3_lacks_are_left_out(master: ItemMaster, m3: M3Client):
    found = await M3Facts(m3, PAIR).items(["KETTLE-01", "GHOST-01", "KETTLE-01"])

    assert found == {"KETTLE-01": ItemState(status="20", saleable=True)}
    assert master.asked == [("MMS200MI", [{"ITNO": "KETTLE-01"}, {"ITNO": "GHOST-01"}])]


async def test_price_is_asked_for_one_unit_in_the_pairs_currency_and_for_its_customer(
    master: ItemMaster, m3: M3Client
):
    marketplace = await M3Facts(m3, PAIR).prices(["KETTLE-01"])
    per_buyer = await M3Facts(m3, PER_BUYER).prices(["KETTLE-01"])

    asked = {"ITNO": "KETTLE-01", "ORQA": "1", "CUCD": "USD"}
    assert marketplace == per_buyer == {"KETTLE-01": Decimal("24.99")}
    assert master.asked == [
        ("OIS320MI", [{"CUNO": "WALMART"} | asked]),
        ("OIS320MI", [{"CUNO": "TMPLWM"} | asked]),
    ]


async def test_answers_are_believed_for_a_while(
    master: ItemMaster, m3: M3Client, clock: Callable[[float], None]
):
    facts = M3Facts(m3, PAIR)
    for _ in range(3):
        await facts.items(["KETTLE-01"])
        await facts.prices(["KETTLE-01"])
        await facts.exchange("CAD", rate_type="1", day="20260102")
    while_believed = len(master.asked)

    clock(PAIR.item_cache.total_seconds())
    await facts.items(["KETTLE-01"])
    await facts.prices(["KETTLE-01"])

    assert while_believed == 3
    assert len(master.asked) == 5


async def test_missing_answers_and_doubted_ones_are_asked_for_again(
    master: ItemMaster, m3: M3Client
):
    facts = M3Facts(m3, PAIR)
    assert await facts.prices(["LAMP-01"]) == {}
    assert await facts.items(["LAMP-01"]) == {}
    assert await facts.exchange("MXN", rate_type="1", day="20260102") is None
    await facts.items(["KETTLE-01"])

    master.prices["LAMP-01"] = {"SAPR": "14.49", "SACD": "1"}
    master.items["LAMP-01"] = {"STAT": "20", "SALE": "1"}
    master.items["KETTLE-01"] = {"STAT": "90", "SALE": "1"}
    master.rates["MXN"] = [master.rates["CAD"][0] | {"ARAT": "0.05"}]
    facts.doubt(["KETTLE-01"])

    assert await facts.prices(["LAMP-01"]) == {"LAMP-01": Decimal("14.49")}
    assert (await facts.items(["KETTLE-01", "LAMP-01"]))["KETTLE-01"].status == "90"
    assert await facts.exchange("MXN", rate_type="1", day="20260102") is not None


async def test_price_m3_does_not_tell_us_keeps_no_order_out(m3: M3Client):
    with respx.mock:
        respx.post(URL).respond(json={"results": [REFUSAL]})
        assert await M3Facts(m3, PAIR).prices(["KETTLE-01"]) == {}

        respx.post(URL).respond(400, json={"errorMessage": "no program OIS320MI"})
        assert await M3Facts(m3, PAIR).prices(["KETTLE-01"]) == {}
        assert await M3Facts(m3, PAIR).exchange("CAD", rate_type="1", day="20260102") is None


async def test_items_m3_does_not_tell_us_of_are_no_ghosts(m3: M3Client):
    with respx.mock:
        respx.post(URL).respond(json={"results": [REFUSAL]})
        with pytest.raises(Rejected, match="Not authorized"):
            await M3Facts(m3, PAIR).items(["KETTLE-01"])


@pytest.mark.parametrize("question", ["items", "prices"])
async def test_outage_says_nothing_about_an_item(m3: M3Client, question: str):
    with respx.mock:
        respx.post(URL).respond(503)
        with pytest.raises(Unavailable):
            await getattr(M3Facts(m3, PAIR), question)(["KETTLE-01"])


async def test_pair_that_believes_nothing_asks_each_time(master: ItemMaster, m3: M3Client):
    facts = M3Facts(m3, replace(PAIR, item_cache=PAIR.item_cache * 0))

    await facts.items(["KETTLE-01"])
    await facts.items(["KETTLE-01"])

    assert len(master.asked) == 2
