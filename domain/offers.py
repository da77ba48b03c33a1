"""Offers, SKUs as sold at one ship node: what Walmart should show, and what became of it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OfferKey:
    """A SKU at a ship node."""

    sku: str
    ship_node: str


@dataclass(frozen=True, kw_only=True)
class StaleOffer:
    """An offer whose wanted quantity is to be computed anew."""

    offer: OfferKey
    mark: int  # another one later means that something has changed once more


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What Walmart should show of an offer; None where that is not known, and then why."""

    offer: OfferKey
    mark: int  # of the stale offer it was computed for
    quantity: int | None
    cause: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class WaitingOffer:
    """An offer whose quantity Walmart has to be told."""

    offer: OfferKey
    quantity: int
    urgency: int  # 1 to zero, 2 downwards, 3 upwards


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What Walmart said to a quantity that was sent; no cause: accepted."""

    offer: OfferKey
    cause: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How many offers stand where."""

    offers: int
    stale: int
    waiting: int
    under_way: int
    unknown: int  # of which it is not known what Walmart should show
    cases: int  # refused too often: they wait for a person


@dataclass(frozen=True, kw_only=True)
class Changes:
    """How much of the catalogue would change."""

    catalogue: int
    to_zero: int
    changed: int


@dataclass(frozen=True, kw_only=True)
class OfferCase:
    """An offer that needs a person."""

    offer: OfferKey
    wanted: int | None
    accepted: int | None
    cause: str
    problem: str
    tries: int
