"""Walmart tells that a SKU is sold out: the collector of the pair reads its stock anew."""

import json

from temporalio.client import Client

from domain.names import INVENTORY_COLLECTOR, inventory_collector_id
from tests.starter_messages import caller, deliver

SOLD_OUT = {"source": {"eventType": "INVENTORY_OOS"}, "payload": {"sku": "WM/LAMP 10%"}}


async def test_sold_out_sku_is_told_to_the_collector(temporal: Client):
    collector = await temporal.start_workflow(
        INVENTORY_COLLECTOR, id=inventory_collector_id("acme"), task_queue="nobody-polls-this"
    )

    async with caller(temporal) as starter:
        response = await deliver(starter, SOLD_OUT)
    history = await collector.fetch_history()
    await collector.terminate()

    signaled = [
        event.workflow_execution_signaled_event_attributes
        for event in history.events
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    assert response.json() == {"outcome": "signaled"}
    assert [each.signal_name for each in signaled] == ["stock_reported"]
    assert json.loads(signaled[0].input.payloads[0].data)["sku"] == "WM/LAMP 10%"


async def test_pair_that_keeps_no_stock_ignores_it(temporal: Client):
    async with caller(temporal) as starter:
        response = await deliver(starter, SOLD_OUT)

    assert response.json() == {"outcome": "ignored"}
