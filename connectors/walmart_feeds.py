"""Call Walmart's feed endpoints: submit a file, find it again, read what became of each item.

A feed that is PROCESSED may have failed for every item in it; only the items tell.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from connectors.walmart import WalmartClient
from connectors.walmart_answers import (
    EMPTY_LIST,
    Document,
    as_list,
    json_object,
    moment,
    nonsense,
)
from connectors.walmart_errors import first_error
from domain.errors import NotFound, Rejected, Unavailable

FEEDS = "/v3/feeds"
PAGE_SIZE = 50  # the most Walmart gives

# Source: part `file` of the upload in the inventory specification.
MEDIA_TYPE = "application/octet-stream"

PROCESSED = "PROCESSED"
FAILED = frozenset({"DATA_ERROR", "SYSTEM_ERROR", "TIMEOUT_ERROR"})
HARMLESS = frozenset({"INFO", "WARN"})


@dataclass(frozen=True, kw_only=True)
class FeedError:
    """What Walmart says about a feed or an item of it."""

    code: str
    description: str
    field: str = ""


@dataclass(frozen=True, kw_only=True)
class FeedCounts:
    """How many items of a feed are in which state."""

    received: int
    succeeded: int
    failed: int
    processing: int


@dataclass(frozen=True, kw_only=True)
class FeedSummary:
    """A feed as the list of feeds shows it."""

    feed_id: str
    # Not always the name it was submitted under: MP_ITEM is listed as item, lagtime as LAGTIME.
    feed_type: str
    status: str  # RECEIVED, INPROGRESS, PROCESSED, ERROR
    items: FeedCounts
    submitted_at: datetime | None  # aware; None: Walmart does not say
    file_name: str  # in no schema, but in answers; empty when absent


@dataclass(frozen=True, kw_only=True)
class FeedStatus:
    """How far a feed is, and what is wrong with all of it."""

    feed_id: str
    status: str  # as in FeedSummary
    items: FeedCounts
    submitted_at: datetime | None
    errors: tuple[FeedError, ...]


@dataclass(frozen=True, kw_only=True)
class FeedItem:
    """What became of one item of a feed."""

    sku: str  # as Walmart writes it; the letter case may differ from what was sent
    status: str  # INPROGRESS, SUCCESS, DATA_ERROR, SYSTEM_ERROR, TIMEOUT_ERROR
    errors: tuple[FeedError, ...]  # with SUCCESS they are warnings

    @property
    def failed(self) -> bool:
        """Tell an item that was not taken over from one that was or still may be."""
        return self.status in FAILED


class WalmartFeeds:
    """The feeds of one seller account. Never retries: Temporal does."""

    def __init__(self, walmart: WalmartClient) -> None:
        self._walmart = walmart

    async def submit_feed(self, feed_type: str, content: bytes, file_name: str) -> str:
        """Hand in a file and return its feed id. **Not** safe to repeat: look into `feeds` first.

        Args:
            feed_type: `inventory` or `MP_INVENTORY`; `on_answer` hears `submit_feed_<type>`,
                since each type has a limit of its own.
            content: the file.
            file_name: what `feeds` may show; a name of its own makes the feed easy to find.

        Raises:
            Rejected: the file is refused; too large a one names what to do.
            Unavailable: no answer, or none with an id. The feed may have been accepted.

        Source:
            POST /v3/feeds?feedType=, multipart field `file`.
        """
        response = await self._walmart.send(
            "POST",
            f"{FEEDS}?feedType={quote(feed_type, safe='')}",
            operation=f"submit_feed_{feed_type}",
            files={"file": (file_name, content, MEDIA_TYPE)},
        )
        document = json_object(response)
        if feed_id := document.get("feedId"):
            return str(feed_id)
        if document.get("errors") or document.get("error"):
            refusal = first_error(response)
            raise Rejected(
                "Walmart",
                f"POST {FEEDS}",
                code=refusal.code,
                field=refusal.field,
                message=refusal.description,
            )
        raise nonsense(response, "no feed id; the feed may have been accepted")

    async def feeds(self, limit: int = PAGE_SIZE, *, offset: int = 0) -> list[FeedSummary]:
        """Return the last feeds of all types, newest first.

        Args:
            limit: how many, 1 to 50.
            offset: how many newer ones to leave out.

        Raises:
            Unavailable: among other things when Walmart says that the list is not complete.

        Source:
            GET /v3/feeds. The order is the one of the published example; that an empty list may
            be a 404 is an assumption.
        """
        path = f"{FEEDS}?offset={offset}&limit={limit}"
        try:
            response = await self._walmart.send("GET", path, operation="list_feeds")
        except NotFound as empty:
            if empty.code.partition(".")[0] not in EMPTY_LIST:
                raise
            return []
        listed = as_list((_complete(response).get("results") or {}).get("feed"))
        summaries = [_summary(entry) for entry in listed if entry.get("feedId")]
        return sorted(summaries, key=_age)

    async def feed(self, feed_id: str) -> FeedStatus:
        """Return how far a feed is.

        Raises:
            NotFound: there is no such feed.

        Source:
            GET /v3/feeds/{feedId}. Details are asked for, though only one, since nothing says
            that the errors of the whole feed come without.
        """
        response = await self._details(feed_id, offset=0, limit=1)
        document = _complete(response)
        return FeedStatus(
            feed_id=str(document.get("feedId") or feed_id),
            status=str(document.get("feedStatus") or ""),
            items=_counts(document),
            submitted_at=moment(document.get("feedSubmissionDate")),
            errors=_errors(document),
        )

    async def feed_items(self, feed_id: str, *, offset: int = 0) -> AsyncIterator[list[FeedItem]]:
        """Yield what became of the items of a feed, page by page.

        Ask when the feed is done; before, Walmart may not have details of all items yet.

        Args:
            feed_id: Walmart's.
            offset: how many items have been read already.

        Raises:
            NotFound: there is no such feed.
            Unavailable: among other things when a processed feed has details of fewer items
                than it has received, or when a page comes a second time.

        Source:
            GET /v3/feeds/{feedId}?includeDetails=true. Failures beyond item 50 are on later pages
            only; whether there are any follows from itemsReceived.
        """
        read, previous = offset, list[Document]()
        while True:
            response = await self._details(feed_id, offset=read, limit=PAGE_SIZE)
            document = _complete(response)
            page = as_list((document.get("itemDetails") or {}).get("itemIngestionStatus"))
            if page and page == previous:
                raise nonsense(response, f"the page before it again, after {read} items")
            if page:
                yield [_item(entry) for entry in page]
            read, previous = read + len(page), page
            if not _more(document, page, read):
                break
        if read < _counts(document).received and document.get("feedStatus") == PROCESSED:
            raise nonsense(response, f"at its end after {read} items of more")

    async def _details(self, feed_id: str, *, offset: int, limit: int) -> httpx.Response:
        query = f"?includeDetails=true&offset={offset}&limit={limit}"
        path = f"{FEEDS}/{quote(feed_id, safe='')}{query}"  # the @ of the id becomes %40
        return await self._walmart.send("GET", path, operation="get_feed")


def _more(document: Document, page: list[Document], read: int) -> bool:
    """Tell whether another page of details is worth asking for."""
    if document.get("itemsReceived") is None:
        return len(page) == PAGE_SIZE
    return bool(page) and read < _counts(document).received


def _complete(response: httpx.Response) -> Document:
    """Return an answer that does not say itself that part of it is missing."""
    document = json_object(response)
    errors = as_list(document.get("errors"))
    if any(error.get("severity") not in HARMLESS for error in errors):
        error = first_error(response)
        call = f"GET {response.request.url.path}"
        raise Unavailable("Walmart", call, reason=f"only part of it, because of {error.code}")
    return document


def _summary(entry: Document) -> FeedSummary:
    return FeedSummary(
        feed_id=str(entry["feedId"]),
        feed_type=str(entry.get("feedType") or ""),
        status=str(entry.get("feedStatus") or ""),
        items=_counts(entry),
        submitted_at=moment(entry.get("feedDate")),
        file_name=str(entry.get("fileName") or ""),
    )


def _age(summary: FeedSummary) -> float:
    """Return what sorts newer feeds first, and last those whose age nobody knows."""
    return -summary.submitted_at.timestamp() if summary.submitted_at else 0.0


def _counts(document: Document) -> FeedCounts:
    return FeedCounts(
        received=int(document.get("itemsReceived") or 0),
        succeeded=int(document.get("itemsSucceeded") or 0),
        failed=int(document.get("itemsFailed") or 0),
        processing=int(document.get("itemsProcessing") or 0),
    )


def _item(entry: Document) -> FeedItem:
    return FeedItem(
        sku=str(entry.get("sku") or ""),
        status=str(entry.get("ingestionStatus") or ""),
        errors=_errors(entry),
    )


def _errors(document: Document) -> tuple[FeedError, ...]:
    """Return the ingestion errors of a feed or an item. Codes come with trailing tabs at times."""
    found: Any = (document.get("ingestionErrors") or {}).get("ingestionError")
    return tuple(
        FeedError(
            code=str(error.get("code") or "").strip(),
            description=str(error.get("description") or "").strip(),
            field=str(error.get("field") or "").strip(),
        )
        for error in as_list(found)
    )
