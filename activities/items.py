"""Find the M3 item number of a Walmart SKU."""

import time
from collections.abc import Iterable

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
        self._known: dict[str, tuple[str, float]] = {}

    async def find(self, purchase_order_id: str, skus: Iterable[str]) -> dict[str, str]:
        """Return the item number of every SKU, with at most two requests for up to 80 of them.

        Raises:
            InvalidOrder: UNKNOWN_SKU; all unknown SKUs of the order are named together.
        """
        now = time.monotonic()
        wanted = list(dict.fromkeys(skus))
        believed = {
            sku: known[0]
            for sku in wanted
            if (known := self._known.get(sku)) is not None and known[1] > now
        }
        answered: dict[str, str] = {}
        for look_up in (self._by_alias, self._by_item_number):
            if missing := [sku for sku in wanted if sku not in believed | answered]:
                answered |= await look_up(missing)
        found = believed | answered
        unknown = [sku for sku in wanted if sku not in found]
        if unknown:
            raise InvalidOrder(
                purchase_order_id,
                cause="UNKNOWN_SKU",
                reason=f"M3 has no item for SKU {', '.join(unknown)}",
                mend="add the alias in MMS025 (or the item in MMS001), then send `retry`",
            )
        until = now + self._pair.item_cache.total_seconds()
        self._known |= {sku: (item, until) for sku, item in answered.items()}
        return found

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
