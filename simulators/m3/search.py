"""M3's search engine: sees a change only after a while, unlike List and Get transactions."""

import re
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from simulators.m3.fields import Row
from simulators.m3.messages import Nok

TERM = re.compile(r"""\s*(?:([A-Z0-9]{4}):)?(?:'([^']*)'|"([^"]*)"|([^\s'":]+))(?=\s|$)""")
NOT_SIMULATED = frozenset({"OR", "NOT"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One condition of a query; without a field it may match any."""

    field: str
    value: str
    prefix: bool

    def matches(self, document: Row) -> bool:
        """Tell whether a document meets this condition."""
        if self.field:
            return self._meets(document.get(self.field, ""))
        return any(self._meets(value) for value in document.values())

    def _meets(self, value: str) -> bool:
        value = value.upper()
        return value.startswith(self.value) if self.prefix else value == self.value


class SearchIndex:
    """The searchable documents of one kind.

    Args:
        clock: seconds since some moment.
        lag: returns how many seconds the index is behind; asked at each search.
        fields: the fields a query may name.
        keyed: the fields that find their documents without reading all of them.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        lag: Callable[[], float],
        *,
        fields: tuple[str, ...],
        keyed: tuple[str, ...],
    ) -> None:
        self._clock = clock
        self._lag = lag
        self._fields = frozenset(fields)
        self._keyed = keyed
        self._waiting: deque[tuple[float, Hashable, Row | None]] = deque()
        self._documents: dict[Hashable, Row] = {}
        self._found_by: dict[tuple[str, str], dict[Hashable, None]] = defaultdict(dict)

    def put(self, key: Hashable, document: Row | None) -> None:
        """Take a new state of a document; None removes it. Visible when the lag has passed."""
        self._waiting.append((self._clock(), key, document))

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._documents.clear()
        self._found_by.clear()

    def search(self, query: str) -> Iterator[Row]:
        """Yield the documents that meet every condition of an SQRY text.

        Raises:
            Nok: the query is empty, uses OR, NOT or brackets, or names a field M3 cannot search.
        """
        terms = self._terms(query)
        self._catch_up()
        for key in self._candidates(terms):
            document = self._documents[key]
            if all(term.matches(document) for term in terms):
                yield document

    def _terms(self, query: str) -> list[Term]:
        terms: list[Term] = []
        position, end = 0, len(query.rstrip())
        while position < end:
            match = TERM.match(query, position)
            if match is None:
                raise Nok("SIM0011", query, field="SQRY")
            position = match.end()
            field, single, double, bare = match.groups()
            value = single if single is not None else double if double is not None else bare
            if bare == "AND" and not field:
                continue
            if (bare in NOT_SIMULATED and not field) or (field and field not in self._fields):
                raise Nok("SIM0011", query, field="SQRY")
            prefix = bare is not None and value.endswith("*")
            terms.append(
                Term(field=field or "", value=value.removesuffix("*").upper(), prefix=prefix)
            )
        if not terms:
            raise Nok("SIM0011", query, field="SQRY")
        return terms

    def _candidates(self, terms: list[Term]) -> list[Hashable]:
        """Return the shortest list of documents one of the conditions points at."""
        pointed: list[dict[Hashable, None]] = [
            self._found_by.get((term.field, term.value), {})
            for term in terms
            if term.field in self._keyed and not term.prefix
        ]
        shortest = min(pointed, key=lambda keys: len(keys), default=self._documents)
        return list(shortest)

    def _catch_up(self) -> None:
        """Index every change that is older than the lag."""
        until = self._clock() - self._lag()
        while self._waiting and self._waiting[0][0] <= until:
            _, key, document = self._waiting.popleft()
            self._forget(key)
            if document is not None:
                self._documents[key] = document
                for field in self._keyed:
                    self._found_by[field, document.get(field, "").upper()][key] = None

    def _forget(self, key: Hashable) -> None:
        document = self._documents.pop(key, None)
        if document is not None:
            for field in self._keyed:
                self._found_by[field, document.get(field, "").upper()].pop(key, None)
