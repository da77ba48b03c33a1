"""Answers in JSON, or in XML when the caller did not ask for JSON."""

import json
from typing import Any
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from simulators.walmart.errors import Refused, published_envelope, runtime_envelope

JSON, XML = "application/json", "application/xml"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
# Root element: namespace prefix and address. Source: recorded order and error bodies.
_NAMESPACES = {
    "errors": ("ns4:", ' xmlns:ns4="http://walmart.com/"'),
    "order": ("ns3:", ' xmlns:ns3="http://walmart.com/mp/v3/orders"'),
    "list": ("ns3:", ' xmlns:ns3="http://walmart.com/mp/v3/orders"'),
}


def wants_json(request: Request) -> bool:
    """Return whether the caller asked for JSON; XML is Walmart's default."""
    return "json" in request.headers.get("accept", "")


def answer(request: Request, body: bytes, *, status: int = 200) -> Response:
    """Return a JSON text in the format the caller asked for."""
    if wants_json(request):
        return Response(body, status, media_type=JSON)
    return Response(to_xml(json.loads(body)), status, media_type=XML)


def answer_document(request: Request, document: Any, *, status: int = 200) -> Response:
    """Return a document in the format the caller asked for."""
    return answer(request, json.dumps(document).encode(), status=status)


def answer_rooted(request: Request, root: str, document: dict[str, Any]) -> Response:
    """Return a document that has a root in XML only."""
    return answer_document(request, document if wants_json(request) else {root: document})


def refusal(request: Request, refused: Refused) -> Response:
    """Return a refusal in its own envelope; in XML all operations share one."""
    envelope = refused.envelope if wants_json(request) else runtime_envelope
    response = answer_document(request, envelope(refused), status=refused.status)
    response.headers.update(refused.headers)
    return response


def published_refusal(request: Request, refused: Refused) -> Response:
    """Return a refusal in the envelope of the published order specification."""
    return answer_document(request, published_envelope(refused), status=refused.status)


def to_xml(document: dict[str, Any]) -> str:
    """Return a document with one root as XML; lists become repeated elements."""
    [(root, value)] = document.items()
    prefix, declared = _NAMESPACES.get(root, ("", ""))
    content = _content(value, prefix)
    return f"{_DECLARATION}<{prefix}{root}{declared}>{content}</{prefix}{root}>"


def _content(value: Any, prefix: str) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return "".join(_elements(name, part, prefix) for name, part in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    return escape(str(value))


def _elements(name: str, value: Any, prefix: str) -> str:
    repeated = value if isinstance(value, list) else [value]
    return "".join(f"<{prefix}{name}>{_content(v, prefix)}</{prefix}{name}>" for v in repeated)
