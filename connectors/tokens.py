"""Keep one access token per system, and use it on every call."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

import httpx
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from domain.errors import Unavailable

# Renewed this long before its end, so that no call leaves with a token that dies on the way.
MARGIN_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token and how many seconds it is good for."""

    value: str = field(repr=False)
    expires_in: float


class TokenSource:
    """Fetch a token when none is at hand or the last one is running out.

    Args:
        fetch: asks the system for a new token; raises Unavailable or Rejected.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Token]]) -> None:
        self._fetch = fetch
        self._lock = asyncio.Lock()
        self._value = ""
        self._renew_at = 0.0
        self._failed_at = 0.0
        self._failure: Unavailable | None = None

    async def token(self) -> str:
        """Return a token that is good for at least a moment longer."""
        asked_at = time.monotonic()
        async with self._lock:
            # Whoever waited behind a failed attempt has waited for the same outage; trying again
            # one after the other would make the last of a hundred calls wait for minutes.
            if self._failure and self._failed_at > asked_at:
                raise self._failure
            if time.monotonic() >= self._renew_at:
                token = await self._fetch_with_patience()
                self._value = token.value
                # A token that lives shorter than twice the margin is renewed at half its life.
                margin = min(MARGIN_SECONDS, token.expires_in / 2)
                self._renew_at = time.monotonic() + token.expires_in - margin
            return self._value

    def forget(self, value: str) -> None:
        """Drop a token the system refused, unless another call has replaced it already."""
        if value == self._value:
            self._renew_at = 0.0

    async def _fetch_with_patience(self) -> Token:
        # A token changes nothing in the other system, so a short retry here spares the whole
        # activity one. Longer outages are Temporal's business.
        try:
            return await self._attempts()
        except Unavailable as failure:
            self._failure, self._failed_at = failure, time.monotonic()
            raise

    async def _attempts(self) -> Token:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(multiplier=0.2, max=2),
            reraise=True,
        ):
            with attempt:
                return await self._fetch()
        raise AssertionError("unreachable: the last attempt returns or raises")


class TokenAuth(httpx.Auth):
    """Send the token with each request; on 401 get a new one and try that request once more.

    A 401 is answered before anything is done, so repeating is safe even for writes.
    """

    def __init__(self, source: TokenSource, *, header: str, prefix: str = "") -> None:
        self._source = source
        self._header = header
        self._prefix = prefix

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Yield the request once, or twice when its token was refused."""
        token = await self._source.token()
        request.headers[self._header] = self._prefix + token
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._source.forget(token)
            request.headers[self._header] = self._prefix + await self._source.token()
            yield request
