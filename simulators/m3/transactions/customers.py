"""CRS610MI: customers and their addresses."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice

from simulators.m3.fields import Record, Row, whole_number
from simulators.m3.messages import Nok
from simulators.m3.records import ACTIVE_STATUS, Customer
from simulators.m3.state import M3Tenant
from simulators.m3.values import date_text
from simulators.world import COMPANY, CURRENCY


def add(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Create a customer from a template; an empty CUNO is filled from a number series."""
    template = tenant.customers.get(record["CUTM"])
    if template is None or not template.template:
        raise Nok("SIM0010", record["CUTM"], field="CUTM")
    number = record["CUNO"] or tenant.next_number("customer", first=1000000001, width=10)
    if number in tenant.customers:
        raise Nok("XRE0104", field="CUNO")
    customer = Customer(
        number=number,
        entered={**template.entered, **record.sent()},
        status=record["STAT"] or ACTIVE_STATUS,
        created_at=tenant.now(),
    )
    tenant.add_customer(customer)
    return [{"CUNO": number, "ERRM": ""}]


def get_basic_data(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return a customer's basic data."""
    return [_row(tenant.customer(record["CUNO"]))]


def lst_by_search_key(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Yield customers in the order of their search key, starting at the given one.

    The key is where the list starts, not a filter; callers compare ALCU themselves.
    """
    keys = tenant.customers_by_search_key
    start = bisect_left(keys, (record["ALCU"], ""))
    for _, number in islice(keys, start, None):
        yield _row(tenant.customers[number])


def search_customer(tenant: M3Tenant, record: Record) -> Iterator[Row]:
    """Search customers; what changed a moment ago is not found yet."""
    return tenant.customer_index.search(record["SQRY"])


def add_address(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Add an address to a customer."""
    customer = tenant.customer(record["CUNO"])
    key = (whole_number(record["ADRT"]), record["ADID"])
    if key in customer.addresses:
        raise Nok("XRE0104", field="ADID")
    customer.addresses[key] = record.sent()
    return [{"CONO": COMPANY, "CUNO": customer.number, "ADRT": str(key[0]), "ADID": key[1]}]


def get_address(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return one address of a customer."""
    customer = tenant.customer(record["CUNO"])
    key = (whole_number(record["ADRT"]), record["ADID"])
    if key not in customer.addresses:
        raise Nok("WAD1003", record["ADID"], field="ADID")
    return [{**customer.addresses[key], "CONO": COMPANY, "CUNO": customer.number}]


def lst_templates(tenant: M3Tenant, record: Record) -> Iterable[Row]:
    """Return the template customers."""
    return [
        {"CONO": COMPANY, "CUNO": customer.number, "CUNM": customer.entered["CUNM"]}
        for customer in tenant.customers.values()
        if customer.template
    ]


def _row(customer: Customer) -> Row:
    return {
        **customer.entered,
        "CONO": COMPANY,
        "CUNO": customer.number,
        "STAT": customer.status,
        "CUCD": CURRENCY,
        "RGDT": date_text(customer.created_at),
        "LMDT": date_text(customer.created_at),
    }
