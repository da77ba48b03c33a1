"""Running MI transactions one by one and writing their results as m3api-rest v2 does."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from simulators.m3.fields import Row, Transaction, find_transaction
from simulators.m3.messages import Nok
from simulators.m3.state import M3Tenant
from simulators.m3.transactions.registry import HANDLERS
from simulators.world import COMPANY, DIVISION

DEFAULT_MAX_RECORDS = 100
# Where a request ends. No limit of the real gateway is known; see the README.
MAX_TRANSACTIONS = 100
# A list of this many records or more is written piece by piece, and others get their turn between.
PIECE = 1000

Json = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The control parameters of a request."""

    company: str = ""
    division: str = ""
    max_records: int = DEFAULT_MAX_RECORDS  # 0 is no limit
    exclude_empty: bool = False
    right_trim: bool = True
    extended_result: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One transaction to run."""

    transaction: str
    record: Mapping[str, object] = field(default_factory=dict)
    columns: tuple[str, ...] = ()  # empty is all


@dataclass(frozen=True, slots=True)
class LongList:
    """The records of a long list as JSON, in pieces without the brackets around them.

    As text a million records take a tenth of the room they take as dictionaries.
    """

    pieces: list[bytes]


async def run(tenant: M3Tenant, program: str, calls: list[Call], context: Context) -> Json:
    """Run transactions in order and return the bulk response, long lists as `LongList`.

    Each is committed by itself: one that fails neither undoes nor stops the others. Beyond
    `MAX_TRANSACTIONS` the job is terminated; what ran before stays done.
    """
    results = [await _result(tenant, program, call, context) for call in calls[:MAX_TRANSACTIONS]]
    failed = sum("errorMessage" in result for result in results)
    unprocessed = calls[MAX_TRANSACTIONS:]
    answer: Json = {
        "results": results,
        "wasTerminated": bool(unprocessed),
        "nrOfSuccessfullTransactions": len(results) - failed,
        "nrOfFailedTransactions": failed,
    }
    if unprocessed:
        results += [
            {"transaction": call.transaction, "notProcessed": True, "records": []}
            for call in unprocessed
        ]
        answer |= {
            "terminationReason": f"More than {MAX_TRANSACTIONS} transactions in one request",
            "terminationErrorType": "TooManyTransactions",
            "nrOfNotProcessedTransactions": len(unprocessed),
        }
    return answer


async def _result(tenant: M3Tenant, program: str, call: Call, context: Context) -> Json:
    try:
        records = await _records(tenant, program, call, context)
    except Nok as nok:
        return nok.as_result(call.transaction)
    result: Json = {"transaction": call.transaction}
    if context.extended_result:
        result["parameters"] = {name: str(value) for name, value in call.record.items()}
    result["records"] = records
    return result


async def _records(
    tenant: M3Tenant, program: str, call: Call, context: Context
) -> list[Row] | LongList:
    transaction = find_transaction(program, call.transaction)
    record = transaction.check(call.record)
    _check_company(record["CONO"] or context.company, context.division)
    columns = _columns(transaction, call)
    rows = HANDLERS[transaction.operation](tenant, record)
    written = (
        _written(transaction, transaction.row(row, columns), context)
        for row in islice(rows, context.max_records or None)
    )
    piece = list(islice(written, PIECE))
    if len(piece) < PIECE:
        return piece
    pieces = []
    while piece:
        pieces.append(json.dumps(piece, ensure_ascii=False, separators=(",", ":")).encode()[1:-1])
        await asyncio.sleep(0)
        piece = list(islice(written, PIECE))
    return LongList(pieces)


def _check_company(company: str, division: str) -> None:
    """Refuse a company or division the service account's user has no authority for."""
    if company not in ("", COMPANY):
        raise Nok("XAU0008", company, field="CONO")
    if division not in ("", DIVISION):
        raise Nok("SIM0013", division, field="DIVI")


def _columns(transaction: Transaction, call: Call) -> tuple[str, ...] | None:
    for name in call.columns:
        if name not in transaction.outputs:
            text = f"Output field {name} does not exist in {transaction.operation}"
            raise Nok("", field=name, text=text, kind="OutputFieldNotFound")
    return call.columns or None


def _written(transaction: Transaction, row: Row, context: Context) -> Row:
    """Return a record with or without its blanks."""
    if context.exclude_empty:
        row = {name: value for name, value in row.items() if value}
    if not context.right_trim:
        return {name: value.ljust(transaction.outputs[name].length) for name, value in row.items()}
    return row
