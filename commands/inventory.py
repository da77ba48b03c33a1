"""`m3-walmart inventory`: what Walmart shows of M3's stock, and what needs a person."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from commands.cli import (
    Config,
    Mendable,
    console,
    read_settings,
    run_work,
    with_temporal,
)
from domain.inventory_runs import ApproveStock, CollectorStatus, InventorySyncInput, Scope
from domain.names import INVENTORY_TASK_QUEUE, inventory_collector_id, inventory_sync_id
from domain.offers import OfferCase, Standing
from ledger.store import open_ledger
from settings import DEFAULT_PATH, Settings
from workflows.inventory import InventorySync

app = typer.Typer(help="Walmart's stock as it follows M3's.", no_args_is_help=True)

Pair = Annotated[str, typer.Option("--pair", help="Name of the pair, where there are several.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def sync(
    scope: Annotated[Scope, typer.Option(help="How much is looked at.")] = Scope.CHANGES,
    pair: Pair = "",
    config: Config = DEFAULT_PATH,
) -> None:
    """Look at stock now, and say what was seen; Walmart is told by the collector."""
    name = _pair(read_settings(config), pair)

    async def run(client: Client) -> None:
        result = await client.execute_workflow(
            InventorySync.run,
            InventorySyncInput(pair=name, scope=scope),
            id=f"{inventory_sync_id(name, scope)}/command",
            task_queue=INVENTORY_TASK_QUEUE,
        )
        for key, value in asdict(result).items():
            console.print(f"{key:12} {value}", highlight=False)

    run_work(with_temporal(run, patience=0))


@app.command()
def show(pair: Pair = "", as_json: Json = False, config: Config = DEFAULT_PATH) -> None:
    """Show how many offers stand where, and whether something waits for approval."""
    settings = read_settings(config)
    name = _pair(settings, pair)

    async def look(client: Client) -> None:
        async with open_ledger(settings.ledger.place, keys=settings.ledger.keys) as ledger:
            standing = await ledger.offers.standing(name)
        _print_standing(standing, await _status(client, name), as_json=as_json)

    run_work(with_temporal(look, patience=0))


@app.command()
def cases(
    pair: Pair = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 50,
    as_json: Json = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """List offers that need a person: refused too often, or nobody knows what to show."""
    settings = read_settings(config)
    name = _pair(settings, pair)

    async def look() -> list[OfferCase]:
        async with open_ledger(settings.ledger.place, keys=settings.ledger.keys) as ledger:
            return await ledger.offers.cases(name, limit=limit)

    found = run_work(look())
    if as_json:
        console.print_json(json.dumps([asdict(each) for each in found]))
        return
    for each in found:
        console.print(
            f"{each.offer.sku} at {each.offer.ship_node}: {each.cause}: {each.problem}",
            highlight=False,
        )
    console.print(f"{len(found)} offers need a person." if found else "No offer needs a person.")


@app.command()
def retry(
    sku: Annotated[str, typer.Argument(help="SKU as Walmart writes it.")],
    pair: Pair = "",
    config: Config = DEFAULT_PATH,
) -> None:
    """Compute the offers of a SKU anew and send them at once, however often they were refused."""
    settings = read_settings(config)
    name = _pair(settings, pair)

    async def again(client: Client) -> None:
        async with open_ledger(settings.ledger.place, keys=settings.ledger.keys) as ledger:
            count = await ledger.offers.retry(name, sku)
        if not count:
            raise Mendable(f"no offer of SKU {sku} needs a person; see `inventory cases`")
        await client.execute_workflow(
            InventorySync.run,
            InventorySyncInput(pair=name),
            id=f"{inventory_sync_id(name, Scope.CHANGES)}/command",
            task_queue=INVENTORY_TASK_QUEUE,
        )
        console.print(f"{count} offers of {sku} are sent again.")

    run_work(with_temporal(again, patience=0))


@app.command()
def approve(
    pair: Pair = "",
    by: Annotated[str, typer.Option(help="Who approves.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    config: Config = DEFAULT_PATH,
) -> None:
    """Let a change of much at once go on that the brake of inventory.yaml holds."""
    name = _pair(read_settings(config), pair)

    async def answer(client: Client) -> None:
        status = await _status(client, name)
        if status is None or not status.held:
            raise Mendable(f"nothing of pair {name} waits for approval")
        collector = client.get_workflow_handle(inventory_collector_id(name))
        await collector.signal("approve", ApproveStock(by=by, reason=reason))
        console.print(f"Approved: {status.held}.")

    run_work(with_temporal(answer, patience=0))


async def _status(client: Client, pair: str) -> CollectorStatus | None:
    collector = client.get_workflow_handle(inventory_collector_id(pair))
    try:
        status: CollectorStatus = await collector.query("status", result_type=CollectorStatus)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None  # nothing has been sent yet
        raise
    return status


def _print_standing(standing: Standing, status: CollectorStatus | None, *, as_json: bool) -> None:
    held = status.held if status else ""
    if as_json:
        console.print_json(json.dumps({**asdict(standing), "held": held}))
        return
    for key, value in asdict(standing).items():
        console.print(f"{key:12} {value}", highlight=False)
    if held:
        console.print(f"Held: {held}. Look at it, then: m3-walmart inventory approve", style="red")


def _pair(settings: Settings, name: str) -> str:
    """Return the pair that is meant.

    Raises:
        Mendable: there are several and none is named, or it is unknown, or it keeps no stock.
    """
    known = {pair.name: pair for pair in settings.pairs}
    if not name and len(known) == 1:
        [name] = known
    if name not in known:
        raise Mendable(f"name one of the pairs: --pair {' | '.join(sorted(known))}")
    if not known[name].inventory.enabled:
        raise Mendable(f"pair {name}: set `enabled = true` in [pairs.inventory]")
    return name
