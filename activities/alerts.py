"""Tell people: hand cases to the alert desk, and send its alerts."""

from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from connectors.channels import Channels
from domain.alerts import (
    Alert,
    AlertOutcome,
    AlertRules,
    DeskInput,
    DeskReport,
    body_of,
    title_of,
)
from domain.attention import AttentionReport
from domain.errors import Unavailable
from domain.names import ALERT_DESK, ORDERS_TASK_QUEUE, alert_desk_id
from ledger.store import Ledger

log = structlog.get_logger()

# A call that takes longer is taken for an outage of Temporal; the activity is tried again.
START_TIMEOUT = timedelta(seconds=5)

# Labels: channel (a name from the settings) and outcome (sent, unknown, failed).
ALERTS_COUNTER = "m3_walmart_alerts_sent_total"


class AlertActivities:
    """From a case to a message on somebody's phone."""

    def __init__(self, rules: AlertRules, channels: Channels, ledger: Ledger) -> None:
        self._rules = rules
        self._channels = channels
        self._ledger = ledger

    @activity.defn
    async def report_attention(self, report: AttentionReport) -> None:
        """Tell the alert desk what happened to a case; without channels nobody is told.

        Repeating: the desk knows the report by (workflow_id, cause, since, happening, at) and
        takes it once.
        """
        if self._channels.names:
            await tell_desk(activity.client(), self._rules, report)

    @activity.defn
    async def send_alert(self, alert: Alert) -> AlertOutcome:
        """Send one alert to its channel.

        Repeating: an alert whose sending is known to have failed is sent again. Where an earlier
        attempt was cut off, nobody knows whether it arrived, and it is not sent again: the case
        is in `m3-walmart attention` all the same, and reminders follow.

        Raises:
            Unavailable: it was not sent.
        """
        if not await self._ledger.intend_alert(alert.alert_id, alert.channel, at=datetime.now(UTC)):
            self._count(alert, AlertOutcome.UNKNOWN)
            return AlertOutcome.UNKNOWN
        try:
            await send(self._channels, self._rules, alert)
        except Unavailable as error:
            await self._ledger.forget_alert(alert.alert_id, alert.channel)
            await record_result(self._ledger, alert.channel, error=str(error))
            self._count(alert, AlertOutcome.FAILED)
            raise
        await record_result(self._ledger, alert.channel)
        self._count(alert, AlertOutcome.SENT)
        return AlertOutcome.SENT

    def _count(self, alert: Alert, outcome: AlertOutcome) -> None:
        counter = activity.metric_meter().create_counter(
            ALERTS_COUNTER, "Alerts, by channel and what became of them"
        )
        counter.add(1, {"channel": alert.channel, "outcome": outcome})
        say = log.info if outcome is AlertOutcome.SENT else log.warning
        say(
            "alert_ended",
            channel=alert.channel,
            outcome=outcome,
            kind=alert.kind,
            pair=alert.pair,
            cause=alert.cause,
        )


async def tell_desk(client: Client, rules: AlertRules, report: AttentionReport) -> None:
    """Signal the alert desk, starting it first where it does not run.

    Raises:
        temporalio.service.RPCError: Temporal cannot be reached or refuses.
    """
    told = DeskReport(
        report=report,
        channels=rules.channels_for(report),
        group_seconds=rules.group.total_seconds(),
        quiet_seconds=rules.quiet.total_seconds(),
    )
    await client.start_workflow(
        ALERT_DESK,
        DeskInput(),
        id=alert_desk_id(),
        task_queue=ORDERS_TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary="Groups alerts and sends them",
        rpc_timeout=START_TIMEOUT,
        start_signal="attention_reported",
        start_signal_args=[told],
    )


async def send(channels: Channels, rules: AlertRules, alert: Alert) -> None:
    """Send an alert once, in words.

    Raises:
        Unavailable: it was not sent.
    """
    await channels.send(
        alert.channel, title=title_of(alert), body=body_of(alert, rules), kind=alert.kind
    )


async def record_result(ledger: Ledger, channel: str, *, error: str = "") -> None:
    """Keep what a channel did last, for `m3-walmart doctor`."""
    await ledger.record_channel_result(channel, ok=not error, error=error, at=datetime.now(UTC))
