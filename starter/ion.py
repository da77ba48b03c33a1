"""Take messages from ION, Infor's message bus, as an IMS or an API connection point delivers them.

Whoever subscribes to M3's shipments and invoices gets those of every customer. What belongs to no
order of ours is therefore normal, and answered like the rest.
"""

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ledger.dead_letters import LetterCause, LetterSource
from starter.handover import INVOICE, SHIPMENT, take_message
from starter.ims import IonMessage, MessageForm, read_form
from starter.letters import fingerprint_of, fingerprint_of_message, keep_letter
from starter.reception import Reception, read_body
from starter.refusals import Refusal, UnknownReceiver, Unreadable
from starter.signatures import check_ion, is_ion_proven_for_any
from starter.temporal import Outcome
from starter.unattributed import Unattributed

log = structlog.get_logger()

MAX_MESSAGE_BYTES = 8 * 1024 * 1024


async def ping(_: Request) -> Response:
    """GET /ion/ping. ION tests whether it reaches us."""
    return JSONResponse({"status": "OK"})


async def protocol(_: Request) -> Response:
    """GET /ion/protocol. Says which version and method of IMS ION is to use.

    Without discovery, the two documents are entered by hand at the connection point.

    Source:
        ION sends a message to an application, Infor OS documentation.
    """
    return JSONResponse(
        {"messageMethod": "multipartMessage", "version": "v3", "hasDiscovery": False}
    )


async def discovery(_: Request) -> Response:
    """GET or POST /ion/discovery. Names the documents we act on, for whoever asks all the same."""
    return JSONResponse({"documents": [SHIPMENT, INVOICE]})


async def receive_multipart(request: Request) -> Response:
    """POST /ion/v3/multipartMessage. IMS v3 answers 202."""
    return await _receive_multipart(request, status=202)


async def receive_multipart_v2(request: Request) -> Response:
    """POST /ion/multipartMessage and /ion/v2/multipartMessage. IMS v2 answers 201."""
    return await _receive_multipart(request, status=201)


async def receive_document(request: Request) -> Response:
    """POST /ion/message, for ION's API connection point."""
    return JSONResponse({"outcome": await _receive(request, MessageForm.WHOLE)})


async def _receive_multipart(request: Request, *, status: int) -> Response:
    outcome = await _receive(request, MessageForm.MULTIPART)
    return JSONResponse({"outcome": outcome}, status_code=status)


async def _receive(request: Request, form: MessageForm) -> Outcome:
    reception: Reception = request.app.state.reception
    request.state.kind = "ion_message"
    request.state.facts = {}
    body = await read_body(request, max_bytes=MAX_MESSAGE_BYTES)
    request.state.fingerprint = fingerprint_of(body)
    try:
        outcome = await _take(request, reception, form, body)
    except Unattributed as found:
        outcome = await keep_letter(
            request,
            found,
            source=LetterSource.ION,
            pair=request.state.facts.get("pair", ""),
            body=body,
            fingerprint=request.state.fingerprint,
        )
    reception.counters.count(request.state.kind, outcome)
    return outcome


async def _take(request: Request, reception: Reception, form: MessageForm, body: bytes) -> Outcome:
    """Check who sent a message and give it to the orders it is about."""
    try:
        message = read_form(form, body, content_type=request.headers.get("Content-Type", ""))
    except Unreadable as problem:
        _check_sender_is_known(request, reception, problem)
        raise Unattributed(LetterCause.UNREADABLE, str(problem)) from None
    request.state.facts["message_id"] = message.message_id
    request.state.fingerprint = fingerprint_of_message(message)
    pair = reception.receivers.entities.get(message.accounting_entity)
    if pair is None:
        reason = "no pair has this accounting entity"
        _check_sender_is_known(request, reception, UnknownReceiver(reason))
        raise Unattributed(LetterCause.UNKNOWN_ENTITY, reason, kind=_label(message))
    request.state.facts["pair"] = pair.name
    check_ion(pair.ion, request.headers)

    request.state.kind = _label(message)
    taken = await take_message(reception.orders, pair.name, message)
    event = (
        "ion_message_unmatched" if taken.outcome is Outcome.UNMATCHED else "ion_message_received"
    )
    log.info(event, kind=request.state.kind, outcome=taken.outcome, **request.state.facts)
    return taken.outcome


def _check_sender_is_known(request: Request, reception: Reception, refusal: Refusal) -> None:
    """Refuse what no sender we know has sent: nothing of it is kept."""
    if not is_ion_proven_for_any(reception.receivers.pairs.values(), request.headers):
        raise refusal from None


def _label(message: IonMessage) -> str:
    return message.document_name if message.document_name in (SHIPMENT, INVOICE) else "ion_message"
