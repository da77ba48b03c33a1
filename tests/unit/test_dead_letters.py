"""ledger/dead_letters.py: what is kept of a letter, and for how long."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import URL

from ledger import dead_letters
from ledger.dead_letters import DeadLetters, LetterNotKept, LetterState
from ledger.store import open_dead_letters, open_ledger

KEY = Fernet.generate_key().decode()


@pytest.fixture
async def letters(place: Path | URL) -> AsyncIterator[DeadLetters]:
    async with open_ledger(place, keys=KEY) as ledger:
        yield ledger.dead_letters


async def test_open_letters_are_counted(place: Path | URL):
    async with open_ledger(place, keys=KEY) as ledger:
        for body in (b"1", b"2"):
            await ledger.dead_letters.keep(a_letter(body), at=datetime(2026, 11, 1, tzinfo=UTC))

        assert await open_dead_letters(ledger) == 2


async def test_letter_that_is_too_large_is_not_kept(letters: DeadLetters):
    body = b"x" * (dead_letters.MAX_BODY_BYTES + 1)

    with pytest.raises(LetterNotKept, match="larger than"):
        await letters.keep(a_letter(body), at=datetime(2026, 11, 1, tzinfo=UTC))

    assert await letters.find() == ()


async def test_copy_of_a_closed_letter_is_counted_and_stays_closed(letters: DeadLetters):
    now = datetime(2026, 11, 1, tzinfo=UTC)
    number = await letters.keep(a_letter(b"1"), at=now)
    await letters.close(number, LetterState.DISCARDED, by="ann", reason="a sample", at=now)

    assert await letters.keep(a_letter(b"1"), at=now) == number

    [letter] = await letters.find()
    assert (letter.state, letter.count) == ("discarded", 2)


async def test_closed_letters_are_deleted_when_their_time_is_over(letters: DeadLetters) -> None:
    closed_at = datetime(2026, 11, 1, tzinfo=UTC)
    for number, body in enumerate((b"1", b"2", b"3")):
        await letters.keep(a_letter(body), at=closed_at + timedelta(seconds=number))
    [third, second, first] = await letters.find()
    await letters.close(first.id, LetterState.DISCARDED, by="ann", reason="old", at=closed_at)
    later = closed_at + timedelta(days=2)
    await letters.close(second.id, LetterState.REPLAYED, by="ann", reason="signaled", at=later)

    assert await letters.purge_closed(before=closed_at + timedelta(days=1)) == 1
    assert [letter.id for letter in await letters.find()] == [third.id, second.id]


async def test_letter_is_closed_once(letters: DeadLetters) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    number = await letters.keep(a_letter(b"1"), at=now)

    first = await letters.close(number, LetterState.DISCARDED, by="ann", reason="old", at=now)
    second = await letters.close(number, LetterState.REPLAYED, by="ben", reason="new", at=now)

    assert (first, second) == (True, False)
    found = await letters.letter(number)
    assert found is not None
    assert (found.state, found.closed_by, found.closed_reason) == ("discarded", "ann", "old")


def a_letter(body: bytes) -> dead_letters.Letter:
    return dead_letters.Letter(
        source=dead_letters.LetterSource.WALMART,
        cause=dead_letters.LetterCause.UNREADABLE,
        pair="acme",
        kind="webhook",
        reason="a test",
        fingerprint=body[:8].hex(),
        body=body,
    )
