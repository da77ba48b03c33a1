"""`m3-walmart doctor` against Temporal and both simulators: what is wrong, and what mends it."""

import io
import json
import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from rich.console import Console
from sqlalchemy import URL
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from commands.doctor import print_findings
from commands.temporal import connect, register_search_attributes
from domain.names import SEARCH_ATTRIBUTE_TYPES
from settings import load_settings
from simulators.m3.authorization import ionapi_file
from simulators.m3.fields import CATALOG
from simulators.server import running
from simulators.walmart.state import SellerAccount
from tests.settings_samples import HEAD, PAIR, SECRET_NAMES, WALMART

NOWHERE = "127.0.0.1:1"  # nobody listens on port 1
HEALTHY = ["✓ Temporal", "✓ acme: mappings", "✓ acme: M3", "✓ acme: Walmart"]
M3_MEND = "    mend: check the .ionapi file and its user in M3"
WALMART_MEND = "    mend: check client_id and client_secret in Seller Center, API Key Management"


@dataclass(kw_only=True)
class Surroundings:
    """Both systems, and the files that lead to them; a test spoils what it is about."""

    folder: Path
    account: SellerAccount
    ionapi: dict[str, str]
    content: str

    async def examined(self) -> tuple[bool, list[str]]:
        """Run the doctor; return whether all is well, and what it printed."""
        (self.folder / "acme.ionapi").write_text(json.dumps(self.ionapi))
        path = self.folder / "m3-walmart.toml"
        path.write_text(self.content)
        output = io.StringIO()
        healthy = await print_findings(load_settings(path), Console(file=output, width=1000))
        assert "swordfish" not in output.getvalue()
        return healthy, output.getvalue().splitlines()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, temporal_address: str) -> None:
    for name in SECRET_NAMES:
        monkeypatch.setenv(name, "swordfish")
    monkeypatch.setenv("ACME_ID", "sim-client")
    monkeypatch.setenv("ACME_SECRET", "sim-secret")
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    account = SellerAccount()
    async with running(account=account) as urls:
        yield Surroundings(
            folder=tmp_path,
            account=account,
            ionapi=ionapi_file(urls.m3, old=False),
            content=PAIR.replace(WALMART, f'{WALMART}base_url = "{urls.walmart}"\n'),
        )


async def test_all_is_well(around: Surroundings):
    assert await around.examined() == (True, HEALTHY)


async def test_ledger_on_a_server_is_tried(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch, postgresql_url: URL
):
    around.content += '\n[ledger]\nurl = "env:LEDGER_URL"\nkey = "env:LEDGER_KEY"\n'
    monkeypatch.setenv("LEDGER_KEY", Fernet.generate_key().decode())
    monkeypatch.setenv("LEDGER_URL", postgresql_url.render_as_string(hide_password=False))

    assert await around.examined() == (True, [*HEALTHY, "✓ ledger"])

    monkeypatch.setenv("LEDGER_URL", f"postgresql://service:swordfish@{NOWHERE}/m3_walmart")

    healthy, lines = await around.examined()
    assert not healthy
    assert lines[-2].startswith("✗ ledger: the ledger cannot be used: connection failed: ")
    assert lines[-1] == "    mend: check [ledger] url and key, and the server"


async def test_older_credentials_file_will_do(around: Surroundings):
    gateway = around.ionapi["iu"]
    around.ionapi = ionapi_file(gateway, old=True)

    assert await around.examined() == (True, HEALTHY)


async def test_wrong_credentials_are_told_of_each_system(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
):
    around.ionapi["cs"] = "swordfish"
    monkeypatch.setenv("ACME_SECRET", "swordfish")

    healthy, lines = await around.examined()

    assert not healthy
    assert lines == [
        *HEALTHY[:2],
        "✗ acme: M3: M3 refused token: Invalid client or client credentials. (code invalid_client)",
        M3_MEND,
        "✗ acme: Walmart: Walmart refused token: no access token; check client_id and "
        "client_secret of the pair (code 400)",
        WALMART_MEND,
    ]


async def test_wrong_service_account_is_told(around: Surroundings):
    around.ionapi["sask"] = "swordfish"

    healthy, lines = await around.examined()

    assert not healthy
    assert "invalid_grant" in lines[2]
    assert lines[3] == M3_MEND


async def test_credentials_file_without_a_service_account_is_told(around: Surroundings):
    del around.ionapi["saak"]

    _, lines = await around.examined()

    assert "acme.ionapi: key saak is missing; create the authorized app as" in lines[2]


@pytest.mark.parametrize("access", ["view_only", "no_access"])
async def test_scope_the_key_lacks_is_told(around: Surroundings, access: str):
    around.account.scopes["orders"] = access

    healthy, lines = await around.examined()

    assert not healthy
    assert lines == [
        *HEALTHY[:3],
        "✗ acme: Walmart: the key has no full access to orders",
        WALMART_MEND,
    ]


async def test_transactions_the_tenant_lacks_are_told(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delitem(CATALOG["OIS100MI"], "AddBatchText")
    monkeypatch.delitem(CATALOG["MWS410MI"], "LstPackages")

    healthy, lines = await around.examined()

    assert not healthy
    assert lines[2:4] == [
        "✗ acme: M3: the tenant lacks OIS100MI/AddBatchText, MWS410MI/LstPackages",
        M3_MEND,
    ]


async def test_program_the_tenant_lacks_is_told(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delitem(CATALOG, "OIS350MI")

    healthy, lines = await around.examined()

    assert not healthy
    assert "OIS350MI" in lines[2]


async def test_mistake_in_a_mapping_is_told(around: Surroundings):
    mappings = around.folder / "acme-mappings"
    mappings.mkdir()
    (mappings / "order_head.yaml").write_text("fields:\n  MODE: {from: order.purchaseOrderId}\n")
    around.content = around.content.replace(HEAD, HEAD + 'mappings = "acme-mappings"\n')

    healthy, lines = await around.examined()

    assert not healthy
    assert lines[1].startswith("✗ acme: mappings: ")
    assert "order_head.yaml:2: OIS100MI/AddBatchHead has no field MODE" in lines[1]
    assert lines[2] == "    mend: mend the file"


async def test_systems_that_are_out_are_told_one_by_one(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TEMPORAL_ADDRESS", NOWHERE)
    around.content = PAIR.replace(WALMART, f'{WALMART}base_url = "http://{NOWHERE}"\n')
    around.ionapi |= {"pu": f"http://{NOWHERE}/as/"}

    healthy, lines = await around.examined()

    assert not healthy
    assert lines[0].startswith("✗ Temporal: Failed client connect")
    assert lines[1] == "    mend: start Temporal, or set TEMPORAL_ADDRESS"
    assert lines[3] == "✗ acme: M3: M3 token: ConnectError"
    assert lines[5] == "✗ acme: Walmart: Walmart token: ConnectError"


async def test_search_attributes_the_namespace_lacks_are_told_and_can_be_added(
    around: Surroundings, temporal: Client, monkeypatch: pytest.MonkeyPatch
):
    namespace = f"new-{uuid.uuid4()}"
    request = RegisterNamespaceRequest(namespace=namespace)
    request.workflow_execution_retention_period.FromTimedelta(timedelta(days=1))
    await temporal.workflow_service.register_namespace(request)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", namespace)

    healthy, lines = await around.examined()

    assert not healthy
    assert (
        f"namespace {namespace} lacks the search attributes {', '.join(SEARCH_ATTRIBUTE_TYPES)}"
        in lines[0]
    )
    assert "`m3-walmart schedules apply` adds them" in lines[0]

    added = await register_search_attributes(await connect())
    assert added == list(SEARCH_ATTRIBUTE_TYPES)
    assert await around.examined() == (True, HEALTHY)


async def test_channels_of_alerts_are_told(around: Surroundings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALERTS_OPS_URL", f"json://{NOWHERE}")
    around.content += '\n[alerts.channels]\nops = "env:ALERTS_OPS_URL"\n'

    healthy, lines = await around.examined()

    assert not healthy
    assert lines == [
        *HEALTHY,
        "✗ channel ops: no rule names it, so nothing is sent there",
        '    mend: add [[alerts.rules]] with channels = ["ops"]',
    ]

    around.content += '[[alerts.rules]]\nchannels = ["ops"]\n'

    assert await around.examined() == (True, [*HEALTHY, "✓ channel ops: never used"])
