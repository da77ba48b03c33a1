"""Searching orders: filters, their defaults, and cursors that must come back as they were sent."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from simulators.walmart.errors import INVALID_PARAM, INVALID_REQUEST, Refused, not_found
from simulators.walmart.lines import STATUSES, iso_utc, order_lines
from simulators.walmart.purchase_orders import SELLER_FULFILLED, PlacedOrder
from simulators.world import PARTNER_ID

DEFAULT_LIMIT, MAX_LIMIT = 100, 200
MAX_RESULTS = 10_000
MAX_KEPT_CURSORS = 10_000
DEFAULT_WINDOW = timedelta(days=7)
LONGEST_WINDOW = timedelta(days=180)
SHIP_NODE_TYPES = (SELLER_FULFILLED, "WFSFulfilled", "3PLFulfilled")
ORDER_TYPES = ("REGULAR", "REPLACEMENT", "PREORDER")
FLAGS = ("productInfo", "replacementInfo", "incentiveInfo")

RELEASED_PARAMETERS = frozenset(
    {
        "createdStartDate",
        "createdEndDate",
        "fromExpectedShipDate",
        "toExpectedShipDate",
        "limit",
        "shipNodeType",
        "sku",
        "customerOrderId",
        "purchaseOrderId",
        "shippingProgramType",
        "orderType",
        *FLAGS,
    }
)
LIST_PARAMETERS = RELEASED_PARAMETERS | {"status", "lastModifiedStartDate", "lastModifiedEndDate"}
# What a cursor adds; a request that carries one of these claims to be a cursor.
CURSOR_PARAMETERS = frozenset(
    {"hasMoreElements", "soIndex", "poIndex", "partnerId", "sellerId", "nextCursor"}
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?")


@dataclass(frozen=True, kw_only=True)
class Window:
    """A span of time in epoch milliseconds, both ends included; None is open."""

    start: int | None
    end: int | None

    def holds(self, at: float) -> bool:
        """Return whether a moment lies in the span."""
        return (self.start is None or at >= self.start) and (self.end is None or at <= self.end)


@dataclass(frozen=True, kw_only=True)
class Search:
    """One search as the account understands it."""

    created: Window
    modified: Window
    to_ship: Window
    ship_node_type: str
    exact: Mapping[str, str]  # filters that compare one text
    limit: int
    offset: int = 0

    def matches(self, order: PlacedOrder) -> bool:
        """Return whether an order belongs to the result."""
        return (
            self.created.holds(order.order_date)
            and order.ship_node_type == self.ship_node_type
            and self.modified.holds(order.modified_at * 1000)
            and self.to_ship.holds(order.document["shippingInfo"]["estimatedShipDate"])
            and all(_EXACT[name](order, wanted) for name, wanted in self.exact.items())
        )


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a search."""

    orders: list[PlacedOrder]
    total: int
    limit: int
    next_cursor: str | None


class Cursors:
    """The cursors that were issued, letter by letter.

    A cursor stands for a search and an offset into its result. The search runs again for each
    page, so orders that leave the result between two pages move the rest up.
    """

    def __init__(self) -> None:
        self._issued: dict[str, Search] = {}

    def issue(self, path: str, search: Search, *, total: int) -> str:
        """Return the query string of the page after a search, `?` included."""
        following = replace(search, offset=search.offset + search.limit)
        query = (
            f"limit={search.limit}&hasMoreElements=true&soIndex={total}&poIndex={following.offset}"
            f"&partnerId={PARTNER_ID}&sellerId=8&shipNodeType={search.ship_node_type}"
            f"&createdStartDate={iso_utc(search.created.start)}"
            f"&createdEndDate={iso_utc(search.created.end)}"
            + "".join(f"&{name}={value}" for name, value in search.exact.items())
        )
        if len(self._issued) >= MAX_KEPT_CURSORS:
            self._issued.pop(next(iter(self._issued)))
        self._issued[f"{path}?{query}"] = following
        return f"?{query}"

    def search_behind(self, path: str, query: str) -> Search | None:
        """Return what an issued cursor stands for, or None when the query is none of them."""
        return self._issued.get(f"{path}?{query}")


def find(
    orders: Iterable[PlacedOrder], cursors: Cursors, *, path: str, query: str, now: float
) -> Page:
    """Return the page a query string asks for, in the order the purchase orders came in.

    Args:
        orders: what is searched.
        cursors: those issued so far; gains one when there is another page.
        path: `/v3/orders` or `/v3/orders/released`; a cursor belongs to one of them.
        query: the raw query string, or a cursor without its `?`.
        now: epoch seconds.

    Raises:
        Refused: 400 for parameters Walmart does not accept or a cursor it did not issue,
            404 when nothing was found.
    """
    search = cursors.search_behind(path, query) or _read_query(path, query, now=now)
    found = [order for order in orders if search.matches(order)]
    end = search.offset + search.limit
    page = found[search.offset : end]
    if not page:
        raise not_found(
            "Failed when called getAllOrders. Orders not found for given search parameters "
        )
    if end > MAX_RESULTS:
        raise _bad(f"A search yields at most {MAX_RESULTS} orders", field="limit")
    following = cursors.issue(path, search, total=len(found)) if len(found) > end else None
    return Page(orders=page, total=len(found), limit=search.limit, next_cursor=following)


def _read_query(path: str, query: str, *, now: float) -> Search:
    wish = dict(parse_qsl(query, keep_blank_values=True))
    if CURSOR_PARAMETERS & wish.keys():
        raise _bad("nextCursor is not valid", field="nextCursor")
    known = RELEASED_PARAMETERS if path.endswith("/released") else LIST_PARAMETERS
    if unknown := wish.keys() - known:
        raise _bad(f"Unknown parameter {min(unknown)}", field=min(unknown))
    for name in FLAGS:
        _choice(wish, name, ("true", "false"), default="false")
    _choice(wish, "status", STATUSES, default=STATUSES[0])
    _choice(wish, "orderType", ORDER_TYPES, default=ORDER_TYPES[0])
    return Search(
        created=_created_window(wish, now=now),
        modified=_window(wish, "lastModifiedStartDate", "lastModifiedEndDate"),
        to_ship=_window(wish, "fromExpectedShipDate", "toExpectedShipDate"),
        ship_node_type=_choice(wish, "shipNodeType", SHIP_NODE_TYPES, default=SELLER_FULFILLED),
        exact={name: wish[name] for name in _EXACT if name in wish},
        limit=_limit(wish),
    )


def _created_window(wish: Mapping[str, str], *, now: float) -> Window:
    """Return the span of creation dates: the last seven days unless the request says otherwise.

    The default start cuts a search by `lastModifiedStartDate` too, as it does in production.
    """
    now_ms = int(now * 1000)
    given = _window(wish, "createdStartDate", "createdEndDate")
    start = now_ms - _milliseconds(DEFAULT_WINDOW) if given.start is None else given.start
    end = now_ms if given.end is None else given.end
    if end < start:
        raise _bad("createdEndDate lies before createdStartDate", field="createdEndDate")
    return Window(start=max(start, now_ms - _milliseconds(LONGEST_WINDOW)), end=end)


def _window(wish: Mapping[str, str], start: str, end: str) -> Window:
    return Window(start=_date(wish, start), end=_date(wish, end))


def _date(wish: Mapping[str, str], name: str) -> int | None:
    if name not in wish:
        return None
    if not _DATE.fullmatch(wish[name]):
        raise Refused("Invalid Date format value", code=INVALID_REQUEST, field=name)
    try:
        at = datetime.fromisoformat(wish[name])
    except ValueError as error:
        raise Refused("Invalid Date format value", code=INVALID_REQUEST, field=name) from error
    return int(at.replace(tzinfo=UTC).timestamp() * 1000)


def _limit(wish: Mapping[str, str]) -> int:
    value = wish.get("limit", str(DEFAULT_LIMIT))
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= MAX_LIMIT:
        raise _bad(f"limit must lie between 1 and {MAX_LIMIT}", field="limit")
    return int(value)


def _choice(wish: Mapping[str, str], name: str, allowed: tuple[str, ...], *, default: str) -> str:
    value = wish.get(name, default)
    if value not in allowed:
        raise _bad(f"Invalid value for {name}: {value}", field=name)
    return value


def _iso(at_ms: int | None) -> str:
    return (
        datetime.fromtimestamp((at_ms or 0) / 1000, UTC).isoformat(timespec="milliseconds")[:-6]
        + "Z"
    )


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


def _bad(description: str, *, field: str) -> Refused:
    return Refused(description, code=INVALID_PARAM, field=field)


def _has_sku(order: PlacedOrder, sku: str) -> bool:
    return any(line["item"]["sku"] == sku for line in order_lines(order.document))


def _has_program(order: PlacedOrder, program: str) -> bool:
    return any(
        line["fulfillment"]["shippingProgramType"] == program
        for line in order_lines(order.document)
    )


_EXACT = {
    "purchaseOrderId": lambda order, wanted: order.purchase_order_id == wanted,
    "customerOrderId": lambda order, wanted: order.document["customerOrderId"] == wanted,
    "orderType": lambda order, wanted: order.document["orderType"] == wanted,
    "status": PlacedOrder.has,
    "sku": _has_sku,
    "shippingProgramType": _has_program,
}
