"""An eventful day with marked buyers, and everything it leaves behind."""

import asyncio
import hashlib
import hmac
import json
import os
from typing import Any
from unittest.mock import patch

import httpx
from temporalio.client import WorkflowExecutionDescription
from typer.testing import CliRunner

from commands.demo.stack import PAIR, WEBHOOK_HEADER
from commands.main import app
from domain.orders import Stage
from mappings.addresses import buyer_key
from tests.alert_receiver import AlertReceiver
from tests.end_to_end.stories.shop import LiveOrder, Shop
from tests.end_to_end.stories.story import GHOST, TWO_LINES, repairs_batch
from tests.marked_buyers import marked
from tests.starter_messages import api_message, bod, ims_parameters

PRICING = ("--cancellation-reason", "SELLER_CANCEL_PRICING_ERROR")
PER_BUYER = 'customer_strategy = "per_buyer"\ncustomer_template = "TMPLWM"\n'
QUERIES = ("status", "timeline", "__temporal_workflow_metadata")
NEVER_SEEN = "1099990000001"


class Trail:
    """What can be read outside of M3 and Walmart, by the place it stands in."""

    def __init__(self, shop: Shop, *, metrics_port: int) -> None:
        self.shop = shop
        self.folder = shop.stack.folder
        self.outputs: dict[str, bytes] = {}
        self.histories: dict[str, bytes] = {}
        self.temporal_files: dict[str, bytes] = {}
        self.letters: tuple[int, ...] = ()
        self.ordinary = self.sealed = ""  # purchase orders
        self.corrected_in_plain = self.refused_in_plain = ""  # workflows
        self._metrics = {
            "starter": f"{shop.stack.starter_url}/metrics",
            "worker": f"http://127.0.0.1:{metrics_port}/metrics",
        }

    async def command(self, *words: str, ends_with: int = 0) -> str:
        """Run one of our commands, keep what it prints, and return it."""
        line = [*words, "--config", str(self.shop.stack.config)]
        ended = await asyncio.to_thread(CliRunner().invoke, app, line)
        assert ended.exit_code == ends_with, f"{words}: {ended.output}"
        self._keep(f"command {' '.join(words)}", ended.output.encode())
        return ended.output

    async def look_at(self, order: LiveOrder) -> None:
        """Keep what is shown of an order as it stands."""
        number = order.purchase_order_id
        for query in QUERIES:
            said = await order.workflow.query(query)
            self._keep(f"query {query} of {number}", repr(said).encode())
        for words in (("orders", "show"), ("attention", "show")):
            await self.command(*words, number)
        await self.command("attention", "show", number, "--json")

    async def look_around(self) -> None:
        """Keep the lists, the metrics and what Temporal shows of every workflow."""
        for words in (("orders", "list"), ("attention", "list"), ("dead-letters", "list")):
            await self.command(*words)
            await self.command(*words, "--json")
        async with httpx.AsyncClient() as http:
            for name, url in self._metrics.items():
                answered = await http.get(url)
                self._keep(f"http {name}", answered.raise_for_status().content)
        async for execution in self.shop.client.list_workflows():
            workflow = self.shop.client.get_workflow_handle(execution.id, run_id=execution.run_id)
            description = await workflow.describe()
            self._keep(f"visibility of {execution.id}", _visible(description))
            history = await workflow.fetch_history()
            place = f"history of {execution.id}"
            events = b"\n".join(event.SerializeToString() for event in history.events)
            self.histories[place] = self.histories.get(place, b"") + events

    async def look_at_letters(self) -> None:
        """Keep what is shown of the dead letters, but not their bodies."""
        listed = json.loads(await self.command("dead-letters", "list", "--json"))
        self.letters = tuple(letter["id"] for letter in listed)
        for letter in self.letters:
            await self.command("dead-letters", "show", str(letter))
            await self.command("dead-letters", "show", str(letter), "--json")

    def keep_alerts(self, receiver: AlertReceiver) -> None:
        """Keep what the channel was told."""
        told = [receiver.taken.get_nowait() for _ in range(receiver.taken.qsize())]
        for number, alert in enumerate(told):
            self._keep(f"alert {number}", json.dumps(alert).encode())

    def keep_files(self) -> None:
        """Keep every file of the folder: logs, ledger, settings, and apart Temporal's own."""
        for path in sorted(each for each in self.folder.rglob("*") if each.is_file()):
            if path.name.startswith("temporal.db"):
                self.temporal_files[path.name] = path.read_bytes()
            else:
                self._keep(f"file {path.name}", path.read_bytes())

    def _keep(self, place: str, content: bytes) -> None:
        """Keep beside what the place held before: cases come and go."""
        self.outputs[place] = self.outputs.get(place, b"") + b"\n" + content


async def everything_happens(trail: Trail) -> None:
    """Let marked buyers order, and everything go wrong that can."""
    shop = trail.shop
    await shop.walmart("limits", scale=1000.0)
    await shop.m3("warehouse", delay_seconds=0.05, invoice_delay_seconds=0.05, running=True)
    with patch.dict(os.environ, {"COLUMNS": "500"}):
        orders = [await _goes_through(trail)]
        orders += await _do_not_fit(trail)
        orders += await _are_refused(trail)
        orders += await _come_while_all_is_down(trail)
        await _belong_to_nothing(trail, ended=trail.ordinary)
        for order in orders:
            await trail.look_at(order)
        await trail.look_at_letters()
        await trail.look_around()


async def _goes_through(trail: Trail) -> LiveOrder:
    order = await _place(trail.shop, "ordinary")
    trail.ordinary = order.purchase_order_id
    await order.ends(Stage.COMPLETED)
    return order


async def _do_not_fit(trail: Trail) -> list[LiveOrder]:
    """Orders that wait before M3 has them, and the answers they get."""
    shop = trail.shop
    held = await _place(shop, "held", sku=GHOST)
    # The same goods for the same buyer again, in another customer order.
    twin = await _place(shop, "ordinary")
    long = await _place(shop, "long", address1="1 Qxstreetlong Boulevard Building Seven " * 6)
    cityless = await _place(shop, "cityless", city="")
    odd = await _place(shop, "odd", address1="c/o Qxstreetodd", postalCode="97205x4931")
    shapeless = await _place(shop, "shapeless", name={"first": "Qxnameshapeless"})
    trail.sealed = long.purchase_order_id
    trail.corrected_in_plain, trail.refused_in_plain = cityless.workflow.id, odd.workflow.id
    cases = {
        held: "UNKNOWN_SKU",
        twin: "DUPLICATE_ORDER",
        long: "FIELD_DOES_NOT_FIT",
        cityless: "ADDRESS_INCOMPLETE",
        odd: "ZIP_NOT_IN_STATE",
        shapeless: "ORDER_UNREADABLE",
    }
    for order, cause in cases.items():
        await order.case(cause)
        await trail.look_at(order)
    await trail.look_around()
    await _answer(trail, held=held, long=long, cityless=cityless, odd=odd)
    await _finish(long, cityless, odd)
    return list(cases)


async def _answer(
    trail: Trail, *, held: LiveOrder, long: LiveOrder, cityless: LiveOrder, odd: LiveOrder
) -> None:
    """A person corrects addresses, sealed and in plain, and rejects an order."""
    correct = ("attention", "correct", long.purchase_order_id, "--by", "ann")
    # Still too long: refused or shown again, and either way not repeated.
    await trail.command(*correct, "--address1", "2 Qxstreettoolong Avenue North " * 8)
    await trail.command(*correct, "--address1", "2 Qxstreetsealed Avenue", "--city", "Qxcitysealed")
    await cityless.workflow.signal(
        "correct_address", {"by": "ann", "address": {"city": "Qxcityplain"}}
    )
    await odd.workflow.signal("correct_address", {"by": "ann", "address": "12 Qxstreetplain"})
    await odd.noted("answer_refused")
    await trail.command("attention", "approve", odd.purchase_order_id, "--by", "ann")
    number = held.purchase_order_id
    await trail.command("attention", "map-sku", number, GHOST, "NO-SUCH", "--by", "b", ends_with=2)
    await trail.command("attention", "reject", number, "--reason", "gone", *PRICING, "--by", "ann")
    await held.ends(Stage.CANCELED)


async def _are_refused(trail: Trail) -> list[LiveOrder]:
    """Orders that M3 or Walmart refuse, or that meet an outage of one of them."""
    shop = trail.shop
    await shop.m3("batch", next_stop="25")
    stopped = await _place(shop, "stopped")
    await _shown(trail, stopped, "M3_BATCH_STATUS_25")
    await repairs_batch(stopped)

    every = {"share": 1.0, "seed": 5}
    await shop.m3("faults", **every, operations=["OIS100MI.AddBatchAddress"])
    m3_out = await _place(shop, "mthreeout")
    await _shown(trail, m3_out, "M3_UNAVAILABLE")
    await shop.m3("faults", share=0.0)

    await shop.walmart("faults", **every, kinds=["unfounded_400"], operations=["acknowledge_order"])
    walmart_out = await _place(shop, "walmartout")
    await _shown(trail, walmart_out, "WALMART_UNAVAILABLE")
    await shop.walmart("faults", share=0.0)
    await _finish(stopped, m3_out, walmart_out)
    return [stopped, m3_out, walmart_out]


async def _come_while_all_is_down(trail: Trail) -> list[LiveOrder]:
    """The worker is killed over an order; the next one makes a customer in M3 of each buyer."""
    shop = trail.shop
    await shop.stack.kill("worker")
    waiting = await _place(shop, "waiting")
    config = shop.stack.config
    config.write_text(config.read_text().replace("[pairs.m3]\n", "[pairs.m3]\n" + PER_BUYER))
    await shop.stack.start_worker()
    await _finish(waiting)

    blocked = buyer_key(marked("waiting"))
    await shop.m3("customers", customer=blocked, status="90")
    again = await _place(shop, "waiting", sku="WM-KETTLE-03")
    await _shown(trail, again, "M3_BATCH_STATUS_15")
    await repairs_batch(again)
    await _finish(again)
    return [waiting, again]


async def _belong_to_nothing(trail: Trail, *, ended: str) -> None:
    """Messages that are kept as dead letters, with personal data all over them."""
    buyer = marked("letter")
    update = {
        "source": {"eventType": "ORDER_UPDATES", "eventId": "letter-1"},
        "payload": {
            "meta": {"subEventType": "FRAUD_CANCEL"},
            "order": {"purchaseOrderId": ended} | buyer,
        },
    }
    # Without an order id, of a type nobody knows, and cut short.
    nameless = {**update, "payload": {"meta": {"subEventType": "FRAUD_CANCEL"}, "order": buyer}}
    strange = {**update, "source": {"eventType": "BUYER_MOVED", "eventId": "letter-2"}}
    cut = json.dumps(update).encode()[:-9]
    for body in (*(json.dumps(each).encode() for each in (update, nameless, strange)), cut):
        await _from_walmart(trail.shop, body)

    document = bod("Shipment", purchase_order_id=NEVER_SEEN)
    party = b"<ShipToParty><Name>Qxnameletter</Name><City>Qxcityletter</City></ShipToParty>"
    document = document.replace(b"</ShipmentHeader>", party + b"</ShipmentHeader>")
    parameters = ims_parameters("Sync.Shipment", message_id="letter-3")
    for body in (api_message(document, parameters), b"<SyncShipment>Qxnameletter, 12 Qxstreet"):
        await _from_ion(trail.shop, body)


async def _from_walmart(shop: Shop, body: bytes) -> None:
    secret = shop.stack.environment["DEMO_WEBHOOK_SECRET"].encode()
    proof = {WEBHOOK_HEADER: hmac.new(secret, body, hashlib.sha256).hexdigest()}
    await _deliver(f"{shop.stack.starter_url}/webhooks/walmart/{PAIR}", body, proof)


async def _from_ion(shop: Shop, body: bytes) -> None:
    proof = {"Authorization": shop.stack.environment["DEMO_ION_SECRET"]}
    await _deliver(f"{shop.stack.starter_url}/ion/message", body, proof)


async def _deliver(url: str, body: bytes, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient() as http:
        answered = await http.post(url, content=body, headers=headers)
    assert answered.json() == {"outcome": "dead_letter"}, answered.text


async def _place(
    shop: Shop,
    word: str,
    *,
    sku: str = TWO_LINES[0][0],
    **address: Any,
) -> LiveOrder:
    return await shop.place(((sku, 1), TWO_LINES[1]), marked(word, **address))


async def _shown(trail: Trail, order: LiveOrder, cause: str) -> None:
    """Wait until an order shows a case, and look at it."""
    await order.case(cause)
    await trail.look_at(order)


async def _finish(*orders: LiveOrder) -> None:
    for order in orders:
        await order.ends(Stage.COMPLETED)


def _visible(description: WorkflowExecutionDescription) -> bytes:
    """Return all Temporal shows of a workflow beside its history: attributes, memo, failures."""
    return description.raw_description.SerializeToString()
