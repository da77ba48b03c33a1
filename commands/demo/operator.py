"""A scripted operator: what happens to each order in trouble, and the command that resolves it.

Everything a person would do is done by `m3-walmart attention` as a process of its own; what
happens at Walmart or in M3 is done by the simulators' control routes.
"""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from commands.cli import Mendable
from commands.demo.stack import Stack

PRICING = ("--cancellation-reason", "SELLER_CANCEL_PRICING_ERROR")
OUT_OF_STOCK = ("--cancellation-reason", "SELLER_CANCEL_OUT_OF_STOCK")
WHY = ("--reason", "as agreed")
IN_SPRINGFIELD = ("--city", "Springfield", "--state", "IL", "--postal-code", "62701")

# A command takes a second to start, and there are few cores.
AT_ONCE = 2


class CommandFailed(Mendable):
    """A documented command did not do what its documentation says."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is wrong with an order of the simulators' mix, and how it is resolved."""

    case: str = ""  # the cause it shows; empty: it resolves without a case
    event: str = ""  # at Walmart, once the order has come so far
    after: str = "entered"  # announced, entered, shipping or shipped
    in_m3: str = ""  # what a person does to line 2 of the M3 order
    command: tuple[str, ...] = ()  # of `m3-walmart attention`; {po} is the purchase order
    then_approved: bool = False  # what is found next is held too
    mended: tuple[str, Mapping[str, object]] = ("", {})  # a control route of M3
    table: tuple[str, str] = ("", "")  # a row for one of the pair's value tables


TROUBLES: Mapping[str, Trouble] = {
    "ghost_sku": Trouble(
        case="UNKNOWN_SKU",
        command=("map-sku", "{po}", "{sku}", "LAMP-01", "--for-good"),
        then_approved=True,
    ),
    "two_ghost_skus": Trouble(case="UNKNOWN_SKU", command=("reject", "{po}", *WHY, *PRICING)),
    "inactive_item": Trouble(
        case="ITEM_INACTIVE", mended=("items", {"item": "CHAIR-10", "status": "20"})
    ),
    "item_not_saleable": Trouble(
        case="ITEM_NOT_SALEABLE", mended=("items", {"item": "CHAIR-00", "saleable": True})
    ),
    "price_below_m3": Trouble(case="UNIT_PRICE_BELOW_M3", command=("approve", "{po}", *WHY)),
    "price_above_m3": Trouble(case="UNIT_PRICE_ABOVE_M3", command=("approve", "{po}", *WHY)),
    "value_above_limit": Trouble(case="ORDER_VALUE_ABOVE_LIMIT", command=("approve", "{po}")),
    "quantity_above_limit": Trouble(
        case="QUANTITY_ABOVE_LIMIT", command=("change-line", "{po}", "1", "50", *WHY, *PRICING)
    ),
    "total_differs": Trouble(case="TOTAL_DIFFERS", command=("approve", "{po}", *WHY)),
    "currency_cad": Trouble(case="CURRENCY_DIFFERS", command=("reject", "{po}", *WHY, *PRICING)),
    "ship_by_past": Trouble(case="SHIP_BY_PASSED_AT_ENTRY", command=("approve", "{po}", *WHY)),
    "address_without_city": Trouble(
        case="ADDRESS_INCOMPLETE",
        command=("correct", "{po}", *IN_SPRINGFIELD, *WHY),
    ),
    "zip_of_another_state": Trouble(
        case="ZIP_NOT_IN_STATE",
        command=("correct", "{po}", *IN_SPRINGFIELD, *WHY),
    ),
    "address_too_long": Trouble(
        case="FIELD_DOES_NOT_FIT",
        command=("correct", "{po}", "--address1", "12345 N Example Blvd", *WHY),
    ),
    # Both may be held, each as the other's double; one command answers all of a cause.
    "duplicate_order": Trouble(
        case="DUPLICATE_ORDER",
        command=("approve", "--cause", "DUPLICATE_ORDER", *WHY, "--yes"),
    ),
    "unmapped_ship_node": Trouble(
        case="UNMAPPED_SHIP_NODES", table=("ship_nodes", '"10009": {warehouse: "001"}\n')
    ),
    "closed_ship_node": Trouble(
        case="SHIP_NODE_CLOSED", command=("reject", "{po}", *WHY, *PRICING)
    ),
    "unmapped_delivery_method": Trouble(
        case="UNMAPPED_DELIVERY_METHODS", command=("reject", "{po}", *WHY, *PRICING)
    ),
    "short_stock": Trouble(mended=("stock", {"item": "LAMP-10", "quantity": 50})),
    "buyer_cancels_order": Trouble(event="INTENT_TO_CANCEL", after="announced"),
    "buyer_cancels_line": Trouble(event="INTENT_TO_CANCEL"),
    "buyer_cancels_after_entry": Trouble(event="INTENT_TO_CANCEL"),
    "buyer_cancels_after_partial_shipment": Trouble(event="INTENT_TO_CANCEL", after="shipping"),
    "walmart_auto_cancels": Trouble(event="PO_LINE_AUTOCANCELLED"),
    "fraud_before_shipment": Trouble(event="FRAUD_CANCEL"),
    "fraud_after_shipment": Trouble(
        case="CANCELED_AFTER_SHIPMENT",
        event="FRAUD_CANCEL",
        after="shipped",
        command=("approve", "{po}", *WHY),
    ),
    "m3_deletes_line": Trouble(
        case="CANCELLATION_REASON_NEEDED",
        in_m3="delete",
        command=("change-line", "{po}", "2", "0", *WHY, *OUT_OF_STOCK),
    ),
    "m3_closes_line": Trouble(
        case="CANCELLATION_REASON_NEEDED",
        in_m3="close",
        command=("change-line", "{po}", "2", "0", *WHY, *OUT_OF_STOCK),
    ),
    # Of M3's own making, for orders that are otherwise ordinary.
    "batch_stopped_in_line": Trouble(case="M3_BATCH_STATUS_25", mended=("batch", {"repair": True})),
    "batch_stopped_for_credit": Trouble(
        case="M3_BATCH_STATUS_30", command=("reject", "{po}", *WHY, *PRICING)
    ),
    "batch_interrupted": Trouble(case="M3_BATCH_STATUS_55", command=("retry", "{po}")),
    "m3_out": Trouble(
        case="M3_UNAVAILABLE", command=("retry", "--cause", "M3_UNAVAILABLE", "--yes")
    ),
}

STOPS = {
    "batch_stopped_in_line": "25",
    "batch_stopped_for_credit": "30",
    "batch_interrupted": "55",
}


class Operator:
    """Answers cases, two at a time."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._hands = asyncio.Semaphore(AT_ONCE)
        self.commands = 0

    async def run(self, command: tuple[str, ...]) -> None:
        """Run `m3-walmart attention ...` as a person would.

        Raises:
            CommandFailed: it was refused, or failed.
        """
        async with self._hands:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "commands.main", "attention", *command),
                *("--by", "operator", "--config", str(self._stack.config)),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                stdin=asyncio.subprocess.DEVNULL,
            )
            said, _ = await process.communicate()
        self.commands += 1
        # 1: some of many orders refused, here because they have healed by themselves meanwhile.
        if process.returncode not in (0, 1):
            raise CommandFailed(f"attention {' '.join(command)}: {said.decode().strip()}")

    def write_table(self, name: str, row: str) -> None:
        """Give a value table of the pair a row; nothing is restarted."""
        folder = self._stack.folder / "mappings" / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(row)
