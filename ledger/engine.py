"""How each of the two databases is opened, and what may be told of its errors."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.pool import StaticPool
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

# Another process may be writing; its transactions take milliseconds, a migration seconds.
BUSY_MILLISECONDS = 5000

# How many statements are under way at a time. A file takes one writer; a server takes more, and
# has connections for some twenty processes of four (PostgreSQL's max_connections is 100).
CONNECTIONS = {"sqlite": 1, "postgresql": 4}

# A transaction that is going to write. SQLite's plain one could be refused in its middle, when
# another process has written since it read.
BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN"}

# Held until the end of its transaction. SQLite's BEGIN IMMEDIATE has locked the file already.
# The number is ours alone within the ledger's database.
MIGRATE_ALONE = {"sqlite": "", "postgresql": "SELECT pg_advisory_xact_lock(3017001)"}

# A server that is gone without a word is noticed within a minute, instead of two hours; libpq's
# names. What the URL says of them counts.
PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


def create(place: Path | URL) -> Engine:
    """Return the engine of a SQLite file or a PostgreSQL database; nothing is connected yet."""
    return _postgresql(place) if isinstance(place, URL) else _sqlite(place)


def reason(error: DBAPIError) -> str:
    """Return what the driver said, in one line that quotes no value.

    PostgreSQL quotes values in the details of any error, and in the first line of those about
    the values themselves.
    """
    said = error.orig
    diagnosis = getattr(said, "diag", None)  # psycopg's; importing it takes a tenth of a second
    if diagnosis is None:
        return str(said)
    if isinstance(error, DataError | IntegrityError):
        return type(said).__name__
    text = diagnosis.message_primary or str(said)
    return next(iter(text.splitlines()), type(said).__name__)


def _sqlite(path: Path) -> Engine:
    """Open a file in a way that lets commands read while the worker writes.

    An application that is killed loses nothing; a machine that loses power may lose the last
    moments, which the looks into M3 and Walmart make good.
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
    return engine


def _make_private(path: Path) -> None:
    """Let nobody else read it: it says who bought what.

    SQLite gives its side files the same rights.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)


def _set_up(connection: Any, _: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    _switch_to_log(connection)
    connection.execute("PRAGMA synchronous = NORMAL")


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY


# Of several that switch a new file at once, SQLite refuses some in spite of its own patience.
@retry(
    retry=retry_if_exception(_is_busy),
    stop=stop_after_delay(BUSY_MILLISECONDS / 1000),
    wait=wait_random(0.01, 0.05),
    reraise=True,
)
def _switch_to_log(connection: Any) -> None:
    connection.execute("PRAGMA journal_mode = WAL")


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg", query={**PATIENCE, **url.query}),
        isolation_level="AUTOCOMMIT",
        pool_size=CONNECTIONS["postgresql"],
        max_overflow=0,
        # A server that was restarted costs no statement; a look takes a tenth of a millisecond.
        pool_pre_ping=True,
        # A prepared statement fails once a migration has changed its table, and behind poolers.
        connect_args={"prepare_threshold": None, "fallback_application_name": "m3-walmart"},
        hide_parameters=True,
    )
