"""`m3-walmart check-worker`: it passes for a worker of this host that is at work, and only then."""

import os
import socket
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed
from typer.testing import CliRunner

from commands import health
from commands.main import app
from domain.names import ORDERS_TASK_QUEUE


@activity.defn
async def rest() -> None:
    """Nobody asks for this."""


async def test_worker_that_asks_for_work_is_heard(
    temporal: Client, monkeypatch: pytest.MonkeyPatch
):
    until_heard = AsyncRetrying(
        retry=retry_if_result(lambda heard: not heard),
        stop=stop_after_delay(30),
        wait=wait_fixed(0.1),
    )
    async with Worker(temporal, task_queue=ORDERS_TASK_QUEUE, activities=[rest]):
        assert await until_heard(health.hears_worker_of_this_host, temporal)

        with monkeypatch.context() as later:
            later.setattr(health, "SILENCE", timedelta(0))
            assert not await health.hears_worker_of_this_host(temporal), "silent for too long"
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(socket, "gethostname", lambda: "another-container")
            assert not await health.hears_worker_of_this_host(temporal), "somebody else's worker"
        with monkeypatch.context() as later:
            later.setattr(os, "kill", no_such_process)
            assert not await health.hears_worker_of_this_host(temporal), "killed"


def no_such_process(process: int, number: int) -> None:
    raise ProcessLookupError


def test_command_fails_without_a_worker(temporal_address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    monkeypatch.setattr(socket, "gethostname", lambda: "another-container")

    ended = CliRunner().invoke(app, ["check-worker"])

    assert ended.exit_code == 1
    assert "no worker of this host" in ended.output


def test_command_names_a_missing_namespace(temporal_address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")

    ended = CliRunner().invoke(app, ["check-worker"])

    assert ended.exit_code == 2
    assert "Namespace nowhere is not found. Create it, or set TEMPORAL_NAMESPACE" in ended.output
