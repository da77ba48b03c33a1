"""Where one purchase order and the M3 orders under its number disagree, in sentences.

A unit Walmart ordered is canceled, sent or still open there; in M3 it was delivered, is to come,
was closed or deleted. Both agree when as many were sent as delivered, and when M3 ships exactly
what Walmart has not canceled. One difference is nobody's mistake: what M3 had shipped already
when Walmart canceled it on its own. It is told apart as shipped after cancellation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from simulators.m3.records import ACTIVE_STATUS, Batch, BatchStatus, Order, OrderLine
from simulators.m3.state import M3Tenant
from simulators.m3.values import date_text
from simulators.walmart.drafts import SKIPPED
from simulators.walmart.purchase_orders import LineView, PlacedOrder
from simulators.world import ITEM_BY_SKU, SHIP_NODES

HALF_A_CENT = Decimal("0.005")
TEN_THOUSANDTH = Decimal("0.0001")  # what M3 keeps of a price
NONE = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """A purchase order and everything M3 holds, or has deleted, under its number."""

    placed: PlacedOrder
    lines: list[LineView]
    orders: list[Order]
    deleted_orders: list[Order]
    open_batches: list[Batch]

    @property
    def duplicates(self) -> int:
        """Return M3 orders beyond the first, and order lines beyond the first per Walmart line."""
        twice = sum(len(found) - 1 for found in lines_by_reference(self.orders[:1]).values())
        return max(0, len(self.orders) - 1) + twice

    @property
    def orphan_batches(self) -> int:
        """Return batch orders nobody needs: there is an order or another, or all is canceled."""
        if self.orders or self.canceled:
            return len(self.open_batches)
        return max(0, len(self.open_batches) - 1)

    @property
    def shipped(self) -> bool:
        """Return whether everything not canceled has been confirmed to Walmart."""
        return not any(line.open for line in self.lines) and any(line.sent for line in self.lines)

    @property
    def invoiced(self) -> bool:
        """Return whether M3 has invoiced everything it has not closed."""
        lines = [line for order in self.orders for line in order.lines.values()]
        return any(line.invoiced for line in lines) and all(
            line.invoiced == line.quantity - line.closed for line in lines
        )

    @property
    def canceled(self) -> bool:
        """Return whether every unit was canceled at Walmart."""
        return all(line.canceled == line.quantity for line in self.lines)

    @property
    def shipped_after_cancellation(self) -> dict[str, int]:
        """Return the units M3 delivered and Walmart had canceled on its own, by line number."""
        delivered = {
            reference: sum((line.delivered for line in lines), NONE)
            for reference, lines in lines_by_reference(self.orders).items()
        }
        found = {}
        for line in self.lines:
            # What is still open can be confirmed yet.
            beyond = int(delivered.get(line.line_number, NONE)) - line.sent - line.open
            if (units := min(beyond, line.canceled_by_walmart)) > 0:
                found[line.line_number] = units
        return found

    @property
    def deleted_references(self) -> set[str]:
        """Return the Walmart lines M3 had and has deleted."""
        lines = [line for order in self.deleted_orders for line in order.lines.values()]
        for order in (*self.orders, *self.deleted_orders):
            lines += order.deleted_lines
        return {reference_of(line) for line in lines}


def pair(placed: PlacedOrder, tenant: M3Tenant) -> Pairing:
    """Return what M3 holds for a purchase order, beside it."""
    reference = placed.purchase_order_id
    orders = tenant.orders_by_reference.get(reference, [])
    batches = tenant.batches_by_reference.get(reference, [])
    return Pairing(
        placed=placed,
        lines=placed.lines(),
        orders=[order for order in orders if not order.deleted],
        deleted_orders=[order for order in orders if order.deleted],
        open_batches=[batch for batch in batches if batch.status is not BatchStatus.ORDER_CREATED],
    )


def repetitions(pairing: Pairing) -> Iterator[str]:
    """Yield a sentence for everything M3 has more than once."""
    if len(pairing.orders) > 1:
        numbers = ", ".join(order.number for order in pairing.orders)
        yield f"M3 has {len(pairing.orders)} orders for one purchase order: {numbers}"
    for order in pairing.orders:
        for reference, found in lines_by_reference([order]).items():
            if len(found) > 1:
                yield f"M3 order {order.number} has line {reference} {len(found)} times"


def disagreements(pairing: Pairing, tenant: M3Tenant) -> Iterator[str]:
    """Yield a sentence for everything on which M3 and Walmart disagree."""
    if not pairing.orders:
        yield from _differences_without_order(pairing)
        return
    if pairing.placed.expected == SKIPPED:
        yield "M3 has an order that should have been skipped"
    known = {line.line_number for line in pairing.lines}
    by_reference = lines_by_reference(pairing.orders)
    for reference in by_reference.keys() - known:
        yield f"M3 has a line {reference!r} that the purchase order lacks"
    for line in pairing.lines:
        if line.line_number in by_reference:
            yield from _line_differences(pairing, line, by_reference[line.line_number], tenant)
        else:
            yield from _missing_differences(pairing, line)
    yield from _package_differences(pairing)


def lines_by_reference(orders: list[Order]) -> dict[str, list[OrderLine]]:
    """Return M3 order lines by Walmart's line number."""
    found: dict[str, list[OrderLine]] = {}
    for order in orders:
        for line in order.lines.values():
            found.setdefault(reference_of(line), []).append(line)
    return found


def reference_of(line: OrderLine) -> str:
    """Return CUPO, or the line number the caller chose where an order is entered directly."""
    return line.entered.get("CUPO") or line.entered.get("PONR", "").lstrip("0")


def _differences_without_order(pairing: Pairing) -> Iterator[str]:
    """Yield what is wrong when M3 has no order; that it never had one is not wrong by itself."""
    if any(line.sent for line in pairing.lines):
        yield "Walmart was told of shipments, but M3 has no order"
    for line in pairing.lines:
        if line.line_number in pairing.deleted_references:
            yield from _deleted_differences(line)


def _line_differences(
    pairing: Pairing, line: LineView, m3_lines: list[OrderLine], tenant: M3Tenant
) -> Iterator[str]:
    """Yield on what both sides disagree about one Walmart line."""
    surplus = pairing.shipped_after_cancellation.get(line.line_number, 0)
    # What stands twice is reported as a repetition; each copy is compared by itself.
    for m3_line in m3_lines:
        yield from _content_differences(pairing, line, m3_line, tenant)
        yield from _quantity_differences(line, m3_line, surplus=surplus)
    yield from _delivery_differences(line, m3_lines, surplus=surplus)


def _missing_differences(pairing: Pairing, line: LineView) -> Iterator[str]:
    """Yield what is wrong with a line M3 does not have, or has no longer."""
    if line.open and line.line_number in pairing.deleted_references:
        yield from _deleted_differences(line)
    elif line.canceled < line.quantity:
        yield f"line {line.line_number} is missing in M3"


def _deleted_differences(line: LineView) -> Iterator[str]:
    if line.open:
        yield f"line {line.line_number}: M3 deleted it, Walmart still waits for {line.open}"


def _content_differences(
    pairing: Pairing, line: LineView, m3_line: OrderLine, tenant: M3Tenant
) -> Iterator[str]:
    """Yield what was entered in M3 other than it was ordered at Walmart."""
    where = f"line {line.line_number}"
    item = ITEM_BY_SKU.get(line.sku)
    if item and item.item_number != m3_line.item_number and _sellable(tenant, item.item_number):
        yield f"{where}: {line.sku} is item {item.item_number}, M3 has {m3_line.item_number}"
    node = SHIP_NODES.get(pairing.placed.ship_node)
    if node and node.warehouse != m3_line.warehouse:
        yield f"{where}: {node.warehouse} ships for this node, M3 has {m3_line.warehouse}"
    price = _price(pairing, line, tenant)
    if price is None:
        yield f"{where}: Walmart's price is in {line.currency}, for which M3 has no rate"
    elif abs(m3_line.net_price - price) > HALF_A_CENT:
        yield f"{where}: Walmart's price is {price}, M3 has {m3_line.net_price}"


def _sellable(tenant: M3Tenant, item_number: str) -> bool:
    """Tell whether an item can be sold at all; a person may choose another for one that cannot."""
    item = tenant.items[item_number]
    return item.saleable and item.status == ACTIVE_STATUS


def _price(pairing: Pairing, line: LineView, tenant: M3Tenant) -> Decimal | None:
    """Return Walmart's price in the currency of the M3 order, by M3's rate of the order's day."""
    if line.currency == pairing.orders[0].entered["CUCD"]:
        return line.unit_price
    day = datetime.fromtimestamp(pairing.placed.order_date / 1000, UTC)
    rate = tenant.rate(line.currency, day=date_text(day))
    return None if rate is None else (line.unit_price * rate).quantize(TEN_THOUSANDTH)


def _quantity_differences(line: LineView, m3_line: OrderLine, *, surplus: int) -> Iterator[str]:
    """Yield whether M3 ships, or has shipped, other units than Walmart has not canceled."""
    where = f"line {line.line_number}"
    wanted, ships = line.quantity - line.canceled, m3_line.quantity - m3_line.closed
    if m3_line.quantity > line.quantity:
        yield f"{where}: Walmart ordered {line.quantity}, M3 has {m3_line.quantity}"
    elif ships - surplus != wanted:
        yield (
            f"{where}: Walmart ordered {line.quantity} and canceled {line.canceled} of them, "
            f"M3 ships {ships}"
        )


def _delivery_differences(
    line: LineView, m3_lines: list[OrderLine], *, surplus: int
) -> Iterator[str]:
    """Yield whether Walmart was told of more or fewer units than left the warehouse."""
    delivered = sum((m3_line.delivered for m3_line in m3_lines), NONE)
    if line.sent != delivered - surplus:
        yield f"line {line.line_number}: {line.sent} confirmed to Walmart, M3 delivered {delivered}"


def _package_differences(pairing: Pairing) -> Iterator[str]:
    """Yield tracking numbers at Walmart that M3 lacks or packed other quantities under."""
    packed = _packed(pairing.orders)
    for line in pairing.lines:
        surplus = pairing.shipped_after_cancellation.get(line.line_number, 0)
        confirmed: dict[str, int] = {}
        for package in line.packages:
            number = package.tracking_number
            confirmed[number] = confirmed.get(number, 0) + package.quantity
        for number, quantity in confirmed.items():
            there = packed.get(number)
            if there is None:
                yield f"line {line.line_number}: M3 has no package with tracking number {number}"
            elif not quantity <= there.get(line.line_number, 0) <= quantity + surplus:
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
                    reference = reference_of(order.lines[key])
                    contents[reference] = contents.get(reference, NONE) + quantity
    return packed
