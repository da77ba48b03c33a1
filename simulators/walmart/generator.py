"""Purchase orders in three mixes, the same for the same seed.

`plain` is for measuring: three lines each, all fit. `mixed` runs through a cycle of 25 orders in
which ten differ from the ordinary in a way that has broken an integration before. `troubles` has
every second order in trouble; which ones there are is in `troubles.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from simulators.walmart import troubles
from simulators.walmart.documents import LineFacts, order_document, order_summary
from simulators.walmart.drafts import INVOICED as INVOICED
from simulators.walmart.drafts import NEEDS_ATTENTION as NEEDS_ATTENTION
from simulators.walmart.drafts import (
    SELLABLE,
    SKIPPED,
    UNKNOWN_PRICE,
    Draft,
    chance,
    ordinary,
    with_buyer,
    with_lines,
)
from simulators.walmart.lines import Document, order_lines
from simulators.world import ITEM_BY_SKU, UNKNOWN_SKU

MIXES = ("plain", "mixed", "troubles")
CYCLE = 25  # of mixed
FOREIGN_NAMES = ("Zoë Núñez-Østergård", "Łukasz Żółty", "François Lœuf", "Jürgen Größe")
LONG_ADDRESS = "12345 North Example Boulevard Building 7 Apartment 1204 Rear Entrance"


@dataclass(frozen=True, kw_only=True)
class GeneratedOrder:
    """An order to place, and what the integration should do with it."""

    document: Document
    expected: str
    trouble: str = ""
    concerns: tuple[str, ...] = ()  # line numbers of what happens to it later


def generate(
    *, count: int, mix: str, seed: int, first_number: int, ordered_at_ms: int
) -> Iterator[GeneratedOrder]:
    """Yield `count` orders.

    Args:
        count: how many.
        mix: `plain`, `mixed` or `troubles`.
        seed: chooses items, quantities, places and names.
        first_number: number of the first order in this account; keeps ids apart.
        ordered_at_ms: orderDate, epoch milliseconds.
    """
    for index in range(count):
        number = first_number + index
        random = chance(seed, number)
        draft = Draft(facts=ordinary(random, seed, number, ordered_at_ms))
        if mix == "plain":
            draft = _three_lines(draft, random)
        elif mix == "troubles":
            draft = troubles.vary(draft, random, index=index)
        elif vary := _VARIATIONS.get(index % CYCLE):
            draft = vary(draft, random)
        document = order_document(draft.facts)
        if draft.edit:
            draft.edit(document)
        yield GeneratedOrder(
            document=document,
            expected=draft.expected,
            trouble=draft.trouble,
            concerns=draft.concerns,
        )


def complete(partial: Document, *, seed: int, number: int, ordered_at_ms: int) -> Document:
    """Return a full order around the parts a test cares about.

    Objects are merged, lists replaced; each given order line is completed on its own. A line
    whose sku this world knows gets its price and name, and all its units stand in Created.
    """
    facts = ordinary(chance(seed, number), seed, number, ordered_at_ms)
    given_lines = order_lines(partial) if "orderLines" in partial else []
    if given_lines:
        facts = replace(
            facts, lines=tuple(_given_line(line, at) for at, line in enumerate(given_lines, 1))
        )
    document = order_document(facts)
    if given_lines:
        built = order_lines(document)
        lines = [_merged(*pair) for pair in zip(built, given_lines, strict=True)]
        partial = partial | {"orderLines": {"orderLine": lines}}
    document = _merged(document, partial)
    if "orderSummary" not in partial:
        document["orderSummary"] = order_summary(document)
    return document


def _three_lines(draft: Draft, random: Random) -> Draft:
    tax_rate = draft.facts.lines[0].tax_rate
    items = random.sample(SELLABLE, 3)
    return with_lines(
        draft,
        tuple(
            LineFacts(
                line_number=str(line_number),
                sku=item.sku,
                name=item.name,
                unit_price=item.price,
                quantity=random.randint(1, 3),
                tax_rate=tax_rate,
            )
            for line_number, item in enumerate(items, 1)
        ),
    )


def _long_address(draft: Draft, _: Random) -> Draft:
    return with_buyer(draft, replace(draft.facts.buyer, address1=LONG_ADDRESS))


def _foreign_letters(draft: Draft, random: Random) -> Draft:
    name, city = random.choice(FOREIGN_NAMES), "Cañon City"
    return with_buyer(draft, replace(draft.facts.buyer, name=name, city=city))


def _fulfilled_by_others(draft: Draft, random: Random) -> Draft:
    node_type = random.choice(("WFSFulfilled", "3PLFulfilled"))
    facts = replace(draft.facts, ship_node_type=node_type, ship_node="90001")
    return replace(draft, facts=facts, expected=SKIPPED)


def _sold_as_ea(draft: Draft, _: Random) -> Draft:
    return with_lines(draft, tuple(replace(line, unit="EA") for line in draft.facts.lines))


def _unknown_item(draft: Draft, _: Random) -> Draft:
    known, unknown = draft.facts.lines[1:], draft.facts.lines[0]
    unknown = replace(unknown, sku=UNKNOWN_SKU, name="Unknown item", unit_price=UNKNOWN_PRICE)
    return replace(with_lines(draft, (unknown, *known)), expected=NEEDS_ATTENTION)


def _one_of_each_list(draft: Draft, _: Random) -> Draft:
    single = replace(draft.facts.lines[0], shipping=Decimal(0))
    return replace(with_lines(draft, (single,)), edit=_single_objects)


def _subscription(draft: Draft, _: Random) -> Draft:
    discounted = tuple(
        replace(line, discount=round(line.unit_price * Decimal("0.05"), 2))
        for line in draft.facts.lines
    )
    return with_lines(draft, discounted)


def _first_half(draft: Draft, _: Random) -> Draft:
    return replace(draft, facts=replace(draft.facts, ship_node="10001"))


def _second_half(draft: Draft, _: Random) -> Draft:
    """Continue the customer order before this one, at the other ship node."""
    facts = draft.facts
    seed, number = int(facts.purchase_order_id[1:4]), int(facts.purchase_order_id[4:]) - 1
    first = ordinary(chance(seed, number), seed, number, facts.ordered_at_ms)
    lines = tuple(replace(line, line_number=str(at)) for at, line in enumerate(facts.lines, 4))
    continued = replace(
        first, purchase_order_id=facts.purchase_order_id, ship_node="10002", lines=lines
    )
    return replace(draft, facts=continued)


def _same_item_twice(draft: Draft, random: Random) -> Draft:
    line = replace(draft.facts.lines[0], quantity=random.randint(3, 5))
    again = replace(line, line_number="2", quantity=random.randint(2, 5))
    return with_lines(draft, (line, again))


# Position in the cycle: what is different there. The other fifteen are ordinary.
_VARIATIONS: dict[int, Callable[[Draft, Random], Draft]] = {
    2: _long_address,
    4: _foreign_letters,
    6: _fulfilled_by_others,
    9: _sold_as_ea,
    12: _unknown_item,
    14: _one_of_each_list,
    17: _subscription,
    19: _first_half,
    20: _second_half,
    23: _same_item_twice,
}


def _single_objects(document: Document) -> None:
    """Put the one line and its one charge where a list belongs, as historic answers have it."""
    [line] = order_lines(document)
    [charge] = line["charges"]["charge"]
    line["charges"]["charge"] = charge
    document["orderLines"]["orderLine"] = line


def _given_line(given: Document, at: int) -> LineFacts:
    """Return the facts of a line that may say no more than its sku."""
    sku = given.get("item", {}).get("sku", SELLABLE[0].sku)
    item = ITEM_BY_SKU.get(sku)
    return LineFacts(
        line_number=str(at),
        sku=sku,
        name=item.name if item else "Given item",
        unit_price=item.price if item else UNKNOWN_PRICE,
        quantity=int(given.get("orderLineQuantity", {}).get("amount", "1")),
    )


def _merged(base: Document, given: Document) -> Document:
    """Return `base` with the values of `given`, object by object."""
    merged = dict(base)
    for name, value in given.items():
        below = merged.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[name] = _merged(below, value)
        else:
            merged[name] = value
    return merged
