"""Read and check all mapping files when the process starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mappings.catalog import RECORDS, SHIPPING_LINE, Catalog, Target, load_catalog
from mappings.engine import RecordMapping
from mappings.inventory import Inventory
from mappings.inventory_files import INVENTORY, load_inventory
from mappings.problems import Problems, Where, display, suggestion
from mappings.rule_files import VALIDATION, load_rules
from mappings.rules import Condition, Rule, RuleReader
from mappings.tables import (
    Carriers,
    ShipNodes,
    Table,
    check_carriers,
    check_ship_nodes,
    empty_table,
    load_tables,
)
from mappings.validation import Validation
from mappings.yaml_files import Entry, entries, read_entries

SHIPPED = Path(__file__).parent

# Records an order can do without; only these may have a condition as a whole.
OPTIONAL = frozenset({"order_charge", "order_charge_direct", "order_text"})

# Fields by which a later step recognizes what an earlier one wrote. An override that changed
# them would let orders, lines or customers be created twice.
RECOGNIZED_BY: Mapping[str, Mapping[str, str]] = {
    "order_head": {"CUOR": "order.purchaseOrderId"},
    "order_head_direct": {"CUOR": "order.purchaseOrderId"},
    "order_line": {
        "CUPO": "line.lineNumber",
        "ITNO": "facts.item_number",
        "ORQT": "facts.quantity",
    },
    "order_line_direct": {
        "PONR": "line.lineNumber",
        "ITNO": "facts.item_number",
        "ORQT": "facts.quantity",
    },
    "customer": {"ALCU": "facts.buyer_key"},
    "customer_address": {"ADID": "facts.address_id"},
}


@dataclass(frozen=True, kw_only=True)
class MappingSet:
    """All mappings, value tables, rules and the stock formula of one pair."""

    records: Mapping[str, RecordMapping]
    tables: Mapping[str, Table]
    ship_nodes: ShipNodes
    carriers: Carriers
    validation: Validation
    inventory: Inventory

    def __getitem__(self, record: str) -> RecordMapping:
        return self.records[record]


@dataclass(frozen=True, kw_only=True)
class _File:
    """A mapping file together with what the pair overrides in it."""

    where: Where
    target: Entry | None
    when: Entry | None
    fields: Mapping[str, Entry]


def load_mappings(directory: Path = SHIPPED, overrides: Path | None = None) -> MappingSet:
    """Read the mapping files of `directory`, and those fields and rows a pair overrides.

    Args:
        directory: folder with all mapping files and the folder `tables`.
        overrides: folder with partial files of the same names. A field or row there replaces
            that of the same name or adds one; `FIELD: null` removes it.

    Raises:
        MappingError: something is wrong; all problems are named, each with file, line and mend.
    """
    problems, catalog = Problems(), load_catalog()
    if overrides is not None:
        _check_names(overrides, problems)
    tables = load_tables(
        directory / "tables", overrides / "tables" if overrides else None, problems
    )
    needed = {
        name: tables.get(name) or empty_table(name, directory / "tables", problems)
        for name in ("ship_nodes", "carriers")
    }
    carriers = catalog.targets[RECORDS[SHIPPING_LINE]].fields["trackingInfo.carrierName.carrier"]
    records = {
        name: _record(name, directory, overrides, catalog, tables, problems) for name in RECORDS
    }
    ship_nodes = check_ship_nodes(needed["ship_nodes"], problems)
    mappings = MappingSet(
        records=records,
        tables=tables,
        ship_nodes=ship_nodes,
        carriers=check_carriers(needed["carriers"], carriers.values, problems),
        validation=load_rules(directory, overrides, problems),
        inventory=load_inventory(directory, overrides, ship_nodes, problems),
    )
    problems.stop()
    return mappings


def _check_names(overrides: Path, problems: Problems) -> None:
    """Note override files that override nothing: a folder or a file with a misspelled name."""
    if not overrides.is_dir():
        where = Where(file=display(overrides), line=1)
        problems.add(where, "there is no such folder", mend="create it, or mend `mappings`")
        return
    known = [f"{name}.yaml" for name in (*RECORDS, VALIDATION, INVENTORY)]
    for path in sorted(overrides.glob("*.y*ml")):
        if path.name not in known:
            problems.add(
                Where(file=display(path), line=1),
                f"there is no mapping {path.name}",
                mend=suggestion(path.name, known),
            )


def _record(
    name: str,
    directory: Path,
    overrides: Path | None,
    catalog: Catalog,
    tables: Mapping[str, Table],
    problems: Problems,
) -> RecordMapping:
    file = _read(name, directory, overrides, problems)
    target = catalog.targets[RECORDS[name]]
    if not file.fields:  # Unreadable, and already noted: every field would seem to be missing.
        return RecordMapping(name=name, target=target, rules=(), when=())
    if file.target is None or file.target.value != target.name:
        where = file.target.where if file.target else file.where
        problems.add(where, f"{name} must fill {target.name}", mend=f"target: {target.name}")
    reader = RuleReader(name, catalog, tables, problems)
    rules = _rules(file, target, reader)
    _check_recognizable(name, file, rules, problems)
    return RecordMapping(name=name, target=target, rules=rules, when=_when(name, file, reader))


def _rules(file: _File, target: Target, reader: RuleReader) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for name, entry in file.fields.items():
        field = target.fields.get(name)
        if field is None:
            reader.problems.add(
                entry.where,
                f"{target.name} has no field {name}",
                mend=suggestion(name, target.fields),
            )
        elif (rule := reader.rule(entry, field)) is not None:
            rules.append(rule)
    for field in target.fields.values():
        if field.mandatory and field.name not in file.fields:
            label = f" ({field.label})" if field.label else ""
            reader.problems.add(
                file.where,
                f"{target.name} needs {field.name}{label}",
                mend=f"add {field.name}: {{from: ...}} under fields",
            )
    return tuple(rules)


def _check_recognizable(
    name: str, file: _File, rules: tuple[Rule, ...], problems: Problems
) -> None:
    origins = {rule.field.name: rule.origin for rule in rules}
    for field, path in RECOGNIZED_BY.get(name, {}).items():
        if field in file.fields and field not in origins:
            continue  # The rule itself is wrong, which is noted.
        if origins.get(field) != path:
            where = file.fields[field].where if field in file.fields else file.where
            problems.add(
                where,
                f"the service recognizes what it wrote by {field}, which must take {path}",
                mend=f"{field}: {{from: {path}, ...}} as in the shipped mapping",
            )


def _when(name: str, file: _File, reader: RuleReader) -> tuple[Condition, ...]:
    if file.when is not None and name not in OPTIONAL:
        reader.problems.add(
            file.when.where,
            f"{name} is always needed and takes no condition",
            mend="remove when",
        )
    return reader.conditions(file.when)


def _read(name: str, directory: Path, overrides: Path | None, problems: Problems) -> _File:
    base = _read_one(directory / f"{name}.yaml", problems)
    if not base.fields:
        problems.add(base.where, f"{name} fills no fields", mend="add fields:")
    own = overrides / f"{name}.yaml" if overrides else None
    if own is None or not own.exists():
        return base
    extra = _read_one(own, problems)
    fields = dict(base.fields)
    for field, entry in extra.fields.items():
        if entry.node is not None:
            fields[field] = entry
        elif fields.pop(field, None) is None:
            problems.add(
                entry.where, f"{name} has no field {field} to remove", mend="delete this line"
            )
    when = extra.when or base.when
    return _File(
        where=extra.where,
        target=extra.target or base.target,
        when=when if when and when.node is not None else None,
        fields=fields,
    )


def _read_one(path: Path, problems: Problems) -> _File:
    parts = read_entries(path, problems)
    for key, part in parts.items():
        if key not in ("target", "when", "fields"):
            problems.add(
                part.where,
                f"a mapping file has no {key}",
                mend=suggestion(key, ("target", "when", "fields")),
            )
    fields = parts.get("fields")
    return _File(
        where=fields.where if fields else Where(file=display(path), line=1),
        target=parts.get("target"),
        when=parts.get("when"),
        fields=entries(fields.node, fields.where, problems) if fields else {},
    )
