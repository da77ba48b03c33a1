"""A Walmart Marketplace seller account over HTTP: state, refusals and faults on demand.

Simulated: tokens, orders (list, released, one, acknowledge, ship, cancel), inventory by request
and by feed, sales, ship nodes, webhook subscriptions and deliveries, rate limits, error envelopes.
Checked: headers, tokens, parameters, bodies, files, quantities, carriers, dates, reasons. Not
simulated: refunds, returns, items, prices, other feeds, reports, corrections of tracking numbers.
`simulators/README.md` has the details.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.faults import TOKEN_OPERATION
from simulators.tasks import BackgroundTasks
from simulators.walmart import auth, feeds, inventory, orders, settings, webhooks
from simulators.walmart.answers import refusal
from simulators.walmart.control import Control
from simulators.walmart.deliveries import WebhookSender
from simulators.walmart.errors import Refused
from simulators.walmart.gateway import BucketOf, Endpoint, Handler, Operation
from simulators.walmart.state import SellerAccount
from simulators.walmart.stock_control import StockControl

SETTLE_EVERY_SECONDS = 0.02
ORDER = "/v3/orders/{purchase_order_id}"
SUBSCRIPTIONS = "/v3/webhooks/subscriptions"
INVENTORY_OF_ITEM = "/v3/inventories/{sku:path}"


def _operation(
    name: str, address: str, handler: Handler, *, bucket: str | BucketOf | None = None
) -> Operation:
    method, path = address.split()
    return Operation(
        name=name,
        method=method,
        path=path,
        handler=handler,
        bucket_of=bucket if callable(bucket) else lambda _: bucket,
    )


OPERATIONS = (
    _operation(TOKEN_OPERATION, "POST /v3/token", auth.issue_token),
    _operation("token_detail", "GET /v3/token/detail", auth.token_detail),
    _operation("list_orders", "GET /v3/orders", orders.list_orders, bucket="orders"),
    _operation(
        "released_orders",
        "GET /v3/orders/released",
        orders.released_orders,
        bucket="released",
    ),
    _operation("order", f"GET {ORDER}", orders.order, bucket="orders"),
    _operation(
        "acknowledge_order",
        f"POST {ORDER}/acknowledge",
        orders.acknowledge_order,
        bucket="acknowledge",
    ),
    _operation("ship_lines", f"POST {ORDER}/shipping", orders.ship_lines, bucket="shipping"),
    _operation("cancel_lines", f"POST {ORDER}/cancel", orders.cancel_lines, bucket="cancel"),
    _operation(
        "list_event_types",
        "GET /v3/webhooks/eventTypes",
        webhooks.list_event_types,
        bucket="webhook_event_types",
    ),
    _operation(
        "list_subscriptions",
        f"GET {SUBSCRIPTIONS}",
        webhooks.list_subscriptions,
        bucket="webhook_list",
    ),
    _operation(
        "create_subscriptions",
        f"POST {SUBSCRIPTIONS}",
        webhooks.create_subscriptions,
        bucket="webhook_create",
    ),
    _operation(
        "update_subscription",
        f"PATCH {SUBSCRIPTIONS}/{{subscription_id}}",
        webhooks.update_subscription,
        bucket="webhook_update",
    ),
    _operation(
        "delete_subscription",
        f"DELETE {SUBSCRIPTIONS}/{{subscription_id}}",
        webhooks.delete_subscription,
        bucket="webhook_delete",
    ),
    _operation(
        "test_subscription",
        "POST /v3/webhooks/test",
        webhooks.test_subscription,
        bucket="webhook_test",
    ),
    _operation(
        "get_inventory", "GET /v3/inventory", inventory.get_inventory, bucket="get_inventory"
    ),
    _operation(
        "update_inventory",
        "PUT /v3/inventory",
        inventory.update_inventory,
        bucket="update_inventory",
    ),
    _operation(
        "list_inventories",
        "GET /v3/inventories",
        inventory.list_inventories,
        bucket="list_inventories",
    ),
    _operation(
        "get_inventory_of_item",
        f"GET {INVENTORY_OF_ITEM}",
        inventory.get_inventory_of_item,
        bucket="get_inventory_of_item",
    ),
    _operation(
        "update_inventory_of_item",
        f"PUT {INVENTORY_OF_ITEM}",
        inventory.update_inventory_of_item,
        bucket="update_inventory_of_item",
    ),
    _operation("submit_feed", "POST /v3/feeds", feeds.submit_feed, bucket=feeds.submission_bucket),
    _operation("list_feeds", "GET /v3/feeds", feeds.list_feeds, bucket="feeds"),
    _operation("feed_status", "GET /v3/feeds/{feed_id}", feeds.feed_status, bucket="feeds"),
    _operation(
        "partner_profile",
        "GET /v3/settings/partnerprofile",
        settings.partner_profile,
        bucket="partner_profile",
    ),
    _operation(
        "list_ship_nodes",
        "GET /v3/settings/shipping/shipnodes",
        settings.list_ship_nodes,
        bucket="ship_nodes",
    ),
)


def create_app(state: SellerAccount, audit: Callable[[], dict[str, Any]]) -> Starlette:
    """Return the app around one account.

    Args:
        state: the account; the app is the only one to change it.
        audit: answers `GET /_sim/audit`.
    """
    tasks = BackgroundTasks()
    sender = WebhookSender(state, tasks)
    state.inventory.on_sold_out.append(sender.announce_sold_out)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        settling = asyncio.create_task(_settle_all_the_time(state))
        try:
            yield
        finally:
            settling.cancel()
            with suppress(asyncio.CancelledError):
                await settling
            await tasks.cancel_all()
            await sender.aclose()

    routes = [
        Route(operation.path, Endpoint(operation, state), methods=[operation.method])
        for operation in OPERATIONS
    ]
    app = Starlette(
        routes=[
            *routes,
            *Control(state, sender, tasks, audit).routes(),
            *StockControl(state).routes(),
        ],
        exception_handlers={404: _no_such_operation, 405: _no_such_operation},
        lifespan=lifespan,
    )
    app.state.sender = sender
    app.state.tasks = tasks
    return app


async def _settle_all_the_time(state: SellerAccount) -> None:
    """Let buyers come and feeds be done also while nobody asks."""
    while True:
        state.inventory.settle()
        await asyncio.sleep(SETTLE_EVERY_SECONDS)


async def _no_such_operation(request: Request, error: Exception) -> Response:
    """Answer a path or method Walmart does not have."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    code = "URI_NOT_FOUND" if status == 404 else "METHOD_NOT_ALLOWED"
    return refusal(
        request,
        Refused(
            f"{request.method} {request.url.path} does not exist",
            status=status,
            code=f"{code}.GMP_GATEWAY_API",
            field=None,
            category="REQUEST",
        ),
    )
