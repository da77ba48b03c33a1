"""The demo: everything runs, orders arrive, and each is followed to its end."""

import asyncio
import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.live import Live
from temporalio.client import Client

from commands.demo.report import OrderEnd, Report, make_report, order_ends
from commands.demo.stack import Ports, Stack, open_stack
from commands.demo.watch import picture, totals

FOLDER = Path(".m3-walmart/demo")
LOOK_EVERY_SECONDS = 0.5
SAY_EVERY_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the command line asked for."""

    orders: int = 25
    faults: float = 0.0  # share of calls that fail
    seed: int = 1
    stay: bool = True  # until Ctrl-C, rather than end by itself
    report: Path | None = None
    # No order moved for this long: the demo gives up and says which are stuck.
    patience_seconds: float = 180.0


async def run_demo(options: DemoOptions, console: Console) -> bool:
    """Run the demo; return whether every order reached its right end.

    Raises:
        PartFailed: a part did not start or ended by itself.
    """
    ports = Ports()
    end_at_sigterm()
    console.print("Starting Temporal, both simulators, the worker and the starter ...")
    async with open_stack(FOLDER, ports) as (stack, client):
        _print_addresses(console, ports)
        await set_the_scene(stack, options)
        started = time.monotonic()
        await stack.simulators.tell_walmart(
            "orders",
            {
                "count": options.orders,
                "mix": "mixed",
                "seed": options.seed,
                # As fast as a busy shop; all at once would only measure the queue.
                "interval_seconds": 0.1,
            },
        )
        ends = await _follow(stack, client, options, console, started)
        audit = await stack.simulators.audit()
        report = await make_report(client, audit, ends, seconds=time.monotonic() - started)
        _print_report(console, report, ends, audit)
        if options.report:
            options.report.write_text(json.dumps(report.to_json(), indent=2) + "\n")
        if options.stay:
            await _stay(stack, console)
    return report.succeeded and report.orders == options.orders


def end_at_sigterm() -> None:
    """Let SIGTERM cancel the running task, which stops its parts; they would run on without it."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def set_the_scene(stack: Stack, options: DemoOptions) -> None:
    """Set the simulators' pace, and what goes wrong in them."""
    simulators = stack.simulators
    # Walmart's real limits (60 acknowledgements a minute) would make 200 orders take minutes.
    await simulators.tell_walmart("limits", {"scale": 100.0})
    await simulators.tell_m3(
        "warehouse",
        {
            "delay_seconds": 2.0,
            "invoice_delay_seconds": 1.0,
            "partial_share": 0.15,
            "packages_share": 0.2,
            "running": True,
            "seed": options.seed,
        },
    )
    if not options.faults:
        return
    faults = {"share": options.faults, "seed": options.seed, "slow_seconds": 1.0}
    await simulators.tell_walmart("faults", faults)
    await simulators.tell_m3("faults", faults)
    await simulators.tell_walmart(
        "webhooks", {"copies": 3, "drop": 0.1, "seed": options.seed, "retry_seconds": [1, 3, 9]}
    )


async def _follow(
    stack: Stack, client: Client, options: DemoOptions, console: Console, started: float
) -> list[OrderEnd]:
    """Show the orders until all are at their right end, or none has moved for long."""
    ends: list[OrderEnd] = []
    moved_at = said_at = time.monotonic()
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while True:
            stack.check()
            before, ends = ends, await order_ends(client, await stack.simulators.audit())
            now = time.monotonic()
            moved_at = now if ends != before else moved_at
            if console.is_terminal:
                live.update(picture(ends, seconds=now - started))
            elif now - said_at >= SAY_EVERY_SECONDS:
                console.print(totals(ends, seconds=now - started))
                said_at = now
            complete = len(ends) >= options.orders and all(end.right for end in ends)
            if complete or now - moved_at > options.patience_seconds:
                return ends
            await asyncio.sleep(LOOK_EVERY_SECONDS)


def _print_addresses(console: Console, ports: Ports) -> None:
    host = "http://127.0.0.1"
    console.print(f"Temporal Web UI    {host}:{ports.web_ui}/namespaces/default/workflows")
    console.print(f"Temporal           127.0.0.1:{ports.temporal}")
    console.print(f"Walmart simulator  {host}:{ports.walmart}/_sim/audit")
    console.print(f"M3 simulator       {host}:{ports.m3}/_sim/audit")
    console.print(f"Starter            {host}:{ports.starter}/metrics")


def _print_report(
    console: Console, report: Report, ends: list[OrderEnd], audit: dict[str, object]
) -> None:
    figures = report.to_json()
    figures.pop("requests")
    console.print()
    for name, value in figures.items():
        console.print(f"{name.replace('_', ' '):28} {value}")
    wrong = [end for end in ends if not end.right]
    for end in wrong[:20]:
        console.print(
            f"[red]{end.purchase_order_id} was to end {end.expected} and stands at "
            f"{end.stage or 'nothing'}[/red]"
        )
    verdict = "Every order reached its right end." if report.succeeded else "Not every order did."
    console.print(verdict, style="bold green" if report.succeeded else "bold red")


async def _stay(stack: Stack, console: Console) -> None:
    console.print("Everything stays up; Ctrl-C stops it.")
    while True:
        stack.check()
        await asyncio.sleep(1)
