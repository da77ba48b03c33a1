"""What the starter reads out of Walmart's deliveries."""

import hashlib
import json
from typing import Any

import pytest

from starter.events import OrderChanged, OrderPlaced, OtherEvent, SoldOut, read_webhook
from starter.refusals import Unreadable
from tests.starter_messages import legacy_event, order_update

PLACED = OrderPlaced(kind="PO_CREATED", purchase_order_id="1796277083022")
SUB_TYPE_BESIDE_ORDER = {
    "source": {"eventType": "ORDER_UPDATES"},
    "payload": {"subEventType": "PO_CREATED", "order": {"purchaseOrderId": "1796277083022"}},
}
ORDER_IN_PAYLOAD = {
    "source": {"eventType": "ORDER_UPDATES"},
    "payload": {"meta": {"subEventType": "PO_CREATED"}, "purchaseOrderId": "1796277083022"},
}


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(legacy_event("1796277083022"), id="legacy envelope"),
        pytest.param(legacy_event(1796277083022), id="id as a number"),
        pytest.param(order_update("1796277083022"), id="sub type in meta"),
        pytest.param(SUB_TYPE_BESIDE_ORDER, id="sub type beside the order"),
        pytest.param(ORDER_IN_PAYLOAD, id="order directly in the payload"),
    ],
)
def test_every_envelope_of_a_new_order_is_read(document: Any):
    assert read_webhook(encoded(document)) == PLACED


def test_byte_order_mark_and_other_unicode_encodings_are_read():
    text = json.dumps(order_update("1796277083022"))

    assert read_webhook(text.encode("utf-8-sig")) == PLACED
    assert read_webhook(text.encode("utf-16")) == PLACED


@pytest.mark.parametrize("kind", ["PO_LINE_AUTOCANCELLED", "INTENT_TO_CANCEL", "FRAUD_CANCEL"])
def test_cancellations_are_read_in_both_envelopes(kind: str):
    new = read_webhook(encoded(order_update("1796277083022", kind, event_id="e-7")))
    old = read_webhook(encoded(legacy_event("1796277083022", kind)))

    assert new == OrderChanged(kind=kind, purchase_order_id="1796277083022", event_id="e-7")
    assert isinstance(old, OrderChanged)
    assert (old.kind, old.purchase_order_id) == (kind, "1796277083022")


@pytest.mark.parametrize("event_id", [None, "", 7, "a b", "\ud800", "x" * 201, "\x00"])
def test_unusable_event_id_is_replaced_by_the_hash_of_the_delivery(event_id: object):
    body = encoded(order_update("1", "FRAUD_CANCEL") | {"source": source(event_id)})

    event = read_webhook(body)

    assert isinstance(event, OrderChanged)
    assert event.event_id == f"sha256-{hashlib.sha256(body).hexdigest()}"


def source(event_id: object) -> dict[str, object]:
    return {"eventType": "ORDER_UPDATES", "eventId": event_id}


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"source": {"eventType": "INVENTORY_OOS"}, "payload": {"sku": ""}}, "INVENTORY_OOS"),
        ({"source": {"eventType": "NOT_YET_INVENTED"}}, "NOT_YET_INVENTED"),
        (order_update("1", "PO_DELAYED"), "PO_DELAYED"),
        ({"payload": {"returnOrders": []}}, "RETURN_CREATED"),
        ({"returnOrders": []}, "RETURN_CREATED"),
    ],
)
def test_other_events_are_told_apart_but_not_understood(document: Any, kind: str):
    assert read_webhook(encoded(document)) == OtherEvent(kind=kind)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"not json",
        b'{"source": {"eventType": "PO_CREATED"}',
        b'{"source": "\x00"}',
        b"\xff\xfe\xfd",
        b"[" * 100_000,
        b"9" * 5_000,
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"source": null, "payload": null}',
        b'{"source": "PO_CREATED"}',
        b'{"source": {"eventType": 7}}',
        b'{"source": {"eventType": "A\\nB"}}',
        b'{"source": {"eventType": "ORDER_UPDATES"}, "payload": {"order": {}}}',
        b'{"source": {"eventType": "ORDER_UPDATES"}, "payload": {"meta": "PO_CREATED"}}',
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_what_is_no_event_is_refused_with_a_reason(body: bytes):
    with pytest.raises(Unreadable, match=r"\w+ \w+"):
        read_webhook(body)


@pytest.mark.parametrize(
    "purchase_order_id",
    [None, "", " ", True, 1.5, [], {}, "1" * 21, "12/34", "12\n", "1 OR 1", "é", "\x00", -1.0],
)
def test_odd_purchase_order_id_is_refused(purchase_order_id: object):
    with pytest.raises(Unreadable, match="purchaseOrderId"):
        read_webhook(encoded(legacy_event(purchase_order_id)))


def test_reason_does_not_repeat_what_was_sent():
    with pytest.raises(Unreadable) as refusal:
        read_webhook(encoded(legacy_event("Jane Doe, 1 Main Street")))

    assert "Jane" not in str(refusal.value)


def test_sold_out_sku_is_read():
    document = {"source": {"eventType": "INVENTORY_OOS"}, "payload": {"sku": "WM/LAMP 10%"}}

    assert read_webhook(encoded(document)) == SoldOut(kind="INVENTORY_OOS", sku="WM/LAMP 10%")
