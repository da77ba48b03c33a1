"""Tokens, request forms, refusals and faults at the simulated M3."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from simulators.m3 import tokens
from simulators.m3.fields import CATALOG
from simulators.m3.transactions.registry import HANDLERS
from tests.integration.m3_caller import (
    CLIENT,
    EXECUTE,
    PASSWORD_GRANT,
    TOKEN,
    Caller,
    Refused,
    caller_of,
)

USER_DATA = {"transaction": "GetUserData"}
NOK = "ServerReturnedNOK"


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[Caller]:
    async with caller_of() as caller:
        yield caller


async def grant(caller: Caller, **form: str) -> httpx.Response:
    return await caller.http.post(TOKEN, data=form, headers={"Authorization": ""})


def test_every_described_transaction_has_a_handler():
    described = {
        transaction.operation
        for transactions in CATALOG.values()
        for transaction in transactions.values()
    }

    assert described == set(HANDLERS)


async def test_the_password_grant_gives_a_token_for_two_hours(caller: Caller):
    granted = (await grant(caller, **PASSWORD_GRANT, **CLIENT)).json()

    assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 7200)
    assert caller.tenant.tokens.is_good(granted["access_token"])


async def test_client_credentials_may_come_as_basic_authentication(caller: Caller):
    answer = await caller.http.post(
        TOKEN, data=PASSWORD_GRANT, auth=(tokens.CLIENT_ID, tokens.CLIENT_SECRET)
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_secret": "guessed"}, 401, "invalid_client"),
        ({"password": "guessed"}, 400, "invalid_grant"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
    ],
)
async def test_wrong_credentials_are_refused(
    caller: Caller, changed: dict[str, str], status: int, error: str
):
    answer = await grant(caller, **{**PASSWORD_GRANT, **CLIENT, **changed})

    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_a_refresh_token_works_once(caller: Caller):
    refresh_token = (await grant(caller, **PASSWORD_GRANT, **CLIENT)).json()["refresh_token"]
    refresh = {"grant_type": "refresh_token", "refresh_token": refresh_token, **CLIENT}

    assert (await grant(caller, **refresh)).status_code == 200
    assert (await grant(caller, **refresh)).json()["error"] == "invalid_grant"


async def test_a_token_ends_when_it_expires_or_is_revoked(caller: Caller):
    caller.later(7200)
    expired = await caller.bulk("MNS150MI", USER_DATA)
    await caller.control("tokens", {"expires_in": 5})
    short = (await grant(caller, **PASSWORD_GRANT, **CLIENT)).json()
    caller.http.headers["Authorization"] = f"Bearer {short['access_token']}"
    good = await caller.bulk("MNS150MI", USER_DATA)
    await caller.http.post(
        "/ACME_TST/as/revoke_token.oauth2",
        data={"token": short["access_token"], **CLIENT},
        headers={"Authorization": ""},
    )
    revoked = await caller.bulk("MNS150MI", USER_DATA)

    assert short["expires_in"] == 5
    assert good.status_code == 200
    for refused in (expired, revoked):
        assert (refused.status_code, refused.json()) == (401, {"error": "Unauthorized"})


async def test_the_ionapi_file_leads_to_the_simulator(caller: Caller):
    new = await caller.control("ionapi")
    old = await caller.control("ionapi?variant=old")

    assert new["iu"] == "http://m3.test"
    assert new["pu"] + new["ot"] == "http://m3.test/ACME_TST/as/token.oauth2"
    assert "iu" not in old
    assert old["pu"] == "http://m3.test"
    assert old["ot"] == "http://m3.test/ACME_TST/as/token.oauth2"


async def test_get_and_post_answer_the_same_record(caller: Caller):
    single = await caller.http.get(f"{EXECUTE}/MMS200MI/Get?ITNO=kettle-01")
    bulk = await caller.bulk("MMS200MI", {"transaction": "Get", "record": {"ITNO": "KETTLE-01"}})

    assert single.json() == bulk.json()
    [result] = single.json()["results"]
    assert result["records"][0]["STAT"] == "20"
    assert all(isinstance(value, str) for value in result["records"][0].values())
    assert set(result["records"][0]) == set(CATALOG["MMS200MI"]["Get"].outputs)


async def test_a_refusal_by_m3_is_400_for_get_and_200_for_post(caller: Caller):
    single = await caller.http.get(f"{EXECUTE}/MMS200MI/Get?ITNO=NOPE")
    bulk = await caller.bulk("MMS200MI", {"transaction": "Get", "record": {"ITNO": "NOPE"}})

    assert (single.status_code, bulk.status_code) == (400, 200)
    assert single.json() == bulk.json()
    assert single.json()["nrOfFailedTransactions"] == 1
    [result] = single.json()["results"]
    assert result["errorMessage"] == "Item number NOPE does not exist".ljust(132)
    assert result["errorType"] == "ServerReturnedNOK"
    assert (result["errorCode"], result["errorField"]) == ("WIT0103", "ITNO      ")


async def test_only_selected_columns_are_returned(caller: Caller):
    call = {**USER_DATA, "selectedColumns": ["USID", "CONO"]}
    bulk = (await caller.bulk("MNS150MI", call)).json()
    single = (
        await caller.http.get(f"{EXECUTE}/MNS150MI/GetUserData;returncols=USID,CONO;maxrecs=1")
    ).json()
    unknown = await caller.bulk("MNS150MI", {**USER_DATA, "selectedColumns": ["NOPE"]})

    assert bulk["results"][0]["records"] == [{"USID": "WMSERVICE", "CONO": "100"}]
    assert single == bulk
    assert unknown.json()["results"][0]["errorType"] == "OutputFieldNotFound"


async def test_blanks_are_trimmed_or_left_out_on_request(caller: Caller):
    lean = (await caller.bulk("MNS150MI", USER_DATA, excludeEmptyValues=True)).json()
    padded = (await caller.bulk("MNS150MI", USER_DATA, rightTrim=False)).json()

    assert "CUNO" not in lean["results"][0]["records"][0]
    assert padded["results"][0]["records"][0]["USID"] == "WMSERVICE "


async def test_lists_stop_at_a_hundred_records_without_saying_so(caller: Caller):
    for number in range(105):
        await caller.enter_batch(CUOR=str(number))
    call = {"transaction": "LstBatchHead", "record": {"CUNO": "WALMART"}}

    silent = (await caller.bulk("OIS100MI", call)).json()
    wished = (await caller.bulk("OIS100MI", call, maxReturnedRecords=3)).json()
    everything = (await caller.bulk("OIS100MI", call, maxReturnedRecords=0)).json()

    assert [len(a["results"][0]["records"]) for a in (silent, wished, everything)] == [100, 3, 105]
    assert silent["wasTerminated"] is False


@pytest.mark.parametrize(
    ("operation", "record", "kind", "code"),
    [
        ("OIS002MI.LstAddress", {}, "TransactionNotFound", ""),
        ("OIS100MI.AddHead", {}, "TransactionNotFound", ""),
        ("OIS100MI.AddBatchHead", {"NOPE": "1"}, "InputFieldNotFound", ""),
        ("OIS100MI.AddBatchHead", {"CUOR": "1"}, "MandatoryInputFieldNotFound", ""),
        ("OIS100MI.AddBatchHead", {"CUNO": "X" * 11}, "InputFieldTooLong", ""),
        ("OIS100MI.AddBatchHead", {"CUNO": "W", "RLDZ": "2026-03-09"}, NOK, "XDT0001"),
        ("OIS100MI.AddBatchHead", {"CUNO": "W", "RLDZ": "20260230"}, NOK, "XDT0001"),
        ("OIS100MI.AddBatchHead", {"CUNO": "W", "RLHM": "1,5"}, NOK, "XNU0000"),
        ("OIS100MI.AddBatchHead", {"CUNO": "W", "CONO": "200"}, NOK, "XAU0008"),
    ],
)
async def test_records_are_checked_against_the_metadata(
    caller: Caller, operation: str, record: dict[str, str], kind: str, code: str
):
    with pytest.raises(Refused) as refused:
        await caller.list(operation, **record)

    assert (refused.value.kind, refused.value.code) == (kind, code)
    assert not caller.tenant.batches


async def test_another_company_is_refused_with_code_and_field_inside_the_text(caller: Caller):
    answer = await caller.http.get(f"{EXECUTE}/MNS150MI/GetUserData?cono=200")

    [result] = answer.json()["results"]
    assert " ".join(result["errorMessage"].split()) == (
        "Not authorized for company 200 XAU0008 CONO"
    )


async def test_transactions_run_in_order_and_one_failure_stops_nothing(caller: Caller):
    head = {"transaction": "AddBatchHead", "record": {"CUNO": "WALMART", "CUOR": "A"}}
    answer = (await caller.bulk("OIS100MI", head, {"transaction": "AddBatchHead"}, head)).json()

    assert [len(result["records"]) for result in answer["results"]] == [1, 0, 1]
    assert answer["nrOfSuccessfullTransactions"] == 2
    assert answer["nrOfFailedTransactions"] == 1
    assert list(caller.tenant.batches) == ["T000000001", "T000000002"]


async def test_more_than_a_hundred_transactions_terminate_the_request(caller: Caller):
    head = {"transaction": "AddBatchHead", "record": {"CUNO": "WALMART"}}
    answer = (await caller.bulk("OIS100MI", *[head] * 102)).json()

    assert answer["wasTerminated"] is True
    assert answer["nrOfNotProcessedTransactions"] == 2
    assert answer["results"][-1]["notProcessed"] is True
    assert len(caller.tenant.batches) == 100


@pytest.mark.parametrize(
    "body",
    [
        '{"transactions": [{"transaction": "GetUserData"}], "program": "MNS150MI"}',
        '{"program": "MNS150MI", "maxRecs": 5, "transactions": [{"transaction": "GetUserData"}]}',
        '{"program": "MNS150MI", "transactions": []}',
        '{"program": "MNS150MI"}',
        "no JSON",
    ],
)
async def test_a_body_the_rest_layer_cannot_read_is_a_400(caller: Caller, body: str):
    answer = await caller.http.post(EXECUTE, content=body)

    assert answer.status_code == 400
    assert answer.json()["wasTerminated"] is True


async def test_requests_are_counted_by_operation_without_tokens(caller: Caller):
    await caller.bulk("MNS150MI", USER_DATA)
    await caller.http.get(f"{EXECUTE}/MNS150MI/GetUserData;maxrecs=1")

    counted = await caller.control("requests")

    assert counted == {"total": 2, "by_operation": {"MNS150MI.GetUserData": 2}, "tokens": 1}


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("server_error", {500, 502, 503, 504}),
        ("throttled", {429}),
        ("expired_token", {401}),
    ],
)
async def test_a_planned_refusal_does_nothing(caller: Caller, kind: str, statuses: set[int]):
    plan = {"share": 1, "kinds": [kind], "operations": ["OIS100MI.AddBatchHead"], "count": 1}
    await caller.control("faults", plan)
    head = {"transaction": "AddBatchHead", "record": {"CUNO": "WALMART"}}

    other = await caller.bulk("MNS150MI", USER_DATA)
    refused = await caller.bulk("OIS100MI", head)
    again = await caller.bulk("OIS100MI", head)

    assert (other.status_code, again.status_code) == (200, 200)
    assert refused.status_code in statuses
    assert len(caller.tenant.batches) == 1


@pytest.mark.parametrize(("kind", "made"), [("lost_answer", 1), ("cut", 0)])
async def test_a_lost_answer_has_done_its_work_and_a_cut_request_has_not(
    caller: Caller, kind: str, made: int
):
    await caller.control("faults", {"share": 1, "kinds": [kind], "count": 1})

    with pytest.raises(httpx.TransportError):
        await caller.bulk(
            "OIS100MI", {"transaction": "AddBatchHead", "record": {"CUNO": "WALMART"}}
        )

    assert len(caller.tenant.batches) == made


async def test_reset_starts_over_but_keeps_tokens(caller: Caller):
    number = await caller.order()
    await caller.control("warehouse", {"delay_seconds": 9})
    await caller.control("reset", {})

    assert not caller.tenant.orders
    assert caller.tenant.warehouse.delay_seconds == 2
    assert await caller.order() == number


async def test_control_routes_refuse_what_they_do_not_know(caller: Caller):
    for path, body in (
        ("warehouse", {"delay": 1}),
        ("ion", {"style": "ims_v3"}),
        ("ion", {"url": "http://x", "style": "fax"}),
        ("faults", {"share": 2}),
        ("stock", {"item": "NOPE", "warehouse": "001", "quantity": 1}),
        ("search", {}),
    ):
        answer = await caller.http.post(f"/_sim/{path}", json=body)
        assert answer.status_code == 400, (path, answer.text)


async def test_metadata_can_be_read_as_an_installation_does(caller: Caller):
    transactions = await caller.list("MRS001MI.LstTransactions", MINM="OIS100MI")
    fields = await caller.list("MRS001MI.LstFields", MINM="OIS100MI", TRNM="Confirm", TRTP="I")
    text = await caller.one("GENERAL.GetMessageText", MSID="WIT0103", PARM="KETTLE-01")

    assert {"AddBatchHead", "Confirm"} <= {row["TRNM"] for row in transactions}
    assert [(row["FLNM"], row["LENG"], row["MAND"]) for row in fields] == [
        ("ORNO", "10", "1"),
        ("CONO", "3", "0"),
        ("CTYP", "1", "0"),
    ]
    assert text == {"MSGT": "Item number KETTLE-01 does not exist"}
