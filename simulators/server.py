"""Both simulators under uvicorn in one event loop, on two ports."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from simulators import audit
from simulators.m3.app import create_app as create_m3_app
from simulators.m3.state import M3Tenant
from simulators.serving import serving
from simulators.stock_audit import StockAudit
from simulators.walmart.app import create_app as create_walmart_app
from simulators.walmart.state import SellerAccount


@dataclass(frozen=True, kw_only=True)
class BaseUrls:
    """Where the two simulators answer."""

    walmart: str
    m3: str


@contextlib.asynccontextmanager
async def running(
    *,
    walmart_port: int = 0,
    m3_port: int = 0,
    host: str = "127.0.0.1",
    account: SellerAccount | None = None,
    tenant: M3Tenant | None = None,
) -> AsyncIterator[BaseUrls]:
    """Serve both simulators while the block runs.

    Args:
        walmart_port: 0 takes a free port.
        m3_port: 0 takes a free port.
        host: the address to listen on.
        account: Walmart's state, when the caller wants to look into it.
        tenant: M3's state, likewise.

    Raises:
        OSError: a port is taken.
    """
    account, tenant = account or SellerAccount(), tenant or M3Tenant()

    stock = StockAudit(account=account, tenant=tenant)
    account.inventory.on_sale.append(stock.hear)

    def joined_audit() -> dict[str, Any]:
        return audit.join(account, tenant)

    async def stock_audit(request: Request) -> JSONResponse:
        """GET /_sim/stock-audit, with `since` in milliseconds since 1970."""
        return JSONResponse(stock.report(int(request.query_params.get("since", 0))))

    walmart_app = create_walmart_app(account, joined_audit)
    walmart_app.router.routes.insert(0, Route("/_sim/stock-audit", stock_audit))

    async with (
        serving(walmart_app, host=host, port=walmart_port) as walmart,
        serving(create_m3_app(tenant, joined_audit), host=host, port=m3_port) as m3,
    ):
        yield BaseUrls(walmart=walmart, m3=m3)


async def serve(
    walmart_port: int,
    m3_port: int,
    host: str = "127.0.0.1",
    ready: Callable[[BaseUrls], Awaitable[None]] | None = None,
) -> None:
    """Serve both simulators until SIGINT or SIGTERM; `ready` learns where they answer."""
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
    async with running(walmart_port=walmart_port, m3_port=m3_port, host=host) as urls:
        if ready is not None:
            await ready(urls)
        await asked_to_stop.wait()
