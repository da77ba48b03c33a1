"""What Walmart should show of offers, from what the ledger knows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from activities.services import PairServices
from domain.errors import IntegrationError, StockUnknown
from domain.inventory import NONE, Balance, Component, ItemStock
from domain.offers import StaleOffer, Wanted
from ledger.balances import ItemFacts, Part
from mappings.inventory import available_to_sell

Balances = Mapping[tuple[str, str], Decimal | None]


async def wanted_of(services: PairServices, stale: Sequence[StaleOffer]) -> list[Wanted]:
    """Return what Walmart should show of each offer; of what is not known, why."""
    pair, ledger = services.pair.name, services.ledger
    skus = list(dict.fromkeys(each.offer.sku for each in stale))
    parts = await ledger.balances.parts_of(pair, skus)
    items = sorted({part.item_number for each in parts.values() for part in each})
    known = await ledger.balances.balances_of(pair, items)
    facts = await ledger.balances.items_of(pair, items)
    held = await ledger.held_units.held(pair, items)
    wanted = []
    for each in stale:
        components = _components(parts[each.offer.sku])
        node = each.offer.ship_node
        try:
            if not components:
                raise _without_item(each.offer.sku)
            stocks = {
                component.item_number: _stock(
                    services,
                    facts[component.item_number],
                    node,
                    known,
                    held.get((node, component.item_number), NONE),
                )
                for component in components
            }
            quantity = available_to_sell(
                services.mappings.inventory, components, ship_node=node, stocks=stocks
            )
        except IntegrationError as unknown:
            wanted.append(
                Wanted(
                    offer=each.offer,
                    mark=each.mark,
                    quantity=None,
                    cause=unknown.cause,
                    problem=f"{unknown}; {unknown.mend}",
                )
            )
        else:
            wanted.append(Wanted(offer=each.offer, mark=each.mark, quantity=quantity))
    return wanted


def _components(parts: Sequence[Part]) -> tuple[Component, ...]:
    return tuple(Component(item_number=p.item_number, quantity=p.quantity) for p in parts)


def _without_item(sku: str) -> StockUnknown:
    return StockUnknown(
        sku,
        reason="M3 has no item for this SKU",
        mend="add the alias in MMS025; it is found with the next reading of Walmart's listings",
    )


def _stock(
    services: PairServices,
    facts: ItemFacts,
    ship_node: str,
    known: Balances,
    held: Decimal,
) -> ItemStock:
    """Return all that is known of an item at a ship node.

    A warehouse that never listed the item has none of it, as long as another one has listed it;
    one that listed it before and does not any more is not known.

    Raises:
        StockUnknown: M3 lists the item nowhere, or no longer.
    """
    number = facts.item_number
    if all((warehouse, number) not in known for warehouse in services.warehouses):
        raise StockUnknown(
            number,
            reason="M3 lists it in no warehouse that Walmart's orders ship from",
            mend="connect it to the warehouse in MMS002; the next reading finds it",
        )
    balances = []
    for warehouse in services.mappings.inventory.warehouses_of(ship_node):
        allocatable = known.get((warehouse, number), NONE)
        if allocatable is None:
            raise StockUnknown(
                number,
                reason=f"M3 has stopped to list it in warehouse {warehouse}",
                mend="see in MMS002 whether it was taken out; the next reading finds it again",
            )
        balances.append(Balance(item_number=number, warehouse=warehouse, allocatable=allocatable))
    return ItemStock(
        item_number=number,
        balances=tuple(balances),
        item_group=facts.item_group,
        unit_factor=facts.unit_factor,
        held=held,
    )
