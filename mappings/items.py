"""What M3 says of an item: may it be sold, and at what price."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation


@dataclass(frozen=True, kw_only=True)
class ItemState:
    """What MMS200MI/Get says of an item."""

    status: str  # STAT; 20 is active
    saleable: bool  # SALE, "Sales item" of MMS001


def to_item_state(record: Mapping[str, str]) -> ItemState:
    """Return the state of an item. A release that does not say `SALE` leaves it to the status."""
    return ItemState(
        status=record.get("STAT", "").strip(), saleable=record.get("SALE", "").strip() != "0"
    )


def to_unit_price(record: Mapping[str, str]) -> Decimal | None:
    """Return the price of one sales unit, before discounts; None when M3 has no usable one.

    Args:
        record: of OIS320MI/GetPriceLine. SAPR is the price of SACD units (blank or 0: one).
    """
    unit, priced_in = record.get("ALUN", "").strip(), record.get("SPUN", "").strip()
    if unit and priced_in and unit != priced_in:
        return None  # a price per box says nothing of one piece
    try:
        price = Decimal(record.get("SAPR", "").strip() or 0)
        units = Decimal(record.get("SACD", "").strip() or 0) or Decimal(1)
    except InvalidOperation:
        return None
    return price / units if price > 0 else None
