"""Learn what M3 has shipped, and confirm it to Walmart package by package."""

from dataclasses import dataclass

import structlog
from temporalio import activity

from activities.services import PairServices, Services
from connectors.m3 import Record, Transaction, accepted
from domain.errors import NotReady, Rejected
from domain.orders import LineQuantity, M3Line, OrderRef, Shipment
from mappings.deliveries import from_m3_delivery
from mappings.shipments import Delivery, remaining, to_shipping_body

log = structlog.get_logger()

# A delivery below this status (PGRS) has not left the warehouse.
SHIPPED_STATUS = "50"


@dataclass(frozen=True, kw_only=True)
class FindDeliveriesInput:
    """Which M3 order to look for deliveries of."""

    ref: OrderRef
    m3_order_number: str
    lines: tuple[M3Line, ...]


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
    async def find_deliveries(self, input: FindDeliveriesInput) -> tuple[str, ...]:
        """Return the delivery numbers of this order that have left the warehouse.

        The fallback for ION messages that never came. Repeating: reads again.
        """
        services = self._services.of(input.ref)
        outcomes = await services.m3.execute_all(
            "OIS100MI",
            [
                Transaction(
                    name="LstDelLineByCO",
                    record={"ORNO": input.m3_order_number} | _line_key(line),
                    columns=("DLIX", "PGRS"),
                )
                for line in input.lines
            ],
        )
        lines = [record for records in accepted(outcomes) for record in records]
        return tuple(sorted({r["DLIX"] for r in lines if r["PGRS"] >= SHIPPED_STATUS}))

    @activity.defn
    async def confirm_shipment(self, input: ConfirmShipmentInput) -> Shipment:
        """Tell Walmart what this delivery holds, line by line and package by package.

        Walmart charges the buyer with it and refuses it the second time. Repeating: after an
        answer that may have been lost, and after any refusal, the order is read back and only
        what Walmart does not have yet is sent.
        """
        services = self._services.of(input.ref)
        delivery = await _read_delivery(services, input)
        business_id = f"{input.ref.purchase_order_id}/{input.delivery_number}"
        if await services.may_have_happened(business_id):
            await _ship_remaining(services, input, delivery)
        else:
            await _ship(services, input, delivery)
        log.info(
            "walmart_shipment_confirmed",
            delivery_number=input.delivery_number,
            packages=len(delivery.packages),
        )
        return Shipment(
            delivery_number=input.delivery_number,
            lines=_total_by_line(delivery),
            tracking_numbers=tuple(package.tracking_number for package in delivery.packages),
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
        lines=input.lines,
        time_zone=services.pair.time_zone,
    )
    if not delivery.packages:
        raise NotReady(f"delivery {input.delivery_number} has no package of this order yet")
    return delivery


async def _ship(services: PairServices, input: ConfirmShipmentInput, delivery: Delivery) -> None:
    body = to_shipping_body(
        delivery,
        order=await services.order(input.ref.purchase_order_id),
        pair=services.pair,
        mappings=services.mappings,
        m3_order_number=input.m3_order_number,
    )
    try:
        await services.walmart.ship_lines(input.ref.purchase_order_id, body)
    except Rejected as refusal:
        await _ship_remaining(services, input, delivery, after=refusal)


async def _ship_remaining(
    services: PairServices,
    input: ConfirmShipmentInput,
    delivery: Delivery,
    *,
    after: Rejected | None = None,
) -> None:
    """Read the order back and send what Walmart lacks of this delivery, if anything.

    Goods that have left are confirmed even where the buyer asked to cancel meanwhile.
    """
    order = await services.fetch(input.ref.purchase_order_id)
    left = remaining(delivery, order)
    if not left.packages:
        log.info("walmart_shipment_recognized", delivery_number=input.delivery_number)
        return
    override = order.intent_to_cancel
    if after is not None and left == delivery and not override:
        raise after
    body = to_shipping_body(
        left,
        order=order,
        pair=services.pair,
        mappings=services.mappings,
        m3_order_number=input.m3_order_number,
        intent_to_cancel_override=override,
    )
    await services.walmart.ship_lines(input.ref.purchase_order_id, body)


def _line_key(line: M3Line) -> Record:
    number, _, suffix = line.m3_line.partition("/")
    return {"PONR": number, "POSX": suffix}


def _total_by_line(delivery: Delivery) -> tuple[LineQuantity, ...]:
    totals: dict[str, int] = {}
    for package in delivery.packages:
        for line in package.lines:
            totals[line.line_number] = totals.get(line.line_number, 0) + line.quantity
    return tuple(LineQuantity(line_number=n, quantity=q) for n, q in totals.items())
