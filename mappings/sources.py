"""What a mapping of an order reads: the Walmart order, the pair's settings and our facts."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from domain.pairs import Pair
from mappings.catalog import load_catalog
from mappings.engine import Source
from mappings.walmart_order import WalmartOrder


def order_source(order: WalmartOrder, pair: Pair, facts: Mapping[str, Any]) -> Source:
    """Return the source of the records that are not about one line."""
    return Source(
        order=order.document, pair=_settings(pair), facts=facts, zone=ZoneInfo(pair.time_zone)
    )


def shipping_address(order: WalmartOrder) -> Mapping[str, Any]:
    """Return where the order goes; empty when Walmart does not say."""
    address: Mapping[str, Any] = order.document.get("shippingInfo", {}).get("postalAddress", {})
    return address


def _settings(pair: Pair) -> dict[str, str]:
    """Return the settings a mapping can read as pair.*, all as text."""
    paths = (path for path in load_catalog().sources.values() if path.root == "pair")
    return {name: str(getattr(pair, name)) for path in paths for name in path.keys}
