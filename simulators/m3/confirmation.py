"""Confirming a batch order: M3 checks it whole, then makes a customer order or says why not."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial

from simulators.m3 import master_data, warehouse
from simulators.m3.fields import Row
from simulators.m3.messages import Nok, message_text
from simulators.m3.records import (
    ACTIVE_STATUS,
    Batch,
    BatchLine,
    BatchStatus,
    Charge,
    Item,
    LineKey,
    Order,
    OrderError,
    OrderLine,
)
from simulators.m3.state import M3Tenant
from simulators.m3.values import date_text

HEAD_LEVEL = "1"
LINE_LEVEL = "2"


def confirm(tenant: M3Tenant, batch: Batch) -> None:
    """Check a batch order and make an order of it, at once or after the set delay.

    A batch order that fails stays with status 15, 20 or 25 and its messages; confirming it
    again checks it again. One that is being confirmed is left to it, and a credit stop to the
    person who lifts it.
    """
    if batch.confirming or batch.status is BatchStatus.CREDIT_STOPPED:
        return
    if tenant.confirm_delay_seconds:
        batch.confirming = True
        tenant.agenda.after(tenant.confirm_delay_seconds, partial(_check_and_create, tenant, batch))
    else:
        _check_and_create(tenant, batch)


def repair(tenant: M3Tenant, batch: Batch) -> None:
    """Do what a person does in OIS275: set right what M3 objected to, and release the order.

    The person lets a blocked customer or item pass this once, enters an item M3 lacks, and puts
    the order on an existing warehouse, facility and order type. Lines cannot be invented.

    Raises:
        ValueError: the batch order has no lines, or a line without a quantity.
    """
    errors = {error.code for error in _line_errors(tenant, batch)}
    if not batch.lines or errors & {"SIM0003", "XNU0003"}:
        raise ValueError(f"batch order {batch.number} has nothing that could be ordered")
    batch.entered |= {
        "ORTP": master_data.ORDER_TYPE,
        "FACI": master_data.FACILITY,
        "CUCD": master_data.CURRENCY,
    }
    if batch.entered.get("WHLO") not in tenant.warehouses:
        batch.entered["WHLO"] = tenant.warehouses[0]
    if batch.entered.get("MODL") not in master_data.METHODS:
        batch.entered.pop("MODL", None)
    for line in batch.lines.values():
        if line.entered.get("WHLO") not in tenant.warehouses:
            line.entered.pop("WHLO", None)
        _enter_missing_item(tenant, line.entered["ITNO"])
    _create_order(tenant, batch)


def check_head(tenant: M3Tenant, head: Row) -> Iterator[Nok]:
    """Yield what M3 has against the head of an order."""
    customer = tenant.customers.get(head["CUNO"])
    if customer is None or customer.template:
        yield Nok("WCU0203", head["CUNO"], field="CUNO")
    elif customer.status != ACTIVE_STATUS:
        yield Nok("SIM0002", head["CUNO"], customer.status, field="CUNO")
    allowed = (
        ("ORTP", (master_data.ORDER_TYPE,), "WTT0403"),
        ("FACI", (master_data.FACILITY,), "WFAC303"),
        ("WHLO", tenant.warehouses, "WWH0103"),
        ("MODL", tuple(master_data.METHODS), "WMO0103"),
        ("CUCD", tenant.currencies, "SIM0009"),
    )
    for field, values, code in allowed:
        value = head.get(field)
        if value and value not in values:
            yield Nok(code, value, field=field)


def check_line(tenant: M3Tenant, line: Row) -> Iterator[Nok]:
    """Yield what M3 has against one line of an order."""
    if line["ITNO"] not in tenant.items:
        yield Nok("WIT0103", line["ITNO"], field="ITNO")
    else:
        yield from _check_item(tenant.items[line["ITNO"]])
    if line.get("WHLO") and line["WHLO"] not in tenant.warehouses:
        yield Nok("WWH0103", line["WHLO"], field="WHLO")
    quantity = Decimal(line.get("ORQT") or 0)
    if quantity <= 0:
        yield Nok("XNU0003" if quantity else "SIM0003", field="ORQT")


def _check_item(item: Item) -> Iterator[Nok]:
    if item.status != ACTIVE_STATUS:
        yield Nok("XIT0107", item.status, field="ITNO")
    elif not item.saleable:
        yield Nok("SIM0004", item.number, field="ITNO")


def new_order(tenant: M3Tenant, head: Row, *, batch_number: str = "") -> Order:
    """Return an order under the next real number, with M3's defaults, not yet kept."""
    today = date_text(tenant.now())
    defaults = {
        "ORTP": master_data.ORDER_TYPE,
        "FACI": master_data.FACILITY,
        "WHLO": tenant.warehouses[0],
        "MODL": master_data.DEFAULT_METHOD,
        "CUCD": master_data.CURRENCY,
        "ORDT": today,
        "RLDT": head.get("RLDZ") or today,
    }
    return Order(
        number=tenant.next_number("order", first=10000001, width=10),
        customer_number=head["CUNO"],
        entered={**defaults, **head},
        created_at=tenant.now(),
        batch_number=batch_number,
    )


def add_line(
    tenant: M3Tenant, order: Order, line: Row, *, key: LineKey, charges: tuple[Charge, ...] = ()
) -> None:
    """Put a checked line on an order and reserve its quantity."""
    item = tenant.items[line["ITNO"]]
    made = OrderLine(
        key=key,
        item_number=item.number,
        warehouse=line.get("WHLO") or order.entered["WHLO"],
        quantity=Decimal(line["ORQT"]),
        price=Decimal(line["SAPR"]) if line.get("SAPR") else item.price,
        entered=line,
        charges=[replace(charge) for charge in charges],
    )
    order.lines[key] = made
    tenant.stock[made.warehouse, item.number].move(reserved=made.quantity)


def _check_and_create(tenant: M3Tenant, batch: Batch) -> None:
    batch.confirming = False
    if stop := tenant.take_stop(batch):
        batch.status = stop
        text = message_text("SIM0024", stop)
        batch.errors = [OrderError(level=HEAD_LEVEL, code="SIM0024", text=text)]
        tenant.index_batch(batch)
        return
    batch.errors = list(_head_errors(tenant, batch))
    batch.status = BatchStatus.HEAD_ERROR
    if not batch.errors and not batch.lines:
        text = message_text("SIM0001", batch.number)
        batch.errors = [OrderError(level=HEAD_LEVEL, code="SIM0001", text=text)]
        batch.status = BatchStatus.NO_LINES
    elif not batch.errors:
        batch.errors = list(_line_errors(tenant, batch))
        batch.status = BatchStatus.LINE_ERROR
    if batch.errors:
        tenant.index_batch(batch)
    else:
        _create_order(tenant, batch)


def _head_errors(tenant: M3Tenant, batch: Batch) -> Iterator[OrderError]:
    for nok in check_head(tenant, batch.entered):
        yield OrderError(level=HEAD_LEVEL, code=nok.code, text=nok.text)


def _line_errors(tenant: M3Tenant, batch: Batch) -> Iterator[OrderError]:
    for line in batch.lines.values():
        for nok in check_line(tenant, line.entered):
            yield OrderError(level=LINE_LEVEL, code=nok.code, text=nok.text, line=line.key)


def _create_order(tenant: M3Tenant, batch: Batch) -> None:
    order = new_order(tenant, batch.entered, batch_number=batch.number)
    for line in batch.lines.values():
        _add_batch_line(tenant, order, line)
    order.addresses = {number: dict(address) for number, address in batch.addresses.items()}
    order.charges = [replace(charge) for charge in batch.charges]
    order.texts = list(batch.texts)
    tenant.add_order(order)
    tenant.close_batch(batch, order_number=order.number)
    warehouse.schedule(tenant, order)


def _add_batch_line(tenant: M3Tenant, order: Order, line: BatchLine) -> None:
    add_line(tenant, order, dict(line.entered), key=line.key, charges=tuple(line.charges))


def _enter_missing_item(tenant: M3Tenant, item_number: str) -> None:
    if item_number not in tenant.items:
        item = Item(
            number=item_number,
            name=item_number,
            price=Decimal(0),
            status=ACTIVE_STATUS,
            saleable=True,
            created_at=tenant.now(),
        )
        tenant.add_item(item, stock=Decimal(10_000))
