"""What every route needs: who is served, the body, and the answer to a refused message."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from domain.alerts import AlertRules
from ledger.dead_letters import DeadLetters
from settings import PairSettings, Settings
from starter.counters import Counters
from starter.refusals import NoRoom, Refusal, TemporalUnavailable, TooLarge, Unreadable
from starter.temporal import OrderWorkflows

log = structlog.get_logger()

# A sender that dribbles would hold its connection for ever.
BODY_SECONDS = 10.0
RETRY_AFTER_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Receivers:
    """The pairs messages are for."""

    pairs: Mapping[str, PairSettings]  # by name
    entities: Mapping[str, PairSettings]  # by accounting entity

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the pairs of the settings."""
        return cls(
            pairs={pair.name: pair for pair in settings.pairs},
            entities={pair.to_pair().accounting_entity: pair for pair in settings.pairs},
        )


@dataclass(frozen=True, kw_only=True)
class Reception:
    """The state of one starter process."""

    receivers: Receivers
    orders: OrderWorkflows
    letters: DeadLetters
    alerts: AlertRules
    counters: Counters = field(default_factory=Counters)


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """Return the whole body, and keep its hash for the log of a refusal.

    Raises:
        TooLarge: more than `max_bytes`.
        Unreadable: it did not arrive whole.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise TooLarge(f"the body is larger than {max_bytes} bytes")
    except (ClientDisconnect, TimeoutError):
        raise Unreadable("the body did not arrive whole") from None
    request.state.payload_hash = hashlib.sha256(body).hexdigest()[:12]
    return bytes(body)


async def answer_refusal(request: Request, refusal: Exception) -> JSONResponse:
    """Log, count and answer a message that was not taken."""
    if not isinstance(refusal, Refusal):
        raise refusal
    state = request.state
    kind = getattr(state, "kind", "unknown")
    request.app.state.reception.counters.count(kind, refusal.outcome)
    log.warning(
        "message_refused",
        route=request.url.path.split("/")[1],
        outcome=refusal.outcome,
        reason=str(refusal),
        kind=kind,
        payload_hash=getattr(state, "payload_hash", ""),
        **getattr(state, "facts", {}),
    )
    waits = isinstance(refusal, TemporalUnavailable | NoRoom)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if waits else {}
    return JSONResponse({"error": str(refusal)}, status_code=refusal.status, headers=headers)
