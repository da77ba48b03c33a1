"""Personal data of buyers stays where it belongs, whatever happens to their orders.

Marked buyers order on the whole product: orders that go through, that are held, corrected,
refused and forgotten, and messages that belong to nothing. Then every output is searched for the
marks. `tests/marked_buyers.py` is the search; that it finds what is there has tests of its own.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from commands.demo.processes import free_port
from commands.demo.stack import Ports, open_stack
from ledger.store import open_ledger
from tests.alert_receiver import receiving
from tests.end_to_end.marked_day import Trail, everything_happens
from tests.end_to_end.stories.shop import Shop
from tests.marked_buyers import leaks, marks_in

PAIR = """\
mappings = "mappings"
recheck_seconds = 0.5
item_cache_seconds = 0

[worker]
metrics_port = {metrics_port}
"""

KINDS = (
    "alert",
    "command attention list",
    "command attention show",
    "command dead-letters show",
    "command orders show",
    "file starter.log",
    "file worker.log",
    "http starter",
    "http worker",
    "query timeline",
    "visibility of order-to-cash",
    "visibility of alert-desk",
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trail(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trail]:
    """What one eventful day left behind; everything has stopped."""
    folder: Path = tmp_path_factory.mktemp("personal_data") / "stack"
    metrics_port = free_port()
    async with receiving() as alerts:
        async with open_stack(
            folder,
            Ports.any(),
            poll_seconds=1,
            sweep_seconds=2,
            attention_after=1,
            pair=PAIR.format(metrics_port=metrics_port),
            alerts=alerts.url,
        ) as (stack, client):
            found = Trail(Shop(stack, client), metrics_port=metrics_port)
            await everything_happens(found)
        found.keep_alerts(alerts)
        found.keep_files()
    yield found


async def test_no_output_holds_personal_data(trail: Trail):
    assert len(trail.outputs) > 60
    assert leaks(trail.outputs) == {}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_output_was_searched(trail: Trail, kind: str):
    assert any(place.startswith(kind) and content for place, content in trail.outputs.items())


async def test_histories_hold_only_what_was_sent_in_plain(trail: Trail):
    assert leaks(trail.histories) == {
        f"history of {trail.corrected_in_plain}": {"qxcityplain"},
        f"history of {trail.refused_in_plain}": {"qxstreetplain"},
    }


async def test_temporals_database_holds_only_what_was_sent_in_plain(trail: Trail):
    found = {mark for marks in leaks(trail.temporal_files).values() for mark in marks}

    assert found == {"qxcityplain", "qxstreetplain"}


async def test_the_ledgers_file_holds_orders_and_letters_that_only_its_key_opens(trail: Trail):
    ledger_files = {p: c for p, c in trail.outputs.items() if p.startswith("file ledger.db")}
    assert ledger_files
    assert leaks(ledger_files) == {}

    async with open_ledger(trail.folder / "ledger.db") as ledger:
        order = await ledger.order_document("demo", trail.ordinary)
        address = await ledger.address("demo", trail.sealed)
        bodies = [await ledger.dead_letters.body(letter) for letter in trail.letters]

    assert "qxnameordinary" in marks_in(order or "")
    assert "qxstreetsealed" in marks_in(ledger.seal.open(address or ""))
    assert all(marks_in(body) for body in bodies)
