"""Read and check the rules of `validation.yaml`: the shipped file, and what a pair changes in it.

A mistake is found when the file is read, with its line: a misspelled key, an expression that is
no CEL or names a fact there is not, a sentence with an unknown placeholder.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

import cel

from domain.attention import Severity
from mappings.expressions import check_functions, compiled, names_read
from mappings.problems import Problems, Where, suggestion
from mappings.validation import (
    ALWAYS_BLOCKS,
    CURRENCY_DIFFERS,
    DUPLICATE_ORDER,
    Parameter,
    Rule,
    Validation,
    as_seen_by_rules,
)
from mappings.validation_facts import LINE_SAMPLE, ORDER_SAMPLE, PRIVATE, SKU_SAMPLE, Facts
from mappings.yaml_files import Entries, Entry, entries, read_entries

VALIDATION = "validation"

SCOPES: Mapping[str, Facts] = {
    "order": ORDER_SAMPLE,
    "sku": {**ORDER_SAMPLE, **SKU_SAMPLE},
    "line": {**ORDER_SAMPLE, **SKU_SAMPLE, **LINE_SAMPLE},
}
TEXTS = ("severity", "of", "when", "sentence", "mend")
KEYS = frozenset({*TEXTS, "off"})

# Parameters the code reads; every other one has to stand in the rule's texts.
READ_BY_CODE = {
    CURRENCY_DIFFERS: frozenset({"convert", "rate_type"}),
    DUPLICATE_ORDER: frozenset({"window_hours"}),
}

_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,39}")
_PARAMETER = re.compile(r"[a-z][a-z0-9_]*")
# The trial's own values are to blame for these, or may be.
_OF_VALUES = (ArithmeticError, LookupError)


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """A rule as it stands in the files, the pair's keys over the shipped ones."""

    code: str
    where: Where
    parts: Mapping[str, Entry]
    shipped: Mapping[str, Entry]

    def text(self, key: str) -> str:
        return str(self.parts[key].value) if key in self.parts else ""

    @property
    def parameters(self) -> dict[str, Parameter]:
        return {
            key: float(entry.value) if isinstance(entry.value, float) else entry.value
            for key, entry in self.parts.items()
            if key not in KEYS
        }


def load_rules(directory: Path, overrides: Path | None, problems: Problems) -> Validation:
    """Read the shipped rules, and what a pair changes, switches off or adds."""
    shipped = _rule_entries(directory / f"{VALIDATION}.yaml", problems)
    path = overrides / f"{VALIDATION}.yaml" if overrides else None
    own = _rule_entries(path, problems) if path and path.exists() else {}
    rules = {}
    for code in (*shipped, *(code for code in own if code not in shipped)):
        draft = _merged(code, shipped.get(code), own.get(code), problems)
        if draft is None:
            continue
        if not draft.shipped and "when" not in draft.parts:
            problems.add(
                draft.where,
                f"there is no rule {code} to change, and without when it is none of its own",
                mend=suggestion(code, shipped),
            )
        elif (rule := _rule(draft, problems)) is not None:
            rules[code] = rule
    return Validation(rules=rules)


def _rule_entries(path: Path, problems: Problems) -> Entries:
    found = read_entries(path, problems)
    wrong = {code for code in found if not _CODE.fullmatch(code)}
    for code in wrong:
        problems.add(
            found[code].where,
            f"{code} is no code of a rule",
            mend="write capitals: SOLD_TOO_CHEAP",
        )
    return {code: entry for code, entry in found.items() if code not in wrong}


def _merged(
    code: str, shipped: Entry | None, own: Entry | None, problems: Problems
) -> _Draft | None:
    """Return the rule to check; None when a part of it cannot be read."""
    before = len(problems.found)
    base = entries(shipped.node, shipped.where, problems) if shipped else {}
    changes = entries(own.node, own.where, problems) if own else {}
    where = own.where if own else shipped.where if shipped else None
    if len(problems.found) > before or where is None:
        return None
    return _Draft(code=code, where=where, parts={**base, **changes}, shipped=base)


def _rule(draft: _Draft, problems: Problems) -> Rule | None:
    """Return the rule; None when it is off or wrong."""
    before = len(problems.found)
    _check_parts(draft, problems)
    if len(problems.found) > before:
        return None
    program = _program(draft, problems)
    _check_severity(draft, problems)
    _check_placeholders(draft, problems)
    _check_parameters(draft, program, problems)
    if program is None or len(problems.found) > before:
        return None
    if draft.parts["off"].value if "off" in draft.parts else False:
        return None
    return Rule(
        code=draft.code,
        severity=Severity(draft.text("severity")),
        scope=draft.text("of"),
        program=program,
        sentence=draft.text("sentence"),
        mend=draft.text("mend"),
        parameters=draft.parameters,
    )


def _check_parts(draft: _Draft, problems: Problems) -> None:
    for key in ("severity", "of", "when", "sentence"):
        if not draft.text(key):
            problems.add(draft.where, f"{draft.code} has no {key}", mend=f"add {key}: ...")
    for key, part in draft.parts.items():
        wanted = _wanted(key, draft)
        if wanted and not isinstance(part.value, wanted):
            problems.add(
                part.where,
                f"{key} of {draft.code} takes no {part.value!r}",
                mend=f"write {_EXAMPLES[wanted]}",
            )
    scope = draft.text("of")
    if scope and scope not in SCOPES:
        problems.add(
            draft.parts["of"].where, f"a rule is not of {scope}", mend=suggestion(scope, SCOPES)
        )


_Type = type | tuple[type, ...]
_NUMBER: _Type = (int, float)
_EXAMPLES: Mapping[_Type, str] = {
    str: "a text in quotes",
    bool: "true or false",
    _NUMBER: "a number",
    (str, int, float): "one value",
}


def _wanted(key: str, draft: _Draft) -> _Type:
    """Return what a key takes; a pair's parameter takes what the shipped one does."""
    if key in TEXTS:
        return str
    if key == "off":
        return bool
    value = draft.shipped[key].value if key in draft.shipped else None
    if isinstance(value, bool):
        return bool
    if isinstance(value, int | float):
        return _NUMBER
    return str if isinstance(value, str) else (str, int, float)


def _check_severity(draft: _Draft, problems: Problems) -> None:
    severity, part = draft.text("severity"), draft.parts["severity"]
    if severity not in list(Severity):
        problems.add(
            part.where, f"there is no severity {severity}", mend=suggestion(severity, Severity)
        )
    if draft.code not in ALWAYS_BLOCKS:
        return
    off = draft.parts.get("off")
    if severity != Severity.BLOCK or (off is not None and off.value):
        problems.add(
            off.where if off is not None and off.value else part.where,
            f"without {draft.code} such an order could not be entered at all",
            mend="leave it on, with severity: block",
        )


def _check_placeholders(draft: _Draft, problems: Problems) -> None:
    known = {*SCOPES[draft.text("of")], *draft.parameters} - PRIVATE
    for key in ("sentence", "mend"):
        for name in _placeholders(draft, key, problems):
            if name not in known:
                problems.add(
                    draft.parts[key].where,
                    f"{key} of {draft.code} cannot name {{{name}}}",
                    mend=suggestion(name, known),
                )


def _placeholders(draft: _Draft, key: str, problems: Problems) -> Iterator[str]:
    try:
        parsed = list(Formatter().parse(draft.text(key)))
    except ValueError as error:
        problems.add(
            draft.parts[key].where, f"{key} of {draft.code}: {error}", mend="write {{ for a brace"
        )
        return
    for _, name, form, conversion in parsed:
        if form or conversion:
            problems.add(
                draft.parts[key].where,
                f"{key} of {draft.code} formats {{{name}}}",
                mend=f"write {{{name}}} alone",
            )
        elif name is not None:
            yield name


def _check_parameters(draft: _Draft, program: cel.Program | None, problems: Problems) -> None:
    """Note keys that nothing reads: most often a misspelled one."""
    used = set(READ_BY_CODE.get(draft.code, ()))
    used |= set(program.variables()) if program else set(draft.parameters)
    for key in ("sentence", "mend"):
        used |= {name for name in draft.parameters if f"{{{name}}}" in draft.text(key)}
    for name in draft.parameters:
        where = draft.parts[name].where
        if name in SCOPES["line"]:
            problems.add(where, f"{name} is a fact already", mend="give it another name")
        elif name not in used or not _PARAMETER.fullmatch(name):
            problems.add(
                where,
                f"nothing in {draft.code} reads {name}",
                mend=suggestion(name, {*KEYS, *draft.shipped, *used}),
            )


def _program(draft: _Draft, problems: Problems) -> cel.Program | None:
    where = draft.parts["when"].where
    program = compiled(f"when of {draft.code}", draft.text("when"), where, problems)
    if program is None:
        return None
    before = len(problems.found)
    _check_names(draft, program, where, problems)
    if len(problems.found) == before:
        _try(draft, program, where, problems)
    return program if len(problems.found) == before else None


def _check_names(draft: _Draft, program: cel.Program, where: Where, problems: Problems) -> None:
    known = {*SCOPES[draft.text("of")], *draft.parameters}
    for name in names_read(program):
        if name not in known:
            elsewhere = name in SCOPES["line"]
            problems.add(
                where,
                f"when of {draft.code} names {name}, which a rule of: {draft.text('of')} "
                + ("does not see" if elsewhere else "does not know"),
                mend="write of: line" if elsewhere else suggestion(name, known),
            )
    check_functions(f"when of {draft.code}", program, where, problems)


def _try(draft: _Draft, program: cel.Program, where: Where, problems: Problems) -> None:
    """Work the rule out for a made-up order, which shows a text compared to a number."""
    sample: dict[str, Any] = as_seen_by_rules(SCOPES[draft.text("of")])
    try:
        result = program.execute({**sample, **draft.parameters})
    except _OF_VALUES:
        return
    except (RuntimeError, TypeError, ValueError) as error:
        said = str(error).splitlines()[0].partition(". ")[0]
        problems.add(
            where,
            f"when of {draft.code} cannot be worked out: {said}",
            mend="whole numbers and others do not mix in arithmetic: double(quantity) * 1.5",
        )
        return
    if not isinstance(result, bool):
        problems.add(
            where, f"when of {draft.code} is neither true nor false", mend="compare: quantity > 10"
        )
