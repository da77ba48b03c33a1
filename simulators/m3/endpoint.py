"""What every API request passes before it is answered: naming, counting, faults."""

import json
from collections.abc import Awaitable, Callable
from random import Random

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from simulators.faults import TOKEN_OPERATION, FaultMiddleware, Refusal
from simulators.m3.state import M3Tenant

Handler = Callable[[Request, M3Tenant], Awaitable[Response]]
NameOperation = Callable[[Request], Awaitable[str]]

UNREADABLE = "unreadable"
OPERATION_KEY = "m3.operation"
BODY_KEY = "m3.body"


class Endpoint:
    """The ASGI app behind one API route: name, count, fail as planned, answer.

    Args:
        handler: answers the request.
        operation: tells a request's operation, by which faults and counts know it.
        tenant: the state.
    """

    def __init__(self, handler: Handler, operation: NameOperation, tenant: M3Tenant) -> None:
        self._handler = handler
        self._operation = operation
        self._tenant = tenant
        self._faulty = FaultMiddleware(
            self._answer,
            plan=tenant.faults,
            operation_of=lambda scope: scope[OPERATION_KEY],
            refusals=REFUSALS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        operation = await self._operation(Request(scope, receive))
        scope[OPERATION_KEY] = operation
        if operation == TOKEN_OPERATION:
            self._tenant.token_requests += 1
        else:
            self._tenant.requests[operation] += 1
        await self._faulty(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._handler(Request(scope, receive), self._tenant)
        await response(scope, receive, send)


async def token_operation(_: Request) -> str:
    """Name a request to the authorization server."""
    return TOKEN_OPERATION


async def single_operation(request: Request) -> str:
    """Name a GET request by its path; matrix parameters follow the transaction after `;`."""
    transaction, _, _ = request.path_params["transaction"].partition(";")
    return f"{request.path_params['program']}.{transaction}"


async def bulk_operation(request: Request) -> str:
    """Name a POST request by the first transaction in its body, and keep the body."""
    body = await request.body()
    request.scope[BODY_KEY] = body
    try:
        wish = json.loads(body)
        return f"{wish['program']}.{wish['transactions'][0]['transaction']}"
    except (ValueError, LookupError, TypeError):
        return UNREADABLE


def unauthorized() -> Response:
    """Return what the gateway says to a missing, expired or revoked token.

    Source: infor-cloud/m3-h5-sdk issue 171.
    """
    return JSONResponse({"error": "Unauthorized"}, 401)


def _server_error(_: Scope, random: Random) -> Response:
    """Return a failure of gateway or M3, as a page rather than as a result."""
    status = random.choice((500, 502, 503, 504))
    return Response(f"<html><body>{status}</body></html>", status, media_type="text/html")


def _throttled(_: Scope, random: Random) -> Response:
    """Return a spent quota. Whether Infor's gateway says how long to wait is not known."""
    headers = {"Retry-After": "1"} if random.random() < 0.5 else {}
    return JSONResponse({"error": "Too Many Requests"}, 429, headers)


def _expired_token(_: Scope, __: Random) -> Response:
    return unauthorized()


REFUSALS: dict[str, Refusal] = {
    "server_error": _server_error,
    "throttled": _throttled,
    "expired_token": _expired_token,
}
