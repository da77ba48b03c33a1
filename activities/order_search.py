"""Find what M3 already has under a purchase order."""

import asyncio

from activities.services import PairServices
from connectors.m3 import Transaction
from domain.errors import NotFound, OrderMismatch, Rejected
from domain.orders import OrderHead, OrderRef


async def search_order(services: PairServices, ref: OrderRef) -> OrderHead | None:
    """Search batch orders and orders by CUOR, and choose the head to go on with.

    Raises:
        OrderMismatch: M3 has two orders for it.
    """
    batches, orders = await search_heads(services, ref)
    return pick_head(ref, batches, orders)


async def search_heads(services: PairServices, ref: OrderRef) -> tuple[dict[str, str], set[str]]:
    """Return batch order number to order number, and the order numbers.

    Source:
        OIS275MI/SearchBatchLine and OIS100MI/SearchHead read M3's search index, which lags a
        little behind; see `find_head` of the entry for lists that do not.
    """
    query = {"SQRY": f"CUOR:{ref.purchase_order_id}"}
    batch_lines, heads = await asyncio.gather(
        services.m3.execute(
            "OIS275MI", "SearchBatchLine", query, columns=("ORNO", "ORNR", "CUOR", "STAT")
        ),
        services.m3.execute("OIS100MI", "SearchHead", query, columns=("ORNO",)),
    )
    # The index may match loosely, so the number itself is compared.
    batches = {r["ORNO"]: r["ORNR"] for r in batch_lines if r["CUOR"] == ref.purchase_order_id}
    batches = await _still_there(services, batches)
    made = {order for order in batches.values() if order}
    orders = await existing_orders(services, ref, {r["ORNO"] for r in heads} | made)
    # A batch order whose order was deleted stands for nothing any more.
    return {b: order for b, order in batches.items() if not order or order in orders}, orders


def pick_head(ref: OrderRef, batches: dict[str, str], orders: set[str]) -> OrderHead | None:
    """Choose the head to go on with.

    Args:
        ref: the order.
        batches: batch order number to M3 order number, which is empty before Confirm.
        orders: M3 order numbers found.
    """
    if len(orders) > 1:
        raise OrderMismatch(
            ref.purchase_order_id,
            reason=f"M3 has several orders for it: {', '.join(sorted(orders))}",
        )
    if orders:
        [m3_order_number] = orders
        batch = next((b for b, order in sorted(batches.items()) if order == m3_order_number), "")
        return OrderHead(batch_order_number=batch, m3_order_number=m3_order_number, found=True)
    if batches:
        # Several unconfirmed heads can only come from answers that were lost; the first is used
        # by every repetition, the others never become orders.
        return OrderHead(batch_order_number=min(batches), found=True)
    return None


async def _still_there(services: PairServices, batches: dict[str, str]) -> dict[str, str]:
    """Drop batch orders that were deleted or confirmed, which the index has not heard of yet."""
    unconfirmed = sorted(batch for batch, order in batches.items() if not order)
    heads = await services.m3.execute_in_parts(
        "OIS275MI",
        [
            Transaction(name="GetTmpOrderStat", record={"ORNO": number}, columns=("ORNO", "ORNR"))
            for number in unconfirmed
        ],
    )
    there = dict(batches)
    for number, head in zip(unconfirmed, heads, strict=True):
        if isinstance(head, NotFound):
            del there[number]
        elif isinstance(head, Rejected):
            raise head
        elif head:
            there[number] = head[0]["ORNR"]  # confirmed a moment ago
    return there


async def existing_orders(services: PairServices, ref: OrderRef, candidates: set[str]) -> set[str]:
    """Return those of the orders that exist and belong to the purchase order."""
    numbers = sorted(candidates)
    heads = await services.m3.execute_in_parts(
        "OIS100MI",
        [
            Transaction(name="GetHead", record={"ORNO": number}, columns=("CUOR",))
            for number in numbers
        ],
    )
    confirmed = set()
    for number, head in zip(numbers, heads, strict=True):
        if isinstance(head, NotFound):
            continue  # deleted, and the index has not heard of it yet
        if isinstance(head, Rejected):
            raise head
        if head and head[0]["CUOR"] == ref.purchase_order_id:
            confirmed.add(number)
    return confirmed
