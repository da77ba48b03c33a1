"""Every kind of mistake in a mapping file stops the start with file, line and mend."""

import pytest

from mappings.loader import load_mappings
from mappings.problems import MappingError
from tests.mapping_samples import problems_of, write_overrides

HEAD, LINE, ADDRESS = "order_head.yaml", "order_line.yaml", "order_address.yaml"


def one_field(rule: str) -> str:
    """Return an override whose rule stands on line 3."""
    return f"# why\nfields:\n  {rule}\n"


@pytest.mark.parametrize(
    ("file", "rule", "expected"),
    [
        (
            HEAD,
            "CUNQ: {const: A}",
            "OIS100MI/AddBatchHead has no field CUNQ; mend: did you mean CUNO?",
        ),
        (
            HEAD,
            "YREF: {from: order.purchaseOrderID}",
            "order.purchaseOrderID is no path of the catalogue; "
            "mend: did you mean order.purchaseOrderId?",
        ),
        (
            HEAD,
            "YREF: {from: line.lineNumber}",
            "line.lineNumber is not known in order_head; "
            "mend: use it in order_line, order_line_direct, shipping_line, or take another path",
        ),
        (
            HEAD,
            "YREF: {from: facts.item_number}",
            "facts.item_number is not known in order_head; "
            "mend: use it in order_line, order_line_direct, or take another path",
        ),
        (
            HEAD,
            "YREF: {from: order.customerOrderId, convert: uper}",
            "there is no converter uper; mend: did you mean upper?",
        ),
        (
            HEAD,
            "YREF: {from: order.customerOrderId, convert: cut}",
            "cut takes a length; mend: write {cut: 36}",
        ),
        (
            HEAD,
            "YREF: {from: order.customerOrderId, convert: {upper: 3}}",
            "upper takes no argument; mend: write convert: upper",
        ),
        (
            HEAD,
            "YREF: {from: order.customerOrderId, convert: {prefix: 3}}",
            'prefix takes a text; mend: write {prefix: "..."}',
        ),
        (
            HEAD,
            "YREF: {from: order.customerOrderId, convert: date_in_pair_time_zone}",
            "date_in_pair_time_zone converts moment, not a text; "
            "mend: change the order of the converters, or take another",
        ),
        (
            HEAD,
            "ORDT: {from: order.orderDate}",
            "ORDT takes a date, not a moment; "
            "mend: add convert: date_in_pair_time_zone or epoch_milliseconds",
        ),
        (
            HEAD,
            "OTBA: {from: facts.tax_amount}",
            "OTBA takes text, not a number; mend: add convert: m3_number",
        ),
        (
            HEAD,
            "YREF: {from: [order.customerOrderId, order.purchaseOrderId]}",
            'YREF takes text, not a list of texts; mend: add convert: {join: " "}',
        ),
        (
            HEAD,
            "YREF: {from: [order.customerOrderId, order.orderDate], convert: {join: ' '}}",
            "order.orderDate is a moment and cannot be joined; mend: take paths of text",
        ),
        (
            HEAD,
            "TEPY: {const: N030}",
            "'N030' has 4 characters, TEPY takes 3; mend: shorten it",
        ),
        (HEAD, "TEPY: {const: 030}", 'TEPY takes no 30; mend: write "30" in quotes'),
        (HEAD, 'OPRI: {const: "h"}', "OPRI takes a number; mend: write digits in quotes"),
        (HEAD, 'ORDT: {const: "tomorrow"}', 'ORDT takes a date; mend: write "yyyymmdd"'),
        (
            HEAD,
            "TEPY: {from: order.mart, default: N030}",
            "'N030' has 4 characters, TEPY takes 3; mend: shorten it",
        ),
        (
            HEAD,
            "TEPY: {from: pair.customer_number}",
            "up to 10 characters may arrive, TEPY takes 3; mend: add convert: {cut: 3}",
        ),
        (
            ADDRESS,
            "CUNM: {from: order.shippingInfo.postalAddress.name, convert: {cut: 40}}",
            "up to 40 characters may arrive, CUNM takes 36; mend: add convert: {cut: 36}",
        ),
        (
            HEAD,
            "MODL: {table: delivery_method, key: order.shippingInfo.methodCode}",
            "no table 'delivery_method'; mend: did you mean delivery_methods?",
        ),
        (
            HEAD,
            "MODL: {table: delivery_methods}",
            "table without key; mend: add key: a path",
        ),
        (
            HEAD,
            "FACI: {table: ship_nodes, key: order.shipNode.id, value: facilty}",
            "table ship_nodes has no column 'facilty'; mend: did you mean facility?",
        ),
        (
            HEAD,
            "FACI: {table: ship_nodes, key: order.shipNode.id}",
            "table ship_nodes has several columns; add value; "
            "mend: use one of closed, facility, warehouse",
        ),
        (
            HEAD,
            "YREF: {from: order.customerOrderId, key: order.orderType}",
            "key without table; mend: add table, or remove key",
        ),
        (HEAD, "YREF: {form: order.x}", "a rule has no form; mend: did you mean from?"),
        (
            HEAD,
            "YREF: {from: order.mart, const: A}",
            "the rule has from and const; mend: keep one of from, const, table, expression",
        ),
        (
            HEAD,
            "YREF: {convert: text}",
            "the rule has no source; mend: keep one of from, const, table, expression",
        ),
        (HEAD, "YREF: order.mart", "is no mapping; mend: write `key: value` lines"),
        (
            HEAD,
            "YREF: {expression: 'order.('}",
            "the expression is no JSONata: Parse error: S0207: Unexpected end of expression; "
            "mend: try it on a sample order with a JSONata tool",
        ),
        (
            HEAD,
            "YREF: {const: A, when: {from: order.orderType, equals: REGULAR}}",
            "a condition has from and one of is, is_not, present; "
            "mend: for example when: {from: order.orderType, is: REPLACEMENT}",
        ),
        (
            HEAD,
            "YREF: {const: A, when: {from: order.ordertype, is: REGULAR}}",
            "order.ordertype is no path of the catalogue; mend: did you mean order.orderType?",
        ),
        (
            HEAD,
            "YREF: {from: order.mart, default: {from: order.orderDate}}",
            "order.orderDate cannot be a default; mend: take a path of text",
        ),
        (
            HEAD,
            "CUNO: {from: pair.customer_number}",
            "CUNO is mandatory and pair.customer_number may be absent; mend: add default",
        ),
        (
            HEAD,
            "CUNO: {const: WALMART, when: {from: order.orderType, is: REGULAR}}",
            "CUNO is mandatory and its rule has a condition; mend: add default",
        ),
        (
            HEAD,
            "CUNO: null",
            "OIS100MI/AddBatchHead needs CUNO (Customer); mend: add CUNO: {from: ...} under fields",
        ),
        (
            HEAD,
            "YREF: {from: facts.customer_number, convert: text}",
            "facts.customer_number is known only while the order is entered, and fills CUNO alone; "
            "mend: CUNO: {from: facts.customer_number}",
        ),
        (
            LINE,
            "ITDS: {const: A, when: {from: facts.batch_order_number, present: true}}",
            "facts.batch_order_number is known only while the order is entered, and fills "
            "ORNO alone; mend: ORNO: {from: facts.batch_order_number}",
        ),
        (
            HEAD,
            "CUOR: {from: order.customerOrderId}",
            "the service recognizes what it wrote by CUOR, which must take order.purchaseOrderId; "
            "mend: CUOR: {from: order.purchaseOrderId, ...} as in the shipped mapping",
        ),
        (
            LINE,
            "CUPO: null",
            "the service recognizes what it wrote by CUPO, which must take line.lineNumber; "
            "mend: CUPO: {from: line.lineNumber, ...} as in the shipped mapping",
        ),
        (
            HEAD,
            "RLDT: null",
            "order_head has no field RLDT to remove; mend: delete this line",
        ),
        (
            "shipping_line.yaml",
            "status: {const: Delivered}",
            "status takes no 'Delivered'; mend: use one of Shipped",
        ),
        (
            "shipping_line.yaml",
            'intentToCancelOverride: {const: "yes"}',
            "intentToCancelOverride takes no 'yes'; mend: write a bool",
        ),
    ],
)
def test_a_mistake_in_a_rule_names_file_line_and_mend(tmp_path, file, rule, expected):
    problems = problems_of(tmp_path, {file: one_field(rule)})

    # What is missing altogether has no line of its own: it is missing under `fields`.
    line = 2 if rule.endswith("null") and "to remove" not in expected else 3
    assert problems == [f"{file}:{line}: {expected}"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "target: OIS100MI/AddBatchHead\nfeilds: {}\n",
            "order_head.yaml:2: a mapping file has no feilds; mend: did you mean fields?",
        ),
        (
            "target: OIS100MI/AddOrderHead\n",
            "order_head.yaml:1: order_head must fill OIS100MI/AddBatchHead; "
            "mend: target: OIS100MI/AddBatchHead",
        ),
        (
            "when: {from: order.orderType, is: REGULAR}\n",
            "order_head.yaml:1: order_head is always needed and takes no condition; "
            "mend: remove when",
        ),
        (
            "fields:\n  YREF: [1\n  NREF: 2\n",
            "order_head.yaml:3: expected ',' or ']', but got ':'; "
            "mend: correct the YAML of this line",
        ),
        (
            "fields:\n  YREF: {const: A}\n  YREF: {const: B}\n",
            "order_head.yaml:3: found duplicate key \"YREF\" with value \"{'const': 'B'}\" "
            "(original value: \"{'const': 'A'}\"); mend: correct the YAML of this line",
        ),
        (
            "fields: CUNO\n",
            "order_head.yaml:1: is no mapping; mend: write `key: value` lines",
        ),
        ("", "order_head.yaml:1: is empty; mend: write `key: value` lines"),
    ],
)
def test_a_mistake_in_a_file_names_file_line_and_mend(tmp_path, content, expected):
    assert problems_of(tmp_path, {"order_head.yaml": content}) == [expected]


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        (
            "ship_nodes.yaml",
            '"10009": {facility: A01}\n',
            "ship node '10009' has no warehouse; "
            'mend: add warehouse: "..." or write {closed: true}',
        ),
        (
            "ship_nodes.yaml",
            '"10009": {facility: A01, warehouse: 001}\n',
            "the value of warehouse is not text; a number loses its leading zeros; "
            'mend: write it in quotes: "1"',
        ),
        (
            "ship_nodes.yaml",
            '"10009": {facility: A01, warehouse: "0001"}\n',
            "warehouse '0001' is longer than 3 characters; mend: use M3's code",
        ),
        (
            "ship_nodes.yaml",
            '"10009": {facility: A01, warehouse: "001", open: true}\n',
            "table ship_nodes has no column 'open'; mend: use one of closed, facility, warehouse",
        ),
        (
            "ship_nodes.yaml",
            '10009: {facility: A01, warehouse: "001"}\n',
            'the key 10009 is not text; mend: write it in quotes: "10009"',
        ),
        (
            "ship_nodes.yaml",
            '"10009": null\n',
            "table ship_nodes has no row '10009' to remove; mend: delete this line",
        ),
        (
            "carriers.yaml",
            "UPS: {carrier: Ups}\n",
            "Walmart has no carrier 'Ups'; mend: did you mean UPS? Or write other and tracking_url",
        ),
        (
            "carriers.yaml",
            "LTL: {other: Old Dominion}\n",
            "Walmart asks for a tracking URL when the carrier is another; "
            'mend: add tracking_url: "https://.../{tracking_number}"',
        ),
        (
            "carriers.yaml",
            "LTL: {carrier: UPS, other: UPS, tracking_url: 'https://x/{tracking_number}'}\n",
            "the row must have one of carrier and other; "
            "mend: carrier for one of Walmart's list, other for any name",
        ),
        (
            "delivery_methods.yaml",
            "Value: USPS\n",
            "'USPS' has 4 characters, MODL takes 3; mend: shorten it",
        ),
    ],
)
def test_a_mistake_in_a_table_names_file_line_and_mend(tmp_path, file, content, expected):
    problems = problems_of(tmp_path, {f"tables/{file}": f"# why\n{content}"})

    where = f"tables/{file}:2"
    assert f"{where}: {expected}" in problems
    assert all(problem.startswith(where) for problem in problems)


def test_all_problems_are_reported_together(tmp_path):
    problems = problems_of(
        tmp_path,
        {
            "order_head.yaml": "fields:\n  CUNQ: {const: A}\n  TEPY: {const: N030}\n",
            "order_lime.yaml": "fields: {}\n",
            "tables/units.yaml": "EACH: EACH\n",
        },
    )

    assert [problem.split(": ")[0] for problem in problems] == [
        "order_head.yaml:2",
        "order_head.yaml:3",
        "order_lime.yaml:1",
        "tables/units.yaml:1",
    ]
    assert "mend: did you mean order_line.yaml?" in problems[2]


def test_a_missing_override_folder_is_said(tmp_path):
    with pytest.raises(MappingError, match="nowhere:1: there is no such folder"):
        load_mappings(overrides=tmp_path / "nowhere")


def test_missing_files_are_named(tmp_path):
    write_overrides(tmp_path, {"tables/units.yaml": "EACH: EA\n"})

    with pytest.raises(MappingError) as caught:
        load_mappings(tmp_path)

    message = str(caught.value)
    assert "order_head.yaml:1: cannot be read" in message
    assert "tables/ship_nodes.yaml:1: the table is missing" in message
