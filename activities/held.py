"""Units of Walmart orders that M3 does not have yet are not for sale again."""

from activities.services import PairServices
from domain.offers import OfferKey
from domain.orders import OrderFacts


async def hold_units(services: PairServices, facts: OrderFacts) -> None:
    """Hold what an order that M3 does not have yet asks for; nothing where others ship it."""
    if services.pair.stock_clocks is None:
        return
    units: dict[OfferKey, int] = {}
    for line in () if facts.skip_reason or facts.fully_shipped else facts.lines:
        offer = OfferKey(sku=line.sku, ship_node=facts.ship_node)
        units[offer] = units.get(offer, 0) + line.quantity
    await services.ledger.held_units.hold(services.pair.name, facts.purchase_order_id, units)


async def release_units(services: PairServices, purchase_order_id: str) -> None:
    """Hold nothing for an order any more: M3 has allocated it, or nobody wants it."""
    if services.pair.stock_clocks is not None:
        await services.ledger.held_units.release(services.pair.name, purchase_order_id)
