"""A caller's side of the simulated M3: the requests a right client makes, and nothing more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from simulators.m3 import tokens
from simulators.m3.app import create_app
from simulators.m3.state import M3Tenant

EXECUTE = "/ACME_TST/M3/m3api-rest/v2/execute"
TOKEN = "/ACME_TST/as/token.oauth2"  # noqa: S105 - a path, not a secret
CLIENT = {"client_id": tokens.CLIENT_ID, "client_secret": tokens.CLIENT_SECRET}
PASSWORD_GRANT = {
    "grant_type": "password",
    "username": tokens.ACCESS_KEY,
    "password": tokens.SECRET_KEY,
}
REFERENCE = "1796277083022"


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1_790_000_000.0

    def __call__(self) -> float:
        return self.seconds


class Refused(Exception):
    """M3 answered NOK."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(result["errorMessage"])
        self.code = result["errorCode"]
        self.field = result["errorField"].strip()
        self.kind = result["errorType"]


class Caller:
    """An HTTP client of one tenant, with a token."""

    def __init__(self, http: httpx.AsyncClient, tenant: M3Tenant, clock: Clock) -> None:
        self.http = http
        self.tenant = tenant
        self._clock = clock

    def later(self, seconds: float) -> None:
        """Let time pass, and happen what falls due."""
        self._clock.seconds += seconds
        self.tenant.agenda.run_due()

    async def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST to a control route, or GET without a body."""
        url = f"/_sim/{path}"
        answer = await (self.http.get(url) if body is None else self.http.post(url, json=body))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def bulk(self, program: str, *calls: dict[str, Any], **controls: Any) -> httpx.Response:
        """Send transactions of one program in one request."""
        body = {"program": program, "cono": 100, "divi": "AAA", **controls, "transactions": calls}
        return await self.http.post(EXECUTE, json=body)

    async def list(self, operation: str, **record: str) -> list[dict[str, str]]:
        """Run one transaction and return its records."""
        program, transaction = operation.split(".")
        call = {"transaction": transaction, "record": record}
        answer = await self.bulk(program, call, maxReturnedRecords=0)
        assert answer.status_code == 200, answer.text
        [result] = answer.json()["results"]
        if "errorMessage" in result:
            raise Refused(result)
        records: list[dict[str, str]] = result["records"]
        return records

    async def one(self, operation: str, **record: str) -> dict[str, str]:
        """Run one transaction and return its only record."""
        [found] = await self.list(operation, **record)
        return found

    async def enter_batch(self, *lines: dict[str, str], **head: str) -> str:
        """Enter a batch order for the marketplace and return its temporary number."""
        head = {"CUNO": "WALMART", "CUOR": REFERENCE, "WHLO": "001"} | head
        number = (await self.one("OIS100MI.AddBatchHead", **head))["ORNO"]
        for position, line in enumerate(lines or ({},), 1):
            ordered = {"ITNO": "KETTLE-01", "ORQT": "1", "CUPO": str(position)} | line
            await self.one("OIS100MI.AddBatchLine", ORNO=number, **ordered)
        return number

    async def confirm(self, number: str) -> dict[str, str]:
        """Confirm a batch order."""
        return await self.one("OIS100MI.Confirm", ORNO=number)

    async def order(self, *lines: dict[str, str], **head: str) -> str:
        """Enter and confirm an order and return its real number."""
        confirmed = await self.confirm(await self.enter_batch(*lines, **head))
        assert confirmed["STAT"] == "90"
        return confirmed["ORNO"]

    async def advance(self, number: str | None = None) -> dict[str, str]:
        """Move one order, or all, one step on and return the steps by order."""
        moved: dict[str, str] = (await self.control("warehouse/advance", {"order": number}))[
            "moved"
        ]
        return moved

    async def ship(self, number: str) -> None:
        """Move an order until its deliveries have left."""
        for step in ("allocate", "pick", "ship"):
            assert await self.advance(number) == {number: step}


@asynccontextmanager
async def caller_of(tenant: M3Tenant | None = None) -> AsyncIterator[Caller]:
    """Yield a caller with a token; nothing happens by itself, time is the caller's."""
    clock = Clock()
    tenant = tenant or M3Tenant(clock)
    transport = httpx.ASGITransport(create_app(tenant, dict))
    async with httpx.AsyncClient(transport=transport, base_url="http://m3.test") as http:
        granted = await http.post(TOKEN, data={**PASSWORD_GRANT, **CLIENT})
        http.headers["Authorization"] = f"Bearer {granted.json()['access_token']}"
        yield Caller(http, tenant, clock)
