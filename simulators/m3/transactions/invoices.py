"""OIS350MI: invoices of customer orders."""

from collections.abc import Iterable
from datetime import timedelta

from simulators.m3.fields import Record, Row, whole_number
from simulators.m3.master_data import FACILITY
from simulators.m3.messages import Nok
from simulators.m3.records import Invoice, Order
from simulators.m3.state import M3Tenant
from simulators.m3.values import date_text, money_text, time_text_with_seconds

INVOICE_TYPE = "31"  # IVTP: customer invoice
PAYMENT_DAYS = 30


def lst_inv_head_by_co(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return an order's invoices delivery by delivery."""
    order = tenant.order(record["ORNO"])
    return [
        _head(tenant, order, invoice)
        for invoice in order.invoices
        if whole_number(record["DLIX"]) in (0, int(invoice.delivery_number))
        and record["WHLO"] in ("", tenant.deliveries[invoice.delivery_number].warehouse)
    ]


def lst_all_inv_by_co(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return an order's invoices with their amounts to pay."""
    order = tenant.order(record["ORNO"])
    return [
        {**_common(tenant, order, invoice), "IVAV": money_text(invoice.amount)}
        for invoice in order.invoices
    ]


def get_inv_head(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return one invoice by year and number."""
    invoice = tenant.invoices.get((record["YEA4"], record["IVNO"]))
    if invoice is None:
        raise Nok("SIM0016", record["IVNO"], field="IVNO")
    order = tenant.orders[invoice.order_number]
    entered_at = {
        "RGDT": date_text(invoice.created_at),
        "RGTM": time_text_with_seconds(invoice.created_at),
        "LMDT": date_text(invoice.created_at),
        "ACDT": date_text(invoice.created_at),
    }
    return [
        {
            **_common(tenant, order, invoice),
            **entered_at,
            "FACI": FACILITY,
            "CUNM": tenant.customers[order.customer_number].entered["CUNM"],
            "AMT1": money_text(invoice.amount),
            "CUC1": order.entered["CUCD"],
            "AMT2": money_text(invoice.amount),
            "CUC2": order.entered["CUCD"],
        }
    ]


def _head(tenant: M3Tenant, order: Order, invoice: Invoice) -> Row:
    return {
        **_common(tenant, order, invoice),
        "ORNO": order.number,
        "WHLO": tenant.deliveries[invoice.delivery_number].warehouse,
        "DLIX": invoice.delivery_number,
        "IVDT": date_text(invoice.created_at),
        "ORST": order.status_range[1],
        "AMT1": money_text(invoice.amount),
        "AMT2": money_text(invoice.net_amount),
        "INTM": time_text_with_seconds(invoice.created_at),
    }


def _common(tenant: M3Tenant, order: Order, invoice: Invoice) -> Row:
    name = tenant.customers[order.customer_number].entered["CUNM"]
    return {
        "IVNO": invoice.number,
        "YEA4": invoice.year,
        "IVTP": INVOICE_TYPE,
        "IVT1": "Customer invoice",
        "IDAT": date_text(invoice.created_at),
        "DUDT": date_text(invoice.created_at + timedelta(days=PAYMENT_DAYS)),
        "CUNO": order.customer_number,
        "CUN1": name,
        "PYNO": order.entered.get("PYNO") or order.customer_number,
        "PYN1": name,
        "INRC": order.entered.get("INRC") or order.customer_number,
        "INR1": name,
        "RAFC": money_text(invoice.amount),
        "CUCD": order.entered["CUCD"],
        "EXIN": invoice.number,
        "TEPY": order.entered.get("TEPY", ""),
    }
