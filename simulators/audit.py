"""Both simulators' books side by side: what Walmart sold, what M3 made of it, and what disagrees.

The audit compares states, not messages, and is meant for the end of a run: while a delivery is
on its way from M3 to Walmart, the line it belongs to is reported as confirmed too little.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulators.m3.records import Batch, BatchStatus, Order, OrderLine
from simulators.m3.state import M3Tenant
from simulators.m3.views import batch_view, order_view
from simulators.walmart.generator import SKIPPED
from simulators.walmart.lines import ACKNOWLEDGED, CANCELLED, CREATED, SENT
from simulators.walmart.purchase_orders import LineView, PlacedOrder
from simulators.walmart.state import SellerAccount
from simulators.world import ITEM_BY_SKU, SHIP_NODES

HALF_A_CENT = Decimal("0.005")


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """A purchase order and everything M3 holds under its number."""

    placed: PlacedOrder
    lines: list[LineView]
    orders: list[Order]
    open_batches: list[Batch]

    @property
    def duplicates(self) -> int:
        """Return M3 orders beyond the first, and order lines beyond the first per Walmart line."""
        twice = sum(len(found) - 1 for found in _lines_by_reference(self.orders[:1]).values())
        return max(0, len(self.orders) - 1) + twice

    @property
    def orphan_batches(self) -> int:
        """Return batch orders nobody needs: an order exists, or another batch order is open."""
        return len(self.open_batches) if self.orders else max(0, len(self.open_batches) - 1)

    @property
    def shipped(self) -> bool:
        """Return whether everything not cancelled has been confirmed to Walmart."""
        totals = [line.statuses for line in self.lines]
        still_open = sum(line.get(CREATED, 0) + line.get(ACKNOWLEDGED, 0) for line in totals)
        return not still_open and any(_sent(line) for line in self.lines)

    @property
    def invoiced(self) -> bool:
        """Return whether M3 has invoiced everything it has not closed."""
        lines = [line for order in self.orders for line in order.lines.values()]
        return any(line.invoiced for line in lines) and all(
            line.invoiced == line.quantity - line.closed for line in lines
        )


def join(account: SellerAccount, tenant: M3Tenant) -> dict[str, Any]:
    """Return the joined audit of both states."""
    pairings = [_pairing(placed, tenant) for placed in account.orders.values()]
    found = [list(_disagreements(pairing)) for pairing in pairings]
    repeated = [list(_repetitions(pairing)) for pairing in pairings]
    strays = [
        order.number
        for order in tenant.orders.values()
        if order.customer_reference not in account.orders
    ]
    stray_batches = [
        batch
        for batch in tenant.batches.values()
        if batch.status is not BatchStatus.ORDER_CREATED
        and batch.customer_reference not in account.orders
    ]
    return {
        "orders": [
            _order_view(pairing, [*again, *problems])
            for pairing, again, problems in zip(pairings, repeated, found, strict=True)
        ],
        "m3_orders_without_purchase_order": strays,
        "totals": {
            "walmart_orders": len(pairings),
            "m3_orders": len(tenant.orders),
            "duplicates": sum(pairing.duplicates for pairing in pairings),
            "acknowledged": sum(pairing.placed.acknowledged_at is not None for pairing in pairings),
            "shipped": sum(pairing.shipped for pairing in pairings),
            "invoiced": sum(pairing.invoiced for pairing in pairings),
            "orphan_batches": sum(pairing.orphan_batches for pairing in pairings)
            + len(stray_batches),
            "mismatches": sum(len(problems) for problems in found) + len(strays),
        },
        "requests": {"walmart": account.request_totals(), "m3": tenant.request_totals()},
    }


def _pairing(placed: PlacedOrder, tenant: M3Tenant) -> Pairing:
    reference = placed.purchase_order_id
    orders = tenant.orders_by_reference.get(reference, [])
    batches = tenant.batches_by_reference.get(reference, [])
    return Pairing(
        placed=placed,
        lines=placed.lines(),
        orders=[order for order in orders if not order.deleted],
        open_batches=[batch for batch in batches if batch.status is not BatchStatus.ORDER_CREATED],
    )


def _order_view(pairing: Pairing, problems: list[str]) -> dict[str, Any]:
    placed = pairing.placed
    return {
        "purchase_order_id": placed.purchase_order_id,
        "expected": placed.expected,
        "walmart_lines": [
            {
                "line_number": line.line_number,
                "sku": line.sku,
                "quantity": line.quantity,
                "statuses": line.statuses,
                "tracking_numbers": list(line.tracking_numbers),
            }
            for line in pairing.lines
        ],
        "acknowledged_at": placed.acknowledged_at,
        "notified_at": placed.notified_at,
        "m3_orders": [order_view(order) for order in pairing.orders],
        "m3_open_batches": [batch_view(batch) for batch in pairing.open_batches],
        "problems": problems,
    }


def _repetitions(pairing: Pairing) -> Iterator[str]:
    """Yield a sentence for everything M3 has more than once."""
    if len(pairing.orders) > 1:
        numbers = ", ".join(order.number for order in pairing.orders)
        yield f"M3 has {len(pairing.orders)} orders for one purchase order: {numbers}"
    for order in pairing.orders:
        for reference, found in _lines_by_reference([order]).items():
            if len(found) > 1:
                yield f"M3 order {order.number} has line {reference} {len(found)} times"


def _disagreements(pairing: Pairing) -> Iterator[str]:
    """Yield a sentence for everything on which M3 and Walmart disagree."""
    if not pairing.orders:
        if any(_sent(line) for line in pairing.lines):
            yield "Walmart was told of shipments, but M3 has no order"
        return
    if pairing.placed.expected == SKIPPED:
        yield "M3 has an order that should have been skipped"
    known = {line.line_number for line in pairing.lines}
    by_reference = _lines_by_reference(pairing.orders)
    for reference in by_reference.keys() - known:
        yield f"M3 has a line {reference!r} that the purchase order lacks"
    for line in pairing.lines:
        if line.line_number not in by_reference:
            yield f"line {line.line_number} is missing in M3"
            continue
        # What stands twice is reported as a repetition; each copy is compared by itself.
        for m3_line in by_reference[line.line_number]:
            yield from _content_differences(pairing.placed, line, m3_line)
        yield from _delivery_differences(line, by_reference[line.line_number])
    yield from _package_differences(pairing)


def _content_differences(placed: PlacedOrder, line: LineView, m3_line: OrderLine) -> Iterator[str]:
    """Yield what was entered in M3 other than it was ordered at Walmart."""
    where = f"line {line.line_number}"
    wanted = line.quantity - line.statuses.get(CANCELLED, 0)
    if not wanted <= m3_line.quantity <= line.quantity:
        yield f"{where}: Walmart ordered {line.quantity}, M3 has {m3_line.quantity}"
    item = ITEM_BY_SKU.get(line.sku)
    if item and item.item_number != m3_line.item_number:
        yield f"{where}: {line.sku} is item {item.item_number}, M3 has {m3_line.item_number}"
    node = SHIP_NODES.get(placed.ship_node)
    if node and node.warehouse != m3_line.warehouse:
        yield f"{where}: {node.warehouse} ships for this node, M3 has {m3_line.warehouse}"
    if abs(m3_line.net_price - line.unit_price) > HALF_A_CENT:
        yield f"{where}: Walmart's price is {line.unit_price}, M3 has {m3_line.net_price}"


def _delivery_differences(line: LineView, m3_lines: list[OrderLine]) -> Iterator[str]:
    """Yield whether Walmart was told of more or fewer units than left the warehouse."""
    delivered = sum((m3_line.delivered for m3_line in m3_lines), Decimal(0))
    if (sent := _sent(line)) != delivered:
        yield f"line {line.line_number}: {sent} confirmed to Walmart, M3 delivered {delivered}"


def _package_differences(pairing: Pairing) -> Iterator[str]:
    """Yield tracking numbers at Walmart that M3 lacks or packed other quantities under."""
    packed = _packed(pairing.orders)
    for line in pairing.lines:
        confirmed: dict[str, int] = {}
        for package in line.packages:
            number = package.tracking_number
            confirmed[number] = confirmed.get(number, 0) + package.quantity
        for number, quantity in confirmed.items():
            there = packed.get(number)
            if there is None:
                yield f"line {line.line_number}: M3 has no package with tracking number {number}"
            elif there.get(line.line_number, 0) != quantity:
                yield (
                    f"line {line.line_number}: {quantity} confirmed under {number}, "
                    f"M3 packed {there.get(line.line_number, 0)}"
                )


def _packed(orders: list[Order]) -> dict[str, dict[str, Decimal]]:
    """Return the quantities by tracking number and Walmart line number."""
    packed: dict[str, dict[str, Decimal]] = {}
    for order in orders:
        for delivery in order.deliveries:
            for package in delivery.packages:
                contents = packed.setdefault(package.tracking_number, {})
                for key, quantity in package.contents.items():
                    reference = _reference(order.lines[key])
                    contents[reference] = contents.get(reference, Decimal(0)) + quantity
    return packed


def _lines_by_reference(orders: list[Order]) -> dict[str, list[OrderLine]]:
    """Return M3 order lines by Walmart's line number."""
    found: dict[str, list[OrderLine]] = {}
    for order in orders:
        for line in order.lines.values():
            found.setdefault(_reference(line), []).append(line)
    return found


def _reference(line: OrderLine) -> str:
    """Return CUPO, or the line number the caller chose where an order is entered directly."""
    return line.entered.get("CUPO") or line.entered.get("PONR", "").lstrip("0")


def _sent(line: LineView) -> int:
    """Return the units Walmart counts as sent."""
    return sum(line.statuses.get(status, 0) for status in SENT)
