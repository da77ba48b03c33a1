"""What Walmart cancels after the order has ended is told to people at once."""

import json
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from activities.search_attributes import STAGE
from domain.names import alert_desk_id, order_workflow_id
from ledger.store import open_ledger
from tests.starter_messages import caller, deliver, order_update, settings_with


async def test_cancellation_of_an_order_that_has_shipped_is_told_as_an_alert(
    temporal: Client, tmp_path: Path
):
    number = str(uuid4().int)[:13]
    order = await temporal.start_workflow(
        "OrderToCash",
        id=order_workflow_id("acme", number),
        task_queue="nobody-polls-this",
        search_attributes=TypedSearchAttributes([SearchAttributePair(STAGE, "completed")]),
    )
    await order.terminate()
    desk = temporal.get_workflow_handle(alert_desk_id())

    async with (
        open_ledger(tmp_path / "ledger.db") as ledger,
        caller(temporal, settings_with(alerted="ops"), letters=ledger.dead_letters) as starter,
    ):
        await deliver(starter, order_update(number, "FRAUD_CANCEL"))
        await deliver(starter, order_update(number, "INTENT_TO_CANCEL"))
    history = await desk.fetch_history()
    await desk.terminate()

    told = [e for e in history.events if e.HasField("workflow_execution_signaled_event_attributes")]
    [payload] = told[0].workflow_execution_signaled_event_attributes.input.payloads
    report = json.loads(payload.data)["report"]
    assert len(told) == 1
    assert (report["cause"], report["purchase_order_id"]) == ("CANCELED_AFTER_SHIPMENT", number)
