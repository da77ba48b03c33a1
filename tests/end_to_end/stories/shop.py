"""The whole product as processes, and one order in it: what a story places, sees and does."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

from commands.demo.stack import PAIR, Stack
from domain.attention import Attention
from domain.names import order_workflow_id
from domain.orders import OrderSummary, Stage, TimelineEntry

# Only turns a hang into a failure that says where the order stands; nothing is timed.
PATIENCE_SECONDS = float(os.environ.get("STORY_PATIENCE_SECONDS", "60"))
LOOK_EVERY_SECONDS = 0.1

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, kw_only=True)
class State:
    """What both systems hold of an order, in words a person would use."""

    walmart: str  # such as "1 Cancelled, 2 Shipped"
    m3: str  # such as "nothing", "batch order stopped in 25", "3 ordered, 3 delivered, 3 invoiced"

    def __str__(self) -> str:
        return f"Walmart: {self.walmart}; M3: {self.m3}"


class Shop:
    """One seller with everything running."""

    def __init__(self, stack: Stack, client: Client) -> None:
        self.stack = stack
        self.client = client

    async def m3(self, route: str, **body: Any) -> dict[str, Any]:
        """Let something happen in M3."""
        return await self.stack.simulators.tell_m3(route, body)

    async def walmart(self, route: str, **body: Any) -> dict[str, Any]:
        """Let something happen at Walmart."""
        return await self.stack.simulators.tell_walmart(route, body)

    async def place(
        self, lines: tuple[tuple[str, int], ...], partial: Mapping[str, Any]
    ) -> "LiveOrder":
        """Place an order at Walmart, which tells the starter of it."""
        order = {"shipNode": {"id": "10001"}, **partial}
        order["orderLines"] = {
            "orderLine": [
                {"item": {"sku": sku}, "orderLineQuantity": {"amount": str(quantity)}}
                for sku, quantity in lines
            ]
        }
        answered = await self.walmart("orders", order=order)
        [purchase_order_id] = answered["purchase_order_ids"]
        return LiveOrder(self, purchase_order_id)

    def table(self, name: str, rows: str) -> None:
        """Write a table of the pair, as a person would who mends it."""
        folder = self.stack.folder / "mappings" / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(rows)


class LiveOrder:
    """One order as it stands in both systems and in Temporal."""

    def __init__(self, shop: Shop, purchase_order_id: str) -> None:
        self.shop = shop
        self.purchase_order_id = purchase_order_id

    @property
    def workflow(self) -> WorkflowHandle[Any, OrderSummary]:
        """The workflow, whether it is there yet or not."""
        return self.shop.client.get_workflow_handle(
            order_workflow_id(PAIR, self.purchase_order_id), result_type=OrderSummary
        )

    async def status(self) -> OrderSummary:
        """Where the order stands."""
        found: OrderSummary = await self.workflow.query("status", result_type=OrderSummary)
        return found

    async def timeline(self) -> tuple[TimelineEntry, ...]:
        """What happened to it."""
        found: tuple[TimelineEntry, ...] = await self.workflow.query(
            "timeline", result_type=tuple[TimelineEntry, ...]
        )
        return found

    async def view(self) -> dict[str, Any]:
        """What the audit holds of it."""
        audit = await self.shop.stack.simulators.audit()
        return next(
            order
            for order in audit["orders"]
            if order["purchase_order_id"] == self.purchase_order_id
        )

    async def state(self) -> State:
        """What both systems hold of it."""
        view = await self.view()
        statuses: Counter[str] = Counter()
        for line in view["walmart_lines"]:
            statuses.update(line["statuses"])
        return State(
            walmart=", ".join(f"{q} {name}" for name, q in sorted(statuses.items()) if q),
            m3=_in_m3(view),
        )

    async def answer(self, name: str, **payload: Any) -> str:
        """Answer as our own command does."""
        said: str = await self.workflow.execute_update(name, {"by": "ann", **payload})
        return said

    async def case(self, cause: str) -> Attention:
        """Wait until the order shows a case, and return it."""
        found: list[Attention] = []

        async def shown() -> bool:
            found[:] = [a for a in (await self.status()).attention if a.cause == cause]
            return bool(found)

        await self.until(shown, f"a case {cause}")
        return found[0]

    async def has(self, state: State) -> None:
        """Wait until both systems hold this."""

        async def reached() -> bool:
            return await self.state() == state

        await self.until(reached, str(state))

    async def noted(self, event: str) -> TimelineEntry:
        """Wait until the timeline has an event, and return its latest entry."""
        found: list[TimelineEntry] = []

        async def shown() -> bool:
            found[:] = [entry for entry in await self.timeline() if entry.event == event]
            return bool(found)

        await self.until(shown, f"{event} in the timeline")
        return found[-1]

    async def ends(self, stage: Stage) -> OrderSummary:
        """Wait for the end of the workflow, and check that it is this one."""
        await self.until(self.status, "its workflow")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                summary: OrderSummary = await self.workflow.result()
        except WorkflowFailureError:  # canceled from the Web UI
            summary = await self.status()
        except TimeoutError:
            raise AssertionError(await self.described(f"the end as {stage}")) from None
        assert summary.stage is stage, await self.described(f"the end as {stage}")
        return summary

    async def until(self, reached: Callable[[], Any], what: str) -> None:
        """Look until something is so."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not await _tried(reached):
                    self.shop.stack.check()
                    await asyncio.sleep(LOOK_EVERY_SECONDS)
        except TimeoutError:
            raise AssertionError(await self.described(what)) from None

    async def described(self, awaited: str) -> str:
        """Say what was waited for and where the order stands instead."""
        try:
            status: object = await self.status()
            happened = "\n".join(f"  {e.event}: {e.detail}" for e in await self.timeline())
        except Exception as error:  # whatever it is, it belongs into the message
            status, happened = repr(error), ""
        return (
            f"order {self.purchase_order_id} never reached {awaited};\n{await self.state()}\n"
            f"{status}\n{happened}"
        )


async def _tried(reached: Callable[[], Any]) -> bool:
    """Ask once; a workflow that is not there yet, or a worker that is busy, is no answer."""
    try:
        return bool(await reached())
    except Exception as error:
        if type(error).__name__ in ("RPCError", "WorkflowQueryFailedError"):
            return False
        raise


def _in_m3(view: Mapping[str, Any]) -> str:
    if not view["m3_orders"]:
        stopped = [batch["status"] for batch in view["m3_open_batches"]]
        return f"batch order stopped in {', '.join(stopped)}" if stopped else "nothing"
    lines = [line for order in view["m3_orders"] for line in order["lines"]]
    totals = {
        word: sum(int(float(line[field])) for line in lines)
        for word, field in (
            ("ordered", "quantity"),
            ("delivered", "delivered"),
            ("invoiced", "invoiced"),
        )
    }
    return ", ".join(f"{quantity} {word}" for word, quantity in totals.items() if quantity) or (
        "an order without lines"
    )
