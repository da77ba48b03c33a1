"""The bodies of notifications: an envelope with an event id, and lines without address or price."""

import uuid
from collections.abc import Collection

from simulators.walmart.lines import CANCELLED, Document, iso_utc, line_statuses, order_lines
from simulators.walmart.purchase_orders import PlacedOrder
from simulators.walmart.stock import NodeStock
from simulators.walmart.subscriptions import ORDER_UPDATES
from simulators.world import ITEM_BY_SKU, PARTNER_ID

INVENTORY_OOS = "INVENTORY_OOS"
PO_CREATED = "PO_CREATED"
INTENT_TO_CANCEL = "INTENT_TO_CANCEL"
PO_LINE_AUTOCANCELLED = "PO_LINE_AUTOCANCELLED"
FRAUD_CANCEL = "FRAUD_CANCEL"
SUB_EVENT_TYPES = (PO_CREATED, INTENT_TO_CANCEL, PO_LINE_AUTOCANCELLED, FRAUD_CANCEL)


def order_update(
    order: PlacedOrder, sub_event_type: str, *, line_numbers: Collection[str], at_ms: int, nth: int
) -> Document:
    """Return an ORDER_UPDATES notification.

    Walmart's pages disagree on where the kind of change stands, so even events say it in
    `payload.meta.subEventType` and odd ones in `payload.subEventType`.
    """
    kind: Document = {"subEventType": sub_event_type}
    payload = ({"meta": kind} if nth % 2 == 0 else kind) | {"order": _order(order, line_numbers)}
    return _envelope(order.purchase_order_id, ORDER_UPDATES, payload, at_ms=at_ms, nth=nth)


def legacy_event(
    order: PlacedOrder, event_type: str, *, line_numbers: Collection[str], at_ms: int, nth: int
) -> Document:
    """Return a notification of the kind that ends on 15 December 2026."""
    payload = _order(order, line_numbers)
    return _envelope(order.purchase_order_id, event_type, payload, at_ms=at_ms, nth=nth)


def sold_out(sku: str, node: NodeStock, *, at_ms: int, nth: int) -> Document:
    """Return an INVENTORY_OOS notification: nothing of a SKU is left at a ship node."""
    item = ITEM_BY_SKU.get(sku)
    ship_node = {
        "shipNode": node.ship_node,
        "shipNodeName": node.name,
        "availToSellQty": 0,
    }
    payload = {
        "partnerId": PARTNER_ID,
        "itemId": str(uuid.uuid5(uuid.NAMESPACE_URL, sku).int)[:10],
        "sku": sku,
        "productName": item.name if item else sku,
        "category": "Home",
        "shipNodes": [ship_node],
    }
    return _envelope(f"{sku}/{node.ship_node}", INVENTORY_OOS, payload, at_ms=at_ms, nth=nth)


def _envelope(
    subject: str, event_type: str, payload: Document, *, at_ms: int, nth: int
) -> Document:
    event_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{subject}/{event_type}/{nth}")
    source = {
        "eventType": event_type,
        "eventTime": iso_utc(at_ms),
        "eventId": str(event_id),
        "eventFilters": None,
    }
    return {"source": source, "payload": payload}


def _order(order: PlacedOrder, line_numbers: Collection[str]) -> Document:
    document, shipping = order.document, order.document["shippingInfo"]
    return {
        "partnerId": PARTNER_ID,
        "purchaseOrderId": order.purchase_order_id,
        "customerOrderId": document["customerOrderId"],
        "orderDate": iso_utc(order.order_date),
        "estimatedDeliveryDate": iso_utc(shipping["estimatedDeliveryDate"]),
        "estimatedShipDate": iso_utc(shipping["estimatedShipDate"]),
        "orderLines": [
            _line(line, shipping["methodCode"])
            for line in order_lines(document)
            if line["lineNumber"] in line_numbers
        ],
        "shipNodeType": order.ship_node_type,
    }


def _line(line: Document, method_code: str) -> Document:
    quantity, last = line["orderLineQuantity"], line_statuses(line)[-1]
    event_line = {
        "lineNumber": line["lineNumber"],
        "sku": line["item"]["sku"],
        "productName": line["item"]["productName"],
        "quantity": {
            "unitOfMeasure": quantity["unitOfMeasurement"],
            "measurementValue": quantity["amount"],
        },
        "status": last["status"].upper(),
        "statusDate": iso_utc(line["statusDate"]),
        "shippingProgramType": (line.get("fulfillment") or {}).get("shippingProgramType"),
        "shippingMethod": method_code,
    }
    if last["status"] == CANCELLED:
        event_line["cancellationReason"] = last["cancellationReason"]
        event_line["cancelSubReasonCodeDescription"] = None
    return event_line
