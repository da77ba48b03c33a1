"""M3's exchange rates: from what CRS055MI answers to an amount in the pair's currency."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mappings.walmart_order import M3_PRICE_DECIMALS

# DMCU: how a rate is applied. Everything but this multiplies.
DIVIDE = "2"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """How amounts of one currency become amounts of another."""

    currency: str  # they become this
    rate: Decimal  # an amount is multiplied by it
    date: str  # yyyymmdd from which M3 has the rate

    def convert(self, amount: Decimal) -> Decimal:
        """Return an amount in `currency`, with as many decimals as M3's prices have."""
        return (amount * self.rate).quantize(M3_PRICE_DECIMALS)


def to_exchange(rates: Iterable[Mapping[str, str]], *, currency: str, day: str) -> Exchange | None:
    """Return the newest rate that holds on a day; None when there is none.

    Args:
        rates: records of CRS055MI/LstRatesPerType for the order's currency.
        currency: what amounts are to become; M3 keeps rates against the division's currency.
        day: yyyymmdd.

    Source:
        CRS055: ARAT is the rate for 10 to the power of RAFA units; DMCU 1 multiplies, 2 divides.
    """
    valid = [
        rate
        for rate in rates
        if rate["LOCD"] == currency and rate["CUTD"] <= day and Decimal(rate["ARAT"] or 0) > 0
    ]
    if not valid:
        return None
    newest = max(valid, key=lambda rate: rate["CUTD"])
    rate = Decimal(newest["ARAT"])
    if newest.get("DMCU", "").strip() == DIVIDE:
        rate = 1 / rate
    units = Decimal(10) ** int(newest.get("RAFA", "").strip() or 0)
    return Exchange(currency=currency, rate=rate / units, date=newest["CUTD"])
