"""OIS100MI, MMS200MI and MMS005MI on stock: balances, what changed of them, units, warehouses."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from simulators.m3.fields import Record, Row, whole_number
from simulators.m3.master_data import FACILITY, TIME_ZONE_CODE
from simulators.m3.messages import Nok
from simulators.m3.records import Item
from simulators.m3.state import M3Tenant
from simulators.m3.stock import Balance
from simulators.m3.values import date_text, quantity_text, stamp_from
from simulators.world import COMPANY, DIVISION, SHIP_NODES

LAST_KEY = "\U0010ffff"  # sorts behind every item number and warehouse
QUANTITY_UNIT = "1"  # AUTP: an alternate unit of quantity, not of price


def lst_new_balances(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Yield the balances that changed at LMTS or later, in the order of their stamps."""
    for balance in tenant.stock.changed_since(stamp_from(record["LMTS"])):
        warehouse, number = balance.key
        yield {
            "WHLO": warehouse,
            "ITNO": number,
            "AV01": quantity_text(balance.net),
            "AV02": quantity_text(balance.available),
        }


def lst_wareh_balance(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return what every warehouse has of an item."""
    item = tenant.item(record["ITNO"])
    return [
        {
            "WHLO": balance.key[0],
            "AV01": quantity_text(balance.net),
            "AV02": quantity_text(balance.available),
            "LMDT": date_text(datetime.fromtimestamp(balance.stamp / 1000, UTC)),
        }
        for balance in tenant.stock.of_item(item.number)
    ]


def get_itm_whs_bal(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return an item's stock in a warehouse."""
    balance = tenant.balance(record["WHLO"], record["ITNO"])
    return [
        {
            "CONO": COMPANY,
            "WHLO": record["WHLO"],
            "ITNO": record["ITNO"],
            "FACI": FACILITY,
            "PLQT": quantity_text(balance.picking),
            **_quantities(balance),
        }
    ]


def lst_sum_whs_bal(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Yield a warehouse's balances by item number, from POPN on; INVF 1 only those with stock."""
    warehouse = record["WHLO"]
    if warehouse not in tenant.warehouses:
        raise Nok("WWH0103", warehouse, field="WHLO")
    with_stock = whole_number(record["INVF"]) == 1
    name = _warehouse_name(warehouse)
    for balance in tenant.stock.in_warehouse(warehouse, first_item=record["POPN"].upper()):
        if with_stock and not balance.on_hand:
            continue
        item = tenant.items[balance.key[1]]
        yield {
            "CONO": COMPANY,
            "WHLO": warehouse,
            "WHNM": name,
            "ITNO": item.number,
            "ITDS": item.name,
            "STAT": item.status,
            "UNMS": item.unit,
            **_quantities(balance),
        }


def lst_itm_alt_unit_ms(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Yield the alternate units of the items from FITN to TITN."""
    first, last = record["FITN"], record["TITN"]
    for number in tenant.stock.numbers_from(first):
        if number > last:
            return
        item = tenant.items[number]
        if item.alternate and _is_wanted_unit(record):
            yield _unit_row(item)


def lst_warehouses(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the warehouses from FWHL to TWHL; none of them has changed since it was opened."""
    first, last = record["FWHL"], record["TWHL"] or LAST_KEY
    if stamp_from(record["LMTS"]) > tenant.opened_ms:
        return []
    return [
        {
            "CONO": COMPANY,
            "DIVI": DIVISION,
            "FACI": FACILITY,
            "WHLO": warehouse,
            "WHNM": _warehouse_name(warehouse),
            "CSCD": "US",
            "TIZO": TIME_ZONE_CODE,
        }
        for warehouse in tenant.warehouses
        if first <= warehouse <= last
    ]


def _quantities(balance: Balance) -> Row:
    return {
        "STQT": quantity_text(balance.on_hand),
        "ALQT": quantity_text(balance.allocated),
        "REQT": quantity_text(balance.reserved),
        "ORQT": quantity_text(balance.on_order),
        "AVAL": quantity_text(balance.on_hand),
        "AV01": quantity_text(balance.net),
        "AV02": quantity_text(balance.available),
    }


def _is_wanted_unit(record: Record) -> bool:
    """Whether FAUT and TAUT, which are no limits when blank, let quantity units through."""
    return (record["FAUT"] or QUANTITY_UNIT) <= QUANTITY_UNIT <= (record["TAUT"] or QUANTITY_UNIT)


def _unit_row(item: Item) -> Row:
    assert item.alternate is not None  # noqa: S101 - the caller looked
    return {
        "ITNO": item.number,
        "ITDS": item.name,
        "AUTP": QUANTITY_UNIT,
        "ALUN": item.alternate.unit,
        "TX40": "Each",
        "COFA": quantity_text(item.alternate.factor),
        "DMCF": "2" if item.alternate.divides else "1",
        "AUS2": "1",
    }


def _warehouse_name(warehouse: str) -> str:
    return next((node.name for node in SHIP_NODES.values() if node.warehouse == warehouse), "")
