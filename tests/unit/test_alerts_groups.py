"""domain/alert_groups.py: when a group of cases is worth an alert."""

from datetime import timedelta

import pytest

from domain.alerts import AlertKind
from domain.attention import Happening, Urgency
from tests.alert_groups import GROUP, NOON, QUIET, Desk, kinds


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_thousand_cases_within_the_wait_are_one_alert(desk: Desk):
    for order in range(1000):
        desk.hear(order)

    [alert] = desk.pass_time(GROUP)

    assert (alert.kind, alert.count) == (AlertKind.OPENED, 1000)
    assert alert.sentence == "M3 does not answer order 0"
    assert len(alert.examples) == 5


def test_nothing_is_said_before_the_wait_is_over(desk: Desk):
    desk.hear(1)

    assert desk.pass_time(GROUP - timedelta(seconds=1)) == []
    assert kinds(desk.pass_time(timedelta(seconds=1))) == [(AlertKind.OPENED, 1)]


def test_a_case_that_closes_within_the_wait_is_not_told(desk: Desk):
    desk.hear(1)
    desk.close(1)

    assert desk.pass_time(timedelta(days=1)) == []
    assert list(desk.groups) == []


def test_an_alert_names_the_oldest_case_and_the_nearest_deadline(desk: Desk):
    desk.hear(1, since=NOON - timedelta(minutes=1), deadline=NOON + timedelta(hours=4))
    desk.hear(2, since=NOON - timedelta(minutes=9), deadline=NOON + timedelta(hours=2))
    desk.hear(3)

    [alert] = desk.pass_time(GROUP)

    assert alert.since == NOON - timedelta(minutes=9)
    assert alert.deadline == NOON + timedelta(hours=2)
    assert alert.examples[0].purchase_order_id == "2"


def test_pairs_causes_and_channels_are_told_apart(desk: Desk):
    desk.hear(1)
    desk.hear(1, pair="other")
    desk.hear(1, cause="UNKNOWN_SKU")
    desk.channels = ("ops", "boss")
    desk.hear(2)

    alerts = desk.pass_time(GROUP)

    assert sorted((a.pair, a.cause, a.channel, a.count) for a in alerts) == [
        ("acme", "M3_UNAVAILABLE", "boss", 1),
        ("acme", "M3_UNAVAILABLE", "ops", 2),
        ("acme", "UNKNOWN_SKU", "ops", 1),
        ("other", "M3_UNAVAILABLE", "ops", 1),
    ]


def test_further_cases_are_told_together_when_the_quiet_period_is_over(desk: Desk):
    desk.hear(1)
    desk.pass_time(GROUP)

    for order in range(2, 12):
        desk.hear(order)
        # Nothing is looked at before: a thousand reports would wake the desk a hundred times.
        assert desk.groups.next_due() == NOON + GROUP + QUIET
        assert desk.pass_time(timedelta(minutes=1)) == []

    assert kinds(desk.pass_time(QUIET)) == [(AlertKind.CONTINUES, 11)]


def test_a_case_long_after_the_quiet_period_is_told_within_the_wait(desk: Desk):
    desk.hear(1)
    desk.pass_time(timedelta(hours=2))

    desk.hear(2)

    assert kinds(desk.pass_time(GROUP)) == [(AlertKind.CONTINUES, 2)]


def test_without_news_nothing_is_repeated(desk: Desk):
    desk.hear(1)
    desk.hear(2)
    desk.pass_time(GROUP)
    desk.close(2)

    assert desk.pass_time(timedelta(days=3)) == []


def test_a_reminder_is_told_after_the_quiet_period(desk: Desk):
    desk.hear(1)
    desk.pass_time(GROUP)
    desk.hear(1, Happening.REMINDED)

    assert desk.pass_time(QUIET - timedelta(seconds=1)) == []
    assert kinds(desk.pass_time(timedelta(seconds=1))) == [(AlertKind.CONTINUES, 1)]


def test_a_thousand_reminders_are_one_alert(desk: Desk):
    for order in range(1000):
        desk.hear(order)
    desk.pass_time(timedelta(hours=4))

    for order in range(1000):
        desk.hear(order, Happening.REMINDED)

    assert kinds(desk.pass_time(timedelta(hours=3))) == [(AlertKind.CONTINUES, 1000)]


def test_an_escalation_breaks_the_quiet_once_for_each_urgency(desk: Desk):
    for order in range(3):
        desk.hear(order)
    desk.pass_time(GROUP)

    desk.hear(0, Happening.ESCALATED, urgency=Urgency.SOON)
    desk.hear(1, Happening.ESCALATED, urgency=Urgency.SOON)
    [soon] = desk.pass_time(GROUP)
    desk.hear(2, Happening.ESCALATED, urgency=Urgency.SOON)
    assert desk.pass_time(GROUP) == []
    desk.hear(0, Happening.ESCALATED, urgency=Urgency.OVERDUE)
    [overdue] = desk.pass_time(GROUP)

    assert (soon.kind, soon.urgency, soon.count) == (AlertKind.ESCALATED, Urgency.SOON, 3)
    assert (overdue.kind, overdue.urgency) == (AlertKind.ESCALATED, Urgency.OVERDUE)


def test_a_case_that_opens_late_breaks_the_quiet(desk: Desk):
    desk.hear(1)
    desk.pass_time(GROUP)

    desk.hear(2, urgency=Urgency.LOST)

    assert kinds(desk.pass_time(GROUP)) == [(AlertKind.ESCALATED, 2)]


def test_an_escalation_that_closes_at_once_keeps_the_quiet(desk: Desk):
    desk.hear(1)
    desk.pass_time(GROUP)
    desk.hear(2, urgency=Urgency.LOST)
    desk.close(2)
    assert desk.pass_time(GROUP) == []

    desk.hear(3)

    assert desk.groups.next_due() == NOON + GROUP + QUIET


def test_the_end_is_told_with_how_long_it_was_and_how_many_there_were(desk: Desk):
    desk.hear(1)
    desk.hear(2)
    desk.pass_time(timedelta(minutes=5))
    desk.hear(3)
    desk.close(1, 2)
    assert desk.pass_time(GROUP) == []
    desk.close(3)

    [over] = desk.pass_time(GROUP)

    assert (over.kind, over.count) == (AlertKind.RECOVERED, 3)
    assert over.at - over.since == timedelta(minutes=5) + 2 * GROUP
    assert list(desk.groups) == []


def test_an_outage_that_flickers_is_not_told_as_over(desk: Desk):
    desk.hear(1)
    desk.pass_time(GROUP)
    desk.close(1)
    desk.hear(2)

    assert desk.pass_time(QUIET - timedelta(seconds=1)) == []
    assert kinds(desk.pass_time(timedelta(seconds=1))) == [(AlertKind.CONTINUES, 1)]


def test_after_the_end_a_new_case_is_a_new_group(desk: Desk):
    desk.hear(1)
    desk.pass_time(GROUP)
    desk.close(1)
    desk.pass_time(GROUP)
    desk.hear(2)
    desk.pass_time(GROUP)

    assert kinds(desk.alerts) == [
        (AlertKind.OPENED, 1),
        (AlertKind.RECOVERED, 1),
        (AlertKind.OPENED, 1),
    ]
    assert len({alert.alert_id for alert in desk.alerts}) == 3
