"""One token per system: fetched once, renewed in time, replaced when it is refused."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import httpx
import pytest
from tenacity import wait_none

from connectors.tokens import Token, TokenAuth, TokenSource
from domain.errors import Rejected, Unavailable


class Logins:
    """An authorization server that counts, and answers as a test has it."""

    def __init__(self, *failures: Exception, expires_in: float = 900) -> None:
        self.count = 0
        self._failures = list(failures)
        self._expires_in = expires_in

    async def __call__(self) -> Token:
        self.count += 1
        await asyncio.sleep(0)  # others get their turn, as during a real request
        if self._failures:
            raise self._failures.pop(0)
        return Token(value=f"token-{self.count}", expires_in=self._expires_in)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let a test move the clock by so many seconds."""
    now = 1000.0

    def move(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr("connectors.tokens.time", SimpleNamespace(monotonic=lambda: now))
    return move


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out the waits between logins."""
    monkeypatch.setattr("connectors.tokens.wait_random_exponential", lambda **_: wait_none())


async def test_twenty_calls_at_once_fetch_one_token():
    logins = Logins()
    source = TokenSource(logins)

    tokens = await asyncio.gather(*(source.token() for _ in range(20)))

    assert logins.count == 1
    assert set(tokens) == {"token-1"}


@pytest.mark.parametrize(
    ("expires_in", "still_good", "renewed"),
    [(900, 839, 841), (7200, 7139, 7141), (30, 14, 16)],
    ids=["a minute before its end", "of two hours", "at half of a short life"],
)
async def test_token_is_renewed_before_its_end(
    clock: Callable[[float], None], expires_in: float, still_good: float, renewed: float
):
    logins = Logins(expires_in=expires_in)
    source = TokenSource(logins)
    await source.token()

    clock(still_good)
    assert await source.token() == "token-1"
    clock(renewed - still_good)
    assert await source.token() == "token-2"


@pytest.mark.usefixtures("impatient")
async def test_outage_of_the_login_is_bridged():
    outage = Unavailable("M3", "token", reason="HTTP 503")
    logins = Logins(outage, outage)

    assert await TokenSource(logins).token() == "token-3"


@pytest.mark.usefixtures("impatient")
async def test_longer_outage_of_the_login_is_told_after_three_tries():
    logins = Logins(*[Unavailable("M3", "token", reason="HTTP 503")] * 4)

    with pytest.raises(Unavailable, match="HTTP 503"):
        await TokenSource(logins).token()

    assert logins.count == 3


async def test_refused_login_is_not_tried_again():
    logins = Logins(Rejected("M3", "token", code="invalid_client", message="wrong"))

    with pytest.raises(Rejected):
        await TokenSource(logins).token()

    assert logins.count == 1


async def test_forgetting_an_older_token_keeps_the_one_that_replaced_it():
    logins = Logins()
    source = TokenSource(logins)
    first = await source.token()
    source.forget(first)
    second = await source.token()

    source.forget(first)

    assert await source.token() == second
    assert logins.count == 2


async def call(source: TokenSource, refused: set[str], seen: list[tuple[str, bytes]]) -> int:
    """Post once through TokenAuth to a server that refuses some tokens; return the status."""

    def answer(request: httpx.Request) -> httpx.Response:
        token = request.headers["Authorization"]
        seen.append((token, request.content))
        return httpx.Response(401 if token.removeprefix("Bearer ") in refused else 200)

    auth = TokenAuth(source, header="Authorization", prefix="Bearer ")
    async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(answer)) as http:
        return (await http.post("https://m3.test/execute", json={"order": 1})).status_code


async def test_401_gets_a_new_token_and_sends_the_same_request_once_more():
    seen: list[tuple[str, bytes]] = []

    status = await call(TokenSource(Logins()), {"token-1"}, seen)

    assert status == 200
    assert [token for token, _ in seen] == ["Bearer token-1", "Bearer token-2"]
    assert seen[0][1] == seen[1][1] == b'{"order":1}'


async def test_second_401_is_left_to_the_caller():
    logins = Logins()
    seen: list[tuple[str, bytes]] = []

    status = await call(TokenSource(logins), {"token-1", "token-2", "token-3"}, seen)

    assert status == 401
    assert len(seen) == logins.count == 2


async def test_twenty_calls_with_a_dead_token_get_one_new_token():
    logins = Logins()
    source = TokenSource(logins)
    await source.token()
    calls: list[Awaitable[int]] = [call(source, {"token-1"}, []) for _ in range(20)]

    assert set(await asyncio.gather(*calls)) == {200}
    assert logins.count == 2


def test_token_is_not_in_its_repr():
    assert "swordfish" not in repr(Token(value="swordfish", expires_in=900))
