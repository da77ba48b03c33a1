"""Take Walmart's webhook deliveries."""

import base64
import json
import time
from urllib.parse import parse_qsl

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse

from domain.orders import OrderUpdate
from starter.events import (
    CANCELLATIONS,
    CREATED,
    OrderChanged,
    OrderPlaced,
    OtherEvent,
    WebhookEvent,
    read_webhook,
)
from starter.reception import Reception, read_body
from starter.refusals import NotAuthentic, UnknownReceiver, Unreadable
from starter.signatures import TOKEN_SECONDS, check_webhook, issue_token
from starter.temporal import Outcome

log = structlog.get_logger()

# A delivery has a few kilobytes; an order of a thousand lines some hundred.
MAX_WEBHOOK_BYTES = 1024 * 1024
MAX_TOKEN_REQUEST_BYTES = 16 * 1024

_COUNTED_KINDS = CANCELLATIONS | {
    CREATED,
    "BUY_BOX_CHANGED",
    "DRIVER_STATUS",
    "INVENTORY_OOS",
    "OFFER_PUBLISHED",
    "OFFER_UNPUBLISHED",
    "REPORT_STATUS",
    "RETURN_CREATED",
    "RETURN_DELIVERED",
    "RETURN_INVOICED",
}


async def receive_webhook(request: Request) -> JSONResponse:
    """POST /webhooks/walmart/{pair}. Answers 2xx only when Temporal has the event.

    Walmart sends an event at most four times within about an hour, and again whenever it likes;
    the workflow id and the event id make every copy after the first one harmless.
    """
    reception: Reception = request.app.state.reception
    pair = reception.pair_named(request.path_params["pair"])
    request.state.kind = "webhook"
    request.state.facts = {"pair": pair.name}

    body = await read_body(request, max_bytes=MAX_WEBHOOK_BYTES)
    check_webhook(pair.webhooks, request.headers, body, pair=pair.name, now=time.time())
    event = read_webhook(body)
    request.state.kind = event.kind if event.kind in _COUNTED_KINDS else "other"

    outcome = await _hand_over(reception, pair.name, event, request)
    reception.counters.count(request.state.kind, outcome)
    return JSONResponse({"outcome": outcome})


async def _hand_over(
    reception: Reception, pair: str, event: WebhookEvent, request: Request
) -> Outcome:
    match event:
        case OrderPlaced(purchase_order_id=purchase_order_id):
            request.state.facts["purchase_order_id"] = purchase_order_id
            outcome = await reception.orders.start(pair, purchase_order_id)
        case OrderChanged(purchase_order_id=purchase_order_id):
            request.state.facts["purchase_order_id"] = purchase_order_id
            update = OrderUpdate(event_id=event.event_id, sub_event_type=event.kind)
            outcome = await reception.orders.report_update(pair, purchase_order_id, update)
        case OtherEvent():
            outcome = Outcome.IGNORED
    log.info("webhook_received", kind=event.kind, outcome=outcome, **request.state.facts)
    return outcome


async def issue_webhook_token(request: Request) -> JSONResponse:
    """POST /webhooks/walmart/{pair}/token, the subscription's authUrl when it uses OAuth.

    Source:
        authDetails.authUrl of POST /v3/webhooks/subscriptions: a client_credentials request,
        answered 200 with access_token and expires_in. How Walmart sends the client id and secret
        is not documented, so the Basic header, form fields and JSON are all read.
    """
    reception: Reception = request.app.state.reception
    pair = reception.pair_named(request.path_params["pair"])
    request.state.kind = "token"
    request.state.facts = {"pair": pair.name}
    if pair.webhooks.method != "oauth":
        raise UnknownReceiver("the webhooks of this pair do not use OAuth")

    fields = _fields(await read_body(request, max_bytes=MAX_TOKEN_REQUEST_BYTES))
    if fields.get("grant_type") != "client_credentials":
        raise Unreadable("grant_type is not client_credentials")
    client_id, client_secret = _client_credentials(request, fields)
    token = issue_token(
        pair.webhooks,
        client_id=client_id,
        client_secret=client_secret,
        pair=pair.name,
        now=time.time(),
    )
    reception.counters.count("token", "issued")
    log.info("webhook_token_issued", pair=pair.name)
    return JSONResponse(
        {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS},
        headers={"Cache-Control": "no-store"},
    )


def _fields(body: bytes) -> dict[str, str]:
    try:
        text = body.decode()
        found = json.loads(text) if text.lstrip().startswith("{") else dict(parse_qsl(text))
    except (ValueError, RecursionError):
        raise Unreadable("the token request is neither a form nor JSON") from None
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _client_credentials(request: Request, fields: dict[str, str]) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return fields.get("client_id", ""), fields.get("client_secret", "")
    try:
        user, _, password = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        raise NotAuthentic("the Authorization header is not Basic credentials") from None
    return user, password
