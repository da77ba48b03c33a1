"""The ledger's file: its tables over the versions, who may read it, and what is sealed in it."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from ledger.database import LedgerUnavailable, open_database
from ledger.seal import Seal, Unsealable, load_or_create_key
from ledger.store import open_ledger

PAIR = "acme"
ORDER = "1796277083022"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

# What version 0.1 ran at every start.
VERSION_0_1 = """
CREATE TABLE IF NOT EXISTS orders (
    pair              TEXT NOT NULL,
    purchase_order_id TEXT NOT NULL,
    document          TEXT NOT NULL,
    draft             TEXT,
    fetched_at        TEXT NOT NULL,
    PRIMARY KEY (pair, purchase_order_id)
) STRICT;
CREATE TABLE IF NOT EXISTS intents (
    pair        TEXT NOT NULL,
    business_id TEXT NOT NULL,
    step        TEXT NOT NULL,
    intended_at TEXT NOT NULL,
    PRIMARY KEY (pair, business_id, step)
) STRICT;
CREATE TABLE IF NOT EXISTS links (
    pair       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    walmart_id TEXT NOT NULL,
    m3_id      TEXT NOT NULL,
    linked_at  TEXT NOT NULL,
    PRIMARY KEY (pair, kind, walmart_id)
) STRICT;
INSERT INTO orders VALUES ('acme', '1796277083022', '{"a": 1}', '{"b": 2}', '2026-03-01');
INSERT INTO intents VALUES ('acme', '1796277083022', 'add_head', '2026-03-01T12:00:00+00:00');
INSERT INTO links VALUES ('acme', 'order', '1796277083022', '0001000042', '2026-03-01');
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(sql).fetchall()


def execute(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)


def tables(path: Path) -> list[tuple[object, ...]]:
    return query(
        path,
        "SELECT m.name, c.name, c.type, c.[notnull], c.pk FROM sqlite_master m, "
        "pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, 2",
    )


def content(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.glob("ledger.db*"))


def spoil(path: Path) -> None:
    path.write_text("this is no database, " * 100)


async def test_ledger_of_version_0_1_is_taken_over_without_loss(path: Path):
    execute(path, VERSION_0_1)

    async with open_ledger(path) as ledger:
        assert await ledger.order_document(PAIR, ORDER) == '{"a": 1}'
        assert await ledger.order_draft(PAIR, ORDER) == '{"b": 2}'
        assert await ledger.intended(PAIR, ORDER, "add_head")
        assert await ledger.m3_id(PAIR, "order", ORDER) == "0001000042"
        assert await ledger.intend_alert("a-1", "mail", at=NOON)


async def test_ledger_taken_over_has_the_tables_of_a_new_one(path: Path, tmp_path: Path):
    execute(path, VERSION_0_1)
    new = tmp_path / "new.db"
    for each in (path, new):
        async with open_database(each):
            pass

    assert tables(path) == tables(new)


async def test_file_that_is_no_database_is_refused(path: Path):
    spoil(path)

    with pytest.raises(LedgerUnavailable, match="not a database"):
        async with open_ledger(path):
            pass


async def test_nobody_else_may_read_the_file_or_its_key(path: Path):
    async with open_ledger(path) as ledger:
        await ledger.save_order(PAIR, ORDER, document="{}", at=NOON)
        modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}

    assert modes == dict.fromkeys(
        ("ledger.db", "ledger.db-shm", "ledger.db-wal", "ledger.key"), 0o600
    )


async def test_order_and_draft_cannot_be_read_in_the_file(path: Path):
    async with open_ledger(path) as ledger:
        await ledger.save_order(PAIR, ORDER, document='{"name": "Jane Doe"}', at=NOON)
        await ledger.save_draft(PAIR, ORDER, '{"CUNM": "Jane Doe"}')
        found = content(path)

        assert await ledger.order_document(PAIR, ORDER) == '{"name": "Jane Doe"}'
    assert ORDER.encode() in found
    assert b"Jane" not in found


async def test_ledger_opens_with_its_own_key_only(path: Path):
    key = Fernet.generate_key().decode()
    async with open_ledger(path, keys=key) as ledger:
        await ledger.save_order(PAIR, ORDER, document="{}", at=NOON)
    assert not path.with_name("ledger.key").exists()

    with pytest.raises(Unsealable, match="does not open"):
        async with open_ledger(path, keys=Fernet.generate_key().decode()):
            pass

    async with open_ledger(path, keys=f"{key}\n") as ledger:
        assert await ledger.order_document(PAIR, ORDER) == "{}"


async def test_new_key_above_the_old_one_seals_from_now_on(path: Path):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    async with open_ledger(path, keys=old) as ledger:
        await ledger.save_order(PAIR, ORDER, document="old", at=NOON)

    async with open_ledger(path, keys=f"{new}\n{old}\n") as ledger:
        await ledger.save_address(PAIR, ORDER, ledger.seal.seal("new"))
        assert await ledger.order_document(PAIR, ORDER) == "old"
        sealed = await ledger.address(PAIR, ORDER)

    assert sealed is not None
    assert Seal(new).open(sealed) == "new"


@pytest.mark.parametrize("keys", ["", "swordfish", "a" * 44])
def test_text_that_is_no_key_is_refused_without_repeating_it(keys: str):
    with pytest.raises(Unsealable) as raised:
        Seal(keys)

    assert not keys or keys not in str(raised.value)


@pytest.mark.parametrize("sealed", ["", "no seal", Seal(Fernet.generate_key().decode()).seal("a")])
def test_what_another_key_sealed_cannot_be_opened(sealed: str):
    with pytest.raises(Unsealable):
        Seal(Fernet.generate_key().decode()).open(sealed)


def test_seal_keeps_every_byte_and_text():
    seal = Seal(Fernet.generate_key().decode())

    assert seal.open(seal.seal("Žižkov, 3ème étage")) == "Žižkov, 3ème étage"
    assert seal.open_bytes(seal.seal_bytes(bytes(range(256)))) == bytes(range(256))


def test_key_is_made_once_and_read_from_then_on(tmp_path: Path):
    path = tmp_path / "new folder" / "ledger.key"

    first, second = load_or_create_key(path), load_or_create_key(path)

    assert first == second
    assert [each.name for each in path.parent.iterdir()] == ["ledger.key"]
