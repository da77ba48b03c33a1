"""Turn a Walmart purchase order into the M3 records that enter it.

`draft_order` does all the mapping before M3 is asked for anything, so that an order that does not
fit stops before it has touched M3. The draft is kept in the ledger: a repeated step sends the
same record again even when mapping files or value tables have changed in between. It holds the
buyer's name and address and belongs nowhere else.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from domain.errors import NOTICED, InvalidOrder
from domain.orders import CustomerStrategy, OrderEntry
from domain.pairs import Pair
from mappings.addresses import street_lines
from mappings.customers import draft_buyer
from mappings.engine import DraftRecord, Source
from mappings.exchange import Exchange
from mappings.loader import MappingSet
from mappings.sources import order_source, shipping_address
from mappings.tables import Site
from mappings.walmart_order import Line, WalmartOrder

Record = dict[str, str]

ZERO = Decimal(0)

# The mapping of each part of an order, by the way orders are entered.
HEAD = {OrderEntry.BATCH: "order_head", OrderEntry.DIRECT: "order_head_direct"}
LINE = {OrderEntry.BATCH: "order_line", OrderEntry.DIRECT: "order_line_direct"}
CHARGE = {OrderEntry.BATCH: "order_charge", OrderEntry.DIRECT: "order_charge_direct"}


@dataclass(frozen=True, kw_only=True)
class LineDraft:
    """One line as it will be entered: AddBatchLine or AddOrderLine without ORNO."""

    line_number: str
    record: Record


@dataclass(frozen=True, kw_only=True)
class OrderDraft:
    """Everything M3 will be told about one order. No record has its ORNO, which M3 gives."""

    purchase_order_id: str
    entry: OrderEntry
    facility: str
    warehouse: str
    head: DraftRecord  # AddBatchHead or AddOrderHead
    lines: tuple[LineDraft, ...]
    addresses: tuple[Record, ...] = ()  # AddBatchAddress; none for direct entry
    charges: tuple[Record, ...] = ()  # AddBatchHeadChg or AddConnCOCharge
    texts: tuple[Record, ...] = ()  # AddBatchText; none for direct entry

    def head_record(self, *, customer_number: str, address_id: str = "") -> Record:
        """Return the head for a customer.

        Args:
            customer_number: CUNO.
            address_id: ADID of the customer's delivery address; for direct entry only.
        """
        return self.head.complete(customer_number=customer_number, address_id=address_id)

    def records_before_lines(self) -> list[tuple[str, Record]]:
        """Return what goes between head and lines: OIS100MI transaction and record."""
        batch = self.entry is OrderEntry.BATCH
        charge = "AddBatchHeadChg" if batch else "AddConnCOCharge"
        return [
            *(("AddBatchAddress", record) for record in self.addresses),
            *((charge, record) for record in self.charges),
            *(("AddBatchText", record) for record in self.texts),
        ]

    def to_json(self) -> str:
        """Return the draft as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, content: str) -> "OrderDraft":
        """Return the draft `to_json` wrote."""
        data: dict[str, Any] = json.loads(content)
        read: dict[str, Any] = {
            "entry": OrderEntry(data["entry"]),
            "head": DraftRecord(**data["head"]),
            "lines": tuple(LineDraft(**line) for line in data["lines"]),
        }
        tuples = {name: tuple(data[name]) for name in ("addresses", "charges", "texts")}
        return cls(**data | read | tuples)


def draft_order(
    order: WalmartOrder,
    *,
    pair: Pair,
    mappings: MappingSet,
    items: Mapping[str, str],
    exchange: Exchange | None = None,
) -> OrderDraft:
    """Return the M3 records of an order that has something to ship.

    Args:
        order: the purchase order; canceled units and lines are left out.
        pair: its settings.
        mappings: the mappings of the pair.
        items: M3 item number (ITNO) of each SKU on the open lines.
        exchange: what the order's amounts are converted by, where it is in another currency.

    Raises:
        InvalidOrder: it names no ship node, or its currency is not the pair's.
        UnmappedValue: a value has no row in its value table.
        ShipNodeClosed: nothing is shipped from the order's ship node.
        UnmappableField: a value does not fit its M3 field.
        KeyError: `items` lacks a SKU.
    """
    currency = exchange.currency if exchange else order.currency
    _check_currency(order, pair, currency)
    if pair.customer_strategy is CustomerStrategy.PER_BUYER:
        # Mapped again when the customer is looked for; here it only shows in time what is wrong.
        draft_buyer(order, pair=pair, mappings=mappings)
    entry, site = pair.order_entry, site_of(order, pair, mappings)
    source = order_source(order, pair, order_facts(order, site, exchange))
    draft = OrderDraft(
        purchase_order_id=order.purchase_order_id,
        entry=entry,
        facility=site.facility,
        warehouse=site.warehouse,
        head=mappings[HEAD[entry]].draft(source),
        lines=tuple(
            LineDraft(
                line_number=line.line_number,
                record=dict(mappings[LINE[entry]].draft(of_line).fields),
            )
            for line, of_line in line_sources(order, source, items, exchange)
        ),
        charges=tuple(
            dict(mappings[CHARGE[entry]].draft(of_charge).fields)
            for of_charge in charge_sources(pair, source, mappings)
        ),
    )
    if entry is OrderEntry.DIRECT:
        return draft
    return replace(
        draft,
        addresses=(_address(order, source, mappings),),
        texts=tuple(_texts(source, mappings)),
    )


def _check_currency(order: WalmartOrder, pair: Pair, currency: str) -> None:
    if currency != pair.currency:
        raise InvalidOrder(
            order.purchase_order_id,
            cause="CURRENCY_DIFFERS",
            reason=f"it is in {order.currency}, the pair {pair.name} in {pair.currency}",
            mend="mend `currency` of the pair if it is wrong; else enter the order by hand",
        )


def site_of(order: WalmartOrder, pair: Pair, mappings: MappingSet) -> Site:
    """Return what ships the order.

    Raises:
        InvalidOrder, UnmappedValue, ShipNodeClosed: as `draft_order`.
    """
    ship_node = order.head.ship_node
    if not ship_node and not mappings.ship_nodes.has(ship_node):
        raise InvalidOrder(
            order.purchase_order_id,
            cause="SHIP_NODE_MISSING",
            reason="it names no ship node",
            mend='add a row "" to mappings/tables/ship_nodes.yaml, then send `retry`; ' + NOTICED,
        )
    site = mappings.ship_nodes.site(ship_node)
    return replace(site, facility=site.facility or pair.facility)


def order_facts(order: WalmartOrder, site: Site, exchange: Exchange | None) -> dict[str, Any]:
    """Return what the records of the order as a whole are made from."""
    shipping = sum((line.shipping for line in order.open_lines), ZERO)
    tax = sum((line.tax for line in order.open_lines), ZERO)
    return {
        "currency": exchange.currency if exchange else order.currency,
        "facility": site.facility,
        "warehouse": site.warehouse,
        "shipping_amount": exchange.convert(shipping) if exchange else shipping,
        "tax_amount": exchange.convert(tax) if exchange else tax,
    }


def line_sources(
    order: WalmartOrder, source: Source, items: Mapping[str, str], exchange: Exchange | None
) -> Iterator[tuple[Line, Source]]:
    """Yield each open line and what its record is made from."""
    for line in order.open_lines:
        price, discount = line.unit_price, line.unit_discount
        if exchange:
            price, discount = exchange.convert(price), exchange.convert(discount)
        facts = {
            **source.facts,
            "item_number": items[line.sku],
            "quantity": line.quantity,
            "unit_price": price,
            "unit_discount": discount or None,
        }
        document = order.line_documents[line.line_number]
        yield line, replace(source, facts=facts, line=document)


def charge_sources(pair: Pair, source: Source, mappings: MappingSet) -> Iterator[Source]:
    """Yield what the record of each charge is made from that M3 is to have."""
    for charge_id, amount in (
        (pair.freight_charge, source.facts["shipping_amount"]),
        (pair.tax_charge, source.facts["tax_amount"]),
    ):
        if charge_id and amount:
            facts = {**source.facts, "charge_id": charge_id, "charge_amount": amount}
            of_charge = replace(source, facts=facts)
            if mappings[CHARGE[pair.order_entry]].applies(of_charge):
                yield of_charge


def _address(order: WalmartOrder, source: Source, mappings: MappingSet) -> Record:
    facts = {**source.facts, **street_lines(shipping_address(order))}
    return dict(mappings["order_address"].draft(replace(source, facts=facts)).fields)


def _texts(source: Source, mappings: MappingSet) -> Iterator[Record]:
    mapping = mappings["order_text"]
    if mapping.applies(source):
        yield dict(mapping.draft(source).fields)
