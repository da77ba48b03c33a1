"""mappings/cancellations.py: what Walmart waits for beside what M3 will ship."""

from collections.abc import Iterator
from itertools import product

import pytest

from domain.cancellations import CanceledUnits, CancellationReason, LineLimit
from domain.orders import LineQuantity, M3Line
from mappings.cancellations import (
    CancellationPlan,
    excess,
    plan_cancellation,
    sales_units,
    shipping_quantities,
    to_cancellation_body,
    wanted_quantities,
    will_ship,
)
from mappings.walmart_order import WalmartOrder, parse_order
from tests.mapping_samples import order_document, order_line, status

BUYER = CancellationReason.BUYER_ASKED
PRICE = CancellationReason.PRICING_ERROR
ADDRESS = CancellationReason.ADDRESS

ORDERED = 3


def walmart_line(
    number: str = "1", *, shipped: int = 0, canceled: int = 0, asked: bool = False
) -> dict[str, object]:
    """Return a line of three units, some of which have shipped or were canceled."""
    counts = {
        "Acknowledged": ORDERED - shipped - canceled,
        "Shipped": shipped,
        "Cancelled": canceled,
    }
    statuses = [status(name, str(count)) for name, count in counts.items() if count]
    line = order_line(number, quantity=str(ORDERED), statuses=statuses)
    return line | {"intentToCancel": "true" if asked else None}


def order(*lines: dict[str, object]) -> WalmartOrder:
    return parse_order(order_document(*(lines or (walmart_line(),))))


def m3_line(number: str, ships: int, *, key: str = "", status: str = "3") -> M3Line:
    return M3Line(
        line_number=number,
        m3_line=key or f"{number}/0",
        quantity=ORDERED,
        allocated=ships,
        will_ship=ships,
        furthest_status=status,
    )


def limit(quantity: int, reason: CancellationReason = PRICE, line: str = "1") -> LineLimit:
    return LineLimit(line_number=line, quantity=quantity, reason=reason)


def plan(
    placed: WalmartOrder,
    ships: int,
    *limits: LineLimit,
    reason_in_m3: CancellationReason | None = None,
) -> CancellationPlan:
    return plan_cancellation(
        placed, shipping={"1": ships}, limits=limits, reason_in_m3=reason_in_m3
    )


def units(quantity: int, reason: CancellationReason = PRICE, line: str = "1") -> CanceledUnits:
    return CanceledUnits(line_number=line, quantity=quantity, reason=reason)


# What is wanted.


@pytest.mark.parametrize(
    ("line", "limits", "wanted"),
    [
        (walmart_line(), (), 3),
        (walmart_line(canceled=1), (), 2),
        (walmart_line(canceled=3), (), 0),
        (walmart_line(shipped=3), (), 3),
        (walmart_line(asked=True), (), 0),
        (walmart_line(asked=True, shipped=2), (), 2),
        (walmart_line(), (limit(1),), 1),
        (walmart_line(), (limit(9),), 3),
        (walmart_line(shipped=2), (limit(0),), 2),
        (walmart_line(canceled=2), (limit(2),), 1),
        (walmart_line(), (limit(0, line="2"),), 3),
    ],
    ids=[
        "nothing has happened",
        "one unit canceled",
        "all canceled",
        "all shipped",
        "the buyer asks",
        "the buyer asks too late for two",
        "a person allows one",
        "a person allows more than ordered",
        "a person allows none of what has shipped",
        "a person allows more than is left",
        "a person speaks of another line",
    ],
)
def test_units_that_are_to_ship(
    line: dict[str, object], limits: tuple[LineLimit, ...], wanted: int
):
    assert wanted_quantities(order(line), limits) == {"1": wanted}


# What M3 will ship.


@pytest.mark.parametrize(
    ("status_range", "allocated", "delivered", "ships"),
    [
        ("22", "0", "0", 10),
        ("23", "4", "0", 10),
        ("33", "10", "0", 10),
        ("24", "4", "0", 10),
        ("36", "6", "4", 10),
        ("44", "10", "0", 10),
        ("44", "4", "0", 4),
        ("46", "3", "4", 7),
        ("66", "0", "4", 4),
        ("67", "0", "10", 10),
        ("77", "0", "10", 10),
        ("77", "0", "6", 6),
        ("99", "0", "0", 0),
        ("99", "2", "0", 0),
    ],
    ids=[
        "entered",
        "allocated in part",
        "allocated",
        "picked in part, the rest waits for stock",
        "delivered in part, the rest allocated",
        "picked",
        "picked in part, the rest closed",
        "delivered in part, more picked, the rest closed",
        "delivered in part, the rest closed",
        "delivered, invoiced in part",
        "invoiced",
        "invoiced, the rest closed",
        "closed",
        "closed, whatever stands there",
    ],
)
def test_units_m3_ships_of_a_line(status_range: str, allocated: str, delivered: str, ships: int):
    record = {"ORQT": "10", "ORQA": "10", "ORST": status_range}

    assert will_ship(record | {"ALQT": allocated, "DLQT": delivered}) == ships


@pytest.mark.parametrize(
    ("basic", "ordered", "delivered", "ships"),
    [("24", "2", "12", 1), ("24", "2", "24", 2), ("2", "", "2", 2), ("2", "0", "1", 1)],
    ids=["half of the boxes", "both boxes", "no unit of its own", "unit left empty"],
)
def test_quantities_in_basic_units_are_turned_into_those_that_were_ordered(
    basic: str, ordered: str, delivered: str, ships: int
):
    record = {"ORQT": basic, "ORQA": ordered, "ALQT": "0", "DLQT": delivered, "ORST": "66"}

    assert will_ship(record) == sales_units(record, "DLQT") == ships


def test_quantity_m3_leaves_empty_is_none():
    assert sales_units({"ORQT": "2", "ORQA": "2"}, "ALQT") == 0
    assert sales_units({"ORQT": "", "ORQA": "", "ALQT": ""}, "ALQT") == 0


def test_parts_of_a_split_line_count_together():
    lines = [m3_line("1", 2), m3_line("1", 1, key="1/1"), m3_line("2", 3)]

    assert shipping_quantities(lines) == {"1": 3, "2": 3}


# What M3 ships too much.


@pytest.mark.parametrize(
    ("wanted", "targets"),
    [
        ({"1": 3, "2": 3}, {}),
        ({"1": 5, "2": 5}, {}),
        ({"1": 0, "2": 3}, {"1/0": 0, "1/1": 0}),
        ({"1": 1, "2": 3}, {"1/0": 1, "1/1": 0}),
        ({"1": 2, "2": 3}, {"1/1": 0}),
        ({"1": 3, "2": 1}, {"2/0": 1}),
        ({"1": 3}, {}),
        ({}, {}),
    ],
    ids=[
        "as wanted",
        "fewer than wanted",
        "a split line is not wanted",
        "one of a split line",
        "the last part first",
        "a part of a line",
        "a line Walmart does not know",
        "no line Walmart knows",
    ],
)
def test_lines_that_would_ship_too_much(wanted: dict[str, int], targets: dict[str, int]):
    lines = [m3_line("1", 2), m3_line("1", 1, key="1/1"), m3_line("2", 3)]

    assert excess(lines, wanted) == targets


def test_part_that_was_closed_is_not_given_up_again():
    lines = [m3_line("1", 2), m3_line("1", 0, key="1/1", status="9")]

    assert excess(lines, {"1": 1}) == {"1/0": 1}


@pytest.mark.parametrize("parts", list(product(range(4), repeat=3)))
@pytest.mark.parametrize("wanted", range(5))
def test_whatever_the_parts_m3_ships_no_more_than_wanted_and_as_much_as_it_can(
    parts: tuple[int, ...], wanted: int
):
    lines = [m3_line("1", ships, key=f"1/{suffix}") for suffix, ships in enumerate(parts)]

    targets = excess(lines, {"1": wanted})

    left = {line.m3_line: targets.get(line.m3_line, line.will_ship) for line in lines}
    assert sum(left.values()) == min(wanted, sum(parts))
    assert all(targets[line.m3_line] < line.will_ship for line in lines if line.m3_line in targets)


# What Walmart is told.


@pytest.mark.parametrize(
    ("line", "ships", "limits", "expected"),
    [
        (walmart_line(), 3, (), ()),
        (walmart_line(canceled=1), 2, (), ()),
        (walmart_line(asked=True), 0, (), (units(3, BUYER),)),
        (walmart_line(asked=True), 1, (), (units(2, BUYER),)),
        (walmart_line(asked=True), 3, (), ()),
        (walmart_line(asked=True, shipped=1), 1, (), (units(2, BUYER),)),
        (walmart_line(asked=True), 0, (limit(0),), (units(3, BUYER),)),
        (walmart_line(), 1, (limit(1),), (units(2),)),
        (walmart_line(), 3, (limit(0),), ()),
        (walmart_line(), 2, (limit(0),), (units(1),)),
        (walmart_line(canceled=1), 1, (limit(1),), (units(1),)),
        (walmart_line(shipped=2), 2, (limit(0),), (units(1),)),
        (walmart_line(canceled=3), 0, (limit(0),), ()),
    ],
    ids=[
        "both agree",
        "both agree on what is left",
        "the buyer asked",
        "the buyer asked, and one has left",
        "the buyer asked too late",
        "the buyer asked, and one is confirmed",
        "the buyer asked before a person did",
        "a person lets one ship",
        "a person came too late",
        "a person came too late for two",
        "Walmart had canceled one",
        "two had shipped",
        "nothing is left",
    ],
)
def test_units_that_are_canceled_at_walmart(
    line: dict[str, object],
    ships: int,
    limits: tuple[LineLimit, ...],
    expected: tuple[CanceledUnits, ...],
):
    found = plan(order(line), ships, *limits)

    assert found == CancellationPlan(cancel=expected, surplus=(), unexplained=())


def test_units_m3_gave_up_by_itself_wait_for_a_reason():
    found = plan(order(), 1)

    assert found.unexplained == (LineQuantity(line_number="1", quantity=2),)
    assert found.cancel == ()


def test_units_m3_gave_up_by_itself_have_the_reason_of_the_table():
    assert plan(order(), 1, reason_in_m3=ADDRESS).cancel == (units(2, ADDRESS),)


def test_person_and_table_explain_each_their_units():
    assert plan(order(), 0, limit(2), reason_in_m3=ADDRESS).cancel == (units(1), units(2, ADDRESS))


def test_person_explains_a_part_and_the_rest_waits():
    found = plan(order(), 0, limit(2))

    assert found.cancel == (units(1),)
    assert found.unexplained == (LineQuantity(line_number="1", quantity=2),)


def test_units_m3_ships_although_walmart_canceled_them_are_surplus():
    found = plan(order(walmart_line(canceled=2)), 3)

    assert found.surplus == (LineQuantity(line_number="1", quantity=2),)
    assert (found.cancel, found.unexplained) == ((), ())


def test_lines_are_looked_at_one_by_one():
    placed = order(walmart_line("1", asked=True), walmart_line("2"), walmart_line("3", canceled=3))

    found = plan_cancellation(
        placed, shipping={"1": 0, "2": 1, "3": 3}, limits=(), reason_in_m3=None
    )

    assert found.cancel == (units(3, BUYER),)
    assert found.unexplained == (LineQuantity(line_number="2", quantity=2),)
    assert found.surplus == (LineQuantity(line_number="3", quantity=3),)


def states() -> Iterator[tuple[int, int, int, bool, int | None, CancellationReason | None]]:
    """Yield every state of a line of three units, and what has been said of it."""
    for shipped, canceled in product(range(ORDERED + 1), repeat=2):
        if shipped + canceled <= ORDERED:
            for ships, asked, most, reason in product(
                range(shipped, ORDERED + 1), (False, True), (None, 0, 2), (None, ADDRESS)
            ):
                yield shipped, canceled, ships, asked, most, reason


@pytest.mark.parametrize(
    ("shipped", "canceled", "ships", "asked", "most", "reason"), list(states())
)
def test_whatever_the_state_every_unit_is_accounted_for_once(
    shipped: int,
    canceled: int,
    ships: int,
    asked: bool,
    most: int | None,
    reason: CancellationReason | None,
):
    placed = order(walmart_line(shipped=shipped, canceled=canceled, asked=asked))
    limits = () if most is None else (limit(most),)

    found = plan(placed, ships, *limits, reason_in_m3=reason)

    told = sum(each.quantity for each in found.cancel)
    waiting = sum(each.quantity for each in found.unexplained)
    surplus = sum(each.quantity for each in found.surplus)
    still_wanted = ORDERED - canceled
    assert still_wanted - told - waiting == ships - surplus
    assert 0 <= told <= still_wanted - shipped  # Walmart takes back nothing that has shipped
    assert (BUYER in {each.reason for each in found.cancel}) == (asked and told > 0)
    assert waiting == 0 or (reason is None and not asked)


# The body of the request.


def test_body_names_each_line_once_with_its_units_by_reason():
    body = to_cancellation_body([units(1), units(2, ADDRESS), units(3, BUYER, line="4")])

    lines = body["orderCancellation"]["orderLines"]["orderLine"]
    assert [line["lineNumber"] for line in lines] == ["1", "4"]
    assert lines[0]["orderLineStatuses"]["orderLineStatus"] == [
        {
            "status": "Cancelled",
            "cancellationReason": "SELLER_CANCEL_PRICING_ERROR",
            "statusQuantity": {"unitOfMeasurement": "EACH", "amount": "1"},
        },
        {
            "status": "Cancelled",
            "cancellationReason": "SELLER_CANCEL_ADDRESS_NOT_SERVICEABLE",
            "statusQuantity": {"unitOfMeasurement": "EACH", "amount": "2"},
        },
    ]
