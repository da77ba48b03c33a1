"""ledger/database.py: the same statements, migrations and transactions on both databases."""

import asyncio
import multiprocessing
import sqlite3
from asyncio import run
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import URL

from ledger.database import Database, LedgerUnavailable, open_database
from ledger.engine import CONNECTIONS
from ledger.seal import Unsealable
from ledger.store import open_ledger
from tests.postgresql import Server

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = Fernet.generate_key().decode()
ADD = "INSERT INTO links VALUES ('acme', 'order', :order, :number, '2026-03-01')"


@pytest.fixture
async def database(place: Path | URL) -> AsyncIterator[Database]:
    async with open_database(place) as database:
        yield database


async def links(database: Database) -> dict[str, str]:
    rows = await database.rows("SELECT walmart_id, m3_id FROM links")
    return {row.walmart_id: row.m3_id for row in rows}


def many(count: int) -> list[dict[str, str | int | None]]:
    return [{"order": str(number), "number": f"M{number}"} for number in range(count)]


# Migrations


async def test_tables_are_those_the_migrations_name(database: Database):
    await database.change("UPDATE alembic_version SET version_num = version_num")

    [row] = await database.rows("SELECT version_num FROM alembic_version")
    assert row.version_num >= "0002"
    assert await database.rows("SELECT * FROM dead_letters") == []


def open_and_write(place: Path | URL, key: str, number: str) -> None:
    async def work() -> None:
        async with open_ledger(place, keys=key) as ledger:
            assert await ledger.intend("acme", number, "add_head", at=NOON)

    run(work())


async def test_processes_that_open_a_new_ledger_at_once_find_one_ledger(place: Path | URL):
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=open_and_write, args=(place, KEY, str(number)))
        for number in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0] * 4
    async with open_database(place) as database:
        [row] = await database.rows("SELECT count(*) AS found FROM intents")
        assert row.found == 4
        assert len(await database.rows("SELECT * FROM alembic_version")) == 1


async def test_openings_of_one_process_at_once_find_one_ledger(place: Path | URL):
    async def open_once() -> int:
        async with open_database(place) as database:
            return len(await database.rows("SELECT * FROM alembic_version"))

    assert await asyncio.gather(*(open_once() for _ in range(4))) == [1] * 4


async def test_ledger_of_a_newer_version_is_refused_and_left_alone(
    place: Path | URL, postgresql_server: Server
):
    async with open_database(place) as database:
        await database.change("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(LedgerUnavailable, match="newer version"):
        async with open_database(place):
            pass

    version = "SELECT version_num FROM alembic_version"
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as file:
            found = file.execute(version).fetchall()
    else:
        found = postgresql_server.execute(version, database=str(place.database))
    assert found == [("9999",)]


async def test_ledger_opens_with_its_own_key_only(place: Path | URL):
    async with open_ledger(place, keys=KEY):
        pass

    with pytest.raises(Unsealable, match=r"does not open .*set \[ledger\] key to the one"):
        async with open_ledger(place, keys=Fernet.generate_key().decode()):
            pass


async def test_database_on_a_server_is_not_opened_without_a_key(postgresql_url: URL):
    with pytest.raises(Unsealable):
        async with open_ledger(postgresql_url):
            pass


# Errors


async def test_error_of_a_value_repeats_none(database: Database):
    await database.change(ADD, order="Jane Doe", number="1")

    with pytest.raises(LedgerUnavailable) as taken:
        await database.change(ADD, order="Jane Doe", number="2")
    with pytest.raises(LedgerUnavailable) as unfit:
        await database.change(
            "INSERT INTO channel_results VALUES ('ops', :ok, '', '')", ok="Jane Doe"
        )
    with pytest.raises(LedgerUnavailable) as unknown:
        await database.change("INSERT INTO nowhere VALUES (:name)", name="Jane Doe")

    for raised in (taken, unfit, unknown):
        assert "Jane" not in str(raised.value)
        assert len(str(raised.value).splitlines()) == 1
        assert raised.value.__cause__ is None
    assert "nowhere" in str(unknown.value)


async def test_server_that_is_not_there_is_told_without_the_password():
    nobody = URL.create(
        "postgresql", "service", "swordfish", host="127.0.0.1", port=1, database="ledger"
    )

    with pytest.raises(LedgerUnavailable, match=r"connection.*refused") as raised:
        async with open_database(nobody):
            pass

    assert "swordfish" not in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


async def test_database_that_is_not_there_is_told(postgresql_server: Server):
    with pytest.raises(LedgerUnavailable, match='database "nowhere" does not exist'):
        async with open_database(postgresql_server.url("nowhere")):
            pass


async def test_connections_the_server_has_closed_are_opened_anew(
    postgresql_server: Server, postgresql_url: URL
):
    async with open_database(postgresql_url) as database:
        await asyncio.gather(*(database.rows("SELECT 1") for _ in range(4)))

        postgresql_server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'ledger%'"
        )

        assert len(await asyncio.gather(*(database.rows("SELECT 1") for _ in range(8)))) == 8


# Several at a time


async def test_statements_run_beside_each_other_on_a_server(postgresql_url: URL):
    async with open_database(postgresql_url) as database:
        found = await asyncio.gather(
            *(database.rows("SELECT pg_backend_pid() AS pid, pg_sleep(0.1)") for _ in range(8))
        )

    assert len({rows[0].pid for rows in found}) == CONNECTIONS["postgresql"]


# Many rows


async def test_many_rows_are_changed_at_once(database: Database):
    assert await database.change_many(ADD, many(1000)) == 1000

    assert (await links(database))["999"] == "M999"
    assert await database.change_many(f"{ADD} ON CONFLICT DO NOTHING", many(1001)) == 1
    assert await database.change_many(ADD, []) == 0


async def test_of_many_rows_with_a_wrong_one_none_is_kept(database: Database):
    with pytest.raises(LedgerUnavailable):
        await database.change_many(ADD, [*many(3), *many(1)])

    assert await links(database) == {}
    assert await database.change(ADD, order="1", number="2") == 1


# Transactions


async def test_statements_of_a_transaction_are_kept_together(database: Database):
    async with database.transaction() as transaction:
        assert await transaction.change(ADD, order="1", number="M1") == 1
        assert await transaction.change_many(ADD, [{"order": "2", "number": "M2"}]) == 1
        assert len(await transaction.rows("SELECT * FROM links")) == 2

    assert await links(database) == {"1": "M1", "2": "M2"}


async def test_transaction_that_fails_leaves_nothing_and_its_error_passes(database: Database):
    async def write(second: str) -> None:
        async with database.transaction() as transaction:
            await transaction.change(ADD, order="1", number="M1")
            await transaction.change(ADD, order=second, number=str(int(second)))

    with pytest.raises(ValueError, match="invalid literal"):
        await write("no number")
    with pytest.raises(LedgerUnavailable):
        await write("1")

    assert await links(database) == {}


async def test_transaction_that_is_canceled_leaves_nothing(database: Database):
    begun = asyncio.Event()

    async def write_and_wait() -> None:
        async with database.transaction() as transaction:
            await transaction.change(ADD, order="1", number="M1")
            begun.set()
            await asyncio.Event().wait()

    writing = asyncio.create_task(write_and_wait())
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert await links(database) == {}


async def test_wherever_a_transaction_is_canceled_it_is_whole_and_the_database_goes_on(
    database: Database,
):
    async def write(order: str) -> None:
        async with database.transaction() as transaction:
            await transaction.change(ADD, order=order, number="M")
            await transaction.change(ADD, order=f"{order}, too", number="M")

    for turns in range(60):
        writing = asyncio.create_task(write(str(turns)))
        await asyncio.sleep(turns / 20_000)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    found = await links(database)
    assert {order for order in found if "too" not in order} == {
        order.removesuffix(", too") for order in found if "too" in order
    }
    await write("after")
    assert "after, too" in await links(database)


async def test_transactions_at_once_wait_for_each_other(database: Database):
    await database.change(ADD, order="count", number="0")

    async def add_one() -> None:
        async with database.transaction() as transaction:
            await transaction.change("UPDATE links SET kind = kind WHERE walmart_id = 'count'")
            [row] = await transaction.rows("SELECT m3_id FROM links WHERE walmart_id = 'count'")
            await transaction.change(
                "UPDATE links SET m3_id = :number WHERE walmart_id = 'count'",
                number=str(int(row.m3_id) + 1),
            )

    await asyncio.gather(*(add_one() for _ in range(20)))

    assert await links(database) == {"count": "20"}


async def test_statement_beside_a_transaction_does_not_become_part_of_it(database: Database):
    async def give_up() -> None:
        async with database.transaction() as transaction:
            await transaction.change(ADD, order="1", number="M1")
            begun.set()
            await asyncio.sleep(0.01)
            raise ValueError("given up")

    begun = asyncio.Event()
    giving_up = asyncio.create_task(give_up())
    await begun.wait()
    await database.change(ADD, order="2", number="M2")
    await asyncio.gather(giving_up, return_exceptions=True)

    assert await links(database) == {"2": "M2"}
