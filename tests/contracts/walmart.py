"""Validators for Walmart's published requests and answers, from the distilled `walmart.json`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

_CONTRACT = json.loads(Path(__file__).with_name("walmart.json").read_text())
REQUEST = "request"
QUERY = "query"
OK = "200"


def feed_file(feed_type: str) -> str:
    """Return the name of the part of `POST /v3/feeds` that is the file itself."""
    return f"{feed_type} file"


@cache
def validator(operation: str, part: str) -> jsonschema_rs.Validator:
    """Return the validator of an operation's request or of its answer with a status.

    Args:
        operation: method and path template, such as `GET /v3/orders/{purchaseOrderId}`.
        part: `REQUEST`, `QUERY` (an object), a `feed_file`, or a status such as `OK`.
    """
    sent = not part.isdigit()
    ours = [_closed] if sent or "/webhooks/" not in operation else []
    relaxed = [] if sent else [_with_nulls]
    schema = _CONTRACT["operations"][operation][part] | {"$defs": _CONTRACT["$defs"]}
    for change in (*ours, *relaxed):
        schema = change(schema)
    return jsonschema_rs.validator_for(schema)


def _closed(schema: Any) -> Any:
    """Return a schema that refuses properties it does not name.

    Walmart's schemas leave objects open, so a misspelled optional property would pass. Answers of
    the webhook operations stay open: their schemas say `event` where the examples say `events`.
    """
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def _with_nulls(schema: Any) -> Any:
    """Return an answer's schema with null allowed for each property it does not require.

    The published schemas never say so, but real answers carry null for what is absent: address2,
    trackingInfo, refund, the carrier beside an otherCarrier.
    """
    if isinstance(schema, list):
        return [_with_nulls(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    relaxed = {name: _with_nulls(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict):
        required = schema.get("required", [])
        relaxed["properties"] = {
            name: part if name in required else {"anyOf": [part, {"type": "null"}]}
            for name, part in relaxed["properties"].items()
        }
    return relaxed
