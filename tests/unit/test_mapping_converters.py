"""Each named converter."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from mappings import converters
from mappings.converters import CONVERTERS, ConversionError

CHICAGO = ZoneInfo("America/Chicago")


def convert(name: str, value: object, argument: int | str | None = None) -> object:
    return CONVERTERS[name].bind(argument)(value, CHICAGO)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Kettle", "Kettle"),
        ("  a\t b\r\nc  ", "a b c"),
        ("Zoë  Núñez", "Zoë Núñez"),
        ("Müller\u00a0\u200bGmbH", "Müller GmbH"),
        ("a\x00b\x7f", "a b"),
        ("   ", ""),
    ],
)
def test_text_is_one_clean_line(value, expected):
    assert convert("text", value) == expected


def test_upper_writes_capitals():
    assert convert("upper", "abc-1") == "ABC-1"


def test_cut_keeps_the_first_characters():
    assert convert("cut", "abc def", 4) == "abc"
    assert convert("cut", "abc", 10) == "abc"


@pytest.mark.parametrize(
    ("value", "length", "expected"),
    [
        ("Anna Lena Schmidt", 36, "Anna Lena Schmidt"),
        ("Anna Lena Schmidt", 10, "Anna Lena"),
        ("Anna Lena Schmidt", 9, "Anna Lena"),
        ("Anna-Lena Schmidt", 6, "Anna-L"),
        ("Donaudampfschiff", 5, "Donau"),
        ("       ", 3, ""),
    ],
)
def test_cut_at_word_keeps_whole_words(value, length, expected):
    assert convert("cut_at_word", value, length) == expected


def test_prefix_goes_before():
    assert convert("prefix", "123", "Walmart ") == "Walmart 123"


def test_join_leaves_out_what_is_absent():
    assert convert("join", ["Apt 4", "", "1 Street"], ", ") == "Apt 4, 1 Street"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("24.99"), "24.99"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("-0.50"), "-0.50"),
        ("0.1", "0.1"),
        (3, "3"),
    ],
)
def test_m3_number_has_a_point_and_no_exponent(value, expected):
    assert convert("m3_number", value) == expected


@pytest.mark.parametrize("value", ["", "1,5", "NaN", "Infinity", "two"])
def test_m3_number_refuses_what_is_no_number(value):
    with pytest.raises(ConversionError, match="is no number"):
        convert("m3_number", value)


def test_whole_number_drops_no_fraction():
    assert convert("whole_number", "3.000") == "3"
    with pytest.raises(ConversionError, match="whole"):
        convert("whole_number", Decimal("1.5"))


def test_m3_line_number_is_1_to_99999():
    assert convert("m3_line_number", " 007 ") == "7"
    for value in ("0", "100000", "1a", "", "²"):
        with pytest.raises(ConversionError, match="line number"):
            convert("m3_line_number", value)


@pytest.mark.parametrize(
    ("value", "date", "time"),
    [
        (1569384000000, "20190924", "2300"),
        ("1569384000000", "20190924", "2300"),
        (datetime(2019, 9, 25, 4, tzinfo=UTC), "20190924", "2300"),
        ("2019-09-25T04:00:00Z", "20190924", "2300"),
        ("2019-12-25T12:00:00.000+00:00", "20191225", "0600"),  # winter time
    ],
)
def test_dates_and_times_are_local_to_the_pair(value, date, time):
    assert convert("date_in_pair_time_zone", value) == date
    assert convert("time_in_pair_time_zone", value) == time


@pytest.mark.parametrize("value", ["soon", "", "2019-09-25T04:00:00", 10**20])
def test_a_moment_needs_a_time_zone(value):
    with pytest.raises(ConversionError, match="moment"):
        convert("date_in_pair_time_zone", value)


def test_epoch_milliseconds_are_exact():
    moment = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)

    assert convert("epoch_milliseconds", moment) == 1772366400123


def test_state_code_is_two_letters():
    assert convert("state_code", " ny ") == "NY"
    with pytest.raises(ConversionError, match="two-letter"):
        convert("state_code", "New York")


def test_digits_only_drops_everything_else():
    assert convert("digits_only", "+1 (555) 010-0000") == "15550100000"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("5550100000", "5550100000"),
        ("+1 (555) 010-0000", "5550100000"),
        ("555-010-0000 x12", "5550100000"),
        ("555-010-0000 ext. 12", "5550100000"),
        ("0000000000", ""),
        ("(999) 999-9999", ""),
        ("n/a", ""),
        ("5550", ""),
        ("555-010-0000-1234", ""),
    ],
)
def test_a_masked_phone_is_empty_and_so_is_one_of_no_possible_length(value, expected):
    assert convert("phone", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" ab@relay.walmart.com ", "ab@relay.walmart.com"),
        ("NoCXeMail@walmartone.com", ""),
        ("none", ""),
    ],
)
def test_walmarts_stand_in_for_an_email_is_empty(value, expected):
    assert convert("email", value) == expected


def test_a_refusal_never_repeats_the_value():
    for name in ("m3_number", "whole_number", "m3_line_number", "state_code"):
        with pytest.raises(ConversionError) as caught:
            convert(name, "Jane Doe")
        assert "Jane" not in str(caught.value)


def test_every_converter_has_a_test():
    here = globals().values()
    constants = " ".join(
        str(constant)
        for test in here
        if callable(test) and hasattr(test, "__code__")
        for constant in test.__code__.co_consts
    )

    assert {name for name in CONVERTERS if name not in constants} == set()
    assert all(hasattr(converters, name) for name in CONVERTERS)
