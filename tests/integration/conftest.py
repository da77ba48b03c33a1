"""A shop for the tests of the activities; a test names another way of entry where it matters."""

import functools
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from mappings.loader import load_mappings
from tests.services import BATCH, Shop, open_shop
from tests.systems import Systems, serve_systems


@pytest.fixture
def entry() -> dict[str, str]:
    """How the pair enters orders; parametrize it to have another."""
    return BATCH


@pytest.fixture
def inventory() -> bool:
    """Whether Walmart's stock follows M3's; tests of the inventory say so."""
    return False


# Read once for the whole run: they take most of the time of a worker's start.
read_once = functools.cache(load_mappings)
trusted_once = functools.cache(ssl.create_default_context)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def systems() -> AsyncIterator[Systems]:
    """Both systems under one address each, for the whole run."""
    async with serve_systems() as systems:
        yield systems


@pytest_asyncio.fixture(loop_scope="session")
async def shop(
    systems: Systems,
    tmp_path: Path,
    entry: dict[str, str],
    inventory: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Shop]:
    """Both systems emptied, with a worker of one pair."""
    monkeypatch.setattr("mappings.live.load_mappings", read_once)
    monkeypatch.setattr("ssl.create_default_context", trusted_once)
    async with open_shop(systems, tmp_path, entry, inventory=inventory) as shop:
        yield shop
