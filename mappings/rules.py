"""The rule of one field: where its value comes from and what is done to it.

A rule has one source (`from`, `const`, `table` with `key`, or `expression`) and may have
`convert`, `when` and `default`. `RuleReader` turns the YAML of a rule into a `Rule` and notes
everything that is wrong with it; a rule without a noted problem can be compiled.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import jsonatapy

from mappings.catalog import SHIPPING_LINE, Catalog, Kind, SourcePath, TargetField
from mappings.conversions import read_steps
from mappings.problems import Problems, Where, suggestion
from mappings.tables import ONLY, Table
from mappings.yaml_files import Entries, Entry, entries

Scalar = str | int | bool

SOURCES = ("from", "const", "table", "expression")
RULE_KEYS = frozenset({*SOURCES, "key", "value", "convert", "when", "default"})


@dataclass(frozen=True, kw_only=True)
class Condition:
    """`path` has (or has not) one of `values`; with `values` None: it has any value at all."""

    path: SourcePath
    values: frozenset[str] | None
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """A cell of a value table."""

    table: Table
    key: SourcePath
    column: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A checked rule."""

    field: TargetField
    where: Where
    source: tuple[SourcePath, ...] | Scalar | Lookup | jsonatapy.JsonataExpression
    steps: tuple[Callable[[Any, ZoneInfo], Any], ...] = ()
    conditions: tuple[Condition, ...] = ()
    default: SourcePath | Scalar | None = None

    @property
    def later(self) -> str:
        """Return the fact M3 gives later that this rule takes; empty for every other rule."""
        if isinstance(self.source, tuple) and self.source[0].later:
            return self.source[0].keys[0]
        return ""

    @property
    def origin(self) -> str:
        """Return what to look at when the value does not fit."""
        match self.source:
            case tuple(paths):
                return " and ".join(path.path for path in paths)
            case Lookup() as lookup:
                return f"table {lookup.table.name}"
            case jsonatapy.JsonataExpression():
                return "its expression"
            case _:
                return "its constant"


class RuleReader:
    """Reads the rules of one mapping file."""

    def __init__(
        self, record: str, catalog: Catalog, tables: Mapping[str, Table], problems: Problems
    ) -> None:
        self.record = record
        self.catalog = catalog
        self.tables = tables
        self.problems = problems

    def rule(self, entry: Entry, field: TargetField) -> Rule | None:
        """Return the rule of `field`, or None when a problem was noted."""
        before = len(self.problems.found)
        parts = entries(entry.node, entry.where, self.problems)
        if len(self.problems.found) == before:
            self._check_keys(parts)
        if len(self.problems.found) == before:
            self._check_source(parts, entry.where)
        if len(self.problems.found) > before:
            return None
        found = self._source(parts, field)
        conditions = self.conditions(parts.get("when"))
        default = self._default(parts.get("default"), field)
        if found is None:
            return None
        source, kind, length = found
        steps, kind, length = read_steps(
            parts.get("convert"),
            kind=kind,
            length=length,
            problems=self.problems,
        )
        self._check_fit(field, parts, kind=kind, length=length, where=entry.where)
        rule = Rule(
            field=field,
            where=entry.where,
            source=source,
            steps=steps,
            conditions=conditions,
            default=default,
        )
        self._check_later(rule)
        self._check_always_there(rule)
        return rule

    def _check_keys(self, parts: Entries) -> None:
        for key, part in parts.items():
            if key not in RULE_KEYS:
                self.problems.add(
                    part.where, f"a rule has no {key}", mend=suggestion(key, RULE_KEYS)
                )

    def _check_source(self, parts: Entries, where: Where) -> None:
        given = [key for key in SOURCES if key in parts]
        if len(given) != 1:
            has = " and ".join(given) or "no source"
            self.problems.add(where, f"the rule has {has}", mend=f"keep one of {_list(SOURCES)}")
        for key in ("key", "value"):
            if key in parts and "table" not in parts:
                self.problems.add(
                    parts[key].where, f"{key} without table", mend=f"add table, or remove {key}"
                )
        if "table" in parts and "key" not in parts:
            self.problems.add(parts["table"].where, "table without key", mend="add key: a path")

    def _source(self, parts: Entries, field: TargetField) -> tuple[Any, Kind, int | None] | None:
        if "from" in parts:
            return self._paths(parts["from"])
        if "const" in parts:
            return self._constant(parts["const"], field)
        if "table" in parts:
            return self._lookup(parts, field)
        return self._expression(parts["expression"])

    def _paths(self, part: Entry) -> tuple[Any, Kind, int | None] | None:
        names = part.value if isinstance(part.value, list) else [part.value]
        paths = [self.path(name, part.where, later_too=True) for name in names]
        found = tuple(path for path in paths if path is not None)
        if not found or len(found) < len(paths):
            return None
        if len(found) == 1:
            return found, found[0].kind, found[0].length
        for path in found:
            if path.kind is not Kind.TEXT:
                self.problems.add(
                    part.where,
                    f"{path.path} is a {path.kind} and cannot be joined",
                    mend="take paths of text",
                )
        return found, Kind.TEXTS, None

    def _constant(self, part: Entry, field: TargetField) -> tuple[Any, Kind, int | None] | None:
        kind = self._check_constant(part, field)
        return None if kind is None else (part.value, kind, None)

    def _check_constant(self, part: Entry, field: TargetField) -> Kind | None:
        """Return the kind of a constant of `field`; note what does not fit."""
        value = part.value
        wanted: type = {"truth": bool, "whole": int}.get(field.type, str)
        if type(value) is not wanted:
            mend = f'write "{value}" in quotes' if wanted is str else f"write a {wanted.__name__}"
            self.problems.add(part.where, f"{field.name} takes no {value!r}", mend=mend)
            return None
        if isinstance(value, str):
            self._check_text(part.where, value, field)
            return Kind.DATE if field.type == "D" else Kind.TEXT
        return Kind(field.type) if field.type == "truth" else Kind.WHOLE

    def _check_text(self, where: Where, value: str, field: TargetField) -> None:
        if field.length is not None and len(value) > field.length:
            self.problems.add(
                where,
                f"{value!r} has {len(value)} characters, {field.name} takes {field.length}",
                mend="shorten it",
            )
        if field.values and value not in field.values:
            self.problems.add(
                where, f"{field.name} takes no {value!r}", mend=suggestion(value, field.values)
            )
        if field.type == "N" and not value.replace(".", "", 1).removeprefix("-").isdigit():
            self.problems.add(where, f"{field.name} takes a number", mend="write digits in quotes")
        if field.type == "D" and not (value.isdigit() and len(value) == 8):
            self.problems.add(where, f"{field.name} takes a date", mend='write "yyyymmdd"')

    def _lookup(self, parts: Entries, field: TargetField) -> tuple[Any, Kind, int | None] | None:
        part = parts["table"]
        table = self.tables.get(str(part.value))
        if table is None:
            self.problems.add(
                part.where,
                f"no table {part.value!r}",
                mend=suggestion(str(part.value), self.tables),
            )
        key = self.path(parts["key"].value, parts["key"].where)
        if table is None or key is None:
            return None
        column = str(parts["value"].value) if "value" in parts else ONLY
        if table.columns and column not in table.columns:
            what = f"has no column {column!r}" if column else "has several columns; add value"
            self.problems.add(
                part.where,
                f"table {table.name} {what}",
                mend=suggestion(column, table.columns),
            )
            return None
        if "convert" not in parts:
            self._check_cells(table, column, field)
        return Lookup(table=table, key=key, column=column), Kind.TEXT, None

    def _check_cells(self, table: Table, column: str, field: TargetField) -> None:
        for row in table.rows.values():
            cell = row.cells.get(column)
            if isinstance(cell, str):
                self._check_text(row.where, cell, field)

    def _expression(self, part: Entry) -> tuple[Any, Kind, int | None] | None:
        try:
            return jsonatapy.compile(str(part.value)), Kind.TEXT, None
        except ValueError as error:
            self.problems.add(
                part.where,
                f"the expression is no JSONata: {error}",
                mend="try it on a sample order with a JSONata tool",
            )
            return None

    def path(self, name: Any, where: Where, *, later_too: bool = False) -> SourcePath | None:
        """Return a path by its name; note when there is none that can be read here."""
        path = self.catalog.sources.get(name) if isinstance(name, str) else None
        if path is None:
            self.problems.add(
                where,
                f"{name} is no path of the catalogue",
                mend=suggestion(str(name), self.catalog.sources),
            )
            return None
        if path.known_in is not None and self.record not in path.known_in:
            self.problems.add(
                where,
                f"{path.path} is not known in {self.record}",
                mend=f"use it in {_list(sorted(path.known_in))}, or take another path",
            )
            return None
        if path.later and not later_too and self.record != SHIPPING_LINE:
            self._add_too_late(where, path)
            return None
        return path

    def conditions(self, part: Entry | None) -> tuple[Condition, ...]:
        """Return the conditions under `when`: one mapping, or a list of which all must hold."""
        if part is None:
            return ()
        nodes = part.node if isinstance(part.value, list) else [part.node]
        return tuple(found for node in nodes for found in self._condition(node, part.where))

    def _condition(self, node: Any, where: Where) -> Iterator[Condition]:
        parts = entries(node, where, self.problems)
        tests = sorted(set(parts) - {"from"})
        if "from" not in parts or len(tests) != 1 or tests[0] not in ("is", "is_not", "present"):
            self.problems.add(
                where,
                "a condition has from and one of is, is_not, present",
                mend="for example when: {from: order.orderType, is: REPLACEMENT}",
            )
            return
        path = self.path(parts["from"].value, parts["from"].where)
        wanted = parts[tests[0]].value
        if path is None:
            return
        if tests[0] == "present":
            yield Condition(path=path, values=None, holds=wanted is True)
            return
        values = wanted if isinstance(wanted, list) else [wanted]
        yield Condition(
            path=path,
            values=frozenset(as_text(value) for value in values),
            holds=tests[0] == "is",
        )

    def _default(self, part: Entry | None, field: TargetField) -> SourcePath | Scalar | None:
        if part is None:
            return None
        if isinstance(part.value, dict):
            path = self.path(part.value.get("from"), part.where)
            if path is not None and path.kind not in field.accepts:
                self.problems.add(
                    part.where, f"{path.path} cannot be a default", mend="take a path of text"
                )
            return path
        self._check_constant(part, field)
        value: Scalar = part.value
        return value

    def _check_fit(
        self, field: TargetField, parts: Entries, *, kind: Kind, length: int | None, where: Where
    ) -> None:
        if kind not in field.accepts:
            self.problems.add(
                where,
                f"{field.name} takes {field.takes}, not a {kind}",
                mend=_CONVERTER_FOR.get(kind, "take another path or add convert"),
            )
        if length is not None and field.length is not None and length > field.length:
            self.problems.add(
                parts["convert"].where if "convert" in parts else where,
                f"up to {length} characters may arrive, {field.name} takes {field.length}",
                mend=f"add convert: {{cut: {field.length}}}",
            )

    def _check_later(self, rule: Rule) -> None:
        paths = rule.source if isinstance(rule.source, tuple) else ()
        late = next((path for path in paths if path.later), None)
        if late is None or self.record == SHIPPING_LINE:
            return
        simple = len(paths) == 1 and not rule.steps and not rule.conditions
        if not simple or rule.default is not None or rule.field.name != late.fills:
            self._add_too_late(rule.where, late)

    def _add_too_late(self, where: Where, path: SourcePath) -> None:
        self.problems.add(
            where,
            f"{path.path} is known only while the order is entered, and fills {path.fills} alone",
            mend=f"{path.fills}: {{from: {path.path}}}",
        )

    def _check_always_there(self, rule: Rule) -> None:
        if not rule.field.mandatory or rule.default is not None:
            return
        paths = rule.source if isinstance(rule.source, tuple) else ()
        if isinstance(rule.source, Lookup):
            paths = (rule.source.key,)
        missing = [path.path for path in paths if not path.required]
        if rule.conditions or missing:
            why = f"{missing[0]} may be absent" if missing else "its rule has a condition"
            self.problems.add(
                rule.where, f"{rule.field.name} is mandatory and {why}", mend="add default"
            )


_CONVERTER_FOR = {
    Kind.NUMBER: "add convert: m3_number",
    Kind.MOMENT: "add convert: date_in_pair_time_zone or epoch_milliseconds",
    Kind.TEXTS: 'add convert: {join: " "}',
}


def as_text(value: Any) -> str:
    """Return a value as conditions compare it: true and false as in YAML, the rest as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(words: Any) -> str:
    return ", ".join(words)
