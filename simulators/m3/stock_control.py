"""The control routes of stock and its clock: what warehouses are told, and what they did."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.m3.control_requests import ok, read, route
from simulators.m3.master_data import ALIAS_CATEGORY, ALIAS_QUALIFIER
from simulators.m3.messages import Nok
from simulators.m3.movement import Movement, MovementSettings
from simulators.m3.planned import PlannedItems
from simulators.m3.state import M3Tenant
from simulators.m3.stock import Balance
from simulators.m3.warehouse import add_stock

ACTIONS = ("receive", "set", "count", "allocate")
SETTABLE = ("allocated", "reserved", "on_order")


class StockControl:
    """Handlers of the control routes; each reads, checks, acts and answers."""

    def __init__(self, tenant: M3Tenant) -> None:
        self._tenant = tenant
        self._movement = Movement(tenant)

    def routes(self) -> list[Route]:
        """Return the routes under /_sim/stock and /_sim/clock."""
        return [
            route("POST", "/_sim/stock", self.change),
            route("POST", "/_sim/stock/plan", self.plan),
            route("POST", "/_sim/stock/moves", self.set_moves),
            route("POST", "/_sim/stock/demand", self.demand),
            route("GET", "/_sim/stock/changes", self.show_changes),
            route("GET", "/_sim/stock/audit", self.show_audit),
            route("POST", "/_sim/clock", self.set_clock),
            route("GET", "/_sim/clock", self.show_clock),
        ]

    async def change(self, request: Request) -> Response:
        """POST /_sim/stock: goods received unless `do` says otherwise."""
        fields = await read(request, "item", "warehouse", "quantity", "do", *SETTABLE)
        balance = _opened(self._tenant, fields["warehouse"], fields["item"])
        _change(self._tenant, balance, fields)
        return JSONResponse({"status": "ok", **_view(balance)})

    async def plan(self, request: Request) -> Response:
        """POST /_sim/stock/plan: items 1 to `count`, with aliases and balances."""
        fields = await read(request, "count", "seed", "warehouses")
        plan = PlannedItems(
            count=int(fields["count"]),
            seed=int(fields.get("seed", 1)),
            warehouses=tuple(fields.get("warehouses", self._tenant.warehouses)),
            alias_category=ALIAS_CATEGORY,
            alias_qualifier=ALIAS_QUALIFIER,
            created_at=self._tenant.now(),
            changed_ms=self._tenant.stock_clock.now_ms(),
        )
        self._tenant.plan_items(plan)
        return await self.show_audit(request)

    async def set_moves(self, request: Request) -> Response:
        """POST /_sim/stock/moves: let stock move by itself, or stop it."""
        self._movement.configure(MovementSettings.from_json(await read(request)))
        return ok()

    async def demand(self, request: Request) -> Response:
        """POST /_sim/stock/demand: units sold elsewhere, promised now and shipped later."""
        fields = await read(request, "sku", "warehouse", "units")
        balance = self._tenant.demand(fields["sku"], fields["warehouse"], int(fields["units"]))
        return JSONResponse({"status": "ok", **_view(balance)})

    async def show_changes(self, request: Request) -> Response:
        """GET /_sim/stock/changes: what moved since a moment, in the order it happened."""
        since = int(request.query_params.get("since", 0))
        limit = request.query_params.get("limit")
        changes = self._tenant.stock.changes(since_ms=since, limit=int(limit) if limit else None)
        return JSONResponse(
            [
                {
                    "item": change.key[1],
                    "warehouse": change.key[0],
                    "at_ms": change.at_ms,
                    "av01": _number(change.net),
                }
                for change in changes
            ]
        )

    async def show_audit(self, _: Request) -> Response:
        """GET /_sim/stock/audit: how many changes there were, and how many balances there are."""
        stock = self._tenant.stock
        return JSONResponse({"changes": stock.change_count, "balances": stock.balance_count})

    async def set_clock(self, request: Request) -> Response:
        """POST /_sim/clock: let the clock of stock run faster, or jump."""
        fields = await read(request, "speed", "jump_seconds")
        clock = self._tenant.stock_clock
        if "speed" in fields:
            clock.set_speed(float(fields["speed"]))
        clock.jump(float(fields.get("jump_seconds", 0)))
        return await self.show_clock(request)

    async def show_clock(self, _: Request) -> Response:
        """GET /_sim/clock."""
        clock = self._tenant.stock_clock
        return JSONResponse({"now_ms": clock.now_ms(), "speed": clock.speed})


def _opened(tenant: M3Tenant, warehouse: str, item_number: str) -> Balance:
    """Return a balance, which goods that arrive for the first time open.

    Raises:
        Nok: the item or the warehouse is unknown.
    """
    if warehouse not in tenant.warehouses:
        raise Nok("WWH0103", warehouse, field="WHLO")
    return tenant.stock[warehouse, tenant.item(item_number).number]


def _change(tenant: M3Tenant, balance: Balance, fields: Mapping[str, Any]) -> None:
    """Change one balance as a person or a truck would.

    Raises:
        ValueError: what is to be done makes no sense.
    """
    action, quantity = fields.get("do", "receive"), Decimal(str(fields["quantity"]))
    if action not in ACTIONS:
        raise ValueError(f"do must be one of {', '.join(ACTIONS)}")
    if action != "set" and (extra := set(fields) & set(SETTABLE)):
        raise ValueError(f"only set takes {', '.join(sorted(extra))}")
    if action == "receive":
        add_stock(tenant, balance, quantity)
    elif action == "allocate":
        balance.move(allocated=quantity, reserved=quantity)
    else:
        wanted = {name: Decimal(str(fields[name])) for name in SETTABLE if name in fields}
        more = {name: value - getattr(balance, name) for name, value in wanted.items()}
        add_stock(tenant, balance, quantity - balance.on_hand, **more)


def _view(balance: Balance) -> dict[str, Any]:
    return {"at_ms": balance.stamp, "av01": _number(balance.net)}


def _number(quantity: Decimal) -> int | float:
    return int(quantity) if quantity == int(quantity) else float(quantity)
