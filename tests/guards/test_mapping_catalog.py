"""The shipped mappings, the catalogue and the code agree."""

from dataclasses import fields

import pytest

from domain.pairs import Pair
from mappings.catalog import LINE_RECORDS, RECORDS, Kind, load_catalog
from mappings.converters import CONVERTERS
from mappings.inventory_files import INVENTORY
from mappings.loader import OPTIONAL, RECOGNIZED_BY, SHIPPED, load_mappings
from mappings.rule_files import VALIDATION
from mappings.rules import RULE_KEYS

CATALOG = load_catalog()


def test_every_shipped_mapping_loads():
    mappings = load_mappings()

    assert set(mappings.records) == set(RECORDS)
    assert {path.stem for path in SHIPPED.glob("*.yaml")} == {*RECORDS, VALIDATION, INVENTORY}


@pytest.mark.parametrize("record", sorted(RECORDS))
def test_every_field_used_is_in_the_catalogue_and_every_mandatory_one_is_filled(record):
    target = CATALOG.targets[RECORDS[record]]
    used = set(load_mappings()[record].field_names)

    assert used <= set(target.fields)
    assert {field.name for field in target.fields.values() if field.mandatory} <= used


def test_the_catalogue_has_no_record_nobody_fills():
    assert set(CATALOG.targets) == set(RECORDS.values())


def test_names_of_mappings_in_the_code_exist():
    assert set(RECORDS) >= LINE_RECORDS | OPTIONAL | set(RECOGNIZED_BY)
    for path in CATALOG.sources.values():
        assert path.known_in is None or path.known_in <= set(RECORDS), path.path


def test_every_m3_field_has_a_type_a_length_and_a_label():
    for target in CATALOG.targets.values():
        if target.is_m3:
            for field in target.fields.values():
                assert field.type in ("A", "N", "D"), field
                assert field.length
                assert field.label


def test_every_setting_a_mapping_may_read_is_a_setting_of_the_pair():
    known = {field.name for field in fields(Pair)}

    for path in CATALOG.sources.values():
        if path.root == "pair":
            assert path.keys[0] in known, path.path


def test_every_kind_of_value_can_reach_a_field():
    accepted = {
        kind
        for target in CATALOG.targets.values()
        for field in target.fields.values()
        for kind in field.accepts
    }
    converted = {
        kind
        for converter in CONVERTERS.values()
        for kind in converter.accepts
        if converter.gives in accepted
    }

    assert accepted | converted == set(Kind)


def test_every_table_says_what_it_is_for():
    for path in (SHIPPED / "tables").glob("*.yaml"):
        header = [line for line in path.read_text(encoding="utf-8").splitlines() if line[:1] == "#"]
        text = " ".join(header)
        assert "->" in header[0], path.name
        assert "Owner:" in text, path.name
        assert "Source:" in text, path.name
        assert "missing here" in text, path.name


def test_the_guide_names_every_part_of_the_language():
    guide = (SHIPPED / "README.md").read_text(encoding="utf-8")

    for word in (*RULE_KEYS, *CONVERTERS, *RECORDS, "is_not", "present"):
        assert f"`{word}" in guide, word
    for path in (SHIPPED / "tables").glob("*.yaml"):
        assert f"`{path.stem}`" in guide, path.stem
