"""Find or create the M3 customer of a buyer (strategy `per_buyer`)."""

from dataclasses import dataclass

import structlog
from temporalio import activity

from activities.services import PairServices, Services
from connectors.m3 import Record
from domain.errors import NotFound, Rejected
from domain.orders import Customer, OrderEntry, OrderRef
from mappings.customers import BuyerDraft, draft_buyer

log = structlog.get_logger()

# More customers than this with one search key would be a fault in M3's data.
MOST_WITH_ONE_KEY = 10


@dataclass(frozen=True, kw_only=True)
class FindCustomerInput:
    """The order, and how it will be entered."""

    ref: OrderRef
    order_entry: OrderEntry


class CustomerActivities:
    """What happens in CRS610."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def find_or_create_customer(self, input: FindCustomerInput) -> Customer:
        """Return the buyer's customer, creating customer and address when they are new.

        The number is made from Walmart's buyer, and the address id from the address. So repeating
        finds what an earlier attempt made, and of two orders of one new buyer at once, M3 lets
        one create the customer and refuses the other, which then finds it.
        """
        services = self._services.of(input.ref)
        buyer = draft_buyer(
            await services.order(input.ref.purchase_order_id),
            pair=services.pair,
            mappings=services.mappings,
        )
        number = await _find(services, buyer) or await _create(services, buyer)
        if input.order_entry is OrderEntry.BATCH:
            return Customer(customer_number=number)  # the order carries the address itself
        await _add_address(services, {"CUNO": number, **buyer.address_record})
        return Customer(customer_number=number, address_id=buyer.address_id)


async def _find(services: PairServices, buyer: BuyerDraft) -> str:
    # The list may start at the key and go on past it, to the end of the customer file.
    listed = await services.m3.execute(
        "CRS610MI",
        "LstBySearchKey",
        {"ALCU": buyer.search_key},
        columns=("CUNO", "ALCU"),
        max_records=MOST_WITH_ONE_KEY,
    )
    ours = sorted(record["CUNO"] for record in listed if record["ALCU"] == buyer.search_key)
    return ours[0] if ours else ""


async def _create(services: PairServices, buyer: BuyerDraft) -> str:
    try:
        [created] = await services.m3.execute("CRS610MI", "Add", buyer.customer_record)
    except Rejected:
        if number := await _find(services, buyer):
            return number
        raise
    log.info("m3_customer_created", customer_number=created["CUNO"])
    return created["CUNO"]


async def _add_address(services: PairServices, record: Record) -> None:
    if await _has_address(services, record):
        return
    try:
        await services.m3.execute("CRS610MI", "AddAddress", record)
    except Rejected:
        # Another order of this buyer may have added it a moment ago.
        if not await _has_address(services, record):
            raise


async def _has_address(services: PairServices, record: Record) -> bool:
    key = {name: record[name] for name in ("CUNO", "ADRT", "ADID")}
    try:
        await services.m3.execute("CRS610MI", "GetAddress", key, columns=("ADID",))
    except NotFound:
        return False
    return True
