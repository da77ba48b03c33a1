"""AlertDesk: one workflow that groups what happens to cases and sends as few alerts as will do."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception
from temporalio.workflow import ActivityConfig

with workflow.unsafe.imports_passed_through():
    from activities.alerts import AlertActivities
    from domain.alert_groups import AlertGroups, Group
    from domain.alerts import Alert, DeskInput, DeskReport
    from domain.attention import Urgency
    from domain.names import ALERT_DESK
from workflows.failures import failure_of
from workflows.options import HEARTBEAT, RETRY

SENDING = ActivityConfig(
    # Most services answer in seconds, a slow mail server within the minute. What takes longer is
    # cut off and not sent again, as nobody knows whether it arrived.
    start_to_close_timeout=timedelta(minutes=2),
    heartbeat_timeout=HEARTBEAT,
    # Older news is better told anew, with what has happened since.
    schedule_to_close_timeout=timedelta(hours=1),
    retry_policy=RETRY,
)

# An attempt that is under way when the desk goes on as a new run gets this long to end. One that
# waits for its next attempt is taken along.
LAST_ATTEMPT = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True)
class GroupSummary:
    """One group as the query `groups` shows it."""

    pair: str
    cause: str
    channel: str
    count: int
    had: int
    urgency: Urgency
    opened_at: datetime
    alerted: bool
    sent_at: datetime | None
    due_at: datetime | None
    failure: str


@workflow.defn(name=ALERT_DESK)
class AlertDesk:
    """There is one; the first case starts it, and it does not end."""

    @workflow.init
    def __init__(self, input: DeskInput) -> None:
        self._groups = AlertGroups(input.packed)
        self._under_way: set[asyncio.Task[None]] = set()

    @workflow.run
    async def run(self, input: DeskInput) -> None:
        """Send each alert when it is due, until the history is long enough for a new run."""
        for alert in [group.sending for group in self._groups if group.sending]:
            self._begin(alert)  # taken along by the run before
        while not _is_long():
            for alert in self._groups.due(workflow.now()):
                self._begin(alert)
            await self._until_due()
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: not self._under_way, timeout=LAST_ATTEMPT)
        workflow.continue_as_new(DeskInput(packed=self._groups.pack()))

    @workflow.signal
    def attention_reported(self, told: DeskReport) -> None:
        """Take note of what happened to a case; `run` decides what becomes of it."""
        self._groups.take(told, workflow.now())

    @workflow.query
    def groups(self) -> tuple[GroupSummary, ...]:
        """Return what is open, by channel, and what could not be sent."""
        return tuple(_summary(group) for group in self._groups)

    async def _until_due(self) -> None:
        due = self._groups.next_due()
        with suppress(TimeoutError):
            await workflow.wait_condition(
                # A signal wakes the desk only if it brings something earlier; a thousand orders
                # that fail at once would cost two thousand timers otherwise.
                lambda: _is_long() or _is_before(self._groups.next_due(), due),
                timeout=due - workflow.now() if due else None,
                timeout_summary="until the next alert is due",
            )

    def _begin(self, alert: Alert) -> None:
        task = asyncio.create_task(self._send(alert))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _send(self, alert: Alert) -> None:
        try:
            await workflow.execute_activity_method(AlertActivities.send_alert, alert, **SENDING)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            self._groups.given_up(alert, failure_of(error).sentence, workflow.now())
        else:
            self._groups.sent(alert, workflow.now())


def _is_long() -> bool:
    return workflow.info().is_continue_as_new_suggested()


def _is_before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one < other)


def _summary(group: Group) -> GroupSummary:
    return GroupSummary(
        pair=group.pair,
        cause=group.cause,
        channel=group.channel,
        count=group.count,
        had=group.had,
        urgency=group.urgency,
        opened_at=group.opened_at,
        alerted=group.alerted,
        sent_at=group.sent_at,
        due_at=group.due_at,
        failure=group.failure,
    )
