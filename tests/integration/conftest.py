"""A shop for the tests of the activities; a test names another way of entry where it matters."""

import functools
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from mappings.loader import load_mappings
from tests.services import BATCH, Shop, Systems, open_shop, serve_systems


@pytest.fixture
def entry() -> dict[str, str]:
    """How the pair enters orders; parametrize it to have another."""
    return BATCH


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def systems() -> AsyncIterator[Systems]:
    """Both systems under one address each, for the whole run.

    Mappings and certificates are read once, which takes most of the time of a worker's start.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.load_mappings", functools.cache(load_mappings))
        contexts = functools.cache(ssl.create_default_context)
        patch.setattr("ssl.create_default_context", contexts)
        async with serve_systems() as systems:
            yield systems


@pytest_asyncio.fixture(loop_scope="session")
async def shop(systems: Systems, tmp_path: Path, entry: dict[str, str]) -> AsyncIterator[Shop]:
    """Both systems emptied, with a worker of one pair."""
    async with open_shop(systems, tmp_path, entry) as shop:
        yield shop
