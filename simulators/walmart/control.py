"""The control routes under /_sim: what a test or a demonstration sets, and what it reads."""

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.tasks import BackgroundTasks
from simulators.walmart import cancellation
from simulators.walmart.control_requests import bad, read_fields, refusing_nonsense
from simulators.walmart.deliveries import WebhookSender
from simulators.walmart.drafts import INVOICED, OUTCOMES
from simulators.walmart.errors import Refused
from simulators.walmart.events import (
    FRAUD_CANCEL,
    INTENT_TO_CANCEL,
    PO_CREATED,
    PO_LINE_AUTOCANCELLED,
    SUB_EVENT_TYPES,
)
from simulators.walmart.gateway import OWN_FAULTS
from simulators.walmart.generator import MIXES, GeneratedOrder, complete, generate
from simulators.walmart.lines import order_lines
from simulators.walmart.purchase_orders import PlacedOrder
from simulators.walmart.state import SellerAccount
from simulators.walmart.subscriptions import REAL_RETRY_SECONDS, DeliverySettings

Fields = Mapping[str, Any]
HMAC_ENCODINGS = ("hex", "base64")
WALMART_REASONS = {
    PO_LINE_AUTOCANCELLED: cancellation.AUTO_CANCEL,
    FRAUD_CANCEL: cancellation.FRAUD_CANCEL,
}


class Control:
    """Handlers of the control routes; each reads, checks, acts and answers."""

    def __init__(
        self,
        account: SellerAccount,
        sender: WebhookSender,
        tasks: BackgroundTasks,
        audit: Callable[[], dict[str, Any]],
    ) -> None:
        self._account = account
        self._sender = sender
        self._tasks = tasks
        self._audit = audit

    def routes(self) -> list[Route]:
        """Return the routes under /_sim."""
        handlers = (
            ("GET", "/_sim/health", self.health),
            ("POST", "/_sim/reset", self.reset),
            ("POST", "/_sim/faults", self.set_faults),
            ("DELETE", "/_sim/faults", self.clear_faults),
            ("GET", "/_sim/faults", self.show_faults),
            ("POST", "/_sim/orders", self.place_orders),
            ("POST", "/_sim/events", self.send_event),
            ("POST", "/_sim/fraud", self.confirm_fraud),
            ("GET", "/_sim/stock-zeroed", self.show_stock_zeroed),
            ("POST", "/_sim/webhooks", self.set_deliveries),
            ("GET", "/_sim/webhooks", self.show_deliveries),
            ("POST", "/_sim/tokens", self.set_tokens),
            ("POST", "/_sim/limits", self.set_limits),
            ("GET", "/_sim/requests", self.show_requests),
            ("GET", "/_sim/audit", self.show_audit),
        )
        return [
            Route(path, refusing_nonsense(handler), methods=[method])
            for method, path, handler in handlers
        ]

    async def health(self, _: Request) -> Response:
        """GET /_sim/health."""
        return JSONResponse({"status": "ok"})

    async def reset(self, _: Request) -> Response:
        """POST /_sim/reset."""
        await self._tasks.cancel_all()
        self._account.reset()
        return JSONResponse({"status": "ok"})

    async def set_faults(self, request: Request) -> Response:
        """POST /_sim/faults."""
        self._account.faults.replace(await read_fields(request), own_kinds=OWN_FAULTS)
        return JSONResponse(self._account.faults.as_json())

    async def clear_faults(self, _: Request) -> Response:
        """DELETE /_sim/faults."""
        self._account.faults.clear()
        return JSONResponse(self._account.faults.as_json())

    async def show_faults(self, _: Request) -> Response:
        """GET /_sim/faults."""
        return JSONResponse(self._account.faults.as_json())

    async def place_orders(self, request: Request) -> Response:
        """POST /_sim/orders: `count` generated orders, or the one given as `order`."""
        fields = await read_fields(request)
        known = {"order", "expected", "count", "mix", "seed", "interval_seconds", "announce"}
        mix, expected = fields.get("mix", "mixed"), fields.get("expected", INVOICED)
        if fields.keys() - known or mix not in MIXES or expected not in OUTCOMES:
            return bad(f"keys: {sorted(known)}; mix: {MIXES}; expected: {OUTCOMES}")
        orders = self._given(fields) if "order" in fields else self._generated(fields)
        numbers = [order.document["purchaseOrderId"] for order in orders]
        if taken := self._account.orders.keys() & set(numbers):
            return bad(f"purchase order {min(taken)} exists")
        announce = bool(fields.get("announce", True))
        if interval := float(fields.get("interval_seconds", 0.0)):
            self._tasks.start(self._place_over_time(orders, interval, announce=announce))
        else:
            for order in orders:
                self._place(order, announce=announce)
        return JSONResponse(
            {"purchase_order_ids": numbers, "orders": [_told(order) for order in orders]}
        )

    async def send_event(self, request: Request) -> Response:
        """POST /_sim/events: let something happen to an order, and tell the subscribers."""
        fields = await read_fields(request)
        kind = fields.get("sub_event_type")
        order = self._account.orders.get(fields.get("purchase_order_id", ""))
        if order is None or kind not in SUB_EVENT_TYPES:
            return bad(f"purchase_order_id of a placed order; sub_event_type: {SUB_EVENT_TYPES}")
        quantities = {line: int(units) for line, units in fields.get("quantities", {}).items()}
        if quantities and (kind not in WALMART_REASONS or min(quantities.values()) < 1):
            return bad(f"quantities are positive and go with {', '.join(WALMART_REASONS)}")
        every_line = [line["lineNumber"] for line in order_lines(order.document)]
        line_numbers = fields.get("line_numbers", list(quantities) or every_line)
        try:
            self._happen(order, kind, line_numbers, quantities)
        except Refused as refused:
            return bad(refused.description)
        self._sender.announce(order, kind, line_numbers)
        return JSONResponse({"purchase_order_id": order.purchase_order_id, "sub_event_type": kind})

    async def confirm_fraud(self, request: Request) -> Response:
        """POST /_sim/fraud: Walmart tells the seller by mail that an order is a fraud."""
        number = (await read_fields(request)).get("purchase_order_id", "")
        if number not in self._account.orders:
            return bad("purchase_order_id of a placed order")
        self._account.orders[number].fraud_confirmed = True
        return JSONResponse({"purchase_order_id": number})

    async def show_stock_zeroed(self, _: Request) -> Response:
        """GET /_sim/stock-zeroed: what SELLER_CANCEL_OUT_OF_STOCK has done to the stock."""
        return JSONResponse({"stock_zeroed": self._account.stock_zeroed})

    async def set_deliveries(self, request: Request) -> Response:
        """POST /_sim/webhooks: how deliveries misbehave from now on."""
        fields = await read_fields(request)
        known = {"copies", "drop", "seed", "retry_seconds", "hmac_encoding", "sample_on_create"}
        encoding = fields.get("hmac_encoding", HMAC_ENCODINGS[0])
        if fields.keys() - known or encoding not in HMAC_ENCODINGS:
            return bad(f"keys: {sorted(known)}; hmac_encoding: {HMAC_ENCODINGS}")
        self._account.deliveries = DeliverySettings(
            copies=int(fields.get("copies", 1)),
            drop=float(fields.get("drop", 0.0)),
            retry_seconds=tuple(fields.get("retry_seconds", REAL_RETRY_SECONDS)),
            hmac_encoding=encoding,
            sample_on_create=bool(fields.get("sample_on_create", False)),
            random=Random(fields.get("seed", 0)),  # noqa: S311 - repeatable losses
            outcomes=self._account.deliveries.outcomes,
        )
        return await self.show_deliveries(request)

    async def show_deliveries(self, _: Request) -> Response:
        """GET /_sim/webhooks."""
        return JSONResponse(self._account.deliveries.as_json() | {"pending": len(self._tasks)})

    async def set_tokens(self, request: Request) -> Response:
        """POST /_sim/tokens: the life of new tokens, an end of all tokens, another client."""
        fields = await read_fields(request)
        self._account.token_seconds = float(fields.get("expires_in", self._account.token_seconds))
        if fields.get("revoke"):
            self._account.tokens.clear()
        if "client_id" in fields:
            self._account.credentials[fields["client_id"]] = fields["client_secret"]
        return JSONResponse({"expires_in": self._account.token_seconds})

    async def set_limits(self, request: Request) -> Response:
        """POST /_sim/limits: multiply the real limits."""
        scale = float((await read_fields(request)).get("scale", 1.0))
        if scale <= 0:
            return bad("scale must be above 0")
        self._account.limits.rescale(scale)
        return JSONResponse({"scale": scale})

    async def show_requests(self, _: Request) -> Response:
        """GET /_sim/requests."""
        return JSONResponse(self._account.request_totals())

    async def show_audit(self, _: Request) -> Response:
        """GET /_sim/audit."""
        return JSONResponse(self._audit())

    def _happen(
        self,
        order: PlacedOrder,
        kind: str,
        line_numbers: list[str],
        quantities: Mapping[str, int],
    ) -> None:
        """Change the order as Walmart or the buyer would."""
        if kind == INTENT_TO_CANCEL:
            self._account.mark_intent_to_cancel(order, line_numbers)
        elif kind in WALMART_REASONS:
            self._account.cancel_open_units(
                order, line_numbers, WALMART_REASONS[kind], at_most=quantities
            )

    def _generated(self, fields: Fields) -> list[GeneratedOrder]:
        count = int(fields.get("count", 1))
        first = self._take_numbers(count)
        return list(
            generate(
                count=count,
                mix=fields.get("mix", "mixed"),
                seed=int(fields.get("seed", 1)),
                first_number=first,
                ordered_at_ms=int(self._account.now() * 1000),
            )
        )

    def _given(self, fields: Fields) -> list[GeneratedOrder]:
        document = complete(
            fields["order"],
            seed=int(fields.get("seed", 1)),
            number=self._take_numbers(1),
            ordered_at_ms=int(self._account.now() * 1000),
        )
        return [GeneratedOrder(document=document, expected=fields.get("expected", INVOICED))]

    def _take_numbers(self, count: int) -> int:
        first = self._account.placed + 1
        self._account.placed += count
        return first

    def _place(self, generated: GeneratedOrder, *, announce: bool) -> None:
        order = self._account.place(
            generated.document, expected=generated.expected, trouble=generated.trouble
        )
        if announce:
            self._sender.announce(order, PO_CREATED)

    async def _place_over_time(
        self, orders: list[GeneratedOrder], interval: float, *, announce: bool
    ) -> None:
        for order in orders:
            order.document["orderDate"] = int(self._account.now() * 1000)
            self._place(order, announce=announce)
            await asyncio.sleep(interval)


def _told(order: GeneratedOrder) -> dict[str, Any]:
    """Return what a script has to know of a placed order, which the order itself keeps quiet."""
    return {
        "purchase_order_id": order.document["purchaseOrderId"],
        "trouble": order.trouble,
        "expected": order.expected,
        "lines": list(order.concerns),
    }
