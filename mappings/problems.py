"""What is wrong with the mapping files: every problem at once, each with its place and mend."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, order=True)
class Where:
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One mistake."""

    where: Where
    text: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}; mend: {self.mend}"


class MappingError(Exception):
    """The mapping files cannot be used; the text has one line for each problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Problems:
    """The problems found so far."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, where: Where, text: str, *, mend: str) -> None:
        """Note a problem and go on, so that all are reported together."""
        self.found.append(Problem(where=where, text=text, mend=mend))

    def stop(self) -> None:
        """Raise MappingError when there is any problem."""
        if self.found:
            raise MappingError(self.found)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the mend for a misspelled word: the nearest known one, or what there is."""
    words = sorted(known)
    same_case = {known_word.lower(): known_word for known_word in words}
    if near := difflib.get_close_matches(word.lower(), same_case, n=1):
        return f"did you mean {same_case[near[0]]}?"
    shown = ", ".join(words[:12])
    return f"use one of {shown}" + (", ..." if len(words) > 12 else "")


def display(path: Path) -> str:
    """Return the path as a person would type it where they are."""
    here = Path.cwd()
    absolute = path.absolute()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)
