"""What a story is: a row of a table that reads aloud, and how one is told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.orders import Stage
from tests.end_to_end.stories.shop import LiveOrder, Shop, State

Deed = Callable[[LiveOrder], Awaitable[Any]]
Setting = Callable[[Shop], Awaitable[Any]]

# Items of the simulated world, and the SKUs Walmart sells them under. Each is worth 24.99 to 80.
KETTLE, KETTLE_SKU = "KETTLE-01", "WM-KETTLE-01"
GHOST = "WM-GHOST-01"
TWO_LINES = (("WM-KETTLE-01", 2), ("WM-KETTLE-02", 1))

NOTHING_YET = State(walmart="3 Created", m3="nothing")
ENTERED = State(walmart="3 Acknowledged", m3="3 ordered")
DONE = State(walmart="3 Shipped", m3="3 ordered, 3 delivered, 3 invoiced")
CANCELED = State(walmart="3 Cancelled", m3="nothing")


@dataclass(frozen=True, kw_only=True)
class Story:
    """One exception: its cause, what it shows, what resolves it, how it ends in both systems."""

    title: str  # what should happen, read aloud
    lines: tuple[tuple[str, int], ...] = TWO_LINES  # SKU and quantity
    order: Mapping[str, Any] = field(default_factory=dict)  # what is special about the order
    before: tuple[Setting, ...] = ()  # what is so before it is placed
    until: State | None = None  # how far it goes by itself before something happens
    happens: tuple[Deed, ...] = ()  # then
    case: str = ""  # the cause it shows; empty: it needs nobody
    meanwhile: State | None = None  # while it waits
    resolved: tuple[Deed, ...] = ()
    stage: Stage = Stage.COMPLETED
    ends: State = DONE
    noted: str = ""  # an event of its timeline
    problems: tuple[str, ...] = ()  # what the audit may say in the end: what nobody can undo
    twin: bool = True  # told again while answers get lost


async def tell(story: Story, shop: Shop) -> None:
    """Run a story, and check every part of it."""
    for setting in story.before:
        await setting(shop)
    order = await shop.place(story.lines, story.order)
    if story.until:
        await order.has(story.until)
    for deed in story.happens:
        await deed(order)
    if story.case:
        attention = await order.case(story.case)
        assert attention.sentence
        assert attention.mend
    if story.meanwhile:
        await order.has(story.meanwhile)
    for deed in story.resolved:
        await deed(order)
    summary = await order.ends(story.stage)
    await order.has(story.ends)
    assert summary.attention == (), "a case is open at the end"
    if story.noted:
        await order.noted(story.noted)
    problems = tuple((await order.view())["problems"])
    assert problems == story.problems, problems


# What people and systems do.


def answer(name: str, **payload: Any) -> Deed:
    """A person answers by our command."""

    async def deed(order: LiveOrder) -> None:
        await order.answer(name, **{"reason": "as agreed"} | payload)

    return deed


def case(cause: str) -> Deed:
    """A further case is shown."""

    async def deed(order: LiveOrder) -> None:
        await order.case(cause)

    return deed


def reaches(state: State) -> Deed:
    """The order gets so far."""

    async def deed(order: LiveOrder) -> None:
        await order.has(state)

    return deed


def walmart_event(kind: str, *lines: str) -> Deed:
    """Something happens to the order at Walmart, which tells the starter."""

    async def deed(order: LiveOrder) -> None:
        body: dict[str, Any] = {
            "purchase_order_id": order.purchase_order_id,
            "sub_event_type": kind,
        }
        await order.shop.walmart(
            "events", **body, **({"line_numbers": list(lines)} if lines else {})
        )

    return deed


def in_m3(route: str, **body: Any) -> Deed:
    """Somebody changes something in M3."""

    async def deed(order: LiveOrder) -> None:
        await order.shop.m3(route, **body)

    return deed


def m3_is(route: str, **body: Any) -> Setting:
    """Something is so in M3 before the order is placed."""

    async def setting(shop: Shop) -> None:
        await shop.m3(route, **body)

    return setting


async def _m3_order(order: LiveOrder) -> str:
    return str((await order.view())["m3_orders"][0]["m3_order_number"])


def m3_line(line: str, do: str, **more: Any) -> Deed:
    """A person changes a line of the M3 order in OIS101."""

    async def deed(order: LiveOrder) -> None:
        await order.shop.m3("orders/lines", order=await _m3_order(order), line=line, do=do, **more)

    return deed


async def picks(order: LiveOrder) -> None:
    """The warehouse allocates and prints the picking list."""
    number = await _m3_order(order)
    for _ in range(2):
        moved = await order.shop.m3("warehouse/advance", order=number)
        if moved["moved"].get(number) == "pick":
            return


async def advance(order: LiveOrder) -> None:
    """The warehouse takes its next step with this order."""
    await order.shop.m3("warehouse/advance", order=await _m3_order(order))


async def repairs_batch(order: LiveOrder) -> None:
    """A person repairs and releases the batch order in OIS275."""
    [batch] = (await order.view())["m3_open_batches"]
    await order.shop.m3("batch", order=batch["batch_order_number"], repair=True)


async def warehouse_works(order: LiveOrder) -> None:
    """The warehouse ships and invoices by itself again."""
    await order.shop.m3("warehouse", delay_seconds=0.05, invoice_delay_seconds=0.05, running=True)


async def warehouse_stands(shop: Shop) -> None:
    """Nothing is picked or shipped until somebody says so."""
    await shop.m3("warehouse", delay_seconds=0.05, invoice_delay_seconds=0.05, running=False)


async def warehouse_ships_in_parts(shop: Shop) -> None:
    """Every order leaves in two deliveries, and only when somebody says so."""
    await shop.m3(
        "warehouse",
        delay_seconds=0.05,
        invoice_delay_seconds=0.05,
        running=False,
        partial_share=1.0,
    )


async def canceled_in_web_ui(order: LiveOrder) -> None:
    """A person cancels the workflow in Temporal's Web UI."""
    await order.workflow.cancel()


def table(name: str, rows: str) -> Deed:
    """A person changes a value table of the pair; nothing is restarted."""

    async def deed(order: LiveOrder) -> None:
        order.shop.table(name, rows)

    return deed
