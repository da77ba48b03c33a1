"""Read M3's stock into the ledger, and compute what Walmart should show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity
from temporalio.common import WorkflowIDConflictPolicy

from activities.services import PairServices, Services
from activities.starts import START_TIMEOUT
from activities.stock import wanted_of
from activities.units import learn_units
from connectors.m3 import Record, Transaction
from domain.errors import NotFound, StockListTruncated
from domain.inventory import Balance
from domain.inventory_runs import CollectorInput, Scope
from domain.names import INVENTORY_COLLECTOR, INVENTORY_TASK_QUEUE, inventory_collector_id
from ledger.balances import Difference
from mappings.inventory import from_new_balance, from_summary, from_warehouse_balance

log = structlog.get_logger()

# Balances in one answer of M3: a megabyte or two of JSON.
PAGE = 5_000

# With more changes than this since the run before, everything is read: one answer has no pages.
MOST_CHANGES = 20_000

# Offers computed between two looks into the ledger.
COMPUTED_AT_ONCE = 400

# M3 stamps a balance before it is committed, and its clock is not ours. A window that overlaps
# reads some balances twice and loses none.
OVERLAP = timedelta(minutes=2)

# A reading that has not come to its end by then never will.
ABANDONED = timedelta(days=2)

FIRST_ITEM = "0"  # LstSumWhsBal wants a position; no item number sorts before it

COLUMNS = ("WHLO", "ITNO", "AV01")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One reading of M3's balances; its rows are in the ledger under the name `run`.

    The name begins with the moment, so that readings that were abandoned can be told by it.
    """

    pair: str
    run: str
    warehouse: str = ""  # where one is meant
    complete: bool = False  # it lists everything
    began: datetime | None = None  # empty: of single items, which says nothing of the others


@dataclass(frozen=True, kw_only=True)
class ItemsToRead:
    """SKUs somebody has told something of."""

    reading: Reading
    skus: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Computed:
    """How many offers were computed anew, and of how many nobody knows what to show."""

    computed: int = 0
    unknown: int = 0


class InventoryActivities:
    """From M3's balances to what Walmart should show."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def warehouses_to_read(self, pair: str) -> tuple[str, ...]:
        """Return the warehouses that ship nodes ship from. Repeating: reads the tables again."""
        return self._services.of_pair(pair).warehouses

    @activity.defn
    async def read_changes(self, reading: Reading) -> Reading:
        """Read the balances M3 has changed since the last reading; return it with its beginning.

        Repeating: the same rows are taken in again.

        Raises:
            StockListTruncated: everything has to be read, as after a long pause.

        Source:
            OIS100MI/LstNewBalances; LMTS is a change stamp in milliseconds. Its answer names no
            stamps, so a list that was cut could not be read on.
        """
        services = self._services.of_pair(reading.pair)
        balances, began = services.ledger.balances, datetime.now(UTC)
        before = await balances.began(reading.pair, Scope.CHANGES)
        if before is None:
            raise StockListTruncated(reading.pair, reason="nothing was read before")
        # A clock that was put back must not make the window begin in the future.
        since = min(before, began) - OVERLAP
        records = await services.m3.execute(
            "OIS100MI",
            "LstNewBalances",
            {"LMTS": str(int(since.timestamp() * 1000))},
            columns=COLUMNS,
            max_records=MOST_CHANGES + 1,
        )
        if len(records) > MOST_CHANGES:
            raise StockListTruncated(reading.pair, reason=f"more than {MOST_CHANGES} changes")
        await _take(services, reading, records, from_new_balance, at=began)
        return replace(reading, began=began)

    @activity.defn
    async def begin_reading(self, reading: Reading) -> Reading:
        """Begin to read everything; return the reading with its beginning.

        Repeating: begins anew.
        """
        balances, began = self._services.of_pair(reading.pair).ledger.balances, datetime.now(UTC)
        before = (began - ABANDONED).isoformat(timespec="seconds")
        await balances.forget_readings(reading.pair, before=before)
        return replace(reading, began=began)

    @activity.defn
    async def read_warehouse(self, reading: Reading) -> int:
        """Read all balances of one warehouse, page by page; return how many there are.

        Repeating: goes on after the last page that was taken in.

        Source:
            MMS200MI/LstSumWhsBal lists from POPN on, in the order of item numbers.
        """
        services = self._services.of_pair(reading.pair)
        done = activity.info().heartbeat_details
        position, count = (str(done[0]), int(done[1])) if done else (FIRST_ITEM, 0)
        while True:
            asked_at = datetime.now(UTC)
            records = await services.m3.execute(
                "MMS200MI",
                "LstSumWhsBal",
                {"WHLO": reading.warehouse, "POPN": position},
                columns=(*COLUMNS, "UNMS"),
                max_records=PAGE,
            )
            await learn_units(services, records)
            await _take(services, reading, records, from_summary, at=asked_at)
            # The next page begins with the last item of this one.
            count += len(records) - (1 if count and records else 0)
            if len(records) < PAGE or records[-1]["ITNO"] == position:
                return count
            position = records[-1]["ITNO"]
            activity.heartbeat(position, count)

    @activity.defn
    async def read_items(self, input: ItemsToRead) -> int:
        """Read the balances of single SKUs; return how many there are. Repeating: reads again.

        Source:
            MMS200MI/GetItmWhsBal.
        """
        reading, services = input.reading, self._services.of_pair(input.reading.pair)
        parts = await services.ledger.balances.parts_of(reading.pair, input.skus)
        items = sorted({part.item_number for each in parts.values() for part in each})
        asked = [
            Transaction(
                name="GetItmWhsBal",
                record={"WHLO": warehouse, "ITNO": item},
                columns=COLUMNS,
            )
            for item in items
            for warehouse in services.warehouses
        ]
        asked_at = datetime.now(UTC)
        answers = await services.m3.execute_in_parts("MMS200MI", asked)
        records = []
        for answer in answers:
            if isinstance(answer, NotFound):
                continue  # that warehouse does not keep the item
            if isinstance(answer, Exception):
                raise answer
            records += answer
        await _take(services, reading, records, from_warehouse_balance, at=asked_at)
        return len(records)

    @activity.defn
    async def apply_reading(self, reading: Reading) -> Difference:
        """Make a reading what is known of M3's stock. Repeating: nothing is left to apply."""
        balances = self._services.of_pair(reading.pair).ledger.balances
        difference = await balances.compare_reading(
            reading.pair, reading.run, complete=reading.complete
        )
        await balances.apply_reading(
            reading.pair,
            reading.run,
            complete=reading.complete,
            began=reading.began or datetime.now(UTC),
        )
        if reading.began:
            await balances.keep_beginning(reading.pair, Scope.CHANGES, at=reading.began)
        log.info(
            "stock_read",
            pair=reading.pair,
            listed=difference.listed,
            changed=difference.changed,
            gone=difference.gone,
        )
        return difference

    @activity.defn
    async def compute_wanted(self, pair: str) -> Computed:
        """Compute what Walmart should show of every offer that something has changed of.

        Repeating: computes what is still stale.
        """
        services = self._services.of_pair(pair)
        offers, result = services.ledger.offers, Computed()
        while stale := await offers.stale(pair, limit=COMPUTED_AT_ONCE):
            wanted = await wanted_of(services, stale)
            await offers.want(pair, wanted, at=datetime.now(UTC))
            result = Computed(
                computed=result.computed + len(wanted),
                unknown=result.unknown + sum(each.quantity is None for each in wanted),
            )
            activity.heartbeat()
        return result

    @activity.defn
    async def wake_collector(self, pair: str) -> None:
        """Have the collector tell Walmart what has changed. Repeating: wakes it again."""
        await activity.client().start_workflow(
            INVENTORY_COLLECTOR,
            CollectorInput(pair=pair),
            id=inventory_collector_id(pair),
            task_queue=INVENTORY_TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"Tells Walmart of stock changes ({pair})",
            rpc_timeout=START_TIMEOUT,
            start_signal="stock_computed",
            start_signal_args=[],
        )


async def _take(
    services: PairServices,
    reading: Reading,
    records: Sequence[Record],
    read: Callable[[Record], Balance],
    *,
    at: datetime,
) -> None:
    """Take in records of any warehouses; those Walmart does not sell from are left out."""
    by_warehouse: dict[str, dict[str, Balance]] = {}
    for record in records:
        balance = read(record)
        if balance.warehouse in services.warehouses:
            by_warehouse.setdefault(balance.warehouse, {})[balance.item_number] = balance
    for warehouse, balances in sorted(by_warehouse.items()):
        await services.ledger.balances.take_balances(
            reading.pair,
            reading.run,
            warehouse,
            {item: balance.allocatable for item, balance in sorted(balances.items())},
            at=at,
        )
