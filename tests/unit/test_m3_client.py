"""connectors/m3.py: M3 says no inside an HTTP 200, and the gateway says it in other ways."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.m3 import MAX_TRANSACTIONS, M3Client, Transaction, accepted
from connectors.tokens import Token, TokenAuth, TokenSource
from domain.errors import NotFound, RateLimited, Rejected, Unavailable

URL = "https://gateway.test/ACME_TST/M3/m3api-rest/v2/execute"
HEAD = {"CUNO": "WALMART", "CUOR": "1796277083022"}


@pytest.fixture
def gateway() -> Iterator[respx.Route]:
    """The one address M3 answers at."""
    with respx.mock:
        yield respx.post(URL)


@pytest.fixture
async def m3() -> AsyncIterator[M3Client]:
    tokens = iter(f"token-{number}" for number in range(1, 10))

    async def log_in() -> Token:
        return Token(value=next(tokens), expires_in=7200)

    auth = TokenAuth(TokenSource(log_in), header="Authorization", prefix="Bearer ")
    async with httpx.AsyncClient(auth=auth) as http:
        yield M3Client(http, url=URL, company=100, division="AAA")


def ok(*records: dict[str, str]) -> dict[str, Any]:
    """Return the result of a transaction that worked."""
    return {"transaction": "AddBatchHead", "records": list(records)}


def nok(text: str, *, code: str, field: str) -> dict[str, Any]:
    """Return a refusal as M3 pads it: 132 characters of text, 10 of field name."""
    return {
        "transaction": "AddBatchHead",
        "errorMessage": text.ljust(132),
        "errorType": "ServerReturnedNOK",
        "errorCode": code,
        "errorCfg": "",
        "errorField": field.ljust(10),
    }


def answer(*results: dict[str, Any], status: int = 200, **more: Any) -> httpx.Response:
    """Return an answer of the gateway with M3's results in it."""
    return httpx.Response(status, json={"results": results, "wasTerminated": False, **more})


def sent(gateway: respx.Route) -> dict[str, Any]:
    """Return the body of the last request."""
    body: dict[str, Any] = json.loads(gateway.calls.last.request.content)
    return body


async def test_request_names_company_division_and_all_records(gateway: respx.Route, m3: M3Client):
    gateway.return_value = answer(ok({"ORNO": "T000000001"}))

    records = await m3.execute("OIS100MI", "AddBatchHead", HEAD, columns=("ORNO",))

    assert records == [{"ORNO": "T000000001"}]
    assert sent(gateway) == {
        "program": "OIS100MI",
        "cono": 100,
        "divi": "AAA",
        "excludeEmptyValues": False,
        "rightTrim": True,
        "maxReturnedRecords": 0,
        "transactions": [
            {"transaction": "AddBatchHead", "record": HEAD, "selectedColumns": ["ORNO"]}
        ],
    }
    assert list(sent(gateway))[-1] == "transactions"
    assert gateway.calls.last.request.headers["Authorization"] == "Bearer token-1"


async def test_list_can_be_asked_for_in_part(gateway: respx.Route, m3: M3Client):
    gateway.return_value = answer(ok({"CUNO": "WM1"}, {"CUNO": "WM2"}))

    await m3.execute("CRS610MI", "LstBySearchKey", {"ALCU": "WM1"}, max_records=2)

    assert sent(gateway)["maxReturnedRecords"] == 2


async def test_many_transactions_go_in_parts_and_keep_their_order(
    gateway: respx.Route, m3: M3Client
):
    first = [ok({"ORNO": str(number)}) for number in range(MAX_TRANSACTIONS)]
    gateway.side_effect = [answer(*first), answer(ok({"ORNO": "last"}))]

    outcomes = await m3.execute_in_parts(
        "OIS100MI", [Transaction(name="AddBatchHead", record=HEAD)] * (MAX_TRANSACTIONS + 1)
    )

    assert (len(outcomes), outcomes[-1]) == (MAX_TRANSACTIONS + 1, [{"ORNO": "last"}])
    assert [len(json.loads(call.request.content)["transactions"]) for call in gateway.calls] == [
        MAX_TRANSACTIONS,
        1,
    ]


async def test_all_columns_are_wanted_when_none_is_named(gateway: respx.Route, m3: M3Client):
    gateway.return_value = answer(ok())

    await m3.execute("OIS100MI", "GetHead", {"ORNO": "1"})

    assert "selectedColumns" not in sent(gateway)["transactions"][0]


@pytest.mark.parametrize("records", [[], [{}], None], ids=["none", "an empty one", "null"])
async def test_transaction_without_output_has_no_records(
    gateway: respx.Route, m3: M3Client, records: list[dict[str, str]] | None
):
    gateway.return_value = answer({"transaction": "Confirm", "records": records})

    assert await m3.execute("OIS100MI", "Confirm", {"ORNO": "1"}) == []


@pytest.mark.parametrize("status", [200, 400])
async def test_refusal_is_the_same_under_200_and_400(
    gateway: respx.Route, m3: M3Client, status: int
):
    refusal = nok("Order type WMX is not valid", code="WTT0401", field="ORTP")
    gateway.return_value = answer(refusal, status=status, nrOfFailedTransactions=1)

    with pytest.raises(Rejected) as caught:
        await m3.execute("OIS100MI", "AddBatchHead", HEAD)

    assert not isinstance(caught.value, NotFound)
    assert (caught.value.code, caught.value.field) == ("WTT0401", "ORTP")
    assert str(caught.value) == (
        "M3 refused OIS100MI/AddBatchHead: Order type WMX is not valid (code WTT0401, field ORTP)"
    )


@pytest.mark.parametrize(
    "glued",
    [
        "Not authorized for company 100                    XAU0008   CONO",
        "Not authorized for company 100 CONO XAU0008",
        "Not  authorized   for company 100 XAU0008",
        "Not authorized for company 100",
    ],
)
async def test_code_and_field_are_taken_out_of_the_padded_text(
    gateway: respx.Route, m3: M3Client, glued: str
):
    gateway.return_value = answer(nok(glued, code="XAU0008", field="CONO"))

    with pytest.raises(Rejected) as caught:
        await m3.execute("OIS100MI", "AddBatchHead", HEAD)

    assert caught.value.message == "Not authorized for company 100"


@pytest.mark.parametrize(
    ("text", "code"),
    [("Record does not exist XRE0103", "XRE0103"), ("Customer X does not exist", "WCU0203")],
)
async def test_missing_record_is_not_found(
    gateway: respx.Route, m3: M3Client, text: str, code: str
):
    gateway.return_value = answer(nok(text, code=code, field="CUNO"))

    with pytest.raises(NotFound):
        await m3.execute("OIS100MI", "AddBatchHead", HEAD)


async def test_each_transaction_has_its_own_outcome(gateway: respx.Route, m3: M3Client):
    refusal = nok("Item X does not exist", code="WIT0103", field="ITNO")
    skipped = {"transaction": "Confirm", "notProcessed": True}
    gateway.return_value = answer(ok({"PONR": "1"}), refusal, skipped)

    added, refused, unprocessed = await m3.execute_all(
        "OIS100MI",
        [
            Transaction(name="AddBatchLine", record={"ITNO": "KETTLE-01"}),
            Transaction(name="AddBatchLine", record={"ITNO": "X"}),
            Transaction(name="Confirm", record={}),
        ],
    )

    assert added == [{"PONR": "1"}]
    assert isinstance(refused, NotFound)
    assert "OIS100MI/AddBatchLine" in str(refused)
    assert isinstance(unprocessed, Rejected)
    assert unprocessed.message == "not processed"


async def test_accepted_raises_the_first_refusal():
    first = Rejected("M3", "a", code="1", message="first")
    second = Rejected("M3", "b", code="2", message="second")

    assert accepted([[{"ORNO": "1"}], []]) == [[{"ORNO": "1"}], []]
    with pytest.raises(Rejected, match="first"):
        accepted([[{"ORNO": "1"}], first, second])


@pytest.mark.parametrize("status", [200, 400])
async def test_terminated_request_may_have_run_in_part(
    gateway: respx.Route, m3: M3Client, status: int
):
    gateway.return_value = answer(
        ok(), status=status, wasTerminated=True, terminationReason="Maximum time exceeded"
    )

    with pytest.raises(Unavailable, match="terminated: Maximum time exceeded"):
        await m3.execute("OIS100MI", "AddBatchHead", HEAD)


async def test_fewer_answers_than_transactions_leaves_the_outcome_open(
    gateway: respx.Route, m3: M3Client
):
    gateway.return_value = answer(ok())

    with pytest.raises(Unavailable, match="fewer answers"):
        await m3.execute_all("OIS100MI", [Transaction(name="Confirm", record={})] * 2)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            {"errorMessage": "Program OIS999MI is unknown      XMI0001", "errorCode": "XMI0001"},
            "XMI0001",
            "Program OIS999MI is unknown",
        ),
        ({"error": "Forbidden"}, "403", "Forbidden"),
        ({}, "403", "no results"),
    ],
)
async def test_refusal_of_the_whole_request(
    gateway: respx.Route, m3: M3Client, body: dict[str, Any], code: str, message: str
):
    gateway.return_value = httpx.Response(403, json=body)

    with pytest.raises(Rejected) as caught:
        await m3.execute("OIS100MI", "AddBatchHead", HEAD)

    assert (caught.value.code, caught.value.message) == (code, message)


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        (httpx.Response(500, text="<html>Internal Server Error</html>"), "HTTP 500"),
        (httpx.Response(504), "HTTP 504"),
        (httpx.Response(200, text="<html>maintenance</html>"), "HTTP 200 without JSON"),
        (httpx.Response(404, text="<html>not here</html>"), "HTTP 404 without JSON"),
        (httpx.Response(200, json=["unexpected"]), "an answer of unknown shape"),
    ],
)
async def test_answer_that_is_not_from_m3_is_an_outage(
    gateway: respx.Route, m3: M3Client, answered: httpx.Response, reason: str
):
    gateway.return_value = answered

    with pytest.raises(Unavailable, match=f"M3 OIS100MI/AddBatchHead: {reason}"):
        await m3.execute("OIS100MI", "AddBatchHead", HEAD)


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError]
)
async def test_network_failure_is_an_outage(
    gateway: respx.Route, m3: M3Client, failure: type[httpx.TransportError]
):
    gateway.side_effect = failure("on the way")

    with pytest.raises(Unavailable, match=failure.__name__):
        await m3.execute("OIS100MI", "AddBatchHead", HEAD)

    assert gateway.call_count == 1  # repeating is for who can look first


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, timedelta(seconds=7)),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
async def test_throttling_carries_the_wait_if_there_is_one(
    gateway: respx.Route, m3: M3Client, headers: dict[str, str], wait: timedelta | None
):
    gateway.return_value = httpx.Response(429, headers=headers, json={"error": "Too Many Requests"})

    with pytest.raises(RateLimited) as caught:
        await m3.execute("OIS100MI", "AddBatchHead", HEAD)

    assert caught.value.retry_after == wait


async def test_expired_token_is_replaced_once(gateway: respx.Route, m3: M3Client):
    gateway.side_effect = [httpx.Response(401, json={"error": "Unauthorized"}), answer(ok())]

    await m3.execute("OIS100MI", "AddBatchHead", HEAD)

    used = [call.request.headers["Authorization"] for call in gateway.calls]
    assert used == ["Bearer token-1", "Bearer token-2"]


async def test_fresh_token_that_is_refused_is_an_outage(gateway: respx.Route, m3: M3Client):
    gateway.return_value = httpx.Response(401, json={"error": "Unauthorized"})

    with pytest.raises(Unavailable, match="HTTP 401") as caught:
        await m3.execute("OIS100MI", "AddBatchHead", HEAD)

    assert gateway.call_count == 2
    assert "token-" not in str(caught.value)


async def test_too_many_transactions_are_refused_before_anything_is_sent(
    gateway: respx.Route, m3: M3Client
):
    one = Transaction(name="AddBatchLine", record={})

    with pytest.raises(ValueError, match="81 transactions, at most 80"):
        await m3.execute_all("OIS100MI", [one] * (MAX_TRANSACTIONS + 1))

    assert not gateway.called


async def test_any_number_of_transactions_goes_in_parts(gateway: respx.Route, m3: M3Client):
    many = [Transaction(name="AddBatchLine", record={"PONR": str(n)}) for n in range(161)]
    gateway.side_effect = lambda request: answer(
        *(ok(each["record"]) for each in json.loads(request.content)["transactions"])
    )

    outcomes = await m3.execute_in_parts("OIS100MI", many)

    assert outcomes == [[{"PONR": str(n)}] for n in range(161)]
    assert gateway.call_count == 3


async def test_nothing_to_run_sends_nothing(gateway: respx.Route, m3: M3Client):
    assert await m3.execute_in_parts("OIS100MI", []) == []
    assert not gateway.called


async def test_length_of_a_list_can_be_limited(gateway: respx.Route, m3: M3Client):
    gateway.return_value = answer(ok({"TRNM": "AddBatchHead"}))

    await m3.execute("MRS001MI", "LstTransactions", {"MINM": "OIS100MI"}, max_records=1)

    assert sent(gateway)["maxReturnedRecords"] == 1
