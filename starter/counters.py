"""What came in and what became of it, for Prometheus to scrape."""

from collections import Counter

NAME = "m3_walmart_starter_events_total"
DEAD_LETTERS = "m3_walmart_starter_dead_letters_total"
OPEN_DEAD_LETTERS = "m3_walmart_dead_letters_open"


class Counters:
    """Counts of one starter process. Labels are few and ours, never the sender's text."""

    def __init__(self) -> None:
        self._events: Counter[tuple[str, str]] = Counter()
        self._dead_letters: Counter[tuple[str, str]] = Counter()

    def count(self, kind: str, outcome: str) -> None:
        """Add one event of `kind` that ended in `outcome`."""
        self._events[kind, outcome] += 1

    def count_dead_letter(self, source: str, cause: str) -> None:
        """Add one message that was put among the dead letters."""
        self._dead_letters[source, cause] += 1

    def exposition(self, *, open_dead_letters: int | None) -> str:
        """Return the counts in Prometheus' text format, version 0.0.4.

        Args:
            open_dead_letters: how many wait for a person, None when the ledger does not say.
        """
        lines = [
            f"# HELP {NAME} Webhooks and ION messages, by what they were and what became of them.",
            f"# TYPE {NAME} counter",
        ]
        for (kind, outcome), count in sorted(self._events.items()):
            lines.append(f'{NAME}{{kind="{kind}",outcome="{outcome}"}} {count}')
        lines += [
            f"# HELP {DEAD_LETTERS} Messages that belong to nothing, by sender and cause.",
            f"# TYPE {DEAD_LETTERS} counter",
        ]
        for (source, cause), count in sorted(self._dead_letters.items()):
            lines.append(f'{DEAD_LETTERS}{{source="{source}",cause="{cause}"}} {count}')
        if open_dead_letters is not None:
            lines += [
                f"# HELP {OPEN_DEAD_LETTERS} Messages that belong to nothing and are still open.",
                f"# TYPE {OPEN_DEAD_LETTERS} gauge",
                f"{OPEN_DEAD_LETTERS} {open_dead_letters}",
            ]
        return "\n".join(lines) + "\n"
