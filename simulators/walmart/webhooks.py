"""The subscription operations of the notifications API."""

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulators.walmart.answers import answer_document
from simulators.walmart.bodies import json_body, members
from simulators.walmart.deliveries import WebhookSender
from simulators.walmart.errors import CONTENT_NOT_FOUND, Refused
from simulators.walmart.lines import iso_utc
from simulators.walmart.state import SellerAccount
from simulators.walmart.subscriptions import (
    ACTIVE,
    EVENT_TYPES,
    EVENT_VERSION,
    Subscription,
    change_subscription,
    read_subscription,
)
from simulators.world import PARTNER_ID

CREATED_FIELDS = (
    "eventType",
    "subscriptionId",
    "partnerId",
    "eventVersion",
    "resourceName",
    "status",
)
FILTERS = {
    "subscriptionId": "subscription_id",
    "eventType": "event_type",
    "resourceName": "resource_name",
    "status": "status",
}


async def list_event_types(request: Request, _: SellerAccount) -> Response:
    """GET /v3/webhooks/eventTypes."""
    events = [
        {
            "resourceName": resource,
            "eventType": event_type,
            "eventVersion": EVENT_VERSION,
            "description": f"Notification of {event_type}",
        }
        for event_type, resource in EVENT_TYPES.items()
    ]
    return answer_document(request, {"events": events})


async def list_subscriptions(request: Request, account: SellerAccount) -> Response:
    """GET /v3/webhooks/subscriptions."""
    wanted = {FILTERS[name]: v for name, v in request.query_params.items() if name in FILTERS}
    events = [
        subscription.as_json()
        for subscription in account.subscriptions.values()
        if all(getattr(subscription, name) == value for name, value in wanted.items())
    ]
    return answer_document(request, {"events": events})


async def create_subscriptions(request: Request, account: SellerAccount) -> Response:
    """POST /v3/webhooks/subscriptions; all events of the call or none."""
    body = await json_body(request)
    created = [read_subscription(event) for event in members(body, "events")]
    account.subscriptions.update({s.subscription_id: s for s in created})
    if account.deliveries.sample_on_create:
        for subscription in created:
            await _sender(request).send_once(subscription, _sample(subscription, account))
    shown = [s.as_json() for s in created]
    events = [{name: document[name] for name in CREATED_FIELDS} for document in shown]
    return answer_document(request, {"events": events})


async def update_subscription(request: Request, account: SellerAccount) -> Response:
    """PATCH /v3/webhooks/subscriptions/{subscriptionId}."""
    subscription = _subscription(request, account)
    change_subscription(subscription, await json_body(request))
    return answer_document(request, subscription.as_json())


async def delete_subscription(request: Request, account: SellerAccount) -> Response:
    """DELETE /v3/webhooks/subscriptions/{subscriptionId}."""
    subscription = _subscription(request, account)
    del account.subscriptions[subscription.subscription_id]
    message = "Successfully deleted subscription"
    return answer_document(
        request, {"subscriptionId": subscription.subscription_id, "message": message}
    )


async def test_subscription(request: Request, account: SellerAccount) -> Response:
    """POST /v3/webhooks/test."""
    target = read_subscription(await json_body(request) | {"status": ACTIVE})
    if not await _sender(request).send_once(target, _sample(target, account)):
        raise Refused("Eventurl could not be validated", field="eventUrl")
    return answer_document(request, {"message": "Eventurl successfully validated"})


def _subscription(request: Request, account: SellerAccount) -> Subscription:
    subscription_id = request.path_params["subscription_id"]
    if subscription_id not in account.subscriptions:
        raise Refused(
            f"Subscription {subscription_id} not found",
            status=404,
            code=CONTENT_NOT_FOUND,
            field="subscriptionId",
        )
    return account.subscriptions[subscription_id]


def _sender(request: Request) -> WebhookSender:
    sender: WebhookSender = request.app.state.sender
    return sender


def _sample(subscription: Subscription, account: SellerAccount) -> dict[str, Any]:
    """Return a notification of something that does not exist."""
    source = {
        "eventType": subscription.event_type,
        "eventTime": iso_utc(int(account.now() * 1000)),
        "eventId": str(uuid.uuid4()),
        "eventFilters": None,
    }
    return {"source": source, "payload": {"partnerId": PARTNER_ID}}
