"""The simulated Walmart's orders in trouble, looked at by the rules a pair has at first."""

from datetime import UTC, datetime

import pytest

from activities.validation import check_and_draft
from domain.attention import Severity
from simulators.walmart.generator import generate
from simulators.walmart.troubles import TROUBLES
from tests.services import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

# What is found before anything is written to M3. The other troubles come later.
FOUND = {
    "ghost_sku": {"UNKNOWN_SKU"},
    "two_ghost_skus": {"UNKNOWN_SKU"},
    "inactive_item": {"ITEM_INACTIVE"},
    "item_not_saleable": {"ITEM_NOT_SALEABLE"},
    "price_below_m3": {"UNIT_PRICE_BELOW_M3"},
    "price_above_m3": {"UNIT_PRICE_ABOVE_M3"},
    "value_above_limit": {"ORDER_VALUE_ABOVE_LIMIT"},
    "quantity_above_limit": {"QUANTITY_ABOVE_LIMIT"},
    "total_differs": {"TOTAL_DIFFERS"},
    "currency_cad": {"CURRENCY_DIFFERS"},
    "ship_by_past": {"SHIP_BY_PASSED_AT_ENTRY"},
    "address_without_city": {"ADDRESS_INCOMPLETE"},
    "zip_of_another_state": {"ZIP_NOT_IN_STATE"},
    "address_too_long": {"FIELD_DOES_NOT_FIT"},
    "duplicate_order": {"DUPLICATE_ORDER"},
    "unmapped_ship_node": {"UNMAPPED_SHIP_NODES"},
    "closed_ship_node": {"SHIP_NODE_CLOSED"},
    "unmapped_delivery_method": {"UNMAPPED_DELIVERY_METHODS"},
}


async def test_every_trouble_of_an_order_itself_is_found_and_nothing_else(shop: Shop):
    now = int(datetime.now(UTC).timestamp() * 1000)
    found: dict[str, set[str]] = {}
    for order in generate(
        count=2 * len(TROUBLES), mix="troubles", seed=5, first_number=1, ordered_at_ms=now
    ):
        placed = shop.account.place(order.document, expected=order.expected)
        fetched = await shop.services.fetch(placed.purchase_order_id)
        findings = await check_and_draft(shop.services, fetched, shop.entry, item_numbers={})
        grave = {each.code for each in findings if each.severity is not Severity.NOTE}
        found[order.trouble] = found.get(order.trouble, set()) | grave

    assert {trouble: codes for trouble, codes in found.items() if codes} == FOUND
