"""The command `m3-walmart`."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

import simulators.server
import starter.app
from commands import alerts, attention, dead_letters, health, inventory, orders
from commands import doctor as doctor_checks
from commands.cli import Config, console, errors, read_settings, run_work, with_temporal
from commands.demo.inventory import InventoryOptions, run_inventory_demo
from commands.demo.run import DemoOptions, run_demo
from commands.demo.simulators import Simulators, subscribe_starter
from commands.demo.troubles import run_troubles
from commands.logs import configure_logs
from commands.metrics import serve_metrics
from commands.temporal import (
    apply_inventory_schedules,
    apply_sweep_schedule,
    connect,
    register_search_attributes,
)
from domain.names import SEARCH_ATTRIBUTE_TYPES
from settings import DEFAULT_PATH
from worker import run_worker

app = typer.Typer(
    help="Durable business processes between Infor M3 and Walmart Marketplace.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
demo_app = typer.Typer(help="Run everything on this machine against simulators.")
schedules_app = typer.Typer(help="Set up what runs by the clock.", no_args_is_help=True)
app.add_typer(demo_app, name="demo")
app.add_typer(orders.app, name="orders")
app.add_typer(attention.app, name="attention")
app.add_typer(alerts.app, name="alerts")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(inventory.app, name="inventory")
app.add_typer(schedules_app, name="schedules")


@demo_app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    orders: Annotated[int, typer.Option(min=1, help="How many orders to place.")] = 25,
    exit: Annotated[bool, typer.Option("--exit", help="End when the orders have.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
    faults: Annotated[float, typer.Option(min=0, max=1, help="Share of calls that fail.")] = 0,
    seed: Annotated[int, typer.Option(help="Chooses the orders and the faults.")] = 1,
    troubles: Annotated[
        bool, typer.Option("--troubles", help="Every cause happens, and an operator resolves it.")
    ] = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Run everything on this machine against simulators, and show orders on their way.

    The demo writes its own settings; --config is taken so that every command has it.
    """
    if context.invoked_subcommand:
        return
    options = DemoOptions(
        orders=orders,
        faults=faults,
        seed=seed,
        stay=not exit and console.is_terminal,
        report=report,
    )
    if not run_work((run_troubles if troubles else run_demo)(options, console)):
        raise typer.Exit(1)


@demo_app.command("inventory")
def demo_inventory(
    items: Annotated[int, typer.Option(min=1, help="How many items are for sale.")] = 1_000,
    minutes: Annotated[float, typer.Option(min=0, help="How long stock moves.")] = 2.0,
    report: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
    seed: Annotated[int, typer.Option(help="Chooses stock, moves and sales.")] = 1,
    exit: Annotated[bool, typer.Option("--exit", help="It always ends by itself.")] = True,
    config: Config = DEFAULT_PATH,
) -> None:
    """Let stock move in M3 and sell at Walmart, and show how Walmart follows."""
    options = InventoryOptions(items=items, minutes=minutes, seed=seed, report=report)
    if not run_work(run_inventory_demo(options, console)):
        raise typer.Exit(1)


@app.command()
def worker(config: Config = DEFAULT_PATH) -> None:
    """Run the worker: it does the work of the orders. Start as many as you need."""
    configure_logs()
    settings = read_settings(config)
    serve_metrics(settings.worker)
    run_work(with_temporal(lambda client: run_worker(client, settings)))


@app.command()
def check_worker(config: Config = DEFAULT_PATH) -> None:
    """Tell whether Temporal hears from a worker of this host; for health checks.

    It reads no settings; --config is taken so that every command has it.
    """
    if not run_work(with_temporal(health.hears_worker_of_this_host, patience=0)):
        errors.print("no worker of this host has asked Temporal for work lately; see its log")
        raise typer.Exit(1)


@app.command(name="starter")
def run_starter(config: Config = DEFAULT_PATH) -> None:
    """Run the starter: it takes Walmart's webhooks and ION's messages."""
    configure_logs()
    settings = read_settings(config)

    async def serve() -> None:
        # It has to answer while Temporal is away, so it does not wait for a connection.
        await starter.app.serve(settings, await connect(lazy=True))

    run_work(serve())


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
    settings = read_settings(config) if starter_url else None

    async def ready(urls: simulators.server.BaseUrls) -> None:
        console.print(f"Walmart at {urls.walmart}, M3 at {urls.m3}")
        if settings:
            controls = Simulators(walmart=urls.walmart, m3=urls.m3)
            await subscribe_starter(controls, starter_url.rstrip("/"), settings.pairs[0])
            await controls.close()

    run_work(simulators.server.serve(walmart_port, m3_port, host, ready=ready))


@app.command()
def doctor(config: Config = DEFAULT_PATH) -> None:
    """Try every connection once and say what is wrong and what mends it."""
    if not run_work(doctor_checks.print_findings(read_settings(config), console)):
        raise typer.Exit(1)


@schedules_app.command("apply")
def apply_schedules(config: Config = DEFAULT_PATH) -> None:
    """Register the search attributes and create or update the schedules of every pair."""
    settings = read_settings(config)

    async def apply(client: Client) -> None:
        console.print(await _search_attributes(client))
        for pair in settings.pairs:
            schedule_id = await apply_sweep_schedule(client, pair.to_pair())
            console.print(f"{schedule_id}: every {pair.sweep_interval_seconds:g} s")
            for schedule_id in await apply_inventory_schedules(client, pair.to_pair()):
                console.print(schedule_id)

    run_work(with_temporal(apply, patience=0))


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


def run() -> None:
    """Entry point of the installed command."""
    app()


if __name__ == "__main__":
    sys.exit(app())
