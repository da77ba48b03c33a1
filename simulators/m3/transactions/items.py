"""MMS025MI and MMS200MI: aliases and items."""

import heapq
from collections.abc import Iterable, Iterator
from operator import attrgetter

from simulators.m3.fields import Record, Row, whole_number
from simulators.m3.master_data import UNIT
from simulators.m3.messages import Nok
from simulators.m3.records import Alias, Item
from simulators.m3.state import M3Tenant
from simulators.m3.values import date_text, money_text, stamp_from
from simulators.world import COMPANY


def add_alias(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Give an item another name."""
    item = tenant.item(record["ITNO"])
    category = whole_number(record["ALWT"])
    if _matching(tenant.aliases_named(record["POPN"]), category, record["ALWQ"]):
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
    named = tenant.aliases_named(record["POPN"])
    found = _matching(named, whole_number(record["ALWT"]), record["ALWQ"])
    if not found:
        raise Nok("WPO0403", record["POPN"], field="POPN")
    return [_alias_row(found[0])]


def lst_item(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return every item an alias stands for."""
    return _of_category(tenant.aliases_named(record["POPN"]), record["ALWT"])


def lst_alias(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return every alias of an item."""
    return _of_category(tenant.aliases_of(record["ITNO"]), record["ALWT"])


def lst_alias_via_cat(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Yield the aliases of a category by name, all or those of one qualifier or changed since."""
    category, changed_ms = whole_number(record["ALWT"]), stamp_from(record["LMTS"])

    def is_wanted(alias: Alias) -> bool:
        wanted = alias.category == category and record["ALWQ"] in ("", alias.qualifier)
        return wanted and alias.changed_ms >= changed_ms

    entered = [alias for named in tenant.aliases_by_name.values() for alias in named]
    entered = sorted(filter(is_wanted, entered), key=attrgetter("name"))
    plan = tenant.stock.plan
    planned = plan.aliases() if plan and is_wanted(plan.alias(1)) else ()  # one is like another
    for alias in heapq.merge(entered, planned, key=attrgetter("name")):
        yield _alias_row(alias)


def get(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return an item's basic data; serves Get and GetItmBasic."""
    return [_item_row(tenant.item(record["ITNO"]))]


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
        "UNMS": item.unit,
        "SPUN": UNIT,
        "ALUN": UNIT,
        "ALUC": "1" if item.alternate else "0",
        "SALE": "1" if item.saleable else "0",
        "MABU": "2",
        "SAPR": money_text(item.price),
        "RGDT": date_text(item.created_at),
        "LMDT": date_text(item.created_at),
    }
