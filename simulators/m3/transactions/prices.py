"""OIS320MI and CRS055MI: what an item costs, and what a currency is worth."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from simulators.m3.fields import Record, Row, whole_number
from simulators.m3.master_data import CURRENCY, FACILITY, ORDER_TYPE, UNIT
from simulators.m3.messages import Nok
from simulators.m3.state import M3Tenant
from simulators.m3.values import date_text, money_text, quantity_text
from simulators.world import COMPANY, DIVISION

MULTIPLY = "1"  # DMCU
BY_ONE = "0"  # RAFA


def get_price_line(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the price of an order line; 0 in a currency there is no price list for.

    A template customer has prices as any other: price lists belong to groups of customers.
    """
    if record["CUNO"] not in tenant.customers:
        raise Nok("WCU0203", record["CUNO"], field="CUNO")
    item = tenant.item(record["ITNO"])
    _check_codes(tenant, record)
    currency = record["CUCD"] or CURRENCY
    price = item.price if currency == CURRENCY else Decimal(0)
    ordered = Decimal(record["ORQA"] or 1)
    return [
        {
            "WHLO": record["WHLO"] or tenant.warehouses[0],
            "SAPR": money_text(price),
            "NETP": money_text(price),
            "LNAM": money_text(price * ordered),
            "SACD": "1",
            "ORDT": record["ORDT"] or date_text(tenant.now()),
            "ORQA": quantity_text(ordered),
            "ORQS": quantity_text(ordered),
            "ORTP": record["ORTP"] or ORDER_TYPE,
            "CUCD": currency,
            "LOCD": CURRENCY,
            "ALUN": record["ALUN"] or UNIT,
            "SPUN": UNIT,
        }
    ]


def lst_rates_per_type(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Yield a currency's rates of one type, oldest first, from CUTD on."""
    if record["CUCD"] not in tenant.currencies:
        raise Nok("SIM0009", record["CUCD"], field="CUCD")
    rate_type = whole_number(record["CRTP"])
    known = tenant.rates.get((record["CUCD"], rate_type), {})
    for day, rate in sorted(known.items()):
        if day >= record["CUTD"]:
            yield _rate_row(record["CUCD"], rate_type, day, rate)


def sel_exchange_rate(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Yield the rate that holds on CUTD of every currency from FCUR to TCUR."""
    first, last = record["FCUR"], record["TCUR"] or "ZZZ"
    rate_type = whole_number(record["CRTP"])
    for currency, known_type in sorted(tenant.rates):
        if known_type != rate_type or not first <= currency <= last:
            continue
        known = tenant.rates[currency, rate_type]
        if valid := [day for day in known if day <= record["CUTD"]]:
            row = _rate_row(currency, rate_type, max(valid), known[max(valid)])
            yield row | {"CONO": COMPANY, "DIVI": DIVISION}


def _check_codes(tenant: M3Tenant, record: Record) -> None:
    allowed = (
        ("WHLO", tenant.warehouses, "WWH0103"),
        ("FACI", (FACILITY,), "WFAC303"),
        ("ORTP", (ORDER_TYPE,), "WTT0403"),
        ("CUCD", tenant.currencies, "SIM0009"),
    )
    for field, values, code in allowed:
        if record[field] and record[field] not in values:
            raise Nok(code, record[field], field=field)


def _rate_row(currency: str, rate_type: int, day: str, rate: Decimal) -> Row:
    return {
        "CUCD": currency,
        "CRTP": str(rate_type),
        "CUTD": day,
        "ARAT": quantity_text(rate),
        "LOCD": CURRENCY,
        "DMCU": MULTIPLY,
        "RAFA": BY_ONE,
    }
