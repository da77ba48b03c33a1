"""From M3 deliveries to Walmart's shipping confirmation."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import OrderMismatch, UnmappableField, UnmappedValue
from domain.orders import LineQuantity
from mappings.loader import load_mappings
from mappings.shipments import Delivery, Package, remaining, to_shipping_body
from mappings.walmart_order import WalmartOrder, parse_order
from tests.mapping_samples import PAIR, order_document, order_line, status

MAPPINGS = load_mappings()
SHIPPED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def package(tracking_number: str, **quantities: int) -> Package:
    """Return a package: package("1Z", line1=2)."""
    return Package(
        tracking_number=tracking_number,
        lines=tuple(
            LineQuantity(line_number=name.removeprefix("line"), quantity=quantity)
            for name, quantity in quantities.items()
        ),
    )


def delivery(*packages: Package, method: str = "UPS") -> Delivery:
    return Delivery(
        delivery_number="42", delivery_method=method, shipped_at=SHIPPED_AT, packages=packages
    )


def walmart_order(*shipped: tuple[str, str, str]) -> WalmartOrder:
    """Return an order of 3 and 2 units with (line, quantity, tracking number) shipped."""
    lines = []
    for number, quantity in (("1", "3"), ("2", "2")):
        statuses = [
            status("Shipped", q, tracking) for line, q, tracking in shipped if line == number
        ]
        lines.append(
            order_line(number, quantity=quantity, statuses=[status("Acknowledged", "0"), *statuses])
        )
    return parse_order(order_document(*lines))


def body(shipment: Delivery, **options: bool) -> dict[str, Any]:
    return to_shipping_body(
        shipment,
        order=walmart_order(),
        pair=PAIR,
        mappings=MAPPINGS,
        m3_order_number="0001000042",
        **options,
    )


def lines_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = document["orderShipment"]["orderLines"]["orderLine"]
    return lines


def test_a_package_becomes_an_entry_of_its_line():
    [line] = lines_of(body(delivery(package("1Z999", line1=3))))

    assert line == {
        "lineNumber": "1",
        "sellerOrderId": "0001000042",
        "intentToCancelOverride": False,
        "orderLineStatuses": {
            "orderLineStatus": [
                {
                    "status": "Shipped",
                    "statusQuantity": {"unitOfMeasurement": "EACH", "amount": "3"},
                    "trackingInfo": {
                        "shipDateTime": 1772366400000,
                        "carrierName": {"carrier": "UPS"},
                        "methodCode": "Value",
                        "trackingNumber": "1Z999",
                    },
                }
            ]
        },
    }


def test_a_line_in_several_packages_has_an_entry_for_each():
    document = body(delivery(package("A", line1=1, line2=2), package("B", line1=2)))

    entries = {
        line["lineNumber"]: [
            (entry["trackingInfo"]["trackingNumber"], entry["statusQuantity"]["amount"])
            for entry in line["orderLineStatuses"]["orderLineStatus"]
        ]
        for line in lines_of(document)
    }
    assert entries == {"1": [("A", "1"), ("B", "2")], "2": [("A", "2")]}


def test_a_line_twice_in_one_package_is_one_entry():
    twice = Package(
        tracking_number="A",
        lines=(
            LineQuantity(line_number="1", quantity=1),
            LineQuantity(line_number="1", quantity=2),
        ),
    )

    [line] = lines_of(body(delivery(twice)))

    [entry] = line["orderLineStatuses"]["orderLineStatus"]
    assert entry["statusQuantity"]["amount"] == "3"


def test_a_carrier_walmart_does_not_know_has_a_tracking_url():
    [line] = lines_of(body(delivery(package("77", line1=1), method="LTL")))

    tracking = line["orderLineStatuses"]["orderLineStatus"][0]["trackingInfo"]
    assert tracking["carrierName"] == {"otherCarrier": "Old Dominion"}
    assert tracking["trackingURL"].endswith("pro=77")


def test_a_wish_to_cancel_is_overridden_when_asked():
    [line] = lines_of(body(delivery(package("A", line1=1)), intent_to_cancel_override=True))

    assert line["intentToCancelOverride"] is True


@pytest.mark.parametrize(
    ("shipment", "error", "text"),
    [
        (delivery(package(" ", line1=1)), UnmappableField, "delivery 42 has a package without one"),
        (delivery(package("A", line9=1)), OrderMismatch, "delivery 42 has a line 9 it has not"),
        (delivery(package("A", line1=1), method="XXX"), UnmappedValue, "'XXX' has no entry"),
    ],
)
def test_a_delivery_that_cannot_be_confirmed_says_why(shipment, error, text):
    with pytest.raises(error, match=text):
        body(shipment)


@pytest.mark.parametrize(
    ("confirmed", "left"),
    [
        ([], [("A", "1", 1), ("A", "2", 2), ("B", "1", 2)]),
        ([("1", "1", "A")], [("A", "2", 2), ("B", "1", 2)]),
        ([("1", "1", "A"), ("2", "1", "A")], [("A", "2", 1), ("B", "1", 2)]),
        ([("1", "1", "A"), ("2", "2", "A"), ("1", "2", "B")], []),
        ([("1", "3", "OTHER")], [("A", "1", 1), ("A", "2", 2), ("B", "1", 2)]),
    ],
)
def test_only_what_walmart_lacks_remains(confirmed, left):
    shipment = delivery(package("A", line1=1, line2=2), package("B", line1=2))

    rest = remaining(shipment, walmart_order(*confirmed))

    assert [
        (package.tracking_number, line.line_number, line.quantity)
        for package in rest.packages
        for line in package.lines
    ] == left
    assert (rest.delivery_number, rest.shipped_at) == ("42", SHIPPED_AT)


def test_delivered_units_count_as_confirmed():
    lines = order_line(quantity="3", statuses=[status("Delivered", "3", "A")])

    rest = remaining(delivery(package("A", line1=3)), parse_order(order_document(lines)))

    assert rest.packages == ()
