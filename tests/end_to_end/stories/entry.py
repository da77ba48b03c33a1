"""Orders that M3 or Walmart refuses or cannot take, and orders that are taken back."""

from domain.orders import Stage
from tests.end_to_end.stories.shop import LiveOrder, Shop, State
from tests.end_to_end.stories.story import (
    CANCELED,
    DONE,
    ENTERED,
    GHOST,
    KETTLE,
    NOTHING_YET,
    TWO_LINES,
    Setting,
    Story,
    advance,
    answer,
    canceled_in_web_ui,
    in_m3,
    m3_is,
    picks,
    reaches,
    repairs_batch,
    table,
    walmart_event,
    warehouse_ships_in_parts,
    warehouse_stands,
    warehouse_works,
)

PRICING = {"cancellation_reason": "SELLER_CANCEL_PRICING_ERROR"}
STOPPED_IN_HEAD = State(walmart="3 Created", m3="batch order stopped in 15")


async def enters_by_hand(order: LiveOrder) -> None:
    """A person enters the order in M3 and says so."""
    entered = await order.shop.m3(
        "orders/enter",
        reference=order.purchase_order_id,
        customer="WALMART",
        warehouse="001",
        lines=[
            {"item": "LAMP-07", "quantity": "1", "reference": "1", "price": "9.99"},
            {"item": "KETTLE-02", "quantity": "2", "reference": "2", "price": "26.49"},
        ],
    )
    await order.answer("take_over", m3_order_number=entered["order"])


async def m3_is_out(shop: Shop) -> None:
    """M3 answers nothing but errors."""
    await shop.m3("faults", share=1.0, seed=1, kinds=["server_error"])


async def m3_is_back(order: LiveOrder) -> None:
    """M3 answers again."""
    await order.shop.m3("faults", share=0.0, seed=1, kinds=["server_error"])


async def walmart_takes_no_acknowledgement(shop: Shop) -> None:
    """Walmart answers all but acknowledgements."""
    await shop.walmart(
        "faults", share=1.0, seed=1, kinds=["server_error"], operations=["acknowledge_order"]
    )


async def walmart_is_back(order: LiveOrder) -> None:
    """Walmart answers again."""
    await order.shop.walmart("faults", share=0.0, seed=1, kinds=["server_error"])


def stops(status: str) -> Setting:
    """M3 stops the next batch order in this status."""
    return m3_is("batch", next_stop=status)


STORIES = (
    Story(
        title="an order that meets an outage of M3 waits, says so, and heals by itself",
        before=(m3_is_out,),
        case="M3_UNAVAILABLE",
        meanwhile=NOTHING_YET,
        resolved=(m3_is_back,),
        twin=False,
    ),
    Story(
        title="an order Walmart cannot take the acknowledgement of says so, and heals by itself",
        before=(warehouse_stands, walmart_takes_no_acknowledgement),
        case="WALMART_UNAVAILABLE",
        meanwhile=State(walmart="3 Created", m3="3 ordered"),
        resolved=(walmart_is_back, warehouse_works),
        twin=False,
    ),
    Story(
        title="a batch order M3 stops in its head goes on by itself once it is repaired in OIS275",
        before=(m3_is("customers", customer="WALMART", status="90"),),
        case="M3_BATCH_STATUS_15",
        meanwhile=STOPPED_IN_HEAD,
        resolved=(in_m3("customers", customer="WALMART", status="20"), repairs_batch),
    ),
    Story(
        title="a batch order M3 stops in a line goes on by itself once it is repaired in OIS275",
        before=(stops("25"),),
        case="M3_BATCH_STATUS_25",
        meanwhile=State(walmart="3 Created", m3="batch order stopped in 25"),
        resolved=(repairs_batch,),
    ),
    Story(
        title="a batch order M3 stops for credit is rejected, taken back and canceled at Walmart",
        before=(stops("30"),),
        case="M3_BATCH_STATUS_30",
        meanwhile=State(walmart="3 Created", m3="batch order stopped in 30"),
        resolved=(answer("reject", **PRICING),),
        stage=Stage.CANCELED,
        ends=CANCELED,
    ),
    Story(
        title="a batch order that was interrupted is taken back when the buyer cancels",
        before=(stops("55"),),
        case="M3_BATCH_STATUS_55",
        meanwhile=State(walmart="3 Created", m3="batch order stopped in 55"),
        resolved=(walmart_event("INTENT_TO_CANCEL"),),
        stage=Stage.CANCELED,
        ends=CANCELED,
    ),
    Story(
        title="a stopped order of which a line is canceled is entered anew without the line",
        before=(stops("25"),),
        case="M3_BATCH_STATUS_25",
        resolved=(walmart_event("INTENT_TO_CANCEL", "1"),),
        ends=State(walmart="2 Cancelled, 1 Shipped", m3="1 ordered, 1 delivered, 1 invoiced"),
    ),
    Story(
        title="an order that a person enters by hand is taken over and followed to its invoice",
        lines=((GHOST + "-X", 1), ("WM-KETTLE-02", 2)),
        case="UNKNOWN_SKU",
        meanwhile=NOTHING_YET,
        resolved=(enters_by_hand,),
    ),
    Story(
        title="an order canceled in the Web UI after entry is deleted in M3, and Walmart not told",
        before=(warehouse_stands,),
        until=ENTERED,
        happens=(canceled_in_web_ui,),
        stage=Stage.TAKEN_BACK,
        ends=State(walmart="3 Acknowledged", m3="nothing"),
        problems=(
            "line 1: M3 deleted it, Walmart still waits for 2",
            "line 2: M3 deleted it, Walmart still waits for 1",
        ),
        twin=False,
    ),
    Story(
        title="an order canceled in the Web UI while M3 has stopped it leaves no batch order",
        before=(stops("25"),),
        case="M3_BATCH_STATUS_25",
        resolved=(canceled_in_web_ui,),
        stage=Stage.TAKEN_BACK,
        ends=NOTHING_YET,
        twin=False,
    ),
    Story(
        title="an order canceled in the Web UI while it is held for approval touches nothing",
        before=(m3_is("items", item=KETTLE, price="80.00"),),
        case="UNIT_PRICE_BELOW_M3",
        resolved=(canceled_in_web_ui, in_m3("items", item=KETTLE, price="24.99")),
        stage=Stage.TAKEN_BACK,
        ends=NOTHING_YET,
        twin=False,
    ),
    Story(
        title="of an order canceled in the Web UI after part of it shipped, the rest is taken back",
        before=(warehouse_ships_in_parts,),
        until=ENTERED,
        happens=(
            picks,
            advance,
            reaches(State(walmart="2 Acknowledged, 1 Shipped", m3="3 ordered, 1 delivered")),
            canceled_in_web_ui,
        ),
        noted="walmart_order_left_as_it_is",
        case="CANCELED_HALF_WAY",
        resolved=(answer("approve"),),
        stage=Stage.TAKEN_BACK,
        ends=State(walmart="2 Acknowledged, 1 Shipped", m3="2 ordered, 1 delivered"),
        problems=(
            "line 1: Walmart ordered 2 and canceled 0 of them, M3 ships 1",
            "line 2: M3 deleted it, Walmart still waits for 1",
        ),
        twin=False,
    ),
    Story(
        title="a delivery by a carrier Walmart was not told of goes on once the table has it",
        lines=TWO_LINES,
        order={"shippingInfo": {"methodCode": "Standard"}},
        before=(warehouse_stands,),
        until=ENTERED,
        happens=(
            in_m3("orders/method", method="FDX"),
            table("carriers", "FDX: null\n"),
            picks,
            advance,
        ),
        case="UNMAPPED_CARRIERS",
        resolved=(table("carriers", "FDX: {carrier: FedEx}\n"), warehouse_works),
        ends=DONE,
    ),
)
