"""What the tests of Walmart's inventory, feeds and settings endpoints share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

import httpx

from connectors.tokens import Token, TokenAuth, TokenSource
from connectors.walmart import WalmartAccount, WalmartClient
from connectors.walmart_feeds import WalmartFeeds
from connectors.walmart_inventory import WalmartInventory
from connectors.walmart_limits import Allowance
from connectors.walmart_settings import WalmartSettings

BASE = "https://marketplace.test"


class Seller:
    """The three clients of one account, and what they told about its limits."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        account = WalmartAccount(base_url=BASE, service_name="m3-walmart")
        self.heard: list[tuple[str, Allowance]] = []
        walmart = WalmartClient(http, account, on_answer=lambda *told: self.heard.append(told))
        self.inventory = WalmartInventory(walmart)
        self.feeds = WalmartFeeds(walmart)
        self.settings = WalmartSettings(walmart)


@asynccontextmanager
async def seller_of_walmart() -> AsyncIterator[Seller]:
    tokens = iter(f"token-{number}" for number in range(1, 10))

    async def log_in() -> Token:
        return Token(value=next(tokens), expires_in=900)

    auth = TokenAuth(TokenSource(log_in), header="WM_SEC.ACCESS_TOKEN")
    async with httpx.AsyncClient(auth=auth) as http:
        yield Seller(http)


def raw_path(request: httpx.Request) -> str:
    """Return path and query as they went out."""
    return request.url.raw_path.decode()


def query_of(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))


def part_of(request: httpx.Request) -> Message:
    """Return the only part of a multipart body."""
    head = b"Content-Type: " + request.headers["Content-Type"].encode()
    message = message_from_bytes(head + b"\n\n" + request.content)
    [_, part] = message.walk()
    return part


def each(amount: Any) -> dict[str, Any]:
    return {"unit": "EACH", "amount": amount}
