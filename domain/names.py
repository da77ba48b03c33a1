"""Names that outlive a deploy: task queues, workflow and schedule ids, search attributes.

Open workflows, schedules and saved views of the Web UI refer to these by text, so a guard test
freezes them.
"""

from enum import StrEnum

ORDERS_TASK_QUEUE = "orders"

ORDER_TO_CASH = "OrderToCash"  # workflow type
ORDER_SWEEP = "OrderSweep"  # workflow type
ALERT_DESK = "AlertDesk"  # workflow type

INVENTORY_TASK_QUEUE = "inventory"
INVENTORY_SYNC = "InventorySync"  # workflow type
INVENTORY_COLLECTOR = "InventoryCollector"  # workflow type


class SearchAttribute(StrEnum):
    """What the Web UI's list can be filtered by. The value is the name registered in Temporal."""

    PAIR = "Pair"
    PURCHASE_ORDER_ID = "PurchaseOrderId"
    M3_ORDER_NUMBER = "M3OrderNumber"
    STAGE = "Stage"
    NEEDS_ATTENTION = "NeedsAttention"
    ATTENTION_CAUSE = "AttentionCause"
    SHIP_BY = "ShipBy"
    ATTENTION_SINCE = "AttentionSince"
    ASSIGNEE = "Assignee"
    TAGS = "Tags"


# Temporal's type of each search attribute, as `temporal operator search-attribute create` takes it.
SEARCH_ATTRIBUTE_TYPES = {
    SearchAttribute.PAIR: "Keyword",
    SearchAttribute.PURCHASE_ORDER_ID: "Keyword",
    SearchAttribute.M3_ORDER_NUMBER: "Keyword",
    SearchAttribute.STAGE: "Keyword",
    SearchAttribute.NEEDS_ATTENTION: "Bool",
    SearchAttribute.ATTENTION_CAUSE: "Keyword",
    SearchAttribute.SHIP_BY: "Datetime",
    SearchAttribute.ATTENTION_SINCE: "Datetime",
    SearchAttribute.ASSIGNEE: "Keyword",
    SearchAttribute.TAGS: "KeywordList",
}


def order_workflow_id(pair: str, purchase_order_id: str) -> str:
    """Return the id of the one workflow a purchase order ever has."""
    return f"order-to-cash/{pair}/{purchase_order_id}"


def order_sweep_id(pair: str) -> str:
    """Return the id of the schedule, and of its workflow, that finds what webhooks lost."""
    return f"order-sweep/{pair}"


def inventory_sync_id(pair: str, scope: str) -> str:
    """Return the id of a schedule that reads M3's stock, and of its workflow."""
    return f"inventory-sync/{pair}/{scope}"


def inventory_collector_id(pair: str) -> str:
    """Return the id of the one workflow that tells Walmart of a pair's stock."""
    return f"inventory-collector/{pair}"


def alert_desk_id() -> str:
    """Return the id of the one workflow that groups alerts and sends them."""
    return "alert-desk"
