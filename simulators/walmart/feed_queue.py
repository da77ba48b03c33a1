"""The feeds of the account: they wait, are worked through, and can hang or be told to fail."""

import heapq
import uuid
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from simulators.walmart.feed_files import (
    DATA_ERROR,
    ITEM_ERRORS,
    SYSTEM_ERROR,
    TIMEOUT_ERROR,
    FeedFile,
    FeedItem,
)
from simulators.walmart.lines import Document
from simulators.world import PARTNER_ID

RECEIVED, INPROGRESS, PROCESSED, ERROR = "RECEIVED", "INPROGRESS", "PROCESSED", "ERROR"
QUEUE_SECONDS = 60.0
SHARE_OF_TIME_RECEIVED = 0.5
MAX_KEPT_FEEDS = 1_000
MAX_KEPT_ITEMS = 1_000_000
NEVER = float("inf")


@dataclass(kw_only=True)
class FeedSettings:
    """How feeds fare from now on; without a wish each is processed after a minute."""

    shortest: float = QUEUE_SECONDS  # simulated seconds in the queue
    longest: float = QUEUE_SECONDS
    hang_next: bool = False
    error_share: float = 0.0  # of the items
    error_type: str = DATA_ERROR
    unknown_sku_refused: bool = False  # at once with 422, instead of item by item
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - repeatable errors

    @classmethod
    def read(cls, wish: Document) -> "FeedSettings":
        """Return the settings of `POST /_sim/feeds`.

        Raises:
            ValueError: an unknown key, or a value feeds cannot have.
        """
        known = {"hang_next", "item_errors", "queue_seconds", "seed", "unknown_sku_refused"}
        if unknown := wish.keys() - known:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        errors, queued = wish.get("item_errors", {}), wish.get("queue_seconds", QUEUE_SECONDS)
        shortest, longest = queued if isinstance(queued, list) else (queued, queued)
        share, kind = float(errors.get("share", 0.0)), errors.get("type", DATA_ERROR)
        if not 0 <= share <= 1 or kind not in ITEM_ERRORS or not 0 <= shortest <= longest:
            raise ValueError(f"share: 0 to 1; type: {ITEM_ERRORS}; queue_seconds: not below 0")
        return cls(
            shortest=float(shortest),
            longest=float(longest),
            hang_next=bool(wish.get("hang_next", False)),
            error_share=share,
            error_type=kind,
            unknown_sku_refused=bool(wish.get("unknown_sku_refused", False)),
            random=Random(errors.get("seed", wish.get("seed", 0))),  # noqa: S311 - repeatable
        )

    def as_json(self) -> Document:
        """Return the settings, for `GET /_sim/feeds`."""
        return {
            "queue_seconds": [self.shortest, self.longest],
            "hang_next": self.hang_next,
            "item_errors": {"share": self.error_share, "type": self.error_type},
            "unknown_sku_refused": self.unknown_sku_refused,
        }


@dataclass(kw_only=True)
class Feed:
    """One file on its way. Simulated times are epoch seconds of the account's clock."""

    feed_id: str
    feed_type: str
    file_name: str
    file: FeedFile
    submitted_at: float  # on the wall
    modified_at: float  # on the wall
    starts: float  # simulated
    due: float  # simulated; `NEVER` while it hangs
    first_number: int  # of its pushes
    received: int = 0  # items
    failed: Counter[str] = field(default_factory=Counter)  # items by type of error, once done
    done: bool = False

    @property
    def items(self) -> list[FeedItem]:
        """Return the items of the file; none when they are too old to be kept."""
        return self.file.items

    def status(self, now: float) -> str:
        """Return the feed's status at a simulated moment."""
        if self.done:
            return ERROR if self.file.failure else PROCESSED
        return RECEIVED if now < self.starts else INPROGRESS

    def counts(self) -> dict[str, int]:
        """Return the four item counts every answer has."""
        failed = self.failed.total()
        return {
            "itemsReceived": self.received,
            "itemsSucceeded": self.received - failed if self.done else 0,
            "itemsFailed": failed,
            "itemsProcessing": 0 if self.done else self.received,
        }

    def finish(self, at: float) -> None:
        """Note that every item has been worked through."""
        self.failed.update(item.error.type for item in self.items if item.error is not None)
        self.done, self.modified_at = True, at


class FeedQueue:
    """All feeds since the last reset, and which of them is due next."""

    def __init__(self) -> None:
        self.settings = FeedSettings()
        self._feeds: dict[str, Feed] = {}
        self._waiting: list[tuple[float, int, Feed]] = []  # a heap
        self._submitted = 0
        self._kept: deque[Feed] = deque()  # done, with their items
        self._kept_items = 0

    @property
    def next_due(self) -> float:
        """Return the simulated time at which a feed is done next."""
        return self._waiting[0][0] if self._waiting else NEVER

    def submit(
        self,
        feed_type: str,
        file: FeedFile,
        *,
        file_name: str,
        first_number: int,
        now: float,
        wall: float,
    ) -> Feed:
        """Let a feed into the queue.

        Args:
            feed_type: inventory or MP_INVENTORY.
            file: what it says.
            file_name: what the caller named it.
            first_number: of its pushes.
            now: simulated epoch seconds.
            wall: the same moment on the wall.
        """
        settings, self._submitted = self.settings, self._submitted + 1
        seconds = settings.random.uniform(settings.shortest, settings.longest)
        feed = Feed(
            feed_id=_feed_id(),
            feed_type=feed_type,
            file_name=file_name,
            file=file,
            submitted_at=wall,
            modified_at=wall,
            starts=now + seconds * SHARE_OF_TIME_RECEIVED,
            due=NEVER if settings.hang_next else now + seconds,
            first_number=first_number,
            received=len(file.items),
        )
        settings.hang_next = False
        self._keep(feed)
        if feed.due != NEVER:
            heapq.heappush(self._waiting, (feed.due, self._submitted, feed))
        return feed

    def take_due(self) -> Feed:
        """Return the feed that is due next; it waits no longer."""
        return heapq.heappop(self._waiting)[2]

    def finish(self, feed: Feed, at: float) -> None:
        """Close a feed; the items of the oldest ones go when there are too many of them."""
        feed.finish(at)
        self._kept.append(feed)
        self._kept_items += feed.received
        while self._kept_items > MAX_KEPT_ITEMS and len(self._kept) > 1:
            oldest = self._kept.popleft()
            self._kept_items -= oldest.received
            oldest.items.clear()

    def release(self, now: float) -> list[str]:
        """Let the feeds that hang be done at once; return their ids."""
        hanging = [feed for feed in self._feeds.values() if feed.due == NEVER and not feed.done]
        for feed in hanging:
            feed.due, self._submitted = now, self._submitted + 1
            heapq.heappush(self._waiting, (now, self._submitted, feed))
        return [feed.feed_id for feed in hanging]

    def find(self, feed_id: str) -> Feed | None:
        """Return a feed, or None when there is none of that id."""
        return self._feeds.get(feed_id)

    def newest_first(self) -> Iterator[Feed]:
        """Yield the feeds, the last submitted first."""
        return reversed(self._feeds.values())

    def __len__(self) -> int:
        return len(self._feeds)

    def _keep(self, feed: Feed) -> None:
        if len(self._feeds) >= MAX_KEPT_FEEDS:
            self._feeds.pop(next(iter(self._feeds)))
        self._feeds[feed.feed_id] = feed


def listed(feed: Feed, now: float) -> dict[str, Any]:
    """Return a feed as the list of feeds shows it."""
    return {
        "feedId": feed.feed_id,
        "feedSource": "MARKETPLACE_PARTNER",
        "feedType": feed.feed_type,
        "partnerId": PARTNER_ID,
        **feed.counts(),
        "feedStatus": feed.status(now),
        "feedDate": int(feed.submitted_at * 1000),
        "modifiedDtm": int(feed.modified_at * 1000),
        "fileName": feed.file_name,
        "itemDataErrorCount": feed.failed[DATA_ERROR],
        "itemSystemErrorCount": feed.failed[SYSTEM_ERROR],
        "itemTimeoutErrorCount": feed.failed[TIMEOUT_ERROR],
    }


def _feed_id() -> str:
    """Return an id as Walmart makes them; the `@` has to be encoded in a path."""
    return f"{uuid.uuid4().hex.upper()}@AU8BAgA"
