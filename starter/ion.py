"""Take messages from ION, Infor's message bus, as an IMS or an API connection point delivers them.

Whoever subscribes to M3's shipments and invoices gets those of every customer. What belongs to no
order of ours is therefore normal, and answered like the rest.
"""

import re

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.orders import DeliveryReport, InvoiceReport
from starter.bods import M3Document, read_bod
from starter.events import is_purchase_order_id
from starter.ims import IonMessage, read_message, read_multipart
from starter.reception import Reception, read_body
from starter.refusals import Unreadable
from starter.signatures import check_ion
from starter.temporal import Outcome

log = structlog.get_logger()

MAX_MESSAGE_BYTES = 8 * 1024 * 1024

SHIPMENT = "Sync.Shipment"
INVOICE = "Sync.Invoice"

_M3_ORDER_NUMBER = re.compile(r"[0-9A-Za-z]{1,10}")  # ORNO; stands in a query
_DELIVERY_NUMBER = re.compile(r"[0-9]{1,11}")  # DLIX


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
    request.state.kind = "ion_message"
    body = await read_body(request, max_bytes=MAX_MESSAGE_BYTES)
    return JSONResponse({"outcome": await _take(request, read_message(body))})


async def _receive_multipart(request: Request, *, status: int) -> Response:
    request.state.kind = "ion_message"
    body = await read_body(request, max_bytes=MAX_MESSAGE_BYTES)
    message = read_multipart(body, content_type=request.headers.get("Content-Type", ""))
    return JSONResponse({"outcome": await _take(request, message)}, status_code=status)


async def _take(request: Request, message: IonMessage) -> Outcome:
    """Check who sent a message and give it to the orders it is about."""
    reception: Reception = request.app.state.reception
    request.state.facts = {"message_id": message.message_id}
    pair = reception.pair_of(message.accounting_entity)
    request.state.facts["pair"] = pair.name
    check_ion(pair.ion, request.headers)

    outcome = Outcome.IGNORED
    if message.document_name in (SHIPMENT, INVOICE):
        request.state.kind = message.document_name
        outcome = await _report(reception, pair.name, message)
    reception.counters.count(request.state.kind, outcome)
    event = "ion_message_unmatched" if outcome is Outcome.UNMATCHED else "ion_message_received"
    log.info(event, kind=request.state.kind, outcome=outcome, **request.state.facts)
    return outcome


async def _report(reception: Reception, pair: str, message: IonMessage) -> Outcome:
    """Signal every open order a shipment or invoice belongs to."""
    bod = read_bod(message.document)
    if bod.name != message.document_name:
        raise Unreadable("the document is not what the message says it is")
    if bod.deleted:
        return Outcome.IGNORED
    outcome = Outcome.UNMATCHED
    for document in bod.documents:
        for purchase_order_id in await _purchase_orders(reception, pair, document):
            signaled = await _signal(reception, pair, purchase_order_id, document, message)
            if signaled is Outcome.SIGNALED:
                outcome = signaled
                log.info(
                    "order_signaled",
                    pair=pair,
                    purchase_order_id=purchase_order_id,
                    document=bod.name,
                    document_number=document.number,
                    message_id=message.message_id,
                )
    return outcome


async def _purchase_orders(
    reception: Reception, pair: str, document: M3Document
) -> tuple[str, ...]:
    """Return the purchase orders a document may belong to.

    The customer's own order number is the purchase order. Without it, the M3 order number is
    looked for in Temporal's index; that lags behind by moments, and an order that slips through
    asks M3 by itself after a while.
    """
    if document.purchase_order_ids:
        return tuple(filter(is_purchase_order_id, document.purchase_order_ids))
    found: list[str] = []
    for m3_order_number in filter(_M3_ORDER_NUMBER.fullmatch, document.m3_order_numbers):
        found.extend(await reception.orders.find(pair, m3_order_number))
    return tuple(found)


async def _signal(
    reception: Reception,
    pair: str,
    purchase_order_id: str,
    document: M3Document,
    message: IonMessage,
) -> Outcome:
    if message.document_name == INVOICE:
        invoice = InvoiceReport(message_id=message.message_id)
        return await reception.orders.report_invoice(pair, purchase_order_id, invoice)
    if not _DELIVERY_NUMBER.fullmatch(document.number):
        raise Unreadable("the shipment's document id is not a delivery number")
    delivery = DeliveryReport(delivery_number=document.number, message_id=message.message_id)
    return await reception.orders.report_delivery(pair, purchase_order_id, delivery)
