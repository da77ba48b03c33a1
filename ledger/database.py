"""The database beside Temporal: one file, one thread, every statement in full view.

Statements run on a thread of their own, through SQLAlchemy's plain engine: its asynchronous one
costs three to four times as much for a file on this machine
(docs/decisions/0008-ledger-with-alembic.md).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, CursorResult, Engine, Row, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

Value = str | int | None
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# Another process may be writing; its transactions take milliseconds, a migration seconds.
BUSY_MILLISECONDS = 5000

# Parsing a statement for its parameters takes longer than SQLite needs to run it.
_statement = cache(text)

# Alembic keeps what it migrates in variables of its modules.
_one_migration = Lock()


class LedgerUnavailable(Exception):
    """The database did not do what it was asked; repeating may help. The text quotes no values."""


class Database:
    """One database. Each statement is a transaction of its own."""

    def __init__(self, engine: Engine, thread: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._thread = thread

    async def rows(self, sql: str, /, **values: Value) -> Sequence[Row[Any]]:
        """Return the rows a statement gives."""
        return await self._run(lambda result: result.all(), sql, values)

    async def change(self, sql: str, /, **values: Value) -> int:
        """Return how many rows a statement changed."""
        return await self._run(lambda result: result.rowcount, sql, values)

    async def _run(
        self, take: Callable[[CursorResult[Any]], Result], sql: str, values: dict[str, Value]
    ) -> Result:
        def run() -> Result:
            with self._engine.connect() as connection:
                return take(connection.execute(_statement(sql), values))

        return await _on(self._thread, _telling(run))


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[Database]:
    """Open the file, bring its tables up to date, and close it at the end.

    Write-ahead logging lets commands read while the worker writes. An application that is killed
    loses nothing; a machine that loses power may lose the last moments, which the looks into M3
    and Walmart make good.

    Raises:
        LedgerUnavailable: it is no database, cannot be written, or a newer version made it.
    """
    _make_private(path)
    engine = create_engine(
        f"sqlite:///{path}",
        isolation_level="AUTOCOMMIT",
        # The one connection is used by the one thread, but opened and closed by whoever does.
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
        hide_parameters=True,  # errors are logged, values are not
    )
    event.listen(engine, "connect", _set_up)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger") as thread:
        try:
            await _on(thread, _telling(partial(_migrate, engine)))
            yield Database(engine, thread)
        finally:
            await _on(thread, engine.dispose)


def moment(at: datetime) -> str:
    """Return a moment as the tables keep it: UTC, ISO 8601, in the order of time as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


async def _on(thread: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(thread, work)


def _telling(work: Callable[[], Result]) -> Callable[[], Result]:
    """Turn the driver's errors into ours, without the values that were to be written."""

    def told() -> Result:
        try:
            return work()
        except DBAPIError as error:
            raise LedgerUnavailable(f"the ledger cannot be used: {error.orig}") from None

    return told


def _make_private(path: Path) -> None:
    """Let nobody else read it: it says who bought what.

    SQLite gives its side files the same rights.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)


def _set_up(connection: Any, _: object) -> None:
    # The patience comes first: switching to the log needs it where others open the file too.
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _migrate(engine: Engine) -> None:
    """Bring the tables up to date; a process that opens at the same time waits for it."""
    config = Config()
    migrations = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", migrations.replace("%", "%%"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect() as connection:
        if _revision(connection) == newest:
            return
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
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


def _revision(connection: Connection) -> str | None:
    known = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    ).first()
    if known is None:
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return str(found[0]) if found else None
