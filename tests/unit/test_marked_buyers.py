"""The search for personal data finds it: the tests that rely on finding none can fail."""

import base64
import json
from typing import Any

import pytest

from tests.marked_buyers import PHONE, ZIP, leaks, marked, marks_in


def strings(value: Any) -> list[str]:
    """Return every text of a document."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    return [value]


PERSONAL = [text for text in strings(marked("held")) if text != "OR"]


@pytest.mark.parametrize("text", PERSONAL)
def test_every_part_of_a_marked_buyer_but_the_state_is_found(text: str):
    assert marks_in(f"before {text} after")


def test_a_marked_buyer_has_name_street_second_line_city_zip_phone_and_mail():
    assert marks_in(json.dumps(marked("held"))) == {
        "qxnameheld",
        "qxstreetheld",
        "qxfloorheld",
        "qxcityheld",
        "qxmailheld",
        PHONE,
        ZIP,
    }


def test_capitals_are_found():
    assert marks_in("CUNM=QXNAMEHELD DOE") == {"qxnameheld"}


@pytest.mark.parametrize("phone", ["5557314902", "+1 555 731 4902", "(555) 731-4902"])
def test_a_phone_is_found_however_it_is_written(phone: str):
    assert marks_in(phone)


def test_bytes_that_are_no_text_are_searched():
    assert marks_in(b"\xff\x00SQLite\x00Qxcityheld\xfe") == {"qxcityheld"}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_read_wherever_it_begins(before: str, encode: Any):
    sent = before.encode() + encode("é Qxstreetheld".encode()).rstrip(b"=")

    assert "qxstreetheld" in marks_in(b'{"data": "' + sent + b'"}')


def test_a_leak_names_its_place():
    places = {"worker.log": b"order 1 to Qxnameheld", "starter.log": b"order 1"}

    assert leaks(places) == {"worker.log": {"qxnameheld"}}


def test_what_holds_no_mark_is_clean():
    assert marks_in("order 1796277083022, 12 Main Street, 5550100000, 97205") == set()
