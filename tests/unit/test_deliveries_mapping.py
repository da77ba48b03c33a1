"""mappings/deliveries.py and mappings/invoices.py: M3's records in our words."""

from datetime import UTC, datetime
from decimal import InvalidOperation

import pytest

from domain.errors import OrderMismatch
from domain.orders import Invoice, LineQuantity, M3Line
from mappings.deliveries import Record, from_m3_delivery, to_m3_lines
from mappings.invoices import to_invoices
from mappings.shipments import Delivery, Package

M3_ORDER = "0001000042"
HEAD = {
    "DLIX": "7001",
    "MODL": "UPS",
    "ETRN": "1ZWHOLE",
    "DSDT": "20260301",
    "DSHM": "1405",
    "PGRS": "60",
}
LINES = (
    M3Line(
        line_number="1", m3_line="1/0", quantity=3, allocated=3, will_ship=3, furthest_status="3"
    ),
    M3Line(
        line_number="2", m3_line="2/0", quantity=2, allocated=2, will_ship=2, furthest_status="3"
    ),
)


def m3_line(**changes: str) -> Record:
    """Return one LstLine record; `changes` replace fields."""
    record = {"PONR": "1", "POSX": "0", "CUPO": "1", "ORQT": "3", "ALQT": "3", "ORQA": "3"}
    # A quantity is the same in both units here.
    return record | {"DLQT": "0", "ORST": "33"} | {"ORQA": changes.get("ORQT", "3")} | changes


def package(number: str, tracking_number: str = "") -> Record:
    return {"PANR": number, "ETRN": tracking_number, "MODF": "UPS"}


def content(package_number: str, line: str, quantity: str, **changes: str) -> Record:
    """Return one LstPackageLine record."""
    record = {
        "PANR": package_number,
        "RIDN": M3_ORDER,
        "RIDL": line,
        "RIDX": "0",
        "DLQT": quantity,
        "DLQA": quantity,
    }
    return record | changes


def read(
    packages: list[Record], contents: list[Record], *, time_zone: str = "UTC", **head: str
) -> Delivery:
    return from_m3_delivery(
        HEAD | head,
        packages,
        contents,
        m3_order_number=M3_ORDER,
        lines=LINES,
        time_zone=time_zone,
    )


def units(line_number: str, quantity: int) -> LineQuantity:
    return LineQuantity(line_number=line_number, quantity=quantity)


def test_line_of_a_batch_order_names_walmarts_line():
    [line] = to_m3_lines([m3_line(PONR="10", CUPO="2", ORQT="3", ALQT="1")], "1")

    assert line == M3Line(
        line_number="2", m3_line="10/0", quantity=3, allocated=1, will_ship=3, furthest_status="3"
    )


def test_line_of_a_direct_order_has_walmarts_number_itself():
    [line] = to_m3_lines([m3_line(PONR="00002", POSX="00", CUPO="")], "1")

    assert (line.line_number, line.m3_line) == ("2", "2/0")


@pytest.mark.parametrize(("ordered", "quantity"), [("3", 3), ("3.000000", 3), ("", 0)])
def test_quantities_are_whole_units(ordered: str, quantity: int):
    [line] = to_m3_lines([m3_line(ORQT=ordered)], "1")

    assert line.quantity == quantity


def test_quantity_that_is_no_number_is_a_bug():
    with pytest.raises(InvalidOperation):
        to_m3_lines([m3_line(ORQT="many")], "1")


def test_line_without_any_number_differs_from_the_order():
    with pytest.raises(OrderMismatch, match="a line without Walmart's number"):
        to_m3_lines([m3_line(PONR="0", CUPO="")], "1796277083022")


def test_delivery_keeps_its_packages_apart():
    delivery = read(
        [package("1", "1ZA"), package("2", "1ZB")],
        [content("1", "1", "2"), content("2", "1", "1"), content("2", "2", "2")],
    )

    assert delivery == Delivery(
        delivery_number="7001",
        delivery_method="UPS",
        shipped_at=datetime(2026, 3, 1, 14, 5, tzinfo=UTC),
        packages=(
            Package(tracking_number="1ZA", lines=(units("1", 2),)),
            Package(tracking_number="1ZB", lines=(units("1", 1), units("2", 2))),
        ),
    )


def test_package_without_a_number_of_its_own_travels_under_that_of_the_delivery():
    delivery = read([package("1")], [content("1", "1", "3")])

    assert [each.tracking_number for each in delivery.packages] == ["1ZWHOLE"]


def test_what_belongs_to_other_orders_is_left_out():
    delivery = read(
        [package("1", "1ZA"), package("2", "1ZB"), package("3", "1ZC")],
        [
            content("1", "1", "3"),
            content("1", "1", "9", RIDN="0001000099"),
            content("2", "1", "9", RIDN="0001000099"),
        ],
    )

    assert delivery.packages == (Package(tracking_number="1ZA", lines=(units("1", 3),)),)


def test_line_m3_added_to_the_order_is_not_walmarts():
    delivery = read([package("1", "1ZA")], [content("1", "1", "3"), content("1", "3", "1")])

    assert delivery.packages[0].lines == (units("1", 3),)


def test_padded_line_numbers_are_recognized():
    delivery = read([package("1", "1ZA")], [content("1", "002", "2", RIDX="")])

    assert delivery.packages[0].lines == (units("2", 2),)


@pytest.mark.parametrize(
    ("in_ordered_unit", "quantity"), [("2", 2), ("2.0000", 2), ("", 24), ("0", 24)]
)
def test_quantity_in_the_unit_ordered_comes_first(in_ordered_unit: str, quantity: int):
    delivery = read([package("1", "1ZA")], [content("1", "1", "24", DLQA=in_ordered_unit)])

    assert delivery.packages[0].lines == (units("1", quantity),)


@pytest.mark.parametrize(
    ("date", "clock", "time_zone", "moment"),
    [
        ("20260301", "1405", "America/Chicago", datetime(2026, 3, 1, 20, 5, tzinfo=UTC)),
        ("20260701", "1405", "America/Chicago", datetime(2026, 7, 1, 19, 5, tzinfo=UTC)),
        ("20260301", "2330", "America/Los_Angeles", datetime(2026, 3, 2, 7, 30, tzinfo=UTC)),
        ("20260301", "905", "UTC", datetime(2026, 3, 1, 9, 5, tzinfo=UTC)),
        ("20260301", "0", "UTC", datetime(2026, 3, 1, 0, 0, tzinfo=UTC)),
        ("20260301", "", "UTC", datetime(2026, 3, 1, 0, 0, tzinfo=UTC)),
    ],
    ids=["winter", "summer", "next day in UTC", "leading zero lost", "midnight", "no time"],
)
def test_departure_is_local_to_the_pair(date: str, clock: str, time_zone: str, moment: datetime):
    delivery = read(
        [package("1")], [content("1", "1", "3")], time_zone=time_zone, DSDT=date, DSHM=clock
    )

    assert delivery.shipped_at == moment


def test_invoices_are_read_one_per_delivery():
    invoices = to_invoices(
        [
            {"IVNO": "900001", "YEA4": "2026", "DLIX": "7001", "AMT1": "74.97", "CUCD": "USD"},
            {"IVNO": "900002", "YEA4": "2026", "DLIX": "7002", "AMT1": "24.99", "CUCD": "USD"},
        ]
    )

    assert invoices[0] == Invoice(
        invoice_number="900001",
        year="2026",
        delivery_number="7001",
        amount="74.97",
        currency="USD",
    )
    assert [invoice.delivery_number for invoice in invoices] == ["7001", "7002"]


@pytest.mark.parametrize("number", ["0", "", "000000000", " "])
def test_delivery_that_is_not_invoiced_is_left_out(number: str):
    record = {"IVNO": number, "YEA4": "0", "DLIX": "7001", "AMT1": "0.00", "CUCD": "USD"}

    assert to_invoices([record]) == ()
