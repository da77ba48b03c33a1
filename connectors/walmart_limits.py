"""Read what Walmart tells about its limits with each answer."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from connectors.walmart_answers import moment

# Larger numbers than a day of seconds are moments.
LONGEST_SPAN_SECONDS = 86_400
# A moment further away than this is more likely a clock that differs than a wait.
LONGEST_WAIT_SECONDS = 3600
REPLENISHMENT = ("X-Next-Replenishment-Time", "X-Next-Replenish-Time")


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What is left of the limit a call counts against."""

    left: int | None  # calls; None: Walmart does not say
    next_at: datetime | None  # aware, when there is more again; None: Walmart does not say


def allowance(response: httpx.Response, *, now: datetime) -> Allowance:
    """Return what an answer tells about its limit; never raises. After a 429 nothing is left.

    Args:
        response: any answer, refusals included.
        now: aware; where Walmart gives a span instead of a moment, it begins here.

    Source:
        `x-current-token-count` and `x-next-replenishment-time`, on every answer; `Retry-After`
        on a 429.
    """
    refused = response.status_code == httpx.codes.TOO_MANY_REQUESTS
    left = 0 if refused else _count(response.headers.get("X-Current-Token-Count", ""))
    return Allowance(left=left, next_at=_next_at(response.headers, now))


def retry_after(headers: httpx.Headers) -> timedelta | None:
    """Return how long to wait after a 429; None when Walmart does not say.

    Source:
        `Retry-After` in the 2026 specifications; before, `X-Next-Replenishment-Time`, which was
        met as epoch milliseconds, as ISO time and as seconds.
    """
    if (wait := _span(headers.get("Retry-After", ""))) is not None:
        return wait
    now = datetime.now(UTC)
    if (at := _next_at(headers, now)) is None:
        return None
    seconds = math.ceil((at - now).total_seconds())
    return timedelta(seconds=min(max(seconds, 1), LONGEST_WAIT_SECONDS))


def _next_at(headers: httpx.Headers, now: datetime) -> datetime | None:
    if (wait := _span(headers.get("Retry-After", ""))) is not None:
        return now + wait
    value = next((headers[name] for name in REPLENISHMENT if headers.get(name)), "")
    wait = _span(value)
    if wait is not None and wait.total_seconds() <= LONGEST_SPAN_SECONDS:
        return now + wait
    return moment(value)


def _span(text: str) -> timedelta | None:
    try:
        span = timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        return None
    return span if timedelta(0) <= span <= timedelta(days=365_000) else None


def _count(text: str) -> int | None:
    try:
        return max(int(float(text)), 0)
    except (ValueError, OverflowError):
        return None
