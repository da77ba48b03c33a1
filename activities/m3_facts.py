"""What M3 says of items, prices and exchange rates, for the rules an order is tested by."""

from collections.abc import Iterable
from decimal import Decimal

from activities.believed import Believed
from connectors.m3 import M3Client, Transaction
from domain.errors import NotFound, Rejected
from domain.orders import CustomerStrategy
from domain.pairs import Pair
from mappings.exchange import Exchange, to_exchange
from mappings.items import ItemState, to_item_state, to_unit_price

RATE_COLUMNS = ("CUTD", "ARAT", "LOCD", "DMCU", "RAFA")
PRICE_COLUMNS = ("SAPR", "SACD", "SPUN", "ALUN")


class M3Facts:
    """Answers are believed for `pair.item_cache`; what M3 does not have is asked for each time."""

    def __init__(self, m3: M3Client, pair: Pair) -> None:
        self._m3 = m3
        self._pair = pair
        self._states: Believed[ItemState] = Believed(pair.item_cache)
        self._prices: Believed[Decimal] = Believed(pair.item_cache)
        self._exchanges: Believed[Exchange] = Believed(pair.item_cache)

    async def items(self, item_numbers: Iterable[str]) -> dict[str, ItemState]:
        """Return the state of those items that M3 has."""
        wanted = list(dict.fromkeys(item_numbers))
        known = self._states.of(wanted)
        missing = [number for number in wanted if number not in known]
        outcomes = await self._m3.execute_in_parts(
            "MMS200MI",
            [
                Transaction(name="Get", record={"ITNO": number}, columns=("STAT", "SALE"))
                for number in missing
            ],
        )
        answered: dict[str, ItemState] = {}
        for number, outcome in zip(missing, outcomes, strict=True):
            if isinstance(outcome, Rejected) and not isinstance(outcome, NotFound):
                raise outcome
            if isinstance(outcome, list) and outcome:
                answered[number] = to_item_state(outcome[0])
        self._states.keep(answered)
        return known | answered

    async def prices(self, item_numbers: Iterable[str]) -> dict[str, Decimal]:
        """Return M3's price of one sales unit of those items that have one.

        Asked for one unit, whatever the order's quantity, since Walmart's price is one for any.
        A refusal counts as no price: it must not keep an order out that M3 would take.
        """
        wanted = list(dict.fromkeys(item_numbers))
        known = self._prices.of(wanted)
        missing = [number for number in wanted if number not in known]
        try:
            outcomes = await self._m3.execute_in_parts(
                "OIS320MI", [self._price_of(number) for number in missing]
            )
        except Rejected:
            return known
        answered = {
            number: price
            for number, outcome in zip(missing, outcomes, strict=True)
            if isinstance(outcome, list) and outcome and (price := to_unit_price(outcome[0]))
        }
        self._prices.keep(answered)
        return known | answered

    def _price_of(self, item_number: str) -> Transaction:
        pair = self._pair
        marketplace = pair.customer_strategy is CustomerStrategy.MARKETPLACE
        customer = pair.customer_number if marketplace else pair.customer_template
        return Transaction(
            name="GetPriceLine",
            record={"CUNO": customer, "ITNO": item_number, "ORQA": "1", "CUCD": pair.currency},
            columns=PRICE_COLUMNS,
        )

    async def exchange(self, currency: str, *, rate_type: str, day: str) -> Exchange | None:
        """Return what amounts of a currency are converted by; None when M3 has no rate.

        Args:
            currency: of the order.
            rate_type: CRTP.
            day: yyyymmdd on which the rate is to hold.
        """
        key = f"{currency} {rate_type} {day}"
        if known := self._exchanges.of([key]):
            return known[key]
        try:
            rates = await self._m3.execute(
                "CRS055MI",
                "LstRatesPerType",
                {"CUCD": currency, "CRTP": rate_type},
                columns=RATE_COLUMNS,
            )
        except Rejected:
            return None
        exchange = to_exchange(rates, currency=self._pair.currency, day=day)
        if exchange:
            self._exchanges.keep({key: exchange})
        return exchange

    def doubt(self, item_numbers: Iterable[str]) -> None:
        """Ask M3 anew about these items, when an order with them is looked at again."""
        numbers = list(item_numbers)
        self._states.forget(numbers)
        self._prices.forget(numbers)
