"""Rules that look at an order before it is entered in M3; their files are read in `rule_files`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import cel

from domain.attention import Finding, Severity
from mappings.validation_facts import Fact, Facts, OrderUnderTest

# What rules see of an amount: a double, which is exact enough to compare to four places.
PLACES = 4

UNKNOWN_SKU, CURRENCY_DIFFERS, DUPLICATE_ORDER = (
    "UNKNOWN_SKU",
    "CURRENCY_DIFFERS",
    "DUPLICATE_ORDER",
)

# What cannot be drafted at all; no pair can let it pass.
ALWAYS_BLOCKS = frozenset({UNKNOWN_SKU, CURRENCY_DIFFERS})

_GRAVITY = {Severity.BLOCK: 0, Severity.HOLD: 1, Severity.NOTE: 2}

Parameter = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One checked rule."""

    code: str
    severity: Severity
    scope: str  # order, sku or line
    program: cel.Program
    sentence: str
    mend: str
    parameters: dict[str, Parameter]

    @cached_property
    def reads(self) -> frozenset[str]:
        """Return the facts and parameters it looks at."""
        return frozenset(self.program.variables())

    def apply(self, facts: Facts) -> Iterator[Finding]:
        """Yield what it has to report.

        A rule that cannot be worked out blocks its order, which then waits for the rule to be
        mended. What went wrong is not repeated: it may hold a value of the order.
        """
        # Each value handed over costs more than most rules, so only those it reads are.
        read = as_seen_by_rules({name: facts[name] for name in self.reads if name in facts})
        try:
            holds = self.program.execute(read | self.parameters)
        except (RuntimeError, ValueError, TypeError, ArithmeticError, LookupError):
            holds = None
        if not isinstance(holds, bool):
            yield Finding(
                code="RULE_FAILED",
                severity=Severity.BLOCK,
                sentence=f"the rule {self.code} could not be worked out for this order",
                mend=f"mend `when` of {self.code} in validation.yaml, which is noticed by itself",
            )
        elif holds:
            yield self._finding(facts)

    def _finding(self, facts: Facts) -> Finding:
        values = {name: as_text(value) for name, value in facts.items()}
        values |= {name: _parameter_text(value) for name, value in self.parameters.items()}
        return Finding(
            code=self.code,
            severity=self.severity,
            sentence=self.sentence.format_map(values),
            mend=self.mend.format_map(values),
            line_number="" if self.scope == "order" else str(facts["line_number"]),
        )


@dataclass(frozen=True, kw_only=True)
class Validation:
    """The rules of one pair that are not off."""

    rules: Mapping[str, Rule]

    def read(self, facts: Iterable[str]) -> bool:
        """Tell whether any rule looks at one of these facts."""
        wanted = set(facts)
        return any(wanted & rule.reads for rule in self.rules.values())

    def parameter(self, code: str, name: str) -> Parameter | None:
        """Return a parameter of a rule; None when the rule is off."""
        rule = self.rules.get(code)
        return rule.parameters[name] if rule else None

    def findings(self, tested: OrderUnderTest) -> tuple[Finding, ...]:
        """Return what the rules have to report about an order, the gravest first."""
        found: dict[tuple[str, str], Finding] = {}
        subjects: Mapping[str, Iterable[Facts]] = {
            "order": [tested.order],
            "line": tested.lines,
            "sku": _first_of_each_sku(tested.lines),
        }
        for rule in self.rules.values():
            for facts in subjects[rule.scope]:
                for finding in rule.apply(facts):
                    found.setdefault((finding.code, finding.sentence), finding)
        return gravest_first(found.values())


def _first_of_each_sku(lines: Iterable[Facts]) -> list[Facts]:
    first: dict[Fact, Facts] = {}
    for line in lines:
        first.setdefault(line["sku"], line)
    return list(first.values())


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by severity; those of one severity stay in their order."""
    return tuple(sorted(findings, key=lambda finding: _GRAVITY[finding.severity]))


def blocks(findings: Iterable[Finding]) -> bool:
    """Tell whether a finding keeps the order out of M3."""
    return any(finding.severity is Severity.BLOCK for finding in findings)


def as_seen_by_rules(facts: Facts) -> dict[str, object]:
    """Return facts as CEL takes them."""
    return {name: _for_rules(value) for name, value in facts.items()}


def _for_rules(value: Fact) -> object:
    if isinstance(value, Decimal):
        return float(round(value, PLACES))
    return list(value) if isinstance(value, tuple) else value


def as_text(value: Fact) -> str:
    """Return a fact as a sentence has it: 24.99, WM-A, WM-B, yes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return _amount_text(value)
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _amount_text(value: Decimal) -> str:
    """Return an amount with two decimals, or up to four where it has them."""
    short = f"{value:.2f}"
    return short if Decimal(short) == round(value, PLACES) else f"{round(value, PLACES):f}"


def _parameter_text(value: Parameter) -> str:
    return as_text(Decimal(str(value)) if isinstance(value, float) else value)
