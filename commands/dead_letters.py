"""`m3-walmart dead-letters`: messages that belong to nothing, and what becomes of them."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table
from temporalio.client import Client

from commands.attention import By
from commands.cli import (
    AsJson,
    Config,
    Mendable,
    check_pair_name,
    console,
    errors,
    read_settings,
    run_work,
    stop,
    with_temporal,
)
from ledger.database import LedgerUnavailable
from ledger.dead_letters import DeadLetter, DeadLetters, LetterCause, LetterSource, LetterState
from ledger.seal import Unsealable
from ledger.store import open_ledger
from settings import DEFAULT_PATH, Settings
from starter.reception import Receivers
from starter.refusals import TemporalUnavailable
from starter.replay import replay
from starter.temporal import OrderWorkflows
from starter.unattributed import Unattributed

app = typer.Typer(help="See what belongs to nothing; replay or discard it.", no_args_is_help=True)

LetterId = Annotated[int, typer.Argument(help="Number of the dead letter.", metavar="ID")]
LetterIds = Annotated[
    list[int] | None, typer.Argument(help="Numbers of dead letters.", metavar="[ID]...")
]
Cause = Annotated[LetterCause | None, typer.Option(help="Only those with this cause.")]


@asynccontextmanager
async def open_letters(settings: Settings) -> AsyncIterator[DeadLetters]:
    """Open the ledger for one command, without what was closed long ago.

    Raises:
        Mendable: the ledger or its key cannot be used.
    """
    try:
        async with open_ledger(settings.ledger.place, keys=settings.ledger.keys) as ledger:
            kept_for = timedelta(days=settings.ledger.keep_closed_days)
            await ledger.dead_letters.purge_closed(before=datetime.now(UTC) - kept_for)
            yield ledger.dead_letters
    except (LedgerUnavailable, Unsealable) as problem:
        raise Mendable(str(problem)) from None


@app.command("list")
def list_command(
    cause: Cause = None,
    source: Annotated[LetterSource | None, typer.Option(help="Only those of this sender.")] = None,
    state: Annotated[
        LetterState, typer.Option(help="Only those in this state.")
    ] = LetterState.OPEN,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """List dead letters, the latest first; those that are open, unless --state says otherwise."""
    settings = read_settings(config)

    async def find() -> tuple[DeadLetter, ...]:
        async with open_letters(settings) as letters:
            return await letters.find(
                cause=cause or "", source=source or "", state=state, limit=limit
            )

    found = run_work(find())
    if as_json:
        _print_json([_as_json(letter) for letter in found])
    else:
        console.print(_table(found) if found else f"no {state} dead letters")


@app.command("show")
def show_command(
    letter_id: LetterId,
    body: Annotated[
        bool, typer.Option("--body", help="Print what was sent; it may name the buyer.")
    ] = False,
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Show one dead letter; what was sent only with --body."""
    settings = read_settings(config)

    async def read() -> dict[str, Any]:
        async with open_letters(settings) as letters:
            shown = _as_json(await _letter(letters, letter_id))
            if body:
                sent = await letters.body(letter_id)
                shown["body"] = sent.decode("utf-8", errors="backslashreplace")
            return shown

    shown = run_work(read())
    if as_json:
        _print_json(shown)
        return
    for name, value in shown.items():
        if value not in ("", None):
            console.print(f"{name}: {value}", highlight=False, soft_wrap=True, markup=False)


@app.command("replay")
def replay_command(
    letter_ids: LetterIds = None,
    cause: Cause = None,
    all_open: Annotated[bool, typer.Option("--all", help="Every open one.")] = False,
    pair: Annotated[
        str,
        typer.Option(help="Whom they are for, if they do not say so.", callback=check_pair_name),
    ] = "",
    by: By = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Hand dead letters over once more. What still belongs to nothing stays open."""
    if bool(letter_ids) + bool(cause) + all_open != 1:
        stop("name dead letters by their numbers, or give --cause or --all")
    settings = read_settings(config)

    async def work(client: Client) -> list[dict[str, Any]]:
        orders, receivers = OrderWorkflows(client), Receivers.of(settings)
        async with open_letters(settings) as letters:

            async def again(letter: DeadLetter) -> dict[str, Any]:
                return await _replay(letters, orders, receivers, letter, pair=pair, by=by)

            return await _each(letters, letter_ids or [], cause, again)

    _report(run_work(with_temporal(work, patience=0)), as_json=as_json)


@app.command("discard")
def discard_command(
    letter_ids: Annotated[
        list[int], typer.Argument(help="Numbers of dead letters.", metavar="ID...")
    ],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the letter.")],
    by: By = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Close dead letters that need nothing to be done."""
    if not reason.strip():
        stop("say why with --reason")
    settings = read_settings(config)

    async def discard(letters: DeadLetters, letter: DeadLetter) -> dict[str, Any]:
        if letter.state is not LetterState.OPEN:
            return _done(letter, letter.state, f"was {letter.state} before")
        await letters.close(
            letter.id, LetterState.DISCARDED, by=by, reason=reason, at=datetime.now(UTC)
        )
        return _done(letter, LetterState.DISCARDED, reason)

    async def work() -> list[dict[str, Any]]:
        async with open_letters(settings) as letters:
            return await _each(letters, letter_ids, None, lambda each: discard(letters, each))

    _report(run_work(work()), as_json=as_json)


async def _each(
    letters: DeadLetters,
    letter_ids: list[int],
    cause: LetterCause | None,
    act: Callable[[DeadLetter], Awaitable[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Act on the letters that are meant, the oldest first, as they came in."""
    if letter_ids:
        meant = [await _letter(letters, letter_id) for letter_id in dict.fromkeys(letter_ids)]
    else:
        found = await letters.find(cause=cause or "", state=LetterState.OPEN)
        meant = sorted(found, key=lambda letter: letter.id)
    return [await act(letter) for letter in meant]


async def _letter(letters: DeadLetters, letter_id: int) -> DeadLetter:
    letter = await letters.letter(letter_id)
    if letter is None:
        raise Mendable(f"there is no dead letter {letter_id}; see `m3-walmart dead-letters list`")
    return letter


async def _replay(
    letters: DeadLetters,
    orders: OrderWorkflows,
    receivers: Receivers,
    letter: DeadLetter,
    *,
    pair: str,
    by: str,
) -> dict[str, Any]:
    """Hand one over and close it; a crash in between leaves it open, and replaying is harmless."""
    if letter.state is not LetterState.OPEN:
        return _done(letter, letter.state, f"was {letter.state} before")
    try:
        taken = await replay(orders, receivers, letter, await letters.body(letter.id), pair=pair)
    except Unattributed as found:
        return _done(letter, LetterState.OPEN, f"still belongs to nothing: {found}")
    except TemporalUnavailable as problem:
        raise Mendable(f"dead letter {letter.id} was not replayed: {problem}") from None
    await letters.close(
        letter.id, LetterState.REPLAYED, by=by, reason=taken.outcome, at=datetime.now(UTC)
    )
    return _done(letter, LetterState.REPLAYED, taken.outcome)


def _done(letter: DeadLetter, state: LetterState, result: str) -> dict[str, Any]:
    return {"id": letter.id, "state": str(state), "result": str(result)}


def _report(done: list[dict[str, Any]], *, as_json: bool) -> None:
    """Say what became of each; end with status 1 when one is still open."""
    if as_json:
        _print_json(done)
    for each in [] if as_json else done:
        console.print(f"{each['id']}: {each['state']}, {each['result']}", highlight=False)
    if not done and not as_json:
        console.print("no open dead letters")
    if still := sum(each["state"] == LetterState.OPEN for each in done):
        errors.print(f"{still} of {len(done)} are still open")
        raise typer.Exit(1)


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(letter).items()
    }


def _print_json(content: object) -> None:
    typer.echo(json.dumps(content, indent=2))


def _table(letters: tuple[DeadLetter, ...]) -> Table:
    # Fits a terminal of 80 columns; what has to give way is folded. Who sent it shows in its kind.
    table = Table("id", "last", "count", "pair", "cause", box=None)
    table.add_column("kind", overflow="fold")
    table.add_column("about", no_wrap=True)
    for letter in letters:
        about = " ".join(filter(None, (letter.purchase_order_id, letter.document_number)))
        table.add_row(
            str(letter.id),
            letter.last_at.strftime("%m-%d %H:%M"),
            str(letter.count),
            letter.pair,
            letter.cause,
            letter.kind,
            about,
        )
    return table
