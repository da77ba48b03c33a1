"""Order entry by batch order: OIS100MI AddBatchHead ... Confirm. M3 checks it as a whole."""

from decimal import Decimal

import structlog

from activities.drafts import current_draft
from activities.order_lines import missing_lines, refuse_more_than_ordered, send_all
from activities.order_search import existing_orders, pick_head
from activities.services import PairServices
from connectors.m3 import M3Client, Record, Transaction
from domain.errors import BatchOrderStopped, NotReady, OrderMismatch, Rejected
from domain.orders import Customer, OrderEntry, OrderHead, OrderRef
from mappings.orders import OrderDraft

log = structlog.get_logger()

ORDER_CREATED = "90"  # batch status (OIS275): a customer order was made
BEING_ENTERED = "10"  # and the status while M3 is still at work on it

BATCH_LINE = ("PONR", "CUPO", "ITNO", "ORQT")


class BatchEntry:
    """One order's way through OIS275."""

    def __init__(self, services: PairServices, ref: OrderRef) -> None:
        self._services = services
        self._ref = ref

    @property
    def _m3(self) -> M3Client:
        return self._services.m3

    async def _draft(self) -> OrderDraft:
        return await current_draft(self._services, self._ref, OrderEntry.BATCH)

    async def find_head(self, customer: Customer) -> OrderHead | None:
        """Look for the head among all batch orders of the customer: slow, but never behind."""
        return pick_head(self._ref, *await self.list_heads(customer))

    async def list_heads(self, customer: Customer) -> tuple[dict[str, str], set[str]]:
        """Return our batch orders with their order, if they have one; and these orders."""
        heads = await self._m3.execute(
            "OIS100MI",
            "LstBatchHead",
            {"CUNO": customer.customer_number},
            columns=("ORNO", "CUOR", "ORNR"),
        )
        ours = {r["ORNO"]: r["ORNR"] for r in heads if r["CUOR"] == self._ref.purchase_order_id}
        made = {order for order in ours.values() if order}
        orders = await existing_orders(self._services, self._ref, made)
        # A batch order whose order was deleted stands for nothing any more.
        return {b: order for b, order in ours.items() if not order or order in orders}, orders

    async def create_head(self, customer: Customer) -> OrderHead:
        """Create the head and return its temporary number."""
        draft = await self._draft()
        record = draft.head_record(
            customer_number=customer.customer_number, address_id=customer.address_id
        )
        [created] = await self._m3.execute("OIS100MI", "AddBatchHead", record)
        log.info("m3_head_added", batch_order_number=created["ORNO"])
        return OrderHead(batch_order_number=created["ORNO"])

    async def add_lines(self, head: OrderHead, *, look_first: bool) -> None:
        """Add what the head still lacks, then compare what M3 has with the draft.

        Address, charges and texts go before the lines and cannot be listed. That lines are there
        does not prove that the address is: M3 goes on after refusing it. So a repetition sends
        address and charges again, of which M3 keeps one each; a text it would keep twice.
        """
        number = {"ORNO": head.batch_order_number}
        draft = await self._draft()
        present = await self._lines(number) if look_first else []
        missing = missing_lines(self._ref, draft, present)
        before_lines = [
            Transaction(name=name, record=number | record)
            for name, record in draft.records_before_lines()
            if not (present and name == "AddBatchText")
        ]
        outcomes = await send_all(
            self._m3,
            [
                *before_lines,
                *(
                    Transaction(name="AddBatchLine", record=number | line.record)
                    for line in missing
                ),
                Transaction(name="LstBatchLine", record=number, columns=BATCH_LINE),
            ],
            tolerate=[transaction.name for transaction in before_lines] if look_first else [],
        )
        if left := missing_lines(self._ref, draft, outcomes[-1]):
            raise OrderMismatch(
                self._ref.purchase_order_id, reason=f"M3 did not take {len(left)} of its lines"
            )
        log.info("m3_lines_added", lines=len(missing), found=len(present))

    async def refuse_doubled_lines(self, batch_order_number: str) -> None:
        """Look once more at lines that were added in more than one attempt.

        A request that M3 is still at work on, when its sender has given up and the next attempt
        has looked, adds lines after that look.

        Raises:
            OrderMismatch: M3 has more of a line than was ordered.
        """
        draft = await self._draft()
        present = await self._lines({"ORNO": batch_order_number})
        refuse_more_than_ordered(
            self._ref,
            {line.line_number: Decimal(line.record["ORQT"]) for line in draft.lines},
            [(record["CUPO"], Decimal(record["ORQT"])) for record in present],
        )

    async def confirm(self, batch_order_number: str) -> str:
        """Release the batch order and return the order number M3 gave it.

        An answer without error does not mean that an order was made, so the status decides.

        Raises:
            BatchOrderStopped: M3 found something wrong; its messages are in the error.
            NotReady: M3 is still at work on it.
        """
        number = {"ORNO": batch_order_number}
        confirmed, order_number = await self._m3.execute_all(
            "OIS100MI",
            [
                Transaction(name="Confirm", record=number),
                Transaction(name="GetOrderNo", record=number),
            ],
        )
        if not isinstance(order_number, Rejected) and order_number and order_number[0]["ORNR"]:
            return order_number[0]["ORNR"]
        if order := await self.released(batch_order_number):
            return order
        if isinstance(confirmed, Rejected):
            raise confirmed
        status = confirmed[0].get("STAT", "?") if confirmed else "?"
        if status == BEING_ENTERED:
            raise NotReady(f"M3 is still making an order of batch order {batch_order_number}")
        messages = await self._messages(number)
        raise BatchOrderStopped(batch_order_number, status=status, messages=messages)

    async def released(self, batch_order_number: str) -> str:
        """Return the order number, or nothing when the batch order is stopped or unconfirmed."""
        number = {"ORNO": batch_order_number}
        [found] = await self._m3.execute("OIS275MI", "GetTmpOrderStat", number)
        return found["ORNR"] if found["STAT"] == ORDER_CREATED else ""

    async def _messages(self, number: Record) -> tuple[str, ...]:
        listed = await self._m3.execute("OIS100MI", "LstErrMsgOrder", number)
        return tuple(f"{record['TX60']} ({record['MSID']})" for record in listed[:5])

    async def _lines(self, number: Record) -> list[Record]:
        return await self._m3.execute("OIS100MI", "LstBatchLine", number, columns=BATCH_LINE)
