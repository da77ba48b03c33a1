"""Drafts of purchase orders: what generated orders are made of before they become documents."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from simulators.walmart.documents import MASKED_PHONE, Buyer, LineFacts, OrderFacts
from simulators.walmart.lines import Document
from simulators.world import (
    BLOCKED_ITEM,
    DISPLAY_ITEM,
    ITEMS,
    SCARCE_ITEM,
    SHIP_NODES,
    SOLD_OUT_ITEM,
)

INVOICED, SKIPPED, CANCELED = "invoiced", "skipped", "canceled"
NEEDS_ATTENTION = "needs_attention"
OUTCOMES = (INVOICED, SKIPPED, NEEDS_ATTENTION, CANCELED)
SPECIAL_ITEMS = (BLOCKED_ITEM, DISPLAY_ITEM, SCARCE_ITEM, SOLD_OUT_ITEM)
SELLABLE = tuple(item for item in ITEMS if item.item_number not in SPECIAL_ITEMS)
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


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The facts of an order, and what is special about it."""

    facts: OrderFacts
    expected: str = INVOICED
    trouble: str = ""
    concerns: tuple[str, ...] = ()  # line numbers of what happens to it later
    edit: Callable[[Document], None] | None = None  # what no fact can express


def chance(seed: int, number: int) -> Random:
    """Return the chance of one order, the same for a seed whatever other orders there are."""
    return Random(f"{seed % 1000}/{number}")  # noqa: S311 - repeatable orders


def ordinary(random: Random, seed: int, number: int, ordered_at_ms: int) -> OrderFacts:
    """Return an order of one to three lines with nothing special about it."""
    city, state, postal_code, tax_rate = random.choice(PLACES)
    phone = MASKED_PHONE if random.random() < MASKED_SHARE else f"55501{number % 100_000:05d}"
    lines = tuple(
        line_of_any_item(random, line_number, Decimal(tax_rate))
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


def line_of_any_item(random: Random, line_number: int, tax_rate: Decimal) -> LineFacts:
    """Return a line of an item that is for sale and in stock."""
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


def with_lines(draft: Draft, lines: tuple[LineFacts, ...]) -> Draft:
    """Return the draft with other lines."""
    return replace(draft, facts=replace(draft.facts, lines=lines))


def with_buyer(draft: Draft, buyer: Buyer) -> Draft:
    """Return the draft for another buyer."""
    return replace(draft, facts=replace(draft.facts, buyer=buyer))
