"""Which balances changed since a moment, in the order of their change stamps."""

import operator
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import compress

SLACK = 10_000  # entries beyond twice the balances before outdated ones are thrown out


class ChangeIndex:
    """An index over a column of stamps, of which each row has one and changes it often.

    Each new stamp adds an entry; an entry whose stamp is no longer that of its row is outdated
    and skipped. A row's stamps must rise, so that an entry cannot come true again. Two arrays
    of 12 bytes per entry are all there is.

    Args:
        latest: the stamps by row, kept by the caller; 0 is none.
    """

    def __init__(self, latest: "array[int]") -> None:
        self._latest = latest
        self._stamps = array("q")
        self._rows = array("i")
        self._cleanings = 0

    def __len__(self) -> int:
        return len(self._stamps)

    @property
    def first_stamp(self) -> int | None:
        """Return the lowest stamp any entry has, None without entries."""
        return self._stamps[0] if self._stamps else None

    def put(self, row: int, stamp: int) -> None:
        """Add the stamp a row has now. A clock that was set back makes stamps come out of order."""
        if not self._stamps or stamp >= self._stamps[-1]:
            self._stamps.append(stamp)
            self._rows.append(row)
        else:
            at = bisect_right(self._stamps, stamp)
            self._stamps.insert(at, stamp)
            self._rows.insert(at, row)
        if len(self._stamps) > 2 * len(self._latest) + SLACK:
            self._clean()

    def put_before_all(self, stamps: "array[int]", rows: "array[int]") -> None:
        """Add many entries whose stamps rise and lie below every stamp there is."""
        self._stamps = stamps + self._stamps
        self._rows = rows + self._rows
        self._cleanings += 1

    def since(self, stamp: int) -> Iterator[int]:
        """Yield the rows with this stamp or a higher one, lowest first.

        Rows may change while somebody reads: one that does comes, or comes again, at its new
        place.
        """
        at, cleanings = bisect_left(self._stamps, stamp), self._cleanings
        while at < len(self._stamps):
            found, row = self._stamps[at], self._rows[at]
            at += 1
            if self._latest[row] == found:
                yield row
                if cleanings != self._cleanings:
                    at, cleanings = bisect_left(self._stamps, found), self._cleanings

    def _clean(self) -> None:
        """Throw out what is outdated."""
        stamps_now = map(self._latest.__getitem__, self._rows)
        valid = bytearray(map(operator.eq, stamps_now, self._stamps))
        self._stamps = array("q", compress(self._stamps, valid))
        self._rows = array("i", compress(self._rows, valid))
        self._cleanings += 1
