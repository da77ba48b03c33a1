"""What became of the quantities the seller sent: which took effect, when, and after which other."""

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Any

from simulators.walmart.stock import NodeStock

MAX_KEPT_EFFECTS = 100_000
MAX_KEPT_OVERTAKEN = 1_000
COLUMNS = (
    "number",
    "sku",
    "ship_node",
    "amount",
    "accepted_at",
    "effect_at",
    "operation",
    "overtaken_by",
)


@dataclass(frozen=True, kw_only=True)
class Push:
    """One quantity for one SKU at one ship node. Times are epoch seconds on the wall."""

    number: int  # in the order they were accepted
    sku: str
    row: int
    amount: int
    accepted_at: float
    operation: str  # or the id of the feed it came with


class PushLog:
    """Counts of all pushes since the last reset, and the newest effects one by one.

    A push that takes effect after one that was accepted later is overtaken: the older value stays.
    The number of the last effect is kept with each quantity, so none is missed at any scale.
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.effects = 0
        self.rejected_items = 0
        self.overtaken = 0
        self._newest: deque[tuple[Any, ...]] = deque(maxlen=MAX_KEPT_EFFECTS)
        self._overtaken: deque[tuple[Any, ...]] = deque(maxlen=MAX_KEPT_OVERTAKEN)

    def accept(self, pushes: int = 1) -> int:
        """Number pushes in the order they came; return the first number."""
        first = self.accepted + 1
        self.accepted += pushes
        return first

    def note_effect(self, push: Push, node: NodeStock, at: float) -> None:
        """Note when a push took effect, and whether a younger one was there before."""
        before = node.note_effect(push.row, push.number, at)
        overtaken_by = before if before > push.number else None
        self.effects += 1
        effect = (
            push.number,
            push.sku,
            node.ship_node,
            push.amount,
            push.accepted_at,
            at,
            push.operation,
            overtaken_by,
        )
        self._newest.append(effect)
        if overtaken_by is not None:
            self.overtaken += 1
            self._overtaken.append(effect)

    def overtaken_as_json(self) -> dict[str, Any]:
        """Return how often an older value took effect last, and the newest cases."""
        return {
            "count": self.overtaken,
            "columns": COLUMNS,
            "rows": list(self._overtaken),
        }

    def effects_as_json(self, *, sku: str | None, offset: int, limit: int) -> dict[str, Any]:
        """Return the kept effects, oldest first, of one SKU or of all."""
        found = (effect for effect in self._newest if sku is None or effect[1] == sku)
        return {
            "total": self.effects,
            "kept": len(self._newest),
            "columns": COLUMNS,
            "rows": list(islice(found, offset, offset + limit)),
        }
