"""The control routes of both simulators, for the demo, the tests and the benchmark."""

from typing import Any

import httpx

from settings import PairSettings, SettingsError

CLIENT_ID, CLIENT_SECRET = "sim-client", "sim-secret"


class Simulators:
    """The control routes of both simulators."""

    def __init__(self, *, walmart: str, m3: str) -> None:
        self._http = httpx.AsyncClient(
            # Shorter than the simulators keep a connection, which may be closing just then.
            timeout=30,
            limits=httpx.Limits(keepalive_expiry=2),
        )
        self.walmart = walmart
        self.m3 = m3

    async def tell_walmart(self, route: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post to a control route of the Walmart simulator."""
        return await self._post(f"{self.walmart}/_sim/{route}", body)

    async def tell_m3(self, route: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post to a control route of the M3 simulator."""
        return await self._post(f"{self.m3}/_sim/{route}", body)

    async def audit(self) -> dict[str, Any]:
        """Return what both systems hold, order by order."""
        response = await self._http.get(f"{self.walmart}/_sim/audit")
        response.raise_for_status()
        document: dict[str, Any] = response.json()
        return document

    async def stock_audit(self, since_ms: int) -> dict[str, Any]:
        """Return what became of stock at both ends since a moment."""
        response = await self._http.get(f"{self.walmart}/_sim/stock-audit?since={since_ms}")
        response.raise_for_status()
        document: dict[str, Any] = response.json()
        return document

    async def inventory_audit(self) -> dict[str, Any]:
        """Return what Walmart counted of requests, limits and feeds."""
        response = await self._http.get(f"{self.walmart}/_sim/inventory/audit?limit=1")
        response.raise_for_status()
        document: dict[str, Any] = response.json()
        return document

    async def ionapi(self) -> str:
        """Return the credentials file for the simulated M3."""
        response = await self._http.get(f"{self.m3}/_sim/ionapi")
        response.raise_for_status()
        return response.text

    async def subscribe(self, url: str, *, header: str, secret: str) -> None:
        """Subscribe to order events as a seller would, through Walmart's own API."""
        headers = {"WM_QOS.CORRELATION_ID": "demo", "WM_SVC.NAME": "demo"}
        headers["Accept"] = "application/json"
        token = await self._http.post(
            f"{self.walmart}/v3/token",
            data={"grant_type": "client_credentials"},
            auth=(CLIENT_ID, CLIENT_SECRET),
            headers=headers,
        )
        token.raise_for_status()
        event = {
            "eventType": "ORDER_UPDATES",
            "eventVersion": "V1",
            "resourceName": "ORDER",
            "eventUrl": url,
            "status": "ACTIVE",
            "authDetails": {
                "authMethod": "HMAC",
                "authHeaderName": header,
                "clientSecret": secret,
            },
        }
        response = await self._http.post(
            f"{self.walmart}/v3/webhooks/subscriptions",
            json={"events": [event]},
            headers={**headers, "WM_SEC.ACCESS_TOKEN": token.json()["access_token"]},
        )
        response.raise_for_status()

    async def send_ion_messages(self, url: str, *, authorization: str) -> None:
        """Let the M3 simulator tell the starter of deliveries and invoices."""
        headers = {"Authorization": authorization}
        await self.tell_m3("ion", {"url": url, "style": "ims_v3", "headers": headers})

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _post(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await self._http.post(url, json=body)
        response.raise_for_status()
        document: dict[str, Any] = response.json()
        return document


async def subscribe_starter(simulators: Simulators, starter: str, pair: PairSettings) -> None:
    """Let both simulators tell a starter what happens, with the proofs its settings ask for.

    Args:
        simulators: already serving.
        starter: base URL of the starter, without a slash at the end. It need not run yet.
        pair: the pair that stands for the simulated seller and company.

    Raises:
        SettingsError: the pair expects another proof than an HMAC.
    """
    webhooks, ion = pair.webhooks, pair.ion
    if webhooks.method != "hmac" or webhooks.secret is None:
        raise SettingsError(f'pairs["{pair.name}"].webhooks.method: set "hmac" for the simulators')
    await simulators.subscribe(
        f"{starter}/webhooks/walmart/{pair.name}",
        header=webhooks.header,
        secret=webhooks.secret.get_secret_value(),
    )
    proof = {ion.header: ion.secret.get_secret_value()} if ion.secret else {}
    await simulators.tell_m3("ion", {"url": f"{starter}/ion", "style": "ims_v3", "headers": proof})
