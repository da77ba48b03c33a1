"""The control routes under /_sim: what a test or a demonstration sets, and what it reads."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.m3 import confirmation, people, warehouse
from simulators.m3.authorization import ionapi_file
from simulators.m3.control_requests import ok, read, route
from simulators.m3.fields import check_date
from simulators.m3.ion import IonSettings
from simulators.m3.master_data import RATE_TYPE
from simulators.m3.records import BatchStatus
from simulators.m3.state import M3Tenant, WarehouseSettings
from simulators.m3.stock_control import StockControl
from simulators.m3.values import date_text
from simulators.m3.views import order_view

STOPS = tuple(
    status
    for status in BatchStatus
    if status not in (BatchStatus.ENTERED, BatchStatus.ORDER_CREATED)
)


class Control:
    """Handlers of the control routes; each reads, checks, acts and answers."""

    def __init__(self, tenant: M3Tenant, audit: Callable[[], dict[str, Any]]) -> None:
        self._tenant = tenant
        self._audit = audit

    def routes(self) -> list[Route]:
        """Return the routes under /_sim."""
        handlers = (
            ("GET", "/_sim/health", self.health),
            ("POST", "/_sim/reset", self.reset),
            ("GET", "/_sim/ionapi", self.show_ionapi),
            ("POST", "/_sim/tokens", self.set_tokens),
            ("POST", "/_sim/faults", self.set_faults),
            ("DELETE", "/_sim/faults", self.clear_faults),
            ("GET", "/_sim/faults", self.show_faults),
            ("POST", "/_sim/search", self.set_search),
            ("POST", "/_sim/confirm", self.set_confirm),
            ("POST", "/_sim/batch", self.set_batch),
            ("POST", "/_sim/customers", self.set_customer),
            ("POST", "/_sim/items", self.set_item),
            ("POST", "/_sim/aliases", self.add_alias),
            ("POST", "/_sim/rates", self.set_rate),
            ("POST", "/_sim/orders/lines", self.change_order),
            ("POST", "/_sim/orders/enter", self.enter_order),
            ("POST", "/_sim/orders/method", self.change_method),
            ("POST", "/_sim/deliveries/reverse", self.reverse_delivery),
            ("POST", "/_sim/warehouse", self.set_warehouse),
            ("POST", "/_sim/warehouse/advance", self.advance_warehouse),
            ("POST", "/_sim/ion", self.set_ion),
            ("GET", "/_sim/ion", self.show_ion),
            ("GET", "/_sim/orders", self.show_orders),
            ("GET", "/_sim/requests", self.show_requests),
            ("GET", "/_sim/audit", self.show_audit),
        )
        own = [route(method, path, handler) for method, path, handler in handlers]
        return [*own, *StockControl(self._tenant).routes()]

    async def health(self, _: Request) -> Response:
        """GET /_sim/health."""
        return ok()

    async def reset(self, _: Request) -> Response:
        """POST /_sim/reset."""
        self._tenant.reset()
        return ok()

    async def show_ionapi(self, request: Request) -> Response:
        """GET /_sim/ionapi, with `?variant=old` the single-tenant form."""
        base_url = str(request.base_url).rstrip("/")
        return JSONResponse(ionapi_file(base_url, old=request.query_params.get("variant") == "old"))

    async def set_tokens(self, request: Request) -> Response:
        """POST /_sim/tokens: the life of new tokens, or an end of all tokens."""
        fields = await read(request, "expires_in", "revoke")
        tokens = self._tenant.tokens
        tokens.expires_in = int(fields.get("expires_in", tokens.expires_in))
        if fields.get("revoke"):
            tokens.revoke_all()
        return JSONResponse({"expires_in": tokens.expires_in})

    async def set_faults(self, request: Request) -> Response:
        """POST /_sim/faults."""
        self._tenant.faults.replace(await read(request))
        return await self.show_faults(request)

    async def clear_faults(self, request: Request) -> Response:
        """DELETE /_sim/faults."""
        self._tenant.faults.clear()
        return await self.show_faults(request)

    async def show_faults(self, _: Request) -> Response:
        """GET /_sim/faults."""
        return JSONResponse(self._tenant.faults.as_json())

    async def set_search(self, request: Request) -> Response:
        """POST /_sim/search: how far the search engine is behind."""
        fields = await read(request, "lag_seconds")
        self._tenant.search_lag_seconds = float(fields["lag_seconds"])
        return ok()

    async def set_confirm(self, request: Request) -> Response:
        """POST /_sim/confirm: how long after Confirm the order is made; 0 is within the call."""
        fields = await read(request, "delay_seconds")
        self._tenant.confirm_delay_seconds = float(fields["delay_seconds"])
        return ok()

    async def set_batch(self, request: Request) -> Response:
        """POST /_sim/batch: where batch orders stop, or a person who repairs one in OIS275."""
        fields = await read(request, "order", "repair", "next_stop", "reference", "change_stop")
        if "next_stop" in fields:
            stop = _stop_status(fields["next_stop"])
            self._tenant.stop_next(stop, reference=fields.get("reference", ""))
            return ok()
        if "change_stop" in fields:
            self._tenant.stop_next_change(_stop_status(fields["change_stop"]))
            return ok()
        if not fields.get("repair"):
            raise ValueError("repair must be true")
        batch = self._tenant.open_batch(fields["order"])
        confirmation.repair(self._tenant, batch)
        return JSONResponse({"status": batch.status, "order_number": batch.order_number})

    async def set_customer(self, request: Request) -> Response:
        """POST /_sim/customers: the status of a customer."""
        fields = await read(request, "customer", "status")
        self._tenant.customer(fields["customer"]).status = str(fields["status"])
        return ok()

    async def set_item(self, request: Request) -> Response:
        """POST /_sim/items: whether an item may be used and sold, and M3's price of it."""
        fields = await read(request, "item", "status", "saleable", "price")
        item = self._tenant.item(fields["item"])
        item.status = str(fields.get("status", item.status))
        item.saleable = bool(fields.get("saleable", item.saleable))
        item.price = Decimal(str(fields.get("price", item.price)))
        self._tenant.items[item.number] = item  # a planned item is not kept before
        return ok()

    async def add_alias(self, request: Request) -> Response:
        """POST /_sim/aliases: a person gives an item another name in MMS025."""
        fields = await read(request, "sku", "item")
        people.add_alias(self._tenant, sku=fields["sku"], item_number=fields["item"])
        return ok()

    async def set_rate(self, request: Request) -> Response:
        """POST /_sim/rates: an exchange rate from a day on."""
        fields = await read(request, "currency", "rate", "date")
        day = fields.get("date", date_text(self._tenant.now()))
        check_date(day, "CUTD")
        rates = self._tenant.rates.setdefault((fields["currency"], RATE_TYPE), {})
        rates[day] = Decimal(str(fields["rate"]))
        return ok()

    async def change_order(self, request: Request) -> Response:
        """POST /_sim/orders/lines: a person changes an order in OIS300."""
        fields = await read(
            request, "order", "line", "do", "quantity", "item", "reference", "price"
        )
        order = people.change_order(self._tenant, fields)
        return JSONResponse(order_view(order))

    async def enter_order(self, request: Request) -> Response:
        """POST /_sim/orders/enter: a person enters an order by hand in OIS100."""
        fields = await read(request, "reference", "customer", "lines", "warehouse")
        order = people.enter_order(self._tenant, fields)
        return JSONResponse({"order": order.number})

    async def change_method(self, request: Request) -> Response:
        """POST /_sim/orders/method: a person lets orders leave by another delivery method."""
        people.change_method(self._tenant, await read(request, "order", "method"))
        return ok()

    async def reverse_delivery(self, request: Request) -> Response:
        """POST /_sim/deliveries/reverse: a person takes a delivery back that is not invoiced."""
        fields = await read(request, "delivery")
        warehouse.reverse(self._tenant, self._tenant.delivery(fields["delivery"]))
        return ok()

    async def set_warehouse(self, request: Request) -> Response:
        """POST /_sim/warehouse."""
        settings = WarehouseSettings.from_json(await read(request))
        warehouse.configure(self._tenant, settings)
        return ok()

    async def advance_warehouse(self, request: Request) -> Response:
        """POST /_sim/warehouse/advance: one order, or every unfinished one, by one step."""
        fields = await read(request, "order")
        if number := fields.get("order"):
            orders = [self._tenant.order(number)]
        else:
            orders = list(self._tenant.unfinished_orders.values())
        moved = {order.number: warehouse.advance(self._tenant, order) for order in orders}
        return JSONResponse({"moved": {number: step for number, step in moved.items() if step}})

    async def set_ion(self, request: Request) -> Response:
        """POST /_sim/ion."""
        self._tenant.outbox.configure(IonSettings.from_json(await read(request)))
        return await self.show_ion(request)

    async def show_ion(self, _: Request) -> Response:
        """GET /_sim/ion: where documents go, and what became of them."""
        outbox = self._tenant.outbox
        return JSONResponse(
            {
                "url": outbox.settings.url,
                "style": outbox.settings.style,
                "outcomes": dict(outbox.outcomes),
            }
        )

    async def show_orders(self, request: Request) -> Response:
        """GET /_sim/orders: the orders, or with `?reference=` those with that CUOR."""
        reference = request.query_params.get("reference")
        known = self._tenant.orders_by_reference
        orders = known.get(reference, []) if reference else self._tenant.orders.values()
        views = [order_view(order) for order in orders if not order.deleted]
        return JSONResponse({"orders": views})

    async def show_requests(self, _: Request) -> Response:
        """GET /_sim/requests."""
        return JSONResponse(self._tenant.request_totals())

    async def show_audit(self, _: Request) -> Response:
        """GET /_sim/audit."""
        return JSONResponse(self._audit())


def _stop_status(status: Any) -> BatchStatus:
    """Return a status a batch order can stop with."""
    if status not in STOPS:
        raise ValueError(f"a batch order stops with one of {', '.join(STOPS)}")
    return BatchStatus(status)
