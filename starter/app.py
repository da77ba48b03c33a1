"""The starter: an HTTP process between the outside and Temporal.

It keeps only what belongs to nothing, among the ledger's dead letters.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from temporalio.client import Client

from ledger.database import LedgerUnavailable
from ledger.dead_letters import DeadLetters
from ledger.store import open_ledger
from settings import Settings, StarterSettings
from starter import ion
from starter.reception import Receivers, Reception, answer_refusal
from starter.refusals import Refusal
from starter.temporal import OrderWorkflows
from starter.webhooks import issue_webhook_token, receive_webhook

log = structlog.get_logger()

# Longer than one hand-over may take, so that what was taken is answered before the process ends.
SHUTDOWN_SECONDS = 10


def create_app(settings: Settings, client: Client, letters: DeadLetters) -> Starlette:
    """Return the starter for every pair of the settings.

    Args:
        settings: the whole settings file.
        client: connected lazily, so that the starter starts, stays up and refuses with 503 while
            Temporal is away; with the pydantic data converter, as the worker's.
        letters: where messages go that belong to nothing.
    """
    app = Starlette(
        routes=[
            Route("/webhooks/walmart/{pair}", receive_webhook, methods=["POST"]),
            Route("/webhooks/walmart/{pair}/token", issue_webhook_token, methods=["POST"]),
            Mount("/ion", routes=_ion_routes()),
            Route("/health", health),
            Route("/ready", ready),
            Route("/metrics", metrics),
        ],
        exception_handlers={Refusal: answer_refusal},
    )
    app.state.reception = Reception(
        receivers=Receivers.of(settings),
        orders=OrderWorkflows(client),
        letters=letters,
        alerts=settings.alerts.to_rules(),
    )
    return app


def _ion_routes() -> list[Route]:
    return [
        Route("/ping", ion.ping),
        Route("/protocol", ion.protocol),
        Route("/discovery", ion.discovery, methods=["GET", "POST"]),
        Route("/v3/discovery", ion.discovery, methods=["GET", "POST"]),
        Route("/v3/multipartMessage", ion.receive_multipart, methods=["POST"]),
        Route("/v2/multipartMessage", ion.receive_multipart_v2, methods=["POST"]),
        Route("/multipartMessage", ion.receive_multipart_v2, methods=["POST"]),
        Route("/message", ion.receive_document, methods=["POST"]),
    ]


async def health(request: Request) -> Response:
    """GET /health. 200 while the process lives, whatever Temporal does."""
    reachable = await _orders(request).reachable()
    return JSONResponse({"status": "live", "temporal": "reachable" if reachable else "unreachable"})


async def ready(request: Request) -> Response:
    """GET /ready. 200 while events can be handed over, else 503."""
    reachable = await _orders(request).reachable()
    return JSONResponse({"ready": reachable}, status_code=200 if reachable else 503)


async def metrics(request: Request) -> Response:
    """GET /metrics, in Prometheus' text format."""
    reception: Reception = request.app.state.reception
    try:
        waiting = await reception.letters.count_open()
    except LedgerUnavailable:
        waiting = None
    text = reception.counters.exposition(open_dead_letters=waiting)
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


def _orders(request: Request) -> OrderWorkflows:
    orders: OrderWorkflows = request.app.state.reception.orders
    return orders


def listen(starter: StarterSettings) -> socket.socket:
    """Open the address the starter listens on; port 0 takes a free one.

    Raises:
        OSError: the address is in use or not ours.
    """
    family = socket.AF_INET6 if ":" in starter.host else socket.AF_INET
    return socket.create_server((starter.host, starter.port), family=family, backlog=1024)


async def serve(
    settings: Settings, client: Client, *, listener: socket.socket | None = None
) -> None:
    """Serve until SIGINT, SIGTERM or cancellation, and answer what was begun by then.

    Args:
        settings: the whole settings file.
        client: as for `create_app`.
        listener: an open socket, from `listen`; opened here when missing.

    Raises:
        LedgerUnavailable, Unsealable: as `open_ledger` does.
    """
    listener = listener or listen(settings.starter)
    async with open_ledger(settings.ledger.place, keys=settings.ledger.keys) as ledger:
        kept_for = timedelta(days=settings.ledger.keep_closed_days)
        await ledger.dead_letters.purge_closed(before=datetime.now(UTC) - kept_for)
        await _serve(settings, create_app(settings, client, ledger.dead_letters), listener)


async def _serve(settings: Settings, app: Starlette, listener: socket.socket) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )
    host, port = listener.getsockname()[:2]
    for pair in settings.pairs:
        if pair.webhooks.unsigned or pair.ion.unsigned:
            log.warning("proof_of_origin_waived", pair=pair.name, mend="set a method and a secret")
    log.info("starter_opened", host=host, port=port, pairs=[pair.name for pair in settings.pairs])
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
    finally:
        log.info("starter_closed", host=host, port=port)


class _Server(uvicorn.Server):
    """A uvicorn server for which being asked to stop is no failure.

    uvicorn's own repeats the signal once it has stopped, so that the process ends by it.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGINT and SIGTERM while the block runs; a second SIGINT does not wait."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
