"""Answers of M3 that are believed for a while, so that an ordinary order need not ask again."""

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Believed(Generic[Answer]):
    """The good answers of the last moments; whatever led to a finding is to be forgotten."""

    def __init__(self, lifetime: timedelta) -> None:
        self._lifetime = lifetime.total_seconds()
        self._answers: dict[str, tuple[Answer, float]] = {}

    def of(self, keys: Iterable[str]) -> dict[str, Answer]:
        """Return the answers that still hold."""
        now = time.monotonic()
        return {
            key: kept[0]
            for key in keys
            if (kept := self._answers.get(key)) is not None and kept[1] > now
        }

    def keep(self, answers: Mapping[str, Answer]) -> None:
        """Believe these from now on."""
        until = time.monotonic() + self._lifetime
        self._answers |= {key: (answer, until) for key, answer in answers.items()}

    def forget(self, keys: Iterable[str]) -> None:
        """Ask for these again next time."""
        for key in keys:
            self._answers.pop(key, None)
