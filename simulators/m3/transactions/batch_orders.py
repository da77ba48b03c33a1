"""OIS100MI and OIS275MI on batch orders: entered piece by piece, checked only by Confirm."""

from collections.abc import Iterable, Iterator

from simulators.m3 import confirmation
from simulators.m3.fields import Record, Row, quantity, whole_number
from simulators.m3.messages import Nok
from simulators.m3.records import Batch, BatchLine, BatchStatus, Charge, LineKey
from simulators.m3.state import M3Tenant

LINE_KEY = ("CONO", "ORNO", "PONR", "POSX")
LINE_NUMBERS = ("ORQT", "SAPR", *(f"DIA{number}" for number in range(1, 7)))


def add_batch_head(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Open a batch order. M3 takes any head here, also a second one with the same CUOR."""
    batch = Batch(
        number=tenant.next_number("batch", first=1, width=9, prefix="T"),
        entered=record.sent(),
        created_at=tenant.now(),
    )
    tenant.add_batch(batch)
    return [{"ORNO": batch.number}]


def add_batch_address(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Give a batch order an address of its own; 01 is where the goods go."""
    batch = tenant.open_batch(record["ORNO"])
    number = whole_number(record["ADRT"])
    if not 1 <= number <= 99:
        raise Nok("SIM0018", record["ADRT"], field="ADRT")
    if number in batch.addresses:
        raise Nok("XRE0104", field="ADRT")
    batch.addresses[number] = record.sent()
    return []


def add_batch_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Add a line; the item and its quantity are looked at when the order is confirmed."""
    batch = tenant.open_batch(record["ORNO"])
    for field in LINE_NUMBERS:
        quantity(record[field], field)
    key = (max((position for position, _ in batch.lines), default=0) + 1, 0)
    batch.lines[key] = BatchLine(key=key, entered=record.sent())
    tenant.index_batch(batch)
    return [{"PONR": str(key[0]), "POSX": str(key[1]), "ATNR": "0"}]


def chg_batch_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Change a line of a batch order that has not become an order; what is left out stays."""
    batch = tenant.open_batch(record["ORNO"])
    for field in LINE_NUMBERS:
        quantity(record[field], field)
    line = _line(batch, record)
    line.entered |= {name: value for name, value in record.sent().items() if name not in LINE_KEY}
    tenant.index_batch(batch)
    return []


def del_batch_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Delete a line of a batch order that has not become an order."""
    batch = tenant.open_batch(record["ORNO"])
    line = _line(batch, record)
    del batch.lines[line.key]
    tenant.batch_index.put((batch.number, *line.key), None)
    return []


def add_batch_head_chg(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Add a charge to the head."""
    batch = tenant.open_batch(record["ORNO"])
    add_charge(tenant, batch.charges, record)
    return []


def add_batch_line_chg(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Add a charge to a line."""
    batch = tenant.open_batch(record["ORNO"])
    add_charge(tenant, _line(batch, record).charges, record)
    return []


def add_batch_text(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Add a text to the head (TYPE 1) or a line (TYPE 2)."""
    batch = tenant.open_batch(record["ORNO"])
    if record["TYPE"] not in ("1", "2"):
        raise Nok("SIM0014", record["TYPE"], field="TYPE")
    if record["TYTR"] not in ("1", "2", "3"):
        raise Nok("SIM0014", record["TYTR"], field="TYTR")
    if record["TYPE"] == "2":
        _line(batch, record)
    batch.texts.append(record.sent())
    return []


def confirm(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Release a batch order. An answer without error does not mean that an order was made."""
    batch = tenant.batch(record["ORNO"])
    if batch.order_number:
        raise Nok("SIM0005", batch.number, batch.order_number, field="ORNO")
    confirmation.confirm(tenant, batch)
    return [{"ORNO": batch.order_number or batch.number, "STAT": batch.status}]


def get_order_no(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the real order number, blank while there is none."""
    return [{"ORNR": tenant.batch(record["ORNO"]).order_number}]


def get_tmp_order_stat(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return status and real order number of a batch order."""
    batch = tenant.batch(record["ORNO"])
    return [{"ORNO": batch.number, "ORNR": batch.order_number, "STAT": batch.status}]


def get_batch_head(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the head of a batch order."""
    return [_head(tenant.batch(record["ORNO"]))]


def lst_batch_head(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Yield a customer's batch orders with a status from ORSL to ORST, oldest first."""
    lowest, highest = record["ORSL"] or "00", record["ORST"] or "99"
    known = (
        tenant.open_batches_of_customer
        if highest < BatchStatus.ORDER_CREATED
        else tenant.batches_of_customer
    )
    for batch in known.get(record["CUNO"], {}).values():
        if lowest <= batch.status <= highest:
            yield _head(batch)


def get_batch_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return one line of a batch order."""
    return [_line_row(_line(tenant.batch(record["ORNO"]), record))]


def lst_batch_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the lines of a batch order."""
    return [_line_row(line) for line in tenant.batch(record["ORNO"]).lines.values()]


def lst_err_msg_order(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return why the last Confirm made no order."""
    return [
        {
            "LEVL": error.level,
            "MSID": error.code,
            "TX60": error.text[:60],
            "MDTA": f"Line {error.line[0]}: {error.text}" if error.line else error.text,
        }
        for error in tenant.batch(record["ORNO"]).errors
    ]


def del_batch_head(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Delete a batch order that has not become an order."""
    tenant.delete_batch(tenant.open_batch(record["ORNO"]))
    return []


def search_batch_line(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Search lines of batch orders; what changed a moment ago is not found yet."""
    return tenant.batch_index.search(record["SQRY"])


def add_charge(tenant: M3Tenant, charges: list[Charge], record: Record) -> None:
    """Put a charge on a head or line, which can have each charge only once."""
    code = record["CRID"]
    if code not in tenant.charge_codes:
        raise Nok("SIM0008", code, field="CRID")
    if any(charge.code == code for charge in charges):
        raise Nok("XRE0104", field="CRID")
    charges.append(
        Charge(
            code=code,
            amount=quantity(record["CRAM"], "CRAM"),
            description=record["CRD0"] or tenant.charge_codes[code],
        )
    )


def _line(batch: Batch, record: Record) -> BatchLine:
    key: LineKey = (_position(record["PONR"], "PONR"), _position(record["POSX"], "POSX"))
    if key not in batch.lines:
        raise Nok("WPO0303", record["PONR"], field="PONR")
    return batch.lines[key]


def _position(value: str, field: str) -> int:
    """Return a line number; some transactions type PONR and POSX as text."""
    return int(quantity(value, field))


def _head(batch: Batch) -> Row:
    return {
        **batch.entered,
        "ORNO": batch.number,
        "ORNR": batch.order_number,
        "STAT": batch.status,
        "ORSL": batch.status,
        "ORST": batch.status,
    }


def _line_row(line: BatchLine) -> Row:
    return {**line.entered, "PONR": str(line.key[0]), "POSX": str(line.key[1])}
