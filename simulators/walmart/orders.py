"""The order operations: read, check, act, answer. What they do to an order is in `state.py`."""

import json

from starlette.requests import Request
from starlette.responses import Response

from simulators.walmart.answers import answer
from simulators.walmart.bodies import json_body
from simulators.walmart.cancellation import read_cancellation
from simulators.walmart.purchase_orders import PlacedOrder
from simulators.walmart.search import Page, find
from simulators.walmart.shipping import read_shipment
from simulators.walmart.state import SellerAccount


async def list_orders(request: Request, account: SellerAccount) -> Response:
    """GET /v3/orders."""
    path, query = request.url.path, request.scope["query_string"].decode()
    orders = account.orders.values()
    page = find(orders, account.cursors, path=path, query=query, now=account.now())
    return answer(request, _list_body(page))


async def released_orders(request: Request, account: SellerAccount) -> Response:
    """GET /v3/orders/released."""
    path, query = request.url.path, request.scope["query_string"].decode()
    orders = account.released.values()
    page = find(orders, account.cursors, path=path, query=query, now=account.now())
    return answer(request, _list_body(page))


async def order(request: Request, account: SellerAccount) -> Response:
    """GET /v3/orders/{purchaseOrderId}."""
    return answer(request, _order_body(account.order(request.path_params["purchase_order_id"])))


async def acknowledge_order(request: Request, account: SellerAccount) -> Response:
    """POST /v3/orders/{purchaseOrderId}/acknowledge."""
    acknowledged = account.acknowledge(request.path_params["purchase_order_id"])
    return answer(request, _order_body(acknowledged))


async def ship_lines(request: Request, account: SellerAccount) -> Response:
    """POST /v3/orders/{purchaseOrderId}/shipping."""
    shipment = read_shipment(await json_body(request))
    shipped = account.ship(request.path_params["purchase_order_id"], shipment)
    return answer(request, _order_body(shipped))


async def cancel_lines(request: Request, account: SellerAccount) -> Response:
    """POST /v3/orders/{purchaseOrderId}/cancel."""
    cancellation = read_cancellation(await json_body(request))
    canceled = account.cancel(request.path_params["purchase_order_id"], cancellation)
    return answer(request, _order_body(canceled))


def _order_body(order: PlacedOrder) -> bytes:
    return b'{"order": %b}' % order.encoded()


def _list_body(page: Page) -> bytes:
    meta = {"totalCount": page.total, "limit": page.limit, "nextCursor": page.next_cursor}
    orders = b", ".join(order.encoded() for order in page.orders)
    return b'{"list": {"meta": %b, "elements": {"order": [%b]}}}' % (
        json.dumps(meta).encode(),
        orders,
    )
