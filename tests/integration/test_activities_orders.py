"""activities/orders.py and invoices.py: read the order, acknowledge it, reserve its stock."""

from datetime import UTC, datetime
from typing import Any

import pytest

from activities.invoices import FindInvoicesInput, InvoiceActivities
from activities.orders import OrderActivities
from activities.shipments import ShipmentActivities
from domain.attention import Severity
from domain.errors import NotFound, NotReady, Permanent, Rejected, Transient
from domain.orders import OrderLine, OrderRef
from simulators.m3 import warehouse
from simulators.walmart.lines import order_lines
from tests.services import BATCH, DIRECT, PAIR, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINES = (("WM-KETTLE-01", 2), ("TOASTER-02", 1))
LONG_STREET = "Very Long Example Boulevard North East " * 4


async def acknowledge(shop: Shop, ref: OrderRef, *, attempt: int = 1) -> None:
    await shop.run(OrderActivities.acknowledge_walmart_order, ref, attempt=attempt)


def statuses(shop: Shop, ref: OrderRef) -> list[dict[str, int]]:
    return [line.statuses for line in shop.placed(ref).lines()]


async def test_order_is_read_and_kept(shop: Shop):
    ref = shop.place(*LINES)
    shop.lose_answer("order")

    with pytest.raises(Transient):
        await shop.run(OrderActivities.fetch_walmart_order, ref)
    fetched = await shop.run(OrderActivities.fetch_walmart_order, ref, attempt=2)

    assert fetched.facts.lines == (
        OrderLine(line_number="1", sku="WM-KETTLE-01", quantity=2),
        OrderLine(line_number="2", sku="TOASTER-02", quantity=1),
    )
    assert fetched.policy.customer_number == "WALMART"
    shop.lose_answer("order", kind="cut", count=9)
    await shop.draft(ref, local=True)  # from the ledger
    assert shop.account.faults.drawn.total() == 0
    with pytest.raises(Transient):
        await shop.draft(ref)  # anew


async def test_order_canceled_before_it_is_drafted_is_skipped(shop: Shop):
    ref = shop.place(*LINES)
    await shop.run(OrderActivities.fetch_walmart_order, ref)
    shop.account.cancel_open_units(shop.placed(ref), ["1", "2"], "FRAUD_CANCEL")

    drafted = await shop.draft(ref)

    assert drafted.facts.skip_reason == "cancelled"


async def test_order_a_person_entered_while_it_waited_is_found_before_it_is_drafted(shop: Shop):
    ref = shop.place(("WM-GHOST-01", 1))
    await shop.read(ref)
    [by_hand] = await shop.m3("OIS100MI.AddOrderHead", CUNO="WALMART", CUOR=ref.purchase_order_id)
    shop.later()

    drafted = await shop.draft(ref)

    assert drafted.m3_order_number == by_hand["ORNO"]


async def test_order_found_late_still_has_a_moment_before_the_rule_for_it_applies(shop: Shop):
    shop.later(-5 * 60 * 60)
    ref = shop.place(*LINES)
    shop.later(5 * 60 * 60)

    fetched = await shop.run(OrderActivities.fetch_walmart_order, ref)

    assert fetched.policy.acknowledge_by > datetime.now(UTC)


@pytest.mark.parametrize("operation", ["MMS025MI.GetItem", "MMS200MI.Get"])
async def test_draft_whose_look_up_failed_is_made_by_the_next_attempt(shop: Shop, operation: str):
    ref = shop.place(*LINES)
    shop.lose_answer(operation)

    with pytest.raises(Transient):
        await shop.draft(ref)
    await shop.draft(ref, attempt=2)
    await shop.enter(ref)

    assert shop.problems(ref) == []


@pytest.mark.parametrize(
    "kind", ["lost_answer", "cut", "server_error", "throttled", "unfounded_400"]
)
async def test_order_is_acknowledged(shop: Shop, kind: str):
    ref = shop.place(*LINES)
    shop.account.faults.replace(
        {"share": 1, "kinds": [kind], "operations": ["acknowledge_order"], "count": 1},
        own_kinds=("unfounded_400",),
    )

    with pytest.raises(Transient):
        await acknowledge(shop, ref)
    await acknowledge(shop, ref, attempt=2)
    await acknowledge(shop, ref)

    assert statuses(shop, ref) == [{"Acknowledged": 2}, {"Acknowledged": 1}]


@pytest.mark.parametrize("attempt", [1, 2])
async def test_order_that_has_shipped_counts_as_acknowledged(shop: Shop, attempt: int):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)
    await shop.run(ShipmentActivities.confirm_shipment, input)

    await acknowledge(shop, ref, attempt=attempt)

    assert statuses(shop, ref) == [{"Shipped": 2}, {"Shipped": 1}]


async def test_order_canceled_in_part_is_acknowledged_for_the_rest(shop: Shop):
    ref = shop.place(*LINES)
    shop.account.cancel_open_units(shop.placed(ref), ["2"], "CUSTOMER_REQUESTED")

    await acknowledge(shop, ref)

    assert statuses(shop, ref) == [{"Acknowledged": 2}, {"Cancelled": 1}]


async def test_order_canceled_as_a_whole_needs_no_acknowledgement(shop: Shop):
    ref = shop.place(*LINES)
    shop.account.cancel_open_units(shop.placed(ref), ["1", "2"], "FRAUD_CANCEL")

    is_open = await shop.run(OrderActivities.acknowledge_walmart_order, ref)

    assert not is_open


async def test_order_of_somebody_else_is_not_acknowledged(shop: Shop):
    ref = shop.place(*LINES, shipNode={"id": "90001", "type": "WFSFulfilled"})

    with pytest.raises(Rejected, match="not the seller's to process") as caught:
        await acknowledge(shop, ref)

    assert caught.value.cause == "WALMART_REJECTED"


@pytest.mark.parametrize("entry", [BATCH, DIRECT], ids=["batch", "direct"])
@pytest.mark.parametrize("operation", ["MMS120MI.AllocateOrder", "OIS100MI.LstLine"])
async def test_stock_is_reserved_once(shop: Shop, operation: str):
    ref = shop.place(*LINES)
    number = await shop.enter(ref)
    shop.lose_answer(operation)

    with pytest.raises(Transient):
        await shop.reserve(ref, number)
    lines = await shop.reserve(ref, number)

    assert [(line.line_number, line.allocated) for line in lines] == [("1", 2), ("2", 1)]
    assert shop.tenant.balance("001", "KETTLE-01").allocated == 2


async def test_stock_that_is_short_is_recorded(shop: Shop):
    ref = shop.place(("WM-LAMP-10", 3), ("TOASTER-02", 1))

    lines = await shop.reserve(ref, await shop.enter(ref))

    assert [(line.quantity, line.allocated) for line in lines] == [(3, 1), (1, 1)]


async def test_what_has_left_was_reserved(shop: Shop):
    ref = shop.place(*LINES)
    input = await shop.delivered(ref)

    reserved = await shop.reserve(ref, input.m3_order_number)

    assert [line.allocated for line in reserved] == [line.allocated for line in input.lines]


async def test_order_whose_lines_m3_does_not_show_yet_is_waited_for(shop: Shop):
    ref = shop.place(*LINES)
    [empty] = await shop.m3("OIS100MI.AddOrderHead", CUNO="WALMART", CUOR=ref.purchase_order_id)

    with pytest.raises(NotReady, match="has no lines yet"):
        await shop.reserve(ref, empty["ORNO"])


async def test_invoices_are_found_when_m3_has_made_them(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2), freight="5.99")
    input = await shop.delivered(ref)
    order = FindInvoicesInput(ref=ref, m3_order_number=input.m3_order_number)
    shop.lose_answer("OIS350MI.LstInvHeadByCo")

    with pytest.raises(Transient):
        await shop.run(InvoiceActivities.find_invoices, order)
    assert await shop.run(InvoiceActivities.find_invoices, order, attempt=2) == ()
    warehouse.advance(shop.tenant, shop.m3_orders(ref)[0])
    [invoice] = await shop.run(InvoiceActivities.find_invoices, order)

    assert (invoice.delivery_number, invoice.amount) == (input.delivery_number, "55.97")


# What cannot become an M3 order; each is told with a cause, a sentence and a mend.


@pytest.mark.parametrize("entry", [BATCH, DIRECT], ids=["batch", "direct"])
@pytest.mark.parametrize(
    ("fields", "cause", "sentence"),
    [
        ({"shipNode": {"id": "10003"}}, "SHIP_NODE_CLOSED", "ship node 10003 is closed"),
        ({"shipNode": {"id": "99999"}}, "UNMAPPED_SHIP_NODES", "'99999' has no entry"),
        ({"shipNode": {"id": None}}, "SHIP_NODE_MISSING", "it names no ship node"),
        (
            {"shippingInfo": {"postalAddress": {"address1": LONG_STREET}}},
            "FIELD_DOES_NOT_FIT",
            "need 5 lines of 36 characters",
        ),
        (
            {"shippingInfo": {"postalAddress": {"city": "Llanfairpwllgwyngyllgogery"}}},
            "FIELD_DOES_NOT_FIT",
            "TOWN",
        ),
        (
            {"shippingInfo": {"methodCode": "Drone"}},
            "UNMAPPED_DELIVERY_METHODS",
            "'Drone' has no entry",
        ),
    ],
    ids=["closed node", "unknown node", "no node", "address", "city", "method"],
)
async def test_order_that_does_not_fit_stops_before_m3_is_told_of_it(
    shop: Shop, fields: dict[str, Any], cause: str, sentence: str
):
    ref = shop.place(*LINES, **fields)

    await expect(shop, ref, cause=cause, sentence=sentence)


async def test_unknown_skus_are_told_each(shop: Shop):
    ref = shop.place(("WM-GHOST-01", 1), ("TOASTER-02", 1), ("WM-GHOST-02", 1))

    await expect(shop, ref, cause="UNKNOWN_SKU", sentence="WM-GHOST-01")
    await expect(shop, ref, cause="UNKNOWN_SKU", sentence="WM-GHOST-02")

    for sku in ("WM-GHOST-01", "WM-GHOST-02"):
        await shop.m3("MMS025MI.AddAlias", ALWT="2", POPN=sku, ITNO="CHAIR-01")
    await shop.enter(ref)
    assert [item for _, item, _ in shop.entered_lines(ref)] == [
        "CHAIR-01",
        "TOASTER-02",
        "CHAIR-01",
    ]


async def test_order_walmart_does_not_know_is_told(shop: Shop):
    ref = OrderRef(pair=PAIR, purchase_order_id="1999999999999")

    with pytest.raises(NotFound, match="Purchase order 1999999999999 not found") as caught:
        await shop.run(OrderActivities.fetch_walmart_order, ref)

    assert (caught.value.cause, bool(caught.value.mend)) == ("WALMART_NOT_FOUND", True)


@pytest.mark.parametrize("lines", [[], None], ids=["empty list", "null"])
async def test_order_without_lines_is_told(shop: Shop, lines: Any):
    ref = shop.place(*LINES)
    shop.placed(ref).document["orderLines"]["orderLine"] = lines

    await expect(shop, ref, cause="ORDER_WITHOUT_LINES", sentence="it has no lines")


@pytest.mark.parametrize("amount", ["", "0", "-1", "1.5", "two", None])
async def test_line_without_quantity_is_told(shop: Shop, amount: str | None):
    ref = shop.place(*LINES)
    order_lines(shop.placed(ref).document)[1]["orderLineQuantity"]["amount"] = amount

    await expect(
        shop, ref, cause="LINE_WITHOUT_QUANTITY", sentence="line 2 has no whole quantity above zero"
    )


@pytest.mark.parametrize("field", ["orderDate", "shippingInfo", "customerOrderId"])
async def test_order_that_lacks_what_is_needed_is_told(shop: Shop, field: str):
    ref = shop.place(*LINES)
    shop.placed(ref).document[field] = None

    await expect(shop, ref, cause="ORDER_UNREADABLE", sentence="")


@pytest.mark.parametrize("entry", [DIRECT])
async def test_item_that_direct_entry_may_not_sell_is_told(shop: Shop):
    ref = shop.place(("WM-KETTLE-01", 2), ("CHAIR-10", 1), freight="5.99")

    with pytest.raises(Rejected, match="Item number is not permitted - status is 90") as caught:
        await shop.enter(ref)

    assert (caught.value.cause, caught.value.field) == ("M3_REJECTED", "ITNO")
    shop.tenant.item("CHAIR-10").status = "20"
    await shop.enter(ref)
    assert len(shop.m3_orders(ref)) == 1
    assert len(shop.m3_orders(ref)[0].charges) == 1
    assert shop.problems(ref) == []


async def expect(shop: Shop, ref: OrderRef, *, cause: str, sentence: str) -> None:
    """Read and draft an order twice, and find it kept out of M3 for a reason."""
    for _ in range(2):
        told = await _told(shop, ref)
        assert [mend for code, text, mend in told if code == cause and sentence in text], told
    assert shop.m3_orders(ref) + shop.m3_batches(ref) == []
    assert [number for number in shop.tenant.customers if number.startswith("WM")] == []


async def _told(shop: Shop, ref: OrderRef) -> list[tuple[str, str, str]]:
    """Return cause, sentence and mend of what is wrong, whether it is raised or found."""
    try:
        await shop.read(ref)
        drafted = await shop.draft(ref)
    except Permanent as error:
        return [(error.cause, str(error), error.mend)]
    blocking = [f for f in drafted.findings if f.severity is Severity.BLOCK]
    return [(finding.code, finding.sentence, finding.mend) for finding in blocking]
