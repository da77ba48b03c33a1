"""A service that takes alerts: what apprise's `json://` posts."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class AlertReceiver:
    """Remembers what it took; refuses with the statuses a test names, one after the other."""

    port: int = 0
    refusals: list[int] = field(default_factory=list)
    requests: int = 0
    taken: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)

    @property
    def url(self) -> str:
        """Return the address of the channel, with a secret in it."""
        return f"json://127.0.0.1:{self.port}/swordfish"

    def titles(self) -> list[str]:
        """Return the titles of what was taken and not looked at yet."""
        return [self.taken.get_nowait()["title"] for _ in range(self.taken.qsize())]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        self.requests += 1
        status = self.refusals.pop(0) if self.refusals else 200
        if status == 200:
            self.taken.put_nowait(body)
        writer.write(f"HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n".encode())
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def receiving() -> AsyncIterator[AlertReceiver]:
    """Listen on a free port, in this event loop: a sender that blocked it would wait for ever."""
    receiver = AlertReceiver()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver
