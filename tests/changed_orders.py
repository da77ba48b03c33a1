"""Orders that change after they were entered, on either side, and the steps that settle them."""

from pathlib import Path

from activities.order_changes import (
    CancelLinesInput,
    OrderChangeActivities,
    ReduceOrderInput,
    SettledOrder,
)
from activities.orders import OrderActivities
from domain.cancellations import CanceledUnits, CancellationReason, LineLimit
from domain.orders import LineQuantity, M3Line, OrderRef
from simulators.m3 import people, warehouse
from tests.mapping_samples import write_overrides
from tests.services import Shop

LINES = (("WM-KETTLE-01", 4), ("TOASTER-02", 2))
BUYER = CancellationReason.BUYER_ASKED
PRICE = CancellationReason.PRICING_ERROR


async def entered(shop: Shop, *lines: tuple[str, int]) -> tuple[OrderRef, str]:
    """Return an order that is in M3, acknowledged, with its stock allocated."""
    ref = shop.place(*(lines or LINES))
    number = await shop.enter(ref)
    await shop.run(OrderActivities.acknowledge_walmart_order, ref)
    await shop.reserve(ref, number)
    return ref, number


async def reduce(
    shop: Shop, ref: OrderRef, number: str, *limits: LineLimit, attempt: int = 1
) -> tuple[M3Line, ...]:
    input = ReduceOrderInput(ref=ref, m3_order_number=number, limits=limits)
    return await shop.run(OrderChangeActivities.reduce_m3_order, input, attempt=attempt)


async def cancel(
    shop: Shop,
    ref: OrderRef,
    lines: tuple[M3Line, ...] | None,
    *limits: LineLimit,
    attempt: int = 1,
) -> SettledOrder:
    input = CancelLinesInput(ref=ref, m3_lines=lines, limits=limits)
    return await shop.run(OrderChangeActivities.cancel_walmart_lines, input, attempt=attempt)


async def settle(shop: Shop, ref: OrderRef, number: str, *limits: LineLimit) -> SettledOrder:
    """Take both steps, as the workflow does."""
    return await cancel(shop, ref, await reduce(shop, ref, number, *limits), *limits)


def limit(line: str, quantity: int, reason: CancellationReason = PRICE) -> LineLimit:
    return LineLimit(line_number=line, quantity=quantity, reason=reason)


def units(**quantities: int) -> tuple[LineQuantity, ...]:
    """Return quantities by line: units(line_1=2)."""
    return tuple(
        LineQuantity(line_number=name.removeprefix("line_"), quantity=quantity)
        for name, quantity in quantities.items()
    )


def canceled(line: str, quantity: int, reason: CancellationReason = BUYER) -> CanceledUnits:
    return CanceledUnits(line_number=line, quantity=quantity, reason=reason)


def buyer_wants_to_cancel(shop: Shop, ref: OrderRef, *lines: str) -> None:
    shop.account.mark_intent_to_cancel(shop.placed(ref), list(lines))


def still_open(shop: Shop, ref: OrderRef) -> list[int]:
    """Return the units of each line Walmart still waits for."""
    return [line.open for line in shop.placed(ref).lines()]


def reasons_at_walmart(shop: Shop, ref: OrderRef) -> set[str]:
    return {
        status["cancellationReason"]
        for line in shop.placed(ref).document["orderLines"]["orderLine"]
        for status in line["orderLineStatuses"]["orderLineStatus"]
        if status["cancellationReason"]
    }


def change_in_m3(shop: Shop, number: str, change: str, **fields: object) -> None:
    """Do to an order what a person does in OIS300."""
    people.change_order(shop.tenant, {"order": number, "do": change, **fields})


def pick(shop: Shop, number: str) -> None:
    """Put what is allocated on a picking list."""
    assert warehouse.pick(shop.tenant, shop.tenant.orders[number])


def ships(lines: tuple[M3Line, ...]) -> list[tuple[str, int]]:
    return [(line.line_number, line.will_ship) for line in lines]


def give_a_reason(shop: Shop, folder: Path, reason: CancellationReason) -> None:
    """Let the pair's own table say why units that were given up in M3 are canceled."""
    row = {"tables/cancellation_reasons.yaml": f"given_up_in_m3: {reason}\n"}
    shop.services.live_mappings._overrides = write_overrides(folder, row)
