"""Find what M3 has invoiced."""

from dataclasses import dataclass

from temporalio import activity

from activities.services import Services
from domain.orders import Invoice, OrderRef
from mappings.invoices import to_invoices


@dataclass(frozen=True, kw_only=True)
class FindInvoicesInput:
    """Which M3 order to look for invoices of."""

    ref: OrderRef
    m3_order_number: str


class InvoiceActivities:
    """What happens in M3's invoicing."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def find_invoices(self, input: FindInvoicesInput) -> tuple[Invoice, ...]:
        """Return the order's invoices, one per delivery; none yet is an empty answer.

        Repeating: reads again.
        """
        records = await self._services.of(input.ref).m3.execute(
            "OIS350MI",
            "LstInvHeadByCo",
            {"ORNO": input.m3_order_number},
            columns=("IVNO", "YEA4", "DLIX", "AMT1", "CUCD"),
        )
        return to_invoices(records)
