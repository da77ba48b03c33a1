"""Purchase orders that do not fit, one for each trouble, with ordinary orders in between.

Most troubles are in the order itself. In those that come later - somebody cancels, somebody in M3
deletes a line - the order only has what keeps the trouble from being a race: lines M3 has no
stock for, so that they are still open whenever it happens. Nothing in the order says what will.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from simulators.walmart.documents import DAY_MS, LineFacts
from simulators.walmart.drafts import (
    CANCELED,
    INVOICED,
    NEEDS_ATTENTION,
    PLACES,
    SELLABLE,
    UNKNOWN_PRICE,
    Draft,
    chance,
    ordinary,
    with_buyer,
    with_lines,
)
from simulators.walmart.lines import Document, order_lines
from simulators.world import (
    BLOCKED_ITEM,
    CLOSED_SHIP_NODE,
    DISPLAY_ITEM,
    ITEM_BY_NUMBER,
    SCARCE_ITEM,
    SOLD_OUT_ITEM,
    UNKNOWN_SHIP_NODE,
    UNKNOWN_SKUS,
    Item,
)

Vary = Callable[[Draft, Random], Draft]

EVERY_LINE = ("1", "2")
SECOND_LINE = ("2",)
EXPENSIVE = ITEM_BY_NUMBER["CHAIR-05"]
CHEAP = ITEM_BY_NUMBER["LAMP-01"]
FIVE_LINES = (
    "12345 North Example Boulevard Building Seven, Apartment 1204, Rear Entrance behind the Garden "
    "Centre, second Door on the left Side of the Yard, please ring twice at Example"
)


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One way in which an order does not fit."""

    name: str
    vary: Vary
    expected: str = NEEDS_ATTENTION
    concerns: tuple[str, ...] = ()  # line numbers of what happens later


def vary(draft: Draft, random: Random, *, index: int) -> Draft:
    """Return the order at a position of the mix: every second one is in trouble."""
    if index % 2 == 0:
        return draft
    trouble = TROUBLES[index // 2 % len(TROUBLES)]
    return replace(
        trouble.vary(draft, random),
        expected=trouble.expected,
        trouble=trouble.name,
        concerns=trouble.concerns,
    )


def _two_lines(*items: Item, quantity: int = 2) -> Vary:
    """Return an order of one line per item; what is missing to two lines is any item."""

    def vary(draft: Draft, random: Random) -> Draft:
        chosen = [*random.sample(SELLABLE, 2 - len(items)), *items]
        return with_lines(draft, tuple(_line(at, i, quantity) for at, i in enumerate(chosen, 1)))

    return vary


def _one_line(item: Item, quantity: int) -> Vary:
    return lambda draft, _: with_lines(draft, (_line(1, item, quantity),))


def _line(line_number: int, item: Item, quantity: int) -> LineFacts:
    return LineFacts(
        line_number=str(line_number),
        sku=item.sku,
        name=item.name,
        unit_price=item.price,
        quantity=quantity,
    )


def _ghosts(*skus: str) -> Vary:
    ghosts = [
        Item(item_number="", sku=sku, name="Unknown item", unit_price=str(UNKNOWN_PRICE))
        for sku in skus
    ]
    return _two_lines(*ghosts)


def _at_price(share: str) -> Vary:
    """Return an order whose first line sells at a share of M3's price."""

    def vary(draft: Draft, random: Random) -> Draft:
        first, second = _two_lines()(draft, random).facts.lines
        price = round(first.unit_price * Decimal(share), 2)
        return with_lines(draft, (replace(first, unit_price=price), second))

    return vary


def _edited(edit: Callable[[Document], None]) -> Vary:
    """Return an ordinary order whose document is changed afterwards."""

    def vary(draft: Draft, random: Random) -> Draft:
        return replace(_two_lines()(draft, random), edit=edit)

    return vary


def _other_total(document: Document) -> None:
    total = document["orderSummary"]["totalAmount"]
    total["currencyAmount"] = round(total["currencyAmount"] + 7, 2)


def _in_canadian_dollars(document: Document) -> None:
    document["orderSummary"]["totalAmount"]["currencyUnit"] = "CAD"
    for line in order_lines(document):
        for charge in line["charges"]["charge"]:
            charge["chargeAmount"]["currency"] = "CAD"


def _ship_by_yesterday(document: Document) -> None:
    document["shippingInfo"]["estimatedShipDate"] = document["orderDate"] - DAY_MS


def _without_city(draft: Draft, _: Random) -> Draft:
    return with_buyer(draft, replace(draft.facts.buyer, city=""))


def _zip_of_another_state(draft: Draft, random: Random) -> Draft:
    elsewhere = [place for place in PLACES if place[1] != draft.facts.buyer.state]
    postal_code = random.choice(elsewhere)[2]
    return with_buyer(draft, replace(draft.facts.buyer, postal_code=postal_code))


def _too_long_an_address(draft: Draft, _: Random) -> Draft:
    return with_buyer(draft, replace(draft.facts.buyer, address1=FIVE_LINES))


def _from_node(ship_node: str) -> Vary:
    return lambda draft, _: replace(draft, facts=replace(draft.facts, ship_node=ship_node))


def _by_method(method_code: str) -> Vary:
    return lambda draft, _: replace(draft, facts=replace(draft.facts, method_code=method_code))


def _like_the_order_before(draft: Draft, _: Random) -> Draft:
    """Return another customer order of the same buyer, for the same goods."""
    facts = draft.facts
    seed, number = int(facts.purchase_order_id[1:4]), int(facts.purchase_order_id[4:]) - 1
    before = ordinary(chance(seed, number), seed, number, facts.ordered_at_ms)
    numbers = (facts.purchase_order_id, facts.customer_order_id)
    again = replace(before, purchase_order_id=numbers[0], customer_order_id=numbers[1])
    return replace(draft, facts=again)


_sold_out = ITEM_BY_NUMBER[SOLD_OUT_ITEM]
_all_open = _two_lines(_sold_out, _sold_out)  # M3 can ship nothing of it
_second_open = _two_lines(_sold_out)  # the second line stays open
_all_ship = _two_lines()

TROUBLES = (
    Trouble(name="ghost_sku", vary=_ghosts(UNKNOWN_SKUS[0])),
    Trouble(name="two_ghost_skus", vary=_ghosts(*UNKNOWN_SKUS)),
    Trouble(name="inactive_item", vary=_two_lines(ITEM_BY_NUMBER[BLOCKED_ITEM])),
    Trouble(name="item_not_saleable", vary=_two_lines(ITEM_BY_NUMBER[DISPLAY_ITEM])),
    Trouble(name="price_below_m3", vary=_at_price("0.5")),
    Trouble(name="price_above_m3", vary=_at_price("1.5")),
    Trouble(name="value_above_limit", vary=_one_line(EXPENSIVE, 60)),
    Trouble(name="quantity_above_limit", vary=_one_line(CHEAP, 150)),
    Trouble(name="total_differs", vary=_edited(_other_total)),
    Trouble(name="currency_cad", vary=_edited(_in_canadian_dollars)),
    Trouble(name="ship_by_past", vary=_edited(_ship_by_yesterday)),
    Trouble(name="address_without_city", vary=_without_city),
    Trouble(name="zip_of_another_state", vary=_zip_of_another_state),
    Trouble(name="address_too_long", vary=_too_long_an_address),
    Trouble(name="duplicate_order", vary=_like_the_order_before),
    Trouble(name="unmapped_ship_node", vary=_from_node(UNKNOWN_SHIP_NODE)),
    Trouble(name="closed_ship_node", vary=_from_node(CLOSED_SHIP_NODE)),
    Trouble(name="unmapped_delivery_method", vary=_by_method("SameDay")),
    Trouble(name="short_stock", vary=_one_line(ITEM_BY_NUMBER[SCARCE_ITEM], 3), expected=INVOICED),
    Trouble(name="buyer_cancels_order", vary=_all_open, expected=CANCELED, concerns=EVERY_LINE),
    Trouble(name="buyer_cancels_line", vary=_second_open, expected=INVOICED, concerns=SECOND_LINE),
    Trouble(
        name="buyer_cancels_after_entry", vary=_all_open, expected=CANCELED, concerns=EVERY_LINE
    ),
    Trouble(
        name="buyer_cancels_after_partial_shipment",
        vary=_second_open,
        expected=INVOICED,
        concerns=SECOND_LINE,
    ),
    Trouble(
        name="walmart_auto_cancels", vary=_second_open, expected=INVOICED, concerns=SECOND_LINE
    ),
    Trouble(name="fraud_before_shipment", vary=_all_open, expected=CANCELED, concerns=EVERY_LINE),
    Trouble(name="fraud_after_shipment", vary=_all_ship, concerns=EVERY_LINE),
    Trouble(name="m3_deletes_line", vary=_second_open, concerns=SECOND_LINE),
    Trouble(name="m3_closes_line", vary=_second_open, concerns=SECOND_LINE),
)
