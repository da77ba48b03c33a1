"""The activities of one pair, run against both simulated systems.

Time stands still until a test moves it: M3's search index shows nothing new before `later`.
"""

import asyncio
import dataclasses
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.customers import CustomerActivities, FindCustomerInput
from activities.order_entry import AddHeadInput, AddLinesInput, ConfirmInput, OrderEntryActivities
from activities.orders import DraftedOrder, DraftOrderInput, OrderActivities, ReserveStockInput
from activities.services import PairServices
from activities.shipments import ConfirmShipmentInput
from domain.names import order_workflow_id
from domain.orders import Customer, CustomerStrategy, M3Line, OrderEntry, OrderHead, OrderRef
from settings import Settings
from simulators import audit, server
from simulators.m3 import warehouse
from simulators.m3.authorization import ionapi_file
from simulators.m3.records import Batch, Order
from simulators.m3.state import WarehouseSettings
from simulators.walmart.generator import complete
from simulators.walmart.lines import order_lines
from simulators.walmart.purchase_orders import PlacedOrder
from tests.activity_owners import OWNERS
from tests.systems import Systems
from worker import open_services

PAIR = "acme"
DAY = 24 * 60 * 60

# How a pair enters orders, and for whom.
BATCH = {"order_entry": "batch", "customer_strategy": "marketplace", "customer_number": "WALMART"}
BATCH_PER_BUYER = {
    "order_entry": "batch",
    "customer_strategy": "per_buyer",
    "customer_template": "TMPLWM",
}
DIRECT = BATCH_PER_BUYER | {"order_entry": "direct"}

Owner = TypeVar("Owner")
Input = TypeVar("Input")
Result = TypeVar("Result")

Activity = Callable[[Owner, Input], Awaitable[Result]]


class Shop:
    """A seller with both systems, and a worker whose activities a test runs one by one."""

    def __init__(self, systems: Systems, settings: Settings, stack: AsyncExitStack) -> None:
        self.account = systems.account
        self.tenant = systems.tenant
        self._clock = systems.clock
        self._settings = settings
        self._stack = stack
        self._ledgers = 0
        self.temporal: Client | None = None
        self.services: PairServices
        self._owners: dict[str, Any]

    async def start_worker(self) -> None:
        """Start a worker with an empty ledger in place of the one before, if there was one."""
        self._ledgers += 1
        path = self._settings.ledger.path.with_name(f"ledger-{self._ledgers}.db")
        ledger = self._settings.ledger.model_copy(update={"path": path})
        services = await self._stack.enter_async_context(
            open_services(self._settings.model_copy(update={"ledger": ledger}))
        )
        self.services = services.of_pair(PAIR)
        self._owners = {owner.__name__: owner(services) for owner in OWNERS}

    @property
    def entry(self) -> OrderEntry:
        """Return how the pair enters orders."""
        return self.services.pair.order_entry

    # What happens in the two systems.

    def later(self, seconds: float = 1) -> None:
        """Let time pass, and happen in M3 what falls due."""
        self._clock.seconds += seconds
        self.tenant.agenda.run_due()

    def place(
        self, *lines: tuple[str, int], first_line: int = 1, freight: str = "", **fields: Any
    ) -> OrderRef:
        """Place an order.

        Args:
            lines: SKU and quantity of each; any when there are none.
            first_line: number of the first line, for later parts of a customer order.
            freight: what the buyer paid for shipping.
            fields: parts of the order to be as given.
        """
        partial: dict[str, Any] = {"shipNode": {"id": "10001"}} | fields
        if lines:
            partial["orderLines"] = {
                "orderLine": [
                    {
                        "lineNumber": str(number),
                        "item": {"sku": sku},
                        "orderLineQuantity": {"amount": str(quantity)},
                    }
                    for number, (sku, quantity) in enumerate(lines, first_line)
                ]
            }
        document = complete(
            partial,
            seed=1,
            number=len(self.account.orders),
            ordered_at_ms=int(self._clock() * 1000),
        )
        charges = order_lines(document)[0]["charges"]["charge"]
        charges[:] = [charge for charge in charges if charge["chargeType"] != "SHIPPING"]
        if freight:
            amount = {"currency": "USD", "amount": float(freight)}
            charges.append(
                {"chargeType": "SHIPPING", "chargeName": "Shipping", "chargeAmount": amount}
                | {"tax": None, "taxAndOtherFees": None}
            )
        placed = self.account.place(document, expected="invoiced")
        return OrderRef(pair=PAIR, purchase_order_id=placed.purchase_order_id)

    def lose_answer(self, operation: str, *, count: int = 1, kind: str = "lost_answer") -> None:
        """Let the next requests of one operation be carried out and their answers be lost."""
        system = self.tenant if "." in operation else self.account
        system.faults.replace(
            {"share": 1, "kinds": [kind], "operations": [operation], "count": count}
        )

    def ship(self, m3_order_number: str) -> str:
        """Let what is in stock leave the warehouse and return the newest delivery's number."""
        order = self.tenant.orders[m3_order_number]
        while warehouse.advance(self.tenant, order) != "ship":
            pass
        return order.deliveries[-1].number

    async def m3(self, operation: str, **record: str) -> list[dict[str, str]]:
        """Do something in M3 as a person or another program would."""
        program, _, transaction = operation.partition(".")
        return await self.services.m3.execute(program, transaction, record)

    # What there is.

    def placed(self, ref: OrderRef) -> PlacedOrder:
        """Return the order as Walmart has it."""
        return self.account.orders[ref.purchase_order_id]

    def m3_orders(self, ref: OrderRef) -> list[Order]:
        """Return the orders M3 has for it."""
        return self.tenant.orders_by_reference.get(ref.purchase_order_id, [])

    def m3_batches(self, ref: OrderRef) -> list[Batch]:
        """Return the batch orders M3 has for it."""
        return self.tenant.batches_by_reference.get(ref.purchase_order_id, [])

    def entered_lines(self, ref: OrderRef) -> list[tuple[str, str, int]]:
        """Return Walmart's line number, item and quantity of the lines of M3's one order."""
        [order] = self.m3_orders(ref)
        return [
            (line.entered.get("CUPO") or str(line.key[0]), line.item_number, int(line.quantity))
            for line in order.lines.values()
        ]

    def packages(self, ref: OrderRef) -> dict[str, list[tuple[str, int]]]:
        """Return tracking number and units of what Walmart shows as shipped, by line."""
        return {
            line.line_number: [(each.tracking_number, each.quantity) for each in line.packages]
            for line in self.placed(ref).lines()
        }

    def problems(self, ref: OrderRef) -> list[str]:
        """Return what the joined audit has against this order."""
        audited = audit.join(self.account, self.tenant)["orders"]
        [found] = [o for o in audited if o["purchase_order_id"] == ref.purchase_order_id]
        problems: list[str] = found["problems"]
        return problems

    # What the worker does.

    async def run(
        self,
        activity: Activity[Owner, Input, Result],
        arg: Input,
        *,
        attempt: int = 1,
        local: bool = False,
    ) -> Result:
        """Run one attempt of an activity, as the worker does for Temporal.

        Args:
            activity: a method of one of the classes of activities.
            arg: its input.
            attempt: which it is; Temporal begins with 1 again after a reset and for a new run.
            local: within the workflow task, as reads are tried first.
        """
        owner, _, name = activity.__qualname__.partition(".")
        ref = getattr(arg, "ref", arg)
        environment = ActivityEnvironment(self.temporal)
        environment.info = dataclasses.replace(
            ActivityEnvironment.default_info(),
            activity_type=name,
            attempt=attempt,
            is_local=local,
            workflow_id=order_workflow_id(PAIR, getattr(ref, "purchase_order_id", "")),
        )
        bound: Callable[[Input], Awaitable[Result]] = getattr(self._owners[owner], name)
        return await environment.run(bound, arg)

    async def stall(
        self,
        activity: Activity[Owner, Input, Result],
        arg: Input,
        *,
        before: str,
        attempt: int = 1,
    ) -> Callable[[], Awaitable[Result]]:
        """Run an attempt that stalls just before a request that has this word in it.

        Returns:
            What lets it go on to its end.
        """
        stalled, released = asyncio.Event(), asyncio.Event()

        async def hold(request: httpx.Request) -> None:
            if not stalled.is_set() and f'"{before}"' in request.content.decode():
                stalled.set()
                await released.wait()

        for client in (self.services.m3, self.services.walmart):
            client._http.event_hooks = {"request": [hold]}
        task = asyncio.ensure_future(self.run(activity, arg, attempt=attempt))
        await stalled.wait()

        async def go_on() -> Result:
            released.set()
            return await task

        return go_on

    async def customer(self, ref: OrderRef) -> Customer:
        """Return whom the order is entered for."""
        pair = self.services.pair
        if pair.customer_strategy is CustomerStrategy.MARKETPLACE:
            return Customer(customer_number=pair.customer_number)
        wanted = FindCustomerInput(ref=ref, order_entry=self.entry)
        return await self.run(CustomerActivities.find_or_create_customer, wanted)

    async def read(self, ref: OrderRef) -> None:
        """Fetch and draft an order."""
        await self.run(OrderActivities.fetch_walmart_order, ref, local=True)
        await self.draft(ref, local=True)

    async def draft(self, ref: OrderRef, *, attempt: int = 1, local: bool = False) -> DraftedOrder:
        """Draft an order that has been fetched."""
        order = DraftOrderInput(ref=ref, order_entry=self.entry)
        return await self.run(OrderActivities.draft_m3_order, order, attempt=attempt, local=local)

    async def add_head(self, ref: OrderRef, *, attempt: int = 1) -> OrderHead:
        """Add the head of an order that has been read."""
        head = await self.head_input(ref)
        return await self.run(OrderEntryActivities.add_head, head, attempt=attempt)

    async def head_input(self, ref: OrderRef) -> AddHeadInput:
        """Return what `add_head` runs with, for tests that run it in another way."""
        return AddHeadInput(ref=ref, order_entry=self.entry, customer=await self.customer(ref))

    def lines_input(self, ref: OrderRef, head: OrderHead) -> AddLinesInput:
        """Return what `add_lines` runs with."""
        return AddLinesInput(ref=ref, order_entry=self.entry, head=head)

    async def add_lines(self, ref: OrderRef, head: OrderHead, *, attempt: int = 1) -> None:
        """Add the lines."""
        lines = self.lines_input(ref, head)
        await self.run(OrderEntryActivities.add_lines, lines, attempt=attempt)

    async def confirm(self, ref: OrderRef, head: OrderHead, *, attempt: int = 1) -> str:
        """Confirm the batch order."""
        batch = ConfirmInput(ref=ref, batch_order_number=head.batch_order_number)
        return await self.run(OrderEntryActivities.confirm_m3_order, batch, attempt=attempt)

    async def enter(self, ref: OrderRef) -> str:
        """Take an order from Walmart into M3, as the workflow does, and return its M3 number."""
        await self.read(ref)
        head = await self.add_head(ref)
        if self.entry is OrderEntry.DIRECT or not head.m3_order_number:
            await self.add_lines(ref, head)
        return head.m3_order_number or await self.confirm(ref, head)

    async def reserve(self, ref: OrderRef, m3_order_number: str) -> tuple[M3Line, ...]:
        """Reserve the stock of an order."""
        order = ReserveStockInput(ref=ref, m3_order_number=m3_order_number)
        return await self.run(OrderActivities.reserve_stock, order)

    async def delivered(self, ref: OrderRef) -> ConfirmShipmentInput:
        """Take an order all the way until its stock has left, and return what to confirm."""
        m3_order_number = await self.enter(ref)
        await self.run(OrderActivities.acknowledge_walmart_order, ref)
        return ConfirmShipmentInput(
            ref=ref,
            m3_order_number=m3_order_number,
            lines=await self.reserve(ref, m3_order_number),
            delivery_number=self.ship(m3_order_number),
        )


@asynccontextmanager
async def open_shop(
    systems: Systems,
    folder: Path,
    entry: dict[str, str],
    *,
    ledger: dict[str, SecretStr] | None = None,
    inventory: bool = False,
) -> AsyncIterator[Shop]:
    """Empty both systems and start a worker.

    Args:
        systems: the running systems.
        folder: for credentials and ledgers.
        entry: BATCH, BATCH_PER_BUYER or DIRECT.
        ledger: url and key of a ledger on a server; without it, it is a file.
        inventory: whether Walmart's stock follows M3's.
    """
    systems.clock.seconds = time.time()
    systems.account.reset()
    systems.tenant.reset()
    systems.tenant.warehouse = WarehouseSettings(running=False)
    ionapi = folder / "acme.ionapi"
    ionapi.write_text(json.dumps(ionapi_file(systems.urls.m3, old=False)))
    async with AsyncExitStack() as stack:
        place: Mapping[str, object] = ledger or {"path": folder / "ledger.db"}
        shop = Shop(systems, _settings(systems.urls, ionapi, place, entry, inventory), stack)
        await shop.start_worker()
        yield shop


def _settings(
    urls: server.BaseUrls,
    ionapi: Path,
    ledger: Mapping[str, object],
    entry: dict[str, str],
    inventory: bool,
) -> Settings:
    pair = {
        "name": PAIR,
        "time_zone": "America/Chicago",
        "default_phone": "5550100000",
        "walmart": {
            "base_url": urls.walmart,
            "client_id": SecretStr("sim-client"),
            "client_secret": SecretStr("sim-secret"),
        },
        "m3": {
            "ionapi_file": ionapi,
            "company": 100,
            "division": "AAA",
            "facility": "A01",
            "order_type": "WM1",
            "freight_charge": "FRGHT",
            **entry,
        },
        "webhooks": {"unsigned": True},
        "ion": {"unsigned": True},
        "inventory": {"enabled": inventory},
    }
    return Settings.model_validate({"pairs": [pair], "ledger": ledger})
