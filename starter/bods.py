"""Read the Business Object Documents (BODs) that M3 publishes through ION.

Only what leads to an order is taken: the quantities, packages and amounts are read from M3 itself.
Elements are found by their local name, as tenants differ in namespace and release.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from starter.refusals import Unreadable

# Root elements are verb and noun in one: SyncShipment.
_ROOT = re.compile(r"([A-Z][a-z]+)([A-Z]\w*)")
# infor-nid:{tenant}:{accountingEntity}:{location}:{documentId}:{variation}?{Noun}&verb={Verb}
_ENTITY_OF_BODID = re.compile(r"infor-nid:[^:]*:([^:]*):")

_PURCHASE_ORDER = frozenset({"PurchaseOrder", "CustomerPurchaseOrder"})
_SALES_ORDER = frozenset({"SalesOrder"})


@dataclass(frozen=True, kw_only=True)
class M3Document:
    """One shipment or invoice, and the orders it belongs to."""

    number: str  # DLIX of a shipment, invoice number of an invoice; empty when it has none
    purchase_order_ids: tuple[str, ...]  # CUOR: the customer's own order number
    m3_order_numbers: tuple[str, ...]  # ORNO


@dataclass(frozen=True, kw_only=True)
class Bod:
    """One document as ION carries it. A BOD may hold several nouns of the same kind."""

    name: str  # Sync.Shipment
    bod_id: str
    accounting_entity: str  # company and division, 100_AAA
    deleted: bool  # its action is Delete: what it names is gone from M3
    documents: tuple[M3Document, ...]


def read_bod(xml: bytes) -> Bod:
    """Return what a BOD says.

    Raises:
        Unreadable: no XML, a DTD inside, or no DataArea.

    Source:
        Frame (ApplicationArea, DataArea, BODID, ActionExpression): BODs published by Infor
        applications. The two ways an order is referred to, an element of its own or a
        DocumentReference with a type, are OAGIS 9; which one a tenant sends is not documented.
    """
    root = _parse(xml)
    verb, noun = _verb_and_noun(root)
    data_area = root.find("{*}DataArea")
    if data_area is None:
        raise Unreadable("the document has no DataArea")
    bod_id = (root.findtext("{*}ApplicationArea/{*}BODID") or "").strip()
    actions = {found.get("actionCode") for found in data_area.iter("{*}ActionExpression")}
    return Bod(
        name=f"{verb}.{noun}",
        bod_id=bod_id,
        accounting_entity=_accounting_entity(data_area, verb, bod_id),
        deleted=actions == {"Delete"},
        documents=tuple(_document(found) for found in data_area.iterchildren(f"{{*}}{noun}")),
    )


def _parse(xml: bytes) -> etree._Element:
    # Nothing in a BOD needs a DTD, and entities are how small XML becomes large or reads files.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable("the document is not XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("the document carries a DTD")
    return root


def _verb_and_noun(root: etree._Element) -> tuple[str, str]:
    found = _ROOT.fullmatch(etree.QName(root).localname)
    if found is None:
        raise Unreadable("the document's root element is not a verb and a noun")
    return found[1], found[2]


def _accounting_entity(data_area: etree._Element, verb: str, bod_id: str) -> str:
    named = data_area.findtext(f"{{*}}{verb}/{{*}}AccountingEntityID")
    from_id = _ENTITY_OF_BODID.match(bod_id)
    return (named or "").strip() or (from_id[1] if from_id else "")


def _document(noun: etree._Element) -> M3Document:
    return M3Document(
        number=_own_number(noun),
        purchase_order_ids=_references(noun, "PurchaseOrderReference", _PURCHASE_ORDER),
        m3_order_numbers=_references(noun, "SalesOrderReference", _SALES_ORDER),
    )


def _own_number(noun: etree._Element) -> str:
    """Return the id of the document itself, which stands in the noun or its header."""
    headers = [
        child for child in noun.iterchildren("*") if etree.QName(child).localname.endswith("Header")
    ]
    for holder in (noun, *headers):
        number = (holder.findtext("{*}DocumentID/{*}ID") or "").strip()
        if number:
            return number
    return ""


def _references(noun: etree._Element, element: str, types: frozenset[str]) -> tuple[str, ...]:
    """Return the ids a document refers to, each once, in the order they stand there."""
    found = dict.fromkeys(
        (identity.text or "").strip()
        for reference in _all_references(noun, element, types)
        for identity in reference.iterfind("{*}DocumentID/{*}ID")
    )
    return tuple(text for text in found if text)


def _all_references(
    noun: etree._Element, element: str, types: frozenset[str]
) -> Iterator[etree._Element]:
    yield from noun.iter(f"{{*}}{element}")
    for reference in noun.iter("{*}DocumentReference"):
        if reference.get("type") in types:
            yield reference
