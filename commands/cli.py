"""What every command shares: options, settings, Temporal, and how errors are said."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Never, TypeVar

import structlog
import typer
import uvloop
from rich.console import Console
from temporalio.client import Client
from temporalio.service import RPCError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from commands.temporal import address, connect, is_unreachable, misses_namespace
from connectors.channels import ChannelError
from connectors.ionapi import IonApiError
from domain.orders import OrderRef
from ledger.database import LedgerUnavailable
from ledger.seal import Unsealable
from mappings.problems import MappingError
from settings import PAIR_NAME, Settings, SettingsError, load_settings

Result = TypeVar("Result")


class Mendable(Exception):
    """A command cannot do what it was asked; the text says all a person needs."""


log = structlog.get_logger()
console = Console()
errors = Console(stderr=True)

Config = Annotated[
    Path,
    typer.Option("--config", envvar="M3_WALMART_CONFIG", help="The settings file (TOML)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def check_pair_name(name: str) -> str:
    """Refuse what cannot be a pair's name, before it becomes part of a list filter."""
    if name and not re.fullmatch(PAIR_NAME, name):
        raise typer.BadParameter("a pair's name has lower-case letters, digits and hyphens")
    return name


PairName = Annotated[
    str,
    typer.Option(
        "--pair", help="Name of the pair; needed when there are several.", callback=check_pair_name
    ),
]
PurchaseOrder = Annotated[
    str, typer.Argument(help="Walmart's purchaseOrderId.", metavar="PURCHASE_ORDER")
]

# Errors whose text says all a person needs.
MENDABLE = (
    Mendable,
    SettingsError,
    MappingError,
    IonApiError,
    ChannelError,
    LedgerUnavailable,
    Unsealable,
)

# How long the worker waits for Temporal to come up before it gives up with a message.
TEMPORAL_PATIENCE_SECONDS = 120


def read_settings(path: Path) -> Settings:
    """Read the settings file, or end with the one line that mends it."""
    try:
        return load_settings(path)
    except SettingsError as error:
        stop(str(error))


def name_order(config: Path, pair: str, purchase_order_id: str) -> OrderRef:
    """Name an order; the only pair of the settings need not be named."""
    if not pair:
        names = [each.name for each in read_settings(config).pairs]
        if len(names) > 1:
            stop(f"several pairs ({', '.join(names)}); name one with --pair")
        pair = names[0]
    return OrderRef(pair=pair, purchase_order_id=purchase_order_id)


async def with_temporal(
    use: Callable[[Client], Awaitable[Result]], *, patience: float = TEMPORAL_PATIENCE_SECONDS
) -> Result:
    """Connect to Temporal, waiting for it `patience` seconds, and use the client."""
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


def run_work(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end; what a person can mend ends with one line instead of a traceback."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except asyncio.CancelledError:  # the demo's answer to SIGTERM
        raise typer.Exit(143) from None
    except MENDABLE as error:
        stop(str(error))
    except (RPCError, RuntimeError) as error:
        if message := _about_temporal(error):
            stop(message)
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


def stop(message: str) -> Never:
    """End the command with one line and status 2."""
    # Brackets in a message are its own: [[pairs]] is no markup of Rich.
    errors.print(message, style="red", highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(2)
