"""The command `m3-walmart`."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Never, TypeVar

import structlog
import typer
import uvloop
from rich.console import Console
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

import simulators.server
import starter.app
from commands import doctor as doctor_checks
from commands import health, orders
from commands.demo.processes import PartFailed
from commands.demo.run import DemoOptions, run_demo
from commands.demo.simulators import Simulators, subscribe_starter
from commands.logs import configure_logs
from commands.temporal import (
    address,
    apply_sweep_schedule,
    connect,
    is_unreachable,
    misses_namespace,
    register_search_attributes,
)
from connectors.ionapi import IonApiError
from domain.names import SEARCH_ATTRIBUTE_TYPES
from domain.orders import OrderRef, Stage
from mappings.problems import MappingError
from settings import DEFAULT_PATH, PAIR_NAME, Settings, SettingsError, load_settings
from worker import run_worker

Result = TypeVar("Result")

app = typer.Typer(
    help="Durable business processes between Infor M3 and Walmart Marketplace.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
orders_app = typer.Typer(help="See, start and retry orders.", no_args_is_help=True)
schedules_app = typer.Typer(help="Set up what runs by the clock.", no_args_is_help=True)
app.add_typer(orders_app, name="orders")
app.add_typer(schedules_app, name="schedules")

log = structlog.get_logger()
console = Console()
errors = Console(stderr=True)

Config = Annotated[
    Path,
    typer.Option("--config", envvar="M3_WALMART_CONFIG", help="The settings file (TOML)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def _pair_name(name: str) -> str:
    """Refuse what cannot be a pair's name, before it becomes part of a list filter."""
    if name and not re.fullmatch(PAIR_NAME, name):
        raise typer.BadParameter("a pair's name has lower-case letters, digits and hyphens")
    return name


PairName = Annotated[
    str,
    typer.Option(
        "--pair", help="Name of the pair; needed when there are several.", callback=_pair_name
    ),
]
PurchaseOrder = Annotated[
    str, typer.Argument(help="Walmart's purchaseOrderId.", metavar="PURCHASE_ORDER")
]

# Errors whose text says all a person needs.
MENDABLE = (
    SettingsError,
    MappingError,
    IonApiError,
    PartFailed,
    orders.NoSuchOrder,
    orders.NoAnswer,
)

# How long the worker waits for Temporal to come up before it gives up with a message.
TEMPORAL_PATIENCE_SECONDS = 120


@app.command()
def demo(
    orders: Annotated[int, typer.Option(min=1, help="How many orders to place.")] = 25,
    exit: Annotated[bool, typer.Option("--exit", help="End when the orders have.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
    faults: Annotated[float, typer.Option(min=0, max=1, help="Share of calls that fail.")] = 0,
    seed: Annotated[int, typer.Option(help="Chooses the orders and the faults.")] = 1,
    config: Config = DEFAULT_PATH,
) -> None:
    """Run everything on this machine against simulators, and show orders on their way.

    The demo writes its own settings; --config is taken so that every command has it.
    """
    options = DemoOptions(
        orders=orders,
        faults=faults,
        seed=seed,
        stay=not exit and console.is_terminal,
        report=report,
    )
    if not _run(run_demo(options, console)):
        raise typer.Exit(1)


@app.command()
def worker(config: Config = DEFAULT_PATH) -> None:
    """Run the worker: it does the work of the orders. Start as many as you need."""
    configure_logs()
    settings = _settings(config)
    _run(_with_temporal(lambda client: run_worker(client, settings)))


@app.command()
def check_worker(config: Config = DEFAULT_PATH) -> None:
    """Tell whether Temporal hears from a worker of this host; for health checks.

    It reads no settings; --config is taken so that every command has it.
    """
    if not _run(_with_temporal(health.hears_worker_of_this_host, patience=0)):
        errors.print("no worker of this host has asked Temporal for work lately; see its log")
        raise typer.Exit(1)


@app.command(name="starter")
def run_starter(config: Config = DEFAULT_PATH) -> None:
    """Run the starter: it takes Walmart's webhooks and ION's messages."""
    configure_logs()
    settings = _settings(config)

    async def serve() -> None:
        # It has to answer while Temporal is away, so it does not wait for a connection.
        await starter.app.serve(settings, await connect(lazy=True))

    _run(serve())


@app.command(name="simulators")
def run_simulators(
    walmart_port: Annotated[int, typer.Option(help="Port of the Walmart stand-in.")] = 8081,
    m3_port: Annotated[int, typer.Option(help="Port of the M3 stand-in.")] = 8082,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    starter_url: Annotated[
        str, typer.Option("--starter", help="Tell the starter at this URL what happens.")
    ] = "",
    config: Config = DEFAULT_PATH,
) -> None:
    """Run stand-ins of Walmart Marketplace and Infor M3, to try the service without either.

    They read no settings; with --starter, those of the first pair.
    """
    settings = _settings(config) if starter_url else None

    async def ready(urls: simulators.server.BaseUrls) -> None:
        console.print(f"Walmart at {urls.walmart}, M3 at {urls.m3}")
        if settings:
            controls = Simulators(walmart=urls.walmart, m3=urls.m3)
            await subscribe_starter(controls, starter_url.rstrip("/"), settings.pairs[0])
            await controls.close()

    _run(simulators.server.serve(walmart_port, m3_port, host, ready=ready))


@app.command()
def doctor(config: Config = DEFAULT_PATH) -> None:
    """Try every connection once and say what is wrong and what mends it."""
    if not _run(doctor_checks.print_findings(_settings(config), console)):
        raise typer.Exit(1)


@schedules_app.command("apply")
def apply_schedules(config: Config = DEFAULT_PATH) -> None:
    """Register the search attributes and create or update the schedules of every pair."""
    settings = _settings(config)

    async def apply(client: Client) -> None:
        console.print(await _search_attributes(client))
        for pair in settings.pairs:
            schedule_id = await apply_sweep_schedule(client, pair.to_pair())
            console.print(f"{schedule_id}: every {pair.sweep_interval_seconds:g} s")

    _run(_with_temporal(apply, patience=0))


async def _search_attributes(client: Client) -> str:
    """Add what is missing, and say so; or say what to add where only an administrator may."""
    try:
        added = await register_search_attributes(client)
    except RPCError as error:
        # Temporal Cloud lets no client add them.
        if error.status not in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            raise
        wanted = ", ".join(f"{name} ({kind})" for name, kind in SEARCH_ATTRIBUTE_TYPES.items())
        return f"search attributes cannot be added from here; see that there are {wanted}"
    return (
        f"search attributes added: {', '.join(added)}" if added else "search attributes: all there"
    )


@orders_app.command("list")
def list_orders(
    pair: PairName = "",
    stage: Annotated[Stage | None, typer.Option(help="Only orders at this stage.")] = None,
    attention: Annotated[
        bool, typer.Option("--attention", help="Only orders that need a person.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """List orders and where they stand, the latest first."""
    wanted = orders.OrderFilter(pair=pair, stage=stage, attention=attention, limit=limit)

    async def rows(client: Client) -> list[orders.OrderRow]:
        return [row async for row in orders.list_orders(client, wanted)]

    orders.print_rows(console, _run(_with_temporal(rows, patience=0)), as_json=as_json)


@orders_app.command("show")
def show_order(
    purchase_order_id: PurchaseOrder,
    pair: PairName = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Show one order: its numbers, what it waits for, and what happened to it."""
    ref = _ref(config, pair, purchase_order_id)
    summary, timeline = _run(
        _with_temporal(lambda client: orders.show_order(client, ref), patience=0)
    )
    orders.print_order(console, summary, timeline, as_json=as_json)


@orders_app.command("start")
def start_order(
    purchase_order_id: PurchaseOrder, pair: PairName = "", config: Config = DEFAULT_PATH
) -> None:
    """Start an order by hand; one that is known already is left as it is."""
    ref = _ref(config, pair, purchase_order_id)
    started = _run(_with_temporal(lambda client: orders.start(client, ref), patience=0))
    console.print("started" if started else "known already; see `m3-walmart orders show`")


@orders_app.command("retry")
def retry_order(
    purchase_order_id: PurchaseOrder, pair: PairName = "", config: Config = DEFAULT_PATH
) -> None:
    """Run the failed step of an order again, once what it asked for is mended."""
    ref = _ref(config, pair, purchase_order_id)
    _run(_with_temporal(lambda client: orders.retry_order(client, ref), patience=0))
    console.print("asked to retry; see `m3-walmart orders show`")


def _settings(path: Path) -> Settings:
    try:
        return load_settings(path)
    except SettingsError as error:
        _stop(str(error))


def _ref(config: Path, pair: str, purchase_order_id: str) -> OrderRef:
    """Name an order; the only pair of the settings need not be named."""
    if not pair:
        names = [each.name for each in _settings(config).pairs]
        if len(names) > 1:
            _stop(f"several pairs ({', '.join(names)}); name one with --pair")
        pair = names[0]
    return OrderRef(pair=pair, purchase_order_id=purchase_order_id)


async def _with_temporal(
    use: Callable[[Client], Awaitable[Result]], *, patience: float = TEMPORAL_PATIENCE_SECONDS
) -> Result:
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(RuntimeError),
        stop=stop_after_delay(patience),
        wait=wait_fixed(1),
        before_sleep=lambda state: log.info("waiting_for_temporal", seconds=state.idle_for),
        reraise=True,
    ):
        with attempt:
            client = await connect()
    return await use(client)


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end; what a person can mend ends with one line instead of a traceback."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except asyncio.CancelledError:  # the demo's answer to SIGTERM
        raise typer.Exit(143) from None
    except MENDABLE as error:
        _stop(str(error))
    except (RPCError, RuntimeError) as error:
        if message := _about_temporal(error):
            _stop(message)
        raise


def _about_temporal(error: RPCError | RuntimeError) -> str:
    """Return what mends Temporal's absence, or nothing when the error is about something else."""
    if isinstance(error, RPCError):
        if misses_namespace(error):
            return f"Temporal at {address()}: {error} Create it, or set TEMPORAL_NAMESPACE"
        return f"Temporal at {address()} does not answer: {error}" if is_unreachable(error) else ""
    if str(error).startswith("Failed client connect"):
        return f"Temporal at {address()} cannot be reached; start it or set TEMPORAL_ADDRESS"
    return ""


def _stop(message: str) -> Never:
    # Brackets in a message are its own: [[pairs]] is no markup of Rich.
    errors.print(message, style="red", highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(2)


def run() -> None:
    """Entry point of the installed command."""
    app()


if __name__ == "__main__":
    sys.exit(app())
