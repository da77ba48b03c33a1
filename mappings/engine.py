"""Compiled mappings: from a Walmart order, the pair and our facts to one record.

All checking of the files is done before; here only values can be wrong. An error names the field
and where it is mapped, never the value: names and addresses must not reach logs or histories.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import jsonatapy

from domain.errors import NOTICED, UnmappableField, UnmappedValue
from mappings.catalog import SourcePath, Target, TargetField
from mappings.converters import ConversionError
from mappings.rules import Condition, Lookup, Rule, Scalar, as_text

# An expression is the last resort for one field; one that runs longer than this is a mistake.
EXPRESSION_TIMEOUT_MILLISECONDS = 100

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class Source:
    """What one record is made from. `order` and `line` hold numbers as text, no nulls."""

    order: Mapping[str, Any]
    pair: Mapping[str, str]
    facts: Mapping[str, Any]
    zone: ZoneInfo
    line: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DraftRecord:
    """An M3 record that lacks the numbers M3 gives while the order is entered."""

    fields: Mapping[str, str]
    later: Mapping[str, str] = field(default_factory=dict)  # field -> fact it waits for

    def complete(self, **facts: str) -> dict[str, str]:
        """Return the whole record.

        Raises:
            KeyError: a fact the record waits for is not given.
        """
        return {**self.fields, **{name: facts[fact] for name, fact in self.later.items()}}


Get = Callable[[Source], Any]


class RecordMapping:
    """One mapping file, ready to be applied."""

    def __init__(
        self, *, name: str, target: Target, rules: tuple[Rule, ...], when: tuple[Condition, ...]
    ) -> None:
        self.name = name
        self.target = target
        self._applies = tuple(_condition(condition) for condition in when)
        self._later = {rule.field.name: rule.later for rule in rules if rule.later}
        self._fields = tuple((rule.field.name, _field(target, rule)) for rule in rules)

    @property
    def field_names(self) -> tuple[str, ...]:
        """Return the fields this mapping fills."""
        return tuple(name for name, _ in self._fields)

    def applies(self, source: Source) -> bool:
        """Return whether the record is to be made at all."""
        return all(applies(source) for applies in self._applies)

    def draft(self, source: Source) -> DraftRecord:
        """Return the M3 record as far as it is known before M3 is called.

        Raises:
            UnmappedValue: a value has no row in its table.
            UnmappableField: a value does not fit its field, or a mandatory one is empty.
        """
        later = {name: fact for name, fact in self._later.items() if fact not in source.facts}
        fields = {
            name: value
            for name, get in self._fields
            if name not in later and (value := get(source)) is not None
        }
        return DraftRecord(fields=fields, later=later)

    def problems(self, source: Source) -> tuple[UnmappedValue | UnmappableField, ...]:
        """Return everything that keeps `draft` from making the record, field by field."""
        found = []
        for name, get in self._fields:
            if name not in self._later or self._later[name] in source.facts:
                try:
                    get(source)
                except (UnmappedValue, UnmappableField) as problem:
                    found.append(problem)
        return tuple(found)

    def record(self, source: Source) -> dict[str, Any]:
        """Return the whole record; dots in field names become nested objects.

        Raises:
            UnmappedValue: a value has no row in its table.
            UnmappableField: a value does not fit its field, or a mandatory one is empty.
        """
        record: dict[str, Any] = {}
        for name, get in self._fields:
            if (value := get(source)) is not None:
                *parents, last = name.split(".")
                place = record
                for parent in parents:
                    place = place.setdefault(parent, {})
                place[last] = value
        return record


def _field(target: Target, rule: Rule) -> Get:
    """Compile one rule to a function that returns the field's value, or None to leave it out."""
    get = _getter(rule)
    conditions = tuple(_condition(condition) for condition in rule.conditions)
    default = _default(rule.default)
    default_origin = rule.origin if rule.default is None else "its default"

    def value(source: Source) -> Scalar | None:
        found: Any = None
        if all(holds(source) for holds in conditions):
            found = _converted(target, rule, get, source)
        if found is None or found == "":
            return _checked(target, rule, default(source), origin=default_origin)
        return _checked(target, rule, found, origin=rule.origin)

    return value


def _getter(rule: Rule) -> Get:
    match rule.source:
        case (path,):
            return _path(path)
        case tuple(paths):
            gets = tuple(_path(path) for path in paths)
            return lambda source: [get(source) or "" for get in gets]
        case Lookup() as lookup:
            return _lookup(lookup)
        case jsonatapy.JsonataExpression() as expression:
            return _expression(expression, rule)
        case constant:
            return lambda source: constant


def _path(path: SourcePath) -> Get:
    root, keys = path.root, path.keys
    if len(keys) == 1:
        [key] = keys
        return lambda source: getattr(source, root).get(key)

    def read(source: Source) -> Any:
        value = getattr(source, root)
        for key in keys:
            # An object Walmart leaves out makes everything below it absent.
            if not isinstance(value, Mapping):
                return None
            value = value.get(key)
        return value

    return read


def _lookup(lookup: Lookup) -> Get:
    key_of, table, column = _path(lookup.key), lookup.table, lookup.column

    def read(source: Source) -> Any:
        key = key_of(source)
        return None if key is None or key == "" else table.cell(str(key), column)

    return read


def _expression(expression: jsonatapy.JsonataExpression, rule: Rule) -> Get:
    def read(source: Source) -> Any:
        document = {
            "order": source.order,
            "line": source.line,
            "pair": source.pair,
            # Numbers go in as text: JSONata computes with floats, and money must not.
            "facts": {name: _for_expression(value) for name, value in source.facts.items()},
        }
        try:
            value = expression.evaluate(document, timeout=EXPRESSION_TIMEOUT_MILLISECONDS)
        except ValueError as error:
            # Only JSONata's code: its message may repeat the value.
            code = re.search(r"[A-Z]\d{4}", str(error))
            raise ConversionError(f"failed ({code.group() if code else 'JSONata'})") from None
        if value is not None and not isinstance(value, str):
            raise ConversionError("gave something else than text; use $string")
        return value

    return read


def _for_expression(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _condition(condition: Condition) -> Callable[[Source], bool]:
    get, values, holds = _path(condition.path), condition.values, condition.holds
    if values is None:
        return lambda source: (get(source) not in (None, "")) is holds
    return lambda source: (as_text(get(source)) in values) is holds


def _default(default: SourcePath | Scalar | None) -> Get:
    if isinstance(default, SourcePath):
        return _path(default)
    return lambda source: default


def _converted(target: Target, rule: Rule, get: Get, source: Source) -> Any:
    try:
        value = get(source)
        for step in rule.steps:
            if value is None or value == "":
                return None
            value = step(value, source.zone)
    except ConversionError as error:
        raise _unmappable(target, rule, f"{rule.origin} {error}") from None
    return value


def _checked(target: Target, rule: Rule, value: Scalar | None, *, origin: str) -> Scalar | None:
    if value is None or value == "":
        if rule.field.mandatory:
            raise _unmappable(target, rule, f"{origin} is empty, and the field is mandatory")
        return None
    if isinstance(value, str) and (reason := _misfit(rule.field, value)):
        raise _unmappable(target, rule, f"{origin} {reason}")
    return value


def _misfit(field: TargetField, value: str) -> str:
    """Return why a text does not fit a field, empty when it does."""
    if field.length is not None and len(value) > field.length:
        return f"has {len(value)} characters, the field takes {field.length}"
    if field.type == "N" and not _NUMBER.fullmatch(value):
        return "is no number"
    if field.values and value not in field.values:
        return "is none of the values the field takes"
    return ""


def _unmappable(target: Target, rule: Rule, reason: str) -> UnmappableField:
    return UnmappableField(
        f"{target.name} {rule.field.name}",
        reason=reason,
        mend=f"change the rule in {rule.where}, then send `retry`; {NOTICED}; "
        "or enter the order by hand",
    )
