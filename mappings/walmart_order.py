"""Read a Walmart purchase order as it really arrives, and say what it comes to.

Tolerated, because it happens: nulls for absent fields, numbers as text and text as numbers, one
object where a list belongs, fields nobody has documented, moments as epoch milliseconds or ISO
text. Refused with InvalidOrder: what cannot become an M3 order.

Errors name fields, never values: a purchase order holds the buyer's name and address.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

from pydantic import (
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from domain.errors import InvalidOrder
from mappings.converters import EPOCH, ConversionError, moment


class ProductAmount(StrEnum):
    """What the amount of a PRODUCT charge is the price of."""

    UNIT = "unit"
    LINE = "line"


# Walmart's schema does not say, and its examples all have quantity 1. A line was one unit until
# the multi-quantity model of 2024 joined equal lines, so the amount is taken for one unit.
# SHIPPING charges and taxes are taken once for the line. This is the only place that decides it.
PRODUCT_AMOUNT_IS_FOR_ONE = ProductAmount.UNIT

M3_PRICE_DECIMALS = Decimal("0.0001")

# States of units that have left; Delivered and Refund come after Shipped.
SHIPPED_STATUSES = frozenset({"Shipped", "Delivered", "Refund"})

# The US marketplace sells in dollars; used for an order without any charge.
MARKETPLACE_CURRENCY = "USD"

FULFILLED_BY_OTHERS: Mapping[str, str] = {
    "WFSFulfilled": "fulfilled by Walmart (WFSFulfilled)",
    "3PLFulfilled": "fulfilled by a third party (3PLFulfilled)",
}

ZERO = Decimal(0)


def _as_list(value: Any) -> Any:
    """XML heritage: a list of one may arrive as the object itself, an empty one as nothing."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class _Model(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        coerce_numbers_to_str=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )


Moment = Annotated[datetime, BeforeValidator(moment)]


class Amount(_Model):
    """An amount of money."""

    currency: str
    amount: Decimal


class Tax(_Model):
    """The tax beside a charge."""

    tax_amount: Amount


class Charge(_Model):
    """One charge of a line: PRODUCT (ItemPrice, discounts are negative) or SHIPPING."""

    charge_type: str
    charge_amount: Amount
    tax: Tax | None = None
    tax_and_other_fees: Tax | None = None  # the same tax again; counted only when `tax` is absent

    @property
    def tax_amount(self) -> Decimal:
        """Return the tax on this charge."""
        tax = self.tax or self.tax_and_other_fees
        return tax.tax_amount.amount if tax else ZERO


def _as_truth(value: Any) -> Any:
    """`intentToCancel` is the text "true" in the schema; a real truth value does no harm."""
    return str(value).strip().lower() == "true"


class LineStatus(_Model):
    """How many units of a line are in which state."""

    status: str
    quantity: str = Field(default="", validation_alias=AliasPath("statusQuantity", "amount"))
    tracking_number: str = Field(
        default="", validation_alias=AliasPath("trackingInfo", "trackingNumber")
    )


class Line(_Model):
    """One line. `ordered` is what was bought, `quantity` what is still wanted."""

    line_number: str = Field(min_length=1)
    sku: str = Field(min_length=1, validation_alias=AliasPath("item", "sku"))
    ordered_text: str = Field(default="", validation_alias=AliasPath("orderLineQuantity", "amount"))
    charges: Annotated[tuple[Charge, ...], BeforeValidator(_as_list)] = Field(
        default=(), validation_alias=AliasPath("charges", "charge")
    )
    statuses: Annotated[tuple[LineStatus, ...], BeforeValidator(_as_list)] = Field(
        default=(), validation_alias=AliasPath("orderLineStatuses", "orderLineStatus")
    )
    intent_to_cancel: Annotated[bool, BeforeValidator(_as_truth)] = False

    @cached_property
    def ordered(self) -> int:
        """Return the units the buyer ordered."""
        return int(Decimal(self.ordered_text))

    @cached_property
    def canceled(self) -> int:
        """Return the units that are canceled."""
        return self._units("Cancelled")

    @property
    def quantity(self) -> int:
        """Return the units that are still wanted, shipped ones included."""
        return max(self.ordered - self.canceled, 0)

    @property
    def created(self) -> int:
        """Return the units nobody has acknowledged yet."""
        return self._units("Created")

    @property
    def shipped(self) -> int:
        """Return the units that have left."""
        return self._units(*SHIPPED_STATUSES)

    @property
    def unit_price(self) -> Decimal:
        """Return the price of one unit, before discounts."""
        return self._per_unit(amount for amount in self._amounts("PRODUCT") if amount >= 0)

    @property
    def unit_discount(self) -> Decimal:
        """Return the discount on one unit, 0 or more."""
        return -self._per_unit(amount for amount in self._amounts("PRODUCT") if amount < 0)

    @property
    def shipping(self) -> Decimal:
        """Return what the buyer paid for shipping this line."""
        return sum(self._amounts("SHIPPING"), ZERO)

    @property
    def tax(self) -> Decimal:
        """Return the tax of all charges of this line."""
        return sum((charge.tax_amount for charge in self.charges), ZERO)

    @property
    def total(self) -> Decimal:
        """Return what the units still wanted cost, tax included."""
        product = (self.unit_price - self.unit_discount) * self.quantity
        return product + self.shipping + self.tax

    def _units(self, *wanted: str) -> int:
        """Add up the units in some states; a status without quantity is the whole line's."""
        return sum(
            units(status.quantity) or self.ordered
            for status in self.statuses
            if status.status in wanted
        )

    def _amounts(self, charge_type: str) -> Iterator[Decimal]:
        for charge in self.charges:
            if charge.charge_type == charge_type:
                yield charge.charge_amount.amount

    def _per_unit(self, amounts: Iterator[Decimal]) -> Decimal:
        total = sum(amounts, ZERO)
        if PRODUCT_AMOUNT_IS_FOR_ONE is ProductAmount.UNIT:
            return total
        return (total / self.ordered).quantize(M3_PRICE_DECIMALS)


class _Head(_Model):
    purchase_order_id: str = Field(min_length=1)
    customer_order_id: str = Field(min_length=1)
    order_date: Moment
    ship_by: Moment = Field(validation_alias=AliasPath("shippingInfo", "estimatedShipDate"))
    ship_node: str = Field(default="", validation_alias=AliasPath("shipNode", "id"))
    ship_node_type: str = Field(default="", validation_alias=AliasPath("shipNode", "type"))
    # Only checked here; the mappings read them from the document.
    postal_address: dict[str, str] = Field(
        default={}, validation_alias=AliasPath("shippingInfo", "postalAddress")
    )
    phone: str = Field(default="", validation_alias=AliasPath("shippingInfo", "phone"))
    total: Decimal | None = Field(
        default=None,
        validation_alias=AliasPath("orderSummary", "totalAmount", "currencyAmount"),
    )
    lines: Annotated[tuple[Line, ...], BeforeValidator(_as_list)] = Field(
        default=(), validation_alias=AliasPath("orderLines", "orderLine")
    )


@dataclass(frozen=True, kw_only=True)
class WalmartOrder:
    """A purchase order. `document` is the order itself, without nulls and with numbers as text."""

    head: _Head
    document: Mapping[str, Any]
    currency: str

    @property
    def purchase_order_id(self) -> str:
        """Return the key of the order at Walmart."""
        return self.head.purchase_order_id

    @property
    def open_lines(self) -> tuple[Line, ...]:
        """Return the lines that are not wholly canceled."""
        return tuple(line for line in self.head.lines if line.quantity > 0)

    @property
    def skus(self) -> tuple[str, ...]:
        """Return the SKUs that are still wanted."""
        return tuple(line.sku for line in self.open_lines)

    @property
    def accepted(self) -> bool:
        """Tell whether every unit still wanted is acknowledged, or further."""
        return all(line.statuses and line.created == 0 for line in self.open_lines)

    @property
    def fully_shipped(self) -> bool:
        """Tell whether every unit still wanted has left."""
        lines = self.open_lines
        return bool(lines) and all(line.shipped >= line.quantity for line in lines)

    @property
    def intent_to_cancel(self) -> bool:
        """Tell whether the buyer has asked to cancel any line."""
        return any(line.intent_to_cancel for line in self.head.lines)

    @cached_property
    def line_documents(self) -> Mapping[str, Mapping[str, Any]]:
        """Return each line as it is in `document`, by line number."""
        lines = _as_list(self.document["orderLines"]["orderLine"])
        return {str(line["lineNumber"]): line for line in lines}

    @property
    def total_amount(self) -> Decimal:
        """Return what Walmart says the order comes to, or the sum of its charges."""
        if self.head.total is not None:
            return self.head.total
        return sum((line.total for line in self.open_lines), ZERO)

    @property
    def skip_reason(self) -> str:
        """Return why the seller has nothing to ship; empty when they have."""
        if reason := FULFILLED_BY_OTHERS.get(self.head.ship_node_type):
            return reason
        return "" if self.open_lines else "cancelled"


def parse_order(document: Mapping[str, Any]) -> WalmartOrder:
    """Read one purchase order, bare or under the key `order` as GET /v3/orders/{id} answers it.

    Args:
        document: parsed JSON. Parse it with parse_float=Decimal so that amounts stay exact.

    Raises:
        InvalidOrder: cause ORDER_UNREADABLE, ORDER_WITHOUT_LINES, LINE_WITHOUT_QUANTITY or
            MIXED_CURRENCIES.
    """
    order = document.get("order", document)
    order = order if isinstance(order, Mapping) else {}
    purchase_order_id = str(order.get("purchaseOrderId") or "(without id)")
    clean = _clean(order)
    try:
        head = _Head.model_validate(clean)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in problem["loc"])
        reason = f"{field}: {problem['msg']}"
        raise _invalid(purchase_order_id, "ORDER_UNREADABLE", reason) from None
    _check_lines(head)
    return WalmartOrder(head=head, document=clean, currency=_currency(head))


def ordered_at(document: Mapping[str, Any]) -> datetime:
    """Return when an order of a list was placed, without reading the rest of it.

    An unreadable date counts as long ago: the order is started then, and shown to a person by
    `parse_order`, instead of being passed over or stopping the whole list.
    """
    try:
        return moment(document["orderDate"])
    except (KeyError, ConversionError):
        return EPOCH


def units(amount: str) -> int:
    """Return a quantity Walmart wrote as text; 0 when it is empty or no whole number."""
    try:
        number = Decimal(amount.strip() or 0)
    except ArithmeticError:
        return 0
    whole = number.is_finite() and number == number.to_integral_value()
    return int(number) if whole else 0


def _clean(value: Any) -> Any:
    """Drop nulls, so that absent is absent, and write numbers with decimals as text."""
    if isinstance(value, Mapping):
        return {str(key): _clean(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_clean(part) for part in value if part is not None]
    if isinstance(value, float):
        return str(value)
    return f"{value:f}" if isinstance(value, Decimal) else value


def _check_lines(head: _Head) -> None:
    if not head.lines:
        raise _invalid(head.purchase_order_id, "ORDER_WITHOUT_LINES", "it has no lines")
    for line in head.lines:
        if units(line.ordered_text) < 1:
            reason = f"line {line.line_number} has no whole quantity above zero"
            raise _invalid(head.purchase_order_id, "LINE_WITHOUT_QUANTITY", reason)
    [(number, times), *_] = Counter(line.line_number for line in head.lines).most_common(1)
    if times > 1:
        reason = f"line number {number} occurs {times} times"
        raise _invalid(head.purchase_order_id, "ORDER_UNREADABLE", reason)


def _currency(head: _Head) -> str:
    charges = [charge for line in head.lines for charge in line.charges]
    taxes = [tax for charge in charges for tax in (charge.tax, charge.tax_and_other_fees) if tax]
    found = {charge.charge_amount.currency for charge in charges}
    found |= {tax.tax_amount.currency for tax in taxes}
    if len(found) > 1:
        reason = f"it has charges in {' and '.join(sorted(found))}"
        raise _invalid(head.purchase_order_id, "MIXED_CURRENCIES", reason)
    return found.pop() if found else MARKETPLACE_CURRENCY


def _invalid(purchase_order_id: str, cause: str, reason: str) -> InvalidOrder:
    return InvalidOrder(
        purchase_order_id,
        cause=cause,
        reason=reason,
        mend="compare it with Seller Center; send `retry` when Walmart has corrected it, "
        "or enter the order by hand and cancel this workflow",
    )
