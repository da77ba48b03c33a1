"""Read the lines of an M3 order."""

from activities.services import PairServices
from connectors.m3 import Record
from domain.errors import NotFound, NotReady
from domain.orders import M3Line, OrderRef
from mappings.deliveries import to_m3_lines

LINE_COLUMNS = ("PONR", "POSX", "CUPO", "ORQT", "ORQA", "ALQT", "DLQT", "ORST")

# M3 shows the lines of a new order within the first of so many looks.
LOOKS = 3


async def read_lines(
    services: PairServices, ref: OrderRef, m3_order_number: str
) -> tuple[M3Line, ...]:
    """Return the lines of an M3 order; none when it, or all of it, was deleted."""
    try:
        records: list[Record] = await services.m3.execute(
            "OIS100MI", "LstLine", {"ORNO": m3_order_number}, columns=LINE_COLUMNS
        )
    except NotFound:
        return ()
    return to_m3_lines(records, ref.purchase_order_id)


async def refuse_unseen_lines(services: PairServices, m3_order_number: str) -> None:
    """Refuse to believe that an order which is there has no lines.

    Raises:
        NotReady: M3 has the order, and may show its lines a moment later.
    """
    try:
        await services.m3.execute(
            "OIS100MI", "GetHead", {"ORNO": m3_order_number}, columns=("ORNO",)
        )
    except NotFound:
        return
    raise NotReady(f"M3 order {m3_order_number} shows no lines")


def line_key(line: M3Line) -> Record:
    """Return the fields that name a line in M3's transactions."""
    number, _, suffix = line.m3_line.partition("/")
    return {"PONR": number, "POSX": suffix}
