"""What came in and what became of it, for Prometheus to scrape."""

from collections import Counter

NAME = "m3_walmart_starter_events_total"


class Counters:
    """Counts of one starter process. Labels are few and ours, never the sender's text."""

    def __init__(self) -> None:
        self._events: Counter[tuple[str, str]] = Counter()

    def count(self, kind: str, outcome: str) -> None:
        """Add one event of `kind` that ended in `outcome`."""
        self._events[kind, outcome] += 1

    def exposition(self) -> str:
        """Return the counts in Prometheus' text format, version 0.0.4."""
        lines = [
            f"# HELP {NAME} Webhooks and ION messages, by what they were and what became of them.",
            f"# TYPE {NAME} counter",
        ]
        for (kind, outcome), count in sorted(self._events.items()):
            lines.append(f'{NAME}{{kind="{kind}",outcome="{outcome}"}} {count}')
        return "\n".join(lines) + "\n"
