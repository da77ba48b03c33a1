"""Who wants to be told of which events, and how deliveries are made to misbehave."""

import uuid
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from simulators.walmart.bodies import member, one_of, text
from simulators.walmart.errors import Refused
from simulators.walmart.lines import Document
from simulators.world import PARTNER_ID

ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
ORDER_UPDATES = "ORDER_UPDATES"
EVENT_VERSION = "V1"
REAL_RETRY_SECONDS = (300.0, 900.0, 2700.0)

# Event type: the resource it belongs to. Walmart's published list, and ORDER_UPDATES, which was
# added in February 2026.
EVENT_TYPES = {
    "INVENTORY_OOS": "INVENTORY",
    "OFFER_PUBLISHED": "ITEM",
    "OFFER_UNPUBLISHED": "ITEM",
    "SELLER_PERFORMANCE_ALARMS": "ITEMS",
    "SELLER_PERFORMANCE_REPORT": "ITEMS",
    "DRIVER_STATUS": "ORDER",
    "INTENT_TO_CANCEL": "ORDER",
    "PO_CREATED": "ORDER",
    "PO_LINE_AUTOCANCELLED": "ORDER",
    ORDER_UPDATES: "ORDER",
    "BUY_BOX_CHANGED": "PRICE",
    "REPORT_STATUS": "REPORTS",
    "RETURN_CREATED": "ReturnsAndRefunds",
    "RETURN_DELIVERED": "ReturnsAndRefunds",
    "RETURN_INVOICED": "ReturnsAndRefunds",
}
_AUTH_FIELDS = {
    "BASIC_AUTH": ("userName", "password"),
    "HMAC": ("clientSecret",),
    "OAUTH": ("authUrl", "clientId", "clientSecret"),
}


@dataclass(kw_only=True)
class Subscription:
    """One event type sent to one address."""

    subscription_id: str
    event_type: str
    resource_name: str
    event_url: str
    status: str
    headers: dict[str, str]
    auth_details: dict[str, str] | None

    def as_json(self) -> Document:
        """Return the subscription as Walmart lists it."""
        document: Document = {
            "eventType": self.event_type,
            "subscriptionId": self.subscription_id,
            "partnerId": PARTNER_ID,
            "eventVersion": EVENT_VERSION,
            "resourceName": self.resource_name,
            "eventUrl": self.event_url,
            "headers": self.headers,
            "status": self.status,
        }
        if self.auth_details is not None:
            document["authDetails"] = self.auth_details
        return document


@dataclass(kw_only=True)
class DeliverySettings:
    """How deliveries behave; without a wish each event is sent once and none is lost."""

    copies: int = 1
    drop: float = 0.0  # share of events never sent
    retry_seconds: tuple[float, ...] = REAL_RETRY_SECONDS
    hmac_encoding: str = "hex"
    sample_on_create: bool = False
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - repeatable losses
    outcomes: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return the settings and what became of the deliveries."""
        return {
            "copies": self.copies,
            "drop": self.drop,
            "retry_seconds": list(self.retry_seconds),
            "hmac_encoding": self.hmac_encoding,
            "sample_on_create": self.sample_on_create,
            "outcomes": dict(self.outcomes),
        }


def read_subscription(body: Document) -> Subscription:
    """Return the subscription an element of `events` asks for.

    Raises:
        Refused: an unknown event, version or resource, or a target that cannot be reached.
    """
    event_type = one_of(body, "eventType", tuple(EVENT_TYPES))
    one_of(body, "eventVersion", (EVENT_VERSION,))
    one_of(body, "resourceName", (EVENT_TYPES[event_type],))
    return Subscription(
        subscription_id=str(uuid.uuid4()),
        event_type=event_type,
        resource_name=EVENT_TYPES[event_type],
        event_url=read_event_url(body),
        status=one_of(body, "status", (ACTIVE, INACTIVE)),
        headers=read_headers(body),
        auth_details=read_auth_details(body),
    )


def change_subscription(subscription: Subscription, body: Document) -> None:
    """Change address, proof of origin, headers or status; what the body leaves out stays.

    Raises:
        Refused: a value Walmart would not accept, or a change of the event itself.
    """
    if body.get("eventType", subscription.event_type) != subscription.event_type:
        raise Refused("eventType of a subscription cannot change", field="eventType")
    event_url = read_event_url(body) if "eventUrl" in body else subscription.event_url
    headers = read_headers(body) if "headers" in body else subscription.headers
    auth = read_auth_details(body) if "authDetails" in body else subscription.auth_details
    status = one_of({"status": subscription.status} | body, "status", (ACTIVE, INACTIVE))
    subscription.event_url = event_url
    subscription.headers = headers
    subscription.auth_details = auth
    subscription.status = status


def read_event_url(body: Document) -> str:
    """Return the address events go to."""
    url = text(body, "eventUrl")
    if not url.startswith(("http://", "https://")):
        raise Refused("eventUrl must be an http or https address", field="eventUrl")
    return url


def read_headers(body: Document) -> dict[str, str]:
    """Return the fixed headers of a subscription."""
    headers = body.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise Refused("headers must be an object of texts", field="headers")
    return headers


def read_auth_details(body: Document) -> dict[str, str] | None:
    """Return how deliveries prove their origin, or None when they do not."""
    if body.get("authDetails") is None:
        return None
    details = member(body, "authDetails")
    method = one_of(details, "authMethod", tuple(_AUTH_FIELDS))
    for name in _AUTH_FIELDS[method]:
        text(details, name)
    return details
