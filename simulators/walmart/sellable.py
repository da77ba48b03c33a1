"""A set of rows of which one can be drawn at random without looking through a million."""

from array import array
from collections.abc import Iterable

ABSENT = -1


class Sellable:
    """Rows in no order; adding, taking away and drawing cost the same however many there are."""

    def __init__(self) -> None:
        self._rows = array("i")
        self._places = array("i")  # where a row stands in `_rows`, by row

    def __len__(self) -> int:
        return len(self._rows)

    def at(self, place: int) -> int:
        """Return the row at a place below `len`."""
        return self._rows[place]

    def clear(self) -> None:
        """Take all rows away."""
        del self._rows[:]
        del self._places[:]

    def fill(self, rows: Iterable[int]) -> None:
        """Hold these rows, given in rising order, instead of those before."""
        self.clear()
        self._rows.extend(rows)
        if self._rows:
            self._reach(self._rows[-1])
        for place, row in enumerate(self._rows):
            self._places[row] = place

    def add(self, row: int) -> None:
        """Hold a row; once is enough."""
        self._reach(row)
        if self._places[row] == ABSENT:
            self._places[row] = len(self._rows)
            self._rows.append(row)

    def discard(self, row: int) -> None:
        """Hold a row no longer; the last one moves to its place."""
        if row >= len(self._places) or self._places[row] == ABSENT:
            return
        place, last = self._places[row], self._rows.pop()
        if last != row:
            self._rows[place] = last
            self._places[last] = place
        self._places[row] = ABSENT

    def _reach(self, row: int) -> None:
        missing = row + 1 - len(self._places)
        if missing > 0:
            self._places.extend([ABSENT] * missing)
