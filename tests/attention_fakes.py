"""Orders that wait, as a client meets them without a server."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities import search_attributes
from commands.cases import Case
from domain.attention import Attention, Finding, Severity
from domain.orders import OrderSummary, Stage

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PO = "1796277083022"


def attention(cause: str = "UNKNOWN_SKU", **facts: Any) -> Attention:
    known: dict[str, Any] = {
        "cause": cause,
        "sentence": f"it is {cause}",
        "mend": f"mend {cause}",
        "step": "validation",
        "since": NOW - timedelta(minutes=35),
    }
    return Attention(**(known | facts))


def finding(code: str, severity: Severity = Severity.HOLD) -> Finding:
    return Finding(code=code, severity=severity, sentence=f"{code} in numbers", line_number="1")


def summary(*waits: Attention, **facts: Any) -> OrderSummary:
    known: dict[str, Any] = {"pair": "acme", "purchase_order_id": PO, "stage": Stage.ENTERING}
    return OrderSummary(**(known | facts), attention=waits)


def case(purchase_order_id: str = PO, **facts: Any) -> Case:
    known: dict[str, Any] = {
        "pair": "acme",
        "purchase_order_id": purchase_order_id,
        "m3_order_number": "",
        "stage": "entering",
        "cause": "UNKNOWN_SKU",
        "since": NOW - timedelta(minutes=35),
        "ship_by": None,
        "assignee": "",
        "tags": (),
    }
    return Case(**(known | facts))


class FakeOrder:
    """One order as a client meets it: it answers, refuses, or nobody is there."""

    def __init__(
        self, answer: OrderSummary | RPCError | None, refusal: str = "", *, late: bool = False
    ) -> None:
        self._answer = answer
        self._refusal = refusal
        self._late = late
        self.asked = 0

    async def query(self, name: str, **options: Any) -> OrderSummary:
        self.asked += 1
        if isinstance(self._answer, RPCError):
            raise self._answer
        assert self._answer is not None
        return self._answer

    async def start_update(self, name: str, payload: object, **options: Any) -> "FakeOrder":
        self.asked += 1
        if isinstance(self._answer, RPCError):
            raise self._answer
        if self._answer is None:
            raise TimeoutError
        return self

    async def result(self) -> str:
        if self._late:
            raise WorkflowUpdateRPCTimeoutOrCancelledError
        if self._refusal:
            raise WorkflowUpdateFailedError(ApplicationError(self._refusal, type="AnswerRefused"))
        return "the order looks again"


class FakeClient:
    """Lists orders and hands out what they answer."""

    def __init__(self, orders: dict[str, FakeOrder]) -> None:
        self.orders = orders

    async def list_workflows(self, query: str) -> AsyncIterator[SimpleNamespace]:
        for number in self.orders:
            facts = TypedSearchAttributes(
                [
                    SearchAttributePair(search_attributes.PAIR, "acme"),
                    SearchAttributePair(search_attributes.PURCHASE_ORDER_ID, number),
                    SearchAttributePair(search_attributes.ATTENTION_CAUSE, "UNKNOWN_SKU"),
                ]
            )
            yield SimpleNamespace(typed_search_attributes=facts)

    def get_workflow_handle(self, workflow_id: str) -> FakeOrder:
        return self.orders[workflow_id.rpartition("/")[2]]


def client_of(orders: dict[str, FakeOrder]) -> Client:
    return cast(Client, FakeClient(orders))


def unavailable() -> RPCError:
    return RPCError("no poller", RPCStatusCode.FAILED_PRECONDITION, b"")
