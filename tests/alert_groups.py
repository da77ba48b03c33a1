"""Groups of cases with a clock of their own, for the tests of domain/alert_groups.py."""

from datetime import UTC, datetime, timedelta

from domain.alert_groups import AlertGroups
from domain.alerts import Alert, AlertKind, DeskReport
from domain.attention import AttentionReport, Happening, Urgency

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
GROUP = timedelta(seconds=10)
QUIET = timedelta(minutes=30)


class Desk:
    """The groups with a clock of their own; every alert that is due is sent, unless told."""

    def __init__(self) -> None:
        self.now = NOON
        self.groups = AlertGroups()
        self.alerts: list[Alert] = []
        self.channels: tuple[str, ...] = ("ops",)

    def hear(
        self,
        order: int,
        happening: Happening = Happening.OPENED,
        *,
        urgency: Urgency = Urgency.CALM,
        cause: str = "M3_UNAVAILABLE",
        pair: str = "acme",
        at: datetime | None = None,
        deadline: datetime | None = None,
        since: datetime = NOON,
    ) -> None:
        report = AttentionReport(
            pair=pair,
            purchase_order_id=str(order),
            workflow_id=f"order-to-cash/{pair}/{order}",
            cause=cause,
            happening=happening,
            sentence=f"M3 does not answer order {order}",
            mend="see whether M3 is up",
            since=since,
            at=at or self.now,
            urgency=urgency,
            deadline=deadline,
        )
        told = DeskReport(
            report=report,
            channels=self.channels,
            group_seconds=GROUP.total_seconds(),
            quiet_seconds=QUIET.total_seconds(),
        )
        self.groups.take(told, self.now)

    def close(self, *orders: int) -> None:
        for order in orders:
            self.hear(order, Happening.CLOSED)

    def take_due(self) -> list[Alert]:
        """Return what is due, leaving open what becomes of it."""
        return self.groups.due(self.now)

    def pass_time(self, span: timedelta) -> list[Alert]:
        """Let time pass and send what comes due; return it."""
        until, before = self.now + span, len(self.alerts)
        while (due := self.groups.next_due()) and due <= until:
            self.now = max(self.now, due)
            for alert in self.take_due():
                self.alerts.append(alert)
                self.groups.sent(alert, self.now)
        self.now = until
        return self.alerts[before:]


def kinds(alerts: list[Alert]) -> list[tuple[AlertKind, int]]:
    return [(alert.kind, alert.count) for alert in alerts]
