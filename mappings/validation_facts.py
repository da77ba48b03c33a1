"""What the rules of an order are about: the order beside what M3 and the ledger say of it.

Amounts are Decimal; rules see them as numbers of four decimals, sentences as text. README.md
lists every fact, and the samples below are what a rule is tried on when it is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from domain.orders import CustomerStrategy
from domain.pairs import Pair
from mappings.address_checks import missing_parts, street_readable, zip_place
from mappings.converters import email, phone, text
from mappings.exchange import Exchange
from mappings.items import ItemState
from mappings.sources import shipping_address
from mappings.walmart_order import Line, WalmartOrder

Fact = str | int | bool | Decimal | tuple[str, ...]
Facts = Mapping[str, Fact]

ZERO, CENT = Decimal(0), Decimal("0.01")
RATE_DECIMALS = Decimal("0.00000001")

ORDER_SAMPLE: Facts = {
    "ship_node": "10001",
    "delivery_method": "Value",
    "order_type": "REGULAR",
    "country": "USA",
    "state": "NY",
    "city": "Warners",
    "postal_code": "13164",
    "currency": "CAD",
    "pair_currency": "USD",
    "converted": False,
    "rate": "0.7312",
    "rate_date": "20261124",
    "order_value": Decimal("51.48"),
    "has_total": True,
    "total": Decimal("51.48"),
    "lines_total": Decimal("51.48"),
    "total_difference": ZERO,
    "tax": Decimal("1.50"),
    "ship_by": "2026-11-26 06:00",
    "hours_to_ship_by": Decimal("48.0"),
    "lines": 1,
    "units": 2,
    "skus": ("WM-KETTLE-01",),
    "similar_orders": ("1796277083022",),
    "missing_address_parts": ("city",),
    "street_readable": True,
    "zip_fits_state": True,
    "zip_place": "in NY",
    "phone_replaced": False,
    "email_replaced": False,
}
SKU_SAMPLE: Facts = {
    "sku": "WM-KETTLE-01",
    "asked_for": "WM-KETTLE-01",
    "item_number": "KETTLE-01",
    "item_status": "20",
    "saleable": True,
    "price_asked": True,
    "has_m3_price": True,
    "m3_price": Decimal("24.99"),
}
LINE_SAMPLE: Facts = {
    "line_number": "1",
    "quantity": 2,
    "ordered": 2,
    "unit_price": Decimal("24.99"),
    "unit_discount": ZERO,
    "line_value": Decimal("51.48"),
    "price_below_percent": ZERO,
    "price_above_percent": ZERO,
    "cancel_requested": False,
}

# What a rule may test but no sentence may repeat.
PRIVATE = frozenset({"city", "postal_code"})

# Facts that cost a question; they are asked for only while a rule reads one.
OF_PRICES = frozenset(
    {"price_asked", "has_m3_price", "m3_price", "price_below_percent", "price_above_percent"}
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What M3 and the ledger say of an order."""

    item_numbers: Mapping[str, str]  # of each SKU that has one, whether or not M3 has the item
    items: Mapping[str, ItemState]  # by item number; those M3 has
    prices: Mapping[str, Decimal] | None  # by item number; None: not asked for
    similar_orders: tuple[str, ...] = ()
    exchange: Exchange | None = None

    @property
    def known(self) -> dict[str, str]:
        """Return the item number of each SKU that M3 has an item for."""
        return {sku: item for sku, item in self.item_numbers.items() if item in self.items}


@dataclass(frozen=True, kw_only=True)
class OrderUnderTest:
    """The facts of an order; those of a line hold the order's and its SKU's as well."""

    order: Facts
    lines: tuple[Facts, ...]


def gather(order: WalmartOrder, *, pair: Pair, seen: Seen, now: datetime) -> OrderUnderTest:
    """Return everything the rules can read about an order.

    Args:
        order: the purchase order; canceled units are left out.
        pair: its settings.
        seen: what M3 and the ledger say of it.
        now: when it is tested.
    """
    facts = {
        **_head(order, pair, now),
        **_amounts(order, pair, seen.exchange),
        **_address(order, pair),
        "similar_orders": seen.similar_orders,
    }
    lines = tuple(
        {**facts, **_sku(line.sku, seen), **_line(line, seen)} for line in order.open_lines
    )
    return OrderUnderTest(order=facts, lines=lines)


def _head(order: WalmartOrder, pair: Pair, now: datetime) -> Facts:
    head, document = order.head, order.document
    ship_by = head.ship_by.astimezone(ZoneInfo(pair.time_zone))
    left = Decimal((head.ship_by - now).total_seconds()) / 3600
    return {
        "ship_node": head.ship_node,
        "delivery_method": str(document.get("shippingInfo", {}).get("methodCode") or ""),
        "order_type": str(document.get("orderType") or ""),
        "ship_by": f"{ship_by:%Y-%m-%d %H:%M}",
        "hours_to_ship_by": left,
        "lines": len(order.open_lines),
        "units": sum(line.quantity for line in order.open_lines),
        "skus": tuple(dict.fromkeys(order.skus)),
    }


def _amounts(order: WalmartOrder, pair: Pair, exchange: Exchange | None) -> Facts:
    wanted = sum((line.total for line in order.open_lines), ZERO)
    total = order.head.total
    lines_total, difference = _nearest(order, wanted, total)
    return {
        "currency": order.currency,
        "pair_currency": pair.currency,
        "converted": exchange is not None,
        "rate": f"{exchange.rate.quantize(RATE_DECIMALS).normalize():f}" if exchange else "",
        "rate_date": exchange.date if exchange else "",
        "order_value": exchange.convert(wanted) if exchange else wanted,
        "has_total": total is not None,
        "total": total if total is not None else ZERO,
        "lines_total": lines_total,
        "total_difference": difference,
        "tax": sum((line.tax for line in order.open_lines), ZERO),
    }


def _nearest(
    order: WalmartOrder, wanted: Decimal, total: Decimal | None
) -> tuple[Decimal, Decimal]:
    """Return what the lines come to, and how far that is from Walmart's total.

    Walmart does not say whether the total follows cancellations, nor whether it has the tax that
    Walmart collects in it; the reading that comes nearest is taken.
    """
    ordered = sum((_as_ordered(line) for line in order.head.lines), ZERO)
    if total is None:
        return ordered, ZERO
    open_tax = sum((line.tax for line in order.open_lines), ZERO)
    all_tax = sum((line.tax for line in order.head.lines), ZERO)
    readings = (ordered, wanted, ordered - all_tax, wanted - open_tax)
    nearest = min(readings, key=lambda reading: abs(reading - total))
    return nearest, abs(nearest - total)


def _as_ordered(line: Line) -> Decimal:
    return (line.unit_price - line.unit_discount) * line.ordered + line.shipping + line.tax


def _address(order: WalmartOrder, pair: Pair) -> Facts:
    address, shipping = shipping_address(order), order.document.get("shippingInfo", {})
    place = zip_place(address)
    state = text(str(address.get("state") or "")).upper()
    buyers = pair.customer_strategy is CustomerStrategy.PER_BUYER
    mail = email(str(order.document.get("customerEmailId") or ""))
    return {
        "country": text(str(address.get("country") or "")),
        # Anything longer is free text, which may be about a person.
        "state": state if len(state) == 2 else "",
        "city": text(str(address.get("city") or "")),
        "postal_code": text(str(address.get("postalCode") or "")),
        "missing_address_parts": missing_parts(address),
        "street_readable": street_readable(address),
        "zip_fits_state": not place,
        "zip_place": place,
        "phone_replaced": bool(pair.default_phone and not phone(str(shipping.get("phone") or ""))),
        # Only as a customer of their own has the buyer an e-mail address in M3.
        "email_replaced": bool(buyers and pair.default_email and not mail),
    }


def _sku(sku: str, seen: Seen) -> Facts:
    item = seen.item_numbers.get(sku, "")
    state = seen.items.get(item)
    price = (seen.prices or {}).get(item)
    return {
        "sku": sku,
        "asked_for": sku if item in ("", sku) else f"{sku} ({item})",
        "item_number": item if state else "",
        "item_status": state.status if state else "",
        "saleable": state is None or state.saleable,
        "price_asked": state is not None and seen.prices is not None,
        "has_m3_price": price is not None,
        "m3_price": price or ZERO,
    }


def _line(line: Line, seen: Seen) -> Facts:
    exchange = seen.exchange
    price, discount, total = line.unit_price, line.unit_discount, line.total
    if exchange:
        price, discount, total = (exchange.convert(each) for each in (price, discount, total))
    m3_price = (seen.prices or {}).get(seen.item_numbers.get(line.sku, ""))
    above = _percent(price - m3_price, m3_price) if m3_price else ZERO
    return {
        "line_number": line.line_number,
        "quantity": line.quantity,
        "ordered": line.ordered,
        "unit_price": price,
        "unit_discount": discount,
        "line_value": total,
        "price_below_percent": max(-above, ZERO),
        "price_above_percent": max(above, ZERO),
        "cancel_requested": line.intent_to_cancel,
    }


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole * 100).quantize(CENT)
