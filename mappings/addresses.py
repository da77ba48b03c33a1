"""Fit a Walmart address into M3's street lines, and give buyer and address a short lasting key."""

import base64
import hashlib
import textwrap
from collections.abc import Mapping
from typing import Any

from domain.errors import UnmappableField
from mappings.converters import UNKNOWN_EMAIL, text
from mappings.walmart_order import WalmartOrder

STREET_LINES = 4  # CUA1 to CUA4
STREET_LENGTH = 36

_ADDRESS = "shippingInfo.postalAddress"
_ADDRESS_PARTS = ("name", "address1", "address2", "city", "state", "postalCode", "country")


def street_lines(address: Mapping[str, Any]) -> dict[str, str]:
    """Return address_line_1 to address_line_4, as many as are needed.

    Each of Walmart's two address fields starts a line of its own; a longer one goes on in the
    next line after a whole word.

    Raises:
        UnmappableField: there is no street, or it needs more than four lines.
    """
    lines: list[str] = []
    for name in ("address1", "address2"):
        lines += _wrapped(text(str(address.get(name) or "")))
    if not lines:
        raise UnmappableField(
            f"{_ADDRESS}.address1",
            reason="is empty, M3 needs a street",
            mend="ask the buyer through Seller Center and enter the order by hand",
        )
    if len(lines) > STREET_LINES:
        raise UnmappableField(
            f"{_ADDRESS}.address1 and address2",
            reason=f"need {len(lines)} lines of {STREET_LENGTH} characters, M3 has {STREET_LINES}",
            mend="enter the order by hand with a shortened address",
        )
    return {f"address_line_{number}": line for number, line in enumerate(lines, start=1)}


def has_street(address: Mapping[str, Any]) -> bool:
    """Tell whether the address has any street line."""
    return any(text(str(address.get(name) or "")) for name in ("address1", "address2"))


def _wrapped(street: str) -> list[str]:
    if len(street) <= STREET_LENGTH:
        return [street] if street else []
    return textwrap.wrap(street, STREET_LENGTH, break_on_hyphens=False)


def address_id(address: Mapping[str, Any]) -> str:
    """Return six characters that are the same for the same address, for M3's ADID."""
    parts = (text(str(address.get(part) or "")).upper() for part in _ADDRESS_PARTS)
    return "W" + _short_hash(*parts)[:5]


def buyer_key(order: Mapping[str, Any]) -> str:
    """Return ten characters that are the same for the same buyer, for M3's CUNO and ALCU.

    The buyer is known by Walmart's buyerId, else by the relay e-mail address; a buyer without
    either is a new one for each customer order.
    """
    email = str(order.get("customerEmailId") or "").strip().lower()
    buyer = str(order.get("buyerId") or "")
    if not buyer and email and email != UNKNOWN_EMAIL:
        buyer = email
    return "WM" + _short_hash(buyer or str(order["customerOrderId"]))[:8]


def similarity_key(order: WalmartOrder) -> str:
    """Return what two orders share when the same buyer ordered the same to the same address.

    Walmart's relay e-mail addresses may be of one order each, so the buyer is known by name and
    address, and by buyerId where Walmart gives one. Canceled units count as ordered.
    """
    document = order.document
    address = document.get("shippingInfo", {}).get("postalAddress", {})
    wanted = sorted((line.sku, line.ordered) for line in order.head.lines)
    return _short_hash(
        str(document.get("buyerId") or ""),
        *(text(str(address.get(part) or "")).upper() for part in _ADDRESS_PARTS),
        *(f"{sku} {quantity}" for sku, quantity in wanted),
    )


def _short_hash(*parts: str) -> str:
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return base64.b32encode(digest).decode("ascii")
