"""activities/sweeps.py: orders that no webhook started are started, others are recognized."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

from activities.orders import OrderActivities
from activities.sweeps import SweepActivities, SweepResult
from domain.errors import Transient
from domain.names import order_workflow_id
from domain.orders import OrderRef
from tests.services import PAIR, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

MINUTE = 60
MORE_THAN_A_PAGE = 205


@pytest_asyncio.fixture(loop_scope="session")
async def client(shop: Shop, temporal_address: str) -> AsyncIterator[Client]:
    """A client of Temporal, for the shop's worker too; what is started there is ended again."""
    client = await Client.connect(temporal_address, data_converter=pydantic_data_converter)
    shop.temporal = client
    yield client
    for purchase_order_id in shop.account.orders:
        if await runs(client, purchase_order_id):
            await client.get_workflow_handle(order_workflow_id(PAIR, purchase_order_id)).terminate()


def place(shop: Shop, *, minutes_ago: float) -> OrderRef:
    """Place an order with an id of its own, as all tests share one Temporal server."""
    shop.later(-minutes_ago * MINUTE)
    ref = shop.place(purchaseOrderId=str(uuid4().int)[:13])
    shop.later(minutes_ago * MINUTE)
    return ref


async def sweep(shop: Shop) -> SweepResult:
    return await shop.run(SweepActivities.start_released_orders, PAIR)


async def runs(client: Client, purchase_order_id: str) -> bool:
    try:
        await client.get_workflow_handle(order_workflow_id(PAIR, purchase_order_id)).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def test_orders_that_no_webhook_started_are_started_once(shop: Shop, client: Client):
    old, young = place(shop, minutes_ago=10), place(shop, minutes_ago=1)

    results = [await sweep(shop), await sweep(shop)]

    assert results == [
        SweepResult(released=2, started=1, too_young=1),
        SweepResult(released=2, started=0, too_young=1),
    ]
    assert await runs(client, old.purchase_order_id)
    assert not await runs(client, young.purchase_order_id)


async def test_order_that_is_acknowledged_needs_no_look(shop: Shop, client: Client):
    ref = place(shop, minutes_ago=10)
    await shop.run(OrderActivities.acknowledge_walmart_order, ref)

    assert await sweep(shop) == SweepResult(released=0, started=0, too_young=0)
    assert not await runs(client, ref.purchase_order_id)


@pytest.mark.parametrize("kind", ["lost_answer", "cut", "throttled"])
async def test_sweep_that_failed_is_repeated(shop: Shop, client: Client, kind: str):
    place(shop, minutes_ago=10)
    shop.lose_answer("released_orders", kind=kind)

    with pytest.raises(Transient):
        await sweep(shop)

    assert (await sweep(shop)).started == 1


async def test_every_page_is_read(shop: Shop, client: Client):
    for _ in range(MORE_THAN_A_PAGE):
        place(shop, minutes_ago=0)

    assert await sweep(shop) == SweepResult(
        released=MORE_THAN_A_PAGE, started=0, too_young=MORE_THAN_A_PAGE
    )
    assert shop.account.requests["released_orders"] == 2
