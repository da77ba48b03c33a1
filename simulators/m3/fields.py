"""Which programs, transactions and fields exist, and whether a record obeys them.

`fields.json` holds names, types, lengths and mandatory marks of the simulated transactions as
M3's own API metadata of June 2020 gives them; `ORNO* A10` is a mandatory text of at most 10.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from simulators.m3.messages import Nok

Row = dict[str, str]

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")

# MMS005MI types LMTS, a change stamp of 18 digits, as a date.
LONGEST_DATE = 10

# Key fields M3 keeps in upper case, whatever the caller sends.
_UPPER = "ADID ALCU CONO CRID CSCD CUCD CUNO CUTM DIVI ECAR FACI ITNO MODL ORTP TEDL TEPY WHLO"
_UPPER_LIMITS = "FITN TITN FWHL TWHL"
UPPER_CASE = frozenset(f"{_UPPER} {_UPPER_LIMITS}".split())


class Record(Row):
    """The checked input of one transaction; a field that was not sent reads as blank."""

    def __missing__(self, name: str) -> str:
        return ""

    def sent(self) -> Row:
        """Return the fields that carry a value."""
        return {name: value for name, value in self.items() if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One input or output field."""

    name: str
    type: str  # A text, N number, D date
    length: int
    mandatory: bool = False

    @property
    def blank(self) -> str:
        """What M3 answers when the field holds nothing."""
        return "0" if self.type == "N" else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """The metadata of one MI transaction."""

    program: str
    name: str
    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]
    mandatory: tuple[str, ...]
    blank_row: Row

    @property
    def operation(self) -> str:
        """The name faults and counters know it by."""
        return f"{self.program}.{self.name}"

    def check(self, sent: Mapping[str, object]) -> Record:
        """Return the record as M3 takes it: trimmed, key fields in upper case.

        Raises:
            Nok: a field is unknown, missing, too long, not a number or not a date.
        """
        record = Record()
        for name, value in sent.items():
            field = self.inputs.get(name)
            if field is None:
                text = f"Input field {name} does not exist in {self.program}/{self.name}"
                raise Nok("", field=name, text=text, kind="InputFieldNotFound")
            record[name] = _checked(field, _text(value))
        for name in self.mandatory:
            if not record[name]:
                text = f"Mandatory input field {name} is missing"
                raise Nok("", field=name, text=text, kind="MandatoryInputFieldNotFound")
        return record

    def row(self, values: Mapping[str, str], columns: tuple[str, ...] | None) -> Row:
        """Return one output record in field order, complete or only the selected columns."""
        if columns is None:
            row = self.blank_row.copy()
            for name, value in values.items():
                if name in row:
                    row[name] = value
            return row
        return {name: values.get(name, self.blank_row[name]) for name in columns}


def find_transaction(program: str, name: str) -> Transaction:
    """Return the metadata of a transaction.

    Raises:
        Nok: the program or the transaction does not exist here.
    """
    try:
        return CATALOG[program][name]
    except KeyError:
        text = f"Transaction {name} does not exist in program {program}"
        raise Nok("", text=text, kind="TransactionNotFound") from None


def whole_number(value: str) -> int:
    """Return a checked N field as int; blank is 0."""
    return int(Decimal(value)) if value else 0


def quantity(value: str, field: str) -> Decimal:
    """Return a number that M3's metadata types as text, such as ORQT or SAPR.

    Raises:
        Nok: it is not a plain decimal number.
    """
    if not value:
        return Decimal(0)
    if not NUMBER.fullmatch(value):
        raise Nok("XNU0000", field=field)
    return Decimal(value)


def check_date(value: str, field: str) -> None:
    """Refuse what is not a calendar day written yyyyMMdd.

    Raises:
        Nok: XDT0001, as M3 answers.
    """
    try:
        if len(value) != 8 or not value.isdigit():
            raise ValueError(value)
        datetime.strptime(value, "%Y%m%d")  # noqa: DTZ007 - a day, not a moment
    except ValueError:
        raise Nok("XDT0001", field=field) from None


def _text(value: object) -> str:
    """Return a JSON value as M3 reads it; numbers are accepted, as the gateway accepts them."""
    return "" if value is None else str(value).rstrip()


def _checked(field: Field, value: str) -> str:
    if len(value) > field.length:
        text = f"Input field {field.name} is too long: {len(value)} > {field.length}"
        raise Nok("", field=field.name, text=text, kind="InputFieldTooLong")
    if not value:
        return value
    if field.type == "N" and not NUMBER.fullmatch(value):
        raise Nok("XNU0000", field=field.name)
    if field.type == "D" and field.length <= LONGEST_DATE:
        check_date(value, field.name)
    return value.upper() if field.name in UPPER_CASE else value


def _fields(text: str) -> dict[str, Field]:
    fields = {}
    for part in filter(None, text.split(", ")):
        label, kind = part.split(" ")
        name = label.removesuffix("*")
        fields[name] = Field(
            name=name, type=kind[0], length=int(kind[1:]), mandatory=label.endswith("*")
        )
    return fields


def _load() -> dict[str, dict[str, Transaction]]:
    described = json.loads(Path(__file__).with_name("fields.json").read_text(encoding="utf-8"))
    catalog: dict[str, dict[str, Transaction]] = {}
    for program, transactions in described.items():
        for name, lists in transactions.items():
            inputs, outputs = _fields(lists["in"]), _fields(lists["out"])
            catalog.setdefault(program, {})[name] = Transaction(
                program=program,
                name=name,
                inputs=inputs,
                outputs=outputs,
                mandatory=tuple(field.name for field in inputs.values() if field.mandatory),
                blank_row={field.name: field.blank for field in outputs.values()},
            )
    return catalog


CATALOG = _load()
