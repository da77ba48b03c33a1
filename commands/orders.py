"""`m3-walmart orders`: list, show, start and retry the workflows of orders."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode

from activities.search_attributes import (
    ATTENTION_CAUSE,
    M3_ORDER_NUMBER,
    NEEDS_ATTENTION,
    PAIR,
    PURCHASE_ORDER_ID,
    SHIP_BY,
    STAGE,
)
from activities.starts import Source, start_order
from commands.cli import (
    AsJson,
    Config,
    Mendable,
    PairName,
    PurchaseOrder,
    console,
    name_order,
    run_work,
    with_temporal,
)
from domain.names import ORDER_TO_CASH, SearchAttribute, order_workflow_id
from domain.orders import OrderRef, OrderSummary, Stage, TimelineEntry
from settings import DEFAULT_PATH

app = typer.Typer(help="See, start and retry orders.", no_args_is_help=True)

# A worker answers a query in milliseconds; without one Temporal would wait much longer.
ANSWER_TIMEOUT = timedelta(seconds=10)


class NoSuchOrder(Mendable):
    """Temporal has no workflow for the order."""


class NoAnswer(Mendable):
    """No worker answered for the order."""


@dataclass(frozen=True, kw_only=True)
class OrderRow:
    """One order as Temporal's list shows it."""

    pair: str
    purchase_order_id: str
    m3_order_number: str
    stage: str
    needs_attention: bool
    cause: str
    ship_by: datetime | None
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderFilter:
    """Which orders to list; what is left out matches all."""

    pair: str = ""
    stage: Stage | None = None
    attention: bool = False
    limit: int = 50

    def query(self) -> str:
        """Return it in Temporal's list filter language; the same works in the Web UI."""
        terms = [f"WorkflowType = '{ORDER_TO_CASH}'"]
        if self.pair:
            terms.append(f"{SearchAttribute.PAIR} = '{self.pair}'")
        if self.stage:
            terms.append(f"{SearchAttribute.STAGE} = '{self.stage}'")
        if self.attention:
            terms.append(f"{SearchAttribute.NEEDS_ATTENTION} = true")
            terms.append("ExecutionStatus = 'Running'")
        return " AND ".join(terms)


async def list_orders(client: Client, wanted: OrderFilter) -> AsyncIterator[OrderRow]:
    """Yield orders, the latest first."""
    async for workflow in client.list_workflows(wanted.query(), limit=wanted.limit):
        yield _row(workflow)


def _row(workflow: WorkflowExecution) -> OrderRow:
    attributes = workflow.typed_search_attributes
    return OrderRow(
        pair=attributes.get(PAIR) or "",
        purchase_order_id=attributes.get(PURCHASE_ORDER_ID) or "",
        m3_order_number=attributes.get(M3_ORDER_NUMBER) or "",
        stage=attributes.get(STAGE) or "",
        needs_attention=bool(attributes.get(NEEDS_ATTENTION)),
        cause=attributes.get(ATTENTION_CAUSE) or "",
        ship_by=attributes.get(SHIP_BY),
        started_at=workflow.start_time,
    )


async def show_order(
    client: Client, ref: OrderRef
) -> tuple[OrderSummary, tuple[TimelineEntry, ...]]:
    """Return where an order stands and what happened to it; a worker has to be running.

    Raises:
        NoSuchOrder: Temporal does not know it, or no longer.
        NoAnswer: no worker is running, or Temporal is away.
    """
    order = client.get_workflow_handle(order_workflow_id(ref.pair, ref.purchase_order_id))
    try:
        return (
            await order.query("status", result_type=OrderSummary, rpc_timeout=ANSWER_TIMEOUT),
            await order.query(
                "timeline",
                result_type=tuple[TimelineEntry, ...],
                rpc_timeout=ANSWER_TIMEOUT,
            ),
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise NoAnswer(
                f"no worker answered for order {ref.purchase_order_id} ({error.status.name}); "
                "start one with `m3-walmart worker`"
            ) from None
        raise _or_no_such(error, ref) from None


async def retry_order(client: Client, ref: OrderRef) -> None:
    """Let the failed step of an open order run again.

    Raises:
        NoSuchOrder: no workflow of the order is open.
    """
    order = client.get_workflow_handle(order_workflow_id(ref.pair, ref.purchase_order_id))
    try:
        await order.signal("retry")
    except RPCError as error:
        raise _or_no_such(error, ref) from None


async def start(client: Client, ref: OrderRef) -> bool:
    """Start an order by hand; return whether it was not known before."""
    return await start_order(client, ref, Source.COMMAND)


def _or_no_such(error: RPCError, ref: OrderRef) -> Exception:
    if error.status is RPCStatusCode.NOT_FOUND:
        return NoSuchOrder(
            f"no open order {ref.purchase_order_id} in pair {ref.pair}; "
            "see `m3-walmart orders list`, or start it with `m3-walmart orders start`"
        )
    return error


def print_rows(console: Console, rows: list[OrderRow], *, as_json: bool) -> None:
    """Print orders as a table, or as JSON for other programs."""
    if as_json:
        console.print_json(json.dumps([asdict(row) for row in rows], default=str))
        return
    table = Table("purchase order", "pair", "stage", "M3 order", "ship by", "needs attention")
    for row in rows:
        table.add_row(
            row.purchase_order_id,
            row.pair,
            row.stage,
            row.m3_order_number,
            f"{row.ship_by:%Y-%m-%d %H:%M}" if row.ship_by else "",
            f"[red]{row.cause}[/red]" if row.needs_attention else "",
        )
    console.print(table if rows else "No orders match.")


def print_order(
    console: Console,
    summary: OrderSummary,
    timeline: tuple[TimelineEntry, ...],
    *,
    as_json: bool,
) -> None:
    """Print one order in full."""
    if as_json:
        document = {**asdict(summary), "timeline": [asdict(entry) for entry in timeline]}
        console.print_json(json.dumps(document, default=str))
        return
    facts = {
        "Purchase order": f"{summary.purchase_order_id} ({summary.pair})",
        "Customer order": summary.customer_order_id,
        "Stage": summary.stage,
        "M3 order": summary.m3_order_number or summary.batch_order_number,
        "Total": f"{summary.total_amount} {summary.currency}",
        "Ship by": str(summary.ship_by or ""),
        "Skipped": summary.skip_reason,
        "Deliveries": ", ".join(
            f"{s.delivery_number} ({', '.join(s.tracking_numbers)})" for s in summary.shipments
        ),
        "Invoices": ", ".join(
            f"{i.invoice_number}/{i.year}: {i.amount} {i.currency}" for i in summary.invoices
        ),
        "Not allocated": ", ".join(
            f"line {line.line_number}: {line.quantity}" for line in summary.unallocated
        ),
    }
    for name, value in facts.items():
        if value.strip():
            console.print(f"{name:15} {value}", highlight=False, markup=False)
    for attention in summary.attention:
        console.print(f"\n[bold red]{attention.cause}[/bold red] in step {attention.step}")
        console.print(
            f"{attention.sentence}\nWhat mends it: {attention.mend}", highlight=False, markup=False
        )
    console.print()
    for entry in timeline:
        console.print(f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.event:28} {escape(entry.detail)}")


@app.command("list")
def list_command(
    pair: PairName = "",
    stage: Annotated[Stage | None, typer.Option(help="Only orders at this stage.")] = None,
    attention: Annotated[
        bool, typer.Option("--attention", help="Only orders that need a person.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """List orders and where they stand, the latest first."""
    wanted = OrderFilter(pair=pair, stage=stage, attention=attention, limit=limit)

    async def rows(client: Client) -> list[OrderRow]:
        return [row async for row in list_orders(client, wanted)]

    print_rows(console, run_work(with_temporal(rows, patience=0)), as_json=as_json)


@app.command("show")
def show_command(
    purchase_order_id: PurchaseOrder,
    pair: PairName = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Show one order: its numbers, what it waits for, and what happened to it."""
    ref = name_order(config, pair, purchase_order_id)
    summary, timeline = run_work(with_temporal(lambda client: show_order(client, ref), patience=0))
    print_order(console, summary, timeline, as_json=as_json)


@app.command("start")
def start_command(
    purchase_order_id: PurchaseOrder, pair: PairName = "", config: Config = DEFAULT_PATH
) -> None:
    """Start an order by hand; one that is known already is left as it is."""
    ref = name_order(config, pair, purchase_order_id)
    started = run_work(with_temporal(lambda client: start(client, ref), patience=0))
    console.print("started" if started else "known already; see `m3-walmart orders show`")


@app.command("retry")
def retry_command(
    purchase_order_id: PurchaseOrder, pair: PairName = "", config: Config = DEFAULT_PATH
) -> None:
    """Run the failed step of an order again, once what it asked for is mended."""
    ref = name_order(config, pair, purchase_order_id)
    run_work(with_temporal(lambda client: retry_order(client, ref), patience=0))
    console.print("asked to retry; see `m3-walmart orders show`")
