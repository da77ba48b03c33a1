"""The database beside Temporal: a SQLite file or a PostgreSQL database, statements in full view.

Statements run on threads, through SQLAlchemy's plain engine: its asynchronous one costs three to
four times as much for a file (docs/decisions/0008-ledger-with-alembic.md). Each thread uses one
connection at a time, and there is one for a file, some for a server
(docs/decisions/0013-ledger-on-postgresql.md).
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Dialect, Engine, Row, TextClause, bindparam, text
from sqlalchemy.exc import DBAPIError

from ledger.engine import BEGIN, CONNECTIONS, MIGRATE_ALONE, create, reason

Value = str | int | None
Result = TypeVar("Result")


# Alembic keeps what it migrates in variables of its modules.
_one_migration = Lock()


class LedgerUnavailable(Exception):
    """The database did not do what it was asked; repeating may help. The text quotes no values."""


class Statements(ABC):
    """What a database and its transactions have in common."""

    async def rows(self, sql: str, /, **values: Value | Sequence[str]) -> Sequence[Row[Any]]:
        """Return the rows a statement gives; a list is for `... IN :name`."""
        lists = _lists(values)
        return await self._run(lambda with_: with_.execute(_statement(sql, lists), values).all())

    async def change(self, sql: str, /, **values: Value | Sequence[str]) -> int:
        """Return how many rows a statement changed; lists are as in `rows`."""
        lists = _lists(values)
        return await self._run(lambda with_: with_.execute(_statement(sql, lists), values).rowcount)

    async def change_many(self, sql: str, rows: Sequence[Mapping[str, Value]]) -> int:
        """Run a statement for each row, all or none; return how many rows were changed.

        Give the rows in the order of their keys: two that change the same rows of a server in
        different orders would wait for each other, and one of them be refused.
        """
        if not rows:
            return 0
        return await self._run(lambda with_: _run_many(with_, sql, rows))

    @abstractmethod
    async def _run(self, work: Callable[[Connection], Result]) -> Result:
        """Do something with a connection on its thread."""


class Transaction(Statements):
    """Several statements that happen together or not at all."""

    def __init__(self, connection: Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread

    async def _run(self, work: Callable[[Connection], Result]) -> Result:
        return await _on(self._thread, partial(work, self._connection))


class Database(Statements):
    """One database. Each statement is a transaction of its own."""

    def __init__(self, engine: Engine, threads: Sequence[ThreadPoolExecutor]) -> None:
        self._engine = engine
        # The one used last comes first: its connection is open.
        self._free: asyncio.LifoQueue[ThreadPoolExecutor] = asyncio.LifoQueue()
        for thread in threads:
            self._free.put_nowait(thread)

    async def change_many(self, sql: str, rows: Sequence[Mapping[str, Value]]) -> int:
        """As the rows of a transaction, in one of its own."""
        async with self.transaction() as transaction:
            return await transaction.change_many(sql, rows)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Begin a transaction; it is kept at the end, or undone by what ends it early.

        Within it, ask the transaction only, and wait for nothing else: a file takes no other
        statement meanwhile, so one to the database itself would wait for ever. On a server others
        write meanwhile: what must stay as it was read is changed first, if only to what it is.
        """
        opened: list[Connection] = []

        def begin() -> Connection:
            connection = self._engine.connect()
            opened.append(connection)
            connection.exec_driver_sql(BEGIN[self._engine.name])
            return connection

        def end(how: str) -> None:
            if opened:
                with opened.pop() as connection:
                    connection.exec_driver_sql(how)

        def give_up() -> None:
            with suppress(DBAPIError):  # the connection is gone, and the transaction with it
                end("ROLLBACK")

        async with self._a_thread() as thread:
            try:
                yield Transaction(await _on(thread, begin), thread)
                await _on(thread, partial(end, "COMMIT"))
            except BaseException:
                await _on(thread, give_up)
                raise

    async def _run(self, work: Callable[[Connection], Result]) -> Result:
        def run() -> Result:
            with self._engine.connect() as connection:
                return work(connection)

        async with self._a_thread() as thread:
            return await _on(thread, run)

    @asynccontextmanager
    async def _a_thread(self) -> AsyncIterator[ThreadPoolExecutor]:
        """Wait for a thread that is free.

        What runs on it when its caller is canceled goes on to its end; what comes next waits.
        """
        thread = await self._free.get()
        try:
            yield thread
        finally:
            self._free.put_nowait(thread)


@asynccontextmanager
async def open_database(place: Path | URL) -> AsyncIterator[Database]:
    """Open a file or a database on a server, bring its tables up to date, close it at the end.

    Raises:
        LedgerUnavailable: it is no database, cannot be reached or written, or a newer version
            made it.
    """
    engine = create(place)
    threads = [
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        for _ in range(CONNECTIONS[engine.name])
    ]
    try:
        await _on(threads[0], partial(_migrate, engine))
        yield Database(engine, threads)
    finally:
        await asyncio.to_thread(_close, engine, threads)


@cache  # parsing a statement for its parameters takes longer than SQLite needs to run it
def _statement(sql: str, lists: tuple[str, ...] = ()) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, expanding=True) for name in lists))


def _run_many(connection: Connection, sql: str, rows: Sequence[Mapping[str, Value]]) -> int:
    """Hand the rows to the driver: SQLAlchemy would take four times as long for each as SQLite."""
    statement, names = _driver_statement(sql, connection.dialect)
    if names:
        return connection.exec_driver_sql(
            statement, [tuple(row[name] for name in names) for row in rows]
        ).rowcount
    return connection.exec_driver_sql(statement, list(rows)).rowcount


@cache
def _driver_statement(sql: str, dialect: Dialect) -> tuple[str, Sequence[str]]:
    """Return a statement as the driver wants it; the names of its values where it goes by place."""
    compiled = _statement(sql).compile(dialect=dialect)
    return compiled.string, compiled.positiontup or ()


def _lists(values: Mapping[str, Value | Sequence[str]]) -> tuple[str, ...]:
    return tuple(name for name, value in values.items() if isinstance(value, list | tuple))


def moment(at: datetime) -> str:
    """Return a moment as the tables keep it: UTC, ISO 8601, in the order of time as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


async def _on(thread: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
    """Do something on a thread; the driver's errors become ours, without what was to be written."""

    def told() -> Result:
        try:
            return work()
        except DBAPIError as error:
            raise LedgerUnavailable(f"the ledger cannot be used: {reason(error)}") from None

    return await asyncio.get_running_loop().run_in_executor(thread, told)


def _close(engine: Engine, threads: Sequence[ThreadPoolExecutor]) -> None:
    for thread in threads:
        thread.shutdown()
    engine.dispose()


def _migrate(engine: Engine) -> None:
    """Bring the tables up to date; a process that opens at the same time waits for it."""
    config = Config()
    migrations = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", migrations.replace("%", "%%"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == newest:
            return
        connection.exec_driver_sql(BEGIN[engine.name])
        try:
            if alone := MIGRATE_ALONE[engine.name]:
                connection.exec_driver_sql(alone)
            _upgrade(config, connection)
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


def _upgrade(config: Config, connection: Connection) -> None:
    config.attributes["connection"] = connection
    try:
        with _one_migration:
            command.upgrade(config, "head")
    except CommandError as error:
        raise LedgerUnavailable(
            f"the ledger was made by a newer version of this service ({error}); "
            "run that version, or restore the ledger's backup"
        ) from None
