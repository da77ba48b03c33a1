"""Reading the bodies of control routes, and refusing what makes no sense."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Handler = Callable[[Request], Awaitable[Response]]


async def read_fields(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request; no body is an empty one."""
    body = await request.body()
    fields = json.loads(body or b"{}")
    if not isinstance(fields, dict):
        raise TypeError("the body must be an object")
    return fields


def refusing_nonsense(handler: Handler) -> Handler:
    """Return the handler with 400 for values it could not read."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return bad(f"{type(error).__name__}: {error}")

    return answer


def bad(sentence: str) -> Response:
    """Return the answer to a request that makes no sense."""
    return JSONResponse({"error": sentence}, 400)
