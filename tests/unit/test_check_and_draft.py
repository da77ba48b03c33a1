"""activities/validation.py with an M3 that has prices and rates: what it asks and keeps."""

import dataclasses
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import respx

from activities.items import ItemNumbers
from activities.services import PairServices
from activities.validation import check_and_draft, redraft
from connectors.m3 import M3Client
from connectors.walmart import WalmartClient
from domain.attention import Finding, Severity
from domain.orders import OrderEntry
from ledger.store import open_ledger
from mappings.live import LiveMappings
from mappings.walmart_order import WalmartOrder, parse_order
from tests.item_master import URL, ItemMaster
from tests.mapping_samples import (
    PAIR,
    PURCHASE_ORDER_ID,
    charge,
    order_document,
    order_line,
    write_overrides,
)

DAY = timedelta(days=1)


@pytest.fixture
def master() -> ItemMaster:
    return ItemMaster()


@pytest.fixture
async def services(master: ItemMaster, tmp_path: Path) -> AsyncIterator[PairServices]:
    with respx.mock(assert_all_called=False) as router:
        router.post(URL).mock(side_effect=master)
        async with httpx.AsyncClient() as http, open_ledger(tmp_path / "ledger.db") as ledger:
            m3 = M3Client(http, url=URL, company=100, division="AAA")
            yield PairServices(
                pair=PAIR,
                m3=m3,
                walmart=cast(WalmartClient, None),  # the order is at hand
                live_mappings=LiveMappings(None),
                items=ItemNumbers(m3, PAIR),
                ledger=ledger,
            )


def order(price: str = "24.99", currency: str = "USD") -> WalmartOrder:
    now = datetime.now(UTC)
    price_charge = charge("PRODUCT", "ItemPrice", price)
    price_charge["chargeAmount"]["currency"] = currency
    document = order_document(
        order_line(charges=[price_charge]), orderDate=int(now.timestamp() * 1000)
    )
    ship_by = int((now + DAY).timestamp() * 1000)
    document["shippingInfo"] = document["shippingInfo"] | {"estimatedShipDate": ship_by}
    return parse_order(document)


async def check(services: PairServices, order: WalmartOrder) -> list[tuple[str, Severity]]:
    await services.ledger.save_order(
        PAIR.name, order.purchase_order_id, document="{}", at=datetime.now(UTC)
    )
    found: tuple[Finding, ...] = await check_and_draft(
        services, order, OrderEntry.BATCH, item_numbers={}
    )
    return [(finding.code, finding.severity) for finding in found]


async def kept_line(services: PairServices) -> dict[str, Any] | None:
    draft = await services.ledger.order_draft(PAIR.name, PURCHASE_ORDER_ID)
    return None if draft is None else cast(dict[str, Any], json.loads(draft)["lines"][0]["record"])


def with_rules(services: PairServices, folder: Path, content: str) -> PairServices:
    overrides = write_overrides(folder / "rules", {"validation.yaml": content})
    return dataclasses.replace(services, live_mappings=LiveMappings(overrides))


async def test_order_whose_items_are_known_asks_m3_for_nothing(
    services: PairServices, master: ItemMaster
):
    assert await check(services, order()) == []
    first = [program for program, _ in master.asked]

    assert await check(services, order()) == []

    assert first == ["MMS025MI", "MMS200MI", "OIS320MI"]
    assert [program for program, _ in master.asked] == first


async def test_price_mended_in_m3_heals_the_order(services: PairServices, master: ItemMaster):
    before = await check(services, order("9.99"))

    master.prices["KETTLE-01"] = {"SAPR": "10.00", "SACD": "1"}

    assert before == [("UNIT_PRICE_BELOW_M3", Severity.HOLD)]
    assert await check(services, order("9.99")) == []


async def test_alias_mended_in_m3_heals_the_order(services: PairServices, master: ItemMaster):
    master.items["POT-01"] = {"STAT": "20", "SALE": "1", "ITNO": "POT-01"}
    master.prices["POT-01"] = {"SAPR": "9.99", "SACD": "1"}
    before = await check(services, order("9.99"))

    master.aliases["WM-KETTLE-01"] = "POT-01"

    assert before == [("UNIT_PRICE_BELOW_M3", Severity.HOLD)]
    assert await check(services, order("9.99")) == []


async def test_prices_are_not_asked_for_where_no_rule_reads_them(
    services: PairServices, master: ItemMaster, tmp_path: Path
):
    without = with_rules(
        services,
        tmp_path,
        "UNIT_PRICE_BELOW_M3: {off: true}\n"
        "UNIT_PRICE_ABOVE_M3: {off: true}\n"
        "NO_PRICE_IN_M3: {off: true}\n",
    )

    assert await check(without, order("9.99")) == []
    assert "OIS320MI" not in [program for program, _ in master.asked]


async def test_other_currency_blocks_and_its_price_is_not_compared(
    services: PairServices, master: ItemMaster
):
    found = await check(services, order("9.99", "CAD"))

    assert found == [("CURRENCY_DIFFERS", Severity.BLOCK)]
    assert {program for program, _ in master.asked} == {"MMS025MI", "MMS200MI"}
    assert await kept_line(services) is None


async def test_other_currency_is_converted_where_the_pair_allows_it(
    services: PairServices, master: ItemMaster, tmp_path: Path
):
    converting = with_rules(services, tmp_path, "CURRENCY_DIFFERS: {convert: true, rate_type: 3}")

    found = await check(converting, order("30.00", "CAD"))

    assert found == [("CURRENCY_CONVERTED", Severity.NOTE)]  # 22.50 is near enough to 24.99
    assert ("CRS055MI", [{"CUCD": "CAD", "CRTP": "3"}]) in master.asked
    line = await kept_line(services)
    assert line is not None
    assert line["SAPR"] == "22.5000"


async def test_draft_made_anew_is_converted_too(
    services: PairServices, master: ItemMaster, tmp_path: Path
):
    converting = with_rules(services, tmp_path, "CURRENCY_DIFFERS: {convert: true}")

    draft = await redraft(converting, order("30.00", "CAD"), OrderEntry.BATCH, item_numbers={})

    assert draft.lines[0].record["SAPR"] == "22.5000"
    assert draft.head.fields["CUCD"] == "USD"


async def test_other_currency_without_a_rate_waits_for_one(
    services: PairServices, master: ItemMaster, tmp_path: Path
):
    converting = with_rules(services, tmp_path, "CURRENCY_DIFFERS: {convert: true}")
    rates = master.rates.pop("CAD")
    before = await check(converting, order("30.00", "CAD"))

    master.rates["CAD"] = rates

    assert before == [("CURRENCY_DIFFERS", Severity.BLOCK)]
    assert await check(converting, order("30.00", "CAD")) == [("CURRENCY_CONVERTED", Severity.NOTE)]
