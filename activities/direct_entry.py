"""Order entry by AddOrderHead and AddOrderLine: the order exists in M3 from the first call."""

import structlog

from activities.drafts import current_draft
from activities.order_lines import missing_lines, send_all
from activities.order_search import pick_head
from activities.services import PairServices
from connectors.m3 import Record, Transaction
from domain.errors import OrderMismatch
from domain.orders import Customer, OrderEntry, OrderHead, OrderRef
from mappings.orders import OrderDraft

log = structlog.get_logger()

ORDER_LINE = ("PONR", "ITNO", "ORQT", "ORQA")


class DirectEntry:
    """One order entered line by line. Its lines carry Walmart's line number as their own."""

    def __init__(self, services: PairServices, ref: OrderRef) -> None:
        self._services = services
        self._ref = ref

    async def _draft(self) -> OrderDraft:
        return await current_draft(self._services, self._ref, OrderEntry.DIRECT)

    async def find_head(self, customer: Customer) -> OrderHead | None:
        """Look for the order among all of the customer's: slow, but never behind."""
        return pick_head(self._ref, *await self.list_heads(customer))

    async def list_heads(self, customer: Customer) -> tuple[dict[str, str], set[str]]:
        """Return no batch orders, and the customer's orders for the purchase order."""
        heads = await self._services.m3.execute(
            "OIS100MI", "LstHead", {"CUNO": customer.customer_number}, columns=("ORNO", "CUOR")
        )
        return {}, {r["ORNO"] for r in heads if r["CUOR"] == self._ref.purchase_order_id}

    async def create_head(self, customer: Customer) -> OrderHead:
        """Create the order and return its number."""
        draft = await self._draft()
        record = draft.head_record(
            customer_number=customer.customer_number, address_id=customer.address_id
        )
        [created] = await self._services.m3.execute("OIS100MI", "AddOrderHead", record)
        log.info("m3_head_added", m3_order_number=created["ORNO"])
        return OrderHead(m3_order_number=created["ORNO"])

    async def add_lines(self, head: OrderHead, *, look_first: bool) -> None:
        """Add what the order still lacks, then compare what M3 has with the draft.

        A repetition sends the charges again, of which M3 keeps one each. A line that is added
        meanwhile by an attempt believed dead is refused here, as its number is taken.
        """
        number = {"ORNO": head.m3_order_number}
        draft = await self._draft()
        present = await self._lines(number) if look_first else []
        missing = missing_lines(self._ref, draft, present)
        outcomes = await send_all(
            self._services.m3,
            [
                *(
                    Transaction(name="AddConnCOCharge", record=number | charge)
                    for charge in draft.charges
                ),
                *(
                    Transaction(name="AddOrderLine", record=number | line.record)
                    for line in missing
                ),
                Transaction(name="LstLine", record=number, columns=ORDER_LINE),
            ],
            tolerate=["AddConnCOCharge", "AddOrderLine"] if look_first else [],
        )
        if left := missing_lines(self._ref, draft, outcomes[-1]):
            raise OrderMismatch(
                self._ref.purchase_order_id, reason=f"M3 did not take {len(left)} of its lines"
            )
        log.info("m3_lines_added", lines=len(missing), found=len(present))

    async def _lines(self, number: Record) -> list[Record]:
        return await self._services.m3.execute("OIS100MI", "LstLine", number, columns=ORDER_LINE)
