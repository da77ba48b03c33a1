"""Inventory activities that do nothing but remember, under the names the workflows know them by."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from temporalio import activity

from activities.feed_sending import FeedsStanding
from activities.interceptor import as_application_error
from activities.inventory import Computed, ItemsToRead, Reading
from activities.listings import Listings
from activities.sending import SendInput, Sent
from domain.errors import IntegrationError
from ledger.balances import Difference


@dataclass
class FakeInventoryActivities:
    """Answers as M3 and Walmart would; `failing` names the errors each activity raises first."""

    sent: list[Sent] = field(default_factory=list)  # answers in turn, then nothing waits
    feeds: list[FeedsStanding] = field(default_factory=list)  # in turn, then there are none
    held: str = ""  # until a person approves
    failing: dict[str, list[IntegrationError]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    skus: list[tuple[str, ...]] = field(default_factory=list)  # what was read one by one
    readings: list[Reading] = field(default_factory=list)  # what was applied

    def _call(self, name: str, detail: str = "") -> None:
        self.calls.append(f"{name} {detail}".strip())
        if errors := self.failing.get(name):
            raise as_application_error(errors.pop(0))

    @activity.defn
    async def warehouses_to_read(self, pair: str) -> tuple[str, ...]:
        return ("001", "002")

    @activity.defn
    async def read_changes(self, reading: Reading) -> Reading:
        self._call("read_changes")
        return replace(reading, began=datetime.now(UTC))

    @activity.defn
    async def begin_reading(self, reading: Reading) -> Reading:
        self._call("begin_reading")
        return replace(reading, began=datetime.now(UTC))

    @activity.defn
    async def read_warehouse(self, reading: Reading) -> int:
        self._call("read_warehouse", reading.warehouse)
        return 3

    @activity.defn
    async def read_items(self, input: ItemsToRead) -> int:
        self._call("read_items")
        self.skus.append(input.skus)
        return len(input.skus)

    @activity.defn
    async def apply_reading(self, reading: Reading) -> Difference:
        self._call("apply_reading")
        self.readings.append(reading)
        return Difference(listed=6, changed=2, gone=1)

    @activity.defn
    async def compute_wanted(self, pair: str) -> Computed:
        self._call("compute_wanted")
        return Computed(computed=4, unknown=1)

    @activity.defn
    async def wake_collector(self, pair: str) -> None:
        self._call("wake_collector")

    @activity.defn
    async def read_listings(self, pair: str) -> Listings:
        self._call("read_listings")
        return Listings(offers=9, drifted=5)

    @activity.defn
    async def send_inventory(self, input: SendInput) -> Sent:
        self._call("send_inventory", "approved" if input.approved else "")
        if self.held and not input.approved:
            return Sent(held=self.held, waiting=True)
        return self.sent.pop(0) if self.sent else Sent()

    @activity.defn
    async def follow_feeds(self, pair: str) -> FeedsStanding:
        self._call("follow_feeds")
        return self.feeds.pop(0) if self.feeds else FeedsStanding(open=0, next_look=None)

    def all(self) -> list[Callable[..., Any]]:
        """Return the activities, for a worker."""
        return [
            self.warehouses_to_read,
            self.read_changes,
            self.begin_reading,
            self.read_warehouse,
            self.read_items,
            self.apply_reading,
            self.compute_wanted,
            self.wake_collector,
            self.read_listings,
            self.send_inventory,
            self.follow_feeds,
        ]
