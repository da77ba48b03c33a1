"""Messages that proved their origin and belong to nothing, until a person has dealt with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Row

from ledger.database import Database, moment
from ledger.seal import Seal

# A genuine message has some kilobytes, a document of a thousand lines some hundred.
MAX_BODY_BYTES = 1024 * 1024
# More than anybody will look at singly; what is beyond would only fill the disk.
MAX_OPEN = 10_000


class LetterSource(StrEnum):
    """Who sent it."""

    WALMART = "walmart"
    ION = "ion"


class LetterCause(StrEnum):
    """Why it belongs to nothing."""

    UNKNOWN_PAIR = "UNKNOWN_PAIR"
    UNKNOWN_ENTITY = "UNKNOWN_ENTITY"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    ORDER_ENDED = "ORDER_ENDED"
    UNREADABLE = "UNREADABLE"
    UNKNOWN_EVENT = "UNKNOWN_EVENT"


class LetterState(StrEnum):
    """What became of it."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


class LetterNotKept(Exception):
    """It is too large, or there are too many; the sender keeps it and sends it again."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message as it is put among the dead letters."""

    source: LetterSource
    cause: LetterCause
    pair: str = ""  # empty when it names none
    kind: str  # event type or document name
    reason: str  # one sentence that quotes nothing of the message
    purchase_order_id: str = ""
    document_number: str = ""
    fingerprint: str  # the same for each copy of the message
    content_type: str = ""
    body: bytes


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """What the list shows of one; its body is opened separately."""

    id: int
    source: LetterSource
    cause: LetterCause
    pair: str
    kind: str
    reason: str
    purchase_order_id: str
    document_number: str
    fingerprint: str
    content_type: str
    first_at: datetime
    last_at: datetime
    count: int
    state: LetterState
    closed_at: datetime | None
    closed_by: str
    closed_reason: str


class DeadLetters:
    """The part of the ledger that holds dead letters."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    async def keep(self, letter: Letter, *, at: datetime) -> int:
        """Keep a letter, sealed. The same message again is counted, whatever became of the first.

        Returns:
            Its number.

        Raises:
            LetterNotKept: there is no room for it.
            LedgerUnavailable: it may not be stored.
        """
        if len(letter.body) > MAX_BODY_BYTES:
            raise LetterNotKept(f"it is larger than {MAX_BODY_BYTES} bytes")
        rows = await self._database.rows(
            """
            INSERT INTO dead_letters (
                source, pair, kind, cause, reason, purchase_order_id, document_number, fingerprint,
                content_type, sealed_body, first_at, last_at, copies, state, closed_by,
                closed_reason
            )
            SELECT :source, :pair, :kind, :cause, :reason, :purchase_order_id, :document_number,
                :fingerprint, :content_type, :sealed_body, :at, :at, 1, 'open', '', ''
            WHERE (SELECT count(*) FROM dead_letters WHERE state = 'open') < :max_open
            ON CONFLICT (source, pair, fingerprint) DO UPDATE
            SET copies = dead_letters.copies + 1, last_at = excluded.last_at
            RETURNING id
            """,
            source=letter.source,
            pair=letter.pair,
            kind=letter.kind,
            cause=letter.cause,
            reason=letter.reason,
            purchase_order_id=letter.purchase_order_id,
            document_number=letter.document_number,
            fingerprint=letter.fingerprint,
            content_type=letter.content_type,
            sealed_body=self._seal.seal_bytes(letter.body),
            at=moment(at),
            max_open=MAX_OPEN,
        )
        if not rows:
            raise LetterNotKept(f"{MAX_OPEN} dead letters are open; replay or discard them")
        return int(rows[0].id)

    async def find(
        self, *, cause: str = "", source: str = "", state: str = "", limit: int = MAX_OPEN
    ) -> tuple[DeadLetter, ...]:
        """Return the letters that have all of what is given, the latest first."""
        rows = await self._database.rows(
            """
            SELECT * FROM dead_letters
            WHERE (:cause = '' OR cause = :cause)
              AND (:source = '' OR source = :source)
              AND (:state = '' OR state = :state)
            ORDER BY last_at DESC, id DESC
            LIMIT :limit
            """,
            cause=cause,
            source=source,
            state=state,
            limit=limit,
        )
        return _letters(rows)

    async def letter(self, letter_id: int) -> DeadLetter | None:
        """Return one letter, or None when there is none of that number."""
        rows = await self._database.rows("SELECT * FROM dead_letters WHERE id = :id", id=letter_id)
        return next(iter(_letters(rows)), None)

    async def body(self, letter_id: int) -> bytes:
        """Return what was sent, opened. It may hold names and addresses.

        Raises:
            Unsealable: it was sealed with a key that is not at hand.
        """
        [row] = await self._database.rows(
            "SELECT sealed_body FROM dead_letters WHERE id = :id", id=letter_id
        )
        return self._seal.open_bytes(row.sealed_body)

    async def close(
        self, letter_id: int, state: LetterState, *, by: str, reason: str, at: datetime
    ) -> bool:
        """Note what became of an open letter.

        Returns:
            False when it was not open any more: somebody else was first.
        """
        changed = await self._database.change(
            """
            UPDATE dead_letters
            SET state = :state, closed_at = :at, closed_by = :by, closed_reason = :reason
            WHERE id = :id AND state = 'open'
            """,
            id=letter_id,
            state=state,
            at=moment(at),
            by=by,
            reason=reason,
        )
        return changed == 1

    async def count_open(self) -> int:
        """Return how many letters wait for a person."""
        [row] = await self._database.rows(
            "SELECT count(*) AS found FROM dead_letters WHERE state = 'open'"
        )
        return int(row.found)

    async def purge_closed(self, *, before: datetime) -> int:
        """Delete the letters that were closed before a moment; return how many."""
        return await self._database.change(
            "DELETE FROM dead_letters WHERE state <> 'open' AND closed_at < :before",
            before=moment(before),
        )


def _letters(rows: Sequence[Row[tuple[object, ...]]]) -> tuple[DeadLetter, ...]:
    return tuple(
        DeadLetter(
            id=row.id,
            source=LetterSource(row.source),
            cause=LetterCause(row.cause),
            pair=row.pair,
            kind=row.kind,
            reason=row.reason,
            purchase_order_id=row.purchase_order_id,
            document_number=row.document_number,
            fingerprint=row.fingerprint,
            content_type=row.content_type,
            first_at=datetime.fromisoformat(row.first_at),
            last_at=datetime.fromisoformat(row.last_at),
            count=row.copies,
            state=LetterState(row.state),
            closed_at=datetime.fromisoformat(row.closed_at) if row.closed_at else None,
            closed_by=row.closed_by,
            closed_reason=row.closed_reason,
        )
        for row in rows
    )
