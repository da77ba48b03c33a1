"""Turn M3 invoice records into our words."""

from collections.abc import Iterable, Mapping

from domain.orders import Invoice


def to_invoices(records: Iterable[Mapping[str, str]]) -> tuple[Invoice, ...]:
    """Return the invoices among OIS350MI/LstInvHeadByCo records.

    A delivery that is not invoiced yet is listed without an invoice number and is left out.
    """
    return tuple(
        Invoice(
            invoice_number=record["IVNO"],
            year=record["YEA4"],
            delivery_number=record["DLIX"],
            amount=record["AMT1"],
            currency=record["CUCD"],
        )
        for record in records
        if record["IVNO"].strip("0 ")
    )
