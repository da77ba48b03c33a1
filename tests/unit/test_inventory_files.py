"""inventory.yaml: what is wrong is said when it is read, with its line and mend."""

from decimal import Decimal
from pathlib import Path

import pytest

from domain.inventory import Component
from mappings.inventory import Brake, Inventory, Reserve
from mappings.inventory_files import BRAKE_KEYS, KEYS, SAFETY_KEYS, VARIABLES
from mappings.live import LiveMappings
from mappings.loader import SHIPPED, load_mappings
from mappings.problems import MappingError
from tests.mapping_samples import problems_of, write_overrides

KIT = "how many EACH of it are in one kit, above 0"
UNITS = 'a whole number, 0 or more, or a share such as "10%"'
CODES = 'a list of M3\'s codes in quotes: ["001", "003"]'


def load(folder: Path, content: str) -> Inventory:
    return load_mappings(overrides=write_overrides(folder, {"inventory.yaml": content})).inventory


def problem_of(folder: Path, content: str) -> str:
    """Return the one problem of a pair's inventory.yaml."""
    [problem] = problems_of(folder, {"inventory.yaml": content})
    return problem


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("\ncapp: 5", "2: inventory has no capp; mend: did you mean cap?"),
        (
            "safety_stock:\n  item: {A: 1}",
            "2: safety_stock has no item; mend: did you mean items?",
        ),
        ("brake: {zero: '5%'}", "1: brake has no zero; mend: did you mean zeroed?"),
        ("cap: -1", "1: cap takes no -1; mend: write a whole number, 0 or more, or null for no"),
        ("cap: 2.5", "1: cap takes no 2.5; mend: write a whole number"),
        ("cap: true", "1: cap takes no True; mend: write a whole number"),
        ("cap: 10000000", "1: cap takes no 10000000; mend: write at most 9999999"),
        ("receipts_within_days: -1", "1: receipts_within_days takes no -1; mend: write a whole"),
        ("receipts_within_days: 400", "takes no 400; mend: write at most 365"),
        ("receipts_within_days: null", "1: receipts_within_days takes no None; mend: write a who"),
        ("safety_stock: {default: -5}", f"1: default takes no -5; mend: write {UNITS}"),
        ("safety_stock: {default: null}", f"1: default takes no None; mend: write {UNITS}"),
        ("safety_stock: {default: some}", f"1: default takes no 'some'; mend: write {UNITS}"),
        ('safety_stock: {default: "-5%"}', f"1: default takes no '-5%'; mend: write {UNITS}"),
        (
            "safety_stock:\n  items:\n    A: 1\n    B: 101%",
            "4: B: 101% is more than all; mend: write at most 100%",
        ),
        ("safety_stock:\n  item_groups: {G: [1]}", f"2: G takes no [1]; mend: write {UNITS}"),
        (
            'safety_stock:\n  warehouses: {"77": 1}',
            "2: no ship node ships from warehouse '77'; mend: use one of 001, 002",
        ),
        ("safety_stock: 5", "1: is no mapping; mend: write `key: value` lines"),
        ("safety_stock: {items: {A: null}}", "items has no 'A' to remove; mend: delete this line"),
        (
            'warehouses: {"10009": ["001"]}',
            "1: the table ship_nodes has no ship node '10009'; mend: did you mean 10003?",
        ),
        (
            'warehouses: {"10003": ["001"]}',
            "1: ship node '10003' is closed; mend: delete this line",
        ),
        (
            'warehouses: {"10001": ["002"]}',
            "1: orders of ship node '10001' ship from '001', which is not among its warehouses; "
            "mend: add it",
        ),
        ('warehouses: {"10001": []}', f"1: 10001 takes no []; mend: write {CODES}"),
        ('warehouses: {"10001": "001"}', f"1: 10001 takes no '001'; mend: write {CODES}"),
        ('warehouses: {"10001": [1]}', f"1: 10001 takes no [1]; mend: write {CODES}"),
        ('warehouses: {"10001": ["0010"]}', f"takes no ['0010']; mend: write {CODES}"),
        ('warehouses: {"10001": ["001", "001"]}', "mend: write each warehouse once"),
        ("warehouses: {10001: ['001']}", "1: the key 10001 is not text; mend: write it in quotes"),
        (
            "kits:\n  TEA-SET: {}",
            "2: kit TEA-SET has no items; mend: write ITEM: quantity, or delete it",
        ),
        ("kits:\n  TEA-SET: 5", "2: is no mapping; mend: write `key: value` lines"),
        ("kits:\n  A: {B: 1}\n  B: {C: 1}", "2: B of kit A is a kit itself; mend: write the items"),
        ("kits: {A: {A: 2}}", "1: A of kit A is a kit itself; mend: write the items of A in"),
        ("kits: {A: {B: 0}}", f"1: B takes no 0; mend: write {KIT}"),
        ("kits: {A: {B: -1}}", f"1: B takes no -1; mend: write {KIT}"),
        ("kits: {A: {B: two}}", f"1: B takes no 'two'; mend: write {KIT}"),
        ("kits: {A: {B: .nan}}", f"1: B takes no nan; mend: write {KIT}"),
        ("kits: {A: {B: .inf}}", f"1: B takes no inf; mend: write {KIT}"),
        ("kits: {A: {B: 1.0e-9}}", f"mend: write {KIT}"),
        ("kits: {A: {B: true}}", f"1: B takes no True; mend: write {KIT}"),
        ("kits: {A: null}", "1: kits has no 'A' to remove; mend: delete this line"),
        ("brake: {zeroed: 0.2}", "1: zeroed takes no 0.2; mend: write a share such as"),
        ("brake: {changed: '120%'}", "1: changed: 120% is more than all; mend: write at most 100%"),
        ("brake: {at_least: '20%'}", "1: at_least takes no '20%'; mend: write a whole number"),
        ("cap: 5\ncap: 6", "2: found duplicate key"),
    ],
)
def test_mistake_is_named_with_line_and_mend(tmp_path: Path, content: str, expected: str):
    problem = problem_of(tmp_path, content)

    assert problem.startswith("inventory.yaml:")
    assert expected in problem
    assert "; mend: " in problem


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("net -", "available is no CEL: "),
        ("net - saftey", "names saftey, which there is not; mend: did you mean safety?"),
        ("net - fetch(net)", "calls fetch, which there is not; mend: use one of "),
        ("net > 0", "gives no number for net -3, safety 0, held 0, receipts 0: False; mend: comp"),
        ("string(net)", "gives no number for net -3"),
        ('net > 100 ? "many" : net', "gives no number for net 250, safety 0, held 0, receipts 0"),
        ("net * 0.9", "cannot be worked out for net -3, safety 0, held 0, receipts 0: No such"),
        ("net / held", "for net -3, safety 0, held 0, receipts 0: division by zero"),
        ("double(net) / double(held)", "gives no number for net -3, safety 0, held 0, receipts 0"),
    ],
)
def test_formula_that_cannot_work_is_refused(tmp_path: Path, expression: str, expected: str):
    problem = problem_of(tmp_path, f"\navailable: '{expression}'")

    assert problem.startswith("inventory.yaml:2: available ")
    assert expected in problem


@pytest.mark.parametrize("content", ["available: 5", "available: null", "available: [net]"])
def test_formula_has_to_be_text(tmp_path: Path, content: str):
    assert "; mend: write an expression, such as net - safety" in problem_of(tmp_path, content)


def test_all_mistakes_come_together_with_those_of_other_files(tmp_path: Path):
    problems = problems_of(
        tmp_path,
        {
            "inventory.yaml": "available: nett\nsafety_stock: {default: -1}\nkits: {A: {}}",
            "tables/ship_nodes.yaml": '"10004": {}',
        },
    )

    assert [problem.split(" ")[0] for problem in problems] == [
        "inventory.yaml:1:",
        "inventory.yaml:2:",
        "inventory.yaml:3:",
        "tables/ship_nodes.yaml:1:",
    ]


def test_entry_missing_from_the_shipped_file_is_named(tmp_path: Path):
    for path in SHIPPED.rglob("*.yaml"):
        copy = path.relative_to(SHIPPED)
        write_overrides(tmp_path, {str(copy): path.read_text(encoding="utf-8")})
    text = (SHIPPED / "inventory.yaml").read_text(encoding="utf-8")
    write_overrides(tmp_path, {"inventory.yaml": text.replace("cap: null", "")})

    with pytest.raises(MappingError, match=r"inventory.yaml:1: inventory lacks cap; mend: restore"):
        load_mappings(tmp_path)


def test_misspelled_file_is_noticed(tmp_path: Path):
    [problem] = problems_of(tmp_path, {"inventry.yaml": "cap: 5"})

    assert problem.endswith("mend: did you mean inventory.yaml?")


def test_shipped_file_holds_nothing_back_and_limits_nothing():
    inventory = load_mappings().inventory

    assert inventory.formula.program.source == "net - safety - held + receipts"
    assert inventory.safety_stock.default == Reserve()
    assert inventory.cap is None
    assert inventory.receipts_within_days == 0
    assert (inventory.kits, inventory.warehouses) == ({}, {})
    assert inventory.brake == Brake(zeroed=Decimal(20), changed=Decimal(50), at_least=20)


def test_pair_changes_single_entries(tmp_path: Path):
    inventory = load(
        tmp_path,
        """\
safety_stock:
  default: 2
  warehouses: {"003": "2.5%"}
  item_groups: {GLASS: 10%}
  items: {KETTLE-01: 0}
cap: 500
warehouses: {"10001": ["001", "003"]}
kits:
  TEA-SET: {KETTLE-01: 1, CABLE: 0.1}
brake: {zeroed: "30%"}
""",
    )

    assert inventory.formula.program.source == "net - safety - held + receipts"
    assert inventory.safety_stock.default == Reserve(units=2)
    assert inventory.safety_stock.warehouses == {"003": Reserve(percent=Decimal("2.5"))}
    assert inventory.safety_stock.item_groups == {"GLASS": Reserve(percent=Decimal(10))}
    assert inventory.safety_stock.items == {"KETTLE-01": Reserve()}
    assert inventory.cap == 500
    assert inventory.warehouses_of("10001") == ("001", "003")
    assert inventory.kits["TEA-SET"] == (
        Component(item_number="KETTLE-01", quantity=Decimal(1)),
        Component(item_number="CABLE", quantity=Decimal("0.1")),
    )
    assert inventory.brake == Brake(zeroed=Decimal(30), changed=Decimal(50), at_least=20)


def test_ship_node_a_pair_adds_can_have_several_warehouses(tmp_path: Path):
    write_overrides(tmp_path, {"tables/ship_nodes.yaml": '"10004": {warehouse: "004"}'})

    inventory = load(tmp_path, 'warehouses: {"10004": ["004", "005"]}')

    assert inventory.warehouses_of("10004") == ("004", "005")


def test_formula_may_bind_names_of_its_own(tmp_path: Path):
    inventory = load(tmp_path, "available: 'size([net, held].filter(x, x > 1))'")

    assert inventory.formula.program.source.startswith("size(")


def test_changed_inventory_takes_effect_by_itself_and_a_wrong_one_does_not(tmp_path: Path):
    mappings = LiveMappings(write_overrides(tmp_path, {"inventory.yaml": "cap: 5"}))
    before = mappings.current.inventory.cap

    write_overrides(tmp_path, {"inventory.yaml": "cap: 70"})
    changed = mappings.current.inventory.cap
    write_overrides(tmp_path, {"inventory.yaml": "cap: -700"})
    wrong = mappings.current.inventory.cap

    assert (before, changed, wrong) == (5, 70, 70)
    assert "inventory.yaml:1: cap takes no -700" in mappings.problem


def test_guide_names_every_key_and_variable():
    guide = (SHIPPED / "README.md").read_text(encoding="utf-8")
    guide = guide[guide.index("## Stock") :]

    for name in (*KEYS, *SAFETY_KEYS, *BRAKE_KEYS, *VARIABLES):
        assert f"`{name}" in guide, name
