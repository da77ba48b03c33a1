"""Orders that do not fit: what is found before anything is written to M3."""

from domain.orders import Stage
from tests.end_to_end.stories.shop import State
from tests.end_to_end.stories.story import (
    CANCELED,
    DONE,
    GHOST,
    KETTLE,
    NOTHING_YET,
    Story,
    answer,
    in_m3,
    m3_is,
    table,
)

GHOST_AND_KETTLE = ((GHOST, 1), ("WM-KETTLE-02", 2))
PRICING = {"cancellation_reason": "SELLER_CANCEL_PRICING_ERROR"}
ADDRESS = {"cancellation_reason": "SELLER_CANCEL_ADDRESS_NOT_SERVICEABLE"}


def address(**parts: str | None) -> dict[str, object]:
    return {"shippingInfo": {"postalAddress": parts}}


def price(amount: str) -> dict[str, str]:
    return {"item": KETTLE, "price": amount}


STORIES = (
    Story(
        title="an unknown SKU waits, and goes on by itself once its alias is added in M3",
        lines=GHOST_AND_KETTLE,
        before=(m3_is("items", item="LAMP-07", price="9.99"),),
        case="UNKNOWN_SKU",
        meanwhile=NOTHING_YET,
        resolved=(in_m3("aliases", sku=GHOST, item="LAMP-07"),),
        twin=False,
    ),
    Story(
        title="an unknown SKU is mapped for this order alone",
        lines=(("WM-GHOST-02", 1), ("WM-KETTLE-02", 2)),
        before=(m3_is("items", item="LAMP-09", price="9.99"),),
        case="UNKNOWN_SKU",
        meanwhile=NOTHING_YET,
        resolved=(answer("map_sku", sku="WM-GHOST-02", item_number="LAMP-09"),),
    ),
    Story(
        title="an unknown SKU is mapped for good, as an alias in M3",
        lines=(("WM-GHOST-03", 1), ("WM-KETTLE-02", 2)),
        before=(m3_is("items", item="LAMP-08", price="9.99"),),
        case="UNKNOWN_SKU",
        meanwhile=NOTHING_YET,
        resolved=(answer("map_sku", sku="WM-GHOST-03", item_number="LAMP-08", for_good=True),),
        twin=False,
    ),
    Story(
        title="an order with two unknown SKUs is rejected and canceled at Walmart",
        lines=(("WM-GHOST-04", 1), ("WM-GHOST-05", 2)),
        case="UNKNOWN_SKU",
        meanwhile=NOTHING_YET,
        resolved=(answer("reject", **PRICING),),
        stage=Stage.CANCELED,
        ends=CANCELED,
    ),
    Story(
        title="an unknown line is given up and the rest of the order ships",
        lines=(("WM-GHOST-06", 1), ("WM-KETTLE-02", 2)),
        case="UNKNOWN_SKU",
        meanwhile=NOTHING_YET,
        resolved=(answer("change_line", line_number="1", quantity=0, **PRICING),),
        ends=State(walmart="1 Cancelled, 2 Shipped", m3="2 ordered, 2 delivered, 2 invoiced"),
    ),
    Story(
        title="an inactive item waits until it is active again in M3",
        before=(m3_is("items", item=KETTLE, status="90"),),
        case="ITEM_INACTIVE",
        meanwhile=NOTHING_YET,
        resolved=(in_m3("items", item=KETTLE, status="20"),),
        twin=False,
    ),
    Story(
        title="a price far below M3's is held until it is approved",
        before=(m3_is("items", **price("80.00")),),
        case="UNIT_PRICE_BELOW_M3",
        meanwhile=NOTHING_YET,
        resolved=(answer("approve"), in_m3("items", **price("24.99"))),
    ),
    Story(
        title="a price far above M3's goes on by itself once M3's price is updated",
        before=(m3_is("items", **price("9.99")),),
        case="UNIT_PRICE_ABOVE_M3",
        meanwhile=NOTHING_YET,
        resolved=(in_m3("items", **price("24.99")),),
        twin=False,
    ),
    Story(
        title="an order sold at a wrong price is rejected with that reason",
        before=(m3_is("items", **price("80.00")),),
        case="UNIT_PRICE_BELOW_M3",
        meanwhile=NOTHING_YET,
        resolved=(answer("reject", **PRICING), in_m3("items", **price("24.99"))),
        stage=Stage.CANCELED,
        ends=CANCELED,
        twin=False,
    ),
    Story(
        title="an order above the approval limit is held until it is approved",
        lines=(("WM-KETTLE-10", 90), ("WM-KETTLE-09", 60)),
        case="ORDER_VALUE_ABOVE_LIMIT",
        meanwhile=State(walmart="150 Created", m3="nothing"),
        resolved=(answer("approve"),),
        ends=State(walmart="150 Shipped", m3="150 ordered, 150 delivered, 150 invoiced"),
        twin=False,
    ),
    Story(
        title="a quantity above the limit is reduced, and the rest of it canceled",
        lines=(("WM-KETTLE-01", 120),),
        case="QUANTITY_ABOVE_LIMIT",
        meanwhile=State(walmart="120 Created", m3="nothing"),
        resolved=(answer("change_line", line_number="1", quantity=50, **PRICING),),
        ends=State(walmart="70 Cancelled, 50 Shipped", m3="50 ordered, 50 delivered, 50 invoiced"),
    ),
    Story(
        title="a total that differs from the sum of the lines is held until it is approved",
        order={"orderSummary": {"totalAmount": {"currencyAmount": 1.0, "currencyUnit": "USD"}}},
        case="TOTAL_DIFFERS",
        meanwhile=NOTHING_YET,
        resolved=(answer("approve"),),
        twin=False,
    ),
    Story(
        title="an order whose ship-by has passed is held until it is approved",
        order={"shippingInfo": {"estimatedShipDate": 1_760_000_000_000}},
        case="SHIP_BY_PASSED_AT_ENTRY",
        meanwhile=NOTHING_YET,
        resolved=(answer("approve"),),
        twin=False,
    ),
    Story(
        title="an address without a city is corrected",
        order=address(city=""),
        case="ADDRESS_INCOMPLETE",
        meanwhile=NOTHING_YET,
        resolved=(answer("correct_address", address={"city": "Springfield"}),),
    ),
    Story(
        title="a ZIP code of another state is corrected",
        order=address(city="Springfield", state="IL", postalCode="97204"),
        case="ZIP_NOT_IN_STATE",
        meanwhile=NOTHING_YET,
        resolved=(answer("correct_address", address={"postalCode": "62701"}),),
        twin=False,
    ),
    Story(
        title="an address too long for M3 is shortened by a person",
        order=address(address1="12345 North Example Boulevard Building Seven " * 4),
        case="FIELD_DOES_NOT_FIT",
        meanwhile=NOTHING_YET,
        resolved=(answer("correct_address", address={"address1": "12345 N Example Blvd"}),),
        twin=False,
    ),
    Story(
        title="an address nobody delivers to is rejected with that reason",
        order=address(postalCode=""),
        case="ADDRESS_INCOMPLETE",
        meanwhile=NOTHING_YET,
        resolved=(answer("reject", **ADDRESS),),
        stage=Stage.CANCELED,
        ends=CANCELED,
        twin=False,
    ),
    Story(
        title="a ship node without a warehouse goes on once the table has its row",
        order={"shipNode": {"id": "10008"}},
        case="UNMAPPED_SHIP_NODES",
        meanwhile=NOTHING_YET,
        resolved=(table("ship_nodes", '"10008": {warehouse: "001"}\n'),),
        twin=False,
    ),
    Story(
        title="an order for a closed ship node is rejected",
        order={"shipNode": {"id": "10003"}},
        case="SHIP_NODE_CLOSED",
        meanwhile=NOTHING_YET,
        resolved=(answer("reject", **PRICING),),
        stage=Stage.CANCELED,
        ends=CANCELED,
        twin=False,
    ),
    Story(
        title="a masked phone is replaced by the pair's and only noted",
        order={"shippingInfo": {"phone": "0000000000"}},
        noted="finding_noted",
        ends=DONE,
        twin=False,
    ),
)
