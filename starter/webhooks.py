"""Take Walmart's webhook deliveries."""

import base64
import json
import re
import time
from urllib.parse import parse_qsl

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse

from ledger.dead_letters import LetterCause, LetterSource
from settings import PAIR_NAME
from starter.events import OrderChanged, OrderPlaced
from starter.handover import recognize, take_event
from starter.letters import fingerprint_of, keep_letter
from starter.reception import Reception, read_body
from starter.refusals import NotAuthentic, UnknownReceiver, Unreadable
from starter.signatures import TOKEN_SECONDS, check_webhook, is_proven_for_any, issue_token
from starter.temporal import Outcome
from starter.unattributed import Unattributed

log = structlog.get_logger()

# A delivery has a few kilobytes; an order of a thousand lines some hundred.
MAX_WEBHOOK_BYTES = 1024 * 1024
MAX_TOKEN_REQUEST_BYTES = 16 * 1024


async def receive_webhook(request: Request) -> JSONResponse:
    """POST /webhooks/walmart/{pair}. Answers 2xx only when the event is stored.

    Walmart sends an event at most four times within about an hour, and again whenever it likes;
    the workflow id and the event id make every copy after the first one harmless. What belongs to
    nothing is kept as a dead letter.
    """
    reception: Reception = request.app.state.reception
    name = request.path_params["pair"]
    pair_name = name if re.fullmatch(PAIR_NAME, name) else ""
    request.state.kind = "webhook"
    body = await read_body(request, max_bytes=MAX_WEBHOOK_BYTES)
    try:
        outcome = await _take(request, reception, pair_name, body)
    except Unattributed as found:
        outcome = await keep_letter(
            request,
            found,
            source=LetterSource.WALMART,
            pair=pair_name,
            body=body,
            fingerprint=fingerprint_of(body),
        )
    reception.counters.count(request.state.kind, outcome)
    return JSONResponse({"outcome": outcome})


async def _take(request: Request, reception: Reception, name: str, body: bytes) -> Outcome:
    """Check who sent a delivery and hand it over."""
    pair = reception.receivers.pairs.get(name)
    if pair is None:
        _refuse_stranger(request, reception, body)
        raise Unattributed(LetterCause.UNKNOWN_PAIR, "its address names no pair of the settings")
    request.state.facts = {"pair": pair.name}
    check_webhook(pair.webhooks, request.headers, body, pair=pair.name, now=time.time())

    event = recognize(body)
    request.state.kind = event.kind
    if isinstance(event, OrderPlaced | OrderChanged):
        request.state.facts["purchase_order_id"] = event.purchase_order_id
    taken = await take_event(reception.orders, pair.name, event)
    log.info("webhook_received", kind=event.kind, outcome=taken.outcome, **request.state.facts)
    return taken.outcome


def _refuse_stranger(request: Request, reception: Reception, body: bytes) -> None:
    """Let only pass what a sender we know has signed, though for another address."""
    pairs = reception.receivers.pairs.values()
    if not is_proven_for_any(pairs, request.headers, body, now=time.time()):
        raise UnknownReceiver("no such pair")


async def issue_webhook_token(request: Request) -> JSONResponse:
    """POST /webhooks/walmart/{pair}/token, the subscription's authUrl when it uses OAuth.

    Source:
        authDetails.authUrl of POST /v3/webhooks/subscriptions: a client_credentials request,
        answered 200 with access_token and expires_in. How Walmart sends the client id and secret
        is not documented, so the Basic header, form fields and JSON are all read.
    """
    reception: Reception = request.app.state.reception
    request.state.kind = "token"
    pair = reception.receivers.pairs.get(request.path_params["pair"])
    if pair is None:
        raise UnknownReceiver("no such pair")
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
