"""Reading inventory feed files: what ends a whole feed, and what only one item of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from simulators.walmart.bodies import members, text
from simulators.walmart.errors import Refused
from simulators.walmart.lines import Document
from simulators.walmart.quantities import available_date, number_of_units, whole_units

DATA_ERROR, SYSTEM_ERROR, TIMEOUT_ERROR = "DATA_ERROR", "SYSTEM_ERROR", "TIMEOUT_ERROR"
ITEM_ERRORS = (DATA_ERROR, SYSTEM_ERROR, TIMEOUT_ERROR)
# Codes met in practice. Where none is known, ours begin with SIM.
WRONG_CASE = "ERR_EXT_DATA_0503009"
MALFORMED_FILE = "ERR_PDI_0001"
MISSING_FIELD = "ERR_PDI_0034"
INVALID_QUANTITY = "SIM_INVALID_QUANTITY"


@dataclass(frozen=True, slots=True)
class IngestionError:
    """Why a feed or one item of it failed."""

    code: str
    description: str
    field: str | None = None
    type: str = DATA_ERROR

    def as_json(self) -> Document:
        """Return the element of `ingestionError`; `field` is in no schema, but comes."""
        shown = {"type": self.type, "code": self.code, "description": self.description}
        return shown | ({"field": self.field} if self.field else {})


@dataclass(slots=True)
class FeedItem:
    """One item of a feed: its SKU, the wished stock by ship node, and what went wrong."""

    sku: str
    wishes: tuple[tuple[str, int], ...] = ()  # ship node, empty for the default one, and units
    available_on: str | None = None
    error: IngestionError | None = None


@dataclass(frozen=True, kw_only=True)
class FeedFile:
    """The items of a file, or why none of them can be read."""

    items: list[FeedItem]
    failure: IngestionError | None = None

    @property
    def wishes(self) -> int:
        """Return for how many quantities the file asks."""
        return sum(len(item.wishes) for item in self.items)


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """How the file of one feed type is built."""

    header: str
    version: str
    items: str
    read_wishes: Callable[[Document], tuple[tuple[str, int], ...]]


def read_feed_file(feed_type: str, content: bytes) -> FeedFile:
    """Return what a feed file says.

    Raises:
        Refused: 415 for a file in another format than JSON; the feed does not come into being.
    """
    if not content.lstrip().startswith(b"{"):
        raise Refused(
            "Expected JSON for MP_INVENTORY or JSON/XML for inventory.",
            status=415,
            code="UNSUPPORTED_MEDIA_TYPE",
            field=None,
        )
    try:
        body = json.loads(content)
    except ValueError as error:
        return _failed(MALFORMED_FILE, f"The file is no JSON: {error}")
    shape = _SHAPES[feed_type]
    if (failure := _failure_of_frame(body, shape)) is not None:
        return FeedFile(items=[], failure=failure)
    return FeedFile(items=[_read_item(item, shape) for item in body[shape.items]])


def _failure_of_frame(body: Document, shape: _Shape) -> IngestionError | None:
    """Return what is wrong with the header or with where the items stand."""
    for name in (shape.header, shape.items):
        if name in body:
            continue
        if name.lower() in (given.lower() for given in body):
            return IngestionError(WRONG_CASE, f"{name} is written in another case", name)
        return IngestionError(MALFORMED_FILE, f"{name} is missing", name)
    header, items = body[shape.header], body[shape.items]
    if not isinstance(header, dict) or header.get("version") != shape.version:
        return IngestionError(MALFORMED_FILE, f"version must be {shape.version}", "version")
    if not isinstance(items, list) or not items:
        return IngestionError(MALFORMED_FILE, f"{shape.items} must list items", shape.items)
    return None


def _read_item(item: object, shape: _Shape) -> FeedItem:
    if not isinstance(item, dict):
        return FeedItem("", error=IngestionError(MISSING_FIELD, "the item is no object"))
    sku = item.get("sku")
    read = FeedItem(sku if isinstance(sku, str) else "")
    try:
        text(item, "sku")
        read.wishes = shape.read_wishes(item)
        read.available_on = available_date(item)
    except Refused as refused:
        code = INVALID_QUANTITY if refused.field == "amount" else MISSING_FIELD
        read.error = IngestionError(code, refused.description, refused.field)
    return read


def _single_node(item: Document) -> tuple[tuple[str, int], ...]:
    return (("", whole_units(number_of_units(item, "quantity"))),)


def _many_nodes(item: Document) -> tuple[tuple[str, int], ...]:
    return tuple(
        (text(node, "shipNode"), whole_units(number_of_units(node, "quantity")))
        for node in members(item, "shipNodes")
    )


def _failed(code: str, description: str) -> FeedFile:
    return FeedFile(items=[], failure=IngestionError(code, description))


_SHAPES = {
    "inventory": _Shape(
        header="InventoryHeader", version="1.4", items="Inventory", read_wishes=_single_node
    ),
    "MP_INVENTORY": _Shape(
        header="inventoryHeader", version="1.5", items="inventory", read_wishes=_many_nodes
    ),
}
FEED_TYPES = tuple(_SHAPES)
