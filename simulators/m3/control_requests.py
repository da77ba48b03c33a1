"""How control requests are read and answered."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.m3.messages import Nok

Handler = Callable[[Request], Awaitable[Response]]


def route(method: str, path: str, handler: Handler) -> Route:
    """Return the route of a control request."""
    return Route(path, refusing_nonsense(handler), methods=[method])


async def read(request: Request, *known: str) -> dict[str, Any]:
    """Return the JSON body of a control request, which may be empty.

    Raises:
        ValueError: it is no JSON object, or has other keys than `known`, if any are named.
    """
    fields = json.loads(await request.body() or b"{}")
    if not isinstance(fields, dict):
        raise ValueError("the body must be an object")
    if known and (unknown := set(fields) - set(known)):
        raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
    return fields


def refusing_nonsense(handler: Handler) -> Handler:
    """Return the handler with 400 for values it could not read and records M3 does not have."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (ArithmeticError, KeyError, TypeError, ValueError, Nok) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return answer


def ok() -> Response:
    """Return that it was done."""
    return JSONResponse({"status": "ok"})
