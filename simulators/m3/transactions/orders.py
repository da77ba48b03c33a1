"""OIS100MI and MMS120MI on customer orders: enter directly, read, allocate, delete, close."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from simulators.m3 import confirmation, order_changes, warehouse
from simulators.m3.fields import Record, Row, check_date, quantity, whole_number
from simulators.m3.master_data import TIME_ZONE_CODE
from simulators.m3.messages import Nok
from simulators.m3.records import NOTHING, BatchStatus, LineKey, Order, OrderLine
from simulators.m3.state import M3Tenant
from simulators.m3.transactions.batch_orders import LINE_NUMBERS, add_charge
from simulators.m3.values import money_text, quantity_text
from simulators.world import DIVISION

HEAD_DATES = ("RLDT", "CUDT", "ORDT", "RLDZ", "FDED", "LDED", "GIDT", "BVD1", "BVD2")
LINE_DATES = ("DWDZ", "PLDT")
ORDER_LINE = "31"  # TTYP: stock transaction type of customer orders
CHANGEABLE = {"CONO", "ORNO", "PONR", "POSX", "ORQA"}  # by ChgLineBatchEnt, here


def add_order_head(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Enter an order directly: it exists from here on, and is checked at once."""
    for field in HEAD_DATES:
        if record[field]:
            check_date(record[field], field)
    _refuse_first(confirmation.check_head(tenant, record))
    order = confirmation.new_order(tenant, record.sent())
    tenant.add_order(order)
    return [{"ORNO": order.number}]


def add_order_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Add a line to an order; missing stock is a warning unless IGWA asks for silence."""
    order = tenant.order(record["ORNO"])
    for field in LINE_NUMBERS:
        quantity(record[field], field)
    for field in LINE_DATES:
        if record[field]:
            check_date(record[field], field)
    position = whole_number(record["PONR"])
    line = order_changes.add_line(tenant, order, record.sent(), position=position)
    answer = {"PONR": str(line.key[0]), "POSX": str(line.key[1]), "ATNR": "0"}
    return [answer | _warnings(tenant, line, record)]


def add_conn_co_charge(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Add a charge to the head of an order; it goes on the next invoice."""
    order = tenant.order(record["ORNO"])
    if whole_number(record["DLIX"]):
        raise Nok("SIM0019", record["DLIX"], field="DLIX")
    add_charge(tenant, order.charges, record)
    return []


def search_head(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Search orders; what changed a moment ago is not found yet."""
    return tenant.order_index.search(record["SQRY"])


def lst_head(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Yield a customer's orders whose lines all lie between ORSL and ORST, oldest first."""
    lowest, highest = record["ORSL"] or "00", record["ORST"] or "99"
    for order in tenant.orders_of_customer.get(record["CUNO"], {}).values():
        reached = order.status_range
        if lowest <= reached[0] and reached[1] <= highest:
            yield {
                **order.entered,
                "ORNO": order.number,
                "STAT": reached[1],
                "ORSL": reached[0],
                "ORST": reached[1],
                "DLIX": str(len(order.deliveries)),
            }


def get_head(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the head of an order with its totals."""
    order = tenant.order(record["ORNO"])
    lowest, highest = order.status_range
    return [
        {
            **order.entered,
            **_values(order),
            "ORNO": order.number,
            "CUNO": order.customer_number,
            "DIVI": DIVISION,
            "STAT": highest,
            "ORSL": lowest,
            "ORST": highest,
            "DLIX": str(len(order.deliveries)),
            "TIZO": TIME_ZONE_CODE,
        }
    ]


def get_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return one line of an order."""
    return [_line_row(tenant, _line(tenant.order(record["ORNO"]), record))]


def lst_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the lines of an order, all or those of one status or item."""
    return [
        _line_row(tenant, line)
        for line in tenant.order(record["ORNO"]).lines.values()
        if record["ORST"] in ("", line.status) and record["ITNO"] in ("", line.item_number)
    ]


def get_address(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return an order's own address, else, as delivery address, the customer's."""
    order = tenant.order(record["ORNO"])
    number = whole_number(record["ADRT"])
    if number in order.addresses:
        return [order.addresses[number]]
    if number == 1:
        return [tenant.customer(order.customer_number).entered]
    raise Nok("XRE0103", field="ADRT")


def lst_order_charge(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the charges of the head, with the delivery they were invoiced on."""
    order = tenant.order(record["ORNO"])
    return [
        {
            "ORNO": order.number,
            "DLIX": charge.delivery_number or "0",
            "CRID": charge.code,
            "CRD0": charge.description,
            "PBAM": money_text(charge.amount),
            "CUCD": order.entered["CUCD"],
        }
        for charge in order.charges
        if record["CRID"] in ("", charge.code)
    ]


def get_order_value(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return what an order is worth, and what of it has been invoiced."""
    order = tenant.order(record["ORNO"])
    net = sum((made.net_amount for made in order.invoices), NOTHING)
    charges = sum((made.charge_amount for made in order.invoices), NOTHING)
    invoiced = {
        **dict.fromkeys(("INTA", "INET", "IRAM"), money_text(net)),
        "IXAM": money_text(charges),
        **dict.fromkeys(("IRVA", "ITOA", "ITOP"), money_text(net + charges)),
    }
    return [{**_values(order), **invoiced, "CUCD": order.entered["CUCD"]}]


def allocate_order(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Reserve stock for an order; what stock does not cover stays unallocated, without error."""
    if record["TTYP"] != ORDER_LINE:
        raise Nok("SIM0012", record["TTYP"], field="TTYP")
    order = tenant.order(record["RIDN"])
    if warehouse.allocate(tenant, order):
        warehouse.schedule(tenant, order)
    return []


def del_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Delete a line nothing has been picked of."""
    order = tenant.order(record["ORNO"])
    order_changes.delete_line(tenant, order, _line(order, record))
    return []


def del_head(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Delete an order nothing has been picked of."""
    order_changes.delete_order(tenant, tenant.order(record["ORNO"]))
    return []


def clo_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Give up the part of a line that has neither been picked nor delivered."""
    order = tenant.order(record["ORNO"])
    order_changes.close_line(tenant, order, _line(order, record))
    return []


def chg_line_batch_ent(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Change the quantity of a line through an internal batch entry, which may stop."""
    for name in record.sent().keys() - CHANGEABLE:
        raise Nok("SIM0022", name, field=name)
    order = tenant.order(record["ORNO"])
    line = _line(order, record)
    wanted = quantity(record["ORQA"], "ORQA") if record["ORQA"] else line.quantity
    if stop := tenant.take_change_stop():
        return [{"ORNO": order.number, "STAT": stop}]
    if wanted != line.quantity:
        order_changes.change_quantity(tenant, order, line, wanted)
    return [{"ORNO": order.number, "STAT": BatchStatus.ORDER_CREATED}]


def del_line_batch_ent(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Delete a line through an internal batch entry, which may stop."""
    order = tenant.order(record["ORNO"])
    line = _line(order, record)
    if stop := tenant.take_change_stop():
        return [{"ORNO": order.number, "STAT": stop}]
    order_changes.delete_line(tenant, order, line)
    return [{"ORNO": order.number, "STAT": BatchStatus.ORDER_CREATED}]


def _refuse_first(objections: Iterator[Nok]) -> None:
    for objection in objections:
        raise objection


def _warnings(tenant: M3Tenant, line: OrderLine, record: Record) -> Row:
    """Return the warning M3 gives with a line that stock does not cover."""
    balance = tenant.stock[line.warehouse, line.item_number]
    if record["IGWA"] == "1" or balance.net >= line.quantity:
        return {}
    text = Nok("SIM0017", line.item_number, line.warehouse).text
    return {"MSI1": "SIM0017", "MSG1": text[:40]}


def _line(order: Order, record: Record) -> OrderLine:
    key: LineKey = (int(quantity(record["PONR"], "PONR")), int(quantity(record["POSX"], "POSX")))
    return order_changes.line_of(order, key)


def _line_row(tenant: M3Tenant, line: OrderLine) -> Row:
    return {
        **line.entered,
        "PONR": str(line.key[0]),
        "POSX": str(line.key[1]),
        "ITNO": line.item_number,
        "ITDS": line.entered.get("ITDS") or tenant.items[line.item_number].name[:30],
        "WHLO": line.warehouse,
        "ORST": line.status,
        "ORQT": quantity_text(line.quantity),
        "ORQA": quantity_text(line.quantity),
        "ALQT": quantity_text(line.allocated + line.picking),
        "DLQT": quantity_text(line.delivered),
        "IVQT": quantity_text(line.invoiced),
        "SAPR": quantity_text(line.price),
        "NEPR": quantity_text(line.net_price),
        "NLAM": money_text(line.amount(line.quantity)),
        "LNA2": money_text(line.amount(line.quantity)),
    }


def _values(order: Order) -> Row:
    """Return the amounts of an order. Taxes are charges here; M3 itself computes none."""
    net: Decimal = sum((line.amount(line.quantity) for line in order.lines.values()), NOTHING)
    charges = sum((charge.amount for charge in order.charges), NOTHING)
    for line in order.lines.values():
        charges += sum((charge.amount for charge in line.charges), NOTHING)
    return {
        **dict.fromkeys(("NTAM", "ONET", "BRAM"), money_text(net)),
        "EXAM": money_text(charges),
        **dict.fromkeys(("ORVA", "TOAM", "TOPY"), money_text(net + charges)),
    }
