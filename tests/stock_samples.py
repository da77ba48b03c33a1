"""Items in stock and a pair's inventory.yaml, for the tests of what is available to sell."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

import cel

from domain.inventory import Balance, Component, ItemStock
from mappings.inventory import Formula, Inventory, Reserve, SafetyStock, available_to_sell
from mappings.loader import load_mappings

NODE = "10001"
KETTLE = "KETTLE-01"
INVENTORY = replace(load_mappings().inventory, warehouses={NODE: ("001", "003")})
NOTHING = Reserve()


def stock(
    *allocatable: str | Decimal,
    item_number: str = KETTLE,
    item_group: str = "",
    factor: str | Decimal = "1",
    held: str | Decimal = "0",
    receipts: str | Decimal = "0",
) -> ItemStock:
    """Return an item with so much in the warehouses 001 and 003 of the ship node."""
    quantities = [*allocatable, *["0"] * (2 - len(allocatable))]
    return ItemStock(
        item_number=item_number,
        item_group=item_group,
        unit_factor=Decimal(factor),
        held=Decimal(held),
        receipts=Decimal(receipts),
        balances=tuple(
            Balance(item_number=item_number, warehouse=warehouse, allocatable=Decimal(quantity))
            for warehouse, quantity in zip(("001", "003"), quantities, strict=True)
        ),
    )


def safety(
    default: Reserve = NOTHING,
    *,
    warehouses: Mapping[str, Reserve] | None = None,
    item_groups: Mapping[str, Reserve] | None = None,
    items: Mapping[str, Reserve] | None = None,
) -> SafetyStock:
    """Return a safety stock; what is left out keeps nothing back."""
    return SafetyStock(
        default=default,
        warehouses=warehouses or {},
        item_groups=item_groups or {},
        items=items or {},
    )


def percent(number: int | str) -> Reserve:
    """Return a share to be kept back."""
    return Reserve(percent=Decimal(number))


def keeping(kept: Reserve | SafetyStock) -> Inventory:
    """Return the shipped formula with another safety stock."""
    kept = kept if isinstance(kept, SafetyStock) else safety(kept)
    return replace(INVENTORY, safety_stock=kept)


def computing(expression: str) -> Inventory:
    """Return an inventory with another formula."""
    return replace(INVENTORY, formula=Formula(program=cel.compile(expression)))


def kit(**quantities: str) -> tuple[Component, ...]:
    """Return the items of a kit: KETTLE="1"."""
    return tuple(
        Component(item_number=item_number, quantity=Decimal(quantity))
        for item_number, quantity in quantities.items()
    )


def to_sell(
    *stocks: ItemStock,
    inventory: Inventory = INVENTORY,
    components: Iterable[Component] | None = None,
    ship_node: str = NODE,
) -> int:
    """Return what is available to sell of a SKU that is the first item, or a kit."""
    made_of = components or inventory.components("SKU", stocks[0].item_number)
    by_number = {each.item_number: each for each in stocks}
    return available_to_sell(inventory, made_of, ship_node=ship_node, stocks=by_number)
