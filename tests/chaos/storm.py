"""Orders and cancellations by a plan, while the worker dies; a person answers what is shown."""

import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Any

import httpx
from temporalio.client import Client, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.service import RPCError

from commands.demo.stack import Stack
from domain.names import ORDER_TO_CASH
from domain.orders import OrderSummary
from tests.chaos.plan import IN_M3, Plan, Upset

TOO_LATE = "CANCELED_AFTER_SHIPMENT"

PAIR = 'mappings = "mappings"\nrecheck_seconds = 1\nitem_cache_seconds = 600\n'
GIVEN_UP = "given_up_in_m3: SELLER_CANCEL_OUT_OF_STOCK\n"
INVOICED_AFTER_SECONDS = 0.5

# Shorter than the simulators keep a connection, which could close while a request is sent.
KEPT = httpx.Limits(keepalive_expiry=2)

LOOK_EVERY_SECONDS = 1.0
# Nothing moved for this long: what stands then, stays.
PATIENCE_SECONDS = 120.0


class Storm:
    """One run of a plan on a running stack."""

    def __init__(self, stack: Stack, client: Client, plan: Plan) -> None:
        self._stack = stack
        self._client = client
        self._plan = plan
        self._http = httpx.AsyncClient(timeout=30, limits=KEPT)
        self._began = time.monotonic()
        self.placed: dict[str, Upset | None] = {}  # by purchase order
        self.refused: dict[str, str] = {}  # cancellations that came too late for M3, and why
        self.cases: dict[str, set[str]] = {}  # causes that were shown, by purchase order
        self.killed = 0

    async def run(self) -> dict[str, Any]:
        """Do what the plan says, wait until nothing moves any more, and return the audit."""
        await self._set_the_scene()
        self._began = time.monotonic()
        person = asyncio.create_task(self._answer())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._kill_the_worker())
            await self._place(tasks)
        audit = await self._settled()
        person.cancel()
        await self._http.aclose()
        return audit

    async def _set_the_scene(self) -> None:
        tables = self._stack.folder / "mappings" / "tables"
        tables.mkdir(parents=True, exist_ok=True)
        (tables / "cancellation_reasons.yaml").write_text(GIVEN_UP)
        await self._stack.simulators.tell_walmart("limits", {"scale": 100.0})

    async def _place(self, tasks: asyncio.TaskGroup) -> None:
        for position in range(self._plan.orders):
            due = self._began + position * self._plan.interval_seconds
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if position % 20 == 0:
                await self._change_pace(self._plan.warehouse_delays[position])
            upset = self._plan.upsets.get(position)
            if upset is None:
                self.placed[await self._place_one(announce=True)] = None
            else:
                await self._place_and_cancel(upset, tasks)

    async def _change_pace(self, delay: float) -> None:
        settings = {"delay_seconds": delay, "invoice_delay_seconds": INVOICED_AFTER_SECONDS}
        shares = {"partial_share": 0.25, "packages_share": 0.2}
        await self._stack.simulators.tell_m3(
            "warehouse", {**settings, **shares, "running": True, "seed": self._plan.seed}
        )

    async def _place_one(self, *, announce: bool) -> str:
        order = {"count": 1, "mix": "plain", "seed": self._plan.seed, "announce": announce}
        answered = await self._stack.simulators.tell_walmart("orders", order)
        [purchase_order_id] = answered["purchase_order_ids"]
        return str(purchase_order_id)

    async def _place_and_cancel(self, upset: Upset, tasks: asyncio.TaskGroup) -> None:
        purchase_order_id = await self._place_one(announce=not upset.before_its_order)
        self.placed[purchase_order_id] = upset
        if upset.before_its_order:
            await self._cancel_at_walmart(purchase_order_id, upset)
            tasks.create_task(self._announce_later(purchase_order_id, -upset.after_seconds))
        else:
            tasks.create_task(self._cancel_later(purchase_order_id, upset))

    async def _announce_later(self, purchase_order_id: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        body = {"purchase_order_id": purchase_order_id, "sub_event_type": "PO_CREATED"}
        await self._stack.simulators.tell_walmart("events", body)

    async def _cancel_later(self, purchase_order_id: str, upset: Upset) -> None:
        await asyncio.sleep(max(0.0, upset.after_seconds))
        if upset.kind in IN_M3:
            await self._cancel_in_m3(purchase_order_id, upset)
            return
        picked = await self._pick(purchase_order_id) if upset.while_picked else ""
        await self._cancel_at_walmart(purchase_order_id, upset)
        if picked:
            await asyncio.sleep(upset.leaves_after_seconds)
            await self._stack.simulators.tell_m3("warehouse/advance", {"order": picked})

    async def _cancel_at_walmart(self, purchase_order_id: str, upset: Upset) -> None:
        body: dict[str, Any] = {"purchase_order_id": purchase_order_id}
        body["sub_event_type"] = upset.kind
        if upset.units:
            body["quantities"] = dict.fromkeys(upset.line_numbers, upset.units)
        elif upset.line_numbers:
            body["line_numbers"] = list(upset.line_numbers)
        await self._stack.simulators.tell_walmart("events", body)

    async def _cancel_in_m3(self, purchase_order_id: str, upset: Upset) -> None:
        """Let a person in M3 give up lines of the order, as soon as there is one."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not (order := await self._m3_order(purchase_order_id)):
            if time.monotonic() > give_up:
                return  # the verdict tells why there is none
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        changes: list[Mapping[str, str]] = [{"line": line} for line in upset.line_numbers] or [{}]
        for change in changes:
            try:
                await self._stack.simulators.tell_m3(
                    "orders/lines", {"order": order, "do": IN_M3[upset.kind], **change}
                )
            except httpx.HTTPStatusError as error:
                if error.response.status_code != httpx.codes.BAD_REQUEST:
                    raise
                self.refused[purchase_order_id] = error.response.json()["error"]

    async def _pick(self, purchase_order_id: str) -> str:
        """Print a picking list, and return the M3 order when there is one now."""
        order = await self._m3_order(purchase_order_id)
        for _ in range(2 if order else 0):
            moved = await self._stack.simulators.tell_m3("warehouse/advance", {"order": order})
            if moved["moved"].get(order) == "pick":
                return order
        return ""

    async def _m3_order(self, purchase_order_id: str) -> str:
        response = await self._http.get(
            f"{self._stack.simulators.m3}/_sim/orders", params={"reference": purchase_order_id}
        )
        found = response.raise_for_status().json()["orders"]
        return str(found[0]["m3_order_number"]) if found else ""

    async def _kill_the_worker(self) -> None:
        for moment, down in zip(self._plan.kills, self._plan.down_seconds, strict=True):
            await asyncio.sleep(max(0.0, self._began + moment - time.monotonic()))
            await self._stack.kill("worker")
            self.killed += 1
            await asyncio.sleep(down)
            await self._stack.start_worker()

    async def _answer(self) -> None:
        """Be the person: note every case, and see to what was canceled after it shipped."""
        waiting = f"WorkflowType = '{ORDER_TO_CASH}' AND ExecutionStatus = 'Running'"
        while True:
            async for found in self._client.list_workflows(f"{waiting} AND NeedsAttention = true"):
                try:
                    await self._answer_one(found.id)
                except (RPCError, WorkflowQueryFailedError, WorkflowUpdateFailedError):
                    continue  # the worker is away, or the case has closed by itself; looked again
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _answer_one(self, workflow_id: str) -> None:
        workflow = self._client.get_workflow_handle(workflow_id)
        summary: OrderSummary = await workflow.query("status", result_type=OrderSummary)
        causes = {attention.cause for attention in summary.attention}
        self.cases.setdefault(summary.purchase_order_id, set()).update(causes)
        if TOO_LATE in causes:
            answer = {"by": "ann", "reason": "called back"}
            await workflow.execute_update("approve", answer)

    async def _settled(self) -> dict[str, Any]:
        """Return the audit once every order has ended and M3 has nothing left to do."""
        moved_at = said_at = time.monotonic()
        before: object = None
        while True:
            self._stack.check()
            closed, audit = await self._closed(), await self._stack.simulators.audit()
            if closed >= self._plan.orders and not in_hand(audit):
                return audit
            now = time.monotonic()
            state = (closed, audit["totals"])
            moved_at = now if state != before else moved_at
            before = state
            if now - said_at > 10:
                sys.stderr.write(f"{now - self._began:.0f} s: {closed} closed, {audit['totals']}\n")
                said_at = now
            if now - moved_at > PATIENCE_SECONDS:
                return audit
            await asyncio.sleep(2 * LOOK_EVERY_SECONDS)

    async def _closed(self) -> int:
        over = "ExecutionStatus != 'Running' AND ExecutionStatus != 'ContinuedAsNew'"
        query = f"WorkflowType = '{ORDER_TO_CASH}' AND {over}"
        return (await self._client.count_workflows(query)).count


def in_hand(audit: Mapping[str, Any]) -> list[str]:
    """Return the M3 orders that are not all delivered or closed, and invoiced."""
    return [
        order["m3_order_number"]
        for view in audit["orders"]
        for order in view["m3_orders"]
        for line in order["lines"]
        if float(line["delivered"]) + float(line["closed"]) < float(line["quantity"])
        or float(line["invoiced"]) < float(line["delivered"])
    ]
