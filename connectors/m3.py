"""Call M3 API transactions through the gateway of Infor OS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from domain.errors import IntegrationError, NotFound, RateLimited, Rejected, Unavailable

Record = dict[str, str]

# More in one request costs memory on the grid and risks a gateway timeout with unknown outcome.
MAX_TRANSACTIONS = 80

# M3 message ids that mean "no such record". Other ids are recognised by their wording, since the
# same check has an id per program.
RECORD_MISSING = frozenset({"XRE0103"})


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """One transaction of a bulk request."""

    name: str  # AddBatchLine
    record: Mapping[str, str]
    columns: tuple[str, ...] = ()  # output fields wanted; empty: all


class M3Client:
    """One M3 company and division.

    Knows transport and M3's error convention, not what any transaction means. Never retries:
    Temporal does, with the whole activity in view.
    """

    def __init__(self, http: httpx.AsyncClient, *, url: str, company: int, division: str) -> None:
        self._http = http
        self._url = url
        self._company = company
        self._division = division

    async def execute(
        self,
        program: str,
        transaction: str,
        record: Mapping[str, str],
        *,
        columns: tuple[str, ...] = (),
        max_records: int = 0,
    ) -> list[Record]:
        """Run one transaction and return its output records.

        Args:
            program: MI program, for example `OIS100MI`.
            transaction: transaction name, for example `AddBatchHead`.
            record: M3 field name to text value; see `mappings`.
            columns: the output fields wanted; all when empty.
            max_records: how much of a list is wanted; 0 is all of it.

        Raises:
            NotFound: the record named by `record` does not exist.
            Rejected: M3 answered and refused; it says so inside an HTTP 200 or 400 body.
            RateLimited: the gateway is throttling.
            Unavailable: timeout, network failure, HTTP 5xx, or 401 for a fresh token.
                The transaction may have run, so look before repeating a write.
        """
        only = Transaction(name=transaction, record=record, columns=columns)
        [result] = await self.execute_all(program, [only], max_records=max_records)
        if isinstance(result, IntegrationError):
            raise result
        return result

    async def execute_in_parts(
        self, program: str, transactions: Sequence[Transaction]
    ) -> list[list[Record] | Rejected]:
        """Run any number of transactions, in order, in as many requests as that takes.

        Returns and raises as `execute_all`; requests before a failing one have been carried out.
        """
        outcomes: list[list[Record] | Rejected] = []
        for start in range(0, len(transactions), MAX_TRANSACTIONS):
            part = transactions[start : start + MAX_TRANSACTIONS]
            outcomes += await self.execute_all(program, part)
        return outcomes

    async def execute_all(
        self, program: str, transactions: Sequence[Transaction], *, max_records: int = 0
    ) -> list[list[Record] | Rejected]:
        """Run transactions of one program in one request, in order.

        M3 commits one by one and goes on after a refusal, so each has its own outcome.

        Returns:
            Per transaction, in order: its output records, or the refusal (not raised).

        Raises:
            Unavailable, RateLimited: as `execute`; any of the transactions may have run.
            ValueError: more than MAX_TRANSACTIONS.

        Source:
            POST m3api-rest/v2/execute; `transactions` has to be the last attribute of the body.
        """
        if len(transactions) > MAX_TRANSACTIONS:
            raise ValueError(f"{len(transactions)} transactions, at most {MAX_TRANSACTIONS}")
        call = f"{program}/{transactions[0].name}"
        response = await self._send(call, self._body(program, transactions, max_records))
        results = _results(call, response)
        if len(results) < len(transactions):
            raise Unavailable("M3", call, reason="fewer answers than transactions")
        return [
            _outcome(f"{program}/{transaction.name}", result)
            for transaction, result in zip(transactions, results, strict=False)
        ]

    def _body(
        self, program: str, transactions: Sequence[Transaction], max_records: int
    ) -> dict[str, Any]:
        return {
            "program": program,
            "cono": self._company,
            "divi": self._division,
            "excludeEmptyValues": False,
            "rightTrim": True,
            # Always explicit: left out, M3 cuts lists at 100 without a word. 0 is "all".
            "maxReturnedRecords": max_records,
            "transactions": [
                {"transaction": each.name, "record": dict(each.record)}
                | ({"selectedColumns": list(each.columns)} if each.columns else {})
                for each in transactions
            ],
        }

    async def _send(self, call: str, body: dict[str, Any]) -> httpx.Response:
        try:
            response = await self._http.post(self._url, json=body)
        except httpx.TransportError as error:
            raise Unavailable("M3", call, reason=type(error).__name__) from error
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise RateLimited("M3", call, retry_after=_retry_after(response))
        # 401 comes here only when a fresh token was refused too; that heals without us.
        if response.status_code >= 500 or response.status_code == httpx.codes.UNAUTHORIZED:
            raise Unavailable("M3", call, reason=f"HTTP {response.status_code}")
        return response


def accepted(outcomes: Sequence[list[Record] | Rejected]) -> list[list[Record]]:
    """Return the records of each transaction.

    Raises:
        Rejected: the first refusal among them.
    """
    records = []
    for outcome in outcomes:
        if isinstance(outcome, Rejected):
            raise outcome
        records.append(outcome)
    return records


def _retry_after(response: httpx.Response) -> timedelta | None:
    seconds = response.headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if seconds.isdigit() else None


def _results(call: str, response: httpx.Response) -> list[dict[str, Any]]:
    """Return the results of a 200, or of a 400: a refusal has the same body under either."""
    try:
        body = response.json()
    except ValueError:
        raise Unavailable("M3", call, reason=f"HTTP {response.status_code} without JSON") from None
    if not isinstance(body, dict):
        raise Unavailable("M3", call, reason="an answer of unknown shape")
    if body.get("wasTerminated"):
        reason = f"terminated: {body.get('terminationReason', 'no reason given')}"
        raise Unavailable("M3", call, reason=reason)
    if isinstance(results := body.get("results"), list):
        return results
    code = str(body.get("errorCode") or response.status_code).strip()
    message = str(body.get("errorMessage") or body.get("error") or "no results")
    raise Rejected("M3", call, code=code, message=_clean(message, code=code, field=""))


def _outcome(call: str, result: dict[str, Any]) -> list[Record] | Rejected:
    if result.get("notProcessed"):
        return Rejected("M3", call, code="", message="not processed")
    if "errorMessage" not in result:
        records: list[Record] = result.get("records") or []
        # A transaction without output answers [{}] or [].
        return [record for record in records if record]
    code = str(result.get("errorCode", "")).strip()
    field = str(result.get("errorField", "")).strip()
    message = _clean(str(result["errorMessage"]), code=code, field=field)
    missing = code in RECORD_MISSING or "does not exist" in message
    refusal = NotFound if missing else Rejected
    return refusal("M3", call, code=code, field=field, message=message)


def _clean(message: str, *, code: str, field: str) -> str:
    """Take out the code and field M3 glues to its padded text, for example `... XAU0008 CONO`."""
    words = message.split()
    while words and words[-1] in (code, field):
        words.pop()
    return " ".join(words)
