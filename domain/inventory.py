"""What M3 has in stock of an item, and what a kit is made of."""

from dataclasses import dataclass
from decimal import Decimal

ONE, NONE = Decimal(1), Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What M3 could still allocate of an item in one warehouse."""

    item_number: str
    warehouse: str
    allocatable: Decimal  # AV01, in the item's basic unit; below 0 when more is allocated


@dataclass(frozen=True, kw_only=True)
class Component:
    """An item of a kit."""

    item_number: str
    quantity: Decimal  # EACH of the item in one kit


@dataclass(frozen=True, kw_only=True)
class ItemStock:
    """All that is known of an item where one ship node ships from."""

    item_number: str
    balances: tuple[Balance, ...]  # one for each warehouse of the ship node, also where it is 0
    item_group: str = ""  # ITGR
    # How many EACH one basic unit is. A third is no decimal number, and a little less than a third
    # sells one too few: what is sold by the three is a kit of three.
    unit_factor: Decimal = ONE
    held: Decimal = NONE  # EACH in Walmart orders that M3 does not know yet
    receipts: Decimal = NONE  # planned receipts to be counted, in the item's basic unit
