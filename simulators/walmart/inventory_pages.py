"""The pages of all inventories: a cursor works once, and only as the next step of its walk."""

import base64
import uuid

from simulators.walmart.errors import CONTENT_NOT_FOUND, Refused

MAX_KEPT_CURSORS = 1_000


class InventoryCursors:
    """The one cursor of each walk that was handed out last and not used yet."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}  # where the next page begins, by cursor

    def issue(self, row: int) -> str:
        """Return the cursor of the page that begins at a row."""
        cursor = base64.b64encode(f"{uuid.uuid4()} {row}".encode()).decode()
        if len(self._rows) >= MAX_KEPT_CURSORS:
            self._rows.pop(next(iter(self._rows)))
        self._rows[cursor] = row
        return cursor

    def use(self, cursor: str) -> int:
        """Return where the page of a cursor begins; the cursor is worth nothing from now on.

        Raises:
            Refused: 404 for a cursor that was used before or never issued.
        """
        if cursor not in self._rows:
            raise Refused(
                "nextCursor is used or out of order",
                status=404,
                code=CONTENT_NOT_FOUND,
                field="nextCursor",
            )
        return self._rows.pop(cursor)
