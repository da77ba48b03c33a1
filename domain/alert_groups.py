"""Open cases in groups, and when each group is worth an alert. Knows no clock: it is handed one.

A group is the open cases of one pair with one cause, as one channel hears of them. Its first case
starts a wait for others; then there is one alert. From then on it is quiet, until there is news
and the quiet period is over, a deadline comes near, or its last case closes.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from domain.alerts import EXAMPLES, RANK, Alert, AlertKind, DeskReport, Example
from domain.attention import AttentionReport, Happening, Urgency

# Reports come again within an hour, when the answer to one was lost; so many are recognized.
REMEMBERED_REPORTS = 2000

# Of more cases in one group only the number is kept, so that the state stays small.
KNOWN_CASES = 5000

# A case nobody has spoken of for so long is forgotten: its order's workflow was terminated.
# Cases that are open are reminded of every few hours.
FORGOTTEN_AFTER = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """One case that is open."""

    purchase_order_id: str
    workflow_id: str
    since: datetime
    urgency: Urgency
    deadline: datetime | None
    heard_at: datetime


@dataclass(kw_only=True)
class Group:
    """The open cases of one pair with one cause, as one channel hears of them."""

    pair: str
    cause: str
    channel: str
    opened_at: datetime
    sentence: str  # of the first case
    mend: str
    since: datetime  # of the oldest case it had
    cases: dict[str, OpenCase] = field(default_factory=dict)
    uncounted: int = 0  # cases beyond KNOWN_CASES
    had: int = 0  # cases in all
    told: set[Urgency] = field(default_factory=set)  # what alerts have said already
    news: bool = False  # something to say once the quiet period is over
    pressing: bool = False  # something to say at once
    due_at: datetime | None = None
    sending: Alert | None = None
    sent: int = 0  # alerts, tried ones included
    sent_at: datetime | None = None  # when the latest was sent or given up
    alerted: bool = False  # at least one has been sent
    failure: str = ""  # why the latest was given up

    @property
    def key(self) -> str:
        """Return what tells it from other groups."""
        return f"{self.pair}/{self.cause}/{self.channel}"

    @property
    def count(self) -> int:
        """Return how many cases are open."""
        return len(self.cases) + self.uncounted

    @property
    def urgency(self) -> Urgency:
        """Return the most pressing urgency of its cases."""
        return max(self._urgencies(), key=RANK.__getitem__, default=Urgency.CALM)

    def hear(self, report: AttentionReport, now: datetime) -> None:
        """Take note of a case that is open."""
        name = case_name(report)
        joins = name not in self.cases
        if joins and len(self.cases) >= KNOWN_CASES:
            # Only its opening is counted, or every reminder would be another case.
            opened = report.happening is Happening.OPENED
            self.uncounted += opened
            self.had += opened
            return
        self.cases[name] = OpenCase(
            purchase_order_id=report.purchase_order_id,
            workflow_id=report.workflow_id,
            since=report.since,
            urgency=report.urgency,
            deadline=report.deadline,
            heard_at=now,
        )
        self.since = min(self.since, report.since)
        self.had += joins
        self.news = self.news or joins or report.happening is not Happening.OPENED
        if report.urgency is not Urgency.CALM and report.urgency not in self.told:
            self.pressing = True

    def close(self, report: AttentionReport) -> None:
        """Take note of a case that has closed."""
        known = self.cases.pop(case_name(report), None)
        if known is None and self.uncounted:
            self.uncounted -= 1

    def plan(self, now: datetime, *, wait: timedelta, quiet: timedelta) -> None:
        """Decide when there is something to say; never later than was decided before."""
        if self.sending:
            return  # decided anew when it is known what became of it
        soon = now + wait
        if self.sent_at is None or self.pressing or not self.count:
            due = soon
        elif self.news:
            due = max(soon, self.sent_at + quiet)
        else:
            return
        self.due_at = min(self.due_at or due, due)

    def say(self, now: datetime, *, quiet: timedelta) -> Alert | None:
        """Return the alert that is due, or None when what was to be said is no longer so."""
        self.due_at = None
        self._forget(now)
        if not self.count and not self.alerted:
            return None
        kind = self._kind()
        if kind is AlertKind.CONTINUES and self.sent_at and now < self.sent_at + quiet:
            self.pressing = False  # what pressed has closed
            self.due_at = self.sent_at + quiet if self.news else None
            return None
        self.sent += 1
        self.sending = self._alert(kind, now)
        self.told |= self._urgencies()
        self.news = self.pressing = False
        return self.sending

    def restart(self, now: datetime) -> None:
        """Begin anew: cases opened while the end of the others was being told."""
        self.opened_at = now
        self.since = min((case.since for case in self.cases.values()), default=now)
        self.had, self.told, self.alerted = self.count, set(), False
        self.sent_at = self.due_at = None

    def _kind(self) -> AlertKind:
        if not self.count:
            return AlertKind.RECOVERED
        if not self.alerted:
            return AlertKind.OPENED
        new = self._urgencies() - self.told - {Urgency.CALM}
        return AlertKind.ESCALATED if new else AlertKind.CONTINUES

    def _urgencies(self) -> set[Urgency]:
        return {case.urgency for case in self.cases.values()}

    def _forget(self, now: datetime) -> None:
        for name, case in list(self.cases.items()):
            if now >= case.heard_at + FORGOTTEN_AFTER:
                del self.cases[name]

    def _alert(self, kind: AlertKind, now: datetime) -> Alert:
        cases = sorted(self.cases.values(), key=lambda case: case.since)
        return Alert(
            alert_id=f"{self.key}/{self.opened_at.isoformat()}/{self.sent}",
            channel=self.channel,
            kind=kind,
            at=now,
            pair=self.pair,
            cause=self.cause,
            count=self.count or self.had,
            sentence=self.sentence,
            mend=self.mend,
            since=cases[0].since if cases else self.since,
            urgency=self.urgency,
            deadline=min((case.deadline for case in cases if case.deadline), default=None),
            examples=tuple(
                Example(purchase_order_id=case.purchase_order_id, workflow_id=case.workflow_id)
                for case in cases[:EXAMPLES]
            ),
        )


class AlertGroups:
    """Every group there is."""

    def __init__(self, packed: str = "") -> None:
        """Take up what `pack` returned, or begin empty."""
        state = _unpack(packed) if packed else _State()
        self._groups = state.groups
        self._reports = state.reports
        self._wait = timedelta(seconds=state.group_seconds)
        self._quiet = timedelta(seconds=state.quiet_seconds)

    def __iter__(self) -> Iterator[Group]:
        """Yield the groups, the oldest first."""
        return iter(self._groups.values())

    def take(self, told: DeskReport, now: datetime) -> None:
        """Take note of what happened to a case; the same report again changes nothing."""
        report = told.report
        mark = _mark(report)
        if mark in self._reports:
            return
        self._reports[mark] = None
        if len(self._reports) > REMEMBERED_REPORTS:
            del self._reports[next(iter(self._reports))]
        self._wait = timedelta(seconds=told.group_seconds)
        self._quiet = timedelta(seconds=told.quiet_seconds)
        if report.happening is Happening.CLOSED:
            self._close(report, now)
        else:
            self._hear(report, told.channels, now)

    def next_due(self) -> datetime | None:
        """Return when the next alert is due."""
        return min((group.due_at for group in self if group.due_at), default=None)

    def due(self, now: datetime) -> list[Alert]:
        """Return the alerts that are due. Each has to be answered by `sent` or `given_up`."""
        alerts = []
        for group in [each for each in self if each.due_at and each.due_at <= now]:
            if alert := group.say(now, quiet=self._quiet):
                alerts.append(alert)
            elif not group.count:
                del self._groups[group.key]
        return alerts

    def sent(self, alert: Alert, now: datetime) -> None:
        """Take note that an alert was sent, or may have been."""
        self._answered(alert, now, failure="")

    def given_up(self, alert: Alert, failure: str, now: datetime) -> None:
        """Take note that an alert could not be sent for so long that it is pointless now."""
        self._answered(alert, now, failure=failure)

    def pack(self) -> str:
        """Return the whole state in a compact form."""
        state = _State(
            groups=self._groups,
            reports=self._reports,
            group_seconds=self._wait.total_seconds(),
            quiet_seconds=self._quiet.total_seconds(),
        )
        return base64.b64encode(zlib.compress(STATE.dump_json(state))).decode()

    def _hear(self, report: AttentionReport, channels: tuple[str, ...], now: datetime) -> None:
        name = case_name(report)
        # A channel that heard of a case hears of it to its end.
        heard = [g.channel for g in self._about(report) if name in g.cases]
        for channel in dict.fromkeys((*heard, *channels)):
            new = Group(
                pair=report.pair,
                cause=report.cause,
                channel=channel,
                opened_at=now,
                sentence=report.sentence,
                mend=report.mend,
                since=report.since,
            )
            group = self._groups.setdefault(new.key, new)
            group.hear(report, now)
            self._plan(group, now)

    def _close(self, report: AttentionReport, now: datetime) -> None:
        for group in self._about(report):
            before = group.count
            group.close(report)
            if group.count == before or group.count:
                continue
            if group.alerted or group.sending:
                self._plan(group, now)
            else:
                del self._groups[group.key]

    def _answered(self, alert: Alert, now: datetime, *, failure: str) -> None:
        group = next(
            each for each in self if each.sending and each.sending.alert_id == alert.alert_id
        )
        group.sending, group.sent_at, group.failure = None, now, failure
        if alert.kind is AlertKind.RECOVERED:
            if not group.count:
                del self._groups[group.key]
                return
            group.restart(now)
        elif failure:
            group.news = True
        else:
            group.alerted = True
        self._plan(group, now)

    def _plan(self, group: Group, now: datetime) -> None:
        group.plan(now, wait=self._wait, quiet=self._quiet)

    def _about(self, report: AttentionReport) -> list[Group]:
        return [each for each in self if (each.pair, each.cause) == (report.pair, report.cause)]


@dataclass(frozen=True, kw_only=True)
class _State:
    """What goes on from one run of the desk to the next."""

    groups: dict[str, Group] = field(default_factory=dict)
    reports: dict[str, None] = field(default_factory=dict)  # in the order they came
    group_seconds: float = 10
    quiet_seconds: float = 1800


STATE = TypeAdapter(_State)


def _unpack(packed: str) -> _State:
    return STATE.validate_json(zlib.decompress(base64.b64decode(packed)))


def case_name(report: AttentionReport) -> str:
    """Return what tells a case from others of its group, an earlier one of its order included."""
    return f"{report.workflow_id} {report.since.isoformat()}"


def _mark(report: AttentionReport) -> str:
    """Return what tells a report from others, in few letters: thousands are remembered."""
    happened = f"{report.cause} {report.happening} {report.at.isoformat()}"
    text = f"{case_name(report)} {happened}"
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
