"""What will go wrong in a run of many orders, drawn from a seed before it begins."""

from dataclasses import dataclass
from random import Random

DELETED_IN_M3, CLOSED_IN_M3 = "deleted_in_m3", "closed_in_m3"
IN_M3 = {DELETED_IN_M3: "delete", CLOSED_IN_M3: "close"}
AT_WALMART = {"INTENT_TO_CANCEL": 60, "PO_LINE_AUTOCANCELLED": 20, "FRAUD_CANCEL": 20}

# Of the cancellations.
IN_M3_SHARE = 0.2
WHOLE_ORDER_SHARE = 0.5
SOME_UNITS_SHARE = 0.3  # of what Walmart cancels by the line; a buyer's wish is for whole lines
WHILE_PICKED_SHARE = 0.2

# Below 0 the cancellation is told before the order's own event.
EARLIEST_SECONDS, LATEST_SECONDS = -0.4, 6.0

# Every order of the mix has these.
LINES = ("1", "2", "3")


@dataclass(frozen=True, kw_only=True)
class Upset:
    """A cancellation of one order, at a moment of its own."""

    kind: str  # Walmart's event, or what a person does in M3
    after_seconds: float  # since the order was placed
    line_numbers: tuple[str, ...]  # empty: the whole order
    units: int  # of each line; 0: all of them
    while_picked: bool  # the warehouse has a picking list just then
    leaves_after_seconds: float  # when what was picked leaves the warehouse

    @property
    def before_its_order(self) -> bool:
        """Tell whether Walmart tells of the cancellation first."""
        return self.after_seconds < 0 and self.kind not in IN_M3


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is left to chance."""

    orders: int
    seed: int
    interval_seconds: float
    upsets: dict[int, Upset]  # by position of the order
    warehouse_delays: tuple[float, ...]  # by position of the order that is placed when it changes
    kills: tuple[float, ...]  # of the worker, in seconds since the beginning
    down_seconds: tuple[float, ...]


def draw(*, orders: int, seed: int, per_second: float, kills: int) -> Plan:
    """Return the plan of a run; the same for the same arguments."""
    random = Random(seed)  # noqa: S311 - repeatable chance
    canceled = sorted(random.sample(range(orders), orders // 3))
    span = orders / per_second + LATEST_SECONDS
    return Plan(
        orders=orders,
        seed=seed,
        interval_seconds=1 / per_second,
        upsets={position: _upset(random) for position in canceled},
        warehouse_delays=tuple(random.uniform(0.5, 3.0) for _ in range(orders)),
        kills=tuple(sorted(random.uniform(0.2, 0.8) * span for _ in range(kills))),
        down_seconds=tuple(random.uniform(0.2, 2.0) for _ in range(kills)),
    )


def _upset(random: Random) -> Upset:
    if random.random() < IN_M3_SHARE:
        kind = random.choice(list(IN_M3))
    else:
        [kind] = random.choices(list(AT_WALMART), weights=list(AT_WALMART.values()))
    whole = random.random() < WHOLE_ORDER_SHARE
    chosen = tuple(sorted(random.sample(LINES, random.randint(1, 2))))
    some = random.random() < SOME_UNITS_SHARE
    by_units = some and not whole and kind in ("PO_LINE_AUTOCANCELLED", "FRAUD_CANCEL")
    return Upset(
        kind=kind,
        after_seconds=random.uniform(EARLIEST_SECONDS, LATEST_SECONDS),
        line_numbers=() if whole else chosen,
        units=1 if by_units else 0,
        while_picked=random.random() < WHILE_PICKED_SHARE,
        leaves_after_seconds=random.uniform(0.2, 3.0),
    )
