"""What our client says to Walmart conforms to the published specification.

That the answers do is shown for the simulator, in test_walmart_contract.py.
"""

import json
import re
import time

import httpx
import pytest

from domain.orders import OrderRef
from simulators.m3.state import WarehouseSettings
from simulators.walmart.generator import CYCLE, INVOICED, generate
from tests.contracts.walmart import REQUEST, validator
from tests.integration.test_activities_order_to_cash import take_to_invoice
from tests.services import BATCH, PAIR, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPERATIONS = {
    r"GET /v3/orders/\d+": "GET /v3/orders/{purchaseOrderId}",
    r"POST /v3/orders/\d+/acknowledge": "POST /v3/orders/{purchaseOrderId}/acknowledge",
    r"POST /v3/orders/\d+/shipping": "POST /v3/orders/{purchaseOrderId}/shipping",
}
SHIPPING = "POST /v3/orders/{purchaseOrderId}/shipping"
REQUIRED_HEADERS = {"WM_SEC.ACCESS_TOKEN", "WM_SVC.NAME", "WM_QOS.CORRELATION_ID"}


def operation(request: httpx.Request) -> str:
    """Return the specification's name of a request."""
    said = f"{request.method} {request.url.path}"
    [name] = [name for pattern, name in OPERATIONS.items() if re.fullmatch(pattern, said)]
    return name


@pytest.mark.parametrize("entry", [BATCH], ids=["batch"])
async def test_what_the_client_sends_validates(shop: Shop):
    shop.tenant.warehouse = WarehouseSettings(running=False, partial_share=0.5, packages_share=0.5)
    sent: list[httpx.Request] = []

    async def listen(request: httpx.Request) -> None:
        sent.append(request)

    shop.services.walmart._http.event_hooks = {"request": [listen]}
    now = int(time.time() * 1000)
    for order in generate(count=CYCLE, mix="mixed", seed=4, first_number=0, ordered_at_ms=now):
        placed = shop.account.place(order.document, expected=order.expected)
        if order.expected == INVOICED:
            await take_to_invoice(
                shop, OrderRef(pair=PAIR, purchase_order_id=placed.purchase_order_id)
            )

    assert {operation(request) for request in sent} == set(OPERATIONS.values())
    for request in sent:
        name = operation(request)
        assert {header.upper() for header in request.headers} >= REQUIRED_HEADERS
        if name == SHIPPING:
            validator(name, REQUEST).validate(json.loads(request.content))
        else:
            assert request.content == b""
