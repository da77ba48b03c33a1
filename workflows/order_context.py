"""What the parts of one order's workflow share: its progress, and questions about it."""

from collections import Counter
from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.orders import FetchedOrder, OrderFacts, OrderPolicy, OrderProgress, OrderRef
from workflows.order_status import OrderStatus
from workflows.steps import Steps


@dataclass(frozen=True, kw_only=True)
class OrderContext:
    """One order. Only `progress` changes; it is carried into the next run of a long order."""

    ref: OrderRef
    progress: OrderProgress
    status: OrderStatus
    steps: Steps

    @property
    def order(self) -> FetchedOrder:
        """Return facts and policy, once the order has been fetched."""
        if self.progress.order is None:
            raise AssertionError("the order is fetched first")
        return self.progress.order

    @property
    def facts(self) -> OrderFacts:
        """Return what Walmart says of the order."""
        return self.order.facts

    @property
    def policy(self) -> OrderPolicy:
        """Return the rules this order runs by."""
        return self.order.policy

    @property
    def entered(self) -> bool:
        """Tell whether M3 has the whole order."""
        return bool(self.progress.m3_order_number) and self.progress.lines_added

    @property
    def left_to_ship(self) -> bool:
        """Tell whether Walmart waits for anything that was not confirmed as shipped."""
        shipped = self.shipped
        return any(shipped[line.line_number] < line.quantity for line in self.facts.lines)

    @property
    def shipped(self) -> Counter[str]:
        """Return the units of each line that M3 has shipped, as far as Walmart was told."""
        shipped: Counter[str] = Counter()
        for shipment in self.progress.shipments:
            for line in shipment.lines:
                shipped[line.line_number] += line.quantity
        return shipped
