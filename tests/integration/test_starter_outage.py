"""The starter outlives Temporal: it starts before it, refuses while it is away, and goes on."""

import asyncio
import contextlib
import socket
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from activities.search_attributes import NEEDS_ATTENTION, PAIR, PURCHASE_ORDER_ID, STAGE
from settings import StarterSettings
from starter.app import listen, serve
from tests.starter_messages import caller, deliver, order_update, settings_with


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def test_starter_starts_without_temporal_and_recovers(
    temporal_binary: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    port = free_port()
    client = await Client.connect(
        f"127.0.0.1:{port}", lazy=True, data_converter=pydantic_data_converter
    )
    settings = settings_with(ledger=tmp_path / "ledger.db")
    listener = listen(StarterSettings(port=0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    serving = asyncio.create_task(serve(settings, client, listener=listener))

    async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
        before = await deliver(http, order_update("1"))
        environment = await WorkflowEnvironment.start_local(
            dev_server_existing_path=temporal_binary,
            dev_server_log_level="error",
            port=port,
            search_attributes=[PAIR, PURCHASE_ORDER_ID, STAGE, NEEDS_ATTENTION],
        )
        async with environment:
            ready = await http.get("/ready")
            after = await deliver(http, order_update("1"))
        monkeypatch.setattr("starter.temporal.HAND_OVER_SECONDS", 0.05)
        away_again = await deliver(http, order_update("2"))
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving

    assert before.status_code == 503
    assert ready.status_code == 200
    assert after.json() == {"outcome": "started"}
    assert away_again.status_code == 503


async def test_server_that_accepts_and_never_answers_is_an_outage(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("starter.temporal.HAND_OVER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = await Client.connect(f"127.0.0.1:{silent.getsockname()[1]}", lazy=True)
        async with caller(client) as http:
            assert (await deliver(http, order_update("1"))).status_code == 503
            assert (await http.get("/ready")).status_code == 503


async def test_serving_ends_when_cancelled_and_frees_its_port(tmp_path: Path):
    client = await Client.connect("127.0.0.1:1", lazy=True)
    listener = listen(StarterSettings(port=0))
    port = listener.getsockname()[1]
    settings = settings_with(ledger=tmp_path / "ledger.db")
    serving = asyncio.create_task(serve(settings, client, listener=listener))
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"http://127.0.0.1:{port}/ion/ping")).status_code == 200

    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

    listen(StarterSettings(port=port)).close()
