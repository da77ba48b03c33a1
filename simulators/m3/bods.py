"""The documents M3 sends out through ION: Sync.Shipment and Sync.Invoice.

The frame (namespace, ApplicationArea, DataArea, BODID) follows documented facts. What stands
inside Shipment and Invoice is our choice: no genuine M3 document was available to copy.
"""

from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from simulators.m3.records import Delivery, Invoice, Order
from simulators.m3.values import money_text, quantity_text
from simulators.world import ACCOUNTING_ENTITY, CURRENCY, TENANT

NAMESPACE = "http://schema.infor.com/InforOAGIS/2"
LOGICAL_ID = "lid://infor.m3.m3"


def sync_shipment(order: Order, delivery: Delivery, *, at: datetime) -> bytes:
    """Return the document that says a delivery has left."""
    root, noun = _document("Shipment", delivery.number, location=delivery.warehouse, at=at)
    header = SubElement(noun, "ShipmentHeader")
    _document_id(header, delivery.number)
    _references(header, order)
    SubElement(header, "ActualShipDateTime").text = _instant(delivery.departs_at)
    SubElement(SubElement(header, "Status"), "Code").text = "Shipped"
    for position, quantity in delivery.quantities.items():
        line = order.lines[position]
        item = SubElement(noun, "ShipmentItem")
        SubElement(item, "LineNumber").text = str(position[0])
        SubElement(SubElement(item, "ItemID"), "ID").text = line.item_number
        amount = SubElement(item, "ShippedQuantity", unitCode="EA")
        amount.text = quantity_text(quantity)
    return _xml(root)


def sync_invoice(order: Order, invoice: Invoice, *, at: datetime) -> bytes:
    """Return the document that says an invoice was made."""
    root, noun = _document("Invoice", invoice.number, location="", at=at)
    header = SubElement(noun, "InvoiceHeader")
    _document_id(header, invoice.number)
    _references(header, order)
    shipment = SubElement(header, "DocumentReference", type="Shipment")
    _document_id(shipment, invoice.delivery_number)
    SubElement(header, "DocumentDateTime").text = _instant(invoice.created_at)
    total = SubElement(header, "ExtendedAmount", currencyID=CURRENCY)
    total.text = money_text(invoice.amount)
    return _xml(root)


def _document(
    noun_name: str, document_id: str, *, location: str, at: datetime
) -> tuple[Element, Element]:
    """Return the root element and the empty noun inside it."""
    root = Element(f"Sync{noun_name}", xmlns=NAMESPACE, releaseID="9.2", versionID="2.14.0")
    application = SubElement(root, "ApplicationArea")
    sender = SubElement(application, "Sender")
    SubElement(sender, "LogicalID").text = LOGICAL_ID
    SubElement(sender, "ComponentID").text = "M3"
    SubElement(sender, "ConfirmationCode").text = "OnError"
    SubElement(application, "CreationDateTime").text = _instant(at)
    SubElement(
        application, "BODID"
    ).text = (
        f"infor-nid:{TENANT}:{ACCOUNTING_ENTITY}:{location}:{document_id}:1?{noun_name}&verb=Sync"
    )
    data = SubElement(root, "DataArea")
    sync = SubElement(data, "Sync")
    SubElement(sync, "TenantID").text = TENANT
    SubElement(sync, "AccountingEntityID").text = ACCOUNTING_ENTITY
    SubElement(sync, "LocationID").text = location
    criteria = SubElement(sync, "ActionCriteria")
    SubElement(criteria, "ActionExpression", actionCode="Add")
    return root, SubElement(data, noun_name)


def _references(header: Element, order: Order) -> None:
    """Name the customer order and the customer's own order number."""
    _document_id(SubElement(header, "DocumentReference", type="SalesOrder"), order.number)
    _document_id(SubElement(header, "PurchaseOrderReference"), order.customer_reference)


def _document_id(parent: Element, document_id: str) -> None:
    identity = SubElement(parent, "DocumentID")
    SubElement(identity, "ID", accountingEntity=ACCOUNTING_ENTITY).text = document_id


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _xml(root: Element) -> bytes:
    xml: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return xml
