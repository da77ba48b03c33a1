"""The seller's settings at the simulated Walmart."""

from collections.abc import AsyncIterator

import pytest_asyncio

from simulators.walmart.state import SellerAccount
from tests.integration.walmart_seller import Seller, seller_of

MEGABYTE = 1024 * 1024


@pytest_asyncio.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount()) as seller:
        yield seller


async def test_the_partner_profile_tells_the_limits_of_feeds(seller: Seller):
    await seller.control("limits", {"scale": 2})

    profile = (await seller.get("/v3/settings/partnerprofile")).json()

    limits = {
        found["feedType"]: (
            found["throttleConfigurations"][0]["rate"]["count"],
            found["throttleConfigurations"][0]["fileSize"]["value"],
        )
        for found in profile["configurations"][1]["configuration"]["values"]
    }
    assert limits == {"inventory": (20, 10 * MEGABYTE)}


async def test_ship_nodes_are_listed_with_their_status(seller: Seller):
    listed = (await seller.get("/v3/settings/shipping/shipnodes")).json()
    dated = await seller.get("/v3/settings/shipping/shipnodes?includeCalendarDayConfiguration=true")

    assert {node["shipNode"]: node["status"] for node in listed} == {
        "10001": "ACTIVE",
        "10002": "ACTIVE",
        "10003": "INACTIVE",
        "10009": "ACTIVE",
    }
    assert "calendarDayConfiguration" not in listed[0]
    assert "calendarDayConfiguration" in dated.json()[0]
