"""Keep what a person has corrected about an order."""

import json
from dataclasses import dataclass

import structlog
from pydantic import ValidationError
from temporalio import activity

from activities.services import Services
from domain.answers import Address
from domain.errors import InvalidOrder, NotFound, Rejected
from domain.orders import OrderRef
from ledger.seal import Unsealable

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class CorrectAddressInput:
    """An address in place of Walmart's. Plain when it was given in the Web UI."""

    ref: OrderRef
    address: Address | None = None
    sealed: str = ""


@dataclass(frozen=True, kw_only=True)
class MapSkuInput:
    """The M3 item a person says a SKU is."""

    ref: OrderRef
    sku: str
    item_number: str
    for_good: bool


class CorrectionActivities:
    """What a person knows better than the order."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def keep_address(self, input: CorrectAddressInput) -> None:
        """Keep the corrected address in the ledger, sealed. Repeating: keeps it again.

        Raises:
            InvalidOrder: the address is empty, or was sealed with another key.
        """
        services, ref = self._services.of(input.ref), input.ref
        address = self._opened(input) if input.sealed else input.address
        parts = address.model_dump(exclude_none=True) if address else {}
        if not parts:
            raise _refused(ref, "it holds no part of an address", "give at least one part")
        sealed = services.ledger.seal.seal(json.dumps(parts))
        await services.ledger.save_address(ref.pair, ref.purchase_order_id, sealed)
        log.info("address_corrected")

    @activity.defn
    async def keep_item_number(self, input: MapSkuInput) -> None:
        """Keep which item a SKU is: for this order in the ledger, or for good as an alias in M3.

        Repeating: an alias that is there already is left as it is.

        Raises:
            InvalidOrder: M3 has no such item, or has the SKU as alias of another one.
        """
        services, ref = self._services.of(input.ref), input.ref
        try:
            await services.m3.execute(
                "MMS200MI", "Get", {"ITNO": input.item_number}, columns=("ITNO",)
            )
        except NotFound:
            raise _refused(
                ref, f"M3 has no item {input.item_number}", "see MMS001 for its number"
            ) from None
        if input.for_good:
            await self._add_alias(input)
        await services.ledger.save_item_number(
            ref.pair, ref.purchase_order_id, input.sku, input.item_number
        )
        log.info("sku_mapped", sku=input.sku, item_number=input.item_number)

    def _opened(self, input: CorrectAddressInput) -> Address:
        try:
            text = self._services.of(input.ref).ledger.seal.open(input.sealed)
        except Unsealable:
            raise _refused(
                input.ref, "it was sealed with another key", "use the ledger's key of the worker"
            ) from None
        try:
            return Address.model_validate_json(text)
        except ValidationError:
            raise _refused(input.ref, "what was sealed is no address", "seal one") from None

    async def _add_alias(self, input: MapSkuInput) -> None:
        services = self._services.of(input.ref)
        alias = {"ALWT": services.pair.alias_category, "POPN": input.sku}
        if services.pair.alias_qualifier:
            alias["ALWQ"] = services.pair.alias_qualifier
        try:
            await services.m3.execute("MMS025MI", "AddAlias", {**alias, "ITNO": input.item_number})
        except Rejected as refusal:
            try:
                [found] = await services.m3.execute("MMS025MI", "GetItem", alias, columns=("ITNO",))
            except NotFound:
                raise refusal from None
            if found["ITNO"] != input.item_number:
                raise _refused(
                    input.ref,
                    f"in M3 {input.sku} is an alias of item {found['ITNO']}",
                    "change the alias in MMS025",
                ) from None


def _refused(ref: OrderRef, reason: str, mend: str) -> InvalidOrder:
    return InvalidOrder(ref.purchase_order_id, cause="CORRECTION_REFUSED", reason=reason, mend=mend)
