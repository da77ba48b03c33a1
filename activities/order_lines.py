"""Send the transactions of an order and compare its lines; both ways of entry use this."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from connectors.m3 import M3Client, Record, Transaction
from domain.errors import OrderMismatch, Rejected
from domain.orders import OrderRef
from mappings.orders import LineDraft, OrderDraft

# M3's message id for a record that is there; other programs' ids are known by their wording.
RECORD_EXISTS = "XRE0104"


async def send_all(
    m3: M3Client, transactions: Sequence[Transaction], *, tolerate: Collection[str] = ()
) -> list[list[Record]]:
    """Run OIS100MI transactions in order, in as many requests as they take.

    Args:
        m3: the client.
        transactions: what to run.
        tolerate: names of transactions that may find their record there already.

    Returns:
        The records of each; none for one whose record was there already.

    Raises:
        Rejected: the first other refusal. The transactions around it have been run all the same.
    """
    outcomes: list[list[Record]] = []
    answers = await m3.execute_in_parts("OIS100MI", transactions)
    for transaction, answer in zip(transactions, answers, strict=True):
        if isinstance(answer, Rejected):
            if transaction.name not in tolerate or not _exists(answer):
                raise answer
            answer = []
        outcomes.append(answer)
    return outcomes


def missing_lines(ref: OrderRef, draft: OrderDraft, present: Sequence[Record]) -> list[LineDraft]:
    """Return the drafted lines M3 does not have.

    Args:
        ref: the order.
        draft: what M3 should have.
        present: what M3 has; each with CUPO or PONR, ITNO and ORQT.

    Raises:
        OrderMismatch: M3 has a line twice, one that was not ordered, or another item or quantity.
    """
    wanted = {line.line_number: line for line in draft.lines}
    seen: set[str] = set()
    for record in present:
        number = record.get("CUPO") or record["PONR"].lstrip("0")
        if number in seen:
            raise OrderMismatch(ref.purchase_order_id, reason=f"M3 has line {number} twice")
        if number not in wanted:
            raise OrderMismatch(
                ref.purchase_order_id, reason=f"M3 has a line {number or '?'} Walmart never sent"
            )
        if differing := _differing(wanted[number], record):
            raise OrderMismatch(ref.purchase_order_id, reason=f"line {number}: {differing}")
        seen.add(number)
    return [line for number, line in wanted.items() if number not in seen]


def refuse_more_than_ordered(
    ref: OrderRef, ordered: Mapping[str, Decimal], entered: Iterable[tuple[str, Decimal]]
) -> None:
    """Refuse lines of M3 that would ship more than was ordered.

    Args:
        ref: the order.
        ordered: the quantity of each Walmart line.
        entered: Walmart's line number and quantity of each line in M3. A number Walmart does not
            know was entered in M3 by a person, who knows why.

    Raises:
        OrderMismatch: names the first such line.
    """
    totals: dict[str, Decimal] = {}
    for number, quantity in entered:
        totals[number] = totals.get(number, Decimal(0)) + quantity
    for number, total in totals.items():
        if total > ordered.get(number, total):
            raise OrderMismatch(
                ref.purchase_order_id,
                reason=f"M3 has {total:f} of line {number}, ordered are {ordered[number]:f}",
            )


def _differing(wanted: LineDraft, present: Record) -> str:
    item_number, quantity = wanted.record["ITNO"], wanted.record["ORQT"]
    # ORQA is in the unit that was ordered; a batch line has ORQT only, in that same unit.
    there = present.get("ORQA") or present["ORQT"]
    if item_number != present["ITNO"]:
        return f"M3 has item {present['ITNO']}, ordered is {item_number}"
    if Decimal(quantity) != Decimal(there):
        return f"M3 has quantity {there}, ordered is {quantity}"
    return ""


def _exists(refusal: Rejected) -> bool:
    return refusal.code == RECORD_EXISTS or "already exists" in refusal.message.lower()
