"""Find what M3 already has under a purchase order."""

import asyncio

from activities.services import PairServices
from connectors.m3 import Transaction
from domain.errors import NotFound, OrderMismatch, Rejected
from domain.orders import OrderHead, OrderRef


async def search_order(services: PairServices, ref: OrderRef) -> OrderHead | None:
    """Search batch orders and orders by CUOR.

    Raises:
        OrderMismatch: M3 has two orders for it.

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
    batches = [record for record in batch_lines if record["CUOR"] == ref.purchase_order_id]
    orders = {record["ORNR"] for record in batches if record["ORNR"]}
    orders |= await _confirmed_by_head(services, ref, {r["ORNO"] for r in heads} - orders)
    return pick_head(ref, {record["ORNO"]: record["ORNR"] for record in batches}, orders)


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


async def _confirmed_by_head(
    services: PairServices, ref: OrderRef, candidates: set[str]
) -> set[str]:
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
