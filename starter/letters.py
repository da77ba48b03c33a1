"""Put a message that belongs to nothing among the dead letters, and answer its sender."""

import hashlib
from datetime import UTC, datetime

import structlog
from starlette.requests import Request

from ledger.database import LedgerUnavailable
from ledger.dead_letters import DeadLetters, Letter, LetterNotKept, LetterSource
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
    return Outcome.DEAD_LETTER


def fingerprint_of(body: bytes) -> str:
    """Return what each copy of a body has in common."""
    return hashlib.sha256(body).hexdigest()


def fingerprint_of_message(message: IonMessage) -> str:
    """Return what each copy of an ION message has in common; its multipart boundary differs."""
    identity = f"{message.message_id}\n{message.document_name}\n{message.accounting_entity}\n"
    return hashlib.sha256(identity.encode() + message.document).hexdigest()
