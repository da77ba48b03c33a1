"""`m3-walmart dead-letters replay` against a real Temporal server. No worker runs."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client
from typer.testing import CliRunner, Result

from commands.main import app
from domain.names import order_workflow_id
from ledger.dead_letters import DeadLetters
from ledger.store import open_ledger
from tests.settings_samples import PAIR, SECRET_NAMES
from tests.starter_messages import (
    ION_SECRET,
    api_message,
    bod,
    caller,
    deliver,
    ims_parameters,
    order_update,
    signed,
)


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, temporal_address: str) -> Path:
    """Settings of the pair `acme`, whose ledger is beside them."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    for name in SECRET_NAMES:
        monkeypatch.setenv(name, "swordfish")
    path = tmp_path / "m3-walmart.toml"
    path.write_text(f'{PAIR}\n[ledger]\npath = "ledger.db"\n', encoding="utf-8")
    return path


@pytest.fixture
async def letters(tmp_path: Path) -> AsyncIterator[DeadLetters]:
    async with open_ledger(tmp_path / "ledger.db") as ledger:
        yield ledger.dead_letters


@pytest.fixture
async def starter(temporal: Client, letters: DeadLetters) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(temporal, letters=letters) as http:
        yield http


async def run(config: Path, *words: str) -> Result:
    """Run a command; like a terminal, it has its own thread and event loop."""
    line = ["dead-letters", *words, "--config", str(config)]
    return await asyncio.to_thread(CliRunner().invoke, app, line)


async def replay(config: Path, *words: str) -> list[dict[str, Any]]:
    result = await run(config, "replay", *words, "--by", "ann", "--json")
    done: list[dict[str, Any]] = json.loads(result.stdout)
    assert result.exit_code == any(each["state"] == "open" for each in done)
    return done


def new_order() -> str:
    return str(uuid4().int)[:13]


async def test_all_that_can_be_attributed_by_now_is_replayed_and_the_rest_stays_open(
    config: Path, temporal: Client, starter: httpx.AsyncClient, letters: DeadLetters
):
    placed, unknown = new_order(), new_order()
    await deliver(starter, order_update(placed), pair="renamed")
    await starter.post("/webhooks/walmart/acme", content=b"{", headers=signed(b"{"))
    shipment = api_message(
        bod("Shipment", purchase_order_id=unknown), ims_parameters("Sync.Shipment")
    )
    await starter.post("/ion/message", content=shipment, headers={"X-ION": ION_SECRET})

    done = await replay(config, "--all", "--pair", "acme")

    assert [each["state"] for each in done] == ["replayed", "open", "open"]
    assert done[0]["result"] == "started"
    assert all("still belongs to nothing" in each["result"] for each in done[1:])
    assert await temporal.get_workflow_handle(order_workflow_id("acme", placed)).describe()
    assert [letter.count for letter in await letters.find()] == [1, 1, 1]


async def test_letter_is_replayed_once(
    config: Path, starter: httpx.AsyncClient, letters: DeadLetters
):
    await deliver(starter, order_update(new_order()), pair="renamed")
    [letter] = await letters.find()
    number = str(letter.id)

    [first] = await replay(config, number, "--pair", "acme")
    [second] = await replay(config, number, "--pair", "acme")

    assert first == {"id": letter.id, "state": "replayed", "result": "started"}
    assert second == {"id": letter.id, "state": "replayed", "result": "was replayed before"}
    closed = await letters.letter(letter.id)
    assert closed is not None
    assert (closed.closed_by, closed.closed_reason) == ("ann", "started")


async def test_letters_of_one_cause_are_replayed_together(
    config: Path, starter: httpx.AsyncClient, letters: DeadLetters
):
    for order in (new_order(), new_order()):
        await deliver(starter, order_update(order), pair="renamed")
    await starter.post("/webhooks/walmart/acme", content=b"{", headers=signed(b"{"))

    done = await replay(config, "--cause", "UNKNOWN_PAIR", "--pair", "acme")

    assert [each["result"] for each in done] == ["started", "started"]
    assert await letters.count_open() == 1


async def test_outage_of_temporal_leaves_letters_open(
    config: Path,
    starter: httpx.AsyncClient,
    letters: DeadLetters,
    monkeypatch: pytest.MonkeyPatch,
):
    await deliver(starter, order_update(new_order()), pair="renamed")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "not-created-yet")

    result = await run(config, "replay", "--all", "--pair", "acme")

    assert result.exit_code == 2
    assert "was not replayed" in result.stderr
    assert await letters.count_open() == 1
