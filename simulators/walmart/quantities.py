"""Reading quantities: what the published schema refuses, and what only Walmart's rules refuse."""

import re

from simulators.walmart.bodies import member, one_of
from simulators.walmart.errors import INVALID_CONTENT, Refused
from simulators.walmart.lines import Document
from simulators.walmart.stock import LARGEST_AMOUNT

UNIT = "EACH"
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


def number_of_units(holder: Document, name: str) -> int | float:
    """Return the amount of a quantity as the schema has it: a number of EACH.

    Raises:
        Refused: no quantity, another unit, or an amount that is no number.
    """
    quantity = member(holder, name)
    one_of(quantity, "unit", (UNIT,))
    amount = quantity.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise Refused("amount is required and must be a number", field="amount")
    return amount


def whole_units(amount: int | float) -> int:
    """Return an amount that can be stock.

    Raises:
        Refused: a fraction, less than nothing, or more than anybody has.
    """
    if isinstance(amount, float) and not amount.is_integer():
        raise Refused(f"Invalid quantity: {amount} is not a whole number", field="amount")
    if not 0 <= amount <= LARGEST_AMOUNT:
        raise Refused(
            f"Invalid quantity: {amount} must lie between 0 and {LARGEST_AMOUNT}", field="amount"
        )
    return int(amount)


def available_date(holder: Document) -> str | None:
    """Return when the stock is there, as text, or None where it is there already.

    Raises:
        Refused: something other than YYYY-MM-DD.
    """
    date = holder.get("inventoryAvailableDate")
    if date is not None and (not isinstance(date, str) or not _DATE.fullmatch(date)):
        raise Refused(
            "inventoryAvailableDate must be YYYY-MM-DD",
            code=INVALID_CONTENT,
            field="inventoryAvailableDate",
        )
    return date
