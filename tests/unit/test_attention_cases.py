"""What waits for a person: which orders, in which order, and how they are printed."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any, cast

import pytest
from rich.console import Console
from temporalio.service import RPCError, RPCStatusCode

from commands.case_views import due, print_case, print_cases, span
from commands.cases import SILENT_ORDERS, CaseFilter, Cases, find_cases, helping, pressing
from commands.cli import Mendable
from domain.answers import GivenAnswer
from domain.attention import Attention, Severity, Urgency
from domain.orders import Stage, TimelineEntry
from tests.attention_fakes import (
    NOW,
    PO,
    FakeOrder,
    attention,
    case,
    client_of,
    finding,
    summary,
    unavailable,
)
from workflows.order_changes import TOO_LATE


def printed(print_it: Any, *args: Any, **options: Any) -> str:
    console = Console(file=StringIO(), width=100)
    print_it(console, *args, **options)
    return cast(StringIO, console.file).getvalue()


# Which orders, and in which order


def test_filter_asks_for_open_orders_that_wait():
    assert CaseFilter().query() == (
        "WorkflowType = 'OrderToCash' AND NeedsAttention = true AND ExecutionStatus = 'Running'"
    )


def test_filter_names_everything_that_was_asked_for():
    wanted = CaseFilter(pair="acme", cause="UNKNOWN_SKU", assignee="ann", tag="vip")

    assert wanted.query().endswith(
        "Pair = 'acme' AND AttentionCause = 'UNKNOWN_SKU' AND Assignee = 'ann' AND Tags = 'vip'"
    )


def test_filter_finds_orders_nobody_looks_after():
    assert CaseFilter(unassigned=True).query().endswith("Assignee IS NULL")


@pytest.mark.parametrize("name", ["x' OR Pair = 'other", "back\\slash"])
def test_filter_cannot_be_broken_out_of(name: str):
    with pytest.raises(Mendable):
        CaseFilter(assignee=name).query()


def test_urgency_comes_first_then_the_deadline_then_the_age():
    soon = NOW + timedelta(minutes=10)
    later = NOW + timedelta(days=1)
    wanted = [
        case("lost", urgency=Urgency.LOST, deadline=later),
        case("overdue", urgency=Urgency.OVERDUE, deadline=later),
        case("soon", urgency=Urgency.SOON, deadline=soon),
        case("old", urgency=Urgency.CALM, deadline=later, since=NOW - timedelta(days=1)),
        case("young", urgency=Urgency.CALM, deadline=later, since=NOW),
        case("without deadline", urgency=Urgency.CALM, since=NOW - timedelta(days=9)),
    ]

    assert sorted(reversed(wanted), key=pressing) == wanted


async def test_waiting_orders_are_told_as_their_workflows_tell_them():
    told = summary(attention(), urgency=Urgency.SOON, deadline=NOW, assignee="ann", tags=("vip",))

    cases = await find_cases(client_of({PO: FakeOrder(told)}), CaseFilter(), limit=50)

    [found] = cases.shown
    assert (found.urgency, found.deadline, found.assignee) == (Urgency.SOON, NOW, "ann")
    assert found.attention == told.attention
    assert cases.silent == 0


async def test_order_that_went_on_meanwhile_waits_no_more():
    gone = RPCError("not found", RPCStatusCode.NOT_FOUND, b"")
    orders = {"1": FakeOrder(summary()), "2": FakeOrder(gone), "3": FakeOrder(summary(attention()))}

    cases = await find_cases(client_of(orders), CaseFilter(), limit=50)

    assert len(cases.shown) == 1
    assert cases.total == 1
    assert cases.silent == 0


async def test_most_pressing_orders_are_those_that_are_shown():
    calm, lost = (summary(attention(), urgency=each) for each in (Urgency.CALM, Urgency.LOST))
    orders = {str(number): FakeOrder(calm) for number in range(5)} | {"9": FakeOrder(lost)}

    cases = await find_cases(client_of(orders), CaseFilter(), limit=2)

    assert cases.shown[0].urgency is Urgency.LOST
    assert (len(cases.shown), cases.total) == (2, 6)


async def test_without_a_worker_the_list_tells_what_it_knows():
    orders = {str(number): FakeOrder(unavailable()) for number in range(200)}

    cases = await find_cases(client_of(orders), CaseFilter(), limit=200)

    assert cases.silent == 200
    assert {found.cause for found in cases.shown} == {"UNKNOWN_SKU"}
    assert SILENT_ORDERS <= sum(order.asked for order in orders.values()) < 100, "not waited for"


# What helps


@pytest.mark.parametrize(
    ("waits", "first"),
    [
        (attention("UNKNOWN_SKU", findings=(finding("UNKNOWN_SKU", Severity.BLOCK),)), "map-sku"),
        (attention("ITEM_INACTIVE"), "map-sku"),
        (attention("ADDRESS_INCOMPLETE"), "correct"),
        (attention("ZIP_NOT_IN_STATE", findings=(finding("ZIP_NOT_IN_STATE"),)), "correct"),
        (attention("QUANTITY_ABOVE_LIMIT", findings=(finding("X"),)), "change-line"),
        (attention("ORDER_VALUE_ABOVE_LIMIT", findings=(finding("X"),)), "approve"),
        (attention("CANCELED_AFTER_SHIPMENT", step=TOO_LATE, blocks=False), "approve"),
        (attention("M3_UNAVAILABLE", step="add_head"), "retry"),
    ],
)
def test_likeliest_command_comes_first(waits: Attention, first: str):
    assert helping(summary(waits))[0] == first


def test_blocked_order_cannot_be_approved_only_mended_or_rejected():
    blocked = attention(findings=(finding("A"), finding("B", Severity.BLOCK)))

    assert "approve" not in helping(summary(blocked))
    assert "reject" in helping(summary(blocked))


def test_order_that_is_in_m3_is_neither_mapped_nor_taken_over():
    waits = attention("UNKNOWN_SKU", step="reserve_stock")

    helps = helping(summary(waits, stage=Stage.AWAITING_DELIVERY, m3_order_number="0010000123"))

    assert helps == ("retry", "skip", "reject")


def test_step_that_moves_money_is_not_skipped():
    waits = attention("WALMART_REJECTED", step="confirm_shipment")

    assert "skip" not in helping(summary(waits))


def test_two_causes_name_each_command_once():
    helps = helping(summary(attention("UNKNOWN_SKU"), attention("M3_UNAVAILABLE")))

    assert sorted(set(helps)) == sorted(helps)


# What is printed


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=20), "0 min"),
        (timedelta(minutes=35), "35 min"),
        (timedelta(hours=2, minutes=10), "2 h 10 min"),
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
        (timedelta(seconds=-1), "0 min"),
    ],
)
def test_length_of_time_is_said_in_two_units(length: timedelta, said: str):
    assert span(length) == said


def test_deadline_is_ahead_or_over():
    assert due(NOW + timedelta(hours=1), NOW) == "in 1 h 0 min"
    assert due(NOW - timedelta(minutes=5), NOW) == "5 min ago"


def test_list_says_clock_and_need_of_each_order():
    waiting = case(
        answered=True,
        deadline=NOW + timedelta(hours=2, minutes=10),
        urgency=Urgency.SOON,
        assignee="ann",
        tags=("vip",),
        attention=(attention(),),
        helps=("map-sku", "retry"),
    )

    said = printed(print_cases, Cases(shown=(waiting,), total=1), NOW, as_json=False)

    for part in (
        PO,
        "acme entering",
        "ann #vip",
        "due in 2 h 10 min, soon",
        "waits 35 min",
        "UNKNOWN_SKU mend UNKNOWN_SKU",
        "map-sku, retry",
    ):
        assert part in said


def test_brackets_of_an_order_are_printed_as_they_are():
    waiting = case(answered=True, attention=(attention(mend="see [red]MMS025[/red]"),))

    said = printed(print_cases, Cases(shown=(waiting,), total=1), NOW, as_json=False)

    assert "see [red]MMS025[/red]" in said


def test_list_without_a_worker_shows_what_the_list_knows():
    waiting = case(ship_by=datetime(2026, 11, 30, 6, tzinfo=UTC))

    said = printed(print_cases, Cases(shown=(waiting,), total=1, silent=1), NOW, as_json=False)

    assert "UNKNOWN_SKU" in said
    assert "ship by 11-30 06:00" in said


def test_list_says_when_it_does_not_show_everything():
    said = printed(print_cases, Cases(shown=(case(),), total=12), NOW, as_json=False)

    assert "1 of 12 shown" in said


def test_empty_list_is_said():
    said = printed(print_cases, Cases(shown=(), total=0), NOW, as_json=False)

    assert said == "Nothing waits for a person.\n"


def test_json_of_the_list_has_everything():
    waiting = case(answered=True, urgency=Urgency.LOST, attention=(attention(),), helps=("retry",))

    [told] = json.loads(printed(print_cases, Cases(shown=(waiting,), total=1), NOW, as_json=True))

    assert told["urgency"] == "lost"
    assert told["attention"][0]["mend"] == "mend UNKNOWN_SKU"
    assert told["helps"] == ["retry"]
    assert told["since"] == "2026-11-24 11:25:00+00:00"


def test_case_shows_findings_commands_answers_and_the_tail_of_its_timeline():
    waits = attention(findings=(finding("UNKNOWN_SKU", Severity.BLOCK), finding("TOTAL_DIFFERS")))
    given = GivenAnswer(name="retry", by="ann", reason="alias added", at=NOW)
    happened = tuple(TimelineEntry(at=NOW, event=f"event_{number:02}") for number in range(30))
    order = summary(waits, answers=(given,), deadline=NOW + timedelta(hours=1))

    said = printed(print_case, order, happened, NOW, link="https://ui.example/1")

    for line in (
        "UNKNOWN_SKU in step validation, for 35 min",
        "What mends it: mend UNKNOWN_SKU",
        "  block UNKNOWN_SKU: line 1: UNKNOWN_SKU in numbers",
        "  hold  TOTAL_DIFFERS: line 1: TOTAL_DIFFERS in numbers",
        f"m3-walmart attention map-sku {PO} --pair acme SKU ITEM",
        "2026-11-24 12:00:00  retry by ann: alias added",
        "2026-11-24 12:00:00  event_29",
        "Web UI          https://ui.example/1",
    ):
        assert line in said.splitlines()
    assert "event_19" not in said


def test_case_that_waits_no_more_says_so():
    assert "It waits for nobody." in printed(print_case, summary(), (), NOW, link="")


def test_step_that_is_skipped_is_the_one_that_waits():
    waits = (attention("M3_REJECTED", step="confirm_shipment"), attention(step="reserve_stock"))

    said = printed(print_case, summary(*waits), (), NOW, link="")

    assert f"m3-walmart attention skip {PO} --pair acme reserve_stock --reason" in said
