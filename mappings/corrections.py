"""Lay what a person has corrected over a Walmart order."""

from collections.abc import Mapping
from typing import Any

# Walmart keeps the phone beside the address.
PHONE = "phone"


def with_address(document: Mapping[str, Any], parts: Mapping[str, str]) -> dict[str, Any]:
    """Return the order with these parts of its shipping address in place of Walmart's.

    Args:
        document: one purchase order, bare or under the key `order`.
        parts: name, address1, address2, city, state, postalCode, country, phone.
    """
    if isinstance(document.get("order"), Mapping):
        return {**document, "order": with_address(document["order"], parts)}
    shipping = dict(document.get("shippingInfo") or {})
    address = {name: value for name, value in parts.items() if name != PHONE}
    shipping["postalAddress"] = {**(shipping.get("postalAddress") or {}), **address}
    if PHONE in parts:
        shipping[PHONE] = parts[PHONE]
    return {**document, "shippingInfo": shipping}
