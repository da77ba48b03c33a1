"""What may still be changed of an entered order, by a transaction or by a person in OIS300."""

from decimal import Decimal

from simulators.m3 import confirmation, warehouse
from simulators.m3.fields import Row
from simulators.m3.messages import Nok
from simulators.m3.records import LineKey, Order, OrderLine
from simulators.m3.state import M3Tenant

DELETABLE = ("2", "3", "9")  # second digit: nothing has been picked yet
ON_PICKING_LIST = "4"  # first digit: nothing is left that could be more or fewer


def line_of(order: Order, key: LineKey) -> OrderLine:
    """Return a line of an order. Raises Nok when there is none, or it was deleted."""
    if key not in order.lines:
        raise Nok("WPO0303", str(key[0]), field="PONR")
    return order.lines[key]


def delete_line(tenant: M3Tenant, order: Order, line: OrderLine) -> None:
    """Delete a line nothing has been picked of; its stock is free again.

    Raises:
        Nok: some of it is on a picking list or has left.
    """
    _refuse_picked(line)
    warehouse.release_line(tenant, line)
    del order.lines[line.key]
    order.deleted_lines.append(line)
    tenant.index_order(order)


def delete_order(tenant: M3Tenant, order: Order) -> None:
    """Delete an order nothing has been picked of.

    Raises:
        Nok: some of a line is on a picking list or has left.
    """
    for line in order.lines.values():
        _refuse_picked(line)
    for line in order.lines.values():
        warehouse.release_line(tenant, line)
    tenant.delete_order(order)


def close_line(tenant: M3Tenant, order: Order, line: OrderLine) -> None:
    """Give up the part of a line that has neither been picked nor delivered.

    Raises:
        Nok: there is no such part.
    """
    if line.allocated + line.unallocated <= 0:
        raise Nok("SIM0007", str(line.key[0]), line.status, field="PONR")
    warehouse.release_line(tenant, line)
    tenant.index_order(order)


def change_quantity(tenant: M3Tenant, order: Order, line: OrderLine, quantity: Decimal) -> None:
    """Let a line be for more or fewer units; stock of fewer is free again.

    Raises:
        Nok: nothing of the line is open, or the quantity is less than was picked or delivered.
    """
    if quantity <= 0:
        raise Nok("SIM0003", field="ORQA")
    if line.closed or line.status[0] >= ON_PICKING_LIST:
        raise Nok("SIM0020", str(line.key[0]), line.status, field="PONR")
    if quantity < line.picking + line.delivered:
        raise Nok("SIM0021", str(line.key[0]), f"{line.picking + line.delivered}", field="ORQA")
    more = quantity - line.quantity
    deallocated = max(-more - line.unallocated, Decimal(0))
    line.allocated -= deallocated
    balance = tenant.stock[line.warehouse, line.item_number]
    balance.move(reserved=more, allocated=-deallocated)
    line.quantity = quantity
    tenant.index_order(order)
    if more > 0:
        warehouse.schedule(tenant, order)


def add_line(tenant: M3Tenant, order: Order, line: Row, *, position: int = 0) -> OrderLine:
    """Add a line to an order, under the number given or the next free one.

    Raises:
        Nok: what M3 has against the line, or its number is taken.
    """
    for objection in confirmation.check_line(tenant, line):
        raise objection
    used = [number for number, _ in order.lines]
    used += [deleted.key[0] for deleted in order.deleted_lines]
    key = (position or max(used, default=0) + 1, 0)
    if key in order.lines:
        raise Nok("XRE0104", field="PONR")
    confirmation.add_line(tenant, order, line, key=key)
    tenant.index_order(order)
    warehouse.schedule(tenant, order)
    return order.lines[key]


def enter_order(tenant: M3Tenant, head: Row, lines: list[Row]) -> Order:
    """Enter an order with its lines, as a person does in OIS100.

    Raises:
        Nok: what M3 has against the head or a line; then nothing is entered.
    """
    for objection in confirmation.check_head(tenant, head):
        raise objection
    for line in lines:
        for objection in confirmation.check_line(tenant, line):
            raise objection
    order = confirmation.new_order(tenant, head)
    for position, line in enumerate(lines, 1):
        confirmation.add_line(tenant, order, line, key=(position, 0))
    tenant.add_order(order)
    warehouse.schedule(tenant, order)
    return order


def _refuse_picked(line: OrderLine) -> None:
    if line.status[1] not in DELETABLE:
        raise Nok("SIM0006", str(line.key[0]), line.status, field="PONR")
