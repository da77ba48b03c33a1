"""Read Walmart's answers: JSON with exact numbers, lists and moments in each of their shapes."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from domain.errors import Unavailable

Document = dict[str, Any]

# Error names of the 404 that means an empty list: as met, and as the specification has it.
EMPTY_LIST = frozenset({"CONTENT_NOT_FOUND", "NOT_FOUND"})

# Smaller numbers are seconds since 1970 and larger ones milliseconds: this many milliseconds were
# over in March 1973, and this many seconds will be in the year 5138.
MILLISECONDS_FROM = 1e11


def json_object(response: httpx.Response) -> Document:
    """Return the body of an answer that is one object; numbers with a point are Decimal.

    Raises:
        Unavailable: the body is something else, as pages of a failing gateway are.
    """
    document = _json(response)
    if not isinstance(document, dict):
        raise nonsense(response, "no JSON object")
    return document


def json_list(response: httpx.Response) -> list[Document]:
    """Return the body of an answer that is a list of objects.

    Raises:
        Unavailable: the body is something else.
    """
    documents = _json(response)
    if not isinstance(documents, list):
        raise nonsense(response, "no JSON list")
    return as_list(documents)


def as_list(value: Any) -> list[Document]:
    """Return the objects of a list; a single one and none come without the list in old answers."""
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, dict)]


def nonsense(response: httpx.Response, what: str) -> Unavailable:
    """Return the error of an answer that cannot be what Walmart wanted to say."""
    call = f"{response.request.method} {response.request.url.path}"
    return Unavailable("Walmart", call, reason=f"an answer that is {what}")


def moment(value: Any) -> datetime | None:
    """Return an aware moment; None for what is none.

    Args:
        value: milliseconds or seconds since 1970, as number or text, or ISO text. Without a zone
            it is UTC, as all times of Walmart are.
    """
    try:
        number = float(value)
    except (ValueError, TypeError):
        return _iso(value)
    try:
        seconds = number / 1000 if number >= MILLISECONDS_FROM else number
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # not a number, or beyond the calendar
        return None


def _iso(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _json(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content, parse_float=Decimal)
    except ValueError:
        return None
