"""What the starter reads out of M3's documents."""

import pytest

from starter.bods import Bod, M3Document, read_bod
from starter.refusals import Unreadable
from tests.starter_messages import bod


def test_shipment_names_its_delivery_and_its_orders():
    xml = bod(
        "Shipment", number="7001", purchase_order_id="1796277083022", m3_order_number="0001000042"
    )

    assert read_bod(xml) == Bod(
        name="Sync.Shipment",
        bod_id="infor-nid:ACME_TST:100_AAA:001:7001:1?Shipment&verb=Sync",
        accounting_entity="100_AAA",
        deleted=False,
        documents=(
            M3Document(
                number="7001",
                purchase_order_ids=("1796277083022",),
                m3_order_numbers=("0001000042",),
            ),
        ),
    )


def test_namespace_and_prefix_do_not_matter():
    for namespace in ('xmlns="urn:other"', ""):
        xml = bod("Invoice", purchase_order_id="1").replace(
            b'xmlns="http://schema.infor.com/InforOAGIS/2"', namespace.encode()
        )

        assert read_bod(xml).documents[0].purchase_order_ids == ("1",)


def test_references_of_lines_and_headers_are_gathered_once_each():
    def reference(element: str, document_id: str) -> str:
        name = element.partition(" ")[0]
        return f"<{element}><DocumentID><ID>{document_id}</ID></DocumentID></{name}>"

    xml = f"""<SyncShipment xmlns="urn:any"><DataArea><Sync/>
      <Shipment>
        <ShipmentHeader><DocumentID><ID> 7001 </ID></DocumentID></ShipmentHeader>
        <ShipmentItem>
          {reference("PurchaseOrderReference", "A1")}
          {reference("SalesOrderReference", "S1")}
        </ShipmentItem>
        <ShipmentItem>
          {reference('DocumentReference type="PurchaseOrder"', "A1")}
          {reference('DocumentReference type="CustomerPurchaseOrder"', "A2")}
          {reference('DocumentReference type="Invoice"', "I1")}
        </ShipmentItem>
      </Shipment>
      <Shipment><DocumentID><ID>7002</ID></DocumentID></Shipment>
    </DataArea></SyncShipment>""".encode()

    first, second = read_bod(xml).documents

    assert first.number == "7001"
    assert first.purchase_order_ids == ("A1", "A2")
    assert first.m3_order_numbers == ("S1",)
    assert second == M3Document(number="7002", purchase_order_ids=(), m3_order_numbers=())


def test_accounting_entity_is_taken_from_the_bod_id_when_the_verb_lacks_it():
    xml = bod("Shipment").replace(b"<AccountingEntityID>100_AAA</AccountingEntityID>", b"")

    assert read_bod(xml).accounting_entity == "100_AAA"


def test_deletion_is_seen():
    assert read_bod(bod("Shipment", action="Delete")).deleted
    assert not read_bod(bod("Shipment", action="Replace")).deleted


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"{}",
        b"\x00",
        b"<SyncShipment>",
        b"<SyncShipment/>",
        b"<shipment><DataArea/></shipment>",
        b'<!DOCTYPE SyncShipment SYSTEM "file:///etc/hostname"><SyncShipment/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        b"<SyncShipment><DataArea>&x;</DataArea></SyncShipment>",
        b"<SyncShipment>" + b"<a>" * 5_000 + b"</a>" * 5_000 + b"</SyncShipment>",
    ],
    ids=lambda xml: xml[:40].decode("latin-1"),
)
def test_what_is_no_document_is_refused(xml: bytes):
    with pytest.raises(Unreadable):
        read_bod(xml)
