"""Value tables: small files that say what a value of one system is called in the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from domain.errors import ShipNodeClosed, UnmappedValue
from mappings.problems import Problems, Where, display, suggestion
from mappings.yaml_files import Entry, entries, read_entries

# The column of a table that has only one value in each row.
ONLY = ""

Cell = str | bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a table."""

    cells: Mapping[str, Cell]
    where: Where


@dataclass(frozen=True, kw_only=True)
class Table:
    """A value table."""

    name: str
    rows: Mapping[str, Row]

    @property
    def columns(self) -> frozenset[str]:
        """Return the names of all columns; only `ONLY` when each row is one value."""
        return frozenset(column for row in self.rows.values() for column in row.cells)

    def row(self, key: str) -> Row:
        """Return the row of `key`.

        Raises:
            UnmappedValue: the table has no such row.
        """
        try:
            return self.rows[key.strip()]
        except KeyError:
            raise UnmappedValue(self.name, key.strip()) from None

    def cell(self, key: str, column: str) -> Cell | None:
        """Return one value of the row of `key`, None when that row leaves it out."""
        return self.row(key).cells.get(column)


@dataclass(frozen=True, kw_only=True)
class Site:
    """The M3 place that ships for a Walmart ship node."""

    facility: str  # FACI; empty: the pair's
    warehouse: str  # WHLO


@dataclass(frozen=True, kw_only=True)
class ShipNodes:
    """Ship node to site. The row "" is for orders that name no ship node."""

    table: Table

    def has(self, ship_node: str) -> bool:
        """Return whether the table has a row for `ship_node`."""
        return ship_node in self.table.rows

    @property
    def open(self) -> tuple[str, ...]:
        """Return the ship nodes that something is shipped from."""
        rows = self.table.rows
        return tuple(node for node in rows if node and not self.table.row(node).cells.get("closed"))

    def site(self, ship_node: str) -> Site:
        """Return the site of `ship_node`.

        Raises:
            UnmappedValue: the table has no row for it.
            ShipNodeClosed: its row says that nothing is shipped from there.
        """
        cells = self.table.row(ship_node).cells
        if cells.get("closed"):
            raise ShipNodeClosed(ship_node)
        facility = str(cells.get("facility", ""))
        return Site(facility=facility, warehouse=str(cells["warehouse"]))


@dataclass(frozen=True, kw_only=True)
class Carriers:
    """M3 delivery method to what Walmart and the buyer see of the carrier."""

    table: Table

    def tracking_url(self, delivery_method: str, tracking_number: str) -> str:
        """Return where to track a package; empty when the table leaves it to Walmart.

        Raises:
            UnmappedValue: the table has no row for the delivery method.
        """
        template = str(self.table.cell(delivery_method, "tracking_url") or "")
        return template.replace(PLACE_OF_NUMBER, quote(tracking_number, safe=""))


PLACE_OF_NUMBER = "{tracking_number}"


def load_tables(directory: Path, overrides: Path | None, problems: Problems) -> Mapping[str, Table]:
    """Read all tables of a folder; the override folder's rows replace, add or (null) remove."""
    shipped = {path.stem: path for path in sorted(directory.glob("*.yaml"))}
    own = {path.stem: path for path in sorted(overrides.glob("*.yaml"))} if overrides else {}
    return {
        name: _table(name, shipped.get(name), own.get(name), problems)
        for name in sorted(shipped | own)
    }


def _table(name: str, base: Path | None, override: Path | None, problems: Problems) -> Table:
    rows = dict(read_entries(base, problems)) if base else {}
    for key, entry in (read_entries(override, problems) if override else {}).items():
        if entry.node is not None:
            rows[key] = entry
        elif rows.pop(key, None) is None:
            problems.add(
                entry.where, f"table {name} has no row {key!r} to remove", mend="delete this line"
            )
    return Table(
        name=name,
        rows={key: _row(entry, problems) for key, entry in rows.items()},
    )


def _row(entry: Entry, problems: Problems) -> Row:
    if isinstance(entry.value, str):
        return Row(cells={ONLY: entry.value}, where=entry.where)
    if not isinstance(entry.value, dict):
        _unquoted(entry, problems)
        return Row(cells={}, where=entry.where)
    cells: dict[str, Cell] = {}
    for column, cell in entries(entry.node, entry.where, problems).items():
        if isinstance(cell.value, (str, bool)):
            cells[column] = cell.value
        else:
            _unquoted(cell, problems)
    return Row(cells=cells, where=entry.where)


def _unquoted(entry: Entry, problems: Problems) -> None:
    problems.add(
        entry.where,
        f"the value of {entry.key} is not text; a number loses its leading zeros",
        mend=f'write it in quotes: "{entry.value}"',
    )


def check_ship_nodes(table: Table, problems: Problems) -> ShipNodes:
    """Note every ship node without a place to ship from."""
    for ship_node, row in table.rows.items():
        _check_columns(table, row, {"facility", "warehouse", "closed"}, problems)
        if row.cells.get("closed") is True:
            continue
        _check_site_cell(ship_node, row, "warehouse", problems)
        if "facility" in row.cells:
            _check_site_cell(ship_node, row, "facility", problems)
    return ShipNodes(table=table)


def _check_site_cell(ship_node: str, row: Row, column: str, problems: Problems) -> None:
    cell = row.cells.get(column)
    if not isinstance(cell, str) or not cell:
        problems.add(
            row.where,
            f"ship node {ship_node!r} has no {column}",
            mend=f'add {column}: "..." or write {{closed: true}}',
        )
    elif len(cell) > 3:  # FACI and WHLO
        problems.add(
            row.where, f"{column} {cell!r} is longer than 3 characters", mend="use M3's code"
        )


def check_carriers(table: Table, known: frozenset[str], problems: Problems) -> Carriers:
    """Note every carrier Walmart would refuse. `known` are the carriers of Walmart's schema."""
    for row in table.rows.values():
        _check_columns(table, row, {"carrier", "other", "tracking_url"}, problems)
        carrier, other = row.cells.get("carrier"), row.cells.get("other")
        url = str(row.cells.get("tracking_url", ""))
        if (carrier is None) == (other is None):
            problems.add(
                row.where,
                "the row must have one of carrier and other",
                mend="carrier for one of Walmart's list, other for any name",
            )
        if carrier is not None and carrier not in known:
            problems.add(
                row.where,
                f"Walmart has no carrier {carrier!r}",
                mend=f"{suggestion(str(carrier), known)} Or write other and tracking_url",
            )
        if other is not None and PLACE_OF_NUMBER not in url:
            problems.add(
                row.where,
                "Walmart asks for a tracking URL when the carrier is another",
                mend=f'add tracking_url: "https://.../{PLACE_OF_NUMBER}"',
            )
    return Carriers(table=table)


def _check_columns(table: Table, row: Row, known: set[str], problems: Problems) -> None:
    for column in sorted(set(row.cells) - known):
        problems.add(
            row.where,
            f"table {table.name} has no column {column!r}",
            mend=suggestion(column, known),
        )


def empty_table(name: str, directory: Path, problems: Problems) -> Table:
    """Note that a table the code needs is missing, and stand in for it."""
    problems.add(
        Where(file=display(directory / f"{name}.yaml"), line=1),
        "the table is missing",
        mend="restore the file",
    )
    return Table(name=name, rows={})
