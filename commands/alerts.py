"""`m3-walmart alerts`: try the channels that tell people of cases."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from activities.alerts import record_result
from commands.cli import AsJson, Config, Mendable, console, read_settings, run_work
from connectors.channels import ChannelError, Channels
from domain.alerts import AlertKind
from domain.errors import Unavailable
from ledger.database import LedgerUnavailable
from ledger.seal import Unsealable
from ledger.store import open_ledger
from settings import DEFAULT_PATH, Settings

app = typer.Typer(help="Try the channels that tell people of cases.", no_args_is_help=True)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What became of one test message."""

    channel: str
    problem: str = ""  # empty: it was sent


@dataclass(frozen=True, kw_only=True)
class ChannelState:
    """What is known of a channel without using it."""

    channel: str
    last: str = ""
    problem: str = ""
    mend: str = ""


async def try_channels(settings: Settings, only: str = "") -> list[Trial]:
    """Send a test message to each channel, or to one.

    Raises:
        Mendable: the settings have no such channel, or none at all, or its address is none.
    """
    urls = settings.alerts.urls()
    if not urls:
        raise Mendable("no channels; add [alerts.channels] to the settings")
    if only and only not in urls:
        raise Mendable(f"no channel {only}, only {', '.join(urls)}; see [alerts.channels]")
    try:
        channels = Channels({only: urls[only]} if only else urls)
    except ChannelError as error:
        raise Mendable(str(error)) from None
    return [await _try(channels, name) for name in channels.names]


async def _try(channels: Channels, channel: str) -> Trial:
    try:
        await channels.send(
            channel,
            title="Test of m3-walmart's alerts",
            body=f"The channel {channel} works. Sent {_moment(datetime.now(UTC))}.",
            kind=AlertKind.TEST,
        )
    except Unavailable as error:
        return Trial(channel=channel, problem=str(error))
    return Trial(channel=channel)


async def keep(settings: Settings, trials: list[Trial]) -> None:
    """Keep what became of the trials, for `m3-walmart doctor`.

    Raises:
        Mendable: the ledger cannot be written.
    """
    # A ledger's file is made by the worker, whose user may be another.
    if not settings.ledger.may_be_there:
        return
    try:
        async with open_ledger(settings.ledger.place, keys=settings.ledger.keys) as ledger:
            for trial in trials:
                await record_result(ledger, trial.channel, error=trial.problem)
    except (LedgerUnavailable, Unsealable) as error:
        raise Mendable(f"`doctor` will not know of this: {error}") from None


async def channel_states(settings: Settings) -> AsyncIterator[ChannelState]:
    """Yield what is known of each channel: its address, its rules, what it did last."""
    urls = settings.alerts.urls()
    if not urls:
        return
    named = {name for rule in settings.alerts.rules for name in rule.channels}
    try:
        results = await _last_results(settings)
    except (LedgerUnavailable, Unsealable) as error:
        yield ChannelState(
            channel=", ".join(urls),
            problem=f"no word on what it did last: {error}",
            mend="see that the path or url of [ledger], and its key, are those of the worker",
        )
        return
    for name, url in urls.items():
        try:
            Channels({name: url})
        except ChannelError as error:
            yield ChannelState(channel=name, problem=str(error), mend="mend the address")
            continue
        if name not in named:
            yield ChannelState(
                channel=name,
                problem="no rule names it, so nothing is sent there",
                mend=f'add [[alerts.rules]] with channels = ["{name}"]',
            )
            continue
        yield results.get(name, ChannelState(channel=name, last="never used"))


async def _last_results(settings: Settings) -> dict[str, ChannelState]:
    if not settings.ledger.may_be_there:
        return {}
    async with open_ledger(settings.ledger.place, keys=settings.ledger.keys) as ledger:
        return {
            result.channel: _state(result.channel, error=result.error, at=result.at)
            for result in await ledger.channel_results()
        }


def _state(channel: str, *, error: str, at: datetime) -> ChannelState:
    if not error:
        return ChannelState(channel=channel, last=f"sent {_moment(at)}")
    return ChannelState(
        channel=channel,
        problem=f"{error.removeprefix(f'channel {channel}: ')} ({_moment(at)})",
        mend=f"check its address and service, then `m3-walmart alerts test {channel}`",
    )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


@app.command("test")
def try_command(
    channel: Annotated[str, typer.Argument(help="Its name; all when left out.")] = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Send a test message to each channel and say what became of it."""
    settings = read_settings(config)
    trials = run_work(try_channels(settings, channel))
    if as_json:
        console.print_json(json.dumps([asdict(trial) for trial in trials]))
    else:
        for trial in trials:
            said = trial.problem or f"channel {trial.channel}: sent"
            console.print(said, highlight=False, markup=False)
    run_work(keep(settings, trials))
    if any(trial.problem for trial in trials):
        raise typer.Exit(1)
