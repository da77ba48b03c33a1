"""How waiting orders are printed."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from commands.cases import Case, Cases, helping
from domain.attention import Attention, Urgency
from domain.orders import OrderSummary, TimelineEntry
from workflows.order_answers import SKIPPABLE

# What a person reads to see what happened last.
TIMELINE_TAIL = 10

STYLES = {
    Urgency.CALM: "",
    Urgency.SOON: "yellow",
    Urgency.OVERDUE: "red",
    Urgency.LOST: "bold red",
}

# What each command needs behind the order; `...` is for the person to fill in.
ARGUMENTS = {
    "approve": '--reason "..."',
    "reject": '--reason "..." --cancellation-reason SELLER_...',
    "correct": "--address1 ... --city ... --state ... --postal-code ...",
    "map-sku": "SKU ITEM",
    "change-line": 'LINE QUANTITY --reason "..." --cancellation-reason SELLER_...',
    "retry": "",
    "skip": '{step} --reason "..."',
    "take-over": "M3_ORDER",
}


def print_cases(console: Console, cases: Cases, now: datetime, *, as_json: bool) -> None:
    """Print what waits as a table, or as JSON for other programs."""
    if as_json:
        console.print_json(json.dumps([asdict(case) for case in cases.shown], default=str))
        return
    table = Table("order", "clock", "what it needs", show_lines=True)
    for case in cases.shown:
        table.add_row(*("\n".join(cell) for cell in (_who(case), _clock(case, now), _needs(case))))
    console.print(table if cases.shown else "Nothing waits for a person.")
    if cases.total > len(cases.shown):
        console.print(f"{len(cases.shown)} of {cases.total} shown; see --limit.", highlight=False)


def print_case(
    console: Console,
    summary: OrderSummary,
    timeline: tuple[TimelineEntry, ...],
    now: datetime,
    *,
    link: str,
) -> None:
    """Print one case in full: why, what would help, what was answered and happened last."""
    _print_lines(console, _facts(summary, now, link))
    if not summary.attention:
        console.print("\nIt waits for nobody.")
    for attention in summary.attention:
        console.print(
            f"\n[bold red]{attention.cause}[/bold red] in step {attention.step}, "
            f"for {span(now - attention.since)}",
            highlight=False,
        )
        _print_lines(console, _reasons(attention))
    for title, lines in (
        ("What helps", _commands(summary)),
        ("Answers given", _answers(summary)),
        ("What happened last", _happened(timeline)),
    ):
        if lines:
            console.print(f"\n[bold]{title}[/bold]")
            _print_lines(console, lines)


def case_as_json(
    summary: OrderSummary, timeline: tuple[TimelineEntry, ...], *, link: str
) -> dict[str, object]:
    """Return one case with everything that is known."""
    return {
        **asdict(summary),
        "helps": helping(summary),
        "link": link,
        "timeline": [asdict(entry) for entry in timeline],
    }


def span(length: timedelta) -> str:
    """Return a length of time as a person says it, in its two largest units."""
    minutes = max(int(length.total_seconds() // 60), 0)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def due(deadline: datetime, now: datetime) -> str:
    """Return how far away a deadline is."""
    return f"in {span(deadline - now)}" if deadline > now else f"{span(now - deadline)} ago"


def _who(case: Case) -> Iterator[str]:
    yield f"[bold]{escape(case.purchase_order_id)}[/bold]"
    yield f"{case.pair} {case.stage}"
    if case.assignee or case.tags:
        yield escape(" ".join([case.assignee, *(f"#{tag}" for tag in case.tags)]).strip())


def _clock(case: Case, now: datetime) -> Iterator[str]:
    if case.deadline:
        style = STYLES[case.urgency or Urgency.CALM]
        said = f"due {due(case.deadline, now)}, {case.urgency}"
        yield f"[{style}]{said}[/{style}]" if style else said
    elif case.ship_by:
        yield f"ship by {case.ship_by:%m-%d %H:%M}"
    if case.since:
        yield f"waits {span(now - case.since)}"


def _needs(case: Case) -> Iterator[str]:
    if not case.answered:
        yield f"[red]{case.cause}[/red]"
    for attention in case.attention:
        yield f"[red]{attention.cause}[/red] {escape(attention.mend or attention.sentence)}"
    if case.helps:
        yield f"[dim]{', '.join(case.helps)}[/dim]"


def _facts(summary: OrderSummary, now: datetime, link: str) -> list[str]:
    deadline = summary.deadline and (
        f"{summary.deadline:%Y-%m-%d %H:%M} UTC, {due(summary.deadline, now)} ({summary.urgency})"
    )
    facts = {
        "Purchase order": f"{summary.purchase_order_id} ({summary.pair})",
        "Customer order": summary.customer_order_id,
        "Stage": summary.stage,
        "M3 order": summary.m3_order_number or summary.batch_order_number,
        "Total": f"{summary.total_amount} {summary.currency}",
        "Deadline": deadline or "",
        "Assignee": summary.assignee,
        "Tags": ", ".join(summary.tags),
        "Web UI": link,
    }
    return [f"{name:15} {value}" for name, value in facts.items() if value.strip()]


def _reasons(attention: Attention) -> list[str]:
    lines = [attention.sentence, f"What mends it: {attention.mend}"]
    for finding in attention.findings:
        where = f"line {finding.line_number}: " if finding.line_number else ""
        mend = f" ({finding.mend})" if finding.mend else ""
        lines.append(f"  {finding.severity:5} {finding.code}: {where}{finding.sentence}{mend}")
    return lines


def _commands(summary: OrderSummary) -> list[str]:
    step = next((a.step for a in summary.attention if a.step in SKIPPABLE), "")
    order = f"{summary.purchase_order_id} --pair {summary.pair}"
    return [
        f"m3-walmart attention {name} {order} {ARGUMENTS[name].format(step=step)}".rstrip()
        for name in helping(summary)
    ]


def _answers(summary: OrderSummary) -> list[str]:
    return [
        f"{given.at:%Y-%m-%d %H:%M:%S}  {given.name} by {given.by or 'somebody'}"
        f"{': ' if given.reason else ''}{given.reason}"
        for given in summary.answers
    ]


def _happened(timeline: tuple[TimelineEntry, ...]) -> list[str]:
    return [
        f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.event:28} {entry.detail}".rstrip()
        for entry in timeline[-TIMELINE_TAIL:]
    ]


def _print_lines(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
