"""Metrics of the worker: what became of alerts, and where Prometheus finds it."""

import socket
from typing import cast

import httpx
import pytest
import typer
from temporalio.runtime import Runtime
from temporalio.testing import ActivityEnvironment

from activities.alerts import AlertActivities
from commands.metrics import serve_metrics
from connectors.channels import Channels
from domain.alerts import AlertOutcome
from domain.errors import Unavailable
from ledger.store import Ledger
from settings import WorkerSettings
from tests.alert_receiver import receiving
from tests.unit.test_alerts import ALERT, LINKED
from tests.unit.test_alerts_sending import FakeLedger


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def runtimes(monkeypatch: pytest.MonkeyPatch) -> list[Runtime]:
    """What would become the runtime of the process."""
    runtimes: list[Runtime] = []
    monkeypatch.setattr(Runtime, "set_default", runtimes.append)
    return runtimes


async def test_alerts_are_counted_by_channel_and_outcome(port: int, runtimes: list[Runtime]):
    serve_metrics(WorkerSettings(metrics_port=port))
    [runtime] = runtimes
    async with receiving() as receiver:
        receiver.refusals = [404]
        channels = Channels({"ops": receiver.url})
        activities = AlertActivities(LINKED, channels, cast(Ledger, FakeLedger()))
        environment = ActivityEnvironment()
        environment.metric_meter = runtime.metric_meter

        with pytest.raises(Unavailable):
            await environment.run(activities.send_alert, ALERT)
        await environment.run(activities.send_alert, ALERT)
        assert await environment.run(activities.send_alert, ALERT) is AlertOutcome.UNKNOWN

    async with httpx.AsyncClient() as http:
        lines = (await http.get(f"http://127.0.0.1:{port}/metrics")).text.splitlines()
    counted = [line for line in lines if line.startswith("m3_walmart_alerts_sent_total{")]
    assert len(counted) == 3
    for outcome in ("failed", "sent", "unknown"):
        [line] = [line for line in counted if f'outcome="{outcome}"' in line]
        assert 'channel="ops"' in line
        assert line.endswith(" 1")


def test_without_a_port_nothing_is_served(runtimes: list[Runtime]):
    serve_metrics(WorkerSettings())

    assert runtimes == []


def test_a_port_that_is_taken_ends_the_worker_with_one_line(
    runtimes: list[Runtime], capsys: pytest.CaptureFixture[str]
):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(typer.Exit):
            serve_metrics(WorkerSettings(metrics_port=port))

    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"worker.metrics_port: 127.0.0.1:{port} cannot be used: ")
    assert runtimes == []
