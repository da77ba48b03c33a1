"""Test an order against the pair's rules, and draft it when nothing keeps it out of M3."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from activities.services import PairServices
from domain.attention import Finding, Severity
from domain.errors import InvalidOrder, ShipNodeClosed, UnmappableField, UnmappedValue
from domain.orders import OrderEntry
from domain.pairs import Pair
from mappings.addresses import similarity_key
from mappings.draft_problems import DraftProblem, draft_problems
from mappings.exchange import Exchange
from mappings.loader import MappingSet
from mappings.orders import OrderDraft, draft_order
from mappings.validation import (
    CURRENCY_DIFFERS,
    DUPLICATE_ORDER,
    Validation,
    blocks,
    gravest_first,
)
from mappings.validation_facts import OF_PRICES, Seen, gather
from mappings.walmart_order import WalmartOrder


async def check_and_draft(
    services: PairServices,
    order: WalmartOrder,
    entry: OrderEntry,
    *,
    item_numbers: Mapping[str, str],
) -> tuple[Finding, ...]:
    """Return everything that is unusual or wrong about an order, the gravest first.

    Unless a finding blocks, the M3 records that enter the order are kept in the ledger.

    Args:
        services: of the order's pair.
        order: as Walmart has it now.
        entry: how it will be entered.
        item_numbers: what a person has said of this order's SKUs; it comes before M3's aliases.

    Raises:
        Transient: M3 could not be asked.
        Rejected: M3 refused to say what items there are.
    """
    pair, mappings = replace(services.pair, order_entry=entry), services.mappings
    seen = await _look(services, order, mappings.validation, item_numbers)
    tested = gather(order, pair=pair, seen=seen, now=datetime.now(UTC))
    findings = mappings.validation.findings(tested)
    draft, problems = _draft(order, pair, mappings, seen, blocked=blocks(findings))
    findings = gravest_first((*findings, *(_finding(problem) for problem in problems)))
    if draft is not None:
        await services.ledger.save_draft(pair.name, order.purchase_order_id, draft.to_json())
    _doubt(services, order, seen, findings)
    return findings


async def redraft(
    services: PairServices,
    order: WalmartOrder,
    entry: OrderEntry,
    *,
    item_numbers: Mapping[str, str],
) -> OrderDraft:
    """Draft an order that has been let through, with today's mappings, and keep the draft.

    Raises:
        InvalidOrder, UnmappedValue, ShipNodeClosed, UnmappableField: as `draft_order`.
    """
    pair, mappings = replace(services.pair, order_entry=entry), services.mappings
    items = await services.items.find(order.purchase_order_id, order.skus, given=item_numbers)
    exchange = await _exchange(services, order, mappings.validation)
    draft = draft_order(order, pair=pair, mappings=mappings, items=items, exchange=exchange)
    await services.ledger.save_draft(pair.name, order.purchase_order_id, draft.to_json())
    return draft


async def _look(
    services: PairServices,
    order: WalmartOrder,
    validation: Validation,
    item_numbers: Mapping[str, str],
) -> Seen:
    numbers = await services.items.look_up(order.skus, given=item_numbers)
    items = await services.items.facts.items(numbers.values())
    exchange = await _exchange(services, order, validation)
    comparable = order.currency == services.pair.currency or exchange is not None
    prices = None
    if comparable and validation.read(OF_PRICES):
        prices = await services.items.facts.prices(items)
    return Seen(
        item_numbers=numbers,
        items=items,
        prices=prices,
        similar_orders=await _similar_orders(services, order, validation),
        exchange=exchange,
    )


async def _exchange(
    services: PairServices, order: WalmartOrder, validation: Validation
) -> Exchange | None:
    """Return M3's rate of the order's day, where the pair takes orders in other currencies."""
    pair = services.pair
    if order.currency == pair.currency or not validation.parameter(CURRENCY_DIFFERS, "convert"):
        return None
    day = order.head.order_date.astimezone(ZoneInfo(pair.time_zone))
    rate_type = validation.parameter(CURRENCY_DIFFERS, "rate_type")
    return await services.items.facts.exchange(
        order.currency, rate_type=str(rate_type), day=f"{day:%Y%m%d}"
    )


async def _similar_orders(
    services: PairServices, order: WalmartOrder, validation: Validation
) -> tuple[str, ...]:
    """Return the other orders of the same buyer, address and items within the rule's window.

    Purchase orders of one customer order are parts of it, never doubles of each other.
    """
    hours = validation.parameter(DUPLICATE_ORDER, "window_hours")
    if hours is None:
        return ()
    pair, key, head = services.pair.name, similarity_key(order), order.head
    await services.ledger.remember_similar(
        pair, key, order.purchase_order_id, head.customer_order_id, at=head.order_date
    )
    return await services.ledger.similar_orders(
        pair,
        key,
        since=head.order_date - timedelta(hours=float(hours)),
        other_than_customer_order=head.customer_order_id,
    )


def _draft(
    order: WalmartOrder, pair: Pair, mappings: MappingSet, seen: Seen, *, blocked: bool
) -> tuple[OrderDraft | None, tuple[DraftProblem, ...]]:
    """Return the draft, or everything that keeps it from being made."""
    stopped_by: tuple[DraftProblem, ...] = ()
    items, exchange = seen.known, seen.exchange
    if not blocked:
        try:
            return (
                draft_order(order, pair=pair, mappings=mappings, items=items, exchange=exchange),
                (),
            )
        except (InvalidOrder, UnmappedValue, ShipNodeClosed, UnmappableField) as error:
            stopped_by = (DraftProblem(error=error),)
    found = draft_problems(order, pair=pair, mappings=mappings, items=items, exchange=exchange)
    named = {str(problem.error) for problem in found}
    return None, (*found, *(each for each in stopped_by if str(each.error) not in named))


def _finding(problem: DraftProblem) -> Finding:
    return Finding(
        code=problem.error.cause,
        severity=Severity.BLOCK,
        sentence=str(problem.error),
        mend=problem.error.mend,
        line_number=problem.line_number,
    )


def _doubt(
    services: PairServices, order: WalmartOrder, seen: Seen, findings: Iterable[Finding]
) -> None:
    """Believe nothing of what led to a finding, so that what is mended in M3 heals the order."""
    lines = {finding.line_number for finding in findings if finding.line_number}
    skus = {line.sku for line in order.open_lines if line.line_number in lines}
    services.items.doubt(skus)
    services.items.facts.doubt(
        number for sku in skus if (number := seen.item_numbers.get(sku)) is not None
    )
