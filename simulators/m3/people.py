"""What people do in M3 beside the API: change an order, enter one by hand, add an alias."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from simulators.m3 import order_changes
from simulators.m3.fields import Record, Row
from simulators.m3.master_data import METHODS
from simulators.m3.messages import Nok
from simulators.m3.records import LineKey, Order, OrderLine
from simulators.m3.state import M3Tenant
from simulators.m3.transactions import items

Fields = Mapping[str, Any]
ALIAS_CATEGORY = "2"  # ALWT
CHANGES = ("delete", "close", "quantity", "add")


def change_order(tenant: M3Tenant, fields: Fields) -> Order:
    """Change an order in OIS300 or OIS101, the whole of it when no line is named.

    Raises:
        ValueError: what is to be done makes no sense.
        Nok: M3 refuses it, as it would refuse a transaction.
    """
    order, change = tenant.order(fields["order"]), fields["do"]
    if change not in CHANGES:
        raise ValueError(f"do must be one of {', '.join(CHANGES)}")
    if change == "add":
        order_changes.add_line(tenant, order, _entered(fields))
    elif "line" in fields:
        _change_line(tenant, order, order_changes.line_of(order, _key(fields["line"])), fields)
    elif change == "delete":
        order_changes.delete_order(tenant, order)
    elif change == "close":
        for line in _open_lines(order):
            order_changes.close_line(tenant, order, line)
    else:
        raise ValueError("a quantity belongs to a line")
    return order


def enter_order(tenant: M3Tenant, fields: Fields) -> Order:
    """Enter an order by hand.

    Raises:
        ValueError: it has no lines.
        Nok: M3 refuses the head or a line; then nothing is entered.
    """
    lines = [_entered(line) for line in fields["lines"]]
    if not lines:
        raise ValueError("lines must not be empty")
    head = {"CUNO": fields.get("customer", "WALMART"), "CUOR": fields["reference"]}
    head |= {"WHLO": fields["warehouse"]} if "warehouse" in fields else {}
    return order_changes.enter_order(tenant, head, lines)


def change_method(tenant: M3Tenant, fields: Fields) -> None:
    """Let an order, or every unfinished one, leave by another delivery method.

    Raises:
        Nok: there is no such order or method.
    """
    method = fields["method"]
    if method not in METHODS:
        raise Nok("WMO0103", method, field="MODL")
    named = [tenant.order(fields["order"])] if "order" in fields else None
    for order in named or list(tenant.unfinished_orders.values()):
        order.entered["MODL"] = method
        tenant.index_order(order)


def add_alias(tenant: M3Tenant, *, sku: str, item_number: str) -> None:
    """Give an item another name in MMS025.

    Raises:
        Nok: there is no such item, or the name is taken.
    """
    items.add_alias(tenant, Record(ALWT=ALIAS_CATEGORY, ITNO=item_number, POPN=sku))


def _change_line(tenant: M3Tenant, order: Order, line: OrderLine, fields: Fields) -> None:
    if fields["do"] == "delete":
        order_changes.delete_line(tenant, order, line)
    elif fields["do"] == "close":
        order_changes.close_line(tenant, order, line)
    else:
        quantity = Decimal(str(fields["quantity"]))
        order_changes.change_quantity(tenant, order, line, quantity)


def _open_lines(order: Order) -> list[OrderLine]:
    lines = [line for line in order.lines.values() if line.allocated + line.unallocated > 0]
    if not lines:
        raise ValueError(f"order {order.number} has nothing left to close")
    return lines


def _key(line: str) -> LineKey:
    """Return PONR and POSX of `1` or `1/0`."""
    number, _, suffix = str(line).partition("/")
    return int(number), int(suffix or 0)


def _entered(line: Fields) -> Row:
    """Return a line as M3 keeps what was entered."""
    names = {"item": "ITNO", "quantity": "ORQT", "reference": "CUPO", "price": "SAPR"}
    return {field: str(line[name]) for name, field in names.items() if name in line}
