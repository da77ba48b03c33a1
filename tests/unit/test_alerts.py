"""domain/alerts.py: which case goes where, and what an alert says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.alerts import (
    Alert,
    AlertKind,
    AlertRule,
    AlertRules,
    Example,
    body_of,
    in_words,
    title_of,
)
from domain.attention import AttentionReport, Happening, Urgency

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

REPORT = AttentionReport(
    pair="acme",
    purchase_order_id="1796277083022",
    workflow_id="order-to-cash/acme/1796277083022",
    cause="M3_UNAVAILABLE",
    happening=Happening.OPENED,
    sentence="M3 does not answer",
    mend="see whether M3 is up",
    since=NOON,
    at=NOON,
)

ALERT = Alert(
    alert_id="acme/M3_UNAVAILABLE/ops/1",
    channel="ops",
    kind=AlertKind.OPENED,
    at=NOON,
    pair="acme",
    cause="M3_UNAVAILABLE",
    count=37,
    sentence="M3 does not answer",
    mend="see whether M3 is up",
    since=NOON - timedelta(minutes=125),
    deadline=NOON + timedelta(hours=3, minutes=20),
    examples=(
        Example(purchase_order_id="1796277083022", workflow_id="order-to-cash/acme/1796277083022"),
    ),
)

LINKED = AlertRules(link="http://temporal/workflows/{workflow_id}")


def told(rule: AlertRule, **changes: object) -> tuple[str, ...]:
    return AlertRules(rules=(rule,)).channels_for(replace(REPORT, **changes))  # type: ignore[arg-type]


def test_a_rule_without_conditions_covers_every_case():
    assert told(AlertRule(channels=("ops",))) == ("ops",)


@pytest.mark.parametrize(
    ("pattern", "cause", "covered"),
    [
        ("M3_*", "M3_UNAVAILABLE", True),
        ("M3_*", "WALMART_UNAVAILABLE", False),
        ("M3_BATCH_STATUS_?5", "M3_BATCH_STATUS_15", True),
        ("M3_BATCH_STATUS_?5", "M3_BATCH_STATUS_20", False),
        ("UNKNOWN_SKU", "UNKNOWN_SKU", True),
    ],
)
def test_a_rule_covers_the_causes_its_patterns_match(pattern: str, cause: str, covered: bool):
    rule = AlertRule(channels=("ops",), causes=("NOTHING", pattern))

    assert bool(told(rule, cause=cause)) is covered


def test_a_rule_covers_the_urgencies_and_pairs_it_names():
    rule = AlertRule(channels=("ops",), urgencies=(Urgency.LOST,), pairs=("acme",))

    assert told(rule, urgency=Urgency.LOST) == ("ops",)
    assert told(rule, urgency=Urgency.SOON) == ()
    assert told(rule, urgency=Urgency.LOST, pair="other") == ()


def test_a_channel_that_several_rules_name_is_told_once():
    rules = AlertRules(
        rules=(AlertRule(channels=("ops", "boss")), AlertRule(channels=("boss", "night")))
    )

    assert rules.channels_for(REPORT) == ("ops", "boss", "night")


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "M3_UNAVAILABLE: 37 orders of pair acme"),
        ({"count": 1}, "M3_UNAVAILABLE: 1 order of pair acme"),
        ({"kind": AlertKind.CONTINUES}, "M3_UNAVAILABLE goes on: 37 orders of pair acme"),
        ({"kind": AlertKind.RECOVERED}, "M3_UNAVAILABLE is over: 37 orders of pair acme"),
        (
            {"kind": AlertKind.ESCALATED, "urgency": Urgency.OVERDUE},
            "M3_UNAVAILABLE, deadline passed: 37 orders of pair acme",
        ),
    ],
)
def test_title_says_what_and_how_many(changes: dict[str, object], title: str):
    assert title_of(replace(ALERT, **changes)) == title  # type: ignore[arg-type]


def test_body_says_what_an_operator_needs():
    assert body_of(ALERT, LINKED).splitlines() == [
        "M3 does not answer",
        "What mends it: see whether M3 is up",
        "Oldest: since 2026-11-24 09:55 UTC, 2 h 5 min ago",
        "Nearest deadline: 2026-11-24 15:20 UTC, in 3 h 20 min",
        "Purchase order 1796277083022 "
        "http://temporal/workflows/order-to-cash%2Facme%2F1796277083022",
        "and 36 more",
    ]


def test_body_says_when_a_deadline_has_passed():
    late = replace(ALERT, deadline=NOON - timedelta(minutes=20), urgency=Urgency.OVERDUE)

    lines = body_of(late, LINKED).splitlines()

    assert "Nearest deadline: 2026-11-24 11:40 UTC, 20 min ago" in lines
    assert "Urgency: overdue (deadline passed)" in lines


def test_body_of_a_recovery_says_how_long_it_lasted():
    over = replace(ALERT, kind=AlertKind.RECOVERED)

    assert body_of(over, LINKED) == "No order waits for this any more. It lasted 2 h 5 min."


def test_without_a_link_only_the_purchase_order_is_named():
    assert "Purchase order 1796277083022" in body_of(ALERT, AlertRules()).splitlines()


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=2, seconds=5), "2 min 5 s"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=3, hours=1, minutes=5), "3 d 1 h"),
    ],
)
def test_spans_are_said_in_their_largest_units(span: timedelta, words: str):
    assert in_words(span) == words
