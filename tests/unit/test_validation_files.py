"""validation.yaml: what is wrong with a rule is said when it is read, with its line and mend."""

from pathlib import Path

import pytest

from mappings.expressions import FUNCTIONS
from mappings.loader import SHIPPED, load_mappings
from mappings.problems import Problems
from mappings.rule_files import SCOPES
from mappings.yaml_files import read_entries
from tests.mapping_samples import problems_of, write_overrides

OWN = """\
OWN_RULE:
  severity: hold
  of: line
  when: {when}
  sentence: "line {{line_number}}"
"""


def problem_of(folder: Path, content: str) -> str:
    """Return the one problem of a pair's rules."""
    [problem] = problems_of(folder, {"validation.yaml": content})
    return problem


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "QUANTITY_ABOVE_LIMIT: {limt: 5}",
            "validation.yaml:1: nothing in QUANTITY_ABOVE_LIMIT reads limt; "
            "mend: did you mean limit?",
        ),
        (
            "QUANTITY_ABOVE_LIMIT: {severty: note}",
            "validation.yaml:1: nothing in QUANTITY_ABOVE_LIMIT reads severty; "
            "mend: did you mean severity?",
        ),
        (
            "\nQUANTITY_ABOVE_LIMIT:\n  severity: stop",
            "validation.yaml:3: there is no severity stop; mend: use one of block, hold, note",
        ),
        (
            'QUANTITY_ABOVE_LIMIT: {limit: "many"}',
            "validation.yaml:1: limit of QUANTITY_ABOVE_LIMIT takes no 'many'; "
            "mend: write a number",
        ),
        (
            "CURRENCY_DIFFERS: {convert: 1}",
            "validation.yaml:1: convert of CURRENCY_DIFFERS takes no 1; mend: write true or false",
        ),
        (
            "QUANTITY_ABOVE_LIMIT: {off: yes please}",
            "validation.yaml:1: off of QUANTITY_ABOVE_LIMIT takes no 'yes please'; "
            "mend: write true or false",
        ),
        (
            "QUANTITY_ABOVE_LIMIT: {of: lines}",
            "validation.yaml:1: a rule is not of lines; mend: did you mean line?",
        ),
        (
            "quantity_above_limit: {limit: 5}",
            "validation.yaml:1: quantity_above_limit is no code of a rule; "
            "mend: write capitals: SOLD_TOO_CHEAP",
        ),
        (
            "QUANTITY_ABOVE_LIMITS: {limit: 5}",
            "validation.yaml:1: there is no rule QUANTITY_ABOVE_LIMITS to change, and without when "
            "it is none of its own; mend: did you mean QUANTITY_ABOVE_LIMIT?",
        ),
        (
            "QUANTITY_ABOVE_LIMIT: 5",
            "validation.yaml:1: is no mapping; mend: write `key: value` lines",
        ),
        (
            "UNKNOWN_SKU: {severity: note}",
            "validation.yaml:1: without UNKNOWN_SKU such an order could not be entered at all; "
            "mend: leave it on, with severity: block",
        ),
        (
            "CURRENCY_DIFFERS: {off: true}",
            "validation.yaml:1: without CURRENCY_DIFFERS such an order could not be entered at "
            "all; mend: leave it on, with severity: block",
        ),
        (
            'UNKNOWN_SKU: {sentence: "no {skuu}"}',
            "validation.yaml:1: sentence of UNKNOWN_SKU cannot name {skuu}; "
            "mend: did you mean sku?",
        ),
        (
            'UNKNOWN_SKU: {sentence: "no {sku!r}"}',
            "validation.yaml:1: sentence of UNKNOWN_SKU formats {sku}; mend: write {sku} alone",
        ),
        (
            'UNKNOWN_SKU: {mend: "no {sku"}',
            "validation.yaml:1: mend of UNKNOWN_SKU: expected '}' before end of string; "
            "mend: write {{ for a brace",
        ),
        (
            OWN.format(when="quantity > 1 && cheap") + "  lines: 3\n  cheap: true",
            "validation.yaml:6: lines is a fact already; mend: give it another name",
        ),
    ],
)
def test_mistake_in_a_rule_is_named_with_line_and_mend(tmp_path: Path, content: str, expected: str):
    assert problem_of(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("quantity >", "when of OWN_RULE is no CEL: "),
        ("quantty > 1", "names quantty, which a rule of: line does not know; mend: did you mean q"),
        ("quantity.big()", "calls big, which there is not"),
        ("true || fetch(sku)", "calls fetch, which there is not"),
        ('quantity > "1"', "cannot be worked out: "),
        ("quantity * 1.5 > 3.0", "double(quantity) * 1.5"),
        ("quantity", "is neither true nor false; mend: compare: quantity > 10"),
    ],
)
def test_expression_that_cannot_work_is_refused(tmp_path: Path, when: str, expected: str):
    problem = problem_of(tmp_path, OWN.format(when=when))

    assert problem.startswith("validation.yaml:4: ")
    assert expected in problem


def test_expression_of_an_order_does_not_see_a_line(tmp_path: Path):
    problem = problem_of(tmp_path, "ORDER_VALUE_ABOVE_LIMIT: {when: quantity > limit}")

    assert problem.endswith("a rule of: order does not see; mend: write of: line")


@pytest.mark.parametrize("name", ["city", "postal_code"])
def test_sentence_cannot_repeat_where_the_buyer_lives(tmp_path: Path, name: str):
    problem = problem_of(tmp_path, f'ADDRESS_INCOMPLETE: {{sentence: "in {{{name}}}"}}')

    assert f"cannot name {{{name}}}" in problem


def test_rule_of_a_pair_needs_all_its_parts(tmp_path: Path):
    problems = problems_of(tmp_path, {"validation.yaml": "OWN_RULE: {when: lines > 1}"})

    assert problems == [
        f"validation.yaml:1: OWN_RULE has no {key}; mend: add {key}: ..."
        for key in ("of", "sentence", "severity")
    ]


def test_all_mistakes_of_rules_and_mappings_come_together(tmp_path: Path):
    problems = problems_of(
        tmp_path,
        {
            "validation.yaml": "UNKNOWN_SKU: {severity: note}\nITEM_INACTIVE: {activ: '20'}",
            "order_head.yaml": "fields: {CUNQ: {const: X}}",
        },
    )

    assert [problem.split(" ")[0] for problem in problems] == [
        "order_head.yaml:1:",
        "validation.yaml:1:",
        "validation.yaml:2:",
    ]


def test_rule_that_is_switched_off_is_checked_all_the_same(tmp_path: Path):
    assert "does not know" in problem_of(tmp_path, "TAX_UNEXPECTED: {when: taxes > 0.0}")


def test_rules_that_are_off_are_left_out(tmp_path: Path):
    overrides = write_overrides(tmp_path, {"validation.yaml": "NO_PRICE_IN_M3: {off: true}"})

    rules = load_mappings(overrides=overrides).validation.rules

    assert "NO_PRICE_IN_M3" not in rules
    assert "UNIT_PRICE_BELOW_M3" in rules


def test_misspelled_file_is_noticed(tmp_path: Path):
    [problem] = problems_of(tmp_path, {"validations.yaml": "UNKNOWN_SKU: {}"})

    assert problem.endswith("mend: did you mean validation.yaml?")


def test_guide_lists_every_fact_and_function():
    guide = (SHIPPED / "README.md").read_text(encoding="utf-8")

    for name in (*SCOPES["line"], *FUNCTIONS):
        assert f"`{name}" in guide, name


def test_guide_lists_every_shipped_rule():
    guide = (SHIPPED / "README.md").read_text(encoding="utf-8")
    shipped = read_entries(SHIPPED / "validation.yaml", Problems())

    assert [code for code in shipped if f"`{code}`" not in guide] == []
