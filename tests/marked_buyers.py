"""Buyers whose personal data can be told from everything else, and the search for it.

Every mark begins with `qx` and the part of the address it stands for, and ends with the word of
its order, so that what is found says what leaked and whose it was.
"""

import base64
import re
from collections.abc import Iterator
from typing import Any

PHONE = "5557314902"
ZIP = "97205-4931"

_MARKS = re.compile(
    rb"qx(?:name|street|floor|city|mail)[a-z]*"
    rb"|555\D{0,2}731\D{0,2}4902"  # however a phone is written
    rb"|97205\D?4931",
    re.IGNORECASE,
)
# Payloads, tokens and documents travel as base64; shorter ones hold no mark.
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")


def marked(word: str, **address: Any) -> dict[str, Any]:
    """Return the part of a Walmart order that says whom it goes to; small letters in `word`."""
    return {
        "customerEmailId": f"qxmail{word}@relay.walmart.com",
        "shippingInfo": {
            "phone": PHONE,
            "postalAddress": {
                "name": f"Qxname{word} Doe",
                "address1": f"{len(word)}12 Qxstreet{word} Street",
                "address2": f"Floor Qxfloor{word}",
                "city": f"Qxcity{word}",
                "state": "OR",
                "postalCode": ZIP,
            }
            | address,
        },
    }


def marks_in(content: bytes | str) -> set[str]:
    """Return the marks that can be read in a content, in small letters.

    They are found in capitals too, as M3 keeps some fields, and in base64 wherever it begins.
    """
    raw = content.encode() if isinstance(content, str) else content
    return {
        mark.decode().lower() for readable in _readings(raw) for mark in _MARKS.findall(readable)
    }


def leaks(places: dict[str, bytes]) -> dict[str, set[str]]:
    """Return the places where marks can be read, and which."""
    return {place: marks for place, content in places.items() if (marks := marks_in(content))}


def _readings(content: bytes) -> Iterator[bytes]:
    yield content
    for run in _BASE64.findall(content):
        standard = run.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            whole = (len(standard) - start) // 4 * 4
            yield base64.b64decode(standard[start : start + whole])
            # What is left over after the last group of four holds up to two more bytes.
            rest = standard[start + whole :]
            if len(rest) > 1:
                yield base64.b64decode(standard[start:] + b"=" * (4 - len(rest)))
