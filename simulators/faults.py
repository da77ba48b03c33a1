"""A seeded plan of faults, and the ASGI layer that carries it out for both simulators.

A fault is drawn once per request from one `random.Random(seed)`:

- `lost_answer`: the request is carried out to the end, then the connection is cut
- `cut`: the connection is cut before anything is done
- `server_error`, `throttled`, `expired_token`, and a simulator's own kinds: refused before
  anything is done, with the answer that simulator gives
- `slow`: the request is carried out, the answer waits `slow_seconds`
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOST_ANSWER = "lost_answer"
CUT = "cut"
SLOW = "slow"
REFUSED_KINDS = ("server_error", "throttled", "expired_token")
STANDARD_KINDS = (LOST_ANSWER, "server_error", "throttled", SLOW, CUT, "expired_token")
TOKEN_OPERATION = "token"  # noqa: S105 - the name of an operation, not a secret

Refusal = Callable[[Scope, Random], Response]
_CUT_EXTENSION = "simulators.cut"


@dataclass
class FaultPlan:
    """Which requests fail and how. Without a share nothing fails."""

    share: float = 0.0
    kinds: tuple[str, ...] = STANDARD_KINDS
    operations: frozenset[str] = frozenset({"*"})
    count: int | None = None  # at most this many faults; None is no limit
    slow_seconds: float = 1.0
    drawn: Counter[str] = field(default_factory=Counter)
    _random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - repeatable faults

    def replace(self, wish: Mapping[str, Any], *, own_kinds: tuple[str, ...] = ()) -> None:
        """Take over the body of `POST /_sim/faults`; what it leaves out gets its default.

        Raises:
            ValueError: an unknown key or kind, or a share outside 0 to 1.
        """
        known = {"share", "seed", "kinds", "operations", "count", "slow_seconds"}
        if unknown := set(wish) - known:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        kinds = tuple(wish.get("kinds", STANDARD_KINDS))
        if not kinds or set(kinds) - {*STANDARD_KINDS, *own_kinds}:
            raise ValueError(f"kinds must be among {', '.join((*STANDARD_KINDS, *own_kinds))}")
        share = float(wish.get("share", 0.0))
        if not 0 <= share <= 1:
            raise ValueError("share must lie between 0 and 1")
        operations, count = wish.get("operations", ["*"]), wish.get("count")
        if not isinstance(operations, list):
            raise ValueError("operations must be a list")
        self.clear()
        self.share = share
        self.kinds = kinds
        self.operations = frozenset(operations)
        self.count = None if count is None else int(count)
        self.slow_seconds = float(wish.get("slow_seconds", 1.0))
        self._random = Random(wish.get("seed", 0))  # noqa: S311 - repeatable faults

    def clear(self) -> None:
        """Let everything succeed again and forget what was drawn."""
        self.share = 0.0
        self.count = None
        self.drawn.clear()

    def draw(self, operation: str) -> str | None:
        """Return the kind of fault this request meets, or None for most requests."""
        if not self.share or not self._covers(operation):
            return None
        if self.count is not None and self.drawn.total() >= self.count:
            return None
        if self._random.random() >= self.share:
            return None
        kind = self._random.choice(self.kinds)
        self.drawn[kind] += 1
        return kind

    @property
    def random(self) -> Random:
        """Return the one source of chance, for answers that vary."""
        return self._random

    def as_json(self) -> dict[str, Any]:
        """Return the plan and what it has done, for `GET /_sim/faults`."""
        return {
            "share": self.share,
            "kinds": list(self.kinds),
            "operations": sorted(self.operations),
            "count": self.count,
            "slow_seconds": self.slow_seconds,
            "drawn": dict(self.drawn),
        }

    def _covers(self, operation: str) -> bool:
        if operation in self.operations:
            return True
        return "*" in self.operations and operation != TOKEN_OPERATION


class FaultMiddleware:
    """Carry out a plan of faults around an ASGI app.

    Args:
        app: what answers when nothing fails.
        plan: the simulator's plan; looked at for each request.
        operation_of: names the operation of a request; None keeps it free of faults.
        refusals: how this simulator answers each kind of `REFUSED_KINDS` and its own kinds.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        plan: FaultPlan,
        operation_of: Callable[[Scope], str | None],
        refusals: Mapping[str, Refusal],
    ) -> None:
        self._app = app
        self._plan = plan
        self._operation_of = operation_of
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail it as planned."""
        operation = self._operation_of(scope) if scope["type"] == "http" else None
        kind = self._plan.draw(operation) if operation else None
        if kind is None:
            await self._app(scope, receive, send)
        elif kind == CUT:
            await _cut_connection(scope, receive)
        elif kind == LOST_ANSWER:
            await self._app(scope, receive, _swallow)
            await _cut_connection(scope, receive)
        elif kind == SLOW:
            await self._answer_late(scope, receive, send)
        else:
            await self._refusals[kind](scope, self._plan.random)(scope, receive, send)

    async def _answer_late(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do the work at once and hold the answer, as a time-out after a write looks."""
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self._app(scope, receive, hold)
        await asyncio.sleep(self._plan.slow_seconds)
        for message in held:
            await send(message)


class CuttableConnections:
    """Let an app under uvicorn cut its client's connection; must be the outermost layer.

    ASGI has no way to hang up. uvicorn's `send` is a method of the object that owns the
    connection's transport, so the transport is taken from there, for h11 and httptools alike.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the way to cut into the scope and pass the request on."""
        if scope["type"] == "http":
            connection = getattr(send, "__self__")  # noqa: B009 - no type declares it
            scope.setdefault("extensions", {})[_CUT_EXTENSION] = connection.transport.abort
        await self._app(scope, receive, send)


async def _cut_connection(scope: Scope, receive: Receive) -> None:
    """Hang up without an answer.

    Raises:
        httpx.ReadError: nobody owns a connection, as with `httpx.ASGITransport`; its client
            then sees the error a cut connection gives.
    """
    abort = scope.get("extensions", {}).get(_CUT_EXTENSION)
    if abort is None:
        raise httpx.ReadError("the simulator cut the connection")
    abort()
    # uvicorn answers 500 for an app that returns silently, unless it knows the client is gone.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _swallow(message: Message) -> None:
    """Drop an answer."""
