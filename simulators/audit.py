"""Both simulators' books side by side: what Walmart sold, what M3 made of it, and what disagrees.

The audit compares states, not messages, and is meant for the end of a run: while a delivery is
on its way from M3 to Walmart, the line it belongs to is reported as confirmed too little. What
counts as agreement is in `agreement`.
"""

from typing import Any

from simulators.agreement import Pairing, disagreements, pair, repetitions
from simulators.m3.records import BatchStatus
from simulators.m3.state import M3Tenant
from simulators.m3.views import batch_view, order_view
from simulators.walmart.purchase_orders import LineView
from simulators.walmart.state import SellerAccount


def join(account: SellerAccount, tenant: M3Tenant) -> dict[str, Any]:
    """Return the joined audit of both states."""
    pairings = [pair(placed, tenant) for placed in account.orders.values()]
    found = [list(disagreements(pairing, tenant)) for pairing in pairings]
    repeated = [list(repetitions(pairing)) for pairing in pairings]
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
        "stock_zeroed": account.stock_zeroed,
        "totals": {
            "walmart_orders": len(pairings),
            "m3_orders": len(tenant.orders),
            "duplicates": sum(pairing.duplicates for pairing in pairings),
            "acknowledged": sum(pairing.placed.acknowledged_at is not None for pairing in pairings),
            "shipped": sum(pairing.shipped for pairing in pairings),
            "invoiced": sum(pairing.invoiced for pairing in pairings),
            "canceled": sum(pairing.canceled for pairing in pairings),
            "shipped_after_cancellation": sum(
                sum(pairing.shipped_after_cancellation.values()) for pairing in pairings
            ),
            "orphan_batches": sum(pairing.orphan_batches for pairing in pairings)
            + len(stray_batches),
            "mismatches": sum(len(problems) for problems in found) + len(strays),
        },
        "requests": {"walmart": account.request_totals(), "m3": tenant.request_totals()},
    }


def _order_view(pairing: Pairing, problems: list[str]) -> dict[str, Any]:
    placed = pairing.placed
    return {
        "purchase_order_id": placed.purchase_order_id,
        "expected": placed.expected,
        "trouble": placed.trouble,
        "walmart_lines": [_line_view(line) for line in pairing.lines],
        "canceled": pairing.canceled,
        "shipped_after_cancellation": [
            {"line": number, "quantity": quantity}
            for number, quantity in pairing.shipped_after_cancellation.items()
        ],
        "acknowledged_at": placed.acknowledged_at,
        "notified_at": placed.notified_at,
        "m3_orders": [order_view(order) for order in pairing.orders],
        "m3_deleted_orders": [order.number for order in pairing.deleted_orders],
        "m3_open_batches": [batch_view(batch) for batch in pairing.open_batches],
        "problems": problems,
    }


def _line_view(line: LineView) -> dict[str, Any]:
    return {
        "line_number": line.line_number,
        "sku": line.sku,
        "quantity": line.quantity,
        "canceled": line.canceled,
        "statuses": line.statuses,
        "tracking_numbers": list(line.tracking_numbers),
    }
