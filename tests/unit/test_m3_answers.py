"""What M3 answers about items, prices and rates, and what that means for an order."""

from decimal import Decimal

import pytest

from mappings.exchange import to_exchange
from mappings.items import ItemState, to_item_state, to_unit_price


@pytest.mark.parametrize(
    ("record", "state"),
    [
        ({"STAT": "20", "SALE": "1"}, ItemState(status="20", saleable=True)),
        ({"STAT": "90", "SALE": "0"}, ItemState(status="90", saleable=False)),
        ({"STAT": "20"}, ItemState(status="20", saleable=True)),
    ],
)
def test_state_of_an_item(record: dict[str, str], state: ItemState):
    assert to_item_state(record) == state


@pytest.mark.parametrize(
    ("record", "price"),
    [
        ({"SAPR": "24.9900", "SACD": "1", "SPUN": "EA", "ALUN": "EA"}, "24.99"),
        ({"SAPR": "250.00", "SACD": "10"}, "25"),
        ({"SAPR": "24.99", "SACD": ""}, "24.99"),
        ({"SAPR": "24.99", "SACD": "0"}, "24.99"),
    ],
)
def test_price_is_for_one_unit(record: dict[str, str], price: str):
    assert to_unit_price(record) == Decimal(price)


@pytest.mark.parametrize(
    "record",
    [
        {"SAPR": "0.00", "SACD": "1"},
        {"SAPR": "", "SACD": ""},
        {"SAPR": "n/a", "SACD": "1"},
        {"SAPR": "240.00", "SACD": "1", "SPUN": "BOX", "ALUN": "EA"},
    ],
)
def test_price_that_cannot_be_compared_is_none(record: dict[str, str]):
    assert to_unit_price(record) is None


def rate(day: str, amount: str, **changes: str) -> dict[str, str]:
    return {"CUTD": day, "ARAT": amount, "LOCD": "USD", "DMCU": "1", "RAFA": "0"} | changes


def test_newest_rate_that_holds_on_the_day_is_taken():
    rates = [rate("20260101", "0.70"), rate("20260301", "0.73"), rate("20260401", "0.75")]

    exchange = to_exchange(rates, currency="USD", day="20260331")

    assert exchange is not None
    assert (exchange.date, exchange.convert(Decimal("10"))) == ("20260301", Decimal("7.3000"))


@pytest.mark.parametrize(
    ("method", "factor", "amount", "converted"),
    [
        ("1", "0", "0.75", "7.5000"),
        ("2", "0", "1.25", "8.0000"),
        ("1", "2", "0.67", "0.0670"),  # 0.67 for a hundred
        ("", "", "0.75", "7.5000"),
    ],
)
def test_rate_is_applied_as_m3_keeps_it(method: str, factor: str, amount: str, converted: str):
    exchange = to_exchange(
        [rate("20260101", amount, DMCU=method, RAFA=factor)], currency="USD", day="20260102"
    )

    assert exchange is not None
    assert exchange.convert(Decimal("10.00")) == Decimal(converted)


@pytest.mark.parametrize(
    "rates",
    [
        [],
        [rate("20260102", "0.75")],  # holds from tomorrow on
        [rate("20260101", "0.75", LOCD="EUR")],
        [rate("20260101", "0")],
    ],
)
def test_without_a_rate_nothing_is_converted(rates: list[dict[str, str]]):
    assert to_exchange(rates, currency="USD", day="20260101") is None
