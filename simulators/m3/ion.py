"""ION carrying M3's documents to a subscriber: at least once, in no promised order."""

import asyncio
import json
import zlib
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any

import httpx

from simulators.m3.bods import LOGICAL_ID
from simulators.tasks import BackgroundTasks
from simulators.world import ACCOUNTING_ENTITY

STYLES = ("ims_v3", "api", "off")
SENDERS = 8  # deliveries under way at the same time
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class IonSettings:
    """Where documents go and how their delivery misbehaves; the body of `POST /_sim/ion`."""

    url: str = ""
    style: str = "off"
    copies: int = 1  # each message is sent this many times
    drop: float = 0.0  # share of messages never sent
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_seconds: tuple[float, ...] = (0.5, 1.5)  # waits between the tries of one copy
    seed: int = 1

    @classmethod
    def from_json(cls, wish: Mapping[str, Any]) -> "IonSettings":
        """Return the settings a control request asks for.

        Raises:
            ValueError: an unknown key or style, or a style without a URL.
        """
        known = {setting.name for setting in fields(cls)}
        if unknown := set(wish) - known:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        if wish.get("copies", 1) < 1:
            raise ValueError("copies must be 1 or more")
        settings = cls(**{**wish, "retry_seconds": tuple(wish.get("retry_seconds", (0.5, 1.5)))})
        if settings.style not in STYLES:
            raise ValueError(f"style must be among {', '.join(STYLES)}")
        if settings.style != "off" and not settings.url:
            raise ValueError("url is missing")
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One document on its way. A second copy carries the same message id."""

    message_id: str
    document_name: str  # Sync.Shipment
    document_id: str
    document: bytes
    deflated: bool

    def parameters(self) -> dict[str, str]:
        """Return the IMS metadata."""
        return {
            "messageId": self.message_id,
            "documentName": self.document_name,
            "documentId": self.document_id,
            "fromLogicalId": LOGICAL_ID,
            "toLogicalId": "lid://infor.ims.walmart",
            "accountingEntity": ACCOUNTING_ENTITY,
            "encoding": "DEFLATE" if self.deflated else "NONE",
            "characterSet": "UTF-8",
        }


class Outbox:
    """The documents M3 has published and ION has yet to deliver."""

    def __init__(self) -> None:
        self.settings = IonSettings()
        self.outcomes: Counter[str] = Counter()  # delivered, failed, dropped
        self.transport: httpx.AsyncBaseTransport | None = None  # tests receive without a socket
        self._pending: deque[Message] = deque()
        self._published = asyncio.Event()
        self._sending = BackgroundTasks()
        self._underway = 0  # copies not yet delivered, dropped or given up
        self._settled = asyncio.Event()
        self._settled.set()
        self._number = 0
        self._random = Random(1)  # noqa: S311 - repeatable misbehaviour

    @property
    def active(self) -> bool:
        """Whether anybody listens; without a listener no document is written."""
        return self.settings.style != "off"

    def configure(self, settings: IonSettings) -> None:
        """Send to another place, or in another way, from the next document on."""
        self.settings = settings
        self._random = Random(settings.seed)  # noqa: S311 - repeatable misbehaviour

    def clear(self) -> None:
        """Forget what was not sent, and who listens."""
        self.configure(IonSettings())
        self._underway -= len(self._pending)
        self._pending.clear()
        self._note_if_settled()
        self.outcomes.clear()

    def publish(self, document_name: str, document_id: str, document: bytes) -> None:
        """Hand a document to ION."""
        self._number += 1
        message = Message(
            message_id=f"m3-{document_name.split('.')[1].lower()}-{self._number:08d}",
            document_name=document_name,
            document_id=document_id,
            document=document,
            # M3 deflates what it hands to ION; ION passes either form on.
            deflated=self.settings.style == "ims_v3" and self._number % 2 == 0,
        )
        self._pending.append(message)
        self._underway += 1
        self._settled.clear()
        self._published.set()

    async def settled(self) -> None:
        """Wait until every published document was delivered, dropped or given up."""
        await self._settled.wait()

    async def run(self) -> None:
        """Deliver documents as they come, until cancelled."""
        slots = asyncio.Semaphore(SENDERS)
        async with httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS, trust_env=False, transport=self.transport
        ) as http:
            try:
                while True:
                    await self._published.wait()
                    self._published.clear()
                    while self._pending:
                        self._start(http, slots, self._pending.popleft())
            finally:
                await self._sending.cancel_all()

    def _start(self, http: httpx.AsyncClient, slots: asyncio.Semaphore, message: Message) -> None:
        if self._random.random() < self.settings.drop:
            self._count("dropped")
            return
        self._underway += self.settings.copies - 1
        for _ in range(self.settings.copies):
            self._sending.start(self._deliver(http, slots, message, self.settings))

    async def _deliver(
        self,
        http: httpx.AsyncClient,
        slots: asyncio.Semaphore,
        message: Message,
        settings: IonSettings,
    ) -> None:
        """Send one copy until it is accepted or the tries are used up."""
        for wait in (0.0, *settings.retry_seconds):
            await asyncio.sleep(wait)
            async with slots:
                if await _accepted(http, message, settings):
                    self._count("delivered")
                    return
        self._count("failed")

    def _count(self, outcome: str) -> None:
        self.outcomes[outcome] += 1
        self._underway -= 1
        self._note_if_settled()

    def _note_if_settled(self) -> None:
        if not self._underway:
            self._settled.set()


async def _accepted(http: httpx.AsyncClient, message: Message, settings: IonSettings) -> bool:
    """Send a message once and tell whether the subscriber took it with a 2xx."""
    try:
        if settings.style == "api":
            response = await http.post(
                settings.url, json=_api_body(message), headers=settings.headers
            )
        else:
            response = await http.post(
                f"{settings.url.rstrip('/')}/v3/multipartMessage",
                files=_parts(message),
                headers=settings.headers,
            )
    except httpx.TransportError:
        return False
    return response.is_success


def _api_body(message: Message) -> dict[str, object]:
    """Return the JSON an ION API connection point posts, modelled on IMS v2."""
    parameters = message.parameters()
    document = {
        "value": message.document.decode(),
        "encoding": parameters.pop("encoding"),
        "characterSet": parameters.pop("characterSet"),
    }
    return {**parameters, "document": document}


def _parts(message: Message) -> list[tuple[str, tuple[str | None, bytes, str]]]:
    """Return the two parts of an IMS v3 message; deflated bytes are not base64."""
    payload = zlib.compress(message.document) if message.deflated else message.document
    parameters = json.dumps(message.parameters()).encode()
    return [
        ("ParameterRequest", (None, parameters, "application/json")),
        ("MessagePayload", ("MessagePayload", payload, "application/octet-stream")),
    ]
