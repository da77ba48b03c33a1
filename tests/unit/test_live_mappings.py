"""A changed table or rule takes effect by itself; a wrong one changes nothing and is told of."""

from pathlib import Path

import pytest
import structlog

from mappings.live import LiveMappings
from mappings.problems import MappingError
from tests.mapping_samples import write_overrides

UNITS = "tables/units.yaml"


def units(mappings: LiveMappings) -> set[str]:
    return set(mappings.current.tables["units"].rows)


def test_changed_table_takes_effect_with_the_next_order(tmp_path: Path):
    mappings = LiveMappings(write_overrides(tmp_path, {UNITS: "BOX: BX"}))
    before = units(mappings)

    write_overrides(tmp_path, {UNITS: "CASE: CS2"})
    later = units(mappings)

    assert before == {"EACH", "EA", "BOX"}
    assert later == {"EACH", "EA", "CASE"}


@pytest.mark.parametrize("name", ["validation.yaml", "order_head.yaml", UNITS])
def test_files_that_come_and_go_are_noticed(tmp_path: Path, name: str):
    contents = {
        "validation.yaml": "NO_PRICE_IN_M3: {off: true}",
        "order_head.yaml": 'fields: {TEPY: {const: "030"}}',
        UNITS: "BOX: BX",
    }
    mappings = LiveMappings(tmp_path)
    shipped = mappings.current

    write_overrides(tmp_path, {name: contents[name]})
    changed = mappings.current
    (tmp_path / name).unlink()

    assert changed is not shipped
    assert units(mappings) == {"EACH", "EA"}
    assert mappings.current is not changed


def test_nothing_is_read_again_while_nothing_changes(tmp_path: Path):
    mappings = LiveMappings(write_overrides(tmp_path, {UNITS: "BOX: BX"}))
    before = mappings.current

    assert mappings.current is before


def test_wrong_change_leaves_the_old_set_in_force_and_is_told_once(tmp_path: Path):
    mappings = LiveMappings(write_overrides(tmp_path, {UNITS: "BOX: BX"}))
    before = mappings.current

    write_overrides(tmp_path, {UNITS: "BOX: [1]", "validation.yaml": "UNKNOWN_SKU: {off: true}"})
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            assert mappings.current is before

    assert [entry["event"] for entry in logs] == ["changed_mappings_refused"]
    assert "units.yaml:1" in mappings.problem
    assert "validation.yaml:1" in mappings.problem


def test_mended_change_is_taken(tmp_path: Path):
    mappings = LiveMappings(write_overrides(tmp_path, {UNITS: "BOX: BX"}))
    write_overrides(tmp_path, {UNITS: "BOX: [1]"})
    units(mappings)

    write_overrides(tmp_path, {UNITS: "CASE: CS2"})

    assert units(mappings) == {"EACH", "EA", "CASE"}
    assert mappings.problem == ""


def test_start_with_a_mistake_is_refused(tmp_path: Path):
    with pytest.raises(MappingError):
        LiveMappings(write_overrides(tmp_path, {UNITS: "BOX: [1]"}))


def test_pair_without_a_folder_has_the_shipped_mappings():
    mappings = LiveMappings(None)
    before = mappings.current

    assert mappings.current is before
