"""The M3 records an order was drafted as, wherever a step needs them."""

from activities.services import PairServices
from activities.validation import redraft
from domain.orders import OrderEntry, OrderRef
from mappings.orders import OrderDraft


async def current_draft(services: PairServices, ref: OrderRef, entry: OrderEntry) -> OrderDraft:
    """Return the drafted records; they are made anew when the ledger has none."""
    draft = await services.ledger.order_draft(ref.pair, ref.purchase_order_id)
    return OrderDraft.from_json(draft) if draft else await fresh_draft(services, ref, entry)


async def fresh_draft(services: PairServices, ref: OrderRef, entry: OrderEntry) -> OrderDraft:
    """Draft an order that was let through once more, with today's mappings and corrections."""
    return await redraft(
        services,
        await services.order(ref.purchase_order_id),
        entry,
        item_numbers=await services.ledger.item_numbers(ref.pair, ref.purchase_order_id),
    )
