"""activities/alerts.py and connectors/channels.py: an alert leaves once, and no secret with it."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import pytest
from structlog.testing import capture_logs
from temporalio.testing import ActivityEnvironment

from activities.alerts import AlertActivities
from connectors.channels import ChannelError, Channels
from domain.alerts import Alert, AlertKind, AlertOutcome, AlertRules
from domain.errors import Unavailable
from ledger.store import Ledger
from tests.alert_receiver import AlertReceiver, receiving
from tests.unit.test_alerts import ALERT, LINKED, REPORT

NOBODY = "json://127.0.0.1:1/swordfish"  # nobody listens on port 1


class FakeLedger:
    """Remembers alerts and results as the ledger does, until the process ends."""

    def __init__(self) -> None:
        self.intended: set[tuple[str, str]] = set()
        self.results: list[tuple[str, bool, str]] = []

    async def intend_alert(self, alert_id: str, channel: str, *, at: datetime) -> bool:
        first = (alert_id, channel) not in self.intended
        self.intended.add((alert_id, channel))
        return first

    async def forget_alert(self, alert_id: str, channel: str) -> None:
        self.intended.remove((alert_id, channel))

    async def record_channel_result(
        self, channel: str, *, ok: bool, error: str, at: datetime
    ) -> None:
        self.results.append((channel, ok, error))


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest.fixture
async def receiver() -> AsyncIterator[AlertReceiver]:
    async with receiving() as receiver:
        yield receiver


def activities(ledger: FakeLedger, *, rules: AlertRules = LINKED, **urls: str) -> AlertActivities:
    return AlertActivities(rules, Channels(urls), cast(Ledger, ledger))


async def sent(ledger: FakeLedger, url: str, alert: Alert = ALERT) -> AlertOutcome:
    return await ActivityEnvironment().run(activities(ledger, ops=url).send_alert, alert)


async def test_an_alert_arrives_with_title_body_and_type(
    ledger: FakeLedger, receiver: AlertReceiver
):
    assert await sent(ledger, receiver.url) is AlertOutcome.SENT

    message = receiver.taken.get_nowait()
    assert message["title"] == "M3_UNAVAILABLE: 37 orders of pair acme"
    assert message["message"].startswith("M3 does not answer\nWhat mends it: see whether M3 is up")
    assert message["type"] == "warning"
    assert ledger.results == [("ops", True, "")]


@pytest.mark.parametrize(
    ("kind", "kind_of_message"),
    [(AlertKind.RECOVERED, "success"), (AlertKind.ESCALATED, "failure")],
)
async def test_services_are_told_how_grave_it_is(
    ledger: FakeLedger, receiver: AlertReceiver, kind: AlertKind, kind_of_message: str
):
    await sent(ledger, receiver.url, replace(ALERT, kind=kind))

    assert receiver.taken.get_nowait()["type"] == kind_of_message


async def test_an_alert_whose_attempt_was_cut_off_is_not_sent_again(
    ledger: FakeLedger, receiver: AlertReceiver
):
    ledger.intended.add((ALERT.alert_id, "ops"))

    assert await sent(ledger, receiver.url) is AlertOutcome.UNKNOWN

    assert receiver.requests == 0


async def test_an_alert_that_was_not_taken_is_sent_again(
    ledger: FakeLedger, receiver: AlertReceiver
):
    receiver.refusals = [503]
    with pytest.raises(Unavailable, match=r"^channel ops: refused with HTTP 503$") as caught:
        await sent(ledger, receiver.url)
    assert caught.value.retryable

    assert await sent(ledger, receiver.url) is AlertOutcome.SENT

    assert receiver.requests == 2
    assert ledger.results == [
        ("ops", False, "channel ops: refused with HTTP 503"),
        ("ops", True, ""),
    ]


async def test_a_service_that_is_out_is_tried_again(ledger: FakeLedger):
    with pytest.raises(Unavailable, match=r"^channel ops: cannot be reached$"):
        await sent(ledger, NOBODY)

    assert ledger.intended == set()


async def test_a_channel_that_is_gone_from_the_settings_is_named(ledger: FakeLedger):
    alert = replace(ALERT, channel="boss")

    with pytest.raises(Unavailable, match=r"^channel boss: not in this worker's settings$"):
        await sent(ledger, NOBODY, alert)


async def test_one_alert_goes_to_each_of_two_channels(ledger: FakeLedger, receiver: AlertReceiver):
    both = activities(ledger, ops=receiver.url, boss=receiver.url)

    for channel in ("ops", "boss"):
        await ActivityEnvironment().run(both.send_alert, replace(ALERT, channel=channel))

    assert receiver.requests == 2


class Kept(logging.Handler):
    """Keeps what reaches the root logger, which is what the service writes."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Kept:
    caplog.set_level(logging.INFO)  # the level of the service
    kept = Kept()
    monkeypatch.setattr(logging.getLogger(), "handlers", [kept])
    return kept


async def test_no_address_gets_into_a_log_or_an_error(
    ledger: FakeLedger, receiver: AlertReceiver, kept: Kept
):
    receiver.refusals = [404]
    said: list[Any] = []
    with capture_logs() as logs:
        for url in (NOBODY, receiver.url, receiver.url):
            try:
                await sent(ledger, url)
            except Unavailable as error:
                said.append((str(error), error.cause, error.mend))

    written = f"{said} {logs} {ledger.results} {kept.said}"
    assert len(said) == 2
    assert "swordfish" not in written
    assert "127.0.0.1" not in written


async def test_what_became_of_alerts_is_logged(ledger: FakeLedger, receiver: AlertReceiver):
    receiver.refusals = [404]
    with capture_logs() as logs, pytest.raises(Unavailable):
        await sent(ledger, receiver.url)
    with capture_logs() as later:
        await sent(ledger, receiver.url)

    assert [(log["log_level"], log["channel"], log["outcome"]) for log in (*logs, *later)] == [
        ("warning", "ops", "failed"),
        ("info", "ops", "sent"),
    ]


@pytest.mark.parametrize("url", ["swordfish", "swordfish://x", "json://", "slack://swordfish"])
def test_an_address_that_is_none_is_refused_and_not_repeated(url: str):
    with pytest.raises(ChannelError, match=r"^alerts\.channels\.ops: ") as caught:
        Channels({"ops": url})

    assert "swordfish" not in str(caught.value)


async def test_without_channels_nobody_is_told(ledger: FakeLedger):
    class Temporal:
        """Fails when it is used."""

    environment = ActivityEnvironment(cast(Any, Temporal()))

    await environment.run(activities(ledger).report_attention, REPORT)
