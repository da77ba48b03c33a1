"""Sending notifications: proof of origin, copies, losses, and Walmart's three retries."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass

import httpx

from simulators.tasks import BackgroundTasks
from simulators.walmart.events import INVENTORY_OOS, legacy_event, order_update, sold_out
from simulators.walmart.lines import Document, order_lines
from simulators.walmart.purchase_orders import PlacedOrder
from simulators.walmart.state import SellerAccount
from simulators.walmart.stock import NodeStock
from simulators.walmart.subscriptions import ACTIVE, ORDER_UPDATES, Subscription

ANSWER_SECONDS = 10.0
MAX_AT_ONCE = 16  # keeps a burst of orders from opening a connection each


@dataclass(frozen=True, kw_only=True)
class Notification:
    """One event for one subscriber; every copy and retry sends the same bytes."""

    subscription: Subscription
    body: bytes
    order: PlacedOrder | None  # that the event is about


class WebhookSender:
    """Delivers the account's events in the background."""

    def __init__(self, account: SellerAccount, tasks: BackgroundTasks) -> None:
        self._account = account
        self._tasks = tasks
        self._client: httpx.AsyncClient | None = None
        self._at_once = asyncio.Semaphore(MAX_AT_ONCE)
        self._events = 0
        self._bearer_tokens: dict[str, tuple[str, float]] = {}  # by subscription id

    async def aclose(self) -> None:
        """Close the connections to subscribers."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def announce(
        self, order: PlacedOrder, sub_event_type: str, line_numbers: Collection[str] = ()
    ) -> None:
        """Start telling every active subscriber what happened to an order.

        Args:
            order: the purchase order, already changed.
            sub_event_type: PO_CREATED, INTENT_TO_CANCEL, PO_LINE_AUTOCANCELLED or FRAUD_CANCEL.
            line_numbers: the lines concerned; all of them when empty.
        """
        lines = line_numbers or [line["lineNumber"] for line in order_lines(order.document)]

        def body(subscription: Subscription) -> Document:
            return self._body(subscription, order, sub_event_type, lines)

        self._tell((ORDER_UPDATES, sub_event_type), body, order)

    def announce_sold_out(self, sku: str, node: NodeStock) -> None:
        """Start telling every active subscriber that nothing of a SKU is left at a ship node."""

        def body(_: Subscription) -> Document:
            return sold_out(sku, node, at_ms=self._now_ms(), nth=self._next_event())

        self._tell((INVENTORY_OOS,), body, None)

    async def send_once(self, subscription: Subscription, body: Document) -> bool:
        """Send a test notification; return whether the subscriber answered 2xx."""
        return await self._send(subscription, json.dumps(body).encode())

    def _tell(
        self,
        event_types: tuple[str, ...],
        body_for: Callable[[Subscription], Document],
        order: PlacedOrder | None,
    ) -> None:
        """Start sending one event to whoever wants to know, all copies of it or none."""
        settings = self._account.deliveries
        settings.outcomes["events"] += 1
        if settings.random.random() < settings.drop:
            settings.outcomes["dropped"] += 1
            return
        for subscription in self._account.subscriptions.values():
            if subscription.status != ACTIVE or subscription.event_type not in event_types:
                continue
            notification = Notification(
                subscription=subscription,
                body=json.dumps(body_for(subscription)).encode(),
                order=order,
            )
            for _ in range(settings.copies):
                self._tasks.start(self._deliver(notification))

    def _body(
        self,
        subscription: Subscription,
        order: PlacedOrder,
        sub_event_type: str,
        line_numbers: Collection[str],
    ) -> Document:
        make = order_update if subscription.event_type == ORDER_UPDATES else legacy_event
        return make(
            order,
            sub_event_type,
            line_numbers=line_numbers,
            at_ms=self._now_ms(),
            nth=self._next_event(),
        )

    def _next_event(self) -> int:
        self._events += 1
        return self._events - 1

    def _now_ms(self) -> int:
        return int(self._account.now() * 1000)

    async def _deliver(self, notification: Notification) -> None:
        """Send until a 2xx answer: at once, and after each of the retry waits."""
        settings, subscription = self._account.deliveries, notification.subscription
        for wait in (0.0, *settings.retry_seconds):
            await asyncio.sleep(wait)
            if subscription.status != ACTIVE:
                continue
            if await self._send(subscription, notification.body):
                settings.outcomes["delivered"] += 1
                if notification.order is not None and notification.order.notified_at is None:
                    notification.order.notified_at = self._account.now()
                return
            settings.outcomes["failed_attempts"] += 1
        settings.outcomes["lost"] += 1

    async def _send(self, subscription: Subscription, body: bytes) -> bool:
        async with self._at_once:
            try:
                proof = await self._proof_of_origin(subscription, body)
                headers = {"Content-Type": "application/json", **subscription.headers, **proof}
                response = await self._open().post(
                    subscription.event_url, content=body, headers=headers
                )
            except (httpx.HTTPError, KeyError, ValueError):
                return False  # nobody there, or a token server that granted nothing readable
        return response.is_success

    async def _proof_of_origin(self, subscription: Subscription, body: bytes) -> dict[str, str]:
        details = subscription.auth_details
        if details is None:
            return {}
        header = details.get("authHeaderName", "Authorization")
        if details["authMethod"] == "BASIC_AUTH":
            pair = f"{details['userName']}:{details['password']}"
            return {header: f"Basic {base64.b64encode(pair.encode()).decode()}"}
        if details["authMethod"] == "HMAC":
            return {header: self._signature(details["clientSecret"], body)}
        return {header: f"Bearer {await self._bearer_token(subscription.subscription_id, details)}"}

    def _signature(self, secret: str, body: bytes) -> str:
        digest = hmac.digest(secret.encode(), body, hashlib.sha256)
        if self._account.deliveries.hmac_encoding == "base64":
            return base64.b64encode(digest).decode()
        return digest.hex()

    async def _bearer_token(self, subscription_id: str, details: dict[str, str]) -> str:
        """Return a token of the subscriber's own server, fetched when the last one has ended."""
        token, expires_at = self._bearer_tokens.get(subscription_id, ("", 0.0))
        if self._account.now() < expires_at:
            return token
        response = await self._open().post(
            details["authUrl"],
            data={"grant_type": "client_credentials"},
            auth=(details["clientId"], details["clientSecret"]),
        )
        response.raise_for_status()
        granted = response.json()
        token = str(granted["access_token"])
        expires_at = self._account.now() + float(granted["expires_in"])
        self._bearer_tokens[subscription_id] = (token, expires_at)
        return token

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            # Subscribers are on this network; a proxy of the environment must not see them.
            self._client = httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False)
        return self._client
