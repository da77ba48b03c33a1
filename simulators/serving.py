"""One simulator under uvicorn, in a loop it shares with others."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from simulators.faults import CuttableConnections

SHUTDOWN_SECONDS = 2


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve one app while the block runs; yield its base URL.

    Raises:
        OSError: the port is taken.
    """
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol; with it on,
    # every answer waits 40 ms for the client's delayed acknowledgement.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        server = _Server(
            uvicorn.Config(
                CuttableConnections(app),
                lifespan="on",
                access_log=False,
                log_config=None,  # leave the logging of this process alone
                log_level="warning",
                proxy_headers=False,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        task = asyncio.create_task(server.serve(sockets=[listener]))
        started = asyncio.create_task(server.listening.wait())
        await asyncio.wait((task, started), return_when=asyncio.FIRST_COMPLETED)
        try:
            if task.done():
                started.cancel()
                await task
                raise OSError("the simulator did not start")
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


class _Server(uvicorn.Server):
    """A uvicorn server that tells when it listens and leaves signals to its process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say so."""
        await super().startup(sockets)
        if self.started:
            self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: two servers share this process, and often others too."""
        yield
