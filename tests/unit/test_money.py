"""domain/money.py: Decimal with a currency, never float."""

from decimal import Decimal

import pytest

from domain.money import Money, zero


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


def test_amounts_add_up_to_the_cent():
    assert usd("0.10") + usd("0.20") == usd("0.30")
    assert zero("USD") + usd("24.99") == usd("24.99")


def test_currencies_do_not_mix():
    with pytest.raises(ValueError, match="cannot add CAD to USD"):
        usd("1") + Money(amount=Decimal(1), currency="CAD")


def test_times_keeps_every_digit():
    assert usd("19.995").times(3) == usd("59.985")


@pytest.mark.parametrize(
    ("amount", "text"),
    [("24.10", "24.10 USD"), ("1E+3", "1000 USD"), ("-0.5", "-0.5 USD"), ("1E-7", "0.0000001 USD")],
)
def test_text_has_no_exponent(amount: str, text: str):
    assert str(usd(amount)) == text
