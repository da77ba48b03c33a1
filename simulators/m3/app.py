"""An Infor M3 tenant behind the ION API gateway, over HTTP: state, refusals, faults on demand.

Simulated: OAuth of a service account, m3api-rest v2 by GET and bulk POST, 70 transactions around
customer orders and stock, a warehouse that ships and invoices, ION messages. Checked: tokens,
company, field names, lengths, types, mandatory fields, the content of orders. Not simulated:
other transactions, other API versions, limits of the real gateway. `simulators/README.md` has
the details and the places where a choice had to be made.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from simulators.m3.authorization import issue_token, revoke_token
from simulators.m3.control import Control
from simulators.m3.endpoint import Endpoint, bulk_operation, single_operation, token_operation
from simulators.m3.gateway import execute_bulk, execute_single
from simulators.m3.state import M3Tenant

EXECUTE = "/{tenant}/M3/m3api-rest/v2/execute"
AUTHORIZATION_SERVER = "/{tenant}/as"


def create_app(state: M3Tenant, audit: Callable[[], dict[str, Any]]) -> Starlette:
    """Return the app around one tenant; its lifespan runs the warehouse and ION.

    Args:
        state: the tenant; the app and its background tasks are the only ones to change it.
        audit: answers `GET /_sim/audit`.
    """
    endpoints = (
        ("POST", EXECUTE, Endpoint(execute_bulk, bulk_operation, state)),
        (
            "GET",
            f"{EXECUTE}/{{program}}/{{transaction}}",
            Endpoint(execute_single, single_operation, state),
        ),
        (
            "POST",
            f"{AUTHORIZATION_SERVER}/token.oauth2",
            Endpoint(issue_token, token_operation, state),
        ),
        (
            "POST",
            f"{AUTHORIZATION_SERVER}/revoke_token.oauth2",
            Endpoint(revoke_token, token_operation, state),
        ),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(state.agenda.run()), asyncio.create_task(state.outbox.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    routes = [Route(path, endpoint, methods=[method]) for method, path, endpoint in endpoints]
    return Starlette(routes=[*routes, *Control(state, audit).routes()], lifespan=lifespan)
