"""Call the Walmart Marketplace API."""

import json
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx

from connectors.tokens import Token
from connectors.walmart_errors import first_error
from domain.errors import NotFound, RateLimited, Rejected, Unavailable

Document = dict[str, Any]

# Error names of the 404 that means an empty list: as met, and as the specification has it.
NO_ORDERS = frozenset({"CONTENT_NOT_FOUND", "NOT_FOUND"})


@dataclass(frozen=True, kw_only=True)
class WalmartAccount:
    """Where the seller account is and how the service names itself there."""

    base_url: str
    service_name: str

    def headers(self) -> dict[str, str]:
        """Return the headers of every call; the correlation id is new each time."""
        return {
            "WM_QOS.CORRELATION_ID": str(uuid4()),
            "WM_SVC.NAME": self.service_name,
            "Accept": "application/json",  # without it the answer is XML
        }


async def fetch_walmart_token(
    http: httpx.AsyncClient, account: WalmartAccount, *, client_id: str, client_secret: str
) -> Token:
    """Get a token for the seller account.

    Raises:
        Rejected: the client id or secret is wrong; Walmart says so with a 400 or a 401.
        Unavailable: network failure or HTTP 5xx.
    """
    try:
        response = await http.post(
            f"{account.base_url}/v3/token",
            data={"grant_type": "client_credentials"},
            headers=account.headers(),
            auth=httpx.BasicAuth(client_id, client_secret),
        )
    except httpx.TransportError as error:
        raise Unavailable("Walmart", "token", reason=type(error).__name__) from error
    if response.status_code >= 500 or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Unavailable("Walmart", "token", reason=f"HTTP {response.status_code}")
    try:
        body = response.json()
        return Token(value=body["access_token"], expires_in=float(body["expires_in"]))
    except (ValueError, KeyError, TypeError):
        raise Rejected(
            "Walmart",
            "token",
            code=str(response.status_code),
            message="no access token; check client_id and client_secret of the pair",
        ) from None


class WalmartClient:
    """One seller account. Never retries: Temporal does, with the whole activity in view."""

    def __init__(self, http: httpx.AsyncClient, account: WalmartAccount) -> None:
        self._http = http
        self._account = account

    async def order(self, purchase_order_id: str) -> Document:
        """Return one purchase order as Walmart sends it; amounts are Decimal.

        Raises:
            NotFound: the seller has no such order.

        Source:
            GET /v3/orders/{purchaseOrderId}; the answer is wrapped as {"order": ...}.
        """
        response = await self._send("GET", f"/v3/orders/{purchase_order_id}")
        document: Document = _json(response)["order"]
        return document

    async def released_orders(self, *, created_since: datetime) -> AsyncIterator[list[Document]]:
        """Yield the orders with lines still in Created, page by page.

        Args:
            created_since: aware; Walmart itself cuts at seven days when it is left out.

        Source:
            GET /v3/orders/released. `nextCursor` is a whole query string and goes back verbatim;
            no result is a 404 with code CONTENT_NOT_FOUND.
        """
        # Walmart refuses milliseconds here.
        since = created_since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = f"?limit=200&createdStartDate={since}"
        seen: set[str] = set()
        while query and query not in seen:
            seen.add(query)
            try:
                response = await self._send("GET", f"/v3/orders/released{query}")
            except NotFound as empty:
                # Any other 404 is a wrong address, which must not look like a quiet day.
                if empty.code.partition(".")[0] not in NO_ORDERS:
                    raise
                return
            listed = _json(response).get("list") or {}
            orders = (listed.get("elements") or {}).get("order") or []
            if isinstance(orders, dict):  # a single one, as historic answers have it
                orders = [orders]
            if not orders:
                return
            yield orders
            query = (listed.get("meta") or {}).get("nextCursor") or ""

    async def acknowledge_order(self, purchase_order_id: str) -> None:
        """Accept every line of a purchase order. Acknowledging twice is harmless.

        Raises:
            Rejected: some line is shipped or canceled already.

        Source:
            POST /v3/orders/{purchaseOrderId}/acknowledge, no body.
        """
        await self._send("POST", f"/v3/orders/{purchase_order_id}/acknowledge")

    async def ship_lines(self, purchase_order_id: str, body: Document) -> None:
        """Confirm what was shipped. **Not** safe to repeat: see `activities.shipments`.

        Raises:
            Rejected: among other things when these lines are shipped already.

        Source:
            POST /v3/orders/{purchaseOrderId}/shipping.
        """
        await self._send("POST", f"/v3/orders/{purchase_order_id}/shipping", body)

    async def cancel_lines(self, purchase_order_id: str, body: Document) -> None:
        """Give up units that have not shipped. **Not** safe to repeat: read the order first.

        Raises:
            Rejected: among other things when the units are shipped or canceled already.

        Source:
            POST /v3/orders/{purchaseOrderId}/cancel.
        """
        await self._send("POST", f"/v3/orders/{purchase_order_id}/cancel", body)

    async def token_detail(self) -> Document:
        """Return what the token may do, scope by scope, for `doctor`."""
        return _json(await self._send("GET", "/v3/token/detail"))

    async def _send(self, method: str, path: str, body: Document | None = None) -> httpx.Response:
        # The path may carry a cursor that has to go out as it came, so the URL is put together
        # as text and never from parameters.
        call = f"{method} {path.partition('?')[0]}"
        try:
            response = await self._http.request(
                method,
                httpx.URL(f"{self._account.base_url}{path}"),
                headers=self._account.headers(),
                json=body,
            )
        except httpx.TransportError as error:
            raise Unavailable("Walmart", call, reason=type(error).__name__) from error
        _raise_for_status(call, response)
        return response


def _json(response: httpx.Response) -> Document:
    try:
        document = json.loads(response.content, parse_float=Decimal)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        call = f"{response.request.method} {response.request.url.path}"
        raise Unavailable("Walmart", call, reason="an answer that is no JSON object")
    return document


def _raise_for_status(call: str, response: httpx.Response) -> None:
    if response.is_success:
        return
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise RateLimited("Walmart", call, retry_after=retry_after(response.headers))
    # 401 comes here only when a fresh token was refused too; that heals without us.
    if response.status_code >= 500 or response.status_code == httpx.codes.UNAUTHORIZED:
        raise Unavailable("Walmart", call, reason=f"HTTP {response.status_code}")
    error = first_error(response)
    if error.is_outage:
        raise Unavailable("Walmart", call, reason="the invalid-request answer of an outage")
    refusal = NotFound if response.status_code == httpx.codes.NOT_FOUND else Rejected
    raise refusal("Walmart", call, code=error.code, field=error.field, message=error.description)


def retry_after(headers: httpx.Headers) -> timedelta | None:
    """Return how long to wait after a 429; None when Walmart does not say.

    Source:
        `Retry-After` in the 2026 specifications; before, `X-Next-Replenishment-Time`, which was
        met as epoch milliseconds, as ISO time and as seconds.
    """
    if (value := headers.get("Retry-After", "")).isdigit():
        return timedelta(seconds=int(value))
    value = headers.get("X-Next-Replenishment-Time") or headers.get("X-Next-Replenish-Time") or ""
    try:
        number = float(value)
    except ValueError:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    else:
        # Larger numbers than a day of seconds are moments: milliseconds since 1970.
        seconds = number / 1000 - time.time() if number > 86_400 else number
    return timedelta(seconds=min(max(math.ceil(seconds), 1), 3600))
