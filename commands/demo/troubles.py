"""The demo with troubles: every cause happens, an operator resolves each, nothing is left open."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from rich.console import Console
from temporalio.client import Client

from commands.cases import CaseFilter, find_cases, list_cases
from commands.demo.alerts import Alerts, receiving
from commands.demo.operator import STOPS, TROUBLES, Operator, Trouble
from commands.demo.report import order_ends
from commands.demo.run import FOLDER, DemoOptions, end_at_sigterm
from commands.demo.stack import Ports, Stack, open_stack
from commands.demo.troubles_report import Told, TroublesReport, counted, in_short, spread

LOOK_EVERY_SECONDS = 0.25
PATIENCE_SECONDS = 240.0
ARRIVE_IN_OUTAGE = 4

# As fast as a busy shop; all at once would only measure the queue.
PACE_SECONDS = 0.2

PAIR = """\
mappings = "mappings"
recheck_seconds = 2
item_cache_seconds = 0
"""


async def run_troubles(options: DemoOptions, console: Console) -> bool:
    """Run the demo with troubles; return whether every one was resolved.

    Raises:
        Mendable: a part did not start, or a documented command was refused.
    """
    end_at_sigterm()
    console.print("Starting Temporal, both simulators, the worker and the starter ...")
    async with (
        receiving() as alerts,
        open_stack(
            FOLDER,
            Ports(),
            poll_seconds=2,
            # No webhook is lost here; what the sweep finds first would be shown before it is told.
            sweep_seconds=600,
            attention_after=4,
            pair=PAIR,
            alerts=alerts.url,
        ) as (stack, client),
    ):
        started = time.monotonic()
        run = _Run(stack, client, alerts, console)
        console.print(f"Placing {options.orders} orders; M3 is out for a while.")
        await run.place(options.orders, options.seed)
        await run.until_resolved()
        report = await run.report(time.monotonic() - started)
    report.show(console)
    if options.report:
        options.report.write_text(json.dumps(asdict(report), indent=2) + "\n")
    return report.succeeded


class _Run:
    """One run: what is in trouble, and what is done about it."""

    def __init__(self, stack: Stack, client: Client, alerts: Alerts, console: Console) -> None:
        self._stack = stack
        self._client = client
        self._alerts = alerts
        self._console = console
        self._operator = Operator(stack)
        self._told: dict[str, Told] = {}
        self._views: dict[str, Mapping[str, Any]] = {}
        self._shown: dict[str, set[str]] = {}
        self._open: dict[str, set[str]] = {}
        self._resolving: list[asyncio.Task[None]] = []
        self._watching = asyncio.create_task(self._watch())

    async def place(self, count: int, seed: int) -> None:
        """Let M3 be out while the first orders arrive, and stop some of the others."""
        tell_walmart, tell_m3 = self._stack.simulators.tell_walmart, self._stack.simulators.tell_m3
        await tell_walmart("limits", {"scale": 100.0})
        await tell_m3(
            "warehouse", {"delay_seconds": 1.0, "invoice_delay_seconds": 5.0, "seed": seed}
        )
        late = min(ARRIVE_IN_OUTAGE, count // 2)
        await self._outage(late, seed)
        mix = {"count": count - late, "mix": "troubles", "seed": seed, "announce": False}
        placed = (await tell_walmart("orders", mix))["orders"]
        spare = [order["purchase_order_id"] for order in placed if not order["trouble"]]
        stopped = dict(zip(spare, STOPS, strict=False))
        for number, name in stopped.items():
            await tell_m3("batch", {"next_stop": STOPS[name], "reference": number})
        for order in placed:
            number = order["purchase_order_id"]
            if name := order["trouble"] or stopped.get(number, ""):
                self._told[number] = told = Told(purchase_order_id=number, trouble=name)
                self._resolving.append(asyncio.create_task(self._resolve(told)))
            await self._announce(number)
            await asyncio.sleep(PACE_SECONDS)

    async def until_resolved(self) -> None:
        """Watch the list of cases and resolve what it shows, until nothing is left to do."""
        done = asyncio.create_task(self._until_closed())
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                # The watch ends only by failing, and then nobody would see a case again.
                await asyncio.wait({self._watching, done}, return_when=asyncio.FIRST_COMPLETED)
                await (done if done.done() else self._watching)
        except TimeoutError:
            self._console.print("Not everything was resolved in time.", style="red")
        finally:
            for task in (self._watching, done, *self._resolving):
                task.cancel()
            await asyncio.gather(self._watching, done, *self._resolving, return_exceptions=True)

    async def _until_closed(self) -> None:
        await asyncio.gather(*self._resolving)
        doubles = TROUBLES["duplicate_order"]
        while await self._any_open():
            # Of two orders that came together either may have been found to be the double.
            if self._shows(doubles.case):
                await self._operator.run(doubles.command)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def _shows(self, cause: str) -> bool:
        return any(cause in causes for causes in self._open.values())

    async def report(self, seconds: float) -> TroublesReport:
        """Return what came of it."""
        audit = await self._stack.simulators.audit()
        ends = await order_ends(self._client, audit)
        cases = await list_cases(self._client, CaseFilter())
        for told in self._told.values():
            if told.cause:
                told.alerted_at = self._alerts.first(told.cause, told.purchase_order_id)
        shown = [t for t in self._told.values() if t.shown_at]
        totals = audit["totals"]
        return TroublesReport(
            orders=len(ends),
            in_trouble=len(self._told),
            causes=counted(told.cause for told in self._told.values() if told.cause),
            resolved=sum(bool(told.resolved_by) for told in self._told.values()),
            commands=self._operator.commands,
            open_cases=len(cases),
            open_orders=sum(end.is_open for end in ends),
            m3_orders=totals["m3_orders"],
            canceled=totals["canceled"],
            lost=sum(not o["m3_orders"] and not o["canceled"] for o in audit["orders"]),
            duplicates=totals["duplicates"],
            mismatches=totals["mismatches"],
            orphan_batches=totals["orphan_batches"],
            shipped_after_cancellation=totals["shipped_after_cancellation"],
            seconds=round(seconds, 1),
            attention_seconds=spread([t.shown_at - t.wrong_at for t in shown]),
            alert_seconds=spread([t.alerted_at - t.wrong_at for t in shown if t.alerted_at]),
            alerts={
                "sent": len(self._alerts.taken),
                "cases_without": sum(not t.alerted_at for t in shown),
            },
            troubles=[in_short(told) for told in self._told.values()],
            problems=[
                f"{order['purchase_order_id']}: {problem}"
                for order in audit["orders"]
                for problem in order["problems"]
            ],
        )

    async def _announce(self, purchase_order_id: str) -> None:
        await self._event(purchase_order_id, "PO_CREATED")
        if told := self._told.get(purchase_order_id):
            told.wrong_at = time.monotonic()

    async def _outage(self, count: int, seed: int) -> None:
        """Let M3 be out while some orders arrive, and resolve what that leaves in one command."""
        down = {"share": 1.0, "seed": 1, "kinds": ["server_error"]}
        await self._stack.simulators.tell_m3("faults", down)
        mix = {"count": count, "mix": "plain", "seed": seed, "announce": False}
        late = []
        for order in (await self._stack.simulators.tell_walmart("orders", mix))["orders"]:
            number = order["purchase_order_id"]
            late.append(Told(purchase_order_id=number, trouble="m3_out"))
            self._told[number] = late[-1]
            await self._announce(number)
        trouble = TROUBLES["m3_out"]
        with suppress(TimeoutError):  # the report says what was never shown
            async with asyncio.timeout(PATIENCE_SECONDS):
                for told in late:
                    await self._until_shown(told, trouble.case)
                await self._until_alerted(late[0])
        await self._stack.simulators.tell_m3("faults", {**down, "share": 0.0})
        await self._operator.run(trouble.command)
        for told in late:
            told.resolved_by = f"attention {' '.join(trouble.command[:3])}"

    async def _resolve(self, told: Told) -> None:
        trouble, number = TROUBLES[told.trouble], told.purchase_order_id
        if trouble.event or trouble.in_m3:
            await self._until(number, trouble.after)
            told.wrong_at = time.monotonic()
            await self._happen(number, trouble)
        if trouble.case:
            await self._until_shown(told, trouble.case)
            await self._until_alerted(told)
        told.resolved_by = await self._mend(told, trouble)
        self._console.print(
            f"{number}  {told.trouble:38} {told.cause:28} {told.resolved_by}", highlight=False
        )

    async def _happen(self, number: str, trouble: Trouble) -> None:
        view = self._views[number]
        second = {"line_numbers": ["2"]} if await self._one_line(view) else {}
        if trouble.event:
            await self._event(number, trouble.event, **second)
        if trouble.in_m3:
            order = view["m3_orders"][0]["m3_order_number"]
            change = {"order": order, "line": "2", "do": trouble.in_m3}
            await self._stack.simulators.tell_m3("orders/lines", change)

    async def _one_line(self, view: Mapping[str, Any]) -> bool:
        """Tell whether the trouble is about line 2 alone."""
        return view["trouble"] in (
            "buyer_cancels_line",
            "buyer_cancels_after_partial_shipment",
            "walmart_auto_cancels",
        )

    async def _mend(self, told: Told, trouble: Trouble) -> str:
        route, body = trouble.mended
        name, row = trouble.table
        if route == "batch":
            [batch] = self._views[told.purchase_order_id]["m3_open_batches"]
            body = {"order": batch["batch_order_number"], **body}
        if route == "stock":  # whichever warehouse the order's ship node stands for
            for warehouse in ("001", "002"):
                await self._stack.simulators.tell_m3(route, {**body, "warehouse": warehouse})
            return "M3: stock"
        if route:
            await self._stack.simulators.tell_m3(route, dict(body))
            return f"M3: {route}"
        if name:
            self._operator.write_table(name, row)
            return f"table {name}"
        if trouble.command:
            filled = {"po": told.purchase_order_id, "sku": self._unknown_sku(told)}
            command = tuple(word.format(**filled) for word in trouble.command)
            await self._operator.run(command)
            if trouble.then_approved:
                await self._until_held(told.purchase_order_id)
                await self._operator.run(("approve", told.purchase_order_id, "--reason", "agreed"))
            return f"attention {trouble.command[0]}"
        return "by itself"

    def _unknown_sku(self, told: Told) -> str:
        lines = self._views.get(told.purchase_order_id, {}).get("walmart_lines", [])
        return next((line["sku"] for line in lines if "GHOST" in line["sku"]), "")

    async def _until(self, number: str, after: str) -> None:
        while not _reached(self._views.get(number), after):  # noqa: ASYNC110 - as a person looks
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _until_shown(self, told: Told, cause: str) -> None:
        shown = self._shown
        while cause not in shown.get(told.purchase_order_id, ()):
            if cause == TROUBLES["duplicate_order"].case and self._shows(cause):
                return
            await asyncio.sleep(LOOK_EVERY_SECONDS / 2)

    async def _until_alerted(self, told: Told) -> None:
        """Be no faster than the alert, so that its time is measured for every case."""
        alerted, number = self._alerts.first, told.purchase_order_id
        while told.shown_at and not alerted(told.cause, number):  # noqa: ASYNC110 - as a person looks
            await asyncio.sleep(LOOK_EVERY_SECONDS / 2)

    async def _until_held(self, number: str) -> None:
        shown = self._shown  # the watch fills it
        while not any("UNIT_PRICE" in c for c in shown.get(number, ())):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_SECONDS / 2)

    async def _watch(self) -> None:
        """Look at the audit, and at the list of cases as `attention list` does."""
        while True:
            self._stack.check()
            audit = await self._stack.simulators.audit()
            self._views = {order["purchase_order_id"]: order for order in audit["orders"]}
            found = await find_cases(self._client, CaseFilter(), limit=1000)
            self._open = {
                case.purchase_order_id: {each.cause for each in case.attention}
                for case in found.shown
            }
            for case in found.shown:
                causes = {attention.cause for attention in case.attention}
                self._shown.setdefault(case.purchase_order_id, set()).update(causes)
                told = self._told.get(case.purchase_order_id)
                wanted = TROUBLES[told.trouble].case if told else ""
                if told and wanted in causes and not told.shown_at and told.wrong_at:
                    told.shown_at, told.cause = time.monotonic(), wanted
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _any_open(self) -> bool:
        ends = await order_ends(self._client, await self._stack.simulators.audit())
        return any(end.is_open for end in ends)

    async def _event(self, number: str, kind: str, **more: Any) -> None:
        await self._stack.simulators.tell_walmart(
            "events", {"purchase_order_id": number, "sub_event_type": kind, **more}
        )


def _reached(view: Mapping[str, Any] | None, after: str) -> bool:
    if view is None or after == "announced":
        return view is not None
    statuses = [line["statuses"] for line in view["walmart_lines"]]
    shipped = [line.get("Shipped", 0) for line in statuses]
    match after:
        case "shipping":
            return any(shipped)
        case "shipped":
            return all(shipped)
        case _:
            return bool(view["m3_orders"]) and all(
                "Acknowledged" in s or s.get("Shipped") for s in statuses
            )
