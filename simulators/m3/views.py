"""Orders and batch orders as the control routes and the audit show them."""

from typing import Any

from simulators.m3.records import Batch, Delivery, Invoice, Order, OrderLine
from simulators.m3.values import money_text, quantity_text


def order_view(order: Order) -> dict[str, Any]:
    """Return an order with its lines, deliveries and invoices."""
    lowest, highest = order.status_range
    return {
        "m3_order_number": order.number,
        "batch_order_number": order.batch_number,
        "customer_number": order.customer_number,
        "customer_reference": order.customer_reference,
        "created_at": order.created_at.timestamp(),
        "status": lowest,
        "highest_status": highest,
        "lines": [_line_view(line) for line in order.lines.values()],
        "deleted_lines": [_line_view(line) for line in order.deleted_lines],
        "deliveries": [_delivery_view(delivery) for delivery in order.deliveries],
        "invoices": [_invoice_view(invoice) for invoice in order.invoices],
    }


def batch_view(batch: Batch) -> dict[str, Any]:
    """Return a batch order that has not become an order."""
    return {
        "batch_order_number": batch.number,
        "customer_reference": batch.customer_reference,
        "status": batch.status.value,
        "lines": len(batch.lines),
        "errors": [error.text for error in batch.errors],
    }


def _line_view(line: OrderLine) -> dict[str, Any]:
    return {
        "line": f"{line.key[0]}/{line.key[1]}",
        "sku_item": line.item_number,
        "warehouse": line.warehouse,
        "status": line.status,
        "quantity": quantity_text(line.quantity),
        "price": quantity_text(line.net_price),
        "allocated": quantity_text(line.allocated + line.picking),
        "delivered": quantity_text(line.delivered),
        "invoiced": quantity_text(line.invoiced),
        "closed": quantity_text(line.closed),
        "customer_line": line.entered.get("CUPO", ""),
    }


def _delivery_view(delivery: Delivery) -> dict[str, Any]:
    return {
        "delivery_number": delivery.number,
        "status": delivery.status.value,
        "packages": [
            {"package_number": package.number, "tracking_number": package.tracking_number}
            for package in delivery.packages
        ],
    }


def _invoice_view(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice_number": invoice.number,
        "year": invoice.year,
        "delivery_number": invoice.delivery_number,
        "amount": money_text(invoice.amount),
    }
