"""Both systems' stock side by side: what was sold too much, how late Walmart was, what differs.

What Walmart should show of a planned item is worked out here from M3's balance alone: the units of
the ship node's warehouse that M3 could still allocate, in whole EACH, never below none.
"""

import math
import statistics
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from simulators.m3.messages import Nok
from simulators.m3.state import M3Tenant
from simulators.walmart.sales import Sale
from simulators.walmart.state import SellerAccount
from simulators.world import SHIP_NODES, planned_item_number, planned_number, planned_sku

Key = tuple[str, str]  # SKU and ship node

NODE_OF = {node.warehouse: name for name, node in SHIP_NODES.items()}

# Work waits at Walmart's limit in each second in which at least so many changes are open.
WAITING = 20
PUT_PER_SECOND = 200 / 60


def each_of(number: int) -> Fraction:
    """Return how many EACH one basic unit of a planned item is."""
    if number % 50:
        return Fraction(1)
    return Fraction(1, 6) if number % 100 else Fraction(12)


def sellable(number: int, net: Decimal) -> int:
    """Return what can be sold of a planned item that M3 could still allocate so much of."""
    return max(0, math.floor(Fraction(net) * each_of(number)))


@dataclass(kw_only=True)
class StockAudit:
    """Hears of each sale, hands it to M3, and compares afterwards."""

    account: SellerAccount
    tenant: M3Tenant
    sold: int = 0
    oversold: int = 0
    unknown: int = 0
    _by_sales: set[tuple[str, str, int]] = field(default_factory=set)

    def hear(self, sale: Sale) -> None:
        """Let M3 promise what Walmart sold; count what M3 did not have."""
        number, node = planned_number(sale.sku), SHIP_NODES.get(sale.ship_node)
        if number is None or node is None:
            return
        item = planned_item_number(number)
        try:
            before = self.tenant.balance(node.warehouse, item).net
            after = self.tenant.demand(sale.sku, node.warehouse, sale.units)
        except Nok:
            self.unknown += 1
            return
        self.sold += sale.units
        self.oversold += max(0, sale.units - sellable(number, before))
        self._by_sales.add((item, node.warehouse, after.stamp))

    def report(self, since_ms: int) -> dict[str, Any]:
        """Return the figures of what has happened since a moment."""
        self.account.inventory.settle()
        lags, open_at = self._lags(since_ms)
        pushes = self.account.inventory.pushes
        return {
            "changes": len(lags) + sum(1 for _, until in open_at if until is None),
            "unsettled": sum(1 for _, until in open_at if until is None),
            "pushed": pushes.accepted,
            "overtaken": pushes.overtaken,
            "rejected_items": pushes.rejected_items,
            "lag_s": _spread(lags),
            "limit_use": self._limit_use(open_at),
            "sold": self.sold,
            "oversold": self.oversold,
            "drift": self._drift(),
        }

    def _drift(self) -> int:
        """Count offers of which Walmart sells something else than M3 could allocate."""
        stock, drifted = self.account.inventory.stock, 0
        for row in range(len(stock)):
            number = planned_number(stock.sku(row))
            for found in stock.quantities(row):
                node = SHIP_NODES.get(found.ship_node)
                if number is None or node is None:
                    continue
                balance = self.tenant.balance(node.warehouse, planned_item_number(number))
                drifted += found.available != sellable(number, balance.net)
        return drifted

    def _lags(self, since_ms: int) -> tuple[list[float], list[tuple[float, float | None]]]:
        """Return how late each change of M3 was accepted, and from when to when each was open.

        A change counts that alters what can be sold and that no sale at Walmart caused. It is
        over when Walmart has taken its quantity or that of a later change.
        """
        effects = self._effects()
        lags, spans = [], list[tuple[float, float | None]]()
        for key, states in self._states(since_ms).items():
            before = _shown(effects.get(key, []), states[0][0])
            for at, (moment, amount, by_sale) in enumerate(states):
                counts = not by_sale and amount != before and before is not None
                before = amount
                if not counts:
                    continue
                end = _accepted(states[at:], effects.get(key, []), moment)
                if end is None and _went_back(states[at + 1 :], effects.get(key, [])):
                    continue
                spans.append((moment, end))
                if end is not None:
                    lags.append(end - moment)
        return lags, spans

    def _states(self, since_ms: int) -> dict[Key, list[tuple[float, int, bool]]]:
        """Return what could be sold of each offer over time, as (moment, units, by a sale)."""
        states: dict[Key, list[tuple[float, int, bool]]] = {}
        for change in self.tenant.stock.changes(since_ms=since_ms):
            warehouse, item = change.key
            if not item[1:].isdigit() or warehouse not in NODE_OF:
                continue
            number = int(item[1:])
            by_sale = (item, warehouse, change.at_ms) in self._by_sales
            entry = (change.at_ms / 1000, sellable(number, change.net), by_sale)
            states.setdefault((planned_sku(number), NODE_OF[warehouse]), []).append(entry)
        return states

    def _effects(self) -> dict[Key, list[tuple[float, int]]]:
        """Return what took effect at Walmart, by offer, as (moment, quantity)."""
        shown = self.account.inventory.pushes.effects_as_json(sku=None, offset=0, limit=1_000_000)
        effects: dict[Key, list[tuple[float, int]]] = {}
        for row in shown["rows"]:
            effect = dict(zip(shown["columns"], row, strict=True))
            key = (effect["sku"], effect["ship_node"])
            effects.setdefault(key, []).append((effect["effect_at"], effect["amount"]))
        return effects

    def _limit_use(self, spans: Iterable[tuple[float, float | None]]) -> float | None:
        """Return how much of the limit of single requests was used while work waited."""
        opened = sorted(start for start, _ in spans)
        closed = sorted(end for _, end in spans if end is not None)
        if not opened:
            return None
        used = [effect[0] for each in self._effects().values() for effect in each]
        waiting = [
            second
            for second in range(int(opened[0]), int(max([*closed, opened[-1]])) + 1)
            if bisect_right(opened, second) - bisect_right(closed, second) >= WAITING
        ]
        if not waiting:
            return None
        busy = set(waiting)
        return round(sum(int(at) in busy for at in used) / (PUT_PER_SECOND * len(waiting)), 3)


def _shown(effects: list[tuple[float, int]], moment: float) -> int | None:
    """Return what Walmart was told last before a moment."""
    told = [amount for at, amount in effects if at < moment]
    return told[-1] if told else None


def _went_back(later: list[tuple[float, int, bool]], effects: list[tuple[float, int]]) -> bool:
    """Tell whether M3 came back to what Walmart had been told, before it was told of the change."""
    return any(_shown(effects, at) == amount for at, amount, _ in later)


def _accepted(
    states: list[tuple[float, int, bool]], effects: list[tuple[float, int]], moment: float
) -> float | None:
    """Return when Walmart took the quantity of the first state, or of a later one."""
    for at, amount in effects:
        if at >= moment and any(t <= at and a == amount for t, a, _ in states):
            return at
    return None


def _spread(lags: list[float]) -> dict[str, float]:
    if not lags:
        return {}
    ordered = sorted(lags)
    return {
        "p50": round(statistics.median(ordered), 2),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 2),
        "max": round(ordered[-1], 2),
    }
