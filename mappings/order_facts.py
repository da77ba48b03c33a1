"""Say what a workflow needs to know of a Walmart order, and nothing about a person."""

from domain.orders import OrderFacts, OrderLine
from mappings.walmart_order import WalmartOrder


def to_facts(order: WalmartOrder) -> OrderFacts:
    """Return what a workflow needs to know of the order; no personal data.

    Canceled units are not wanted any more: lines have what is left, and vanish when nothing is.
    """
    return OrderFacts(
        purchase_order_id=order.purchase_order_id,
        customer_order_id=order.head.customer_order_id,
        ordered_at=order.head.order_date,
        ship_by=order.head.ship_by,
        ship_node=order.head.ship_node,
        currency=order.currency,
        total_amount=f"{order.total_amount:f}",
        lines=tuple(
            OrderLine(
                line_number=line.line_number,
                sku=line.sku,
                quantity=line.quantity,
                cancel_requested=line.intent_to_cancel and line.shipped < line.quantity,
            )
            for line in order.open_lines
        ),
        skip_reason=order.skip_reason,
        fully_shipped=order.fully_shipped,
    )
