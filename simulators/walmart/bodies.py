"""Reading request bodies member by member, refusing what the published schemas refuse."""

import json

from starlette.requests import Request

from simulators.walmart.errors import INVALID_CONTENT, Refused
from simulators.walmart.lines import Document

UNITS = ("EACH", "EA")
MALFORMED = "MALFORMED_REQUEST_CONTENT.GMP_ORDER_API"


async def json_body(request: Request) -> Document:
    """Return the JSON object a request carries.

    Raises:
        Refused: 415 for another media type, 400 for no JSON object.
    """
    if "json" not in request.headers.get("content-type", ""):
        raise Refused("Content-Type must be application/json", status=415, field=None)
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise Refused(f"Request body is no JSON: {error}", code=MALFORMED) from error
    if not isinstance(body, dict):
        raise Refused("Request body must be an object", code=MALFORMED)
    return body


def member(holder: Document, name: str) -> Document:
    """Return a required object."""
    value = holder.get(name)
    if not isinstance(value, dict):
        raise Refused(f"{name} is required and must be an object", field=name)
    return value


def members(holder: Document, name: str) -> list[Document]:
    """Return a required list of at least one object."""
    value = holder.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
        raise Refused(f"{name} is required and must be a list of objects", field=name)
    return value


def text(holder: Document, name: str) -> str:
    """Return a required text that is not empty."""
    value = holder.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{name} is required and must be text", field=name)
    return value


def one_of(holder: Document, name: str, allowed: tuple[str, ...]) -> str:
    """Return a required text that is among a list of values."""
    value = text(holder, name)
    if value not in allowed:
        raise Refused(f"Invalid value for {name}: {value}", code=INVALID_CONTENT, field=name)
    return value


def status_quantity(entry: Document) -> int:
    """Return the units of a status entry: a positive whole number, sent as text."""
    quantity = member(entry, "statusQuantity")
    one_of(quantity, "unitOfMeasurement", UNITS)
    amount = text(quantity, "amount")
    if not amount.isascii() or not amount.isdigit() or int(amount) == 0:
        raise Refused(f"Invalid quantity: {amount}", field="amount")
    return int(amount)
