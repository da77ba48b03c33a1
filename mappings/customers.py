"""Turn the buyer of a Walmart order into an M3 customer, for strategy per_buyer."""

from dataclasses import dataclass

from domain.pairs import Pair
from mappings.addresses import address_id, buyer_key, street_lines
from mappings.loader import MappingSet
from mappings.sources import order_source, shipping_address
from mappings.walmart_order import WalmartOrder

Record = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class BuyerDraft:
    """The buyer as M3 will know them. Personal data: it stays out of logs and histories."""

    search_key: str  # ALCU; the same buyer has the same
    address_id: str  # ADID; the same address has the same
    customer_record: Record  # CRS610MI/Add
    address_record: Record  # CRS610MI/AddAddress without CUNO, which M3 gives


def draft_buyer(order: WalmartOrder, *, pair: Pair, mappings: MappingSet) -> BuyerDraft:
    """Return the M3 customer and delivery address of an order's buyer.

    Raises:
        UnmappedValue: the country has no row in its table.
        UnmappableField: name or address do not fit M3's fields.
    """
    address = shipping_address(order)
    key, number = buyer_key(order.document), address_id(address)
    facts = {"buyer_key": key, "address_id": number, **street_lines(address)}
    source = order_source(order, pair, facts)
    return BuyerDraft(
        search_key=key,
        address_id=number,
        customer_record=dict(mappings["customer"].draft(source).fields),
        address_record=dict(mappings["customer_address"].draft(source).fields),
    )
