"""Hand a message that proved its origin to the orders it is about.

The reception does so when a message comes in, and `m3-walmart dead-letters replay` later on.
Repeating is harmless: workflows know the ids of orders, events and messages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from domain.orders import DeliveryReport, InvoiceReport, OrderUpdate
from ledger.dead_letters import LetterCause
from starter.bods import Bod, M3Document, read_bod
from starter.events import (
    KNOWN_EVENTS,
    OrderChanged,
    OrderPlaced,
    OtherEvent,
    SoldOut,
    WebhookEvent,
    is_purchase_order_id,
    is_walmarts_own,
    read_webhook,
)
from starter.ims import IonMessage
from starter.refusals import Unreadable
from starter.temporal import OrderWorkflows, Outcome
from starter.unattributed import Unattributed

log = structlog.get_logger()

SHIPMENT = "Sync.Shipment"
INVOICE = "Sync.Invoice"

_M3_ORDER_NUMBER = re.compile(r"[0-9A-Za-z]{1,10}")  # ORNO; stands in a query
_DELIVERY_NUMBER = re.compile(r"[0-9]{1,11}")  # DLIX


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a message was and what became of it."""

    kind: str
    outcome: Outcome
    purchase_order_id: str = ""


def recognize(body: bytes) -> WebhookEvent:
    """Return the event a delivery of Walmart tells of.

    Raises:
        Unattributed: it cannot be read, or its type is unknown.
    """
    try:
        event = read_webhook(body)
    except Unreadable as problem:
        raise Unattributed(LetterCause.UNREADABLE, str(problem)) from None
    if event.kind not in KNOWN_EVENTS:
        reason = "this type of event is unknown here"
        raise Unattributed(LetterCause.UNKNOWN_EVENT, reason, kind=event.kind)
    return event


async def take_event(orders: OrderWorkflows, pair: str, event: WebhookEvent) -> Taken:
    """Hand an event to its order.

    Raises:
        Unattributed: its order has ended.
        TemporalUnavailable: not confirmed; repeating is safe.
    """
    match event:
        case OrderPlaced(purchase_order_id=order):
            outcome = await orders.start(pair, order)
            return Taken(kind=event.kind, outcome=outcome, purchase_order_id=order)
        case OrderChanged():
            return await _report_update(orders, pair, event)
        case SoldOut(sku=sku):
            outcome = await orders.report_stock(pair, sku)
            return Taken(kind=event.kind, outcome=outcome)
        case OtherEvent():
            return Taken(kind=event.kind, outcome=Outcome.IGNORED)


async def _report_update(orders: OrderWorkflows, pair: str, event: OrderChanged) -> Taken:
    order = event.purchase_order_id
    update = OrderUpdate(event_id=event.event_id, sub_event_type=event.kind)
    outcome = await orders.report_update(pair, order, update)
    if outcome is Outcome.ENDED:
        raise Unattributed(
            LetterCause.ORDER_ENDED,
            "Walmart cancels an order that has ended here",
            kind=event.kind,
            purchase_order_id=order,
        )
    return Taken(kind=event.kind, outcome=outcome, purchase_order_id=order)


async def take_message(orders: OrderWorkflows, pair: str, message: IonMessage) -> Taken:
    """Hand a message of ION to every order it is about.

    Whoever subscribes to M3's documents gets those of every customer. What refers to no purchase
    order of Walmart is therefore normal.

    Raises:
        Unattributed: it cannot be read, or is about an order that is unknown or has ended. The
            other orders it is about have been told.
        TemporalUnavailable: not confirmed; repeating is safe.
    """
    kind = message.document_name
    if kind not in (SHIPMENT, INVOICE):
        return Taken(kind="ion_message", outcome=Outcome.IGNORED)
    try:
        bod = _bod_of(message)
    except Unreadable as problem:
        raise Unattributed(LetterCause.UNREADABLE, str(problem), kind=kind) from None
    outcome, troubles = Outcome.UNMATCHED, list[Unattributed]()
    for document in () if bod.deleted else bod.documents:
        for order in await _purchase_orders(orders, pair, document):
            told = await _tell(orders, pair, order, document, message)
            troubles += _troubles(told, order, document, kind)
            outcome = max(outcome, told, key=_IMPORTANCE.index)
    if troubles:
        raise troubles[0]
    return Taken(kind=kind, outcome=Outcome.IGNORED if bod.deleted else outcome)


# Of a message about several orders, the outcome that says most is reported.
_IMPORTANCE = (
    Outcome.UNMATCHED,
    Outcome.UNREADABLE,
    Outcome.ENDED,
    Outcome.REPEATED,
    Outcome.SIGNALED,
)


def _bod_of(message: IonMessage) -> Bod:
    bod = read_bod(message.document)
    if bod.name != message.document_name:
        raise Unreadable("the document is not what the message says it is")
    return bod


async def _purchase_orders(
    orders: OrderWorkflows, pair: str, document: M3Document
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
        found.extend(await orders.find(pair, m3_order_number))
    return tuple(found)


async def _tell(
    orders: OrderWorkflows,
    pair: str,
    purchase_order_id: str,
    document: M3Document,
    message: IonMessage,
) -> Outcome:
    if message.document_name == INVOICE:
        invoice = InvoiceReport(message_id=message.message_id)
        outcome = await orders.report_invoice(pair, purchase_order_id, invoice)
    elif not _DELIVERY_NUMBER.fullmatch(document.number):
        outcome = Outcome.UNREADABLE
    else:
        delivery = DeliveryReport(delivery_number=document.number, message_id=message.message_id)
        outcome = await orders.report_delivery(pair, purchase_order_id, delivery)
    if outcome is Outcome.SIGNALED:
        log.info(
            "order_signaled",
            pair=pair,
            purchase_order_id=purchase_order_id,
            document=message.document_name,
            document_number=document.number,
            message_id=message.message_id,
        )
    return outcome


def _troubles(
    told: Outcome, purchase_order_id: str, document: M3Document, kind: str
) -> Iterator[Unattributed]:
    """Yield why a person has to look at what one order was told."""
    if told is Outcome.ENDED:
        cause, reason = LetterCause.ORDER_ENDED, "M3 reports on an order that has ended here"
    elif not is_walmarts_own(purchase_order_id):
        return
    elif told is Outcome.UNMATCHED:
        cause, reason = LetterCause.UNKNOWN_ORDER, "M3 reports on an order that is unknown here"
    elif told is Outcome.UNREADABLE:
        cause = LetterCause.UNREADABLE
        reason = "the shipment's document id is not a delivery number"
    else:
        return
    yield Unattributed(
        cause,
        reason,
        kind=kind,
        purchase_order_id=purchase_order_id,
        document_number=document.number,
    )
