"""Take the alerts the service sends, as a chat or a pager would."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any


class Alerts:
    """Takes the alerts the service sends, as `json://` posts them."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, Mapping[str, Any]]] = []
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        self.taken.append((time.monotonic(), json.loads(await reader.readexactly(length))))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    def first(self, cause: str, purchase_order_id: str) -> float:
        """Return when the first alert of a cause came that names an order."""
        for at, alert in self.taken:
            if cause in str(alert["title"]) and purchase_order_id in str(alert["message"]):
                return at
        return 0.0


@asynccontextmanager
async def receiving() -> AsyncIterator[Alerts]:
    """Listen on a free port for as long as the block lasts."""
    alerts = Alerts()
    server = await asyncio.start_server(alerts.answer, "127.0.0.1", 0)
    alerts.url = f"json://127.0.0.1:{server.sockets[0].getsockname()[1]}/alerts"
    async with server:
        yield alerts
