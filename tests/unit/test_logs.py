"""commands/logs.py: events and their facts; no address, no body, no token."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from structlog.contextvars import bound_contextvars

from commands.logs import configure_logs
from connectors.m3 import M3Client
from connectors.tokens import Token, TokenAuth, TokenSource
from connectors.walmart import WalmartAccount, WalmartClient

BUYER = "1 Test Street"
ORDER = "1796277083022"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Put logging back as it was for the tests that follow."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in ("httpx", "httpcore")}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was logged, line by line."""
    output = capsys.readouterr()
    assert output.out == ""
    return [json.loads(line) for line in output.err.splitlines()]


def test_event_is_one_line_of_json_with_what_is_bound(capsys: pytest.CaptureFixture[str]):
    configure_logs()

    with bound_contextvars(pair="acme", purchase_order_id=ORDER):
        structlog.get_logger().info("m3_order_created", m3_order_number="0001000042")

    [line] = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "m3_order_created",
        "level": "info",
        "m3_order_number": "0001000042",
        "pair": "acme",
        "purchase_order_id": ORDER,
    }


def test_what_libraries_log_has_the_same_form(capsys: pytest.CaptureFixture[str]):
    configure_logs()

    logging.getLogger("temporalio").warning("Failed %s", "polling")
    logging.getLogger("temporalio").debug("not wanted")

    [line] = lines(capsys)
    assert (line["event"], line["level"]) == ("Failed polling", "warning")


def test_traceback_is_part_of_the_line_and_shows_no_variables(capsys: pytest.CaptureFixture[str]):
    configure_logs()

    try:
        address = BUYER
        raise LookupError(f"an address of {len(address)} characters")
    except LookupError:
        logging.getLogger("temporalio").exception("Activity failed")

    [line] = lines(capsys)
    assert "LookupError: an address of 13 characters" in line["exception"]
    assert BUYER not in json.dumps(line)


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
async def test_calls_leave_no_address_body_or_token(capsys: pytest.CaptureFixture[str], level: int):
    configure_logs(level)

    async def log_in() -> Token:
        return Token(value="swordfish", expires_in=900)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "gateway.test":
            return httpx.Response(200, json={"results": [{"records": [{"CUA1": BUYER}]}]})
        return httpx.Response(200, json={"order": {"address1": BUYER}})

    auth = TokenAuth(TokenSource(log_in), header="Authorization")
    async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(answer)) as http:
        m3 = M3Client(http, url="https://gateway.test/execute", company=100, division="AAA")
        walmart = WalmartClient(
            http, WalmartAccount(base_url="https://marketplace.test", service_name="test")
        )
        await m3.execute("OIS100MI", "AddBatchAddress", {"CUA1": BUYER})
        await walmart.order(ORDER)

    assert not logging.getLogger("httpcore.http11").isEnabledFor(logging.INFO)
    logged = json.dumps(lines(capsys))
    for text in (BUYER, "swordfish", "gateway.test", "marketplace.test", ORDER):
        assert text not in logged
