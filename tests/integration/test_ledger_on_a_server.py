"""Worker, starter and commands of several machines that share one ledger on PostgreSQL."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import URL
from temporalio.client import Client

from commands.alerts import ChannelState, Trial, channel_states, keep
from commands.dead_letters import open_letters
from ledger.store import open_ledger
from settings import Settings, load_settings
from simulators.m3.authorization import ionapi_file
from tests.settings_samples import PAIR, SECRET_NAMES
from tests.starter_messages import caller, deliver, order_update
from worker import open_services

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDER = "1796277083022"
SERVER = """
[ledger]
url = "file:ledger_url"
key = "file:ledger.key"
[alerts.channels]
ops = "env:OPS"
[[alerts.rules]]
channels = ["ops"]
"""


@pytest.fixture
def machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_url: URL
) -> tuple[Settings, Settings]:
    """The settings of two machines: the same, in folders of their own."""
    for name in SECRET_NAMES:
        monkeypatch.setenv(name, "walmart-signs-with-this")
    monkeypatch.setenv("OPS", "json://127.0.0.1:1")
    key = Fernet.generate_key().decode()
    found = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "acme.ionapi").write_text(json.dumps(ionapi_file("http://m3", old=False)))
        (folder / "ledger.key").write_text(f"{key}\n")
        url = postgresql_url.render_as_string(hide_password=False)
        (folder / "ledger_url").write_text(f"{url}\n")
        (folder / "m3-walmart.toml").write_text(PAIR + SERVER)
        found.append(load_settings(folder / "m3-walmart.toml"))
    return found[0], found[1]


async def test_workers_know_of_each_others_writes_and_of_what_people_said(
    machines: tuple[Settings, Settings],
):
    async with open_services(machines[0]) as one, open_services(machines[1]) as other:
        sealed = one.ledger.seal.seal("1 Main Street")
        await one.ledger.save_address("acme", ORDER, sealed)

        assert await one.ledger.intend("acme", ORDER, "add_head", at=NOON)
        assert not await other.ledger.intend("acme", ORDER, "add_head", at=NOON)
        found = await other.ledger.address("acme", ORDER)
        assert found is not None
        assert other.ledger.seal.open(found) == "1 Main Street"


async def test_dead_letter_of_one_machine_is_seen_on_the_other(
    machines: tuple[Settings, Settings], temporal: Client
):
    one, other = machines
    async with (
        open_ledger(one.ledger.place, keys=one.ledger.keys) as ledger,
        caller(temporal, letters=ledger.dead_letters) as starter,
    ):
        response = await deliver(starter, order_update(ORDER), pair="renamed")
        assert response.json() == {"outcome": "dead_letter"}

    async with open_letters(other) as letters:
        [letter] = await letters.find()
        assert letter.cause == "UNKNOWN_PAIR"
        assert json.loads(await letters.body(letter.id)) == order_update(ORDER)


async def test_what_a_channel_did_last_is_known_on_the_other_machine(
    machines: tuple[Settings, Settings],
):
    one, other = machines
    await keep(one, [Trial(channel="ops")])

    [state] = [state async for state in channel_states(other)]

    assert isinstance(state, ChannelState)
    assert state.last.startswith("sent 2")
    assert not list(Path(str(other.ledger.path)).parent.glob("*"))
