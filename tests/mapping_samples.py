"""A Walmart order, a pair, and mapping files with mistakes, for the tests of the mappings."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.orders import CustomerStrategy, LateAcknowledgement, OrderEntry
from domain.pairs import Pair
from mappings.loader import load_mappings
from mappings.problems import MappingError

PURCHASE_ORDER_ID = "1796277083022"

PAIR = Pair(
    name="acme",
    company=100,
    division="AAA",
    facility="A01",
    order_type="WM1",
    customer_number="WALMART",
    customer_template="TMPLWM",
    customer_strategy=CustomerStrategy.MARKETPLACE,
    order_entry=OrderEntry.BATCH,
    time_zone="America/Chicago",
    currency="USD",
    alias_category="2",
    alias_qualifier="",
    freight_charge="FRGHT",
    tax_charge="",
    default_phone="5550109999",
    default_email="orders@example.com",
    acknowledge_within=timedelta(hours=4),
    acknowledge_margin=timedelta(minutes=30),
    late_acknowledgement=LateAcknowledgement.ACKNOWLEDGE,
    attention_after=timedelta(minutes=15),
    delivery_poll=timedelta(hours=1),
    invoice_poll=timedelta(hours=1),
    sweep_interval=timedelta(minutes=5),
    sweep_grace=timedelta(minutes=2),
    auto_cancel_after=timedelta(days=4),
    recheck=timedelta(minutes=5),
    remind=timedelta(hours=4),
    escalate_before=timedelta(hours=1),
    item_cache=timedelta(minutes=10),
)
PER_BUYER = replace(PAIR, customer_strategy=CustomerStrategy.PER_BUYER)
DIRECT = replace(PER_BUYER, order_entry=OrderEntry.DIRECT)

ITEMS = {"WM-KETTLE-01": "KETTLE-01", "LAMP-02": "LAMP-02"}


def charge(kind: str, name: str, amount: str, tax: str | None = None) -> dict[str, Any]:
    """Return one charge with amounts as `parse_float=Decimal` reads them."""
    taxed = {"taxName": "Tax1", "taxAmount": {"currency": "USD", "amount": Decimal(tax or 0)}}
    return {
        "chargeType": kind,
        "chargeName": name,
        "chargeAmount": {"currency": "USD", "amount": Decimal(amount)},
        "tax": taxed if tax else None,
        "taxAndOtherFees": taxed if tax else None,
    }


def status(name: str, quantity: str, tracking_number: str | None = None) -> dict[str, Any]:
    """Return one entry of orderLineStatus."""
    return {
        "status": name,
        "statusQuantity": {"unitOfMeasurement": "EACH", "amount": quantity},
        "trackingInfo": {"trackingNumber": tracking_number} if tracking_number else None,
    }


def order_line(
    number: str = "1",
    sku: str = "WM-KETTLE-01",
    quantity: str = "2",
    *,
    charges: list[dict[str, Any]] | None = None,
    statuses: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return one line as Walmart sends it, nulls included."""
    return {
        "lineNumber": number,
        "item": {"productName": "Kettle", "sku": sku},
        "charges": {"charge": charges or [charge("PRODUCT", "ItemPrice", "24.99", "1.50")]},
        "orderLineQuantity": {"unitOfMeasurement": "EACH", "amount": quantity},
        "statusDate": 1568466647000,
        "orderLineStatuses": {"orderLineStatus": statuses or [status("Created", quantity)]},
        "refund": None,
        "intentToCancel": None,
    }


def order_document(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an order; `changes` replace top-level fields."""
    return {
        "purchaseOrderId": PURCHASE_ORDER_ID,
        "customerOrderId": "5281956426648",
        "customerEmailId": "0123456789ABCDEF0123456789ABCDEF@relay.walmart.com",
        "orderType": "REGULAR",
        "orderDate": 1568466571000,  # 2019-09-14 13:09:31 UTC
        "shippingInfo": {
            "phone": "5550100000",
            "estimatedDeliveryDate": 1569384000000,  # 2019-09-25 04:00 UTC: the 24th in Chicago
            "estimatedShipDate": 1568700000000,
            "methodCode": "Value",
            "postalAddress": {
                "name": "Test Person",
                "address1": "1 Test Street",
                "address2": None,
                "city": "Warners",
                "state": "NY",
                "postalCode": "13164",
                "country": "USA",
                "addressType": "RESIDENTIAL",
            },
        },
        "orderLines": {"orderLine": list(lines) or [order_line()]},
        "shipNode": {"type": "SellerFulfilled", "name": None, "id": "10001"},
    } | changes


def with_address(**changes: Any) -> dict[str, Any]:
    """Return an order to another address."""
    document = copy.deepcopy(order_document())
    document["shippingInfo"]["postalAddress"].update(changes)
    return document


def write_overrides(folder: Path, files: Mapping[str, str]) -> Path:
    """Write override files, such as {"order_head.yaml": "fields: ..."}; return their folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


def problems_of(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Return the problems of override files, each without the folder."""
    with pytest.raises(MappingError) as caught:
        load_mappings(overrides=write_overrides(folder, files))
    return str(caught.value).replace(f"{folder}/", "").splitlines()
