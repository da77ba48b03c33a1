"""What came of a demo with troubles: how soon each was shown and told, and what is left."""

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console


@dataclass(kw_only=True)
class Told:
    """One order in trouble: when something went wrong, and when it was shown and told."""

    purchase_order_id: str
    trouble: str
    sku: str = ""
    wrong_at: float = 0.0
    shown_at: float = 0.0
    alerted_at: float = 0.0
    resolved_by: str = ""
    cause: str = ""


@dataclass(frozen=True, kw_only=True)
class TroublesReport:
    """What came of it; counted by the simulators, Temporal's list and the alerts' receiver."""

    orders: int
    in_trouble: int
    causes: dict[str, int]
    resolved: int
    commands: int
    open_cases: int
    open_orders: int
    m3_orders: int
    canceled: int
    lost: int
    duplicates: int
    mismatches: int
    orphan_batches: int
    shipped_after_cancellation: int
    seconds: float
    attention_seconds: dict[str, float]
    alert_seconds: dict[str, float]
    alerts: dict[str, int]
    troubles: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Tell whether all was resolved and both systems agree."""
        wrong = self.open_cases + self.open_orders + self.lost + self.duplicates
        wrong += self.mismatches + self.orphan_batches
        return not wrong and self.resolved == self.in_trouble

    def show(self, console: Console) -> None:
        """Print it, the verdict last."""
        console.print()
        for name, value in asdict(self).items():
            if name not in ("troubles", "problems", "causes"):
                console.print(f"{name.replace('_', ' '):28} {value}")
        for problem in self.problems[:20]:
            console.print(problem, style="red")
        verdict = "Every trouble was resolved." if self.succeeded else "Not every trouble was."
        console.print(verdict, style="bold green" if self.succeeded else "bold red")


def in_short(told: Told) -> dict[str, Any]:
    """Return one trouble for the report."""
    return {
        "purchase_order_id": told.purchase_order_id,
        "trouble": told.trouble,
        "cause": told.cause,
        "resolved_by": told.resolved_by,
        "attention_seconds": round(told.shown_at - told.wrong_at, 2) if told.shown_at else None,
        "alert_seconds": round(told.alerted_at - told.wrong_at, 2) if told.alerted_at else None,
    }


def counted(causes: Iterable[str]) -> dict[str, int]:
    """Return how often each cause occurs."""
    counts: dict[str, int] = {}
    for cause in causes:
        counts[cause] = counts.get(cause, 0) + 1
    return dict(sorted(counts.items()))


def spread(seconds: list[float]) -> dict[str, float]:
    """Return the median and the largest."""
    if not seconds:
        return {}
    return {"p50": round(statistics.median(seconds), 2), "max": round(max(seconds), 2)}
