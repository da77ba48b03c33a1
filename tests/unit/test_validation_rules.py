"""The shipped rules, each on an order it reports and on one that it lets pass."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.attention import Finding, Severity
from domain.pairs import Pair
from mappings.exchange import Exchange
from mappings.items import ItemState
from mappings.loader import load_mappings
from mappings.rule_files import SCOPES
from mappings.validation import Validation, as_seen_by_rules
from mappings.validation_facts import OrderUnderTest, Seen, gather
from mappings.walmart_order import parse_order
from tests.mapping_samples import (
    PAIR,
    PER_BUYER,
    charge,
    order_document,
    order_line,
    status,
    with_address,
    write_overrides,
)

BLOCK, HOLD, NOTE = Severity.BLOCK, Severity.HOLD, Severity.NOTE
RULES = load_mappings().validation
ACTIVE = ItemState(status="20", saleable=True)
BEFORE_SHIP_BY = datetime(2019, 9, 15, tzinfo=UTC)
SEEN = Seen(
    item_numbers={"WM-KETTLE-01": "KETTLE-01", "LAMP-02": "LAMP-02"},
    items={"KETTLE-01": ACTIVE, "LAMP-02": ACTIVE},
    prices={"KETTLE-01": Decimal("24.99"), "LAMP-02": Decimal("10.00")},
)


def facts_of(
    document: dict[str, Any],
    *,
    pair: Pair = PAIR,
    seen: Seen = SEEN,
    now: datetime = BEFORE_SHIP_BY,
) -> OrderUnderTest:
    return gather(parse_order(document), pair=pair, seen=seen, now=now)


def findings(document: dict[str, Any], *, rules: Validation = RULES, **how: Any) -> list[Finding]:
    return list(rules.findings(facts_of(document, **how)))


def codes(found: list[Finding]) -> list[tuple[str, Severity]]:
    return [(finding.code, finding.severity) for finding in found]


def with_rules(folder: Path, content: str) -> Validation:
    return load_mappings(overrides=write_overrides(folder, {"validation.yaml": content})).validation


def priced(amount: str, sku: str = "WM-KETTLE-01", quantity: str = "2") -> dict[str, Any]:
    return order_line("1", sku, quantity, charges=[charge("PRODUCT", "ItemPrice", amount)])


def with_total(amount: str, *lines: dict[str, Any]) -> dict[str, Any]:
    total = {"currencyAmount": Decimal(amount), "currencyUnit": "USD"}
    return order_document(*lines, orderSummary={"totalAmount": total})


def in_canadian_dollars() -> dict[str, Any]:
    document = order_document()
    [line] = document["orderLines"]["orderLine"]
    for each in line["charges"]["charge"]:
        each["chargeAmount"]["currency"] = "CAD"
        for tax in (each["tax"], each["taxAndOtherFees"]):
            tax["taxAmount"]["currency"] = "CAD"
    return document


def test_ordinary_order_has_no_finding():
    assert findings(order_document()) == []


def test_each_unknown_sku_is_named_once():
    lines = [
        order_line("1", "WM-GHOST-01"),
        order_line("2", "WM-GHOST-02"),
        order_line("3", "WM-GHOST-01"),
    ]

    found = findings(order_document(*lines))

    assert codes(found) == [("UNKNOWN_SKU", BLOCK), ("UNKNOWN_SKU", BLOCK)]
    assert [each.sentence for each in found] == [
        "M3 has no item for SKU WM-GHOST-01",
        "M3 has no item for SKU WM-GHOST-02",
    ]
    assert [each.line_number for each in found] == ["1", "2"]


def test_item_that_an_alias_names_and_m3_lacks_is_unknown():
    seen = replace(SEEN, item_numbers={"WM-KETTLE-01": "GONE-01"})

    [found] = findings(order_document(), seen=seen)

    assert found.code == "UNKNOWN_SKU"
    assert found.sentence == "M3 has no item for SKU WM-KETTLE-01 (GONE-01)"


def test_blocked_item_is_inactive():
    items = {**SEEN.items, "KETTLE-01": ItemState(status="90", saleable=True)}

    [found] = findings(order_document(), seen=replace(SEEN, items=items))

    assert (found.code, found.severity, found.line_number) == ("ITEM_INACTIVE", BLOCK, "1")
    assert found.sentence == "item KETTLE-01 of SKU WM-KETTLE-01 has status 90 in M3, not 20"


def test_item_that_is_no_sales_item_is_reported():
    items = {**SEEN.items, "KETTLE-01": ItemState(status="20", saleable=False)}

    found = findings(order_document(), seen=replace(SEEN, items=items))

    assert codes(found) == [("ITEM_NOT_SALEABLE", BLOCK)]


@pytest.mark.parametrize("quantity", [0, -1])
def test_line_without_positive_quantity_is_blocked(quantity: int):
    tested = facts_of(order_document())
    [line] = tested.lines

    found = RULES.findings(replace(tested, lines=({**line, "quantity": quantity},)))

    assert [(each.code, each.severity) for each in found] == [("QUANTITY_NOT_POSITIVE", BLOCK)]


@pytest.mark.parametrize(
    ("quantity", "expected"), [("100", []), ("101", [("QUANTITY_ABOVE_LIMIT", HOLD)])]
)
def test_quantity_above_the_limit_is_held(quantity: str, expected: list[tuple[str, Severity]]):
    assert codes(findings(order_document(order_line(quantity=quantity)))) == expected


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("20.00", []),  # M3's is 24.99
        ("19.99", [("UNIT_PRICE_BELOW_M3", HOLD)]),
        ("29.98", []),
        ("29.99", [("UNIT_PRICE_ABOVE_M3", HOLD)]),
    ],
)
def test_price_outside_the_tolerance_is_held(price: str, expected: list[tuple[str, Severity]]):
    assert codes(findings(order_document(priced(price)))) == expected


def test_price_finding_says_both_prices():
    [found] = findings(order_document(priced("12.50")))

    assert found.sentence == ("line 1 (WM-KETTLE-01) sells at 12.50 USD, 49.98 % below M3's 24.99")


def test_item_without_a_price_is_only_noted():
    found = findings(order_document(), seen=replace(SEEN, prices={}))

    assert codes(found) == [("NO_PRICE_IN_M3", NOTE)]


def test_price_nobody_asked_for_is_not_missed():
    assert findings(order_document(), seen=replace(SEEN, prices=None)) == []


@pytest.mark.parametrize(
    ("price", "expected"), [("25.00", []), ("25.01", [("ORDER_VALUE_ABOVE_LIMIT", HOLD)])]
)
def test_order_above_the_approval_limit_is_held(price: str, expected: list[tuple[str, Severity]]):
    lines = [
        {**priced(price, "LAMP-02", "100"), "lineNumber": "1"},
        {**priced(price, "LAMP-02", "100"), "lineNumber": "2"},
    ]
    seen = replace(SEEN, prices={"LAMP-02": Decimal(price)})

    assert codes(findings(order_document(*lines), seen=seen)) == expected


def canceled_in_part() -> dict[str, Any]:
    statuses = [status("Cancelled", "1"), status("Created", "1")]
    return order_line(quantity="2", statuses=statuses)


@pytest.mark.parametrize(
    ("total", "line"),
    [
        ("51.48", order_line()),
        ("49.98", order_line()),  # without the tax that Walmart collects
        ("51.48", canceled_in_part()),  # for what was ordered
        ("26.49", canceled_in_part()),  # for what is left
        ("51.485", order_line()),
    ],
)
def test_total_that_some_reading_of_walmarts_comes_to_is_right(total: str, line: dict[str, Any]):
    assert findings(with_total(total, line)) == []


def test_total_no_reading_comes_to_is_held():
    [found] = findings(with_total("60.00"))

    assert (found.code, found.severity) == ("TOTAL_DIFFERS", HOLD)
    assert found.sentence == "Walmart's total is 60.00 USD, the lines come to 51.48"


def test_tax_is_reported_only_where_a_pair_expects_none(tmp_path: Path):
    strict = with_rules(tmp_path, "TAX_UNEXPECTED: {off: false}")

    assert findings(order_document()) == []
    assert codes(findings(order_document(), rules=strict)) == [("TAX_UNEXPECTED", HOLD)]
    assert findings(order_document(priced("24.99")), rules=strict) == []


def test_other_currency_blocks():
    found = findings(in_canadian_dollars())

    assert codes(found) == [("CURRENCY_DIFFERS", BLOCK)]
    assert found[0].sentence == "the order is in CAD, the pair in USD"


def test_converted_order_is_compared_in_the_pairs_currency_and_noted():
    exchange = Exchange(currency="USD", rate=Decimal("0.731234567891"), date="20190914")

    found = findings(in_canadian_dollars(), seen=replace(SEEN, exchange=exchange))

    assert codes(found) == [("UNIT_PRICE_BELOW_M3", HOLD), ("CURRENCY_CONVERTED", NOTE)]
    assert "sells at 18.2736 USD" in found[0].sentence
    assert found[1].sentence == ("converted from CAD to USD at M3's rate 0.73123457 of 20190914")


def test_order_that_should_have_left_is_held():
    ship_by = datetime.fromtimestamp(1568700000, UTC)

    late = findings(order_document(), now=ship_by + timedelta(minutes=1))

    assert findings(order_document(), now=ship_by) == []
    assert codes(late) == [("SHIP_BY_PASSED_AT_ENTRY", HOLD)]
    assert late[0].sentence == "the order was to ship by 2019-09-17 01:00, which has passed"


def test_similar_order_is_held():
    seen = replace(SEEN, similar_orders=("1796277083001", "1796277083002"))

    [found] = findings(order_document(), seen=seen)

    assert (found.code, found.severity) == ("DUPLICATE_ORDER", HOLD)
    assert found.sentence.endswith("within 24 hours: 1796277083001, 1796277083002")


def test_missing_parts_of_the_address_are_named_together():
    found = findings(with_address(city=" ", state=None))

    assert codes(found) == [("ADDRESS_INCOMPLETE", BLOCK)]
    assert found[0].sentence == "the shipping address has no city, state"


def test_zip_code_of_another_state_is_held_and_not_repeated():
    [found] = findings(with_address(state="CA"))

    assert (found.code, found.severity) == ("ZIP_NOT_IN_STATE", HOLD)
    assert found.sentence == "the shipping address is in CA, its ZIP code is in NY"


def test_street_nobody_could_find_is_noted_and_not_repeated():
    [found] = findings(with_address(address1="Behind Yonder"))

    assert (found.code, found.severity) == ("STREET_UNREADABLE", NOTE)
    assert "Yonder" not in found.sentence


def masked() -> dict[str, Any]:
    document = copy.deepcopy(order_document(customerEmailId="nocxemail@walmartone.com"))
    document["shippingInfo"]["phone"] = "0000000000"
    return document


def test_masked_phone_is_noted_and_a_placeholder_mail_only_where_m3_takes_one():
    assert codes(findings(masked())) == [("PHONE_REPLACED", NOTE)]
    assert codes(findings(masked(), pair=PER_BUYER)) == [
        ("PHONE_REPLACED", NOTE),
        ("EMAIL_REPLACED", NOTE),
    ]


def test_nothing_is_replaced_where_the_pair_has_no_defaults():
    assert findings(masked(), pair=replace(PER_BUYER, default_phone="", default_email="")) == []


def test_all_findings_come_together_the_gravest_first():
    document = with_address(city=None)
    document["orderLines"]["orderLine"] = [
        order_line("1", "WM-KETTLE-01", "101"),
        order_line("2", "WM-GHOST-01"),
    ]
    document["shippingInfo"]["phone"] = ""

    assert codes(findings(document)) == [
        ("UNKNOWN_SKU", BLOCK),
        ("ADDRESS_INCOMPLETE", BLOCK),
        ("QUANTITY_ABOVE_LIMIT", HOLD),
        ("PHONE_REPLACED", NOTE),
    ]


def test_pair_changes_limits_and_severities_and_adds_rules(tmp_path: Path):
    own = with_rules(
        tmp_path,
        """
        QUANTITY_ABOVE_LIMIT: {severity: note, limit: 1}
        NOT_TO_ALASKA:
          severity: block
          of: order
          when: state in ["AK", "NY"] && skus.exists(s, s.startsWith(family))
          family: WM-
          sentence: "items of {family} do not go to {state}"
          mend: "answer `reject`"
        """,
    )

    found = findings(order_document(), rules=own)

    assert codes(found) == [("NOT_TO_ALASKA", BLOCK), ("QUANTITY_ABOVE_LIMIT", NOTE)]
    assert found[0].sentence == "items of WM- do not go to NY"
    assert found[0].mend == "answer `reject`"


def test_rule_that_fails_on_an_order_blocks_it_and_names_only_the_rule(tmp_path: Path):
    own = with_rules(
        tmp_path,
        """
        SECOND_SKU:
          severity: note
          of: order
          when: skus[1] == "X"
          sentence: "the second is X"
        """,
    )

    [found] = findings(order_document(), rules=own)

    assert (found.code, found.severity) == ("RULE_FAILED", BLOCK)
    assert found.sentence == "the rule SECOND_SKU could not be worked out for this order"


def test_facts_are_those_the_rules_were_tried_on():
    tested = facts_of(order_document())
    [line] = tested.lines

    for facts, scope in ((tested.order, "order"), (line, "line")):
        sample = as_seen_by_rules(SCOPES[scope])
        found = as_seen_by_rules(facts)
        assert {name: type(value) for name, value in found.items()} == {
            name: type(value) for name, value in sample.items()
        }


def test_no_sentence_can_hold_the_buyers_name_or_address(tmp_path: Path):
    document = with_address(
        name="Marked Name", address1="Marked Street", city="Marked City", postalCode="99999-9999"
    )
    tested = facts_of(document)

    public = {
        name: value for name, value in tested.order.items() if name not in ("city", "postal_code")
    }

    assert "Marked" not in repr(public)
    assert "99999" not in repr(public)
