"""Put a message that belongs to nothing among the dead letters, and answer its sender."""

import hashlib
from datetime import UTC, datetime

import structlog
from starlette.requests import Request

from domain.attention import AttentionReport, Happening, Urgency
from domain.cancellations import CANCELED_BY_WALMART
from domain.names import order_workflow_id
from ledger.database import LedgerUnavailable
from ledger.dead_letters import DeadLetters, Letter, LetterCause, LetterNotKept, LetterSource
from starter.ims import IonMessage
from starter.refusals import NoRoom
from starter.temporal import Outcome
from starter.unattributed import Unattributed

log = structlog.get_logger()


async def keep_letter(
    request: Request,
    found: Unattributed,
    *,
    source: LetterSource,
    pair: str,
    body: bytes,
    fingerprint: str,
) -> Outcome:
    """Keep a message for a person, so that its sender need not repeat it.

    Raises:
        NoRoom: it could not be kept, and the sender has to repeat it.
    """
    reception = request.app.state.reception
    letters: DeadLetters = reception.letters
    letter = Letter(
        source=source,
        cause=found.cause,
        pair=pair,
        kind=found.kind,
        reason=str(found),
        purchase_order_id=found.purchase_order_id,
        document_number=found.document_number,
        fingerprint=fingerprint,
        content_type=request.headers.get("Content-Type", "")[:200],
        body=body,
    )
    try:
        await letters.keep(letter, at=datetime.now(UTC))
    except (LetterNotKept, LedgerUnavailable) as problem:
        raise NoRoom(f"this belongs to nothing and cannot be kept: {problem}") from None
    reception.counters.count_dead_letter(source, found.cause)
    log.warning(
        "dead_letter_kept",
        kind=request.state.kind,
        cause=found.cause,
        reason=str(found),
        pair=pair,
        purchase_order_id=found.purchase_order_id,
        payload_hash=fingerprint[:12],
    )
    if found.cause is LetterCause.ORDER_ENDED and found.kind in CANCELED_BY_WALMART:
        await reception.orders.alert(reception.alerts, _late_cancellation(letter))
    return Outcome.DEAD_LETTER


def _late_cancellation(letter: Letter) -> AttentionReport:
    """Return the case of an order that Walmart cancels after all of it was shipped and invoiced."""
    now = datetime.now(UTC)
    return AttentionReport(
        pair=letter.pair,
        purchase_order_id=letter.purchase_order_id,
        workflow_id=order_workflow_id(letter.pair, letter.purchase_order_id),
        cause="CANCELED_AFTER_SHIPMENT",
        happening=Happening.OPENED,
        sentence=f"{letter.kind}: Walmart cancels what was shipped and invoiced",
        mend="stop or call back the parcel if you can, and credit the M3 invoice; then discard "
        "the message: m3-walmart dead-letters list",
        since=now,
        at=now,
        urgency=Urgency.OVERDUE,
    )


def fingerprint_of(body: bytes) -> str:
    """Return what each copy of a body has in common."""
    return hashlib.sha256(body).hexdigest()


def fingerprint_of_message(message: IonMessage) -> str:
    """Return what each copy of an ION message has in common; its multipart boundary differs."""
    identity = f"{message.message_id}\n{message.document_name}\n{message.accounting_entity}\n"
    return hashlib.sha256(identity.encode() + message.document).hexdigest()
