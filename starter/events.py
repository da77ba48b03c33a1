"""Read Walmart's webhook deliveries.

Only what identifies the event is taken: the order itself carries no address and no price here, so
the workflow fetches it from Walmart.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starter.refusals import Unreadable

CREATED = "PO_CREATED"
CANCELLATIONS = frozenset({"PO_LINE_AUTOCANCELLED", "INTENT_TO_CANCEL", "FRAUD_CANCEL"})
ORDER_UPDATES = "ORDER_UPDATES"
# What Walmart may send and no process here waits for.
# Source: GET /v3/webhooks/eventTypes, and the page of each event.
SOLD_OUT = "INVENTORY_OOS"
LONGEST_SKU = 50  # Walmart takes no longer ones
IGNORED_EVENTS = frozenset(
    {
        "BUY_BOX_CHANGED",
        "DRIVER_STATUS",
        "OFFER_PUBLISHED",
        "OFFER_UNPUBLISHED",
        "REPORT_STATUS",
        "RETURN_CREATED",
        "RETURN_DELIVERED",
        "RETURN_INVOICED",
        "SELLER_PERFORMANCE_ALARMS",
        "SELLER_PERFORMANCE_NOTIFICATIONS",
        "SELLER_PERFORMANCE_REPORT",
    }
)
KNOWN_EVENTS = CANCELLATIONS | IGNORED_EVENTS | {CREATED, SOLD_OUT}

# Longer or stranger than any type Walmart publishes; kept out of logs and labels.
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# M3 keeps the purchase order in CUOR, which holds 20 characters.
_PURCHASE_ORDER_ID = re.compile(r"[0-9A-Za-z-]{1,20}")
# Walmart's own are numbers of 13 to 15 digits; other customers' orders at M3 are called otherwise.
_WALMARTS_OWN = re.compile(r"[0-9]{12,20}")
_EVENT_ID = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    """A purchase order exists."""

    kind: str
    purchase_order_id: str


@dataclass(frozen=True, kw_only=True)
class OrderChanged:
    """Something happened to a purchase order that its workflow must look at."""

    kind: str  # PO_LINE_AUTOCANCELLED, INTENT_TO_CANCEL or FRAUD_CANCEL
    purchase_order_id: str
    event_id: str


@dataclass(frozen=True, kw_only=True)
class OtherEvent:
    """An event no process here waits for."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class SoldOut:
    """Walmart has sold the last unit of a SKU at some ship node."""

    kind: str
    sku: str


WebhookEvent = OrderPlaced | OrderChanged | SoldOut | OtherEvent


def read_webhook(body: bytes) -> WebhookEvent:
    """Return what a delivery says.

    Two envelopes are in use. `ORDER_UPDATES` names the event in `payload.meta.subEventType` or
    `payload.subEventType` and carries the order in `payload.order`; the older events, which
    Walmart ends on 15 December 2026, name it in `source.eventType` and carry the order in
    `payload` itself. Either place is looked at for either.

    Raises:
        Unreadable: no JSON object, no event type, or an order event without a usable order id.

    Source:
        Order management event page of the Walmart developer portal; its field table and its text
        disagree about the place of subEventType.
    """
    document = _json_object(body)
    source = _object(document, "source")
    payload = _object(document, "payload")
    kind = _kind(document, source, payload)
    if kind == CREATED:
        return OrderPlaced(kind=kind, purchase_order_id=_purchase_order_id(payload))
    if kind in CANCELLATIONS:
        return OrderChanged(
            kind=kind,
            purchase_order_id=_purchase_order_id(payload),
            event_id=usable_id(source.get("eventId"), body),
        )
    sku = payload.get("sku")
    if kind == SOLD_OUT and isinstance(sku, str) and 0 < len(sku) <= LONGEST_SKU:
        return SoldOut(kind=kind, sku=sku)
    return OtherEvent(kind=kind)


def usable_id(value: object, body: bytes) -> str:
    """Return the sender's id of a message, or one made from its bytes when there is none.

    Both stay the same when the message is delivered again, which is what they are needed for.
    """
    if isinstance(value, str) and _EVENT_ID.fullmatch(value):
        return value
    return f"sha256-{hashlib.sha256(body).hexdigest()}"


def is_purchase_order_id(text: str) -> bool:
    """Tell whether `text` can be a Walmart purchase order id."""
    return _PURCHASE_ORDER_ID.fullmatch(text) is not None


def is_walmarts_own(purchase_order_id: str) -> bool:
    """Tell whether an id looks as Walmart's do, and not as those of M3's other customers."""
    return _WALMARTS_OWN.fullmatch(purchase_order_id) is not None


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):  # ValueError: not JSON, not text, or an endless number
        raise Unreadable("the body is not JSON") from None
    if not isinstance(document, dict):
        raise Unreadable("the body is not a JSON object")
    return document


def _object(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _kind(
    document: Mapping[str, Any], source: Mapping[str, Any], payload: Mapping[str, Any]
) -> str:
    kind = source.get("eventType")
    if kind is None and "returnOrders" in (payload or document):
        # Walmart's own sample of this event lacks the source block that its field table has.
        kind = "RETURN_CREATED"
    if kind == ORDER_UPDATES:
        meta = _object(payload, "meta")
        kind = meta.get("subEventType") or payload.get("subEventType")
    if not isinstance(kind, str) or not _EVENT_TYPE.fullmatch(kind):
        raise Unreadable("source.eventType, or subEventType for ORDER_UPDATES, is missing or odd")
    return kind


def _purchase_order_id(payload: Mapping[str, Any]) -> str:
    order = _object(payload, "order") or payload
    value = order.get("purchaseOrderId")
    # Walmart documents text; a number of the same digits means the same order.
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not is_purchase_order_id(text):
        raise Unreadable("purchaseOrderId is missing or not 1 to 20 letters, digits and hyphens")
    return text
