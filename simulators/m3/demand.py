"""What is sold without an order of ours in M3: units are promised at once and shipped later."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from functools import partial
from typing import TYPE_CHECKING

from simulators.m3.stock import DECIMALS, Balance

if TYPE_CHECKING:  # the tenant's own method `demand` calls this module
    from simulators.m3.state import M3Tenant

SMALLEST = Decimal(1).scaleb(-DECIMALS)


def sell(tenant: M3Tenant, *, sku: str, warehouse: str, units: int) -> Balance:
    """Promise units of a SKU, also more than there are, and ship them after the usual delay.

    Raises:
        Nok: M3 does not know the SKU or the warehouse, or never had any of the item there.
        ValueError: units is less than 1.
    """
    if units < 1:
        raise ValueError("units must be 1 or more")
    item = tenant.item_of_sku(sku)
    balance = tenant.balance(warehouse, item.number)
    # A third of a box is rounded down: what it leaves behind never looks like one unit less.
    quantity = item.to_basic(Decimal(units)).quantize(SMALLEST, ROUND_DOWN)
    balance.move(allocated=quantity, reserved=quantity)
    ship_later(tenant, balance, quantity)
    return balance


def ship_later(tenant: M3Tenant, balance: Balance, quantity: Decimal) -> None:
    """Ship what was promised after the delay of the warehouse, in simulated seconds."""
    if quantity > 0:
        seconds = tenant.stock_clock.real_seconds(tenant.warehouse.delay_seconds)
        tenant.work_later(seconds, partial(_ship, tenant, balance, quantity))


def _ship(tenant: M3Tenant, balance: Balance, quantity: Decimal) -> None:
    """Ship what is there; the rest stays promised and waits for stock."""
    shipped = max(min(quantity, balance.on_hand), Decimal(0))
    if shipped > 0:
        balance.move(on_hand=-shipped, allocated=-shipped, reserved=-shipped)
    if shipped < quantity:
        tenant.unshipped_demand[balance.key] += quantity - shipped
