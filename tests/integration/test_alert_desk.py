"""workflows/alerts.py: from reports of cases to alerts, with skipped time, and once for real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import workflows.alerts
from activities.alerts import AlertActivities, tell_desk
from activities.interceptor import ActivitySurroundings, as_application_error
from connectors.channels import Channels
from domain.alerts import Alert, AlertKind, AlertOutcome, AlertRule, AlertRules
from domain.attention import AttentionReport, Happening, Urgency
from domain.errors import Unavailable
from domain.names import ORDERS_TASK_QUEUE, alert_desk_id
from ledger.store import Ledger
from tests.alert_receiver import AlertReceiver, receiving
from tests.unit.test_alerts_sending import FakeLedger
from workflows.alerts import AlertDesk, GroupSummary

RULES = AlertRules(
    rules=(AlertRule(channels=("ops",)),),
    group=timedelta(seconds=10),
    quiet=timedelta(minutes=30),
)
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def report(
    order: int,
    happening: Happening = Happening.OPENED,
    *,
    urgency: Urgency = Urgency.CALM,
    cause: str = "M3_UNAVAILABLE",
    minute: int = 0,
) -> AttentionReport:
    return AttentionReport(
        pair="acme",
        purchase_order_id=str(order),
        workflow_id=f"order-to-cash/acme/{order}",
        cause=cause,
        happening=happening,
        sentence="M3 does not answer",
        mend="see whether M3 is up",
        since=NOON,
        at=NOON + timedelta(minutes=minute),
        urgency=urgency,
    )


@dataclass
class FakeChannel:
    """Takes alerts under the name the workflow knows; `out` refuses them."""

    out: bool = False
    tries: int = 0
    alerts: list[Alert] = field(default_factory=list)

    @activity.defn
    async def send_alert(self, alert: Alert) -> AlertOutcome:
        self.tries += 1
        if self.out:
            raise as_application_error(Unavailable("channel", "ops", reason="cannot be reached"))
        self.alerts.append(alert)
        return AlertOutcome.SENT

    @property
    def said(self) -> list[tuple[AlertKind, int]]:
        return [(alert.kind, alert.count) for alert in self.alerts]


@dataclass(kw_only=True)
class Desk:
    """The alert desk with a fake channel, in skipped time."""

    environment: WorkflowEnvironment
    channel: FakeChannel

    @property
    def handle(self) -> WorkflowHandle[AlertDesk, None]:
        return self.environment.client.get_workflow_handle_for(AlertDesk.run, alert_desk_id())

    async def hear(self, *reports: AttentionReport) -> None:
        for each in reports:
            await tell_desk(self.environment.client, RULES, each)

    async def pass_time(self, **span: float) -> None:
        await self.environment.sleep(timedelta(**span))

    async def groups(self) -> tuple[GroupSummary, ...]:
        return await self.handle.query(AlertDesk.groups)


@asynccontextmanager
async def working(environment: WorkflowEnvironment, channel: FakeChannel) -> AsyncIterator[Desk]:
    async with Worker(
        environment.client,
        task_queue=ORDERS_TASK_QUEUE,
        workflows=[AlertDesk],
        activities=[channel.send_alert],
        # The tests below change a function of the workflow, which the sandbox would not see.
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield Desk(environment=environment, channel=channel)


@pytest.fixture
async def desk(skipping: WorkflowEnvironment) -> AsyncIterator[Desk]:
    async with working(skipping, FakeChannel()) as desk:
        yield desk


async def test_an_outage_of_m3_with_a_thousand_orders_is_one_alert_with_the_count(desk: Desk):
    await desk.hear(report(0))
    await asyncio.gather(*(desk.hear(report(order)) for order in range(1, 1000)))
    await desk.pass_time(hours=3)

    assert desk.channel.said == [(AlertKind.OPENED, 1000)]
    [alert] = desk.channel.alerts
    assert (alert.pair, alert.cause, alert.channel) == ("acme", "M3_UNAVAILABLE", "ops")
    assert len(alert.examples) == 5


async def test_a_case_that_closes_within_the_wait_sends_nothing(desk: Desk):
    await desk.hear(report(1), report(1, Happening.CLOSED))
    await desk.pass_time(days=1)

    assert desk.channel.said == []
    assert await desk.groups() == ()


async def test_further_cases_wait_for_the_end_of_the_quiet_period(desk: Desk):
    await desk.hear(report(1))
    await desk.pass_time(minutes=1)
    await desk.hear(report(2), report(3))
    await desk.pass_time(minutes=20)
    assert desk.channel.said == [(AlertKind.OPENED, 1)]

    await desk.pass_time(minutes=10)

    assert desk.channel.said == [(AlertKind.OPENED, 1), (AlertKind.CONTINUES, 3)]


async def test_an_escalation_is_sent_within_the_quiet_period(desk: Desk):
    await desk.hear(report(1), report(2))
    await desk.pass_time(minutes=1)
    await desk.hear(
        report(1, Happening.ESCALATED, urgency=Urgency.SOON),
        report(2, Happening.ESCALATED, urgency=Urgency.SOON),
    )
    await desk.pass_time(minutes=1)

    assert desk.channel.said == [(AlertKind.OPENED, 2), (AlertKind.ESCALATED, 2)]
    assert desk.channel.alerts[-1].urgency is Urgency.SOON


async def test_the_end_of_an_outage_is_sent_once(desk: Desk):
    await desk.hear(*(report(order) for order in range(3)))
    await desk.pass_time(hours=1)
    await desk.hear(*(report(order, Happening.CLOSED) for order in range(3)))
    await desk.pass_time(days=1)

    assert desk.channel.said == [(AlertKind.OPENED, 3), (AlertKind.RECOVERED, 3)]
    assert await desk.groups() == ()


async def test_three_days_of_reminders_are_an_alert_each_time(desk: Desk):
    await desk.hear(*(report(order) for order in range(5)))
    for hours in range(4, 73, 4):
        await desk.pass_time(hours=4)
        await desk.hear(
            *(report(order, Happening.REMINDED, minute=hours * 60) for order in range(5))
        )
    await desk.pass_time(hours=1)

    assert desk.channel.said == [(AlertKind.OPENED, 5), *[(AlertKind.CONTINUES, 5)] * 18]


async def test_a_channel_that_is_out_for_a_while_gets_its_alert_once(desk: Desk):
    desk.channel.out = True
    await desk.hear(report(1))
    await desk.pass_time(minutes=30)
    assert desk.channel.tries > 3

    desk.channel.out = False
    await desk.pass_time(minutes=10)

    assert desk.channel.said == [(AlertKind.OPENED, 1)]


async def test_a_channel_that_stays_out_is_shown_and_tried_anew(desk: Desk):
    desk.channel.out = True
    await desk.hear(report(1))
    await desk.pass_time(minutes=70)

    [group] = await desk.groups()
    assert group.failure == "channel ops: cannot be reached"
    assert not group.alerted
    desk.channel.out = False
    await desk.pass_time(minutes=40)

    assert desk.channel.said == [(AlertKind.OPENED, 1)]
    [group] = await desk.groups()
    assert group.failure == ""


async def test_a_channel_that_is_out_holds_up_no_other_group(desk: Desk):
    desk.channel.out = True
    await desk.hear(report(1))
    await desk.pass_time(minutes=5)
    desk.channel.out = False
    await desk.hear(report(2, cause="UNKNOWN_SKU"))
    await desk.pass_time(minutes=5)

    assert sorted(alert.cause for alert in desk.channel.alerts) == ["M3_UNAVAILABLE", "UNKNOWN_SKU"]


async def test_a_long_history_goes_on_as_a_new_run_and_forgets_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        workflows.alerts, "_is_long", lambda: workflow.info().get_current_history_length() > 30
    )
    await desk.hear(report(0))
    first = (await desk.handle.describe()).run_id
    await desk.pass_time(minutes=1)
    for order in range(1, 30):
        await desk.hear(report(order))
    await desk.pass_time(minutes=1)
    assert (await desk.handle.describe()).run_id != first
    await desk.pass_time(minutes=30)
    await desk.hear(report(3))  # the same report again
    for order in range(30):
        await desk.hear(report(order, Happening.CLOSED))
    await desk.pass_time(minutes=1)

    assert desk.channel.said == [
        (AlertKind.OPENED, 1),
        (AlertKind.CONTINUES, 30),
        (AlertKind.RECOVERED, 30),
    ]


async def test_an_alert_that_waits_for_its_channel_is_taken_along_into_a_new_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        workflows.alerts, "_is_long", lambda: workflow.info().get_current_history_length() > 30
    )
    desk.channel.out = True
    await desk.hear(report(0))
    first = (await desk.handle.describe()).run_id
    await desk.pass_time(minutes=1)
    for order in range(1, 30):
        await desk.hear(report(order))
    await desk.pass_time(minutes=1)
    assert (await desk.handle.describe()).run_id != first

    desk.channel.out = False
    await desk.pass_time(minutes=10)

    assert desk.channel.said == [(AlertKind.OPENED, 1)]


async def test_a_signal_that_is_none_changes_nothing(desk: Desk):
    await desk.hear(report(1))
    await desk.handle.signal("attention_reported", {"swordfish": 1})
    await desk.pass_time(minutes=1)

    assert desk.channel.said == [(AlertKind.OPENED, 1)]


@asynccontextmanager
async def at_work(temporal: Client) -> AsyncIterator[tuple[AlertActivities, AlertReceiver]]:
    """All there is on the real server: activity, desk, activity, HTTP."""
    rules = AlertRules(
        rules=RULES.rules, group=timedelta(seconds=0.1), link="http://web/{workflow_id}"
    )
    async with receiving() as receiver:
        channels = Channels({"ops": receiver.url})
        activities = AlertActivities(rules, channels, cast(Ledger, FakeLedger()))
        async with Worker(
            temporal,
            task_queue=ORDERS_TASK_QUEUE,
            workflows=[AlertDesk],
            activities=[activities.report_attention, activities.send_alert],
            interceptors=[ActivitySurroundings()],
        ):
            yield activities, receiver
            await temporal.get_workflow_handle(alert_desk_id()).terminate()


async def test_a_case_and_its_end_reach_a_service(temporal: Client):
    async with at_work(temporal) as (activities, receiver):
        environment = ActivityEnvironment(temporal)
        await environment.run(activities.report_attention, report(1))
        opened = await receiver.taken.get()
        await environment.run(activities.report_attention, report(1, Happening.CLOSED))
        over = await receiver.taken.get()

    assert opened["title"] == "M3_UNAVAILABLE: 1 order of pair acme"
    assert "Purchase order 1 http://web/order-to-cash%2Facme%2F1" in opened["message"]
    assert over["title"] == "M3_UNAVAILABLE is over: 1 order of pair acme"


async def test_a_desk_that_was_terminated_is_started_by_the_next_report(temporal: Client):
    async with at_work(temporal) as (activities, receiver):
        environment = ActivityEnvironment(temporal)
        await environment.run(activities.report_attention, report(1))
        await receiver.taken.get()
        await temporal.get_workflow_handle(alert_desk_id()).terminate()
        await environment.run(activities.report_attention, report(2))
        message = await receiver.taken.get()

    assert message["title"] == "M3_UNAVAILABLE: 1 order of pair acme"


async def test_desk_replays(skipping: WorkflowEnvironment):
    """In the sandbox, and without a cache: every task replays what was before."""
    channel = FakeChannel()
    async with Worker(
        skipping.client,
        task_queue=ORDERS_TASK_QUEUE,
        workflows=[AlertDesk],
        activities=[channel.send_alert],
        max_cached_workflows=0,
    ):
        desk = Desk(environment=skipping, channel=channel)
        await desk.hear(report(1), report(2))
        await desk.pass_time(minutes=1)
        await desk.hear(report(1, Happening.CLOSED), report(2, Happening.CLOSED))
        await desk.pass_time(minutes=1)

    assert channel.said == [(AlertKind.OPENED, 2), (AlertKind.RECOVERED, 2)]
