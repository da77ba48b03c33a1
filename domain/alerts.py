"""Who is told of which cases, and what an alert says. Holds no secrets and no personal data.

`Alert`, `DeskReport` and `DeskInput` travel through Temporal as payloads: add fields with defaults,
never rename or remove one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from urllib.parse import quote

from domain.attention import AttentionReport, Urgency

RANK = {urgency: rank for rank, urgency in enumerate(Urgency)}  # the most pressing last

# An alert names a few orders to begin with; the list of all is `m3-walmart attention`.
EXAMPLES = 5

# What stands between the cause and the number of orders.
URGENCY_IN_WORDS = {
    Urgency.CALM: "",
    Urgency.SOON: "deadline near",
    Urgency.OVERDUE: "deadline passed",
    Urgency.LOST: "Walmart may have canceled",
}


@dataclass(frozen=True, kw_only=True)
class AlertRule:
    """Which cases are told to which channels."""

    channels: tuple[str, ...]
    causes: tuple[str, ...] = ("*",)  # patterns: * and ? as in file names
    urgencies: tuple[Urgency, ...] = tuple(Urgency)
    pairs: tuple[str, ...] = ()  # none: all

    def covers(self, report: AttentionReport) -> bool:
        """Return whether a case as reported is to be told."""
        return (
            (not self.pairs or report.pair in self.pairs)
            and report.urgency in self.urgencies
            and any(fnmatchcase(report.cause, pattern) for pattern in self.causes)
        )


@dataclass(frozen=True, kw_only=True)
class AlertRules:
    """The section `alerts` of the settings, without the channels' addresses."""

    rules: tuple[AlertRule, ...] = ()
    group: timedelta = timedelta(seconds=10)  # cases that come within are told together
    quiet: timedelta = timedelta(minutes=30)  # until an alert is repeated
    link: str = ""  # of a case in the Web UI, with {workflow_id}

    def channels_for(self, report: AttentionReport) -> tuple[str, ...]:
        """Return the channels that are to hear of a case, each once."""
        named = (name for rule in self.rules if rule.covers(report) for name in rule.channels)
        return tuple(dict.fromkeys(named))

    def link_to(self, workflow_id: str) -> str:
        """Return the address of a case in the Web UI."""
        return self.link.replace("{workflow_id}", quote(workflow_id, safe=""))


@dataclass(frozen=True, kw_only=True)
class DeskReport:
    """What the alert desk hears of a case, with what the settings say of it today."""

    report: AttentionReport
    channels: tuple[str, ...]
    group_seconds: float
    quiet_seconds: float


@dataclass(frozen=True, kw_only=True)
class DeskInput:
    """What the alert desk begins with."""

    packed: str = ""  # the groups of the run before


class AlertKind(StrEnum):
    """Why an alert is sent."""

    OPENED = "opened"  # the first of its group
    CONTINUES = "continues"  # more cases, or a reminder, after the quiet period
    ESCALATED = "escalated"
    RECOVERED = "recovered"  # the last case of the group has closed
    TEST = "test"  # a person tries the channel


@dataclass(frozen=True, kw_only=True)
class Example:
    """One of the orders an alert is about."""

    purchase_order_id: str
    workflow_id: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One message to one channel."""

    alert_id: str  # the same for every attempt to send it
    channel: str
    kind: AlertKind
    at: datetime
    pair: str
    cause: str
    count: int  # cases that are open; of a recovery, how many there were
    sentence: str
    mend: str
    since: datetime  # of the oldest case
    urgency: Urgency = Urgency.CALM  # the most pressing of them
    deadline: datetime | None = None  # the nearest
    examples: tuple[Example, ...] = ()


class AlertOutcome(StrEnum):
    """What became of an alert."""

    SENT = "sent"
    UNKNOWN = "unknown"  # an earlier attempt was cut off; it may have arrived
    FAILED = "failed"  # it did not arrive


def title_of(alert: Alert) -> str:
    """Return the one line of an alert, such as `M3_UNAVAILABLE: 37 orders of pair acme`."""
    orders = f"{alert.count} {'order' if alert.count == 1 else 'orders'} of pair {alert.pair}"
    match alert.kind:
        case AlertKind.RECOVERED:
            return f"{alert.cause} is over: {orders}"
        case AlertKind.ESCALATED:
            return f"{alert.cause}, {URGENCY_IN_WORDS[alert.urgency]}: {orders}"
        case AlertKind.CONTINUES:
            return f"{alert.cause} goes on: {orders}"
    return f"{alert.cause}: {orders}"


def body_of(alert: Alert, rules: AlertRules) -> str:
    """Return the text below the title."""
    if alert.kind is AlertKind.RECOVERED:
        lasted = in_words(alert.at - alert.since)
        return f"No order waits for this any more. It lasted {lasted}."
    return "\n".join(_facts(alert, rules))


def _facts(alert: Alert, rules: AlertRules) -> list[str]:
    lines = [alert.sentence, f"What mends it: {alert.mend}"] if alert.mend else [alert.sentence]
    lines.append(f"Oldest: since {_moment(alert.since)}, {in_words(alert.at - alert.since)} ago")
    if alert.deadline:
        left = alert.deadline - alert.at
        when = f"in {in_words(left)}" if left > timedelta(0) else f"{in_words(-left)} ago"
        lines.append(f"Nearest deadline: {_moment(alert.deadline)}, {when}")
    if alert.urgency is not Urgency.CALM:
        lines.append(f"Urgency: {alert.urgency} ({URGENCY_IN_WORDS[alert.urgency]})")
    lines += (_line(example, rules) for example in alert.examples)
    if alert.count > len(alert.examples):
        lines.append(f"and {alert.count - len(alert.examples)} more")
    return lines


def _line(example: Example, rules: AlertRules) -> str:
    link = rules.link_to(example.workflow_id)
    return f"Purchase order {example.purchase_order_id} {link}".rstrip()


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def in_words(span: timedelta) -> str:
    """Return a span as a person says it, in its two largest units: `2 h 5 min`."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    said = [f"{number} {unit}" for number, unit in units if number]
    return " ".join(said[:2]) or "0 s"
