"""Stock that moves by itself: goods come and go at random moments, as in a warehouse at work."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from simulators.m3 import warehouse
from simulators.m3.records import NOTHING
from simulators.m3.state import M3Tenant
from simulators.m3.stock import Balance

KINDS = ("receipt", "shipment", "count", "allocation")
MAX_PER_SECOND = 5_000  # real; more would leave the process no time to answer
MAX_BEHIND_SECONDS = 10.0  # what is missed beyond this is not made up for


@dataclass(frozen=True, kw_only=True)
class MovementSettings:
    """How stock moves by itself; the body of `POST /_sim/stock/moves`."""

    per_second: float = 1.0  # moves per simulated second
    seed: int = 1
    running: bool = True
    kinds: tuple[str, ...] = KINDS

    @classmethod
    def from_json(cls, wish: Mapping[str, Any]) -> "MovementSettings":
        """Return the settings a control request asks for; the rest gets its default.

        Raises:
            ValueError: an unknown key or kind, or a rate that is not more than 0.
        """
        if unknown := set(wish) - {setting.name for setting in fields(cls)}:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        kinds = tuple(wish.get("kinds", KINDS))
        if not kinds or set(kinds) - set(KINDS):
            raise ValueError(f"kinds are some of {', '.join(KINDS)}")
        settings = cls(**{**wish, "kinds": kinds})
        if settings.per_second <= 0:
            raise ValueError("per_second must be more than 0")
        return settings


class Movement:
    """Moves of random planned items; what moves, and by how much, follows from the seed."""

    def __init__(self, tenant: M3Tenant) -> None:
        self._tenant = tenant
        self._settings = MovementSettings(running=False)
        self._chance = Random(1)  # noqa: S311 - repeatable behaviour
        self._round = 0  # a later setting voids what an earlier one has put on the agenda
        self._due = 0.0  # real seconds

    def configure(self, settings: MovementSettings) -> None:
        """Move stock differently from now on, or not at all.

        Raises:
            ValueError: no items are planned.
        """
        if settings.running and self._tenant.stock.plan is None:
            raise ValueError("no stock is planned")
        self._settings = settings
        self._chance = Random(settings.seed)  # noqa: S311 - repeatable behaviour
        self._round += 1
        if settings.running:
            self._due = self._tenant.clock() + self._gap()
            self._wait()

    def _wait(self) -> None:
        wake = partial(self._wake, self._round)
        self._tenant.agenda.after(self._due - self._tenant.clock(), wake)

    def _wake(self, of_round: int) -> None:
        """Make the moves that have fallen due, and wait for the next."""
        if of_round != self._round:
            return
        now = self._tenant.clock()
        self._due = max(self._due, now - MAX_BEHIND_SECONDS)
        while self._due <= now:
            self._move()
            self._due += self._gap()
        self._wait()

    def _gap(self) -> float:
        """Return the real seconds until the next move."""
        simulated = self._chance.expovariate(self._settings.per_second)
        return max(self._tenant.stock_clock.real_seconds(simulated), 1 / MAX_PER_SECOND)

    def _move(self) -> None:
        plan = self._tenant.stock.plan
        if plan is None:
            return
        number = plan.number(self._chance.randint(1, plan.count))
        balance = self._tenant.stock[self._chance.choice(plan.warehouses), number]
        kind = self._chance.choice(self._settings.kinds)
        units = Decimal(self._chance.randint(1, 5))
        if kind == "receipt":
            warehouse.add_stock(self._tenant, balance, units * 10)
        elif kind == "shipment":
            self._ship(balance, units)
        elif kind == "count":
            found = units - 3 or Decimal(1)
            warehouse.add_stock(self._tenant, balance, max(found, -balance.on_hand))
        else:
            self._allocate(balance, units)

    def _ship(self, balance: Balance, units: Decimal) -> None:
        """Ship what a move has allocated before, else what nobody was promised, if any."""
        promised = min(self._promised(balance), balance.on_hand)
        if promised > 0:
            self._promise(balance, -promised)
            balance.move(on_hand=-promised, allocated=-promised, reserved=-promised)
        elif balance.net > 0:
            balance.move(on_hand=-min(units, balance.net))

    def _allocate(self, balance: Balance, units: Decimal) -> None:
        """Allocate what is free; when nothing is, give back what a move has allocated."""
        change = min(units, balance.net) if balance.net > 0 else -self._promised(balance)
        if change:
            self._promise(balance, change)
            balance.move(allocated=change, reserved=change)

    def _promised(self, balance: Balance) -> Decimal:
        """Return what moves have allocated and neither they nor a person has taken back."""
        promised = self._tenant.promised_by_moves.get(balance.row, NOTHING)
        return min(promised, max(balance.allocated, NOTHING))

    def _promise(self, balance: Balance, change: Decimal) -> None:
        self._tenant.promised_by_moves[balance.row] = self._promised(balance) + change
        if not self._tenant.promised_by_moves[balance.row]:
            del self._tenant.promised_by_moves[balance.row]
