"""Learn what M3 has shipped, and confirm it to Walmart package by package."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog
from temporalio import activity

from activities.m3_lines import read_lines
from activities.order_review import SHIPPED_STATUS
from activities.services import PairServices, Services
from connectors.m3 import Record, Transaction, accepted
from domain.errors import NotFound, NotReady, Rejected
from domain.orders import LineQuantity, M3Line, OrderRef, Shipment
from mappings.deliveries import from_m3_delivery, key_of
from mappings.shipments import Delivery, remaining, still_wanted, to_shipping_body

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class ConfirmShipmentInput:
    """Which delivery to confirm to Walmart."""

    ref: OrderRef
    m3_order_number: str
    delivery_number: str
    lines: tuple[M3Line, ...]


class ShipmentActivities:
    """From M3 deliveries to Walmart shipments."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def confirm_shipment(self, input: ConfirmShipmentInput) -> Shipment:
        """Tell Walmart what this delivery holds, line by line and package by package.

        Walmart charges the buyer with it and refuses it the second time. Repeating: after an
        answer that may have been lost, and after any refusal, the order is read back and only
        what Walmart does not have yet is sent. A delivery M3 does not have any more, because it
        was reversed, is a shipment without lines.
        """
        services = self._services.of(input.ref)
        try:
            delivery = await _read_delivery(services, input)
        except NotFound:
            log.info("m3_delivery_reversed", delivery_number=input.delivery_number)
            return Shipment(delivery_number=input.delivery_number, lines=(), tracking_numbers=())
        business_id = f"{input.ref.purchase_order_id}/{input.delivery_number}"
        confirmation = _Confirmation(delivery=delivery)
        seen = await services.saw_entry(input.ref.purchase_order_id)
        if await services.may_have_happened(business_id) or not seen:
            confirmation = await _lacking_at_walmart(services, input, delivery)
        surplus = await _confirm(services, input, delivery, confirmation)
        log.info(
            "walmart_shipment_confirmed",
            delivery_number=input.delivery_number,
            packages=len(delivery.packages),
        )
        return Shipment(
            delivery_number=input.delivery_number,
            lines=_total_by_line(delivery),
            tracking_numbers=tuple(package.tracking_number for package in delivery.packages),
            surplus=surplus,
        )


async def _read_delivery(services: PairServices, input: ConfirmShipmentInput) -> Delivery:
    number = {"DLIX": input.delivery_number}
    outcomes = await services.m3.execute_all(
        "MWS410MI",
        [
            Transaction(
                name="GetHead",
                record=number,
                columns=("DLIX", "MODL", "ETRN", "DSDT", "DSHM", "PGRS"),
            ),
            Transaction(name="LstPackages", record=number, columns=("PANR", "ETRN", "MODF")),
            Transaction(
                name="LstPackageLine",
                # PDSO names a sorting order; 1 is the standard one.
                record=number | {"PDSO": "1"},
                columns=("PANR", "RIDN", "RIDL", "RIDX", "DLQT", "DLQA"),
            ),
        ],
    )
    heads, packages, contents = accepted(outcomes)
    if heads[0]["PGRS"] < SHIPPED_STATUS:
        raise NotReady(f"delivery {input.delivery_number} has not left the warehouse")
    delivery = from_m3_delivery(
        heads[0],
        packages,
        contents,
        m3_order_number=input.m3_order_number,
        lines=await _lines_of(services, input, contents),
        time_zone=services.pair.time_zone,
    )
    if not delivery.packages:
        raise NotReady(f"delivery {input.delivery_number} has no package of this order yet")
    return delivery


async def _lines_of(
    services: PairServices, input: ConfirmShipmentInput, contents: list[Record]
) -> tuple[M3Line, ...]:
    """Return the order's lines; read again where M3 has split one since they were read."""
    ours = [record for record in contents if record["RIDN"] == input.m3_order_number]
    known = {line.m3_line for line in input.lines}
    if all(key_of(record["RIDL"], record["RIDX"]) in known for record in ours):
        return input.lines
    return await read_lines(services, input.ref, input.m3_order_number)


@dataclass(frozen=True, kw_only=True)
class _Confirmation:
    """What of a delivery is told to Walmart, and whether against a wish to cancel."""

    delivery: Delivery
    intent_to_cancel_override: bool = False
    surplus: tuple[LineQuantity, ...] = ()  # Walmart has canceled them, so it is not told


async def _confirm(
    services: PairServices,
    input: ConfirmShipmentInput,
    delivery: Delivery,
    confirmation: _Confirmation,
) -> tuple[LineQuantity, ...]:
    """Send a confirmation; after a refusal send what reading the order back leaves of it.

    Returns:
        What Walmart would not take, because it has canceled it.
    """
    now = datetime.now(UTC)
    while confirmation.delivery.packages:
        try:
            await _send(services, input, confirmation)
        except Rejected as refusal:
            if _is_about_date(refusal):
                # Walmart takes no ship date before today, and a delivery that left before
                # midnight would stay unconfirmed for good.
                delivery = replace(delivery, shipped_at=now)
            lacking = await _lacking_at_walmart(services, input, delivery)
            if lacking == confirmation:
                raise
            confirmation = lacking
        else:
            return confirmation.surplus
    log.info("walmart_shipment_recognized", delivery_number=input.delivery_number)
    return confirmation.surplus


async def _lacking_at_walmart(
    services: PairServices, input: ConfirmShipmentInput, delivery: Delivery
) -> _Confirmation:
    """Read the order back and return what Walmart lacks of this delivery.

    Goods that have left are confirmed even where the buyer asked to cancel meanwhile.
    """
    order = await services.fetch(input.ref.purchase_order_id)
    lacking, surplus = still_wanted(remaining(delivery, order), order)
    return _Confirmation(
        delivery=lacking, intent_to_cancel_override=order.intent_to_cancel, surplus=surplus
    )


async def _send(
    services: PairServices, input: ConfirmShipmentInput, confirmation: _Confirmation
) -> None:
    body = to_shipping_body(
        confirmation.delivery,
        order=await services.order(input.ref.purchase_order_id),
        pair=services.pair,
        mappings=services.mappings,
        m3_order_number=input.m3_order_number,
        intent_to_cancel_override=confirmation.intent_to_cancel_override,
    )
    await services.walmart.ship_lines(input.ref.purchase_order_id, body)


def _is_about_date(refusal: Rejected) -> bool:
    """Source: "ship date must be today or later" was met once; the field is not known for sure."""
    return refusal.field == "shipDateTime" or "ship date" in refusal.message.lower()


def _total_by_line(delivery: Delivery) -> tuple[LineQuantity, ...]:
    totals: dict[str, int] = {}
    for package in delivery.packages:
        for line in package.lines:
            totals[line.line_number] = totals.get(line.line_number, 0) + line.quantity
    return tuple(LineQuantity(line_number=n, quantity=q) for n, q in totals.items())
