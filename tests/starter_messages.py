"""Settings, webhooks and BODs for the tests of the starter."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from pydantic import SecretStr
from temporalio.client import Client

from ledger.dead_letters import DeadLetters
from ledger.store import open_ledger
from settings import Settings
from starter.app import create_app

HMAC_SECRET = "walmart-signs-with-this"  # noqa: S105
ION_SECRET = "ion-sends-this"  # noqa: S105
SIGNED: Mapping[str, object] = {
    "method": "hmac",
    "header": "X-Signature",
    "secret": SecretStr(HMAC_SECRET),
}


def settings_with(
    webhooks: Mapping[str, object] = SIGNED, *, ledger: Path | None = None, alerted: str = ""
) -> Settings:
    """Return settings of one pair, `acme`, whose accounting entity is 100_AAA.

    A channel `alerted` hears of every case.
    """
    pair = {
        "name": "acme",
        "time_zone": "America/Chicago",
        "walmart": {"client_id": SecretStr("id"), "client_secret": SecretStr("secret")},
        "m3": {
            "ionapi_file": Path("acme.ionapi"),
            "company": 100,
            "division": "AAA",
            "facility": "A01",
            "order_type": "WM1",
            "customer_number": "WALMART",
        },
        "webhooks": webhooks,
        "ion": {"header": "X-ION", "secret": SecretStr(ION_SECRET)},
    }
    alerts = {
        "channels": {alerted: SecretStr("json://127.0.0.1:1/")},
        "rules": [{"channels": [alerted]}],
    }
    return Settings.model_validate(
        {
            "pairs": [pair],
            "ledger": {"path": ledger} if ledger else {},
            "alerts": alerts if alerted else {},
        }
    )


@asynccontextmanager
async def caller(
    client: Client, settings: Settings | None = None, *, letters: DeadLetters | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield an HTTP client of a starter in this process, with a ledger of its own."""
    async with AsyncExitStack() as stack:
        if letters is None:
            folder = stack.enter_context(TemporaryDirectory())
            ledger = await stack.enter_async_context(open_ledger(Path(folder) / "ledger.db"))
            letters = ledger.dead_letters
        app = create_app(settings or settings_with(), client, letters)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        http = httpx.AsyncClient(transport=transport, base_url="http://starter")
        yield await stack.enter_async_context(http)


def signed(body: bytes) -> dict[str, str]:
    """Return the headers of a delivery that proves itself by HMAC."""
    return {"X-Signature": hmac.new(HMAC_SECRET.encode(), body, hashlib.sha256).hexdigest()}


async def deliver(http: httpx.AsyncClient, event: Any, *, pair: str = "acme") -> httpx.Response:
    """Post a webhook as Walmart does."""
    body = json.dumps(event).encode()
    return await http.post(f"/webhooks/walmart/{pair}", content=body, headers=signed(body))


def legacy_event(purchase_order_id: object, event_type: str = "PO_CREATED") -> dict[str, Any]:
    """Return a delivery in the envelope that ends on 15 December 2026."""
    return {
        "source": {"eventType": event_type, "eventId": f"event of {purchase_order_id}"},
        "payload": {"partnerId": "1", "purchaseOrderId": purchase_order_id, "orderLines": []},
    }


def order_update(
    purchase_order_id: str, sub_event_type: str = "PO_CREATED", *, event_id: str = "event-1"
) -> dict[str, Any]:
    """Return an ORDER_UPDATES delivery as the field table describes it."""
    return {
        "source": {"eventType": "ORDER_UPDATES", "eventId": event_id},
        "payload": {
            "meta": {"subEventType": sub_event_type},
            "order": {"purchaseOrderId": purchase_order_id, "orderLines": []},
        },
    }


def bod(
    noun: str,
    *,
    number: str = "7001",
    purchase_order_id: str = "",
    m3_order_number: str = "",
    entity: str = "100_AAA",
    action: str = "Add",
) -> bytes:
    """Return a Sync document of M3 that refers to its order in the given ways."""
    references = ""
    if purchase_order_id:
        references += _reference("PurchaseOrderReference", "", purchase_order_id)
    if m3_order_number:
        references += _reference("DocumentReference", ' type="SalesOrder"', m3_order_number)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<Sync{noun} xmlns="http://schema.infor.com/InforOAGIS/2" releaseID="9.2">
  <ApplicationArea>
    <Sender><LogicalID>lid://infor.m3.m3</LogicalID></Sender>
    <BODID>infor-nid:ACME_TST:{entity}:001:{number}:1?{noun}&amp;verb=Sync</BODID>
  </ApplicationArea>
  <DataArea>
    <Sync>
      <AccountingEntityID>{entity}</AccountingEntityID>
      <ActionCriteria><ActionExpression actionCode="{action}"/></ActionCriteria>
    </Sync>
    <{noun}>
      <!-- a comment is no element -->
      <{noun}Header>
        <DocumentID><ID>{number}</ID></DocumentID>
        {references}
      </{noun}Header>
    </{noun}>
  </DataArea>
</Sync{noun}>""".encode()


def _reference(element: str, attributes: str, document_id: str) -> str:
    return f"<{element}{attributes}><DocumentID><ID>{document_id}</ID></DocumentID></{element}>"


def ims_parameters(document_name: str, *, message_id: str = "message-1") -> dict[str, str]:
    """Return the parameters ION sends along with a document."""
    return {
        "messageId": message_id,
        "documentName": document_name,
        "accountingEntity": "100_AAA",
        "fromLogicalId": "lid://infor.m3.m3",
        "encoding": "NONE",
    }


def api_message(document: bytes, parameters: Mapping[str, str]) -> bytes:
    """Return a message as ION's API connection point posts it."""
    deflated = parameters["encoding"] == "DEFLATE"
    value = base64.b64encode(document).decode() if deflated else document.decode()
    inside = {"value": value, "encoding": parameters["encoding"]}
    return json.dumps({**parameters, "document": inside}).encode()
