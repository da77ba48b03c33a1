"""MRS001MI, GENERAL and MNS150MI: what M3 tells about itself."""

from collections.abc import Iterable

from simulators.m3.fields import CATALOG, Field, Record, Row
from simulators.m3.master_data import TIME_ZONE_CODE
from simulators.m3.messages import MESSAGES, Nok, message_text
from simulators.m3.state import M3Tenant
from simulators.world import COMPANY, DIVISION, FACILITY

SERVICE_USER = "WMSERVICE"


def lst_fields(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the input (TRTP I) or output (O) fields of a transaction."""
    program = _program(record)
    if record["TRNM"] not in CATALOG[program]:
        raise Nok("XRE0103", field="TRNM")
    if record["TRTP"] not in ("I", "O"):
        raise Nok("WST0301", record["TRTP"], field="TRTP")
    transaction = CATALOG[program][record["TRNM"]]
    fields = transaction.inputs if record["TRTP"] == "I" else transaction.outputs
    return [
        {
            "MINM": program,
            "TRNM": transaction.name,
            "TRTP": record["TRTP"],
            **_field_row(field),
        }
        for field in fields.values()
    ]


def lst_transactions(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the transactions of a program, only those the simulator has."""
    program = _program(record)
    return [
        {
            "MINM": program,
            "TRNM": name,
            "TRDS": name,
            "STAT": "20",
            "SIMU": "M" if name.startswith(("Lst", "Search")) else "S",
        }
        for name in CATALOG[program]
    ]


def get_message_text(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the text of a message id with PARM in place of &1."""
    if record["MSID"] not in MESSAGES:
        raise Nok("XRE0103", field="MSID")
    values = (record["PARM"],) if record["PARM"] else ()
    return [{"MSGT": message_text(record["MSID"], *values)}]


def get_user_data(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the user a service account acts as."""
    if record["USID"] not in ("", SERVICE_USER):
        raise Nok("WUS0503", record["USID"], field="USID")
    return [
        {
            "USID": SERVICE_USER,
            "NAME": "Walmart integration",
            "CONO": COMPANY,
            "DIVI": DIVISION,
            "LANC": "GB",
            "DTFM": "YMD",
            "DCFM": ".",
            "TIZO": TIME_ZONE_CODE,
            "FACI": FACILITY,
            "WHLO": tenant.warehouses[0],
            "USTA": "20",
        }
    ]


def _program(record: Record) -> str:
    if record["MINM"] not in CATALOG:
        raise Nok("SIM0015", record["MINM"], field="MINM")
    return record["MINM"]


def _field_row(field: Field) -> Row:
    return {
        "FLNM": field.name,
        "FLDS": field.name,
        "LENG": str(field.length),
        "TYPE": field.type,
        "MAND": "1" if field.mandatory else "0",
    }
