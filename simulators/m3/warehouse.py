"""How an order goes through the warehouse: allocate, pick, pack, ship, invoice.

Each step changes one order and is what a person or a batch job does in M3. Left alone the
warehouse does them by itself: `delay_seconds` after an order was entered or allocated it ships
what stock covers, and invoices `invoice_delay_seconds` later. Short lines wait for stock.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from random import Random

from simulators.m3 import bods, demand
from simulators.m3.master_data import DEFAULT_METHOD, METHODS
from simulators.m3.messages import Nok
from simulators.m3.records import (
    NOTHING,
    Charge,
    Delivery,
    DeliveryStatus,
    Invoice,
    LineKey,
    Order,
    OrderLine,
    Package,
)
from simulators.m3.state import M3Tenant, WarehouseSettings
from simulators.m3.stock import Balance


def schedule(tenant: M3Tenant, order: Order) -> None:
    """Let the warehouse come to this order after its delay, counted anew from now."""
    order.work_number += 1
    work = partial(_work, tenant, order, order.work_number)
    tenant.work_later(tenant.warehouse.delay_seconds, work)


def configure(tenant: M3Tenant, settings: WarehouseSettings) -> None:
    """Work differently from now on; work that fell due while standing still is done at once."""
    tenant.warehouse = settings
    if settings.running:
        halted, tenant.halted = tenant.halted, []
        for action in halted:
            tenant.agenda.after(0, action)


def advance(tenant: M3Tenant, order: Order) -> str:
    """Move one order one step and return the step's name, empty when there is nothing to do."""
    if open_deliveries := [d for d in order.deliveries if d.status is DeliveryStatus.PICKING]:
        for delivery in open_deliveries:
            ship(tenant, order, delivery)
        return "ship"
    if pick(tenant, order):
        return "pick"
    if allocate(tenant, order):
        return "allocate"
    if uninvoiced := [d for d in order.deliveries if not d.invoice_number]:
        for delivery in uninvoiced:
            invoice(tenant, order, delivery)
        return "invoice"
    return ""


def add_stock(tenant: M3Tenant, balance: Balance, quantity: Decimal, **others: Decimal) -> None:
    """Add to what is on hand; what waits for more is worked on after the usual delay.

    Args:
        tenant: the state.
        balance: what to add to.
        quantity: negative takes away.
        others: what to add to the other quantities in the same change.
    """
    balance.move(on_hand=quantity, **others)
    if quantity > 0:
        waiting = tenant.unshipped_demand.pop(balance.key, NOTHING)
        demand.ship_later(tenant, balance, waiting)
        for order in tenant.waiting_for_stock.pop(balance.key, {}).values():
            if not order.deleted:
                schedule(tenant, order)


def allocate(tenant: M3Tenant, order: Order) -> bool:
    """Reserve stock for what is not allocated yet and tell whether any line got some."""
    allocated = False
    for line in order.lines.values():
        balance = tenant.stock[line.warehouse, line.item_number]
        taken = min(line.unallocated, balance.net)
        if taken > 0:
            line.allocated += taken
            balance.move(allocated=taken)
            allocated = True
        if line.unallocated > 0:
            waiting = tenant.waiting_for_stock[line.warehouse, line.item_number]
            waiting[order.number] = order
    if allocated:
        tenant.index_order(order)
    return allocated


def release_line(tenant: M3Tenant, line: OrderLine) -> None:
    """Give back the stock a line holds and expects; what is on a picking list stays."""
    balance = tenant.stock[line.warehouse, line.item_number]
    balance.move(allocated=-line.allocated, reserved=-line.allocated - line.unallocated)
    line.closed += line.allocated + line.unallocated
    line.allocated = NOTHING


def pick(tenant: M3Tenant, order: Order) -> list[Delivery]:
    """Put what is allocated on picking lists: one delivery per warehouse."""
    allocated = {key: line.allocated for key, line in order.lines.items() if line.allocated > 0}
    if not allocated:
        return []
    chance = _chance(tenant, order)
    if not order.deliveries and chance.random() < tenant.warehouse.partial_share:
        allocated = _first_part(allocated)
    by_warehouse: dict[str, dict[LineKey, Decimal]] = {}
    for key, quantity in allocated.items():
        line = order.lines[key]
        line.allocated -= quantity
        line.picking += quantity
        tenant.stock[line.warehouse, line.item_number].move(picking=quantity)
        by_warehouse.setdefault(line.warehouse, {})[key] = quantity
    deliveries = [_open_delivery(tenant, order, *part) for part in by_warehouse.items()]
    tenant.index_order(order)
    return deliveries


def ship(tenant: M3Tenant, order: Order, delivery: Delivery) -> None:
    """Pack a delivery, let it leave and report it to ION."""
    for key, quantity in delivery.quantities.items():
        line = order.lines[key]
        line.picking -= quantity
        line.delivered += quantity
        tenant.stock[line.warehouse, line.item_number].move(
            on_hand=-quantity, allocated=-quantity, reserved=-quantity, picking=-quantity
        )
    delivery.packages = list(_packages(tenant, order, delivery))
    delivery.departs_at = tenant.now()
    delivery.status = DeliveryStatus.SHIPPED
    tenant.index_order(order)
    if tenant.outbox.active:
        document = bods.sync_shipment(order, delivery, at=tenant.now())
        tenant.outbox.publish("Sync.Shipment", delivery.number, document)
    tenant.work_later(
        tenant.warehouse.invoice_delay_seconds, partial(invoice, tenant, order, delivery)
    )


def invoice(tenant: M3Tenant, order: Order, delivery: Delivery) -> None:
    """Invoice a delivery with the charges nobody has invoiced yet; a second time does nothing."""
    if delivery.invoice_number or delivery.number not in tenant.deliveries:
        return
    net_amount = NOTHING
    charges = list(order.charges)
    for key, quantity in delivery.quantities.items():
        line = order.lines[key]
        line.invoiced += quantity
        net_amount += line.amount(quantity)
        charges += line.charges
    made = Invoice(
        number=tenant.next_number("invoice", first=600000001, width=9),
        year=f"{tenant.now().year}",
        order_number=order.number,
        delivery_number=delivery.number,
        net_amount=net_amount,
        charge_amount=_take_charges(charges, delivery),
        created_at=tenant.now(),
    )
    delivery.invoice_number = made.number
    order.invoices.append(made)
    tenant.invoices[made.year, made.number] = made
    tenant.index_order(order)
    if tenant.outbox.active:
        document = bods.sync_invoice(order, made, at=tenant.now())
        tenant.outbox.publish("Sync.Invoice", made.number, document)


def reverse(tenant: M3Tenant, delivery: Delivery) -> None:
    """Take a delivery back: its goods are allocated again, and the warehouse comes back to them.

    Raises:
        Nok: it was invoiced.
    """
    if delivery.invoice_number:
        raise Nok("SIM0023", delivery.number, delivery.invoice_number, field="DLIX")
    order = tenant.orders[delivery.order_number]
    for key, quantity in delivery.quantities.items():
        line = order.lines[key]
        balance = tenant.stock[line.warehouse, line.item_number]
        if delivery.status is DeliveryStatus.SHIPPED:
            line.delivered -= quantity
            balance.move(on_hand=quantity, allocated=quantity, reserved=quantity)
        else:
            line.picking -= quantity
            balance.move(picking=-quantity)
        line.allocated += quantity
    order.deliveries.remove(delivery)
    del tenant.deliveries[delivery.number]
    tenant.index_order(order)
    schedule(tenant, order)


def _work(tenant: M3Tenant, order: Order, work_number: int) -> None:
    """Do everything stock allows for an order, unless a later visit has been planned."""
    if order.deleted or order.work_number != work_number:
        return
    allocate(tenant, order)
    for delivery in pick(tenant, order):
        ship(tenant, order, delivery)
    if any(line.allocated > 0 for line in order.lines.values()):
        schedule(tenant, order)


def _chance(tenant: M3Tenant, order: Order) -> Random:
    """Return the order's own chance, the same for a seed whatever other orders do."""
    seed = f"{tenant.warehouse.seed}/{order.number}/{len(order.deliveries)}"
    return Random(seed)  # noqa: S311 - repeatable behaviour


def _first_part(allocated: dict[LineKey, Decimal]) -> dict[LineKey, Decimal]:
    """Return about half of what is allocated; the whole when it is a single piece."""
    total = sum(allocated.values(), NOTHING)
    left = max(Decimal(1), total // 2)
    part = {}
    for key, quantity in allocated.items():
        taken = min(quantity, left)
        if taken > 0:
            part[key] = taken
        left -= taken
    return part


def _open_delivery(
    tenant: M3Tenant, order: Order, warehouse: str, quantities: dict[LineKey, Decimal]
) -> Delivery:
    """Make the delivery a picking list belongs to; it departs when it is shipped."""
    delivery = Delivery(
        number=tenant.next_number("delivery", first=10000000001, width=11),
        order_number=order.number,
        warehouse=warehouse,
        method=order.entered.get("MODL") or DEFAULT_METHOD,
        quantities=quantities,
        created_at=tenant.now(),
        departs_at=tenant.now(),
    )
    order.deliveries.append(delivery)
    tenant.deliveries[delivery.number] = delivery
    return delivery


def _packages(tenant: M3Tenant, order: Order, delivery: Delivery) -> Iterator[Package]:
    """Yield the packages of a delivery, sharing its pieces out when there are several."""
    for contents in _contents(tenant, order, delivery):
        number = tenant.next_number("package", first=1, width=10)
        _, prefix = METHODS.get(delivery.method, METHODS[DEFAULT_METHOD])
        yield Package(
            number=number,
            sscc=f"00340123{number}",
            tracking_number=f"{prefix}{number}",
            contents=contents,
        )


def _contents(tenant: M3Tenant, order: Order, delivery: Delivery) -> list[dict[LineKey, Decimal]]:
    chance = _chance(tenant, order)
    pieces = sum(delivery.quantities.values(), NOTHING)
    countable = all(quantity % 1 == 0 for quantity in delivery.quantities.values())
    if pieces < 2 or not countable or chance.random() >= tenant.warehouse.packages_share:
        return [dict(delivery.quantities)]
    shares: list[dict[LineKey, Decimal]] = [
        {} for _ in range(min(int(pieces), 2 + chance.randrange(2)))
    ]
    dealt = 0
    for key, quantity in delivery.quantities.items():
        for _ in range(int(quantity)):
            share = shares[dealt % len(shares)]
            share[key] = share.get(key, NOTHING) + 1
            dealt += 1
    return shares


def _take_charges(charges: list[Charge], delivery: Delivery) -> Decimal:
    """Put the charges that are still open on this delivery's invoice and return their sum."""
    taken = [charge for charge in charges if not charge.delivery_number]
    for charge in taken:
        charge.delivery_number = delivery.number
    return sum((charge.amount for charge in taken), NOTHING)
