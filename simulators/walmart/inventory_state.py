"""Everything about stock that changes by request, by feed, by sale, and by time alone.

Nothing here waits. `settle` does what has fallen due since it was last called, in the order in
which it fell due; the app calls it before each answer and some times a second in between.
"""

from collections.abc import Callable

from simulators.walmart.clock import SimulatedClock
from simulators.walmart.errors import CONTENT_NOT_FOUND, INVALID_PARAM, Refused
from simulators.walmart.feed_files import FeedFile, FeedItem, IngestionError
from simulators.walmart.feed_queue import Feed, FeedQueue
from simulators.walmart.inventory_pages import InventoryCursors
from simulators.walmart.pushes import Push, PushLog
from simulators.walmart.sales import Sale, Sales
from simulators.walmart.stock import ACTIVE, NodeStock, Stock

UNKNOWN_SKU, UNKNOWN_SHIP_NODE = "SIM_UNKNOWN_SKU", "SIM_UNKNOWN_SHIP_NODE"
DRAWN_ERROR = "SIM_DRAWN_ERROR\t"  # codes come with a trailing tab at times


class Inventory:
    """The seller's stock at Walmart.

    Attributes:
        on_sale: told of each sale at the moment it is noticed; must not raise.
        on_sold_out: told of a SKU a buyer took the last unit of at a ship node, likewise.
        keeps_reserved: whether a new quantity leaves open what was ordered and is not closed,
            instead of standing for all that can be sold.
    """

    def __init__(self, clock: SimulatedClock, wall: Callable[[], float]) -> None:
        self._clock = clock
        self._wall = wall
        self.on_sale: list[Callable[[Sale], None]] = []
        self.on_sold_out: list[Callable[[str, NodeStock], None]] = []
        self.stock = Stock()
        self.reset()

    def reset(self) -> None:
        """Forget listings, feeds, sales and what became of pushes."""
        self.keeps_reserved = False
        self.stock.reset()
        self.forget_listing_details()
        self.pushes = PushLog()
        self.feeds = FeedQueue()
        self.sales = Sales()
        self._settled_at = self._wall()

    def forget_listing_details(self) -> None:
        """Forget what is kept by row, when rows come to mean other listings."""
        self.cursors = InventoryCursors()
        self._dates: dict[tuple[int, str], str] = {}  # by row and ship node

    def settle(self) -> None:
        """Let happen what has fallen due: feeds are done, buyers come."""
        now, settled = self._clock.now(), self._settled_at
        while (due := min(self.feeds.next_due, self.sales.next_at)) <= now:
            # A clock that was moved ahead must not date what it skipped before the request.
            at = max(settled, self._clock.wall_time(due))
            if self.feeds.next_due == due:
                self._process(self.feeds.take_due(), at)
            elif (sale := self.sales.next(self.stock, at)) is not None:
                self._tell(sale)
        self._settled_at = self._wall()

    def row(self, sku: str) -> int:
        """Return the row of a listed SKU.

        Raises:
            Refused: 404, the seller does not list it.
        """
        row = self.stock.row(sku)
        if row is None:
            raise Refused(
                f"SKU '{sku}' not found for this seller.",
                status=404,
                code=CONTENT_NOT_FOUND,
                field="sku",
            )
        return row

    def node(self, ship_node: str | None) -> NodeStock:
        """Return an active ship node of the seller, the default one for None.

        Raises:
            Refused: 400, the seller has none of that id, or it is not active.
        """
        if ship_node is None:
            return self.stock.default_node
        node = self.stock.nodes.get(ship_node)
        if node is None or node.status != ACTIVE:
            why = "not found for this seller" if node is None else "not active"
            raise Refused(f"Ship node {ship_node} is {why}.", code=INVALID_PARAM, field="shipNode")
        return node

    def push(
        self, row: int, node: NodeStock, amount: int, *, operation: str, date: str | None
    ) -> None:
        """Set the stock of a listing at once."""
        at = self._wall()
        push = Push(
            number=self.pushes.accept(),
            sku=self.stock.sku(row),
            row=row,
            amount=amount,
            accepted_at=at,
            operation=operation,
        )
        self._take_effect(push, node, at=at, date=date)

    def submit(self, feed_type: str, file: FeedFile, *, file_name: str) -> Feed:
        """Let a feed into the queue; its quantities count as accepted now."""
        return self.feeds.submit(
            feed_type,
            file,
            file_name=file_name,
            first_number=self.pushes.accept(file.wishes),
            now=self._clock.now(),
            wall=self._wall(),
        )

    def order(self, sku: str, ship_node: str, units: int) -> None:
        """Reserve what a purchase order takes of a listed SKU."""
        row, node = self.stock.row(sku), self.stock.nodes.get(ship_node)
        if row is None or node is None:
            return
        were_left = node.available(row)
        if node.reserve(row, units) == 0 and were_left:
            self._tell_sold_out(sku, node)

    def close(self, sku: str, ship_node: str, units: int) -> None:
        """Release ordered units that were shipped or canceled, where reservations are kept."""
        row, node = self.stock.row(sku), self.stock.nodes.get(ship_node)
        if self.keeps_reserved and row is not None and node is not None:
            node.release(row, units)

    def zero(self, sku: str, ship_node: str) -> None:
        """Let nothing of a listed SKU be left at a ship node."""
        row, node = self.stock.row(sku), self.stock.nodes.get(ship_node)
        if row is not None and node is not None:
            self._set(node, row, 0)

    def available_on(self, row: int, ship_node: str) -> str | None:
        """Return the date the seller gave with the stock, or None."""
        return self._dates.get((row, ship_node))

    def _process(self, feed: Feed, at: float) -> None:
        """Let the items of a feed take effect, each wholly or not at all."""
        number = feed.first_number
        for item in feed.items:
            item.error = item.error or self._trouble_of(item)
            if item.error is not None:
                self.pushes.rejected_items += 1
            else:
                self._apply(item, feed, number, at)
            number += len(item.wishes)
            item.wishes = ()
        self.feeds.finish(feed, at)

    def _apply(self, item: FeedItem, feed: Feed, number: int, at: float) -> None:
        row = self.row(item.sku)
        for nth, (ship_node, amount) in enumerate(item.wishes):
            push = Push(
                number=number + nth,
                sku=item.sku,
                row=row,
                amount=amount,
                accepted_at=feed.submitted_at,
                operation=feed.feed_id,
            )
            self._take_effect(push, self.node(ship_node or None), at=at, date=item.available_on)

    def _trouble_of(self, item: FeedItem) -> IngestionError | None:
        settings = self.feeds.settings
        if self.stock.row(item.sku) is None:
            return IngestionError(
                UNKNOWN_SKU, f"SKU '{item.sku}' not found for this seller.", "sku"
            )
        for ship_node, _ in item.wishes:
            try:
                self.node(ship_node or None)
            except Refused as refused:
                return IngestionError(UNKNOWN_SHIP_NODE, refused.description, refused.field)
        if settings.error_share and settings.random.random() < settings.error_share:
            return IngestionError(DRAWN_ERROR, "The item failed.", type=settings.error_type)
        return None

    def _take_effect(self, push: Push, node: NodeStock, *, at: float, date: str | None) -> None:
        self._set(node, push.row, push.amount)
        self.pushes.note_effect(push, node, at)
        self._dates.pop((push.row, node.ship_node), None)
        if date is not None:
            self._dates[push.row, node.ship_node] = date

    def _set(self, node: NodeStock, row: int, amount: int) -> None:
        if self.keeps_reserved:
            node.set_input(row, amount)
        else:
            node.set(row, amount)

    def _tell(self, sale: Sale) -> None:
        for hook in self.on_sale:
            hook(sale)
        if sale.left == 0:
            self._tell_sold_out(sale.sku, self.stock.nodes[sale.ship_node])

    def _tell_sold_out(self, sku: str, node: NodeStock) -> None:
        for hook in self.on_sold_out:
            hook(sku, node)
