"""Record the histories that replay in tests: `python -m tests.histories.record [NAME ...]`.

Record a path when it is new. Never record one again that a released version ran: open orders
have such histories, and today's code has to replay them as they are.
"""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowFailureError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from activities.order_changes import SettledOrder
from commands.temporal import add_search_attributes
from domain.attention import Finding, Severity
from domain.errors import InvalidOrder, Rejected, Unavailable
from domain.names import SearchAttribute
from domain.orders import CustomerStrategy, LineQuantity, OrderEntry, OrderHead, OrderUpdate
from tests.conftest import installed
from tests.order_fakes import FakeOrderActivities, facts, policy
from tests.order_runs import Order, report_all, started, waiting_for, waiting_until
from workflows.orders import OrderToCash

FOLDER = Path(__file__).parent

Drive = Callable[[WorkflowEnvironment, Order, FakeOrderActivities], Awaitable[None]]

PART = (LineQuantity(line_number="1", quantity=1),)
REST = (LineQuantity(line_number="1", quantity=1), LineQuantity(line_number="2", quantity=1))
UNKNOWN_SKU = InvalidOrder(
    "1796277083022", cause="UNKNOWN_SKU", reason="M3 has no item", mend="add the alias"
)
DEAR = Finding(
    code="ORDER_VALUE_ABOVE_LIMIT", severity=Severity.HOLD, sentence="it comes to 7000.00 USD"
)
REFUSED = Rejected("M3", "OIS100MI/AddBatchLine", code="X", message="blocked")
NOTHING_LEFT = SettledOrder(facts=facts(lines=(), skip_reason="cancelled"))
M3_OUT = Unavailable("M3", "OIS100MI/AddBatchHead", reason="HTTP 503")


async def _nothing(
    environment: WorkflowEnvironment, order: Order, fake: FakeOrderActivities
) -> None:
    pass


async def _ship(environment: WorkflowEnvironment, order: Order, fake: FakeOrderActivities) -> None:
    await report_all(order, fake, *fake.deliveries)


async def _mend(environment: WorkflowEnvironment, order: Order, fake: FakeOrderActivities) -> None:
    await waiting_for(order, "UNKNOWN_SKU")
    fake.failing.clear()
    await order.signal("retry")
    await report_all(order, fake, *fake.deliveries)


async def _approve(
    environment: WorkflowEnvironment, order: Order, fake: FakeOrderActivities
) -> None:
    await waiting_for(order, "ORDER_VALUE_ABOVE_LIMIT")
    await order.execute_update("approve", {"by": "ann"})
    await report_all(order, fake, *fake.deliveries)


async def _reject(
    environment: WorkflowEnvironment, order: Order, fake: FakeOrderActivities
) -> None:
    await waiting_for(order, "M3_REJECTED")
    reason = {"reason": "x", "cancellation_reason": "SELLER_CANCEL_PRICING_ERROR"}
    await order.signal("reject", {"by": "ann", **reason})


async def _cancel_at_walmart(
    environment: WorkflowEnvironment, order: Order, fake: FakeOrderActivities
) -> None:
    await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls)
    update = OrderUpdate(event_id="1", sub_event_type="INTENT_TO_CANCEL")
    await order.signal(OrderToCash.order_update_reported, update)


async def _cancel_in_web_ui(
    environment: WorkflowEnvironment, order: Order, fake: FakeOrderActivities
) -> None:
    await waiting_until(order, lambda: "reserve_stock 0010000001" in fake.calls)
    await order.cancel()


async def _remind(
    environment: WorkflowEnvironment, order: Order, fake: FakeOrderActivities
) -> None:
    await waiting_for(order, "ORDER_VALUE_ABOVE_LIMIT")
    await environment.sleep(timedelta(hours=9))
    await order.execute_update("approve", {"by": "ann"})
    await report_all(order, fake, *fake.deliveries)


async def _outage(
    environment: WorkflowEnvironment, order: Order, fake: FakeOrderActivities
) -> None:
    await environment.sleep(timedelta(hours=4))
    fake.failing.clear()
    await report_all(order, fake, *fake.deliveries)


PATHS: dict[str, tuple[Callable[[], FakeOrderActivities], Drive]] = {
    "completed": (FakeOrderActivities, _ship),
    "skipped": (lambda: FakeOrderActivities(facts=facts(skip_reason="WFS")), _nothing),
    "recognized": (
        lambda: FakeOrderActivities(
            facts=facts(fully_shipped=True),
            known_to_m3=OrderHead(m3_order_number="0010000001", found=True),
        ),
        _nothing,
    ),
    "held_and_retried": (
        lambda: FakeOrderActivities(failing={"draft_m3_order": [UNKNOWN_SKU]}),
        _mend,
    ),
    "acknowledged_late": (lambda: FakeOrderActivities(failing={"add_head": [M3_OUT]}), _outage),
    "two_deliveries": (lambda: FakeOrderActivities(deliveries={"1": PART, "2": REST}), _ship),
    "found_by_asking": (
        lambda: FakeOrderActivities(shipped_in_m3=("1",), invoiced=["1"]),
        _nothing,
    ),
    "held_and_approved": (lambda: FakeOrderActivities(findings=(DEAR,)), _approve),
    "reminded": (lambda: FakeOrderActivities(findings=(DEAR,)), _remind),
    "rejected": (
        lambda: FakeOrderActivities(failing={"add_lines": [REFUSED]}, settled=[NOTHING_LEFT]),
        _reject,
    ),
    "canceled_at_walmart": (
        lambda: FakeOrderActivities(settled=[NOTHING_LEFT]),
        _cancel_at_walmart,
    ),
    "canceled_in_web_ui": (FakeOrderActivities, _cancel_in_web_ui),
    "direct_entry": (
        lambda: FakeOrderActivities(
            policy=policy(
                order_entry=OrderEntry.DIRECT, customer_strategy=CustomerStrategy.PER_BUYER
            ),
            head=OrderHead(m3_order_number="0010000001"),
        ),
        _ship,
    ),
}


async def record(names: list[str]) -> None:
    """Run the named paths with fake activities and write their histories."""
    for name in names:
        make, drive = PATHS[name]
        fake = make()
        async with await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=installed("temporal-test-server"),
            data_converter=pydantic_data_converter,
        ) as environment:
            await add_search_attributes(environment.client, SearchAttribute)
            async with started(environment, fake) as order:
                await drive(environment, order, fake)
                with suppress(WorkflowFailureError):  # one path is canceled
                    await order.result()
                history = await order.fetch_history()
        # Where a failure was raised names paths of this machine, and replay does not read it.
        named = re.sub(r'("stackTrace": *)"(?:[^"\\]|\\.)*"', r'\1""', history.to_json())
        document = json.dumps(json.loads(named), indent=1)
        (FOLDER / f"{name}.json").write_text(document + "\n")
        sys.stdout.write(f"{name}: {len(history.events)} events\n")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:] or list(PATHS)))
