"""A Temporal dev server and a PostgreSQL server for the whole run, what a test needs of them."""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import URL
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from activities import search_attributes
from commands.temporal import add_search_attributes
from domain.names import SearchAttribute
from tests import postgresql


def installed(command: str) -> str:
    """The path of a command that is installed beside this Python."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    binary = shutil.which(command, path=path)
    assert binary, f"{command} is not installed; `make test` installs it"
    return binary


@pytest.fixture(scope="session")
def temporal_binary() -> str:
    """The dev server."""
    return installed("temporal")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal_address(temporal_binary: str) -> AsyncIterator[str]:
    """The address of a dev server with our search attributes."""
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary,
        dev_server_log_level="error",
        search_attributes=[
            key for key in vars(search_attributes).values() if isinstance(key, SearchAttributeKey)
        ],
    )
    yield environment.client.service_client.config.target_host
    await environment.shutdown()


@pytest.fixture
async def temporal(temporal_address: str) -> Client:
    """A client of the dev server, in the event loop of the test."""
    return await Client.connect(temporal_address, data_converter=pydantic_data_converter)


@pytest_asyncio.fixture
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A test server that skips time: a wait of days takes no longer than any other step."""
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=installed("temporal-test-server"),
        data_converter=pydantic_data_converter,
    )
    await add_search_attributes(environment.client, SearchAttribute)
    yield environment
    await environment.shutdown()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server; it starts in a second, when the first test asks for it."""
    with postgresql.running() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: postgresql.Server) -> Iterator[URL]:
    """A new database on it."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | URL:
    """Where a ledger can be: a test that asks for it runs once for a file, once on a server."""
    if request.param == "sqlite":
        return tmp_path / "folder" / "that" / "is new" / "ledger.db"
    url: URL = request.getfixturevalue("postgresql_url")
    return url
