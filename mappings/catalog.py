"""The catalogue: what a mapping may read, and which fields it may fill.

It is data: `catalog/walmart.json` (paths of the Walmart order, distilled from Walmart's schema),
`catalog/facts.yaml` (what our code and the pair's settings give) and `catalog/m3.json` (input
fields of the M3 transactions we call). It belongs to the release; pairs override mappings, not it.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

CATALOG = Path(__file__).parent / "catalog"


class Kind(StrEnum):
    """What a value is while it passes from a source to a field."""

    TEXT = "text"
    TEXTS = "list of texts"  # several paths under one `from`
    NUMBER = "number"  # Decimal, int, or a decimal text as Walmart's JSON gives it
    MOMENT = "moment"  # aware datetime, or epoch milliseconds as Walmart gives it
    TRUTH = "truth"
    DIGITS = "number as text"
    DATE = "date as text"  # yyyymmdd
    WHOLE = "whole number"


@dataclass(frozen=True, kw_only=True)
class SourcePath:
    """One place a mapping may read: `order.purchaseOrderId`, `facts.unit_price`."""

    path: str
    kind: Kind
    required: bool  # always has a value
    label: str = ""
    length: int | None = None
    fills: str = ""  # the one field it can fill, for what M3 gives while the order is entered
    known_in: frozenset[str] | None = None  # names of mappings; None: everywhere

    @property
    def later(self) -> bool:
        """Return whether M3 gives it only while the order is entered."""
        return bool(self.fills)

    @property
    def root(self) -> str:
        """Return order, line, pair or facts."""
        return self.path.partition(".")[0]

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the steps below the root."""
        _root, *keys = self.path.split(".")
        return tuple(keys)


@dataclass(frozen=True, kw_only=True)
class TargetField:
    """One field a mapping may fill."""

    name: str
    type: str  # M3: A text, N number, D date. Walmart: text, whole, truth
    mandatory: bool
    length: int | None = None
    label: str = ""
    values: frozenset[str] = frozenset()  # the only values allowed, when there are any

    @property
    def accepts(self) -> frozenset[Kind]:
        """Return the kinds of value that may arrive here."""
        return _ACCEPTED[self.type]

    @property
    def takes(self) -> str:
        """Return in words what belongs here."""
        return {"A": "text", "N": "a number as text", "D": "a date"}.get(self.type, self.type)


_WRITTEN = frozenset({Kind.TEXT, Kind.DIGITS, Kind.DATE})
_ACCEPTED: Mapping[str, frozenset[Kind]] = {
    "A": _WRITTEN,
    "N": frozenset({Kind.DIGITS, Kind.TEXT}),
    "D": frozenset({Kind.DATE}),
    "text": _WRITTEN,
    "whole": frozenset({Kind.WHOLE}),
    "truth": frozenset({Kind.TRUTH}),
}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A record we send: an M3 transaction's input, or a part of a Walmart request."""

    name: str
    fields: Mapping[str, TargetField]

    @property
    def is_m3(self) -> bool:
        """Return whether this is an M3 transaction: a flat record of texts."""
        return not self.name.startswith("walmart/")


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything that can be read and filled."""

    sources: Mapping[str, SourcePath]
    targets: Mapping[str, Target]


# Every mapping file there is, and the record it fills.
RECORDS: Mapping[str, str] = {
    "order_head": "OIS100MI/AddBatchHead",
    "order_head_direct": "OIS100MI/AddOrderHead",
    "order_address": "OIS100MI/AddBatchAddress",
    "order_line": "OIS100MI/AddBatchLine",
    "order_line_direct": "OIS100MI/AddOrderLine",
    "order_charge": "OIS100MI/AddBatchHeadChg",
    "order_charge_direct": "OIS100MI/AddConnCOCharge",
    "order_text": "OIS100MI/AddBatchText",
    "customer": "CRS610MI/Add",
    "customer_address": "CRS610MI/AddAddress",
    "shipping_line": "walmart/shipping_line",
}

SHIPPING_LINE = "shipping_line"

# The mappings that are applied line by line; only these can read line.*.
LINE_RECORDS = frozenset({"order_line", "order_line_direct", SHIPPING_LINE})


@functools.cache
def load_catalog() -> Catalog:
    """Read the catalogue; once per process."""
    m3: dict[str, Any] = json.loads((CATALOG / "m3.json").read_text(encoding="utf-8"))
    walmart: dict[str, Any] = json.loads((CATALOG / "walmart.json").read_text(encoding="utf-8"))
    ours: dict[str, Any] = YAML(typ="safe").load((CATALOG / "facts.yaml").read_text("utf-8"))
    sources = (
        *_walmart_paths("order", walmart.pop("order"), known_in=None),
        *_walmart_paths("line", walmart.pop("line"), known_in=LINE_RECORDS),
        *_facts(ours["facts"]),
        *_pair(ours["pair"]),
    )
    return Catalog(
        sources={source.path: source for source in sources},
        targets={name: _target(name, rows) for name, rows in (m3 | walmart).items()},
    )


def _walmart_paths(
    root: str, rows: Mapping[str, Any], *, known_in: frozenset[str] | None
) -> Iterator[SourcePath]:
    for path, row in rows.items():
        yield SourcePath(
            path=f"{root}.{path}",
            kind=Kind(row["type"]),
            required=row["required"],
            known_in=known_in,
        )


def _facts(rows: Mapping[str, Any]) -> Iterator[SourcePath]:
    for name, row in rows.items():
        yield SourcePath(
            path=f"facts.{name}",
            kind=Kind(row["type"]),
            required=row["required"],
            label=row["label"],
            length=row.get("length"),
            fills=row.get("fills", ""),
            known_in=frozenset(row["in"]),
        )


def _pair(rows: Mapping[str, Any]) -> Iterator[SourcePath]:
    for name, row in rows.items():
        yield SourcePath(
            path=f"pair.{name}",
            kind=Kind.TEXT,
            required=row["required"],
            label=row["label"],
            length=row.get("length"),
        )


def _target(name: str, rows: Mapping[str, Any]) -> Target:
    fields = {
        field: TargetField(
            name=field,
            type=row["type"],
            mandatory=row["mandatory"],
            length=row.get("length"),
            label=row.get("label", ""),
            values=frozenset(row.get("values", ())),
        )
        for field, row in rows.items()
    }
    return Target(name=name, fields=fields)
