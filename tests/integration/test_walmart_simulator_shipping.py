"""What the simulated Walmart accepts as a shipment."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from simulators.walmart.carriers import CARRIERS
from simulators.walmart.state import SellerAccount
from tests.integration.walmart_seller import Seller, description, seller_of

DAY_MS = 24 * 60 * 60 * 1000


@pytest_asyncio.fixture
async def seller() -> AsyncIterator[Seller]:
    async with seller_of(SellerAccount()) as seller:
        yield seller


async def test_a_shipped_line_carries_its_tracking_number(seller: Seller):
    number = await seller.place_acknowledged()

    answer = await seller.ship(number)

    [line] = answer.json()["order"]["orderLines"]["orderLine"]
    [entry] = line["orderLineStatuses"]["orderLineStatus"]
    assert answer.status_code == 200
    assert entry["status"] == "Shipped"
    assert entry["trackingInfo"]["trackingNumber"] == "1Z42"
    assert line["sellerOrderId"] == "0000000042"


async def test_a_line_may_leave_in_several_packages_and_calls(seller: Seller):
    number = await seller.place_acknowledged(quantities=(5,))
    two_packages = seller.shipped("1", seller.package(2, "1Z1"), seller.package(1, "1Z2"))

    await seller.ship(number, two_packages)
    await seller.ship(number, seller.shipped("1", seller.package(2, "1Z3")))

    [line] = seller.account.orders[number].lines()
    assert line.statuses == {"Shipped": 5}
    assert [(p.tracking_number, p.quantity) for p in line.packages] == [
        ("1Z1", 2),
        ("1Z2", 1),
        ("1Z3", 2),
    ]


async def test_a_line_must_be_acknowledged_before_it_ships(seller: Seller):
    number = await seller.place()

    answer = await seller.ship(number)

    assert answer.status_code == 400
    assert description(answer).endswith("is in CREATED status")


async def test_the_same_shipment_again_is_refused(seller: Seller):
    number = await seller.place_acknowledged()
    await seller.ship(number)

    answer = await seller.ship(number)

    assert answer.status_code == 400
    assert description(answer) == (
        f"Unable to process this request. The Line: 1 of PO: {number} is in SHIPPED status"
    )


@pytest.mark.parametrize("packages", [(3,), (2, 1)])
async def test_more_units_than_ordered_are_refused(seller: Seller, packages: tuple[int, ...]):
    number = await seller.place_acknowledged(quantities=(2,))
    line = seller.shipped("1", *(seller.package(quantity) for quantity in packages))

    answer = await seller.ship(number, line)

    assert answer.status_code == 400
    assert "Qty OverShipped" in description(answer)


async def test_one_wrong_line_refuses_the_whole_call(seller: Seller):
    number = await seller.place_acknowledged(quantities=(1, 1))

    answer = await seller.ship(number, seller.shipped("1"), seller.shipped("7"))

    assert answer.status_code == 400
    first, second = seller.account.orders[number].lines()
    assert (first.statuses, second.statuses) == ({"Acknowledged": 1}, {"Acknowledged": 1})


async def test_a_line_the_buyer_wants_canceled_ships_only_on_demand(seller: Seller):
    number = await seller.place_acknowledged()
    event = {"purchase_order_id": number, "sub_event_type": "INTENT_TO_CANCEL"}
    await seller.control("events", event)

    assert (await seller.ship(number)).status_code == 400
    override = seller.shipped(intentToCancelOverride=True)
    assert (await seller.ship(number, override)).status_code == 200


@pytest.mark.parametrize(
    ("tracking", "accepted"),
    [
        ({"carrierName": {"carrier": "FedEx"}}, True),
        ({"carrierName": {"carrier": "fedex"}}, False),
        ({"carrierName": {"carrier": "Old Dominion"}}, False),
        ({"carrierName": {"otherCarrier": "Old Dominion"}}, False),
        (
            {
                "carrierName": {"otherCarrier": "Old Dominion"},
                "trackingURL": "https://example.com/track/1",
            },
            True,
        ),
        ({"carrierName": {"carrier": "UPS", "otherCarrier": "UPS"}, "trackingURL": "x"}, False),
        ({"carrierName": {}}, False),
        ({"carrierName": None}, False),
        ({"methodCode": "Ground"}, False),
        ({"methodCode": "OneDay"}, True),
        ({"trackingNumber": ""}, False),
        ({"shipDateTime": "2026-03-09"}, False),
        ({"shipDateTime": 10**20}, False),
    ],
)
async def test_tracking_information_is_checked(
    seller: Seller, tracking: dict[str, Any], accepted: bool
):
    number = await seller.place_acknowledged()

    answer = await seller.ship(number, seller.shipped("1", seller.package(**tracking)))

    assert answer.status_code == (200 if accepted else 400)


async def test_a_shipment_of_yesterday_is_refused_and_one_of_today_is_not(seller: Seller):
    number = await seller.place_acknowledged(quantities=(2,))
    now_ms = int(seller.account.now() * 1000)

    yesterday = seller.package(shipDateTime=now_ms - DAY_MS)

    assert (await seller.ship(number, seller.shipped("1", yesterday))).status_code == 400
    assert (await seller.ship(number)).status_code == 200


@pytest.mark.parametrize(
    "broken",
    [
        {"sellerOrderId": None},
        {"sellerOrderId": "x" * 31},
        {"lineNumber": 1},
        {"orderLineStatuses": {"orderLineStatus": []}},
        {"orderLineStatuses": None},
    ],
)
async def test_a_body_that_breaks_the_schema_is_refused(seller: Seller, broken: dict[str, Any]):
    number = await seller.place_acknowledged()

    assert (await seller.ship(number, seller.shipped() | broken)).status_code == 400


@pytest.mark.parametrize("amount", ["0", "-1", "1.0", "one", 1, "²"])
async def test_quantities_are_positive_whole_numbers_sent_as_text(seller: Seller, amount: Any):
    number = await seller.place_acknowledged()
    package = seller.package()
    package["statusQuantity"]["amount"] = amount

    assert (await seller.ship(number, seller.shipped("1", package))).status_code == 400


def test_every_carrier_the_specification_names_is_known():
    assert len(CARRIERS) == 78
    assert {"UPS", "USPS", "FedEx", "FDX", "DHL Ecommerce - US"} <= CARRIERS
