"""The control routes of stock: listings, sales, feeds, the clock, and what became of pushes."""

from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.walmart.control_requests import bad, read_fields, refusing_nonsense
from simulators.walmart.feed_files import FEED_TYPES
from simulators.walmart.feed_queue import FeedSettings, listed
from simulators.walmart.limits import feed_bucket
from simulators.walmart.state import SellerAccount

INVENTORY_OPERATIONS = (
    "get_inventory",
    "update_inventory",
    "list_inventories",
    "get_inventory_of_item",
    "update_inventory_of_item",
    "submit_feed",
    "list_feeds",
    "feed_status",
    "partner_profile",
    "list_ship_nodes",
)
BUCKETS = (
    "get_inventory",
    "update_inventory",
    "list_inventories",
    "get_inventory_of_item",
    "update_inventory_of_item",
    "feeds",
    *(feed_bucket(feed_type) for feed_type in FEED_TYPES),
    "partner_profile",
    "ship_nodes",
)
STOCK_COLUMNS = ("sku", "ship_node", "amount", "last_effect_at", "input")
MAX_PAGE = 20_000
MAX_SHOWN_FEEDS = 100


class StockControl:
    """Handlers of these routes. Each first lets happen what has fallen due."""

    def __init__(self, account: SellerAccount) -> None:
        self._account = account

    def routes(self) -> list[Route]:
        """Return the routes under /_sim."""
        handlers = (
            ("POST", "/_sim/listings", self.set_listings),
            ("GET", "/_sim/listings", self.show_listings),
            ("POST", "/_sim/sales", self.set_sales),
            ("GET", "/_sim/sales", self.show_sales),
            ("POST", "/_sim/feeds", self.set_feeds),
            ("GET", "/_sim/feeds", self.show_feeds),
            ("POST", "/_sim/clock", self.set_clock),
            ("GET", "/_sim/clock", self.show_clock),
            ("GET", "/_sim/inventory/audit", self.show_audit),
            ("GET", "/_sim/inventory/effects", self.show_effects),
        )
        return [
            Route(path, refusing_nonsense(handler), methods=[method])
            for method, path, handler in handlers
        ]

    async def set_listings(self, request: Request) -> Response:
        """POST /_sim/listings: planned ones instead of all others, single ones on top of them."""
        fields, inventory = await read_fields(request), self._account.inventory
        known = {"count", "seed", "nodes", "listings", "keep_reserved"}
        if fields.keys() - known or not fields.keys() & known - {"seed", "nodes"}:
            return bad(f"keys: {sorted(known)}")
        inventory.settle()
        inventory.keeps_reserved = bool(fields.get("keep_reserved", inventory.keeps_reserved))
        if "count" in fields:
            nodes = list(fields.get("nodes", inventory.stock.default_nodes))
            inventory.stock.plan(int(fields["count"]), seed=int(fields.get("seed", 0)), nodes=nodes)
            inventory.forget_listing_details()
        for listing in fields.get("listings", ()):
            inventory.stock.list_named(listing["sku"], listing["nodes"])
        return await self.show_listings(request)

    async def show_listings(self, _: Request) -> Response:
        """GET /_sim/listings."""
        stock = self._account.inventory.stock
        return JSONResponse(
            {
                "listings": len(stock),
                "nodes": list(stock.nodes),
                "keep_reserved": self._account.inventory.keeps_reserved,
            }
        )

    async def set_sales(self, request: Request) -> Response:
        """POST /_sim/sales: how many buyers come, from now on."""
        fields, inventory = await read_fields(request), self._account.inventory
        known = {"per_second", "seed", "running"}
        if fields.keys() - known:
            return bad(f"keys: {sorted(known)}")
        inventory.settle()
        if fields.get("running", True):
            inventory.sales.start(
                float(fields.get("per_second", 1.0)),
                seed=int(fields.get("seed", 0)),
                now=self._account.clock.now(),
            )
        else:
            inventory.sales.stop()
        return JSONResponse(inventory.sales.as_json(after=0, limit=0))

    async def show_sales(self, request: Request) -> Response:
        """GET /_sim/sales: the kept sales after number `after`, at most `limit` of them."""
        self._account.inventory.settle()
        after = int(request.query_params.get("after", 0))
        limit = min(MAX_PAGE, int(request.query_params.get("limit", MAX_PAGE)))
        return JSONResponse(self._account.inventory.sales.as_json(after=after, limit=limit))

    async def set_feeds(self, request: Request) -> Response:
        """POST /_sim/feeds: how feeds fare from now on; `release` lets those that hang be done."""
        fields, inventory = await read_fields(request), self._account.inventory
        inventory.settle()
        if fields == {"release": True}:
            released = inventory.feeds.release(self._account.clock.now())
            inventory.settle()
            return JSONResponse({"released": released})
        inventory.feeds.settings = FeedSettings.read(fields)
        return JSONResponse(inventory.feeds.settings.as_json())

    async def show_feeds(self, _: Request) -> Response:
        """GET /_sim/feeds: the settings and the newest feeds."""
        self._account.inventory.settle()
        settings = self._account.inventory.feeds.settings.as_json()
        return JSONResponse(settings | {"feeds": self._feeds()})

    async def set_clock(self, request: Request) -> Response:
        """POST /_sim/clock: run faster from now on, or move ahead."""
        fields, clock = await read_fields(request), self._account.clock
        if fields.keys() - {"speed", "advance"}:
            return bad("keys: speed, advance")
        self._account.inventory.settle()
        if "speed" in fields:
            clock.run_at(float(fields["speed"]))
        clock.advance(float(fields.get("advance", 0.0)))
        return await self.show_clock(request)

    async def show_clock(self, _: Request) -> Response:
        """GET /_sim/clock."""
        self._account.inventory.settle()
        return JSONResponse(self._account.clock.as_json())

    async def show_effects(self, request: Request) -> Response:
        """GET /_sim/inventory/effects: the kept effects, oldest first, of one SKU or of all."""
        self._account.inventory.settle()
        offset, limit = _page(request)
        sku = request.query_params.get("sku")
        pushes = self._account.inventory.pushes
        return JSONResponse(pushes.effects_as_json(sku=sku, offset=offset, limit=limit))

    async def show_audit(self, request: Request) -> Response:
        """GET /_sim/inventory/audit; `offset` and `limit` page through the listings."""
        account, pushes = self._account, self._account.inventory.pushes
        account.inventory.settle()
        use = account.limits.use(BUCKETS, account.clock.now())
        return JSONResponse(
            {
                "clock": account.clock.as_json(),
                "pushes": pushes.accepted,
                "effects": pushes.effects,
                "rejected_items": pushes.rejected_items,
                "overtaken": pushes.overtaken_as_json(),
                "requests": {name: account.requests[name] for name in INVENTORY_OPERATIONS},
                "throttled_429": sum(bucket["throttled"] for bucket in use.values()),
                "limit_use": use,
                "feeds": self._feeds(),
                "sales": account.inventory.sales.as_json(after=0, limit=0),
                "stock": self._stock(*_page(request)),
            }
        )

    def _feeds(self) -> list[dict[str, Any]]:
        feeds, now = self._account.inventory.feeds, self._account.clock.now()
        return [listed(feed, now) for feed in islice(feeds.newest_first(), MAX_SHOWN_FEEDS)]

    def _stock(self, offset: int, limit: int) -> dict[str, Any]:
        stock = self._account.inventory.stock
        rows = range(offset, min(offset + limit, len(stock)))
        shown = [
            (
                stock.sku(row),
                found.ship_node,
                found.available,
                stock.nodes[found.ship_node].effect_at(row),
                found.input,
            )
            for row in rows
            for found in stock.quantities(row)
        ]
        return {"listings": len(stock), "offset": offset, "columns": STOCK_COLUMNS, "rows": shown}


def _page(request: Request) -> tuple[int, int]:
    offset = int(request.query_params.get("offset", 0))
    limit = int(request.query_params.get("limit", 1_000))
    if offset < 0 or not 0 <= limit <= MAX_PAGE:
        raise ValueError(f"offset must not be below 0, limit lies between 0 and {MAX_PAGE}")
    return offset, limit
