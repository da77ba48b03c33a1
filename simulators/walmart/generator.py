"""Purchase orders in two mixes, the same for the same seed.

`plain` is for measuring: three lines each, all fit. `mixed` runs through a cycle of 25 orders in
which ten differ from the ordinary in a way that has broken an integration before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from simulators.walmart.documents import (
    MASKED_PHONE,
    Buyer,
    LineFacts,
    OrderFacts,
    order_document,
    order_summary,
)
from simulators.walmart.lines import Document, order_lines
from simulators.world import BLOCKED_ITEM, ITEM_BY_SKU, ITEMS, SCARCE_ITEM, SHIP_NODES, UNKNOWN_SKU

INVOICED, SKIPPED, NEEDS_ATTENTION = "invoiced", "skipped", "needs_attention"
OUTCOMES = (INVOICED, SKIPPED, NEEDS_ATTENTION)
CYCLE = 25
SELLABLE = tuple(item for item in ITEMS if item.item_number not in (BLOCKED_ITEM, SCARCE_ITEM))
UNKNOWN_PRICE = Decimal("9.99")
MASKED_SHARE = 0.84  # of phones, in one seller's 45 days
FREIGHT = (Decimal("0"), Decimal("0"), Decimal("5.99"), Decimal("12.49"))
METHODS = ("Standard", "Standard", "Value", "Express")

PLACES = (
    ("Springfield", "IL", "62701", "0.0625"),
    ("Portland", "OR", "97204", "0"),
    ("Austin", "TX", "78701", "0.0825"),
    ("Albany", "NY", "12207", "0.08"),
    ("Fresno", "CA", "93721", "0.08350"),
)
NAMES = ("Test Person", "Example Buyer", "Sample Household", "Trial Customer")
FOREIGN_NAMES = ("Zoë Núñez-Østergård", "Łukasz Żółty", "François Lœuf", "Jürgen Größe")
LONG_ADDRESS = "12345 North Example Boulevard Building 7 Apartment 1204 Rear Entrance"


@dataclass(frozen=True, kw_only=True)
class GeneratedOrder:
    """An order to place, and how the integration should end it."""

    document: Document
    expected: str


@dataclass(frozen=True, kw_only=True)
class _Draft:
    facts: OrderFacts
    expected: str = INVOICED
    lists_as_objects: bool = False


def generate(
    *, count: int, mix: str, seed: int, first_number: int, ordered_at_ms: int
) -> Iterator[GeneratedOrder]:
    """Yield `count` orders.

    Args:
        count: how many.
        mix: `plain` or `mixed`.
        seed: chooses items, quantities, places and names.
        first_number: number of the first order in this account; keeps ids apart.
        ordered_at_ms: orderDate, epoch milliseconds.
    """
    for index in range(count):
        number = first_number + index
        random = _chance(seed, number)
        draft = _Draft(facts=_ordinary(random, seed, number, ordered_at_ms))
        if mix == "plain":
            draft = _three_lines(draft, random)
        elif vary := _VARIATIONS.get(index % CYCLE):
            draft = vary(draft, random)
        document = order_document(draft.facts)
        if draft.lists_as_objects:
            _single_objects(document)
        yield GeneratedOrder(document=document, expected=draft.expected)


def complete(partial: Document, *, seed: int, number: int, ordered_at_ms: int) -> Document:
    """Return a full order around the parts a test cares about.

    Objects are merged, lists replaced; each given order line is completed on its own. A line
    whose sku this world knows gets its price and name, and all its units stand in Created.
    """
    facts = _ordinary(_chance(seed, number), seed, number, ordered_at_ms)
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


def _chance(seed: int, number: int) -> Random:
    return Random(f"{seed % 1000}/{number}")  # noqa: S311 - repeatable orders


def _ordinary(random: Random, seed: int, number: int, ordered_at_ms: int) -> OrderFacts:
    city, state, postal_code, tax_rate = random.choice(PLACES)
    phone = MASKED_PHONE if random.random() < MASKED_SHARE else f"55501{number % 100_000:05d}"
    lines = tuple(
        _line(random, line_number, Decimal(tax_rate))
        for line_number in range(1, random.randint(1, 3) + 1)
    )
    return OrderFacts(
        purchase_order_id=f"1{seed % 1000:03d}{number:09d}",
        customer_order_id=f"20{seed % 1000:03d}{number:010d}",
        ordered_at_ms=ordered_at_ms,
        buyer=Buyer(
            name=random.choice(NAMES),
            address1=f"{random.randint(1, 9999)} Example Street",
            city=city,
            state=state,
            postal_code=postal_code,
            phone=phone,
            email=f"{random.getrandbits(128):032X}@relay.walmart.com",
        ),
        lines=lines,
        ship_node=random.choice(tuple(SHIP_NODES)),
        method_code=random.choice(METHODS),
    )


def _line(random: Random, line_number: int, tax_rate: Decimal) -> LineFacts:
    item = random.choice(SELLABLE)
    return LineFacts(
        line_number=str(line_number),
        sku=item.sku,
        name=item.name,
        unit_price=item.price,
        quantity=random.choice((1, 1, 1, 2, 2, 3, 4, 5)),
        shipping=random.choice(FREIGHT),
        tax_rate=tax_rate,
    )


def _with_lines(draft: _Draft, lines: tuple[LineFacts, ...]) -> _Draft:
    return replace(draft, facts=replace(draft.facts, lines=lines))


def _with_buyer(draft: _Draft, buyer: Buyer) -> _Draft:
    return replace(draft, facts=replace(draft.facts, buyer=buyer))


def _three_lines(draft: _Draft, random: Random) -> _Draft:
    tax_rate = draft.facts.lines[0].tax_rate
    items = random.sample(SELLABLE, 3)
    return _with_lines(
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


def _long_address(draft: _Draft, _: Random) -> _Draft:
    return _with_buyer(draft, replace(draft.facts.buyer, address1=LONG_ADDRESS))


def _foreign_letters(draft: _Draft, random: Random) -> _Draft:
    name, city = random.choice(FOREIGN_NAMES), "Cañon City"
    return _with_buyer(draft, replace(draft.facts.buyer, name=name, city=city))


def _fulfilled_by_others(draft: _Draft, random: Random) -> _Draft:
    node_type = random.choice(("WFSFulfilled", "3PLFulfilled"))
    facts = replace(draft.facts, ship_node_type=node_type, ship_node="90001")
    return replace(draft, facts=facts, expected=SKIPPED)


def _sold_as_ea(draft: _Draft, _: Random) -> _Draft:
    return _with_lines(draft, tuple(replace(line, unit="EA") for line in draft.facts.lines))


def _unknown_item(draft: _Draft, _: Random) -> _Draft:
    known, unknown = draft.facts.lines[1:], draft.facts.lines[0]
    unknown = replace(unknown, sku=UNKNOWN_SKU, name="Unknown item", unit_price=UNKNOWN_PRICE)
    return replace(_with_lines(draft, (unknown, *known)), expected=NEEDS_ATTENTION)


def _one_of_each_list(draft: _Draft, _: Random) -> _Draft:
    single = replace(draft.facts.lines[0], shipping=Decimal(0))
    return replace(_with_lines(draft, (single,)), lists_as_objects=True)


def _subscription(draft: _Draft, _: Random) -> _Draft:
    discounted = tuple(
        replace(line, discount=round(line.unit_price * Decimal("0.05"), 2))
        for line in draft.facts.lines
    )
    return _with_lines(draft, discounted)


def _first_half(draft: _Draft, _: Random) -> _Draft:
    return replace(draft, facts=replace(draft.facts, ship_node="10001"))


def _second_half(draft: _Draft, _: Random) -> _Draft:
    """Continue the customer order before this one, at the other ship node."""
    facts = draft.facts
    seed, number = int(facts.purchase_order_id[1:4]), int(facts.purchase_order_id[4:]) - 1
    first = _ordinary(_chance(seed, number), seed, number, facts.ordered_at_ms)
    lines = tuple(replace(line, line_number=str(at)) for at, line in enumerate(facts.lines, 4))
    continued = replace(
        first, purchase_order_id=facts.purchase_order_id, ship_node="10002", lines=lines
    )
    return replace(draft, facts=continued)


def _same_item_twice(draft: _Draft, random: Random) -> _Draft:
    line = replace(draft.facts.lines[0], quantity=random.randint(3, 5))
    again = replace(line, line_number="2", quantity=random.randint(2, 5))
    return _with_lines(draft, (line, again))


# Position in the cycle: what is different there. The other fifteen are ordinary.
_VARIATIONS: dict[int, Callable[[_Draft, Random], _Draft]] = {
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
