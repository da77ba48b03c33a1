"""How Walmart refuses: one exception, and the shapes its bodies take."""

from typing import Any

INVALID_CONTENT = "INVALID_REQUEST_CONTENT.GMP_ORDER_API"
INVALID_PARAM = "INVALID_REQUEST_PARAM.GMP_ORDER_API"
INVALID_REQUEST = "INVALID_REQUEST.GMP_ORDER_API"
CONTENT_NOT_FOUND = "CONTENT_NOT_FOUND.GMP_ORDER_API"
MISSING_HEADER = "MISSING_REQUEST_HEADER.GMP_GATEWAY_API"
UNAUTHORIZED = "UNAUTHORIZED.GMP_GATEWAY_API"
THRESHOLD_VIOLATED = "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API"
SYSTEM_ERROR = "SYSTEM_ERROR.GMP_GATEWAY_API"

_INFO = {
    INVALID_CONTENT: "Request content is invalid.",
    INVALID_PARAM: "One or more request parameters are invalid.",
    INVALID_REQUEST: "Request is invalid.",
    CONTENT_NOT_FOUND: "Requested content could not be found.",
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
