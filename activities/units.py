"""How many EACH one basic unit of an M3 item is."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, Context, Decimal, InvalidOperation

from activities.services import PairServices
from connectors.m3 import Record, Transaction
from ledger.balances import ItemFacts
from mappings.tables import ONLY

EACH = "EACH"

# DMCF of an alternate unit. Source: M3 MMS015, conversion form.
MULTIPLIED = "1"  # basic quantity = alternate quantity x COFA

# A third of a unit has no end as a decimal: cut up, three thirds are one and not a little less,
# and M3's six decimals are far too few to make one unit too many of it.
UP = Context(prec=28, rounding=ROUND_CEILING)

# Nobody knows how many EACH the item's unit is; the formula refuses it.
UNKNOWN = Decimal(0)


async def learn_units(services: PairServices, records: Iterable[Record]) -> None:
    """Ask M3 for the items of a page whose basic unit is not EACH, and keep what it says.

    Source:
        MMS200MI/LstItmAltUnitMs.
    """
    pair, balances = services.pair.name, services.ledger.balances
    each = str(services.mappings.tables["units"].cell(EACH, ONLY))
    unusual = sorted({r["ITNO"] for r in records if r.get("UNMS", each) != each})
    known = await balances.items_of(pair, unusual)
    asked = [number for number in unusual if known[number].unit_factor == 1]
    answers = await services.m3.execute_in_parts(
        "MMS200MI",
        [
            Transaction(
                name="LstItmAltUnitMs",
                record={"FITN": number, "TITN": number},
                columns=("ALUN", "COFA", "DMCF"),
            )
            for number in asked
        ],
    )
    await balances.keep_items(
        pair,
        [
            ItemFacts(item_number=number, unit_factor=_factor(answer, each))
            for number, answer in zip(asked, answers, strict=True)
        ],
    )


def _factor(units: list[Record] | Exception, each: str) -> Decimal:
    """Return how many EACH one basic unit is; 0 where M3 does not say."""
    if isinstance(units, Exception):
        return UNKNOWN
    for unit in units:
        if unit["ALUN"] == each:
            try:
                factor = Decimal(unit["COFA"])
                return UP.divide(Decimal(1), factor) if unit["DMCF"] == MULTIPLIED else factor
            except (InvalidOperation, ZeroDivisionError):
                return UNKNOWN
    return UNKNOWN
