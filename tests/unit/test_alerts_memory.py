"""domain/alert_groups.py: what comes twice, late or not at all, and what is kept."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain import alert_groups
from domain.alert_groups import AlertGroups
from domain.alerts import AlertKind
from domain.attention import AttentionReport, Happening, Urgency
from tests.alert_groups import GROUP, NOON, QUIET, Desk, kinds


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_same_report_twice_is_taken_once(desk: Desk):
    desk.hear(1)
    desk.pass_time(timedelta(hours=4))
    desk.hear(1, Happening.REMINDED)
    repeated = desk.now
    desk.pass_time(GROUP)

    desk.hear(1, Happening.REMINDED, at=repeated)

    assert desk.pass_time(timedelta(days=1)) == []


def test_a_report_that_arrives_again_after_the_case_has_closed_opens_nothing(desk: Desk):
    desk.hear(1)
    desk.pass_time(GROUP)
    desk.close(1)
    desk.hear(1, at=NOON)

    assert kinds(desk.pass_time(timedelta(days=1))) == [(AlertKind.RECOVERED, 1)]


def test_a_case_of_the_same_order_that_opens_anew_is_another_case(desk: Desk):
    desk.hear(1)
    desk.close(1)
    desk.hear(1, since=NOON + timedelta(seconds=1))

    assert kinds(desk.pass_time(GROUP)) == [(AlertKind.OPENED, 1)]


def test_a_channel_hears_of_the_end_of_a_case_it_knows_whatever_the_rules_say_by_then(desk: Desk):
    desk.hear(1)
    desk.pass_time(GROUP)
    desk.channels = ()
    desk.hear(1, Happening.ESCALATED, urgency=Urgency.SOON)
    desk.close(1)

    assert kinds(desk.pass_time(GROUP)) == [(AlertKind.RECOVERED, 1)]


def test_cases_no_rule_covers_are_nobodys_news(desk: Desk):
    desk.channels = ()
    desk.hear(1)

    assert desk.pass_time(timedelta(days=1)) == []
    assert list(desk.groups) == []


def test_what_happens_while_an_alert_is_sent_is_told_by_the_next(desk: Desk):
    desk.hear(1)
    desk.now += GROUP
    [first] = desk.take_due()
    desk.hear(2)
    assert desk.groups.next_due() is None

    desk.groups.sent(first, desk.now)

    assert kinds(desk.pass_time(QUIET)) == [(AlertKind.CONTINUES, 2)]


def test_the_end_that_comes_while_the_first_alert_is_sent_is_told(desk: Desk):
    desk.hear(1)
    desk.now += GROUP
    [first] = desk.take_due()
    desk.close(1)

    desk.groups.sent(first, desk.now)

    assert kinds(desk.pass_time(GROUP)) == [(AlertKind.RECOVERED, 1)]


def test_a_case_that_opens_while_the_end_is_told_begins_a_new_group(desk: Desk):
    desk.hear(1)
    desk.pass_time(GROUP)
    desk.close(1)
    desk.now += GROUP
    [over] = desk.take_due()
    desk.hear(2)

    desk.groups.sent(over, desk.now)

    assert kinds(desk.pass_time(GROUP)) == [(AlertKind.OPENED, 1)]


def test_an_alert_that_was_given_up_is_shown_and_told_anew_after_the_quiet_period(desk: Desk):
    desk.hear(1)
    desk.now += GROUP
    [first] = desk.take_due()

    desk.groups.given_up(first, "channel ops: cannot be reached", desk.now)

    [group] = desk.groups
    assert group.failure == "channel ops: cannot be reached"
    [again] = desk.pass_time(QUIET)
    assert again.kind is AlertKind.OPENED
    assert again.alert_id != first.alert_id
    assert group.failure == ""


def test_a_group_nobody_was_told_of_ends_silently(desk: Desk):
    desk.hear(1)
    desk.now += GROUP
    [first] = desk.take_due()
    desk.groups.given_up(first, "channel ops: cannot be reached", desk.now)
    desk.close(1)

    assert desk.pass_time(timedelta(days=1)) == []
    assert list(desk.groups) == []


def test_an_end_that_cannot_be_told_is_given_up(desk: Desk):
    desk.hear(1)
    desk.pass_time(GROUP)
    desk.close(1)
    desk.now += GROUP
    [over] = desk.take_due()

    desk.groups.given_up(over, "channel ops: cannot be reached", desk.now)

    assert list(desk.groups) == []


def test_a_case_nobody_has_spoken_of_for_a_week_is_forgotten(desk: Desk):
    desk.hear(1)
    desk.pass_time(timedelta(days=8))
    desk.hear(2)

    assert kinds(desk.pass_time(GROUP)) == [(AlertKind.CONTINUES, 1)]


def test_of_very_many_cases_only_the_number_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(alert_groups, "KNOWN_CASES", 3)
    for order in range(5):
        desk.hear(order)
    desk.hear(4, Happening.REMINDED)

    assert kinds(desk.pass_time(GROUP)) == [(AlertKind.OPENED, 5)]
    desk.close(*range(5))
    assert kinds(desk.pass_time(GROUP)) == [(AlertKind.RECOVERED, 5)]


def test_old_reports_are_forgotten_first(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(alert_groups, "REMEMBERED_REPORTS", 2)
    for order in range(3):
        desk.hear(order)

    assert len(desk.groups._reports) == 2


def test_what_is_packed_is_taken_up_where_it_was_left(desk: Desk):
    desk.channels = ("ops", "boss")
    for order in range(3):
        desk.hear(order, deadline=NOON + timedelta(hours=1))
    desk.pass_time(GROUP)
    desk.hear(0, Happening.ESCALATED, urgency=Urgency.SOON)
    desk.now += GROUP
    under_way = desk.take_due()

    taken_up = AlertGroups(desk.groups.pack())

    assert list(taken_up) == list(desk.groups)
    assert [group.sending for group in taken_up] == under_way
    assert taken_up.next_due() == desk.groups.next_due()
    assert taken_up._reports == desk.groups._reports
    assert (taken_up._wait, taken_up._quiet) == (GROUP, QUIET)


def test_thousands_of_open_cases_fit_into_a_payload(desk: Desk):
    """Temporal refuses payloads of more than two megabytes."""
    desk.channels = ("ops", "boss")
    for order in range(5000):
        desk.hear(
            1796277083022 + order * 7919,
            deadline=NOON + timedelta(seconds=order),
            since=NOON - timedelta(microseconds=order * 104729),
        )

    assert len(desk.groups.pack()) < 1_000_000


def test_reports_are_told_apart_by_every_part_of_what_they_are(desk: Desk):
    report = AttentionReport(
        pair="acme",
        purchase_order_id="1",
        workflow_id="order-to-cash/acme/1",
        cause="M3_UNAVAILABLE",
        happening=Happening.OPENED,
        sentence="",
        mend="",
        since=NOON,
        at=NOON,
    )
    others = [
        replace(report, workflow_id="order-to-cash/acme/2"),
        replace(report, cause="UNKNOWN_SKU"),
        replace(report, happening=Happening.REMINDED),
        replace(report, since=NOON + timedelta(microseconds=1)),
        replace(report, at=NOON + timedelta(microseconds=1)),
    ]

    marks = {alert_groups._mark(each) for each in (report, *others)}

    assert len(marks) == 6
