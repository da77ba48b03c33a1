"""The customers, items, aliases and stock the tenant starts with."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from simulators import world
from simulators.m3.records import ACTIVE_STATUS, BASIC_UNIT, Alias, Customer, Item

WAREHOUSES = world.WAREHOUSES
FACILITY = world.FACILITY
ORDER_TYPE = world.ORDER_TYPE
CURRENCY = world.CURRENCY
BLOCKED_STATUS = "90"
ALIAS_CATEGORY = 2  # ALWT
ALIAS_QUALIFIER = ""  # ALWQ
UNIT = BASIC_UNIT
TIME_ZONE_CODE = "CST"  # TIZO of world.TIME_ZONE

CHARGE_CODES = {world.FREIGHT_CHARGE: "Freight", world.TAX_CHARGE: "Tax collected by Walmart"}

# Currency -> what one unit is worth in CURRENCY, by the day from which that holds (CRS055).
RATE_TYPE = 1
RATES = {
    "CAD": {"20250101": Decimal("0.6950"), "20260701": Decimal("0.7300")},
    "MXN": {"20250101": Decimal("0.0485"), "20260701": Decimal("0.0540")},
}

DEFAULT_METHOD = "UPS"
# MODL -> forwarding agent (FWNO) and how its tracking numbers start; 10 digits follow.
METHODS = {
    "UPS": ("UPS", "1Z999AA1"),
    "FDX": ("FEDEX", "77"),
    "USP": ("USPS", "940010000000"),
    "LTL": ("OLDDOM", "OD"),
}


def customers(created_at: datetime) -> Iterator[Customer]:
    """Yield the marketplace customer and the template for buyers."""
    yield Customer(
        number=world.CUSTOMER_NUMBER,
        entered={
            "CUNM": "Walmart Marketplace",
            "CUA1": "702 SW 8th Street",
            "TOWN": "Bentonville",
            "ECAR": "AR",
            "PONO": "72716",
            "CSCD": "US",
            "ALCU": "WALMART",
            "CUCD": CURRENCY,
        },
        status=ACTIVE_STATUS,
        created_at=created_at,
    )
    yield Customer(
        number=world.TEMPLATE_CUSTOMER,
        entered={"CUNM": "Template Walmart buyer", "CUCD": CURRENCY, "CUTP": "0"},
        status=ACTIVE_STATUS,
        created_at=created_at,
        template=True,
    )


def items(created_at: datetime) -> Iterator[tuple[Item, Decimal]]:
    """Yield every item with its stock per warehouse."""
    for item in world.ITEMS:
        blocked = item.item_number == world.BLOCKED_ITEM
        yield (
            Item(
                number=item.item_number,
                name=item.name,
                price=item.price,
                status=BLOCKED_STATUS if blocked else ACTIVE_STATUS,
                saleable=item.item_number != world.DISPLAY_ITEM,
                created_at=created_at,
            ),
            Decimal(world.stock_of(item.item_number)),
        )


def aliases() -> list[Alias]:
    """Return the Walmart SKUs that differ from the item number."""
    return [
        Alias(
            category=ALIAS_CATEGORY,
            qualifier=ALIAS_QUALIFIER,
            name=item.sku,
            item_number=item.item_number,
            entered={},
        )
        for item in world.ITEMS
        if item.sku != item.item_number
    ]
