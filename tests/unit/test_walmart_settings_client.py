"""connectors/walmart_settings.py: this seller's own limits, and where it ships from."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import respx

from connectors.walmart_settings import FeedLimit, ShipNode
from domain.errors import Unavailable
from tests.unit.walmart_stock_calls import BASE, Seller, seller_of_walmart


@pytest.fixture
def walmart() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=BASE) as router:
        yield router


@pytest.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of_walmart() as seller:
        yield seller


async def test_partner_profile_tells_the_limits_of_each_feed_type(
    walmart: respx.MockRouter, seller: Seller
):
    window = {"value": "3600", "unitOfMeasurement": "SECOND"}
    limit = {
        "type": "SELLER",
        "rate": {"count": 6, "replenishTimeWindow": window},
        "fileSize": {"value": 26_214_400, "unitOfMeasurement": "BYTES"},
    }
    megabytes = {"fileSize": {"value": 25, "unitOfMeasurement": "MB"}}
    values = [
        {"feedType": "inventory", "throttleConfigurations": [limit]},
        {"feedType": "item", "throttleConfigurations": [megabytes]},
        {"feedType": "promo", "throttleConfigurations": None},
    ]
    walmart.get("/v3/settings/partnerprofile").respond(
        json={
            "partner": {"partnerId": "100009"},
            "configurations": [
                {"configurationName": "ACCOUNT", "configuration": {"status": "ACTIVE"}},
                {"configurationName": "FEED", "configuration": {"values": values}},
            ],
        }
    )

    nothing = FeedLimit(count=None, window_seconds=None, max_bytes=None)
    assert await seller.settings.partner_profile() == {
        "inventory": FeedLimit(count=6, window_seconds=3600, max_bytes=26_214_400),
        "item": nothing,
        "promo": nothing,
    }


async def test_ship_nodes_are_listed(walmart: respx.MockRouter, seller: Seller):
    node = {
        "shipNode": "84955660770217985",
        "nodeType": "PHYSICAL",
        "shipNodeName": "Dallas",
        "status": "INACTIVE",
        "timeZone": "PST",
        "customNodeId": "91ab1234",
    }
    walmart.get("/v3/settings/shipping/shipnodes").respond(json=[node, {"shipNode": "2"}])

    assert await seller.settings.ship_nodes() == (
        ShipNode(
            ship_node="84955660770217985",
            name="Dallas",
            node_type="PHYSICAL",
            status="INACTIVE",
            custom_node_id="91ab1234",
            time_zone="PST",
        ),
        ShipNode(ship_node="2", name="", node_type="", status="", custom_node_id="", time_zone=""),
    )


@pytest.mark.parametrize("body", [{}, "text", None])
async def test_ship_nodes_that_are_no_list_are_no_answer(
    walmart: respx.MockRouter, seller: Seller, body: Any
):
    walmart.get("/v3/settings/shipping/shipnodes").respond(text=json.dumps(body))

    with pytest.raises(Unavailable, match="no JSON list"):
        await seller.settings.ship_nodes()
