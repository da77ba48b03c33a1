"""Give an order that waits an answer, or all orders of a cause the same one."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import typer
from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateStage,
)
from temporalio.service import RPCError, RPCStatusCode

from commands.cases import Case, CaseFilter, Silence, concurrently, list_cases
from commands.cli import Mendable, console, run_work, stop, with_temporal
from commands.orders import ANSWER_TIMEOUT, NoAnswer, NoSuchOrder
from domain.answers import AnswerRefused, read_answer
from domain.names import order_workflow_id
from domain.orders import OrderRef
from ledger.seal import Seal, Unsealable
from ledger.store import KEY_NAME
from settings import LedgerSettings

Payload = Mapping[str, Any]

# Once an answer is taken, the order may look into M3 first, and M3 may be slow.
OUTCOME_TIMEOUT = timedelta(minutes=2)


class Refused(Mendable):
    """The order does not take the answer; the text is its reason."""


class StillAtWork(Mendable):
    """The order has taken the answer, and its outcome is not known yet."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What became of one answer."""

    pair: str
    purchase_order_id: str
    answer: str
    taken: bool
    said: str  # what happens next, or why not


def answer_order(ref: OrderRef, name: str, payload: Payload, *, as_json: bool) -> None:
    """Give one order an answer, and print what it says; end with status 2 where it refuses."""
    check(name, payload)

    async def ask(client: Client) -> Given:
        try:
            return _given(ref, name, taken=True, said=await give(client, ref, name, payload))
        except Refused as refusal:
            return _given(ref, name, taken=False, said=str(refusal))

    given = run_work(with_temporal(ask, patience=0))
    if as_json:
        console.print_json(json.dumps(asdict(given)))
    elif given.taken:
        console.print(given.said, highlight=False, markup=False, soft_wrap=True)
    if not given.taken:
        stop(given.said)


def answer_all(
    wanted: CaseFilter, name: str, payload: Payload, *, yes: bool, as_json: bool
) -> None:
    """Give all matching orders an answer, and print the count; end with 1 where any refused."""
    check(name, payload)
    cases = run_work(with_temporal(lambda client: list_cases(client, wanted), patience=0))
    if cases and not yes and sys.stdin.isatty():
        where = f" of pair {wanted.pair}" if wanted.pair else ""
        orders = "1 order" if len(cases) == 1 else f"{len(cases)} orders"
        typer.confirm(f"{name}: {orders}{where} with {wanted.cause}?", abort=True, err=True)
    work = with_temporal(lambda client: give_all(client, cases, name, payload), patience=0)
    given = run_work(work) if cases else []
    print_given(given, as_json=as_json)
    if any(not each.taken for each in given):
        raise typer.Exit(1)


def read_seal(ledger: LedgerSettings) -> Seal:
    """Return what seals personal data for the worker, or end with the one line that mends it.

    The key is never made here: an address that only a new key opens is readable for nobody.
    """
    path = ledger.path.with_name(KEY_NAME)
    try:
        keys = ledger.key.get_secret_value() if ledger.key else path.read_text(encoding="ascii")
        return Seal(keys)
    except OSError as error:
        stop(
            f"{path}: {error.strerror}; without the ledger's key the address cannot be sealed and "
            "is not sent. Run this where the worker runs, as its user"
        )
    except Unsealable as error:
        stop(f"{error}; the address was not sent")


def check(name: str, payload: Payload) -> None:
    """End with one line when no order could take the answer."""
    try:
        read_answer(name, payload)
    except AnswerRefused as refusal:
        stop(str(refusal))


async def give(client: Client, ref: OrderRef, name: str, payload: Payload) -> str:
    """Give an open order one answer; return what happens next.

    Raises:
        Refused: it does not fit where the order stands.
        NoSuchOrder: no workflow of the order is open.
        NoAnswer: no worker took it.
        StillAtWork: it was taken, and its outcome takes long.
    """
    order = client.get_workflow_handle(order_workflow_id(ref.pair, ref.purchase_order_id))
    late: Mendable = _not_heard(ref)
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT.total_seconds()):
            update = await order.start_update(
                name, payload, wait_for_stage=WorkflowUpdateStage.ACCEPTED, result_type=str
            )
        late = _still_at_work(ref)
        async with asyncio.timeout(OUTCOME_TIMEOUT.total_seconds()):
            said: str = await update.result()
            return said
    except WorkflowUpdateFailedError as error:
        raise Refused(str(getattr(error.cause, "message", error.cause))) from None
    except (WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError):
        raise late from None
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise NoSuchOrder(
            f"no open order {ref.purchase_order_id} in pair {ref.pair}; "
            "see `m3-walmart attention list`"
        ) from None


async def give_all(client: Client, cases: list[Case], name: str, payload: Payload) -> list[Given]:
    """Give many orders the same answer; one that refuses keeps none of the others from it."""
    silence = Silence()

    async def one(case: Case) -> Given:
        unheard = _given(case.ref, name, taken=False, said="no worker answered")
        if silence.complete:
            return unheard
        try:
            said = await give(client, case.ref, name, payload)
        except NoAnswer:
            silence.missed()
            return unheard
        except (Refused, NoSuchOrder, StillAtWork) as refusal:
            silence.heard()
            return _given(case.ref, name, taken=False, said=str(refusal))
        silence.heard()
        return _given(case.ref, name, taken=True, said=said)

    return await concurrently(cases, one)


def print_given(given: list[Given], *, as_json: bool) -> None:
    """Print how many orders took an answer, and why others did not."""
    refused = Counter(each.said for each in given if not each.taken)
    taken = len(given) - refused.total()
    if as_json:
        orders = [asdict(each) for each in given]
        counts = {"taken": taken, "refused": dict(refused), "orders": orders}
        console.print_json(json.dumps(counts))
        return
    lines = [f"taken by {taken} of {len(given)} orders" if given else "No cases match."]
    lines += [f"{count} not: {reason}" for reason, count in refused.most_common()]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _given(ref: OrderRef, name: str, *, taken: bool, said: str) -> Given:
    return Given(
        pair=ref.pair,
        purchase_order_id=ref.purchase_order_id,
        answer=name,
        taken=taken,
        said=said,
    )


def _not_heard(ref: OrderRef) -> NoAnswer:
    return NoAnswer(
        f"no worker answered for order {ref.purchase_order_id}; start one with "
        "`m3-walmart worker`, and look at the order before you answer again"
    )


def _still_at_work(ref: OrderRef) -> StillAtWork:
    return StillAtWork(
        f"order {ref.purchase_order_id} has taken the answer and is at work on it; "
        "see `m3-walmart attention show`"
    )
