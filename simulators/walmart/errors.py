"""How Walmart refuses: one exception, and the shapes its bodies take."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

ORDER_API, INVENTORY_API, FEED_API = "GMP_ORDER_API", "GMP_INVENTORY_API", "GMP_FEED_API"
INVALID_CONTENT = "INVALID_REQUEST_CONTENT.GMP_ORDER_API"
INVALID_PARAM = "INVALID_REQUEST_PARAM.GMP_ORDER_API"
INVALID_REQUEST = "INVALID_REQUEST.GMP_ORDER_API"
CONTENT_NOT_FOUND = "CONTENT_NOT_FOUND.GMP_ORDER_API"
MISSING_HEADER = "MISSING_REQUEST_HEADER.GMP_GATEWAY_API"
UNAUTHORIZED = "UNAUTHORIZED.GMP_GATEWAY_API"
THRESHOLD_VIOLATED = "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API"
SYSTEM_ERROR = "SYSTEM_ERROR.GMP_GATEWAY_API"
MISSING_PARAM = "MISSING_REQUEST_PARAM.GMP_ORDER_API"

Envelope = Callable[["Refused"], dict[str, Any]]

_INFO = {
    INVALID_CONTENT: "Request content is invalid.",
    INVALID_PARAM: "One or more request parameters are invalid.",
    INVALID_REQUEST: "Request is invalid.",
    CONTENT_NOT_FOUND: "Requested content could not be found.",
    MISSING_PARAM: "A required request parameter is missing.",
    MISSING_HEADER: "A required request header is missing.",
    UNAUTHORIZED: "Unauthorized token or incorrect authorization header.",
    THRESHOLD_VIOLATED: "Too many requests for this operation.",
    SYSTEM_ERROR: "The system could not answer.",
}


class Refused(Exception):
    """The account refuses a request; carries what the answer says.

    Args:
        description: the sentence a caller has to read, for lines named in free text only.
        status: HTTP status.
        code: `NAME.GMP_..._API`.
        field: the field Walmart points at, or None.
        severity: INFO, WARN or ERROR.
        category: APPLICATION, SYSTEM, REQUEST or DATA.
        headers: further answer headers.
    """

    def __init__(
        self,
        description: str,
        *,
        status: int = 400,
        code: str = INVALID_CONTENT,
        field: str | None = "data",
        severity: str = "ERROR",
        category: str = "DATA",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(description)
        self.description = description
        self.status = status
        self.code = code
        self.field = field
        self.severity = severity
        self.category = category
        self.headers = headers or {}
        self.envelope: Envelope = runtime_envelope

    def as_error(self) -> dict[str, Any]:
        """Return the error object that stands in every envelope."""
        return {
            "code": self.code,
            "field": self.field,
            "description": self.description,
            "info": _INFO.get(self.code, self.description),
            "severity": self.severity,
            "category": self.category,
            "causes": [],
            "errorIdentifiers": {"entry": []},
        }


def runtime_envelope(refused: Refused) -> dict[str, Any]:
    """Return the body orders and gateway send at runtime: `errors.error[]`."""
    return {"errors": {"error": [refused.as_error()]}}


def published_envelope(refused: Refused) -> dict[str, Any]:
    """Return the body Walmart's 2026 order specification shows: `errors[]`, fewer fields."""
    kept = ("code", "description", "info", "severity", "category")
    error = refused.as_error()
    return {"errors": [{name: error[name] for name in kept}]}


def listed_envelope(refused: Refused) -> dict[str, Any]:
    """Return the body of the inventory operations: `error[]`."""
    return {"error": [inventory_error(refused)]}


def inventory_error(refused: Refused) -> dict[str, Any]:
    """Return the error as the inventory specification has it: identifiers are an open object."""
    return refused.as_error() | {"errorIdentifiers": {}}


def message_envelope(refused: Refused) -> dict[str, Any]:
    """Return the body of a feed that was not taken: `errors[]` with code, message and field."""
    code, _, _ = refused.code.partition(".")
    error = {"code": code, "message": refused.description}
    return {"errors": [error | ({"field": refused.field} if refused.field else {})]}


@contextmanager
def refusals_of(api: str, envelope: Envelope) -> Iterator[None]:
    """Let what is refused in the block be told as another API than that of orders tells it."""
    try:
        yield
    except Refused as refused:
        refused.code = refused.code.replace(ORDER_API, api)
        refused.envelope = envelope
        raise


def not_found(description: str) -> Refused:
    """Return the refusal Walmart sends for an unknown order and for an empty search alike."""
    return Refused(
        description,
        status=404,
        code=CONTENT_NOT_FOUND,
        field=None,
        severity="INFO",
        category="APPLICATION",
    )
