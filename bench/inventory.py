"""A full comparison of M3's stock with the ledger, beside the same difference in plain SQL.

Each of the two runs in a process of its own, on a file of its own, with the same million rows.
Both begin with the balances as numbers; what it takes to read them out of M3's answers is told
apart, and making up the answers is not counted.
"""

import asyncio
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from activities.inventory import PAGE
from connectors.m3 import Record
from ledger.balances import MILLION, Balances
from ledger.database import open_database
from mappings.inventory import from_summary

Given = ParamSpec("Given")
Result = TypeVar("Result")

PAIR, WAREHOUSE = "bench", "001"
EVERY = 100  # one item of so many has another balance than before

# As `workflows.inventory` names a reading.
RUN = "2026-11-25T12:00:00+00:00/7f0c1d3e-5a52-4b0f-9f43-0d6f1f1f9c11"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(hours=1)

NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers LIMIT :items)"
ITEM = "printf('ITEM-%08d', n)"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run of the comparison measured."""

    items: int
    changed: int
    seconds: float
    plain_seconds: float
    ratio: float
    peak_mb: int
    plain_peak_mb: int
    load_seconds: float
    compare_seconds: float
    apply_seconds: float
    parse_seconds: float  # besides: from M3's records to numbers


@dataclass(frozen=True, kw_only=True)
class Run:
    """One of the two ways."""

    changed: int
    stale: int
    parse: float
    load: float
    compare: float
    apply: float
    peak_mb: int

    @property
    def seconds(self) -> float:
        """Return how long the comparison took."""
        return self.load + self.compare + self.apply


class Stopwatch:
    """Counts the time between two laps; what M3 would take to answer is left out."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap."""
        last, self._last = self._last, time.perf_counter()
        return self._last - last


def measure(items: int) -> Figures:
    """Compare a number of balances in both ways."""
    with tempfile.TemporaryDirectory(prefix="m3-walmart-bench-") as folder:
        known, plain = Path(folder) / "ledger.db", Path(folder) / "plain.db"
        _alone(_fill_ledger, known, items)
        ours = _alone(_compare_in_ledger, known, items)
        known.unlink()
        _alone(_fill_plain, plain, items)
        theirs = _alone(_compare_plainly, plain, items)
    expected = -(-items // EVERY)
    if not ours.changed == ours.stale == theirs.changed == expected:
        raise AssertionError(f"{expected} balances have changed; {ours}, {theirs}")
    return Figures(
        items=items,
        changed=ours.changed,
        seconds=round(ours.seconds, 2),
        plain_seconds=round(theirs.seconds, 2),
        ratio=round(ours.seconds / theirs.seconds, 2),
        peak_mb=ours.peak_mb,
        plain_peak_mb=theirs.peak_mb,
        load_seconds=round(ours.load, 2),
        compare_seconds=round(ours.compare, 2),
        apply_seconds=round(ours.apply, 2),
        parse_seconds=round(ours.parse, 2),
    )


def _alone(
    work: Callable[Concatenate[Path, Given], Result],
    path: Path,
    *args: Given.args,
    **kwargs: Given.kwargs,
) -> Result:
    """Do something in a process of its own, which has used no memory yet.

    A process that is started by a large one counts that one's memory as its own; the server that
    forks these is small.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("forkserver")) as process:
        return process.submit(work, path, *args, **kwargs).result()


def _fill_ledger(path: Path, items: int) -> None:
    """Let the ledger know every balance, and sell every item at one ship node."""

    async def migrate() -> None:
        async with open_database(path):
            pass

    asyncio.run(migrate())
    values = {"items": items, "pair": PAIR, "warehouse": WAREHOUSE, "every": EVERY}
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            f"""
            INSERT INTO balances (pair, warehouse, item_number, allocatable, read_at)
            {NUMBERS}
            SELECT :pair, :warehouse, {ITEM}, (n % 500) * {MILLION}, :at FROM numbers
            """,
            {**values, "at": int(BEFORE.timestamp() * 1000)},
        )
        database.execute(
            f"""
            INSERT INTO parts (pair, item_number, sku, quantity)
            {NUMBERS} SELECT :pair, {ITEM}, 'SKU-' || {ITEM}, '1' FROM numbers
            """,
            values,
        )
        database.execute(
            f"""
            INSERT INTO offers (pair, sku, ship_node, stale, wanted, wanted_at, sent_by, sent_at,
                                accepted, accepted_at, not_before, tries, cause, problem)
            {NUMBERS}
            SELECT :pair, 'SKU-' || {ITEM}, '10001', 0, n % 500, :at, '', '',
                   n % 500, :at, '', 0, '', ''
            FROM numbers
            """,
            {**values, "at": BEFORE.isoformat()},
        )


def _fill_plain(path: Path, items: int) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(
            "CREATE TABLE known (warehouse TEXT, item TEXT, allocatable INTEGER, "
            "PRIMARY KEY (warehouse, item)) WITHOUT ROWID"
        )
        database.execute(
            f"INSERT INTO known {NUMBERS} SELECT :warehouse, {ITEM}, (n % 500) * {MILLION} "
            "FROM numbers",
            {"items": items, "warehouse": WAREHOUSE},
        )


def _pages(items: int) -> Iterator[list[Record]]:
    """Yield what MMS200MI.LstSumWhsBal would answer, page by page."""
    for start in range(0, items, PAGE):
        yield [
            {
                "WHLO": WAREHOUSE,
                "ITNO": f"ITEM-{n:08d}",
                "AV01": f"{n % 500 + (n % EVERY == 0)}.000000",
                "UNMS": "EA",
            }
            for n in range(start, min(start + PAGE, items))
        ]


def _compare_in_ledger(path: Path, items: int) -> Run:
    return asyncio.run(_compare_with(path, items))


async def _compare_with(path: Path, items: int) -> Run:
    """Do what the activities `read_warehouse` and `apply_reading` do with the ledger."""
    async with open_database(path) as database:
        balances, watch = Balances(database), Stopwatch()
        parse = load = 0.0
        for page in _pages(items):
            watch.lap()
            read = [from_summary(record) for record in page]
            parse += watch.lap()
            stock = {balance.item_number: balance.allocatable for balance in read}
            await balances.take_balances(PAIR, RUN, WAREHOUSE, stock, at=NOW)
            load += watch.lap()
        watch.lap()
        difference = await balances.compare_reading(PAIR, RUN, complete=True)
        compare = watch.lap()
        await balances.apply_reading(PAIR, RUN, complete=True, began=NOW)
        apply = watch.lap()
        [row] = await database.rows("SELECT count(*) AS stale FROM offers WHERE stale > 0")
    return Run(
        changed=difference.changed,
        stale=row.stale,
        parse=parse,
        load=load,
        compare=compare,
        apply=apply,
        peak_mb=_peak_mb(),
    )


def _compare_plainly(path: Path, items: int) -> Run:
    """Load the same rows in one transaction, and ask for those that are not as known."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        load, watch = 0.0, Stopwatch()
        database.execute("BEGIN")
        database.execute("CREATE TABLE incoming (warehouse TEXT, item TEXT, allocatable INTEGER)")
        for page in _pages(items):
            rows = [(r["WHLO"], r["ITNO"], int(float(r["AV01"]) * MILLION)) for r in page]
            watch.lap()
            database.executemany("INSERT INTO incoming VALUES (?, ?, ?)", rows)
            load += watch.lap()
        watch.lap()
        database.execute("COMMIT")
        load += watch.lap()
        changed = database.execute(
            """
            SELECT * FROM incoming WHERE NOT EXISTS (
                SELECT 1 FROM known
                WHERE known.warehouse = incoming.warehouse AND known.item = incoming.item
                  AND known.allocatable = incoming.allocatable)
            """
        ).fetchall()
        compare = watch.lap()
    return Run(
        changed=len(changed),
        stale=len(changed),
        parse=0.0,
        load=load,
        compare=compare,
        apply=0.0,
        peak_mb=_peak_mb(),
    )


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # Linux counts kilobytes
