"""Call Walmart's settings endpoints: what this seller may do, and where it ships from."""

from dataclasses import dataclass
from typing import Any

from connectors.walmart import WalmartClient
from connectors.walmart_answers import Document, as_list, json_list, json_object

FEED = "FEED"
SELLER = "SELLER"


@dataclass(frozen=True, kw_only=True)
class FeedLimit:
    """How often and how large a feed of one type may be; None: Walmart does not say."""

    count: int | None  # submissions in a window
    window_seconds: int | None
    max_bytes: int | None  # of one file


@dataclass(frozen=True, kw_only=True)
class ShipNode:
    """One place the seller ships from."""

    ship_node: str
    name: str
    node_type: str  # PHYSICAL, VIRTUAL, 3PL
    status: str  # ACTIVE, INACTIVE
    custom_node_id: str  # the seller's own name for it
    time_zone: str  # such as EST; not a name of the time zone database


class WalmartSettings:
    """The settings of one seller account. Never retries: Temporal does."""

    def __init__(self, walmart: WalmartClient) -> None:
        self._walmart = walmart

    async def partner_profile(self) -> dict[str, FeedLimit]:
        """Return this seller's own limits per feed type.

        A feed type that is missing has a limit too, which Walmart does not tell here: the
        specification does not list MP_INVENTORY among the types.

        Source:
            GET /v3/settings/partnerprofile, the configuration FEED.
        """
        path = "/v3/settings/partnerprofile"
        response = await self._walmart.send("GET", path, operation="partner_profile")
        return {
            str(entry["feedType"]): _feed_limit(entry)
            for configuration in as_list(json_object(response).get("configurations"))
            if configuration.get("configurationName") == FEED
            for entry in as_list((configuration.get("configuration") or {}).get("values"))
            if entry.get("feedType")
        }

    async def ship_nodes(self) -> tuple[ShipNode, ...]:
        """Return the seller's ship nodes, inactive ones included.

        Source:
            GET /v3/settings/shipping/shipnodes; the answer is a bare list.
        """
        path = "/v3/settings/shipping/shipnodes"
        response = await self._walmart.send("GET", path, operation="ship_nodes")
        return tuple(
            ShipNode(
                ship_node=str(node["shipNode"]),
                name=str(node.get("shipNodeName") or ""),
                node_type=str(node.get("nodeType") or ""),
                status=str(node.get("status") or ""),
                custom_node_id=str(node.get("customNodeId") or ""),
                time_zone=str(node.get("timeZone") or ""),
            )
            for node in json_list(response)
            if node.get("shipNode")
        )


def _feed_limit(entry: Document) -> FeedLimit:
    """Return the seller's limit of a feed type, whichever of several is met first."""
    limits = [
        limit
        for limit in as_list(entry.get("throttleConfigurations"))
        if limit.get("type", SELLER) == SELLER
    ]
    rate: Document = next((limit["rate"] for limit in limits if limit.get("rate")), {})
    size: Document = next((limit["fileSize"] for limit in limits if limit.get("fileSize")), {})
    window: Document = rate.get("replenishTimeWindow") or {}
    return FeedLimit(
        count=_whole(rate.get("count")),
        window_seconds=_in_unit(window, "SECOND"),
        max_bytes=_in_unit(size, "BYTES"),
    )


def _in_unit(measure: Document, unit: str) -> int | None:
    """Return a measure; None in another unit than the only one of the specification."""
    return _whole(measure.get("value")) if measure.get("unitOfMeasurement", unit) == unit else None


def _whole(value: Any) -> int | None:
    """Return a positive whole number; the specification's example has some of them as text."""
    try:
        number = int(value)
    except (ValueError, TypeError):
        return None
    return number if number > 0 else None
