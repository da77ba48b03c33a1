"""Everything that keeps an order from being drafted, where `draft_order` stops at the first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.errors import InvalidOrder, ShipNodeClosed, UnmappableField, UnmappedValue
from domain.orders import CustomerStrategy, OrderEntry
from domain.pairs import Pair
from mappings.addresses import address_id, buyer_key, has_street, street_lines
from mappings.engine import Source
from mappings.exchange import Exchange
from mappings.loader import MappingSet
from mappings.orders import (
    CHARGE,
    HEAD,
    LINE,
    charge_sources,
    line_sources,
    order_facts,
    site_of,
)
from mappings.sources import order_source, shipping_address
from mappings.tables import Site
from mappings.walmart_order import WalmartOrder

MappingProblem = InvalidOrder | UnmappedValue | ShipNodeClosed | UnmappableField

# In the place of what is not known, so that the other fields can be looked at. It fits anywhere.
STAND_IN = "?"


@dataclass(frozen=True, kw_only=True)
class DraftProblem:
    """One thing that keeps an order from being drafted."""

    error: MappingProblem
    line_number: str = ""  # empty when it is about the order as a whole


def draft_problems(
    order: WalmartOrder,
    *,
    pair: Pair,
    mappings: MappingSet,
    items: Mapping[str, str],
    exchange: Exchange | None = None,
) -> tuple[DraftProblem, ...]:
    """Return what `draft_order` would stop at, each once, with the first line it is found on.

    Left out is what the rules report: the currency, SKUs that `items` lacks, a missing street.
    """
    found: dict[str, DraftProblem] = {}
    for problem in _problems(order, pair, mappings, items, exchange):
        unknown = isinstance(problem.error, UnmappedValue) and problem.error.value == STAND_IN
        if not unknown:
            found.setdefault(str(problem.error), problem)
    return tuple(found.values())


def _problems(
    order: WalmartOrder,
    pair: Pair,
    mappings: MappingSet,
    items: Mapping[str, str],
    exchange: Exchange | None,
) -> Iterator[DraftProblem]:
    site = Site(facility=STAND_IN, warehouse=STAND_IN)
    try:
        site = site_of(order, pair, mappings)
    except (InvalidOrder, UnmappedValue, ShipNodeClosed) as error:
        yield DraftProblem(error=error)
    source = order_source(order, pair, order_facts(order, site, exchange))
    entry = pair.order_entry
    for problem in mappings[HEAD[entry]].problems(source):
        yield DraftProblem(error=problem)
    known = {sku: items.get(sku, STAND_IN) for sku in order.skus}
    for line, of_line in line_sources(order, source, known, exchange):
        for problem in mappings[LINE[entry]].problems(of_line):
            yield DraftProblem(error=problem, line_number=line.line_number)
    yield from _beside_lines(source, pair, mappings)
    yield from _address_problems(order, source, pair, mappings)


def _beside_lines(source: Source, pair: Pair, mappings: MappingSet) -> Iterator[DraftProblem]:
    for of_charge in charge_sources(pair, source, mappings):
        for problem in mappings[CHARGE[pair.order_entry]].problems(of_charge):
            yield DraftProblem(error=problem)
    text = mappings["order_text"]
    if pair.order_entry is OrderEntry.BATCH and text.applies(source):
        for problem in text.problems(source):
            yield DraftProblem(error=problem)


def _address_problems(
    order: WalmartOrder, source: Source, pair: Pair, mappings: MappingSet
) -> Iterator[DraftProblem]:
    address = shipping_address(order)
    streets = {"address_line_1": STAND_IN}
    if has_street(address):
        try:
            streets = street_lines(address)
        except UnmappableField as error:
            yield DraftProblem(error=error)
    facts: dict[str, Any] = {**source.facts, **streets}
    records = ["order_address"] if pair.order_entry is OrderEntry.BATCH else []
    if pair.customer_strategy is CustomerStrategy.PER_BUYER:
        facts |= {"buyer_key": buyer_key(order.document), "address_id": address_id(address)}
        records += ["customer", "customer_address"]
    for record in records:
        for problem in mappings[record].problems(replace(source, facts=facts)):
            yield DraftProblem(error=problem)
