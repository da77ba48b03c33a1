"""An editor changes one field and leaves the rest of the file as its author wrote it."""

import shutil
from pathlib import Path

import pytest

from mappings.document import MappingDocument
from mappings.loader import SHIPPED, load_mappings

CONTENT = """\
# Head of the file.
target: OIS100MI/AddBatchHead

fields:
  # First things first.
  CUNO: {from: facts.customer_number}  # whom
  'ORTP': {from: "pair.order_type"}

  # The key we search by.
  CUOR: {from: order.purchaseOrderId, convert: [text, {cut: 20}]}
  YREF:
    # in block style
    from: order.shippingInfo.postalAddress.name
    convert: [text, {cut_at_word: 30}]  # whole words
  TEPY: {const: "030"}
# The end.
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "order_head.yaml"
    path.write_text(CONTENT, encoding="utf-8")
    return path


def test_a_file_that_is_saved_unchanged_stays_the_same(path):
    MappingDocument(path).save()

    assert path.read_text(encoding="utf-8") == CONTENT


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_file_survives_an_editor(tmp_path, file):
    copy = Path(shutil.copy(file, tmp_path))

    MappingDocument(copy).save()

    assert copy.read_text(encoding="utf-8") == file.read_text(encoding="utf-8")


def test_a_changed_field_keeps_place_comment_and_quotes(path):
    document = MappingDocument(path)

    document.set_field("CUNO", {"const": "WALMART"})
    document.set_field("TEPY", {"const": "030", "when": {"from": "order.mart", "is": "US"}})
    document.set_field("YREF", {"from": "order.buyerId", "convert": ["text", {"cut_at_word": 30}]})
    document.save()

    changed = path.read_text(encoding="utf-8").splitlines()
    before = CONTENT.splitlines()
    assert [(old, new) for old, new in zip(before, changed, strict=True) if old != new] == [
        (
            "  CUNO: {from: facts.customer_number}  # whom",
            "  CUNO: {const: WALMART}               # whom",
        ),
        (
            "    from: order.shippingInfo.postalAddress.name",
            "    from: order.buyerId",
        ),
        (
            '  TEPY: {const: "030"}',
            '  TEPY: {const: "030", when: {from: order.mart, is: US}}',
        ),
    ]


def test_a_new_field_comes_last_and_texts_that_look_like_numbers_are_quoted(path):
    document = MappingDocument(path)

    document.set_field("OPRI", {"const": "5"})
    document.save()

    assert '  OPRI: {const: "5"}\n' in path.read_text(encoding="utf-8")
    assert list(MappingDocument(path).fields()) == ["CUNO", "ORTP", "CUOR", "YREF", "TEPY", "OPRI"]


def test_a_removed_field_takes_only_its_own_comments_along(path):
    document = MappingDocument(path)

    document.remove_field("ORTP")
    document.save()

    assert path.read_text(encoding="utf-8") == CONTENT.replace(
        "  'ORTP': {from: \"pair.order_type\"}\n", ""
    )
    with pytest.raises(KeyError):
        document.remove_field("ORTP")


def test_fields_are_read_as_plain_values(path):
    document = MappingDocument(path)

    assert document.target == "OIS100MI/AddBatchHead"
    assert document.fields()["CUOR"] == {
        "from": "order.purchaseOrderId",
        "convert": ["text", {"cut": 20}],
    }


def test_an_override_is_written_field_by_field_and_loads(tmp_path):
    path = tmp_path / "order_head.yaml"
    path.write_text("# Overrides of acme.\n", encoding="utf-8")
    document = MappingDocument(path)

    document.set_field("NREF", None)
    document.set_field("OREF", {"from": "order.customerOrderId"})
    document.save()

    assert path.read_text(encoding="utf-8") == (
        "# Overrides of acme.\nfields:\n  NREF: null\n  OREF: {from: order.customerOrderId}\n"
    )
    names = load_mappings(overrides=tmp_path)["order_head"].field_names
    assert "OREF" in names
    assert "NREF" not in names
