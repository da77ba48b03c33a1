"""MWS410MI, MWS411MI and OIS100MI/LstDelLineByCO: what left the warehouse, in which packages."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from simulators.m3.fields import Record, Row, whole_number
from simulators.m3.master_data import FACILITY, METHODS, TIME_ZONE_CODE, UNIT
from simulators.m3.messages import Nok
from simulators.m3.records import Delivery, DeliveryStatus, LineKey, Order, Package
from simulators.m3.state import M3Tenant
from simulators.m3.values import date_text, quantity_text, time_text, time_text_with_seconds
from simulators.world import TIME_ZONE

CUSTOMER_ORDER = "3"  # RORC: reference order category
ORDER_LINE = "31"  # TTYP
OUTBOUND = "1"  # INOU
WAREHOUSE_TIME = ZoneInfo(TIME_ZONE)

# Packing, picking and issue status beside the delivery status; the codes are our choice.
SIDE_STATUS = {DeliveryStatus.PICKING: "20", DeliveryStatus.SHIPPED: "90"}


def lst_del_line_by_co(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the delivery lines of one order line, shipped or still being picked."""
    order = tenant.order(record["ORNO"])
    wanted = (whole_number(record["PONR"]), whole_number(record["POSX"]))
    if wanted not in order.lines:
        raise Nok("WPO0303", record["PONR"], field="PONR")
    return [
        {
            **_line_row(order, delivery, wanted),
            "MODL": delivery.method,
            "PGRS": delivery.status,
        }
        for delivery in order.deliveries
        if wanted in delivery.quantities
    ]


def lst_del_ln_by_ord(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the delivery lines of an order, all or those of one order line."""
    if not record["RIDN"]:
        raise Nok("WRI0102", field="RIDN")
    if record["RORC"] not in ("", CUSTOMER_ORDER) or record["RIDN"] not in tenant.orders:
        return []
    order = tenant.orders[record["RIDN"]]
    rows = []
    for delivery in order.deliveries:
        for key in delivery.quantities:
            if _wanted(record, key):
                entered = {
                    "FACI": FACILITY,
                    "STCD": "1",
                    "ALUN": UNIT,
                    "RGDT": date_text(delivery.created_at),
                    "RGTM": time_text_with_seconds(delivery.created_at),
                    "LMDT": date_text(delivery.departs_at),
                }
                rows.append(entered | _line_row(order, delivery, key))
    return rows


def get_head(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the head of a delivery."""
    delivery = _delivery(tenant, record)
    order = _order(tenant, delivery)
    agent, _ = METHODS.get(delivery.method, ("", ""))
    single = delivery.packages[0].tracking_number if len(delivery.packages) == 1 else ""
    return [
        {
            **_status_fields(delivery),
            "DLIX": delivery.number,
            "RIDN": order.number,
            "CONA": order.customer_number,
            "CUOR": order.customer_reference,
            "YREF": order.entered.get("YREF", ""),
            "WHLO": delivery.warehouse,
            "MODL": delivery.method,
            "FWNO": agent,
            "NRUL": str(len(delivery.packages)),
            "ETRN": single,
            "IVNO": delivery.invoice_number or "0",
            "IVSS": "9" if delivery.invoice_number else "0",
            "IRPS": SIDE_STATUS[delivery.status],
            "TIZO": TIME_ZONE_CODE,
        }
    ]


def lst_packages(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the packages of a delivery; none before it is packed. There is one level only."""
    delivery = _delivery(tenant, record)
    if whole_number(record["PACO"]) or record["PAII"]:
        return []
    order = _order(tenant, delivery)
    return [
        {
            **_status_fields(delivery),
            "PANR": package.number,
            "SSCC": package.sscc,
            "PACT": "BOX",
            "NUPA": "1",
            "INOU": OUTBOUND,
            "DLIX": delivery.number,
            "ETRN": package.tracking_number,
            "CONA": order.customer_number,
            "MODF": delivery.method,
            "PISS": SIDE_STATUS[delivery.status],
            "PACO": "0",
            "RGDT": date_text(delivery.departs_at),
            "RGTM": time_text_with_seconds(delivery.departs_at),
            "LMDT": date_text(delivery.departs_at),
        }
        for package in delivery.packages
    ]


def lst_package_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return what the packages of a delivery hold, in package order for every PDSO."""
    delivery = _delivery(tenant, record)
    order = _order(tenant, delivery)
    rows = []
    for package in delivery.packages:
        for key in package.contents:
            row = _package_line_row(order, package, key)
            filters = ("PANR", "ITNO", "RORC", "RIDN", "SSCC")
            if all(record[name] in ("", row[name]) for name in filters) and _wanted(record, key):
                rows.append(row)
    return rows


def _delivery(tenant: M3Tenant, record: Record) -> Delivery:
    if not record["DLIX"]:
        raise Nok("WDL0202", field="DLIX")
    return tenant.delivery(record["DLIX"])


def _order(tenant: M3Tenant, delivery: Delivery) -> Order:
    """Return the order of a delivery; an order with deliveries cannot be deleted."""
    return tenant.orders[delivery.order_number]


def _wanted(record: Record, key: LineKey) -> bool:
    """Tell whether an order line passes the filters RIDL and RIDX, where 0 means all."""
    line, suffix = whole_number(record["RIDL"]), whole_number(record["RIDX"])
    return line in (0, key[0]) and suffix in (0, key[1])


def _line_row(order: Order, delivery: Delivery, key: LineKey) -> Row:
    quantity = quantity_text(delivery.quantities[key])
    picking = quantity if delivery.status is DeliveryStatus.PICKING else "0"
    return {
        "DLIX": delivery.number,
        "RORC": CUSTOMER_ORDER,
        "RIDN": order.number,
        "RIDL": str(key[0]),
        "RIDX": str(key[1]),
        "ITNO": order.lines[key].item_number,
        "TRQT": quantity,
        "TRQA": quantity,
        "PLQT": picking,
        "PLQA": picking,
    }


def _package_line_row(order: Order, package: Package, key: LineKey) -> Row:
    quantity = quantity_text(package.contents[key])
    return {
        "RORC": CUSTOMER_ORDER,
        "RIDN": order.number,
        "RIDL": str(key[0]),
        "RIDX": str(key[1]),
        "ITNO": order.lines[key].item_number,
        "PANR": package.number,
        "SSCC": package.sscc,
        "DLQT": quantity,
        "DLQA": quantity,
        "CUOR": order.customer_reference,
        "UNMS": UNIT,
        "ALUN": UNIT,
    }


def _status_fields(delivery: Delivery) -> Row:
    """Return how far a delivery is. The departure is planned until PGRS says it has left.

    It is the warehouse's local time, to the minute.
    """
    departure = delivery.departs_at.astimezone(WAREHOUSE_TIME)
    return {
        "RORC": CUSTOMER_ORDER,
        "TTYP": ORDER_LINE,
        "PGRS": delivery.status,
        "PIST": SIDE_STATUS[delivery.status],
        "DSDT": date_text(departure),
        "DSHM": time_text(departure),
    }
