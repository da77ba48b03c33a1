"""Mappings that follow their files: a changed table or rule takes effect without a restart."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from mappings.loader import MappingSet, load_mappings
from mappings.problems import MappingError

log = structlog.get_logger()

# Of each file: when it was changed, and its size.
Stamps = Mapping[str, tuple[int, int]]


class LiveMappings:
    """The mappings of one pair, read again when a file of its own folder has changed.

    Files that are wrong change nothing: the mappings before stay in force, and `problem` says
    what is wrong until the files are mended.
    """

    def __init__(self, overrides: Path | None) -> None:
        """Read the mappings.

        Raises:
            MappingError: something is wrong with them.
        """
        self._overrides = overrides
        self._stamps = self._look()
        self._current = load_mappings(overrides=overrides)
        self.problem = ""

    @property
    def current(self) -> MappingSet:
        """Return the mappings in force.

        To look at a dozen files takes a tenth of a millisecond, next to calls of many.
        """
        # Looked at before they are read: what changes meanwhile is noticed the next time.
        if (stamps := self._look()) != self._stamps:
            self._stamps = stamps
            self._read()
        return self._current

    def _read(self) -> None:
        try:
            self._current = load_mappings(overrides=self._overrides)
        except MappingError as error:
            self.problem = str(error)
            log.error("changed_mappings_refused", reason=self.problem)
            return
        self.problem = ""
        log.info("changed_mappings_taken")

    def _look(self) -> Stamps:
        folder = self._overrides
        if folder is None:
            return {}
        stamps = {}
        for path in (*folder.glob("*.y*ml"), *folder.glob("tables/*.y*ml")):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # taken away while we looked
            stamps[str(path)] = (status.st_mtime_ns, status.st_size)
        return stamps
