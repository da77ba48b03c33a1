"""The feed operations: hand in a file, look at all feeds, look at one."""

from collections.abc import Iterator
from itertools import islice

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.walmart.answers import answer_rooted
from simulators.walmart.errors import (
    CONTENT_NOT_FOUND,
    FEED_API,
    INVALID_PARAM,
    Refused,
    message_envelope,
    refusals_of,
    runtime_envelope,
)
from simulators.walmart.feed_files import FEED_TYPES, FeedFile, FeedItem, read_feed_file
from simulators.walmart.feed_queue import INPROGRESS, RECEIVED, Feed, listed
from simulators.walmart.limits import FEED_BYTES, feed_bucket
from simulators.walmart.lines import Document
from simulators.walmart.parameters import flag, known_parameters, number, required
from simulators.walmart.state import SellerAccount

MAX_LIMIT = 50
MOST = 10_000_000
OTHER_CASE_EVERY = 10  # one item in so many comes back in another letter case


def submission_bucket(request: Request) -> str | None:
    """Return the bucket of a submission, or None for a feed type nobody has heard of."""
    feed_type = request.query_params.get("feedType", "")
    return feed_bucket(feed_type) if feed_type in FEED_TYPES else None


async def submit_feed(request: Request, account: SellerAccount) -> Response:
    """POST /v3/feeds: take a file, unless it is of the wrong kind or too large."""
    with refusals_of(FEED_API, message_envelope):
        given = known_parameters(request, "feedType")
        feed_type = required(given, "feedType")
        if feed_type not in FEED_TYPES:
            raise Refused(
                f"feedType {feed_type} is not simulated", code=INVALID_PARAM, field="feedType"
            )
        name, content = await _uploaded(request)
        if len(content) > FEED_BYTES[feed_type]:
            raise Refused(
                f"The file exceeds {FEED_BYTES[feed_type]} bytes",
                status=413,
                code="PAYLOAD_TOO_LARGE",
                field="file",
            )
        file = read_feed_file(feed_type, content)
        if account.inventory.feeds.settings.unknown_sku_refused:
            _refuse_unknown_skus(file, account)
    feed = account.inventory.submit(feed_type, file, file_name=name)
    return JSONResponse({"feedId": feed.feed_id})


async def list_feeds(request: Request, account: SellerAccount) -> Response:
    """GET /v3/feeds: the feeds of the account, newest first, or one of them."""
    feeds, now = account.inventory.feeds, account.clock.now()
    with refusals_of(FEED_API, runtime_envelope):
        given = known_parameters(request, "feedId", "offset", "limit")
        offset = number(given, "offset", default=0, least=0, most=MOST)
        limit = number(given, "limit", default=MAX_LIMIT, least=1, most=MAX_LIMIT)
    wanted = given.get("feedId")
    found = [feed for feed in feeds.newest_first() if wanted in (None, feed.feed_id)]
    page = [listed(feed, now) for feed in found[offset : offset + limit]]
    shown = {
        "totalResults": len(found),
        "offset": offset,
        "limit": limit,
        "results": {"feed": page},
    }
    return answer_rooted(request, "list", shown)


async def feed_status(request: Request, account: SellerAccount) -> Response:
    """GET /v3/feeds/{feedId}: how far a feed is, with a page of its items when asked for."""
    now = account.clock.now()
    with refusals_of(FEED_API, runtime_envelope):
        given = known_parameters(request, "includeDetails", "offset", "limit")
        detailed = flag(given, "includeDetails")
        offset = number(given, "offset", default=0, least=0, most=MOST)
        limit = number(given, "limit", default=MAX_LIMIT, least=1, most=MAX_LIMIT)
        feed = _feed(request.path_params["feed_id"], account)
    status = feed.status(now)
    details = list(_details(feed, status, offset, limit)) if detailed else []
    shown: Document = {
        "feedId": feed.feed_id,
        "feedStatus": status,
        "feedSubmissionDate": int(feed.submitted_at * 1000),
        **feed.counts(),
        "offset": offset,
        "limit": limit,
        "itemDetails": {"itemIngestionStatus": details},
    }
    if feed.done and feed.file.failure:
        shown["ingestionErrors"] = {"ingestionError": [feed.file.failure.as_json()]}
    return answer_rooted(request, "PartnerFeedResponse", shown)


async def _uploaded(request: Request) -> tuple[str, bytes]:
    """Return name and content of the part `file`."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refused(
            "Content-Type must be multipart/form-data",
            status=415,
            code="UNSUPPORTED_MEDIA_TYPE",
            field=None,
        )
    try:
        form = await request.form()
    except HTTPException as error:
        raise _missing_file() from error
    try:
        return await _file_of(form)
    finally:
        await form.close()


async def _file_of(form: FormData) -> tuple[str, bytes]:
    uploaded = form.get("file")
    if not isinstance(uploaded, UploadFile):
        raise _missing_file()
    return uploaded.filename or "", await uploaded.read()


def _missing_file() -> Refused:
    return Refused("Multipart field 'file' is required.", code="MISSING_FILE", field=None)


def _refuse_unknown_skus(file: FeedFile, account: SellerAccount) -> None:
    for nth, item in enumerate(file.items):
        if account.inventory.stock.row(item.sku) is None:
            raise Refused(
                f"SKU '{item.sku}' not found for this seller.",
                status=422,
                code="INVALID_SKU",
                field=f"inventory[{nth}].sku",
            )


def _feed(feed_id: str, account: SellerAccount) -> Feed:
    feed = account.inventory.feeds.find(feed_id)
    if feed is None:
        raise Refused(
            f"Feed {feed_id} not found", status=404, code=CONTENT_NOT_FOUND, field="feedId"
        )
    return feed


def _details(feed: Feed, status: str, offset: int, limit: int) -> Iterator[Document]:
    """Yield a page of items; there are none before somebody has looked into the file."""
    if status == RECEIVED:
        return
    for nth, item in enumerate(islice(feed.items, offset, offset + limit), offset):
        yield _item(item, nth, in_progress=status == INPROGRESS)


def _item(item: FeedItem, nth: int, *, in_progress: bool) -> Document:
    in_other_case = nth % OTHER_CASE_EVERY == OTHER_CASE_EVERY - 1
    shown: Document = {
        "martId": 0,
        "sku": item.sku.swapcase() if in_other_case else item.sku,
        "wpid": "",
        "index": nth,
        "ingestionStatus": INPROGRESS if in_progress else "SUCCESS",
    }
    if item.error is not None and not in_progress:
        shown["ingestionStatus"] = item.error.type
        shown["ingestionErrors"] = {"ingestionError": [item.error.as_json()]}
    return shown
