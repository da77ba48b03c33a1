"""The whole product on this machine: Temporal, both simulators, the worker and the starter."""

import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from temporalio.client import Client

from commands.demo.processes import (
    Part,
    free_port,
    start_part,
    temporal_server_command,
    wait_for_http,
    wait_for_temporal,
)
from commands.demo.simulators import CLIENT_ID, CLIENT_SECRET, Simulators
from commands.temporal import apply_inventory_schedules, apply_sweep_schedule
from domain.names import SEARCH_ATTRIBUTE_TYPES
from settings import load_settings

PAIR = "demo"
WEBHOOK_HEADER = "WM_SIGNATURE"

CONFIG = """\
# Written by `m3-walmart demo`; a real file has the same keys, see m3-walmart.example.toml.
[[pairs]]
name = "{pair}"
time_zone = "America/Chicago"
default_phone = "5550100000"
delivery_poll_seconds = {poll_seconds}
invoice_poll_seconds = {poll_seconds}
sweep_interval_seconds = {sweep_seconds}
sweep_grace_seconds = {sweep_seconds}
attention_after_seconds = {attention_after}
{pair_lines}
[pairs.walmart]
base_url = "http://127.0.0.1:{walmart_port}"
client_id = "env:DEMO_WALMART_ID"
client_secret = "env:DEMO_WALMART_SECRET"

[pairs.m3]
ionapi_file = "demo.ionapi"
company = 100
division = "AAA"
facility = "A01"
order_type = "WM1"
customer_number = "WALMART"
freight_charge = "FRGHT"
{m3}
[pairs.webhooks]
method = "hmac"
header = "{webhook_header}"
secret = "env:DEMO_WEBHOOK_SECRET"

[pairs.ion]
secret = "env:DEMO_ION_SECRET"

[ledger]
path = "ledger.db"

[starter]
port = {starter_port}
{alerts}"""

# Every case is told to one channel.
ALERTS = """
[alerts]
link = "http://127.0.0.1:{web_ui_port}/namespaces/default/workflows/{{workflow_id}}"
group_seconds = 2

[alerts.channels]
desk = "env:DEMO_ALERTS_URL"

[[alerts.rules]]
channels = ["desk"]
"""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where the parts listen on 127.0.0.1; the usual ports where they are free."""

    temporal: int = field(default_factory=lambda: free_port(7233))
    web_ui: int = field(default_factory=lambda: free_port(8233))
    walmart: int = field(default_factory=lambda: free_port(8081))
    m3: int = field(default_factory=lambda: free_port(8082))
    starter: int = field(default_factory=lambda: free_port(8080))

    @classmethod
    def any(cls) -> Self:
        """Return ports nobody listens on, for tests that run beside each other."""
        return cls(**{name: free_port() for name in cls.__dataclass_fields__})


class Stack:
    """The parts of the product as processes, each of which can be started, killed and stopped.

    Args:
        folder: for the settings, the databases and a log file per part.
        ports: where the parts listen.
    """

    def __init__(self, folder: Path, ports: Ports) -> None:
        self.folder = folder
        self.ports = ports
        self.parts: dict[str, Part] = {}
        self.simulators = Simulators(
            walmart=f"http://127.0.0.1:{ports.walmart}", m3=f"http://127.0.0.1:{ports.m3}"
        )
        self._secrets = {
            "DEMO_WALMART_ID": CLIENT_ID,
            "DEMO_WALMART_SECRET": CLIENT_SECRET,
            "DEMO_WEBHOOK_SECRET": secrets.token_hex(16),
            "DEMO_ION_SECRET": f"Bearer {secrets.token_hex(16)}",
        }
        # Temporal's own configuration, for the parts and for this process; a profile on this
        # machine must not lead the demo to somebody's production.
        self.environment = {
            **self._secrets,
            "TEMPORAL_ADDRESS": f"127.0.0.1:{ports.temporal}",
            "TEMPORAL_NAMESPACE": "default",
            "TEMPORAL_CONFIG_FILE": os.devnull,
        }

    @property
    def config(self) -> Path:
        """Return the settings file of the demo."""
        return self.folder / "m3-walmart.toml"

    @property
    def starter_url(self) -> str:
        """Return where the starter listens."""
        return f"http://127.0.0.1:{self.ports.starter}"

    def write_settings(
        self,
        *,
        poll_seconds: float,
        sweep_seconds: float,
        attention_after: float,
        m3: str,
        pair: str,
        alerts: str,
    ) -> None:
        """Empty the folder and write the settings file of the demo."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "mappings").mkdir(parents=True)
        self.config.write_text(
            CONFIG.format(
                pair=PAIR,
                poll_seconds=poll_seconds,
                sweep_seconds=sweep_seconds,
                attention_after=attention_after,
                pair_lines=pair,
                walmart_port=self.ports.walmart,
                starter_port=self.ports.starter,
                webhook_header=WEBHOOK_HEADER,
                m3=m3,
                alerts=ALERTS.format(web_ui_port=self.ports.web_ui) if alerts else "",
            )
        )
        self.environment["DEMO_ALERTS_URL"] = alerts

    async def start_temporal(self) -> Client:
        """Start the server on its file and return a client once it answers."""
        await self._start(
            "temporal",
            temporal_server_command(
                port=self.ports.temporal,
                ui_port=self.ports.web_ui,
                database=self.folder / "temporal.db",
                attributes={str(name): kind for name, kind in SEARCH_ATTRIBUTE_TYPES.items()},
            ),
        )
        return await wait_for_temporal(self.parts["temporal"])

    async def start_simulators(self) -> None:
        """Start both simulators and subscribe the starter to what they tell."""
        await self._start(
            "simulators",
            self._command(
                "simulators",
                "--walmart-port",
                str(self.ports.walmart),
                "--m3-port",
                str(self.ports.m3),
            ),
        )
        await wait_for_http(self.parts["simulators"], f"{self.simulators.walmart}/_sim/health")
        await wait_for_http(self.parts["simulators"], f"{self.simulators.m3}/_sim/health")
        (self.folder / "demo.ionapi").write_text(await self.simulators.ionapi())
        await self.simulators.subscribe(
            f"{self.starter_url}/webhooks/walmart/{PAIR}",
            header=WEBHOOK_HEADER,
            secret=self._secrets["DEMO_WEBHOOK_SECRET"],
        )
        await self.simulators.send_ion_messages(
            f"{self.starter_url}/ion", authorization=self._secrets["DEMO_ION_SECRET"]
        )

    async def start_worker(self) -> None:
        """Start the worker."""
        await self._start("worker", self._command("worker", "--config", str(self.config)))

    async def start_starter(self) -> None:
        """Start the starter and wait until it hands events over."""
        await self._start("starter", self._command("starter", "--config", str(self.config)))
        await wait_for_http(self.parts["starter"], f"{self.starter_url}/ready")

    async def replace_worker(self, command: list[str]) -> None:
        """Run another worker in place of the product's own."""
        await self.parts.pop("worker").stop()
        await self._start("worker", command)

    def check(self) -> None:
        """Raise PartFailed when one of the parts has ended by itself."""
        for part in self.parts.values():
            part.check()

    async def kill(self, name: str) -> None:
        """End a part at once, as a crash would."""
        await self.parts.pop(name).kill()

    async def stop(self) -> None:
        """Stop what runs, last started first."""
        for name in reversed(list(self.parts)):
            await self.parts.pop(name).stop()
        await self.simulators.close()

    async def _start(self, name: str, command: list[str]) -> None:
        self.parts[name] = await start_part(
            name, command, folder=self.folder, environment=self.environment
        )

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "commands.main", *arguments]


@asynccontextmanager
async def open_stack(
    folder: Path,
    ports: Ports,
    *,
    poll_seconds: float = 20,
    sweep_seconds: float = 5,
    attention_after: float = 60,
    m3: str = "",
    pair: str = "",
    alerts: str = "",
) -> AsyncIterator[tuple[Stack, Client]]:
    """Run everything for as long as the block lasts, from an empty folder.

    Args:
        folder: emptied first; holds settings, databases and logs.
        ports: where the parts listen.
        poll_seconds: how often M3 is asked for deliveries and invoices ION has not told of.
        sweep_seconds: how often Walmart is asked for orders no webhook has told of.
        attention_after: seconds until an outage of a system is shown.
        m3: further lines of the pair's [pairs.m3] section.
        pair: further lines of the pair's own section.
        alerts: the address of a channel that is told of every case.
    """
    stack = Stack(folder, ports)
    stack.write_settings(
        poll_seconds=poll_seconds,
        sweep_seconds=sweep_seconds,
        attention_after=attention_after,
        m3=m3,
        pair=pair,
        alerts=alerts,
    )
    try:
        with _environment(stack.environment):
            await stack.start_simulators()
            client = await stack.start_temporal()
            settings = load_settings(stack.config)
            for each in settings.pairs:
                await apply_sweep_schedule(client, each.to_pair())
                await apply_inventory_schedules(client, each.to_pair())
            await stack.start_worker()
            await stack.start_starter()
            yield stack, client
    finally:
        await stack.stop()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables of this process, which is a client of Temporal too."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
