"""Read Walmart's error answers, whichever of their shapes they come in."""

from dataclasses import dataclass
from typing import Any

import httpx
from lxml import etree

# Longer texts add nothing for a person and swell the workflow's history.
MAX_TEXT = 300


@dataclass(frozen=True, kw_only=True)
class WalmartError:
    """The first error of an answer."""

    code: str
    description: str
    field: str = ""
    info: str = ""

    @property
    def name(self) -> str:
        """Return the code before the dot: INVALID_REQUEST_CONTENT of ...GMP_ORDER_API."""
        return self.code.partition(".")[0]

    @property
    def is_outage(self) -> bool:
        """Tell the answer Walmart gives to valid requests during an outage from a real refusal."""
        return (
            self.code == "INVALID_REQUEST.GMP_ORDER_API"
            and self.field == "data"
            and self.description == "Invalid Request"
        )


def first_error(response: httpx.Response) -> WalmartError:
    """Return the first error of a 4xx answer; never raises.

    Source:
        The shapes A to H that were met: {"errors": {"error": [..]}} with a list or one object,
        {"error": [..]}, {"errors": [..]}, one flat object, problem+json, XML, plain text.
    """
    try:
        body = response.json()
    except ValueError:
        return _from_xml(response) or WalmartError(
            code=f"HTTP_{response.status_code}",
            description=response.text[:MAX_TEXT].strip() or "no text",
        )
    error = _first(body)
    return WalmartError(
        code=str(error.get("code") or error.get("title") or f"HTTP_{response.status_code}"),
        field=str(error.get("field") or ""),
        description=_text(error, "description", "message", "detail", "info"),
        info=_text(error, "info"),
    )


def _first(body: Any) -> dict[str, Any]:
    """Walk down `errors` and `error`, lists and single objects, to the first error object."""
    while True:
        if isinstance(body, list):
            body = body[0] if body else {}
        elif isinstance(body, dict) and (inner := body.get("errors") or body.get("error")):
            body = inner
        else:
            return body if isinstance(body, dict) else {"description": str(body)}


def _text(error: dict[str, Any], *keys: str) -> str:
    return next((str(error[key])[:MAX_TEXT] for key in keys if error.get(key)), "")


def _from_xml(response: httpx.Response) -> WalmartError | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(response.content, parser)
    except etree.XMLSyntaxError:
        return None

    def text(name: str) -> str:
        found = root.xpath(f"string(//*[local-name()='{name}'][1])")
        return str(found)[:MAX_TEXT]

    if not (code := text("code")):  # an HTML page of something in between
        return None
    return WalmartError(
        code=code, field=text("field"), description=text("description"), info=text("info")
    )
