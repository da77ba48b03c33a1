"""Read M3's stock into the ledger, and compute what Walmart should show."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import structlog
from temporalio import activity
from temporalio.common import WorkflowIDConflictPolicy

from activities.services import PairServices, Services
from activities.starts import START_TIMEOUT
from connectors.m3 import Record
from domain.errors import IntegrationError, StockListTruncated
from domain.inventory import Balance
from domain.inventory_runs import CollectorInput
from domain.names import INVENTORY_COLLECTOR, INVENTORY_TASK_QUEUE, inventory_collector_id
from ledger.balances import Difference
from ledger.offers import OfferKey, StaleOffer, Wanted
from mappings.inventory import from_new_balance, from_summary

log = structlog.get_logger()

# Balances in one answer of M3: a few megabytes of JSON.
PAGE = 5_000

# More changes than this since the run before are read as everything: one answer would be too large.
MOST_CHANGES = 20_000

# Offers computed between two looks into the ledger.
COMPUTED_AT_ONCE = 400

# M3 stamps a balance before it is committed, its clock is not ours, and neither is told how M3 cuts
# the edge: a window that overlaps reads some balances twice and loses none.
OVERLAP = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One reading of M3's balances; its rows are in the ledger under this name."""

    pair: str
    run: str


@dataclass(frozen=True, kw_only=True)
class ReadWarehouseInput:
    """Which warehouse is to be read."""

    reading: Reading
    warehouse: str


@dataclass(frozen=True, kw_only=True)
class ApplyReadingInput:
    """A reading that has come to its end."""

    reading: Reading
    complete: bool


@dataclass(frozen=True, kw_only=True)
class Computed:
    """How many offers were computed anew, and of how many nobody knows what to show."""

    computed: int
    unknown: int


class InventoryActivities:
    """From M3's balances to what Walmart should show."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def warehouses_to_read(self, pair: str) -> tuple[str, ...]:
        """Return the warehouses whose stock Walmart is told of. Repeating: reads the table again."""
        services = self._services.of_pair(pair)
        return tuple(sorted(services.mappings.inventory_warehouses))

    @activity.defn
    async def read_changes(self, reading: Reading) -> int:
        """Read the balances M3 has changed since the reading before; return how many it listed.

        Repeating: the same rows are taken again.

        Raises:
            StockListTruncated: there are too many for one answer; everything has to be read.

        Source:
            OIS100MI/LstNewBalances; LMTS is a change stamp in milliseconds.
        """
        services = self._services.of_pair(reading.pair)
        started = datetime.now(UTC)
        await services.balances.begin_reading(reading.pair, reading.run)
        before = await services.balances.last_reading(reading.pair)
        if before is None:
            raise StockListTruncated(reading.pair, reason="nothing was read before")
        since = min(before, started) - OVERLAP
        records = await services.m3.execute(
            "OIS100MI",
            "LstNewBalances",
            {"LMTS": str(int(since.timestamp() * 1000))},
            columns=("WHLO", "ITNO", "AV01"),
            max_records=MOST_CHANGES + 1,
        )
        if len(records) > MOST_CHANGES:
            raise StockListTruncated(reading.pair, reason=f"more than {MOST_CHANGES} changes")
        await self._take(services, reading, records, from_new_balance)
        await services.balances.keep_reading(reading.pair, reading.run, started_at=started)
        return len(records)
'''
