"""The routes of m3api-rest v2: one transaction by GET, many by POST."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.m3.answers import answer
from simulators.m3.authorization import refuse_stranger
from simulators.m3.endpoint import BODY_KEY
from simulators.m3.engine import Call, Context, run
from simulators.m3.state import M3Tenant
from simulators.world import TENANT

# What a bulk body may carry beside `transactions`, and the query parameter it stands for.
BULK_CONTROLS = {
    "program": "program",
    "cono": "cono",
    "divi": "divi",
    "excludeEmptyValues": "excludeempty",
    "rightTrim": "righttrim",
    "maxReturnedRecords": "maxrecs",
    "extendedResult": "extendedresult",
    "dateFormat": "dateformat",
}
CALL_KEYS = {"transaction", "record", "selectedColumns"}


class BadRequest(Exception):
    """The REST layer cannot make sense of a request; M3 is never asked."""


async def execute_single(request: Request, tenant: M3Tenant) -> Response:
    """GET /{tenant}/M3/m3api-rest/v2/execute/{program}/{transaction}.

    A refusal by M3 is answered with HTTP 400 here and with 200 by the bulk route.
    """
    if refusal := _refuse(request, tenant):
        return refusal
    transaction, *matrix = request.path_params["transaction"].split(";")
    parameters = request.query_params
    controls = {name: value for name, value in parameters.items() if not name.isupper()}
    controls |= dict(part.partition("=")[::2] for part in matrix)
    call = Call(
        transaction=transaction,
        record={name: value for name, value in parameters.items() if name.isupper()},
        columns=tuple(filter(None, controls.get("returncols", "").split(","))),
    )
    try:
        context = _context(controls)
    except BadRequest as error:
        return _terminated(str(error))
    response = await run(tenant, request.path_params["program"], [call], context)
    return answer(response, 400 if response["nrOfFailedTransactions"] else 200)


async def execute_bulk(request: Request, tenant: M3Tenant) -> Response:
    """POST /{tenant}/M3/m3api-rest/v2/execute."""
    if refusal := _refuse(request, tenant):
        return refusal
    try:
        wish = _read_bulk(request.scope[BODY_KEY])
        calls = [_call(call) for call in wish.pop("transactions")]
        controls = {
            BULK_CONTROLS[name]: _control(value)
            for name, value in wish.items()
            if value is not None
        }
        context = _context({**controls, **request.query_params})
    except BadRequest as error:
        return _terminated(str(error))
    return answer(await run(tenant, controls.get("program", ""), calls, context))


def _refuse(request: Request, tenant: M3Tenant) -> Response | None:
    if refusal := refuse_stranger(request, tenant):
        return refusal
    if request.path_params["tenant"] != TENANT:
        return JSONResponse({"error": "Not Found"}, 404)
    return None


def _read_bulk(body: bytes) -> dict[str, Any]:
    """Return the body of a bulk request.

    Raises:
        BadRequest: it is no JSON object, knows other attributes, or does not end with
            `transactions`: the server reads the body as a stream.
    """
    try:
        wish = json.loads(body)
    except ValueError:
        raise BadRequest("The request body is not JSON") from None
    if not isinstance(wish, dict) or not isinstance(wish.get("transactions"), list):
        raise BadRequest("The request body has no list of transactions")
    if not wish["transactions"]:
        raise BadRequest("The list of transactions is empty")
    if next(reversed(wish)) != "transactions":
        raise BadRequest("transactions must be the last attribute of the request body")
    if unknown := set(wish) - {*BULK_CONTROLS, "transactions"}:
        raise BadRequest(f"Unknown attributes: {', '.join(sorted(unknown))}")
    return wish


def _call(wish: object) -> Call:
    if not isinstance(wish, dict) or not isinstance(wish.get("transaction"), str):
        raise BadRequest("A transaction has no name")
    if unknown := set(wish) - CALL_KEYS:
        raise BadRequest(f"Unknown attributes: {', '.join(sorted(unknown))}")
    record, columns = wish.get("record") or {}, wish.get("selectedColumns") or []
    if not isinstance(record, dict) or not isinstance(columns, list):
        raise BadRequest("record must be an object and selectedColumns a list")
    return Call(transaction=wish["transaction"], record=record, columns=tuple(columns))


def _control(value: object) -> str:
    """Return a control attribute of a JSON body as its query parameter would be written."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _context(controls: Mapping[str, str]) -> Context:
    """Read the control parameters; parameters the simulator does not know have no effect."""
    context = Context(
        company=controls.get("cono", ""),
        division=controls.get("divi", ""),
        exclude_empty=controls.get("excludeempty") == "true",
        right_trim=controls.get("righttrim", "true") == "true",
        extended_result=controls.get("extendedresult") == "true",
    )
    if controls.get("dateformat", "YMD8") != "YMD8":
        raise BadRequest("The simulator knows no date format but YMD8")
    if "maxrecs" not in controls:
        return context
    if not controls["maxrecs"].isdigit():
        raise BadRequest("maxrecs must be a number, 0 for no limit")
    return replace(context, max_records=int(controls["maxrecs"]))


def _terminated(reason: str) -> Response:
    """Return what a request gets that never reached M3."""
    response = {
        "results": [],
        "wasTerminated": True,
        "terminationReason": reason,
        "terminationErrorType": "BadRequest",
        "nrOfSuccessfullTransactions": 0,
        "nrOfFailedTransactions": 0,
    }
    return JSONResponse(response, 400)
