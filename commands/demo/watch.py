"""Show each order's way while the demo runs."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from commands.demo.report import OrderEnd
from domain.orders import Stage

# More rows than this do not fit a screen; then the orders still on their way are shown.
ROWS = 30

WAY = {
    Stage.RECEIVED: "read",
    Stage.ENTERING: "entering",
    Stage.AWAITING_DELIVERY: "in M3, acknowledged",
    Stage.AWAITING_INVOICE: "shipped",
    Stage.COMPLETED: "invoiced",
    Stage.SKIPPED: "skipped",
    Stage.ALREADY_DONE: "recognized",
}
STYLE = {"invoiced": "green", "skipped": "dim", "shipped": "cyan", "read": "yellow"}


def picture(ends: Sequence[OrderEnd], *, seconds: float) -> RenderableType:
    """Return the orders as a table with a line of totals."""
    shown = list(ends) if len(ends) <= ROWS else [end for end in ends if not end.right][:ROWS]
    table = Table("purchase order", "stage", "M3", "acknowledged", "shipped", "invoiced", box=None)
    for end in shown:
        table.add_row(
            end.purchase_order_id,
            _stage(end),
            *(_mark(yes) for yes in (end.m3_orders, end.acknowledged, end.shipped, end.invoiced)),
        )
    return Group(table, Text(totals(ends, seconds=seconds), style="bold"))


def totals(ends: Sequence[OrderEnd], *, seconds: float) -> str:
    """Return one line: how many orders are at which stage."""
    stages = Counter(WAY.get(Stage(end.stage), "?") if end.stage else "placed" for end in ends)
    counted = ", ".join(f"{count} {stage}" for stage, count in stages.most_common())
    attention = sum(end.needs_attention for end in ends)
    return (
        f"{seconds:5.1f} s  {sum(end.right for end in ends)} of {len(ends)} at their right end: "
        f"{counted or 'none placed'}; {attention} need attention"
    )


def _stage(end: OrderEnd) -> Text:
    if end.needs_attention:
        return Text("needs attention", style="bold red")
    stage = WAY[Stage(end.stage)] if end.stage else "placed"
    return Text(stage, style=STYLE.get(stage, ""))


def _mark(yes: object) -> Text:
    return Text("✓", style="green") if yes else Text("·", style="dim")
