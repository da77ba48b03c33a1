"""The value tables that are shipped."""

import pytest

from domain.errors import ShipNodeClosed, UnmappedValue
from mappings.loader import load_mappings
from mappings.tables import Site

TABLES = load_mappings()


def test_a_ship_node_has_a_site():
    assert TABLES.ship_nodes.site("10002") == Site(facility="A01", warehouse="002")


def test_a_closed_ship_node_has_a_cause_of_its_own():
    with pytest.raises(ShipNodeClosed) as caught:
        TABLES.ship_nodes.site("10003")

    assert caught.value.cause == "SHIP_NODE_CLOSED"
    assert not caught.value.retryable


def test_an_unknown_ship_node_names_table_value_and_file():
    with pytest.raises(UnmappedValue) as caught:
        TABLES.ship_nodes.site("99999")

    assert caught.value.cause == "UNMAPPED_SHIP_NODES"
    assert "mappings/tables/ship_nodes.yaml" in caught.value.mend
    assert "'99999'" in str(caught.value)


def test_another_carrier_has_a_tracking_url():
    assert TABLES.carriers.tracking_url("LTL", "A&1").endswith("pro=A%261")
    assert TABLES.carriers.tracking_url("UPS", "1Z999") == ""
    with pytest.raises(UnmappedValue):
        TABLES.carriers.tracking_url("DHL", "1")


def test_blanks_around_a_key_do_not_matter():
    assert TABLES.tables["units"].cell(" EACH ", "") == "EA"


@pytest.mark.parametrize(
    "method", ["Standard", "Express", "OneDay", "Freight", "WhiteGlove", "Value"]
)
def test_every_walmart_method_has_a_delivery_method_with_a_carrier(method):
    code = TABLES.tables["delivery_methods"].cell(method, "")

    assert code in TABLES.carriers.table.rows
