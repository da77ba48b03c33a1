"""Bulk responses as HTTP answers, the long ones piece by piece."""

import json
from collections.abc import AsyncIterator, Iterator

from starlette.responses import JSONResponse, Response, StreamingResponse

from simulators.m3.engine import Json, LongList


def answer(response: Json, status: int = 200) -> Response:
    """Return a bulk response of the engine as an HTTP answer."""
    results = response["results"]
    assert isinstance(results, list)  # noqa: S101 - the engine's own response
    if not any(isinstance(result["records"], LongList) for result in results):
        return JSONResponse(response, status)
    rest = {name: value for name, value in response.items() if name != "results"}
    return StreamingResponse(_pieces(results, rest), status, media_type="application/json")


async def _pieces(results: list[Json], rest: Json) -> AsyncIterator[bytes]:
    """Yield the text of a response whose results come first."""
    yield b'{"results":['
    for number, result in enumerate(results):
        if number:
            yield b","
        for piece in _result_pieces(result):
            yield piece
    yield b"]," + _text(rest)[1:]


def _result_pieces(result: Json) -> Iterator[bytes]:
    """Yield the text of one result, whose records come last."""
    records = result["records"]
    if not isinstance(records, LongList):
        yield _text(result)
        return
    head = {name: value for name, value in result.items() if name != "records"}
    yield _text(head)[:-1] + b',"records":['
    for number, piece in enumerate(records.pieces):
        yield b"," + piece if number else piece
    yield b"]}"


def _text(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
