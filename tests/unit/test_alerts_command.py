"""`m3-walmart alerts test`, and what `doctor` knows of channels."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from activities.alerts import record_result
from commands.alerts import ChannelState, Trial, channel_states, keep, try_channels
from commands.cli import Mendable
from commands.main import app
from ledger.store import open_ledger
from settings import Settings, load_settings
from tests.alert_receiver import AlertReceiver, receiving
from tests.settings_samples import PAIR, SECRET_NAMES

NOBODY = "json://127.0.0.1:1/swordfish"  # nobody listens on port 1
TODAY = f"{datetime.now(UTC):%Y-%m}"


@pytest.fixture
async def receiver() -> AsyncIterator[AlertReceiver]:
    async with receiving() as receiver:
        yield receiver


class Surroundings:
    """A settings file with channels, and rules for all but those named `unruled`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = folder / "m3-walmart.toml"
        self._environment = monkeypatch

    def settings(self, **urls: str) -> Settings:
        content = PAIR
        if urls:
            content += "\n[alerts.channels]\n"
        for name, url in urls.items():
            self._environment.setenv(f"URL_{name.upper()}", url)
            content += f'{name} = "env:URL_{name.upper()}"\n'
        for name in urls:
            if name != "unruled":
                content += f'[[alerts.rules]]\nchannels = ["{name}"]\n'
        self.path.write_text(content)
        return load_settings(self.path)


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Surroundings:
    for name in SECRET_NAMES:
        monkeypatch.setenv(name, "swordfish")
    return Surroundings(tmp_path, monkeypatch)


async def states(settings: Settings) -> list[ChannelState]:
    return [state async for state in channel_states(settings)]


async def test_each_channel_gets_a_message_and_is_told_apart(
    around: Surroundings, receiver: AlertReceiver
):
    trials = await try_channels(around.settings(ops=receiver.url, boss=NOBODY))

    assert trials == [
        Trial(channel="ops"),
        Trial(channel="boss", problem="channel boss: cannot be reached"),
    ]
    assert receiver.titles() == ["Test of m3-walmart's alerts"]


async def test_one_channel_can_be_tried_alone(around: Surroundings, receiver: AlertReceiver):
    trials = await try_channels(around.settings(ops=receiver.url, boss=NOBODY), "ops")

    assert trials == [Trial(channel="ops")]


@pytest.mark.parametrize(
    ("urls", "only", "said"),
    [
        ({}, "", r"add \[alerts.channels\] to the settings"),
        ({"ops": NOBODY}, "boss", "no channel boss, only ops; see"),
        ({"ops": "swordfish"}, "", "alerts.channels.ops: apprise does not understand"),
    ],
)
async def test_what_cannot_be_tried_is_said(
    around: Surroundings, urls: dict[str, str], only: str, said: str
):
    with pytest.raises(Mendable, match=said):
        await try_channels(around.settings(**urls), only)


def test_command_says_what_did_not_work_and_ends_with_a_failure(around: Surroundings):
    around.settings(ops=NOBODY)

    result = CliRunner().invoke(app, ["alerts", "test", "--config", str(around.path)])

    assert result.exit_code == 1
    assert result.output == "channel ops: cannot be reached\n"


def test_command_prints_json_for_other_programs(around: Surroundings):
    around.settings(ops=NOBODY)

    result = CliRunner().invoke(
        app, ["alerts", "test", "ops", "--json", "--config", str(around.path)]
    )

    assert json.loads(result.stdout) == [
        {"channel": "ops", "problem": "channel ops: cannot be reached"}
    ]


async def test_doctor_knows_what_each_channel_did_last(around: Surroundings):
    settings = around.settings(ops=NOBODY, boss=NOBODY, night=NOBODY)
    async with open_ledger(settings.ledger.path, keys=settings.ledger.keys) as ledger:
        await record_result(ledger, "boss", error="channel boss: cannot be reached")
        await record_result(ledger, "boss")
        await record_result(ledger, "night", error="channel night: refused with HTTP 404")

    ops, boss, night = await states(settings)

    assert ops == ChannelState(channel="ops", last="never used")
    assert boss.last.startswith(f"sent {TODAY}")
    assert boss.problem == ""
    assert night.problem.startswith(f"refused with HTTP 404 ({TODAY}")
    assert night.mend == "check its address and service, then `m3-walmart alerts test night`"


async def test_doctor_makes_no_ledger(around: Surroundings):
    settings = around.settings(ops=NOBODY)

    assert await states(settings) == [ChannelState(channel="ops", last="never used")]
    assert not settings.ledger.path.exists()


async def test_doctor_names_a_channel_nothing_is_sent_to(around: Surroundings):
    [state] = await states(around.settings(unruled=NOBODY))

    assert state.problem == "no rule names it, so nothing is sent there"


async def test_doctor_names_an_address_that_is_none(around: Surroundings):
    [state] = await states(around.settings(ops="swordfish"))

    assert state.problem.startswith("alerts.channels.ops: apprise does not understand this address")
    assert "swordfish" not in state.problem


async def test_doctor_says_when_it_cannot_read_the_ledger(around: Surroundings):
    settings = around.settings(ops=NOBODY)
    settings.ledger.path.parent.mkdir(parents=True)
    settings.ledger.path.write_text("this is no database, however long one reads it")

    [state] = await states(settings)

    assert state.problem.startswith("no word on what it did last: ")


async def test_a_trial_is_what_a_channel_did_last(around: Surroundings, receiver: AlertReceiver):
    settings = around.settings(ops=receiver.url)
    async with open_ledger(settings.ledger.path, keys=settings.ledger.keys) as ledger:
        await record_result(ledger, "ops", error="channel ops: cannot be reached")

    await keep(settings, await try_channels(settings))

    [state] = await states(settings)
    assert state.problem == ""
