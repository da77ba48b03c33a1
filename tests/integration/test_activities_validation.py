"""activities/validation.py: what is found about an order before anything is written to M3."""

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from activities.orders import DraftOrderInput, OrderActivities
from activities.validation import check_and_draft, redraft
from domain.attention import Finding, Severity
from domain.errors import InvalidOrder, Unavailable
from domain.orders import OrderRef
from mappings.live import LiveMappings
from mappings.orders import OrderDraft
from simulators.m3.records import Item
from simulators.walmart.generator import NEEDS_ATTENTION, generate
from tests.mapping_samples import write_overrides
from tests.services import BATCH, BATCH_PER_BUYER, DIRECT, PAIR, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADDRESS = {
    "name": "Marked Name",
    "address1": "77 Marked Street",
    "city": "Springfield",
    "state": "IL",
    "postalCode": "62701",
    "country": "USA",
}


async def check(shop: Shop, ref: OrderRef, **item_numbers: str) -> tuple[Finding, ...]:
    """Test an order as it is at Walmart now."""
    order = await shop.services.fetch(ref.purchase_order_id)
    by_sku = {sku.replace("_", "-"): item for sku, item in item_numbers.items()}
    return await check_and_draft(shop.services, order, shop.entry, item_numbers=by_sku)


async def grave(shop: Shop, ref: OrderRef, **item_numbers: str) -> list[tuple[str, Severity]]:
    """Return code and severity of what does not let the order go on by itself."""
    return [
        (finding.code, finding.severity)
        for finding in await check(shop, ref, **item_numbers)
        if finding.severity is not Severity.NOTE
    ]


async def draft_of(shop: Shop, ref: OrderRef) -> OrderDraft | None:
    """Return the draft in the ledger."""
    draft = await shop.services.ledger.order_draft(PAIR, ref.purchase_order_id)
    return None if draft is None else OrderDraft.from_json(draft)


def use_rules(shop: Shop, folder: Path, content: str) -> None:
    """Let the pair have rules of its own."""
    overrides = write_overrides(folder, {"validation.yaml": content})
    shop.services = dataclasses.replace(shop.services, live_mappings=LiveMappings(overrides))


@pytest.mark.parametrize("entry", [BATCH, BATCH_PER_BUYER, DIRECT])
async def test_order_that_fits_is_drafted(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2), ("TOASTER-02", 1))

    assert await grave(shop, ref) == []
    draft = await draft_of(shop, ref)
    assert draft is not None
    assert [line.record["ITNO"] for line in draft.lines] == ["KETTLE-01", "TOASTER-02"]


@pytest.mark.parametrize("entry", [BATCH, DIRECT])
async def test_mixed_orders_wait_for_nobody_but_the_ghost(shop: Shop):
    now = int(datetime.now(UTC).timestamp() * 1000)
    orders = generate(count=50, mix="mixed", seed=3, first_number=1, ordered_at_ms=now)
    for order in orders:
        placed = shop.account.place(order.document, expected=order.expected)
        ref = OrderRef(pair=PAIR, purchase_order_id=placed.purchase_order_id)
        if (await shop.services.fetch(ref.purchase_order_id)).skip_reason:
            continue
        ghost = [("UNKNOWN_SKU", Severity.BLOCK)] if order.expected == NEEDS_ATTENTION else []
        assert await grave(shop, ref) == ghost


async def test_everything_wrong_is_found_together_and_nothing_is_drafted(shop: Shop):
    ref = shop.place(
        ("WM-GHOST-01", 2),
        ("CHAIR-10", 101),
        ("WM-GHOST-02", 1),
        shipNode={"id": "10009"},
        shippingInfo={"methodCode": "Drone", "postalAddress": ADDRESS | {"city": None}},
    )

    found = await check(shop, ref)

    assert [(each.code, each.line_number) for each in found if each.severity is Severity.BLOCK] == [
        ("UNKNOWN_SKU", "1"),
        ("UNKNOWN_SKU", "3"),
        ("ITEM_INACTIVE", "2"),
        ("ADDRESS_INCOMPLETE", ""),
        ("UNMAPPED_SHIP_NODES", ""),
        ("UNMAPPED_DELIVERY_METHODS", ""),
    ]
    assert "QUANTITY_ABOVE_LIMIT" in [each.code for each in found]
    assert await draft_of(shop, ref) is None
    assert all(each.mend for each in found if each.severity is not Severity.NOTE)


async def test_findings_hold_nothing_of_the_buyer(shop: Shop):
    ref = shop.place(
        ("WM-GHOST-01", 1),
        customerEmailId="marked@relay.walmart.com",
        shippingInfo={
            "phone": "5559998877",
            "postalAddress": ADDRESS | {"address1": "Marked Street " * 12, "postalCode": "99501"},
        },
    )

    found = repr(await check(shop, ref))

    assert "ZIP_NOT_IN_STATE" in found
    assert "FIELD_DOES_NOT_FIT" in found
    for marked in ("Marked", "marked", "5559998877", "99501", "Springfield"):
        assert marked not in found


async def test_held_order_is_drafted_so_that_an_approval_lets_it_go_on(shop: Shop):
    ref = shop.place(("TOASTER-02", 101))

    assert await grave(shop, ref) == [("QUANTITY_ABOVE_LIMIT", Severity.HOLD)]
    assert await draft_of(shop, ref) is not None


async def test_sku_a_person_has_mapped_is_entered_as_that_item(shop: Shop):
    ref = shop.place(("WM-GHOST-01", 1))

    assert await grave(shop, ref) == [("UNKNOWN_SKU", Severity.BLOCK)]
    assert ("UNKNOWN_SKU", Severity.BLOCK) not in await grave(shop, ref, WM_GHOST_01="TOASTER-01")
    draft = await draft_of(shop, ref)

    assert draft is not None
    assert draft.lines[0].record["ITNO"] == "TOASTER-01"


async def test_sku_mapped_to_an_item_m3_lacks_stays_unknown(shop: Shop):
    ref = shop.place(("WM-GHOST-01", 1))

    [found, *_] = await check(shop, ref, WM_GHOST_01="NOWHERE-01")

    assert found.sentence == "M3 has no item for SKU WM-GHOST-01 (NOWHERE-01)"


async def test_alias_added_in_m3_heals_the_order(shop: Shop):
    ref = shop.place(("WM-GHOST-01", 1))
    assert ("UNKNOWN_SKU", Severity.BLOCK) in await grave(shop, ref)

    await shop.m3("MMS025MI.AddAlias", ALWT="2", POPN="WM-GHOST-01", ITNO="TOASTER-01")

    assert ("UNKNOWN_SKU", Severity.BLOCK) not in await grave(shop, ref)


def change_item(shop: Shop, number: str, **changes: Any) -> Item:
    """Let a person change an item in MMS001."""
    item = dataclasses.replace(shop.tenant.items[number], **changes)
    shop.tenant.items[number] = item
    return item


async def test_item_activated_in_m3_heals_the_order(shop: Shop):
    change_item(shop, "TOASTER-02", status="90", saleable=False)
    ref = shop.place(("TOASTER-02", 1))
    before = await grave(shop, ref)

    change_item(shop, "TOASTER-02", status="20", saleable=True)

    assert before == [("ITEM_INACTIVE", Severity.BLOCK), ("ITEM_NOT_SALEABLE", Severity.BLOCK)]
    assert await grave(shop, ref) == []


async def test_price_changed_in_m3_heals_the_order(shop: Shop):
    price = shop.tenant.items["TOASTER-02"].price
    change_item(shop, "TOASTER-02", price=price * 2)
    ref = shop.place(("TOASTER-02", 1))
    before = await grave(shop, ref)

    change_item(shop, "TOASTER-02", price=price)

    assert before == [("UNIT_PRICE_BELOW_M3", Severity.HOLD)]
    assert await grave(shop, ref) == []


async def test_order_in_canadian_dollars_is_converted_by_m3s_rate(shop: Shop, tmp_path: Path):
    use_rules(shop, tmp_path, "CURRENCY_DIFFERS: {convert: true}")
    price = {
        "chargeType": "PRODUCT",
        "chargeName": "ItemPrice",
        "chargeAmount": {"currency": "CAD", "amount": 47.00},
        "tax": None,
    }
    line = {"item": {"sku": "TOASTER-02"}, "charges": {"charge": [price]}}
    ref = shop.place(orderLines={"orderLine": [line]})

    found = await check(shop, ref)
    draft = await draft_of(shop, ref)

    assert "CURRENCY_CONVERTED" in {finding.code for finding in found}
    assert {finding.severity for finding in found} == {Severity.NOTE}
    assert draft is not None
    rates = shop.tenant.rates["CAD", 1]
    rate = rates[max(rates)]
    assert Decimal(draft.lines[0].record["SAPR"]) == round(Decimal(47) * rate, 4)
    assert draft.head.fields["CUCD"] == "USD"


async def test_second_customer_order_for_the_same_is_held(shop: Shop):
    same: dict[str, Any] = {"shippingInfo": {"postalAddress": ADDRESS}}
    first = shop.place(("TOASTER-02", 1), customerOrderId="A1", **same)
    part = shop.place(("TOASTER-02", 1), customerOrderId="A1", **same)
    second = shop.place(("TOASTER-02", 1), customerOrderId="A2", **same)

    assert await grave(shop, first) == []
    assert await grave(shop, part) == []
    [found, *_] = await check(shop, second)

    assert found.code == "DUPLICATE_ORDER"
    assert first.purchase_order_id in found.sentence
    assert second.purchase_order_id not in found.sentence


async def test_same_order_after_the_window_is_no_duplicate(shop: Shop):
    same: dict[str, Any] = {"shippingInfo": {"postalAddress": ADDRESS}}
    long_ago = datetime.now(UTC) - timedelta(hours=25)
    first = shop.place(
        ("TOASTER-02", 1), customerOrderId="A1", orderDate=int(long_ago.timestamp() * 1000), **same
    )
    second = shop.place(("TOASTER-02", 1), customerOrderId="A2", **same)

    await check(shop, first)

    assert await grave(shop, second) == []


async def test_mapping_that_fails_only_without_its_rule_still_blocks(shop: Shop, tmp_path: Path):
    use_rules(shop, tmp_path, "ADDRESS_INCOMPLETE: {off: true}")
    ref = shop.place(
        ("TOASTER-02", 1), shippingInfo={"postalAddress": ADDRESS | {"address1": None}}
    )

    assert await grave(shop, ref) == [("FIELD_DOES_NOT_FIT", Severity.BLOCK)]


async def test_outage_is_no_finding(shop: Shop):
    ref = shop.place(("TOASTER-02", 1))
    await shop.services.fetch(ref.purchase_order_id)
    shop.lose_answer("MMS200MI.Get", count=9)

    with pytest.raises(Unavailable):
        await check(shop, ref)


async def test_redraft_uses_what_a_person_said_and_refuses_what_is_unknown(shop: Shop):
    ref = shop.place(("WM-GHOST-01", 1))
    order = await shop.services.fetch(ref.purchase_order_id)

    with pytest.raises(InvalidOrder, match="WM-GHOST-01"):
        await redraft(shop.services, order, shop.entry, item_numbers={})
    draft = await redraft(
        shop.services, order, shop.entry, item_numbers={"WM-GHOST-01": "TOASTER-01"}
    )

    assert draft.lines[0].record["ITNO"] == "TOASTER-01"
    assert await draft_of(shop, ref) == draft


async def test_findings_reach_the_workflow(shop: Shop):
    ref = shop.place(("WM-GHOST-01", 1))
    await shop.run(OrderActivities.fetch_walmart_order, ref, local=True)

    drafted = await shop.run(
        OrderActivities.draft_m3_order, DraftOrderInput(ref=ref, order_entry=shop.entry), local=True
    )

    assert drafted.findings[0].code == "UNKNOWN_SKU"
