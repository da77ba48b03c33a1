"""`m3-walmart attention`: what waits for a person, and the answers that let it go on."""

import getpass
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.answers import answer_all, answer_order, read_seal
from commands.case_views import case_as_json, print_case, print_cases
from commands.cases import CaseFilter, find_cases
from commands.cli import (
    AsJson,
    Config,
    PairName,
    PurchaseOrder,
    check_pair_name,
    console,
    errors,
    name_order,
    read_settings,
    run_work,
    stop,
    with_temporal,
)
from commands.orders import show_order
from domain.cancellations import CancellationReason
from domain.names import order_workflow_id
from domain.orders import OrderRef
from settings import DEFAULT_PATH, SettingsError, load_settings

app = typer.Typer(help="See what waits for a person, and answer it.", no_args_is_help=True)


def check_cause(cause: str) -> str:
    """Refuse what is no cause, before it becomes part of a list filter."""
    if cause and not re.fullmatch(r"[A-Z0-9_]+", cause):
        raise typer.BadParameter("a cause has capitals, digits and underscores, as in the runbook")
    return cause


def who_answers(by: str) -> str:
    """Return the name a person gave, or else the one this system knows them by."""
    if by:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the user of a container may have no name
        raise typer.BadParameter("say who answers; this system has no name for you") from None


AnyPair = Annotated[
    str, typer.Option("--pair", help="Only orders of this pair.", callback=check_pair_name)
]
By = Annotated[
    str,
    typer.Option("--by", help="Who answers; without it, your user name.", callback=who_answers),
]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the answer.")]
WhyNot = Annotated[str, typer.Option(help="Why; it has to be given and is kept.")]
WalmartReason = Annotated[
    CancellationReason,
    typer.Option("--cancellation-reason", help="What Walmart is told of the canceled units."),
]
MaybeOrder = Annotated[
    str,
    typer.Argument(
        help="Walmart's purchaseOrderId; or all of a --cause.", metavar="[PURCHASE_ORDER]"
    ),
]
Cause = Annotated[
    str,
    typer.Option("--cause", help="All orders with this cause at once.", callback=check_cause),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before many orders are answered.")]


@app.command("list")
def list_command(
    pair: AnyPair = "",
    cause: Annotated[
        str, typer.Option(help="Only orders with this cause.", callback=check_cause)
    ] = "",
    assignee: Annotated[str, typer.Option(help="Only orders this person looks after.")] = "",
    unassigned: Annotated[
        bool, typer.Option("--unassigned", help="Only orders nobody looks after.")
    ] = False,
    tag: Annotated[str, typer.Option(help="Only orders with this tag.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """List what waits for a person, the most pressing first.

    It reads no settings; --config is taken so that every command has it.
    """
    wanted = CaseFilter(pair=pair, cause=cause, assignee=assignee, unassigned=unassigned, tag=tag)
    work = with_temporal(lambda client: find_cases(client, wanted, limit=limit), patience=0)
    cases = run_work(work)
    print_cases(console, cases, datetime.now(UTC), as_json=as_json)
    if cases.silent:
        errors.print(
            f"No worker answered for {cases.silent} of these orders, so only what Temporal's list "
            "knows of them is shown; start one with `m3-walmart worker`.",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )


@app.command("show")
def show_command(
    purchase_order_id: PurchaseOrder,
    pair: PairName = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Show one case: why it waits, what would help, and what was answered."""
    ref = name_order(config, pair, purchase_order_id)
    summary, timeline = run_work(with_temporal(lambda client: show_order(client, ref), patience=0))
    link = _link(config, ref)
    if as_json:
        console.print_json(json.dumps(case_as_json(summary, timeline, link=link), default=str))
        return
    print_case(console, summary, timeline, datetime.now(UTC), link=link)


@app.command("approve")
def approve_command(
    purchase_order_id: MaybeOrder = "",
    reason: Reason = "",
    cause: Cause = "",
    pair: PairName = "",
    by: By = "",
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Let an order go on that is held, or note that a case was seen."""
    payload = {"by": by, "reason": reason}
    _answer("approve", payload, config, pair, purchase_order_id, cause, yes=yes, as_json=as_json)


@app.command("retry")
def retry_command(
    purchase_order_id: MaybeOrder = "",
    reason: Reason = "",
    cause: Cause = "",
    pair: PairName = "",
    by: By = "",
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Try the failed step again, once what it asked for is mended."""
    payload = {"by": by, "reason": reason}
    _answer("retry", payload, config, pair, purchase_order_id, cause, yes=yes, as_json=as_json)


@app.command("assign")
def assign_command(
    words: Annotated[
        list[str],
        typer.Argument(
            help='The order and who looks after it ("": nobody); with --cause only who.',
            metavar="[PURCHASE_ORDER] WHO",
        ),
    ],
    reason: Reason = "",
    cause: Cause = "",
    pair: PairName = "",
    by: By = "",
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Say who looks after an order, or after all orders of a cause."""
    *orders, assignee = words
    if len(orders) > 1:
        stop("assign takes an order and who looks after it; quote a name of several words")
    payload = {"by": by, "reason": reason, "assignee": assignee}
    _answer("assign", payload, config, pair, "".join(orders), cause, yes=yes, as_json=as_json)


@app.command("reject")
def reject_command(
    purchase_order_id: PurchaseOrder,
    reason: WhyNot,
    cancellation_reason: WalmartReason,
    pair: PairName = "",
    by: By = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Give an order up: what has not left is taken out of M3 and canceled at Walmart."""
    payload = {"by": by, "reason": reason, "cancellation_reason": cancellation_reason.value}
    _answer("reject", payload, config, pair, purchase_order_id, as_json=as_json)


@app.command("correct")
def correct_command(
    purchase_order_id: PurchaseOrder,
    address1: Annotated[str, typer.Option(help="Street and number.")] = "",
    address2: Annotated[str, typer.Option(help="Apartment, floor.")] = "",
    city: Annotated[str, typer.Option(help="City.")] = "",
    state: Annotated[str, typer.Option(help="State, two letters.")] = "",
    postal_code: Annotated[str, typer.Option(help="ZIP code.")] = "",
    country: Annotated[str, typer.Option(help="Country, as Walmart writes it: USA.")] = "",
    name: Annotated[str, typer.Option(help="Who receives it.")] = "",
    phone: Annotated[str, typer.Option(help="Whom the carrier calls.")] = "",
    reason: Reason = "",
    pair: PairName = "",
    by: By = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Ship to another address; parts that are not given stay as Walmart has them.

    The address is sealed with the ledger's key, so run it where the worker runs, as its user.
    """
    parts = {
        "name": name,
        "address1": address1,
        "address2": address2,
        "city": city,
        "state": state,
        "postalCode": postal_code,
        "country": country,
        "phone": phone,
    }
    given = {part: value for part, value in parts.items() if value}
    if not given:
        stop("give at least one part of the address, such as --address1 or --postal-code")
    sealed = read_seal(read_settings(config).ledger).seal(json.dumps(given))
    payload = {"by": by, "reason": reason, "sealed": sealed}
    _answer("correct_address", payload, config, pair, purchase_order_id, as_json=as_json)


@app.command("map-sku")
def map_sku_command(
    purchase_order_id: PurchaseOrder,
    sku: Annotated[str, typer.Argument(help="Walmart's SKU.")],
    item_number: Annotated[str, typer.Argument(metavar="ITEM", help="M3's item number.")],
    for_good: Annotated[
        bool, typer.Option("--for-good", help="Also for later orders: add the alias in M3.")
    ] = False,
    reason: Reason = "",
    pair: PairName = "",
    by: By = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Say which M3 item a SKU is, for this order or for good."""
    payload = {
        "by": by,
        "reason": reason,
        "sku": sku,
        "item_number": item_number,
        "for_good": for_good,
    }
    _answer("map_sku", payload, config, pair, purchase_order_id, as_json=as_json)


@app.command("change-line")
def change_line_command(
    purchase_order_id: PurchaseOrder,
    line_number: Annotated[str, typer.Argument(metavar="LINE", help="Walmart's line number.")],
    quantity: Annotated[int, typer.Argument(min=0, help="So many are to ship.")],
    reason: WhyNot,
    cancellation_reason: WalmartReason,
    pair: PairName = "",
    by: By = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Ship fewer units of a line; the others are canceled at Walmart."""
    payload = {
        "by": by,
        "reason": reason,
        "line_number": line_number,
        "quantity": quantity,
        "cancellation_reason": cancellation_reason.value,
    }
    _answer("change_line", payload, config, pair, purchase_order_id, as_json=as_json)


@app.command("skip")
def skip_command(
    purchase_order_id: PurchaseOrder,
    step: Annotated[str, typer.Argument(help="The step, as `attention show` names it.")],
    reason: WhyNot,
    pair: PairName = "",
    by: By = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Go on without a step that was done by hand."""
    payload = {"by": by, "reason": reason, "step": step}
    _answer("skip_step", payload, config, pair, purchase_order_id, as_json=as_json)


@app.command("take-over")
def take_over_command(
    purchase_order_id: PurchaseOrder,
    m3_order_number: Annotated[
        str, typer.Argument(metavar="M3_ORDER", help="The number of the order in M3.")
    ],
    reason: Reason = "",
    pair: PairName = "",
    by: By = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Go on with an order that was entered in M3 by hand."""
    payload = {"by": by, "reason": reason, "m3_order_number": m3_order_number}
    _answer("take_over", payload, config, pair, purchase_order_id, as_json=as_json)


@app.command("tag")
def tag_command(
    purchase_order_id: PurchaseOrder,
    tags: Annotated[
        list[str] | None,
        typer.Argument(
            help="In place of those it has; without any, it has none.", metavar="TAG..."
        ),
    ] = None,
    reason: Reason = "",
    pair: PairName = "",
    by: By = "",
    as_json: AsJson = False,
    config: Config = DEFAULT_PATH,
) -> None:
    """Mark an order with tags that the list can be filtered by."""
    payload = {"by": by, "reason": reason, "tags": tags or []}
    _answer("tag", payload, config, pair, purchase_order_id, as_json=as_json)


def _link(config: Path, ref: OrderRef) -> str:
    """Return the order's page in the Web UI, where the settings can be read that know it."""
    try:
        alerts = load_settings(config).alerts.to_rules()
    except SettingsError:  # the case can be shown without
        return ""
    return alerts.link_to(order_workflow_id(ref.pair, ref.purchase_order_id))


def _answer(
    name: str,
    payload: dict[str, Any],
    config: Path,
    pair: str,
    purchase_order_id: str,
    cause: str = "",
    *,
    yes: bool = False,
    as_json: bool,
) -> None:
    """Answer one order, or all orders of a cause."""
    if bool(purchase_order_id) == bool(cause):
        stop("name one order, or all orders of a --cause")
    if cause:
        answer_all(CaseFilter(pair=pair, cause=cause), name, payload, yes=yes, as_json=as_json)
    else:
        ref = name_order(config, pair, purchase_order_id)
        answer_order(ref, name, payload, as_json=as_json)
