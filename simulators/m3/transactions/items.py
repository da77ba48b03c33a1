"""MMS025MI and MMS200MI: aliases, items and their stock."""

from collections.abc import Iterable

from simulators.m3.fields import Record, Row, whole_number
from simulators.m3.master_data import FACILITY, UNIT
from simulators.m3.messages import Nok
from simulators.m3.records import Alias, Item
from simulators.m3.state import M3Tenant
from simulators.m3.values import date_text, money_text, quantity_text
from simulators.world import COMPANY


def add_alias(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Give an item another name."""
    item = tenant.item(record["ITNO"])
    category = whole_number(record["ALWT"])
    if _matching(tenant.aliases_by_name.get(record["POPN"], []), category, record["ALWQ"]):
        raise Nok("XRE0104", field="POPN")
    alias = Alias(
        category=category,
        qualifier=record["ALWQ"],
        name=record["POPN"],
        item_number=item.number,
        entered=record.sent(),
    )
    tenant.add_alias(alias)
    return []


def get_item(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the item behind an alias."""
    named = tenant.aliases_by_name.get(record["POPN"], [])
    found = _matching(named, whole_number(record["ALWT"]), record["ALWQ"])
    if not found:
        raise Nok("WPO0403", record["POPN"], field="POPN")
    return [_alias_row(found[0])]


def lst_item(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return every item an alias stands for."""
    return _of_category(tenant.aliases_by_name.get(record["POPN"], []), record["ALWT"])


def lst_alias(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return every alias of an item."""
    return _of_category(tenant.aliases_of_item.get(record["ITNO"], []), record["ALWT"])


def get(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return an item's basic data; serves Get and GetItmBasic."""
    return [_item_row(tenant.item(record["ITNO"]))]


def get_itm_whs_bal(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return an item's stock in a warehouse."""
    balance = tenant.balance(record["WHLO"], record["ITNO"])
    return [
        {
            "CONO": COMPANY,
            "WHLO": record["WHLO"],
            "ITNO": record["ITNO"],
            "FACI": FACILITY,
            "STQT": quantity_text(balance.on_hand),
            "ALQT": quantity_text(balance.allocated),
            "PLQT": quantity_text(balance.picking),
            "REQT": quantity_text(balance.reserved),
            "AVAL": quantity_text(balance.allocatable),
            "AV01": quantity_text(balance.allocatable),
            "AV02": quantity_text(balance.on_hand - balance.reserved),
        }
    ]


def _matching(aliases: list[Alias], category: int, qualifier: str) -> list[Alias]:
    return [
        alias for alias in aliases if (alias.category, alias.qualifier) == (category, qualifier)
    ]


def _of_category(aliases: list[Alias], category: str) -> Iterable[Row]:
    return [
        _alias_row(alias)
        for alias in aliases
        if not category or alias.category == whole_number(category)
    ]


def _alias_row(alias: Alias) -> Row:
    return {
        **alias.entered,
        "CONO": COMPANY,
        "ALWT": str(alias.category),
        "ALWQ": alias.qualifier,
        "ITNO": alias.item_number,
        "POPN": alias.name,
        "ALUN": alias.entered.get("ALUN", UNIT),
    }


def _item_row(item: Item) -> Row:
    return {
        "ITNO": item.number,
        "STAT": item.status,
        "ITDS": item.name[:30],
        "FUDS": item.name,
        "UNMS": UNIT,
        "SPUN": UNIT,
        "ALUN": UNIT,
        "SALE": "1" if item.saleable else "0",
        "MABU": "2",
        "SAPR": money_text(item.price),
        "RGDT": date_text(item.created_at),
        "LMDT": date_text(item.created_at),
    }
