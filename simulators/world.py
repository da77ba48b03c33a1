"""The small world both simulators stand in: one company, forty-two items, three ship nodes.

The simulators keep this copy for themselves. The service under test reads its own tables, so a
mistake in either shows up as a disagreement instead of being repeated on both sides.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

TENANT = "ACME_TST"
COMPANY = "100"  # CONO
DIVISION = "AAA"  # DIVI
FACILITY = "A01"  # FACI
WAREHOUSES = ("001", "002")  # WHLO
CURRENCY = "USD"
ACCOUNTING_ENTITY = f"{COMPANY}_{DIVISION}"

CUSTOMER_NUMBER = "WALMART"  # CUNO: the customer that stands for the marketplace
TEMPLATE_CUSTOMER = "TMPLWM"
ORDER_TYPE = "WM1"  # ORTP
FREIGHT_CHARGE = "FRGHT"  # CRID, which M3 keeps to six characters
TAX_CHARGE = "TAX"  # CRID
DELIVERY_METHODS = ("UPS", "FDX", "USP", "LTL")  # MODL
TIME_ZONE = "America/Chicago"
PARTNER_ID = "10000000001"  # the seller at Walmart


@dataclass(frozen=True, kw_only=True)
class Item:
    """One article: what M3 calls it, what Walmart calls it, and its price."""

    item_number: str  # ITNO
    sku: str  # equals the item number, or is an alias (MMS025MI POPN, ALWT 2, ALWQ "")
    name: str
    unit_price: str  # decimal text in CURRENCY, for one sales unit

    @property
    def price(self) -> Decimal:
        """Return the unit price as a number."""
        return Decimal(self.unit_price)


@dataclass(frozen=True, kw_only=True)
class ShipNode:
    """A place Walmart orders from, and the M3 warehouse behind it."""

    ship_node: str
    name: str
    facility: str
    warehouse: str


@dataclass(frozen=True, kw_only=True)
class _Family:
    """Ten items that differ in number and price."""

    code: str
    name: str
    sku_prefix: str
    first_price: str
    step: str

    def items(self) -> tuple[Item, ...]:
        return tuple(
            Item(
                item_number=f"{self.code}-{number:02d}",
                sku=f"{self.sku_prefix}{self.code}-{number:02d}",
                name=f"{self.name} No. {number}",
                unit_price=str(Decimal(self.first_price) + (number - 1) * Decimal(self.step)),
            )
            for number in range(1, 11)
        )


_FAMILIES = (
    _Family(
        code="KETTLE",
        name="Electric kettle",
        sku_prefix="WM-",
        first_price="24.99",
        step="1.50",
    ),
    _Family(code="TOASTER", name="Toaster", sku_prefix="", first_price="31.95", step="2.35"),
    _Family(code="LAMP", name="Desk lamp", sku_prefix="WM-", first_price="14.49", step="0.87"),
    _Family(code="CHAIR", name="Office chair", sku_prefix="", first_price="89.00", step="7.25"),
)

DISPLAY_ITEM = "CHAIR-00"  # active in M3, but not for sale
SOLD_OUT_ITEM = "KETTLE-00"  # no piece in any warehouse
_SPECIAL = (
    Item(
        item_number=DISPLAY_ITEM,
        sku="CHAIR-00",
        name="Office chair for display",
        unit_price="79.00",
    ),
    Item(
        item_number=SOLD_OUT_ITEM,
        sku="WM-KETTLE-00",
        name="Electric kettle of last year",
        unit_price="19.99",
    ),
)

ITEMS: tuple[Item, ...] = (
    *(item for family in _FAMILIES for item in family.items()),
    *_SPECIAL,
)
ITEM_BY_NUMBER: dict[str, Item] = {item.item_number: item for item in ITEMS}
ITEM_BY_SKU: dict[str, Item] = {item.sku: item for item in ITEMS}

BLOCKED_ITEM = "CHAIR-10"  # STAT 90 in M3
SCARCE_ITEM = "LAMP-10"  # one piece in each warehouse
UNKNOWN_SKU = "WM-GHOST-01"  # sold at Walmart, unknown to M3
UNKNOWN_SKUS = (UNKNOWN_SKU, "WM-GHOST-02")
STOCK_PER_WAREHOUSE = 10_000
SCARCE_STOCK_PER_WAREHOUSE = 1

SHIP_NODES: dict[str, ShipNode] = {
    node.ship_node: node
    for node in (
        ShipNode(ship_node="10001", name="Main", facility=FACILITY, warehouse="001"),
        ShipNode(ship_node="10002", name="West", facility=FACILITY, warehouse="002"),
    )
}
CLOSED_SHIP_NODE = "10003"  # exists at Walmart; no M3 warehouse ships for it
UNKNOWN_SHIP_NODE = "10009"  # opened at Walmart; nobody has said which warehouse it is


def stock_of(item_number: str) -> int:
    """Return the pieces each warehouse starts with."""
    few = {SCARCE_ITEM: SCARCE_STOCK_PER_WAREHOUSE, SOLD_OUT_ITEM: 0}
    return few.get(item_number, STOCK_PER_WAREHOUSE)


# A planned item costs no memory: number and SKU follow from a count, on both sides alike.
MOST_PLANNED = 9_999_999
ODD_EVERY = 1000  # one SKU in so many has a character that must be encoded in a path, or a case
_ODD_SKUS = ("WM/I{n:07d}", "WM%I{n:07d}", "wm-i{n:07d}", "WM I{n:07d}")
_PLANNED_NUMBER = re.compile(r"[0-9]{7}")


def planned_numbers(count: int) -> range:
    """Return the numbers of `count` planned items: 1 and on."""
    return range(1, count + 1)


def planned_item_number(n: int) -> str:
    """Return what M3 calls the planned item `n` (ITNO)."""
    return f"I{n:07d}"


def planned_sku(n: int) -> str:
    """Return what Walmart calls the planned item `n`.

    Every 1000th contains in turn a slash, a per cent sign, lower-case letters or a space:
    `WM/I0001000`, `WM%I0002000`, `wm-i0003000`, `WM I0004000`.
    """
    if n % ODD_EVERY:
        return f"WM-I{n:07d}"
    return _ODD_SKUS[(n // ODD_EVERY - 1) % len(_ODD_SKUS)].format(n=n)


def planned_number(sku: str) -> int | None:
    """Return which planned item a SKU belongs to, letter by letter, or None."""
    found = _PLANNED_NUMBER.search(sku)
    if found is None or planned_sku(int(found[0])) != sku:
        return None
    return int(found[0])
