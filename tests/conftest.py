"""A Temporal dev server for the whole run, and a client of it for each test."""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from activities import search_attributes
from commands.temporal import add_search_attributes
from domain.names import SearchAttribute


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
