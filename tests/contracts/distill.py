"""Distill Walmart's OpenAPI documents into the schemas our tests compare with.

    python -m tests.contracts.distill FOLDER

FOLDER holds the documents named in `OPERATIONS`, such as `order-management.openapi.json`, as
Walmart publishes them. Kept are types, names, required
fields and enums of the operations this project uses; descriptions, examples and everything else
stay behind. References are resolved; a schema that occurs more than once moves to `$defs`.
"""

import hashlib
import json
import operator
import sys
from collections import Counter
from functools import reduce
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("walmart.json")
OPERATIONS = {
    "authentication": ("POST /v3/token", "GET /v3/token/detail"),
    "order-management": (
        "GET /v3/orders",
        "GET /v3/orders/released",
        "GET /v3/orders/{purchaseOrderId}",
        "POST /v3/orders/{purchaseOrderId}/acknowledge",
        "POST /v3/orders/{purchaseOrderId}/shipping",
        "POST /v3/orders/{purchaseOrderId}/cancel",
    ),
    "notifications-management": (
        "GET /v3/webhooks/eventTypes",
        "GET /v3/webhooks/subscriptions",
        "POST /v3/webhooks/subscriptions",
        "PATCH /v3/webhooks/subscriptions/{subscriptionId}",
        "DELETE /v3/webhooks/subscriptions/{subscriptionId}",
        "POST /v3/webhooks/test",
    ),
    "inventory-management": (
        "GET /v3/inventory",
        "PUT /v3/inventory",
        "GET /v3/inventories",
        "GET /v3/inventories/{sku}",
        "PUT /v3/inventories/{sku}",
        "POST /v3/feeds",
    ),
    "feed-management": ("GET /v3/feeds", "GET /v3/feeds/{feedId}"),
    "settings-management": (
        "GET /v3/settings/partnerprofile",
        "GET /v3/settings/shipping/shipnodes",
    ),
}
KEPT = ("type", "required", "enum", "items", "properties", "additionalProperties", "oneOf")
MEDIA_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
SMALLEST_SHARED = 200  # characters; a shorter schema is clearer in place

Schema = dict[str, Any]


def distill(folder: Path) -> Schema:
    """Return requests and answers by operation, and the schemas they share."""
    operations = {
        name: _operation(document, name)
        for file, names in OPERATIONS.items()
        for document in [json.loads((folder / f"{file}.openapi.json").read_text())]
        for name in names
    }
    return _share(operations)


def _operation(document: Schema, name: str) -> Schema:
    method, path = name.split()
    operation = document["paths"][path][method.lower()]
    distilled: Schema = {}
    if "requestBody" in operation:
        distilled["request"] = _body(document, operation["requestBody"])
    for status, answer in operation["responses"].items():
        if "content" in _resolved(document, answer):
            distilled[status] = _body(document, answer)
    return distilled


def _body(document: Schema, body: Schema) -> Schema:
    content = _resolved(document, body)["content"]
    schema = next(content[media]["schema"] for media in MEDIA_TYPES if media in content)
    bare: Schema = _bare(document, schema)
    return bare


def _resolved(document: Schema, node: Schema) -> Schema:
    while "$ref" in node:
        steps = node["$ref"].removeprefix("#/").split("/")
        node = reduce(operator.getitem, steps, document)
    return node


def _bare(document: Schema, node: Any) -> Any:
    """Return a schema with its references resolved and nothing but its rules."""
    if not isinstance(node, dict):
        return node
    node = _resolved(document, node)
    bare = {name: node[name] for name in KEPT if name in node}
    for name in ("items", "additionalProperties"):
        if name in bare:
            bare[name] = _bare(document, bare[name])
    if "oneOf" in bare:
        bare["oneOf"] = [_bare(document, choice) for choice in bare["oneOf"]]
    if "properties" in bare:
        bare["properties"] = {
            name: _bare(document, schema) for name, schema in bare["properties"].items()
        }
    return bare


def _share(operations: Schema) -> Schema:
    """Return the operations with repeated schemas moved to `$defs`."""
    seen: Counter[str] = Counter()
    _count(operations, seen)
    shared: Schema = {}
    pointed = _point(operations, seen, shared)
    return {"operations": pointed, "$defs": dict(sorted(shared.items()))}


def _count(node: Any, seen: Counter[str]) -> None:
    if isinstance(node, dict):
        seen[_text(node)] += 1
        for part in node.values():
            _count(part, seen)
    elif isinstance(node, list):
        for part in node:
            _count(part, seen)


def _point(node: Any, seen: Counter[str], shared: Schema) -> Any:
    if isinstance(node, list):
        return [_point(part, seen, shared) for part in node]
    if not isinstance(node, dict):
        return node
    text = _text(node)
    pointed = {name: _point(part, seen, shared) for name, part in node.items()}
    is_schema = isinstance(node.get("type"), str)  # and not a list of properties, one named type
    if not is_schema or seen[text] < 2 or len(text) < SMALLEST_SHARED:
        return pointed
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    shared[name] = pointed
    return {"$ref": f"#/$defs/{name}"}


def _text(node: Any) -> str:
    return json.dumps(node, sort_keys=True)


if __name__ == "__main__":
    TARGET.write_text(json.dumps(distill(Path(sys.argv[1])), indent=1) + "\n")
