"""Read and check `inventory.yaml`: the shipped file, and what a pair changes in it.

A mistake is found when the file is read, with its line: a misspelled key, a formula that cannot
give a number, a ship node or warehouse there is not, a share above 100%, a kit of a kit.
"""

import itertools
import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

import cel

from domain.inventory import Component
from mappings.expressions import check_functions, compiled, names_read
from mappings.inventory import (
    FORMULA_ERRORS,
    MOST_UNITS,
    Brake,
    Formula,
    Inventory,
    Reserve,
    SafetyStock,
    is_number,
)
from mappings.problems import Problems, Where, display, suggestion
from mappings.tables import ShipNodes
from mappings.yaml_files import Entries, Entry, entries, read_entries

INVENTORY = "inventory"

KEYS = (
    "available",
    "safety_stock",
    "receipts_within_days",
    "cap",
    "warehouses",
    "kits",
    "brake",
)
SAFETY_KEYS = ("default", "warehouses", "item_groups", "items")
BRAKE_KEYS = ("zeroed", "changed", "at_least")
VARIABLES = ("net", "safety", "held", "receipts")

# A formula is tried with each of these for each variable: it has to have a result whatever comes.
TRIED = (0, 1, 250)
TRIED_NET = (-3, *TRIED)

MOST_DAYS = 365
# A kit takes at least so much of an item; less would be a slip of the pen.
LEAST_QUANTITY = Decimal("0.0001")
# WHLO
WAREHOUSE_LENGTH = 3

_PERCENT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,4})?) ?%")

_WHOLE = "a whole number, 0 or more"
_UNITS = f'{_WHOLE}, or a share such as "10%"'

# Stands in for a formula that is wrong, which is noted: nobody computes with it.
_NO_FORMULA = Formula(program=cel.compile("0"))

# The shipped entry and the pair's own, where there is one.
Layers = tuple[Entry | None, Entry | None]


def load_inventory(
    directory: Path, overrides: Path | None, ship_nodes: ShipNodes, problems: Problems
) -> Inventory:
    """Read the shipped file, and the entries a pair changes, adds or removes."""
    shipped = directory / f"{INVENTORY}.yaml"
    own = overrides / f"{INVENTORY}.yaml" if overrides else None
    reader = _Reader(file=Where(file=display(shipped), line=1), problems=problems)
    parts = reader.layers(
        read_entries(shipped, problems),
        read_entries(own, problems) if own and own.exists() else {},
        KEYS,
        INVENTORY,
    )
    warehouses = reader.warehouses(parts["warehouses"], ship_nodes)
    return Inventory(
        formula=reader.formula(_last(parts["available"])),
        safety_stock=reader.safety_stock(parts["safety_stock"], _all(warehouses, ship_nodes)),
        receipts_within_days=reader.whole(_last(parts["receipts_within_days"]), most=MOST_DAYS),
        cap=reader.cap(_last(parts["cap"])),
        warehouses=warehouses,
        kits=reader.kits(parts["kits"]),
        brake=reader.brake(parts["brake"]),
        ship_nodes=ship_nodes,
    )


def _last(layers: Layers) -> Entry | None:
    shipped, own = layers
    return own or shipped


def _all(warehouses: Mapping[str, Iterable[str]], ship_nodes: ShipNodes) -> set[str]:
    """Return every warehouse a ship node ships from."""
    single = {str(row.cells.get("warehouse", "")) for row in ship_nodes.table.rows.values()}
    return single.union(*warehouses.values()) - {""}


class _Reader:
    """Turns entries into values. What is wrong is noted, and something harmless returned."""

    def __init__(self, *, file: Where, problems: Problems) -> None:
        self._file = file
        self._problems = problems

    def layers(
        self, shipped: Entries, own: Entries, known: tuple[str, ...], what: str
    ) -> dict[str, Layers]:
        """Return the entries of something whose keys are fixed."""
        for entry in (*shipped.values(), *own.values()):
            if entry.key not in known:
                self._problems.add(
                    entry.where, f"{what} has no {entry.key}", mend=suggestion(entry.key, known)
                )
        missing = [key for key in known if shipped and key not in {**shipped, **own}]
        for key in missing:
            self._problems.add(self._file, f"{what} lacks {key}", mend="restore the shipped file")
        return {key: (shipped.get(key), own.get(key)) for key in known}

    def section(self, layers: Layers, known: tuple[str, ...], what: str) -> dict[str, Layers]:
        """Return the entries under a key whose own keys are fixed."""
        shipped, own = (self._entries(entry) for entry in layers)
        return self.layers(shipped, own, known, what)

    def rows(self, layers: Layers, what: str) -> dict[str, Entry]:
        """Return the entries under a key whose own keys are free; null removes a shipped one."""
        shipped, own = (self._entries(entry) for entry in layers)
        rows = dict(shipped)
        for key, entry in own.items():
            if entry.node is not None:
                rows[key] = entry
            elif rows.pop(key, None) is None:
                self._problems.add(
                    entry.where, f"{what} has no {key!r} to remove", mend="delete this line"
                )
        return rows

    def _entries(self, entry: Entry | None) -> Entries:
        return entries(entry.node, entry.where, self._problems) if entry else {}

    def _wrong(self, entry: Entry, *, mend: str) -> None:
        value = entry.value
        self._problems.add(entry.where, f"{entry.key} takes no {value!r}", mend=f"write {mend}")

    def formula(self, entry: Entry | None) -> Formula:
        """Return the formula, tried with all kinds of quantities."""
        if entry is None:
            return _NO_FORMULA
        if not isinstance(entry.value, str):
            self._wrong(entry, mend="an expression, such as net - safety - held")
            return _NO_FORMULA
        before = len(self._problems.found)
        program = compiled(entry.key, entry.value, entry.where, self._problems)
        if program is None:
            return _NO_FORMULA
        for name in names_read(program):
            if name not in VARIABLES:
                self._problems.add(
                    entry.where,
                    f"{entry.key} names {name}, which there is not",
                    mend=suggestion(name, VARIABLES),
                )
        check_functions(entry.key, program, entry.where, self._problems)
        if len(self._problems.found) == before:
            self._try(entry, program)
        return Formula(program=program)

    def _try(self, entry: Entry, program: cel.Program) -> None:
        for quantities in itertools.product(TRIED_NET, TRIED, TRIED, TRIED):
            values = dict(zip(VARIABLES, quantities, strict=True))
            shown = ", ".join(f"{name} {value}" for name, value in values.items())
            try:
                result = program.execute(values)
            except FORMULA_ERRORS as error:
                said = str(error).splitlines()[0].partition(". ")[0]
                self._problems.add(
                    entry.where,
                    f"{entry.key} cannot be worked out for {shown}: {said}",
                    mend="multiply like with like: double(net) * 0.9; divide by nothing that can "
                    "be 0: held > 0 ? net / held : net",
                )
                return
            if not is_number(result):
                self._problems.add(
                    entry.where,
                    f"{entry.key} gives no number for {shown}: {result!r}",
                    mend="compute units: net - safety - held",
                )
                return

    def safety_stock(self, layers: Layers, warehouses: set[str]) -> SafetyStock:
        """Return what is kept back."""
        parts = self.section(layers, SAFETY_KEYS, "safety_stock")
        by_warehouse = self.rows(parts["warehouses"], "safety_stock.warehouses")
        for entry in by_warehouse.values():
            if entry.key not in warehouses:
                self._problems.add(
                    entry.where,
                    f"no ship node ships from warehouse {entry.key!r}",
                    mend=suggestion(entry.key, warehouses),
                )
        return SafetyStock(
            default=self._reserve(_last(parts["default"])),
            warehouses=self._reserves(by_warehouse),
            item_groups=self._reserves(self.rows(parts["item_groups"], "safety_stock.item_groups")),
            items=self._reserves(self.rows(parts["items"], "safety_stock.items")),
        )

    def _reserves(self, rows: Mapping[str, Entry]) -> dict[str, Reserve]:
        return {key: self._reserve(entry) for key, entry in rows.items()}

    def _reserve(self, entry: Entry | None) -> Reserve:
        if entry is not None and isinstance(entry.value, str):
            return Reserve(percent=self._percent(entry, mend=_UNITS))
        return Reserve(units=self.whole(entry, mend=_UNITS))

    def _percent(self, entry: Entry | None, *, mend: str = 'a share such as "20%"') -> Decimal:
        if entry is None:
            return Decimal(0)
        match = _PERCENT.fullmatch(entry.value) if isinstance(entry.value, str) else None
        if match is None:
            self._wrong(entry, mend=mend)
            return Decimal(0)
        percent = Decimal(match[1])
        if percent > 100:
            self._problems.add(
                entry.where, f"{entry.key}: {match[0]} is more than all", mend="write at most 100%"
            )
        return percent

    def whole(self, entry: Entry | None, *, most: int = MOST_UNITS, mend: str = _WHOLE) -> int:
        """Return a whole number from 0 to `most`."""
        if entry is None:
            return 0
        value = entry.value
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self._wrong(entry, mend=mend)
            return 0
        if value > most:
            self._wrong(entry, mend=f"at most {most}")
        return value

    def cap(self, entry: Entry | None) -> int | None:
        """Return the limit; None when there is none."""
        if entry is None or entry.node is None:
            return None
        return self.whole(entry, mend=f"{_WHOLE}, or null for no limit")

    def warehouses(self, layers: Layers, ship_nodes: ShipNodes) -> dict[str, tuple[str, ...]]:
        """Return the warehouses of the ship nodes that have more than one."""
        found = {}
        for ship_node, entry in self.rows(layers, "warehouses").items():
            codes = entry.value if isinstance(entry.value, list) else []
            if not codes or not all(_is_warehouse(code) for code in codes):
                self._wrong(entry, mend='a list of M3\'s codes in quotes: ["001", "003"]')
            elif len(set(codes)) < len(codes):
                self._wrong(entry, mend="each warehouse once")
            else:
                self._check_ship_node(entry, codes, ship_nodes)
                found[ship_node] = tuple(codes)
        return found

    def _check_ship_node(self, entry: Entry, codes: list[str], ship_nodes: ShipNodes) -> None:
        rows = ship_nodes.table.rows
        if entry.key not in rows:
            self._problems.add(
                entry.where,
                f"the table ship_nodes has no ship node {entry.key!r}",
                mend=suggestion(entry.key, rows),
            )
            return
        cells = rows[entry.key].cells
        if cells.get("closed"):
            self._problems.add(
                entry.where, f"ship node {entry.key!r} is closed", mend="delete this line"
            )
        elif cells.get("warehouse") not in codes:
            self._problems.add(
                entry.where,
                f"orders of ship node {entry.key!r} ship from {cells.get('warehouse')!r}, "
                "which is not among its warehouses",
                mend="add it",
            )

    def kits(self, layers: Layers) -> dict[str, tuple[Component, ...]]:
        """Return the items of each kit."""
        rows = self.rows(layers, "kits")
        return {sku: self._kit(entry, rows) for sku, entry in rows.items()}

    def _kit(self, kit: Entry, kits: Mapping[str, Entry]) -> tuple[Component, ...]:
        before = len(self._problems.found)
        items = self._entries(kit)
        if not items and len(self._problems.found) == before:
            self._problems.add(
                kit.where, f"kit {kit.key} has no items", mend="write ITEM: quantity, or delete it"
            )
        for item in items.values():
            if item.key in kits:
                self._problems.add(
                    item.where,
                    f"{item.key} of kit {kit.key} is a kit itself",
                    mend=f"write the items of {item.key} in its place",
                )
        return tuple(
            Component(item_number=item.key, quantity=self._quantity(item))
            for item in items.values()
        )

    def _quantity(self, item: Entry) -> Decimal:
        value = item.value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and math.isfinite(value):
            quantity = Decimal(repr(float(value)) if isinstance(value, float) else value)
            if LEAST_QUANTITY <= quantity <= MOST_UNITS:
                return quantity
        self._wrong(item, mend="how many EACH of it are in one kit, above 0")
        return Decimal(1)

    def brake(self, layers: Layers) -> Brake:
        """Return the shares above which a run waits."""
        parts = self.section(layers, BRAKE_KEYS, "brake")
        return Brake(
            zeroed=self._percent(_last(parts["zeroed"])),
            changed=self._percent(_last(parts["changed"])),
            at_least=self.whole(_last(parts["at_least"])),
        )


def _is_warehouse(code: object) -> bool:
    return isinstance(code, str) and 0 < len(code) <= WAREHOUSE_LENGTH
