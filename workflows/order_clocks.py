"""Walmart's clocks, and who is told when a case opens, lasts, presses or closes."""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.alerts import AlertActivities
    from domain.attention import Attention, AttentionReport, Happening, Urgency
    from domain.orders import OrderProgress, OrderToCashInput, Stage, ToldCase
from workflows.options import patient
from workflows.order_status import OrderStatus

# An alert that cannot be handed over for this long is given up; the next reminder comes anyway.
TELLING = timedelta(hours=1)

# Walmart's clocks run until everything is shipped.
BEFORE_SHIPMENT = frozenset({Stage.RECEIVED, Stage.ENTERING, Stage.AWAITING_DELIVERY})

RANK = {Urgency.CALM: 0, Urgency.SOON: 1, Urgency.OVERDUE: 2, Urgency.LOST: 3}


def clocks(progress: OrderProgress) -> list[datetime]:
    """Return when each of Walmart's clocks that still counts runs out, the earliest first."""
    if progress.order is None or progress.stage not in BEFORE_SHIPMENT:
        return []
    facts, policy = progress.order.facts, progress.order.policy
    acknowledge = [] if progress.acknowledged else [policy.acknowledge_deadline]
    return sorted([*acknowledge, facts.ship_by, policy.auto_cancel_at])


def next_deadline(progress: OrderProgress, now: datetime) -> datetime | None:
    """Return the next deadline, or the last one that has passed."""
    known = clocks(progress)
    return next((clock for clock in known if clock > now), known[-1] if known else None)


def urgency(progress: OrderProgress, now: datetime) -> Urgency:
    """Return how pressing the order is: the deadline decides, not the age of its case."""
    known = clocks(progress)
    if progress.order is None or not known:
        return Urgency.CALM
    if now >= progress.order.policy.auto_cancel_at:
        return Urgency.LOST
    if now >= known[0]:
        return Urgency.OVERDUE
    return Urgency.SOON if known[0] - now <= _before(progress) else Urgency.CALM


class Clocks:
    """Reports every case of one order: opened, reminded of, escalated, closed."""

    def __init__(self, input: OrderToCashInput, progress: OrderProgress, status: OrderStatus):
        self._input = input
        self._progress = progress
        self._status = status
        self._ending = False
        self._idle = True

    async def watch(self) -> None:
        """Report until `finish`. An order without a case costs nothing."""
        while True:
            for report, told in self._due():
                self._idle = False
                await self._tell(report, told)
            self._idle = True
            if self._ending and not self._due():
                return
            try:
                await workflow.wait_condition(
                    lambda: self._ending or bool(self._due()),
                    timeout=self._until_next(),
                    timeout_summary="until people are reminded, or a deadline",
                )
            except TimeoutError:
                continue

    def finish(self) -> None:
        """Let `watch` report what is left, and end."""
        self._ending = True

    @property
    def idle(self) -> bool:
        """Tell whether nothing is being reported right now."""
        return self._idle and not self._due()

    async def _tell(self, report: AttentionReport, told: ToldCase | None) -> None:
        # Noted first: told twice is worse here than told late, and reminders follow.
        others = tuple(t for t in self._progress.told if _key(t.attention) != self._key_of(report))
        self._progress.told = (*others, told) if told else others
        if report.happening in (Happening.REMINDED, Happening.ESCALATED):
            self._status.note(f"attention_{report.happening}", f"{report.cause}: {report.urgency}")
        try:
            await workflow.execute_activity_method(
                AlertActivities.report_attention, report, **patient(TELLING)
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            self._status.note("alert_not_handed_over", report.cause)

    def _key_of(self, report: AttentionReport) -> tuple[str, datetime]:
        return report.cause, report.since

    def _due(self) -> list[tuple[AttentionReport, ToldCase | None]]:
        now = workflow.now()
        level = urgency(self._progress, now)
        open_cases = {_key(attention): attention for attention in self._progress.attention}
        told = {_key(case.attention): case for case in self._progress.told}
        due: list[tuple[AttentionReport, ToldCase | None]] = [
            (self._report(case.attention, Happening.CLOSED, case.urgency), None)
            for key, case in told.items()
            if key not in open_cases
        ]
        for key, attention in open_cases.items():
            happening = self._happening(told.get(key), level, now)
            if happening:
                case = ToldCase(attention=attention, urgency=level, at=now)
                due.append((self._report(attention, happening, level), case))
        return due

    def _happening(self, told: ToldCase | None, level: Urgency, now: datetime) -> Happening | None:
        if told is None:
            return Happening.OPENED
        if RANK[level] > RANK[told.urgency]:
            return Happening.ESCALATED
        return Happening.REMINDED if now >= told.at + self._remind else None

    def _until_next(self) -> timedelta | None:
        if not self._progress.told:
            return None
        now = workflow.now()
        before = _before(self._progress)
        moments = [case.at + self._remind for case in self._progress.told]
        moments += [at for clock in clocks(self._progress) for at in (clock - before, clock)]
        return min((at - now for at in moments if at > now), default=timedelta(0))

    @property
    def _remind(self) -> timedelta:
        order = self._progress.order
        return timedelta(seconds=order.policy.remind_seconds) if order else timedelta(hours=4)

    def _report(
        self, attention: Attention, happening: Happening, level: Urgency
    ) -> AttentionReport:
        now = workflow.now()
        return AttentionReport(
            pair=self._input.pair,
            purchase_order_id=self._input.purchase_order_id,
            workflow_id=workflow.info().workflow_id,
            cause=attention.cause,
            happening=happening,
            sentence=attention.sentence,
            mend=attention.mend,
            since=attention.since,
            at=now,
            urgency=level,
            deadline=next_deadline(self._progress, now),
            assignee=self._progress.assignee,
        )


def _key(attention: Attention) -> tuple[str, datetime]:
    return attention.cause, attention.since


def _before(progress: OrderProgress) -> timedelta:
    if progress.order is None:
        return timedelta(0)
    return timedelta(seconds=progress.order.policy.escalate_before_seconds)
