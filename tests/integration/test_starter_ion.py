"""ION messages against a real Temporal server. No worker runs."""

import json
import zlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from activities.search_attributes import M3_ORDER_NUMBER, PAIR, PURCHASE_ORDER_ID
from domain.names import order_workflow_id
from domain.orders import DeliveryReport, InvoiceReport
from tests.starter_messages import ION_SECRET, api_message, bod, caller, ims_parameters

HEADERS = {"X-ION": ION_SECRET}


@pytest.fixture
async def starter(temporal: Client) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(temporal) as http:
        yield http


@pytest.fixture
def purchase_order_id() -> str:
    return uuid4().hex[:13]


@pytest.fixture
def m3_order_number() -> str:
    return uuid4().hex[:10]


@pytest.fixture
async def order(
    temporal: Client, purchase_order_id: str, m3_order_number: str
) -> WorkflowHandle[Any, Any]:
    """An order that is in M3 and waits for its delivery."""
    return await temporal.start_workflow(
        "OrderToCash",
        id=order_workflow_id("acme", purchase_order_id),
        task_queue="nobody-polls-this",
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(PAIR, "acme"),
                SearchAttributePair(PURCHASE_ORDER_ID, purchase_order_id),
                SearchAttributePair(M3_ORDER_NUMBER, m3_order_number),
            ]
        ),
    )


async def signals(temporal: Client, order: WorkflowHandle[Any, Any]) -> list[tuple[str, object]]:
    """Return the name and argument of every signal an order has received."""
    types = {"delivery_reported": DeliveryReport, "invoice_reported": InvoiceReport}
    found = []
    for event in (await order.fetch_history()).events:
        signal = event.workflow_execution_signaled_event_attributes
        if signal.signal_name:
            expected = [types[signal.signal_name]]
            [report] = await temporal.data_converter.decode(signal.input.payloads, expected)
            found.append((signal.signal_name, report))
    return found


async def post_multipart(
    http: httpx.AsyncClient, path: str, parameters: dict[str, str], document: bytes
) -> httpx.Response:
    files: list[tuple[str, tuple[str | None, bytes, str]]] = [
        ("ParameterRequest", (None, json.dumps(parameters).encode(), "application/json")),
        ("MessagePayload", ("MessagePayload", document, "application/octet-stream")),
    ]
    return await http.post(path, files=files, headers=HEADERS)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ion/v3/multipartMessage", 202),
        ("/ion/v2/multipartMessage", 201),
        ("/ion/multipartMessage", 201),
    ],
)
async def test_shipment_is_reported_to_its_order(
    temporal: Client,
    starter: httpx.AsyncClient,
    order: WorkflowHandle[Any, Any],
    purchase_order_id: str,
    path: str,
    status: int,
):
    shipment = bod("Shipment", number="7001", purchase_order_id=purchase_order_id)
    parameters = ims_parameters("Sync.Shipment", message_id="m-1") | {"encoding": "DEFLATE"}

    response = await post_multipart(starter, path, parameters, zlib.compress(shipment))

    assert (response.status_code, response.json()) == (status, {"outcome": "signaled"})
    assert await signals(temporal, order) == [
        ("delivery_reported", DeliveryReport(delivery_number="7001", message_id="m-1"))
    ]


async def test_invoice_is_reported_to_its_order(
    temporal: Client,
    starter: httpx.AsyncClient,
    order: WorkflowHandle[Any, Any],
    purchase_order_id: str,
):
    invoice = bod("Invoice", purchase_order_id=purchase_order_id)
    message = api_message(invoice, ims_parameters("Sync.Invoice", message_id="m-2"))

    response = await starter.post("/ion/message", content=message, headers=HEADERS)

    assert response.json() == {"outcome": "signaled"}
    assert await signals(temporal, order) == [("invoice_reported", InvoiceReport(message_id="m-2"))]


async def test_bare_document_is_reported_to_its_order(
    temporal: Client,
    starter: httpx.AsyncClient,
    order: WorkflowHandle[Any, Any],
    purchase_order_id: str,
):
    shipment = bod("Shipment", number="7001", purchase_order_id=purchase_order_id)

    response = await starter.post("/ion/message", content=shipment, headers=HEADERS)

    assert response.json() == {"outcome": "signaled"}
    [(_, report)] = await signals(temporal, order)
    assert isinstance(report, DeliveryReport)
    assert report.message_id.startswith("infor-nid:")


async def test_order_is_found_by_its_m3_order_number(
    temporal: Client,
    starter: httpx.AsyncClient,
    order: WorkflowHandle[Any, Any],
    m3_order_number: str,
):
    shipment = bod("Shipment", number="7002", m3_order_number=m3_order_number)
    message = api_message(shipment, ims_parameters("Sync.Shipment", message_id="m-3"))
    query = f"M3OrderNumber = '{m3_order_number}'"
    while not [found async for found in temporal.list_workflows(query)]:
        pass  # the index lags behind the start by moments

    response = await starter.post("/ion/message", content=message, headers=HEADERS)

    assert response.json() == {"outcome": "signaled"}
    assert await signals(temporal, order) == [
        ("delivery_reported", DeliveryReport(delivery_number="7002", message_id="m-3"))
    ]


async def test_delivery_of_several_orders_is_reported_to_each(
    temporal: Client,
    starter: httpx.AsyncClient,
    order: WorkflowHandle[Any, Any],
    purchase_order_id: str,
):
    shipment = bod("Shipment", purchase_order_id="not-at-walmart").replace(
        b"</ShipmentHeader>",
        b"<PurchaseOrderReference><DocumentID><ID>%s</ID></DocumentID></PurchaseOrderReference>"
        b"</ShipmentHeader>" % purchase_order_id.encode(),
    )
    message = api_message(shipment, ims_parameters("Sync.Shipment"))

    response = await starter.post("/ion/message", content=message, headers=HEADERS)

    assert response.json() == {"outcome": "signaled"}
    assert len(await signals(temporal, order)) == 1


@pytest.mark.parametrize("noun", ["Shipment", "Invoice"])
async def test_documents_of_other_customers_are_accepted_and_logged(
    starter: httpx.AsyncClient, noun: str
):
    for document in (bod(noun, purchase_order_id="4711"), bod(noun, m3_order_number="0009999999")):
        message = api_message(document, ims_parameters(f"Sync.{noun}"))
        with structlog.testing.capture_logs() as logs:
            response = await starter.post("/ion/message", content=message, headers=HEADERS)

        assert (response.status_code, response.json()) == (200, {"outcome": "unmatched"})
        assert [entry["event"] for entry in logs] == ["ion_message_unmatched"]


async def test_message_is_not_lost_when_the_namespace_is_missing(temporal_address: str):
    client = await Client.connect(temporal_address, namespace="not-created-yet", lazy=True)
    async with caller(client) as starter:
        for references in ({"purchase_order_id": "1"}, {"m3_order_number": "1"}):
            document = bod("Shipment", **references)
            message = api_message(document, ims_parameters("Sync.Shipment"))
            response = await starter.post("/ion/message", content=message, headers=HEADERS)
            assert response.status_code == 503
