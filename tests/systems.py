"""Both simulated systems over HTTP, in time that stands still until a test moves it."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulators import server
from simulators.m3.state import M3Tenant
from simulators.walmart.state import SellerAccount


class Clock:
    """Time that stands still until a test moves it; a shop starts at the present."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclasses.dataclass(frozen=True, kw_only=True)
class Systems:
    """Both simulated systems and where they answer."""

    account: SellerAccount
    tenant: M3Tenant
    clock: Clock
    urls: server.BaseUrls


@asynccontextmanager
async def serve_systems() -> AsyncIterator[Systems]:
    """Serve both systems, for any number of shops after each other."""
    clock = Clock()
    account, tenant = SellerAccount(now=clock), M3Tenant(clock)
    async with server.running(account=account, tenant=tenant) as urls:
        yield Systems(account=account, tenant=tenant, clock=clock, urls=urls)
