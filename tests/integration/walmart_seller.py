"""A seller's side of the simulated Walmart: the requests a right client makes, and nothing more."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx

from simulators.tasks import BackgroundTasks
from simulators.walmart.app import create_app
from simulators.walmart.state import SellerAccount

HEADERS = {
    "WM_QOS.CORRELATION_ID": "00000000-0000-4000-8000-000000000001",
    "WM_SVC.NAME": "test",
    "Accept": "application/json",
}


class Wall:
    """A clock on the wall that stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


class Seller:
    """An HTTP client of one account, with a token."""

    def __init__(
        self, http: httpx.AsyncClient, account: SellerAccount, tasks: BackgroundTasks
    ) -> None:
        self.http = http
        self.account = account
        self.tasks = tasks

    async def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST to a control route, or GET without a body."""
        url = f"/_sim/{path}"
        answer = await (self.http.get(url) if body is None else self.http.post(url, json=body))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def place(self, *, quantities: tuple[int, ...] = (1,), **fields: Any) -> str:
        """Place one order with these units per line and return its purchase order id."""
        lines = [{"orderLineQuantity": {"amount": str(quantity)}} for quantity in quantities]
        order = {"orderLines": {"orderLine": lines}} | fields
        placed = await self.control("orders", {"order": order})
        return str(placed["purchase_order_ids"][0])

    async def place_acknowledged(self, *, quantities: tuple[int, ...] = (1,)) -> str:
        """Place one order and acknowledge it."""
        purchase_order_id = await self.place(quantities=quantities)
        assert (await self.acknowledge(purchase_order_id)).status_code == 200
        return purchase_order_id

    async def get(self, path: str) -> httpx.Response:
        """GET from the API."""
        return await self.http.get(path, headers=HEADERS)

    async def put(self, path: str, body: Any) -> httpx.Response:
        """PUT to the API."""
        return await self.http.put(path, json=body, headers=HEADERS)

    async def list_skus(self, **nodes_by_sku: dict[str, int]) -> None:
        """List SKUs with their stock by ship node."""
        listings = [{"sku": sku, "nodes": nodes} for sku, nodes in nodes_by_sku.items()]
        await self.control("listings", {"listings": listings})

    async def set_stock(self, sku: str, amount: Any, *, node: str = "") -> httpx.Response:
        """Set the stock of one SKU, at the default ship node unless one is named."""
        body = {"sku": sku, "quantity": {"unit": "EACH", "amount": amount}}
        query = f"?sku={quote(sku, safe='')}" + (f"&shipNode={node}" if node else "")
        return await self.put(f"/v3/inventory{query}", body)

    async def stock(self, sku: str) -> dict[str, int]:
        """Return what can be sold of one SKU by ship node."""
        answer = await self.get(f"/v3/inventories/{quote(sku, safe='')}")
        assert answer.status_code == 200, answer.text
        return {
            node["shipNode"]: node["availToSellQty"]["amount"] for node in answer.json()["nodes"]
        }

    async def submit(self, feed_type: str, body: Any) -> httpx.Response:
        """Hand in a feed; a body that is no text is sent as JSON."""
        content = body if isinstance(body, str) else json.dumps(body)
        return await self.http.post(
            f"/v3/feeds?feedType={feed_type}",
            files={"file": ("inventory.json", content)},
            headers=HEADERS,
        )

    async def acknowledge(self, purchase_order_id: str) -> httpx.Response:
        """Accept a purchase order."""
        return await self.http.post(f"/v3/orders/{purchase_order_id}/acknowledge", headers=HEADERS)

    async def ship(self, purchase_order_id: str, *lines: dict[str, Any]) -> httpx.Response:
        """Report lines as shipped; without lines, one unit of line 1."""
        body = {"orderShipment": {"orderLines": {"orderLine": list(lines) or [self.shipped()]}}}
        return await self.http.post(
            f"/v3/orders/{purchase_order_id}/shipping", json=body, headers=HEADERS
        )

    async def cancel(
        self,
        purchase_order_id: str,
        *,
        line_number: str = "1",
        quantity: int = 1,
        reason: str = "SELLER_CANCEL_OUT_OF_STOCK",
    ) -> httpx.Response:
        """Cancel units of one line."""
        status = {
            "status": "Cancelled",
            "cancellationReason": reason,
            "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(quantity)},
        }
        line = {
            "lineNumber": line_number,
            "orderLineStatuses": {"orderLineStatus": [status]},
        }
        body = {"orderCancellation": {"orderLines": {"orderLine": [line]}}}
        return await self.http.post(
            f"/v3/orders/{purchase_order_id}/cancel", json=body, headers=HEADERS
        )

    def shipped(
        self, line_number: str = "1", *packages: dict[str, Any], **fields: Any
    ) -> dict[str, Any]:
        """Return a line of a shipping body; without packages, one unit in one package."""
        return {
            "lineNumber": line_number,
            "sellerOrderId": "0000000042",
            "orderLineStatuses": {"orderLineStatus": list(packages) or [self.package()]},
        } | fields

    def package(self, quantity: int = 1, tracking: str = "1Z42", **fields: Any) -> dict[str, Any]:
        """Return a package of a shipping body, sent now by UPS unless `fields` say otherwise."""
        return {
            "status": "Shipped",
            "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(quantity)},
            "trackingInfo": {
                "shipDateTime": int(self.account.now() * 1000),
                "carrierName": {"carrier": "UPS"},
                "methodCode": "Standard",
                "trackingNumber": tracking,
            }
            | fields,
        }


@asynccontextmanager
async def seller_of(account: SellerAccount) -> AsyncIterator[Seller]:
    """Yield a seller whose requests reach the app without a network."""
    app = create_app(account, dict)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://walmart") as http,
    ):
        http.headers["WM_SEC.ACCESS_TOKEN"] = account.issue_token()
        yield Seller(http, account, app.state.tasks)


def description(answer: httpx.Response) -> str:
    """Return the sentence of a refusal in the runtime envelope."""
    [error] = answer.json()["errors"]["error"]
    return str(error["description"])
