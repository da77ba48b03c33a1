"""Find the M3 item number of a Walmart SKU."""

from collections.abc import Iterable, Mapping

from activities.believed import Believed
from activities.m3_facts import M3Facts
from connectors.m3 import M3Client, Record, Transaction
from domain.errors import InvalidOrder, NotFound, Rejected
from domain.pairs import Pair

ITEM_NUMBER_LENGTH = 15  # ITNO
ALIAS_LENGTH = 30  # POPN; Walmart allows SKUs of 50


class ItemNumbers:
    """SKU to item number: first by alias, then as the item number itself.

    A found number is believed for `pair.item_cache`; an unknown SKU is asked for each time, so
    that an alias added by an operator holds at once.
    """

    def __init__(self, m3: M3Client, pair: Pair) -> None:
        self._m3 = m3
        self._pair = pair
        self._believed: Believed[str] = Believed(pair.item_cache)
        self.facts = M3Facts(m3, pair)

    async def find(
        self,
        purchase_order_id: str,
        skus: Iterable[str],
        *,
        given: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Return the item number of every SKU, with at most two requests for up to 80 of them.

        Args:
            purchase_order_id: for the error.
            skus: what is asked for.
            given: what a person has said of some SKUs; it comes before what M3 says.

        Raises:
            InvalidOrder: UNKNOWN_SKU; all unknown SKUs of the order are named together.
        """
        wanted = list(dict.fromkeys(skus))
        found = await self.look_up(wanted, given=given)
        unknown = [sku for sku in wanted if sku not in found]
        if unknown:
            raise InvalidOrder(
                purchase_order_id,
                cause="UNKNOWN_SKU",
                reason=f"M3 has no item for SKU {', '.join(unknown)}",
                mend="add the alias in MMS025 (or the item in MMS001), then send `retry`",
            )
        return found

    async def look_up(
        self, skus: Iterable[str], *, given: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return the item number of those SKUs that have one."""
        wanted = dict.fromkeys(skus)
        said = {sku: item for sku, item in (given or {}).items() if sku in wanted}
        known = self._believed.of(wanted) | said
        answered: dict[str, str] = {}
        for ask in (self._by_alias, self._by_item_number):
            if missing := [sku for sku in wanted if sku not in known | answered]:
                answered |= await ask(missing)
        self._believed.keep(answered)
        return known | answered

    def doubt(self, skus: Iterable[str]) -> None:
        """Ask M3 anew what these SKUs are, when an order with them is looked at again."""
        self._believed.forget(skus)

    async def _by_alias(self, skus: list[str]) -> dict[str, str]:
        alias = {"ALWT": self._pair.alias_category}
        if self._pair.alias_qualifier:
            alias["ALWQ"] = self._pair.alias_qualifier
        fitting = {s: alias | {"POPN": s} for s in skus if len(s) <= ALIAS_LENGTH}
        return await self._ask("MMS025MI", "GetItem", fitting)

    async def _by_item_number(self, skus: list[str]) -> dict[str, str]:
        fitting = {s: {"ITNO": s} for s in skus if len(s) <= ITEM_NUMBER_LENGTH}
        return await self._ask("MMS200MI", "Get", fitting)

    async def _ask(
        self, program: str, transaction: str, records: dict[str, Record]
    ) -> dict[str, str]:
        transactions = [
            Transaction(name=transaction, record=record, columns=("ITNO",))
            for record in records.values()
        ]
        outcomes = await self._m3.execute_in_parts(program, transactions)
        found = {}
        for sku, outcome in zip(records, outcomes, strict=True):
            if isinstance(outcome, NotFound):
                continue
            if isinstance(outcome, Rejected):
                raise outcome
            if outcome:
                found[sku] = outcome[0]["ITNO"]
        return found
