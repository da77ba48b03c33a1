"""Call the Walmart Marketplace API."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from connectors.tokens import Token
from connectors.walmart_answers import EMPTY_LIST, Document, as_list, json_object
from connectors.walmart_errors import first_error
from connectors.walmart_limits import Allowance, allowance, retry_after
from domain.errors import NotFound, RateLimited, Rejected, Unavailable

# A file of a multipart body: its name, its bytes, its media type.
File = tuple[str, bytes, str]

CUT_SMALLER = (
    "send less at once: read this seller's limits with GET /v3/settings/partnerprofile and lower "
    "the size the files are cut at, then send the signal `retry`"
)


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
    """One seller account. Never retries: Temporal does, with the whole activity in view.

    Args:
        http: sends the token with each request.
        account: where the seller account is.
        on_answer: hears with each answer, refusals included, which operation was answered and
            what is left of its limit. It must not raise.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        account: WalmartAccount,
        *,
        on_answer: Callable[[str, Allowance], None] | None = None,
    ) -> None:
        self._http = http
        self._account = account
        self._on_answer = on_answer

    async def order(self, purchase_order_id: str) -> Document:
        """Return one purchase order as Walmart sends it; amounts are Decimal.

        Raises:
            NotFound: the seller has no such order.

        Source:
            GET /v3/orders/{purchaseOrderId}; the answer is wrapped as {"order": ...}.
        """
        response = await self.send("GET", f"/v3/orders/{purchase_order_id}", operation="order")
        document: Document = json_object(response)["order"]
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
                path = f"/v3/orders/released{query}"
                response = await self.send("GET", path, operation="released_orders")
            except NotFound as empty:
                # Any other 404 is a wrong address, which must not look like a quiet day.
                if empty.code.partition(".")[0] not in EMPTY_LIST:
                    raise
                return
            listed = json_object(response).get("list") or {}
            orders = as_list((listed.get("elements") or {}).get("order"))
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
        path = f"/v3/orders/{purchase_order_id}/acknowledge"
        await self.send("POST", path, operation="acknowledge_order")

    async def ship_lines(self, purchase_order_id: str, body: Document) -> None:
        """Confirm what was shipped. **Not** safe to repeat: see `activities.shipments`.

        Raises:
            Rejected: among other things when these lines are shipped already.

        Source:
            POST /v3/orders/{purchaseOrderId}/shipping.
        """
        path = f"/v3/orders/{purchase_order_id}/shipping"
        await self.send("POST", path, body, operation="ship_lines")

    async def cancel_lines(self, purchase_order_id: str, body: Document) -> None:
        """Give up units that have not shipped. **Not** safe to repeat: read the order first.

        Raises:
            Rejected: among other things when the units are shipped or canceled already.

        Source:
            POST /v3/orders/{purchaseOrderId}/cancel.
        """
        path = f"/v3/orders/{purchase_order_id}/cancel"
        await self.send("POST", path, body, operation="cancel_lines")

    async def token_detail(self) -> Document:
        """Return what the token may do, scope by scope, for `doctor`."""
        response = await self.send("GET", "/v3/token/detail", operation="token_detail")
        return json_object(response)

    async def send(
        self,
        method: str,
        path: str,
        body: Document | None = None,
        *,
        operation: str,
        files: Mapping[str, File] | None = None,
    ) -> httpx.Response:
        """Make one call and return its answer, which is a success.

        Args:
            method: of HTTP.
            path: with its query, completely encoded. It may carry a cursor that has to go out as
                it came, so the URL is put together as text and never from parameters.
            body: goes out as JSON.
            operation: what `on_answer` hears.
            files: goes out as multipart/form-data; field name to file.

        Raises:
            Unavailable: network failure, HTTP 5xx, an outage's answer; a write may have happened.
            RateLimited: HTTP 429.
            NotFound: HTTP 404.
            Rejected: any other refusal.
        """
        call = f"{method} {path.partition('?')[0]}"
        try:
            response = await self._http.request(
                method,
                httpx.URL(f"{self._account.base_url}{path}"),
                headers=self._account.headers(),
                json=body,
                files=files,
            )
        except httpx.TransportError as error:
            raise Unavailable("Walmart", call, reason=type(error).__name__) from error
        if self._on_answer:
            self._on_answer(operation, allowance(response, now=datetime.now(UTC)))
        _raise_for_status(call, response)
        return response


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
    refused = refusal(
        "Walmart", call, code=error.code, field=error.field, message=error.description
    )
    if response.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        refused.mend = CUT_SMALLER
    raise refused
