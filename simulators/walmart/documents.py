"""Order documents as Walmart serves them, built from the few facts that differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from simulators.walmart.lines import CREATED, Document, as_list, order_lines, status_entry
from simulators.walmart.purchase_orders import SELLER_FULFILLED
from simulators.world import CURRENCY

DAY_MS = 24 * 60 * 60 * 1000
SHIP_WITHIN_MS, DELIVER_WITHIN_MS = 2 * DAY_MS, 6 * DAY_MS
CENT = Decimal("0.01")
MASKED_PHONE = "0000000000"


@dataclass(frozen=True, kw_only=True)
class LineFacts:
    """What differs from line to line. Money is in CURRENCY."""

    line_number: str
    sku: str
    name: str
    unit_price: Decimal
    quantity: int
    unit: str = "EACH"
    discount: Decimal = Decimal(0)  # for one unit, positive
    shipping: Decimal = Decimal(0)  # for the line
    tax_rate: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """Whom the order goes to."""

    name: str
    address1: str
    city: str
    state: str
    postal_code: str
    phone: str = MASKED_PHONE
    email: str = "nocxemail@walmartone.com"


@dataclass(frozen=True, kw_only=True)
class OrderFacts:
    """What differs from order to order."""

    purchase_order_id: str
    customer_order_id: str
    ordered_at_ms: int
    buyer: Buyer
    lines: tuple[LineFacts, ...]
    ship_node: str
    ship_node_type: str = SELLER_FULFILLED
    method_code: str = "Standard"


def order_document(facts: OrderFacts) -> Document:
    """Return the order as Walmart serves it: all units Created, absent values null."""
    document: Document = {
        "purchaseOrderId": facts.purchase_order_id,
        "customerOrderId": facts.customer_order_id,
        "customerEmailId": facts.buyer.email,
        "orderType": "REGULAR",
        "originalCustomerOrderID": None,
        "orderDate": facts.ordered_at_ms,
        "shippingInfo": _shipping_info(facts),
        "orderLines": {"orderLine": [_line(line, facts) for line in facts.lines]},
        "paymentTypes": None,
        "pickupPersons": None,
        "shipNode": {"type": facts.ship_node_type, "name": None, "id": facts.ship_node},
    }
    document["orderSummary"] = order_summary(document)
    return document


def order_summary(document: Document) -> Document:
    """Return the order's total: units times unit price, and each line's freight and taxes."""
    total = sum((_line_total(line) for line in order_lines(document)), Decimal(0))
    amount = {"currencyAmount": float(total), "currencyUnit": CURRENCY}
    return {"totalAmount": amount, "orderSubTotals": None}


def _line_total(line: Document) -> Decimal:
    units = int(line["orderLineQuantity"]["amount"])
    total = Decimal(0)
    for charge in as_list(line["charges"]["charge"]):
        times = units if charge["chargeType"] == "PRODUCT" else 1
        total += times * Decimal(str(charge["chargeAmount"]["amount"]))
        if charge["tax"]:
            total += Decimal(str(charge["tax"]["taxAmount"]["amount"]))
    return total


def _shipping_info(facts: OrderFacts) -> Document:
    buyer = facts.buyer
    return {
        "phone": buyer.phone,
        "estimatedDeliveryDate": facts.ordered_at_ms + DELIVER_WITHIN_MS,
        "estimatedShipDate": facts.ordered_at_ms + SHIP_WITHIN_MS,
        "methodCode": facts.method_code,
        "carrierMethodName": None,
        "postalAddress": {
            "name": buyer.name,
            "address1": buyer.address1,
            "address2": None,
            "city": buyer.city,
            "state": buyer.state,
            "postalCode": buyer.postal_code,
            "country": "USA",
            "addressType": "RESIDENTIAL",
        },
    }


def _line(line: LineFacts, facts: OrderFacts) -> Document:
    return {
        "lineNumber": line.line_number,
        "item": {"productName": line.name, "sku": line.sku, "condition": "New"},
        "charges": {"charge": list(_charges(line))},
        "orderLineQuantity": {"unitOfMeasurement": line.unit, "amount": str(line.quantity)},
        "statusDate": facts.ordered_at_ms,
        "orderLineStatuses": {
            "orderLineStatus": [status_entry(CREATED, line.quantity, unit=line.unit)]
        },
        "returnOrderId": None,
        "refund": None,
        "originalCarrierMethod": None,
        "referenceLineId": None,
        "fulfillment": {
            "fulfillmentOption": "DELIVERY",
            "shipMethod": facts.method_code.upper(),
            "storeId": None,
            "pickUpDateTime": facts.ordered_at_ms + DELIVER_WITHIN_MS,
            "pickUpBy": None,
            "shippingProgramType": None,
        },
        "intentToCancel": None,
        "configId": None,
        "sellerOrderId": None,
    }


def _charges(line: LineFacts) -> Iterator[Document]:
    """Yield the charges: the price of one unit with the tax of the line, discount, freight."""
    net = (line.unit_price - line.discount) * line.quantity
    yield _charge("PRODUCT", "ItemPrice", line.unit_price, tax=net * line.tax_rate)
    if line.discount:
        yield _charge("PRODUCT", "SubscriptionDiscount", -line.discount, tax=Decimal(0))
    if line.shipping:
        yield _charge("SHIPPING", "Shipping", line.shipping, tax=line.shipping * line.tax_rate)


def _charge(kind: str, name: str, amount: Decimal, *, tax: Decimal) -> Document:
    return {
        "chargeType": kind,
        "chargeName": name,
        "chargeAmount": _money(amount),
        "tax": {"taxName": "Sales Tax", "taxAmount": _money(tax)} if tax else None,
        "taxAndOtherFees": {"taxName": "Sales Tax", "taxAmount": _money(tax)} if tax else None,
    }


def _money(amount: Decimal) -> dict[str, Any]:
    return {"currency": CURRENCY, "amount": float(amount.quantize(CENT, ROUND_HALF_UP))}
