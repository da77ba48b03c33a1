"""The whole product as processes of its own, on ports nobody else uses."""

import asyncio
from collections.abc import Callable

from temporalio.client import Client

from commands.demo.report import OrderEnd, order_ends
from commands.demo.stack import Stack

# Only turns a hang into a failure that says where the orders stand; nothing is timed.
PATIENCE_SECONDS = 150


async def place(stack: Stack, count: int, *, mix: str = "mixed", interval: float = 0.05) -> None:
    """Place orders at the Walmart simulator, which tells the starter."""
    await stack.simulators.tell_walmart("limits", {"scale": 100.0})
    await stack.simulators.tell_walmart(
        "orders", {"count": count, "mix": mix, "seed": 3, "interval_seconds": interval}
    )


async def ends_when(
    stack: Stack, client: Client, reached: Callable[[list[OrderEnd]], bool]
) -> list[OrderEnd]:
    """Look until the orders have got somewhere, and return where they stand."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            stack.check()
            ends = await order_ends(client, await stack.simulators.audit())
            if ends and reached(ends):
                return ends
            await asyncio.sleep(0.2)


def all_right(ends: list[OrderEnd]) -> bool:
    """Tell whether every order is at the end it was made for."""
    return all(end.right for end in ends)
