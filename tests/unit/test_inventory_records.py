"""mappings/inventory.py: M3's balances read from its records, and when a run waits for a person."""

from decimal import Decimal

import pytest

from domain.errors import StockUnknown
from mappings.inventory import (
    Brake,
    Record,
    brake,
    from_new_balance,
    from_summary,
    from_warehouse_balance,
)
from tests.stock_samples import INVENTORY

RECORD = {"WHLO": "001", "ITNO": "KETTLE-01", "AV01": "12.500000", "AV02": "15.000000"}
READERS = [from_new_balance, from_summary, from_warehouse_balance]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("text", ["12.5", "-3.000000", "0", ".5", "-.25", " 7 ", "4."])
def test_balance_is_read_from_a_record(read, text: str):
    balance = read({**RECORD, "AV01": text})

    assert (balance.warehouse, balance.item_number) == ("001", "KETTLE-01")
    assert balance.allocatable == Decimal(text)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"AV01": ""}, "item KETTLE-01: M3's balance has no AV01"),
        ({"WHLO": " "}, "item KETTLE-01: M3's balance has no WHLO"),
        ({"ITNO": ""}, "item (no number): M3's balance has no ITNO"),
        ({"AV01": "12,5"}, "item KETTLE-01: AV01 of M3's balance is no number: '12,5'"),
        ({"AV01": "NaN"}, "is no number: 'NaN'"),
        ({"AV01": "1e5"}, "is no number: '1e5'"),
        ({"AV01": "1_000"}, "is no number: '1_000'"),
        ({"AV01": "-"}, "is no number: '-'"),
    ],
)
def test_record_that_cannot_be_read_names_field_and_item(read, changes: Record, said: str):
    with pytest.raises(StockUnknown) as caught:
        read({**RECORD, **changes})

    assert said in str(caught.value)


def test_record_without_the_column_is_told():
    with pytest.raises(StockUnknown, match="item KETTLE-01: M3's balance has no AV01"):
        from_summary({"WHLO": "001", "ITNO": "KETTLE-01"})


@pytest.mark.parametrize(
    ("to_zero", "changed", "expected"),
    [
        (20, 50, ""),
        (21, 50, "21 of 100 quantities would become 0, more than 20%"),
        (0, 51, "51 of 100 quantities would change, more than 50%"),
        (
            30,
            60,
            "30 of 100 quantities would become 0, more than 20%; "
            "60 of 100 quantities would change, more than 50%",
        ),
    ],
)
def test_brake_holds_what_would_change_too_much(to_zero: int, changed: int, expected: str):
    assert brake(INVENTORY.brake, catalogue=100, to_zero=to_zero, changed=changed) == expected


def test_brake_lets_a_few_pass_whatever_their_share():
    limits = Brake(zeroed=Decimal("0.5"), changed=Decimal("0.5"), at_least=20)

    assert brake(limits, catalogue=25, to_zero=19, changed=19) == ""
    assert brake(limits, catalogue=25, to_zero=20, changed=0).endswith("more than 0.5%")
