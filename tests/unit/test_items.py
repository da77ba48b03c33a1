"""activities/items.py: a SKU's item number, by alias first and then as the item number itself."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import respx

from activities.items import ItemNumbers
from connectors.m3 import M3Client
from domain.errors import InvalidOrder, Rejected, Unavailable
from tests.mapping_samples import PAIR, PURCHASE_ORDER_ID

URL = "https://gateway.test/execute"


class ItemMaster:
    """An M3 that knows some aliases and items, and remembers what it was asked."""

    def __init__(self) -> None:
        self.aliases = {"WM-KETTLE-01": "KETTLE-01", "WM-LAMP-01": "LAMP-01"}
        self.items = {"TOASTER-01"}
        self.asked: list[tuple[str, list[dict[str, str]]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        records = [each["record"] for each in body["transactions"]]
        self.asked.append((body["program"], records))
        look_up = self._alias if body["program"] == "MMS025MI" else self._item
        return httpx.Response(200, json={"results": [look_up(record) for record in records]})

    def _alias(self, record: dict[str, str]) -> dict[str, Any]:
        item = self.aliases.get(record["POPN"])
        return self._found(item, f"Alias number {record['POPN']} does not exist")

    def _item(self, record: dict[str, str]) -> dict[str, Any]:
        item = record["ITNO"] if record["ITNO"] in self.items else None
        return self._found(item, f"Item number {record['ITNO']} does not exist")

    @staticmethod
    def _found(item: str | None, complaint: str) -> dict[str, Any]:
        if item is None:
            return {"errorMessage": complaint, "errorCode": "WPO0403", "errorField": "POPN"}
        return {"records": [{"ITNO": item}]}


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


async def test_alias_comes_first_and_the_item_number_itself_second(
    master: ItemMaster, m3: M3Client
):
    items = ItemNumbers(m3, PAIR)

    found = await items.find(PURCHASE_ORDER_ID, ["WM-KETTLE-01", "TOASTER-01", "WM-KETTLE-01"])

    assert found == {"WM-KETTLE-01": "KETTLE-01", "TOASTER-01": "TOASTER-01"}
    assert master.asked == [
        (
            "MMS025MI",
            [{"ALWT": "2", "POPN": "WM-KETTLE-01"}, {"ALWT": "2", "POPN": "TOASTER-01"}],
        ),
        ("MMS200MI", [{"ITNO": "TOASTER-01"}]),
    ]


async def test_order_of_aliases_takes_one_request(master: ItemMaster, m3: M3Client):
    await ItemNumbers(m3, PAIR).find(PURCHASE_ORDER_ID, ["WM-KETTLE-01", "WM-LAMP-01"])

    assert [program for program, _ in master.asked] == ["MMS025MI"]


async def test_alias_is_looked_up_under_the_pairs_qualifier(master: ItemMaster, m3: M3Client):
    pair = replace(PAIR, alias_category="3", alias_qualifier="WMT")

    await ItemNumbers(m3, pair).find(PURCHASE_ORDER_ID, ["WM-KETTLE-01"])

    [(_, [record])] = master.asked
    assert record == {"ALWT": "3", "ALWQ": "WMT", "POPN": "WM-KETTLE-01"}


async def test_found_numbers_are_believed_for_a_while(
    master: ItemMaster, m3: M3Client, clock: Callable[[float], None]
):
    items = ItemNumbers(m3, replace(PAIR, item_cache=timedelta(seconds=600)))
    await items.find(PURCHASE_ORDER_ID, ["WM-KETTLE-01"])

    master.aliases["WM-KETTLE-01"] = "KETTLE-02"
    clock(599)
    believed = await items.find(PURCHASE_ORDER_ID, ["WM-KETTLE-01"])
    clock(2)
    asked_again = await items.find(PURCHASE_ORDER_ID, ["WM-KETTLE-01"])

    assert believed == {"WM-KETTLE-01": "KETTLE-01"}
    assert asked_again == {"WM-KETTLE-01": "KETTLE-02"}
    assert len(master.asked) == 2


async def test_unknown_skus_are_named_together(master: ItemMaster, m3: M3Client):
    with pytest.raises(InvalidOrder, match="no item for SKU WM-GHOST-01, WM-GHOST-02") as caught:
        await ItemNumbers(m3, PAIR).find(
            PURCHASE_ORDER_ID, ["WM-GHOST-01", "WM-KETTLE-01", "WM-GHOST-02"]
        )

    assert caught.value.cause == "UNKNOWN_SKU"
    assert "MMS025" in caught.value.mend


async def test_alias_added_by_an_operator_holds_at_once(master: ItemMaster, m3: M3Client):
    items = ItemNumbers(m3, PAIR)
    with pytest.raises(InvalidOrder):
        await items.find(PURCHASE_ORDER_ID, ["WM-GHOST-01"])

    master.aliases["WM-GHOST-01"] = "CHAIR-01"

    assert await items.find(PURCHASE_ORDER_ID, ["WM-GHOST-01"]) == {"WM-GHOST-01": "CHAIR-01"}


async def test_what_a_person_said_of_a_sku_comes_before_the_alias(master: ItemMaster, m3: M3Client):
    items = ItemNumbers(m3, PAIR)

    found = await items.find(PURCHASE_ORDER_ID, ["WM-KETTLE-01"], given={"WM-KETTLE-01": "POT-1"})

    assert found == {"WM-KETTLE-01": "POT-1"}
    assert master.asked == []
    assert await items.find(PURCHASE_ORDER_ID, ["WM-KETTLE-01"]) == {"WM-KETTLE-01": "KETTLE-01"}


async def test_doubted_number_is_asked_for_again(master: ItemMaster, m3: M3Client):
    items = ItemNumbers(m3, PAIR)
    await items.find(PURCHASE_ORDER_ID, ["WM-KETTLE-01"])

    master.aliases["WM-KETTLE-01"] = "KETTLE-02"
    items.doubt(["WM-KETTLE-01"])

    assert await items.look_up(["WM-KETTLE-01"]) == {"WM-KETTLE-01": "KETTLE-02"}


@pytest.mark.parametrize(("length", "programs"), [(16, ["MMS025MI"]), (31, []), (50, [])])
async def test_sku_too_long_for_a_field_of_m3_is_not_asked_for_there(
    master: ItemMaster, m3: M3Client, length: int, programs: list[str]
):
    with pytest.raises(InvalidOrder, match="S" * length):
        await ItemNumbers(m3, PAIR).find(PURCHASE_ORDER_ID, ["S" * length])

    assert [program for program, _ in master.asked] == programs


async def test_more_skus_than_one_request_takes(master: ItemMaster, m3: M3Client):
    master.aliases = {f"WM-{number}": f"ITEM-{number}" for number in range(81)}

    found = await ItemNumbers(m3, PAIR).find(PURCHASE_ORDER_ID, list(master.aliases))

    assert found == master.aliases
    assert [len(records) for _, records in master.asked] == [80, 1]


async def test_refusal_that_is_not_about_the_sku_is_passed_on(m3: M3Client):
    refusal = {
        "errorMessage": "Not authorized for company 100 XAU0008 CONO",
        "errorCode": "XAU0008",
        "errorField": "CONO",
    }
    with respx.mock:
        respx.post(URL).respond(json={"results": [refusal]})
        with pytest.raises(Rejected, match="Not authorized for company 100"):
            await ItemNumbers(m3, PAIR).find(PURCHASE_ORDER_ID, ["WM-KETTLE-01"])


async def test_outage_says_nothing_about_the_sku(m3: M3Client):
    with respx.mock:
        respx.post(URL).respond(503)
        with pytest.raises(Unavailable):
            await ItemNumbers(m3, PAIR).find(PURCHASE_ORDER_ID, ["WM-KETTLE-01"])
