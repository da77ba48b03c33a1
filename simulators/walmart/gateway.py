"""Walmart's gateway: what every request passes before the operation itself looks at it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from simulators.faults import TOKEN_OPERATION, FaultMiddleware, Refusal
from simulators.walmart.answers import published_refusal, refusal
from simulators.walmart.errors import (
    INVALID_REQUEST,
    MISSING_HEADER,
    SYSTEM_ERROR,
    THRESHOLD_VIOLATED,
    UNAUTHORIZED,
    Refused,
)
from simulators.walmart.limits import Bucket
from simulators.walmart.state import SellerAccount

TOKEN_HEADER = "WM_SEC.ACCESS_TOKEN"  # noqa: S105 - the name of a header
ALWAYS_REQUIRED = ("WM_QOS.CORRELATION_ID", "WM_SVC.NAME")
# What an outage looks like to a caller whose request is right: a refusal without a cause.
UNFOUNDED_REFUSAL = "unfounded_400"
OWN_FAULTS = (UNFOUNDED_REFUSAL,)

Handler = Callable[[Request, SellerAccount], Awaitable[Response]]
BucketOf = Callable[[Request], str | None]  # names in `limits.RATES`; None is no limit


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of the API: its name in faults and counts, its address, its limit."""

    name: str
    method: str
    path: str
    handler: Handler
    bucket_of: BucketOf


class Endpoint:
    """The ASGI app behind one operation: count, fail as planned, check, answer."""

    def __init__(self, operation: Operation, account: SellerAccount) -> None:
        self._operation = operation
        self._account = account
        self._faulty = FaultMiddleware(
            self._answer,
            plan=account.faults,
            operation_of=lambda _: operation.name,
            refusals=REFUSALS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self._account.inventory.settle()
        if self._operation.name == TOKEN_OPERATION:
            self._account.token_requests += 1
        else:
            self._account.requests[self._operation.name] += 1
        await self._faulty(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        bucket: Bucket | None = None
        try:
            require_headers(request)
            if self._operation.name != TOKEN_OPERATION:
                require_token(request, self._account)
            bucket = self._take_from_bucket(request)
            response = await self._operation.handler(request, self._account)
        except Refused as refused:
            response = refusal(request, refused)
        if bucket is not None:
            response.headers.update(bucket.headers(self._account.clock))
        await response(scope, receive, send)

    def _take_from_bucket(self, request: Request) -> Bucket | None:
        name, clock = self._operation.bucket_of(request), self._account.clock
        if name is None:
            return None
        bucket = self._account.limits.bucket(name, clock.now())
        if not bucket.take(clock.now()):
            raise too_many_requests(headers=bucket.refusal_headers(clock))
        return bucket


def require_headers(request: Request) -> None:
    """Refuse a request without the headers every call carries.

    Raises:
        Refused: 400 with the missing header's name.
    """
    for name in ALWAYS_REQUIRED:
        if not request.headers.get(name):
            raise Refused(f"{name} is required", code=MISSING_HEADER, field=name)


def require_token(request: Request, account: SellerAccount) -> None:
    """Refuse a request without a living access token in Walmart's own header.

    Raises:
        Refused: 400 for no token at all, 401 for an unknown or expired one and for a token
            sent as `Authorization: Bearer` only.
    """
    value = request.headers.get(TOKEN_HEADER)
    if not value:
        if request.headers.get("authorization", "").startswith("Bearer "):
            raise unauthorized()
        raise Refused(f"{TOKEN_HEADER} is required", code=MISSING_HEADER, field=TOKEN_HEADER)
    token = account.tokens.get(value)
    if token is None or token.expires_at <= account.now():
        raise unauthorized()


def unauthorized() -> Refused:
    """Return the refusal of a token that is unknown or expired."""
    return Refused("Unauthorized", status=401, code=UNAUTHORIZED, field="UNAUTHORIZED")


def too_many_requests(*, headers: dict[str, str]) -> Refused:
    """Return the refusal of a request beyond the limit."""
    return Refused(
        "Request threshold violated",
        status=429,
        code=THRESHOLD_VIOLATED,
        field=None,
        headers=headers,
    )


def _server_error(scope: Scope, random: Random) -> Response:
    request = Request(scope)
    failure = Refused("System error", status=500, code=SYSTEM_ERROR, field=None, category="SYSTEM")
    status = random.choice((500, 503, 520))
    if status == 503:
        return HTMLResponse("<html><body><h1>Service Unavailable</h1></body></html>", 503)
    failure.status = status
    return published_refusal(request, failure) if status == 500 else refusal(request, failure)


def _throttled(scope: Scope, random: Random) -> Response:
    next_token_ms = int((time.time() + 1) * 1000)
    headers = {"x-current-token-count": "0", "x-next-replenishment-time": str(next_token_ms)}
    if random.random() < 0.5:
        headers["Retry-After"] = "1"
    return refusal(Request(scope), too_many_requests(headers=headers))


def _expired_token(scope: Scope, _: Random) -> Response:
    return refusal(Request(scope), unauthorized())


def _unfounded_refusal(scope: Scope, _: Random) -> Response:
    return refusal(Request(scope), Refused("Invalid Request", code=INVALID_REQUEST))


REFUSALS: dict[str, Refusal] = {
    "server_error": _server_error,
    "throttled": _throttled,
    "expired_token": _expired_token,
    UNFOUNDED_REFUSAL: _unfounded_refusal,
}
