"""Check that a message comes from whom it says, in constant time and without any state.

An empty secret proves nothing: a file that was never filled must not open the door.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import ParamSpec

from pydantic import SecretStr

from settings import IonSettings, PairSettings, WebhookSettings
from starter.refusals import NotAuthentic

Proof = ParamSpec("Proof")

# Walmart fetches a new token when this is over; a leaked one is good for no longer.
TOKEN_SECONDS = 3600


def check_webhook(
    webhooks: WebhookSettings, headers: Mapping[str, str], body: bytes, *, pair: str, now: float
) -> None:
    """Accept a delivery that proves itself as its subscription was created.

    Args:
        webhooks: the pair's settings.
        headers: the delivery's headers; names are compared by the mapping itself.
        body: the bytes as they came, since HMAC covers every one of them.
        pair: name of the pair, bound into OAuth tokens.
        now: epoch seconds.

    Raises:
        NotAuthentic: the proof is missing, wrong or out of date.

    Source:
        authDetails of POST /v3/webhooks/subscriptions. Whether an HMAC comes as hex or base64 is
        not documented, so both are read.
    """
    if webhooks.unsigned:
        return
    presented = headers.get(webhooks.header, "").strip()
    secret = _value(webhooks.secret)
    match webhooks.method:
        case "hmac":
            genuine = _same(_digest_bytes(presented), _hmac(secret, body))
        case "basic":
            credentials = _without("Basic", presented)
            genuine = _same(_bytes(credentials), _basic(webhooks.user, secret))
        case "oauth":
            token = _without("Bearer", presented)
            genuine = _is_current(token, secret, pair=pair, now=now)
        case _:
            genuine = _same(_bytes(presented), secret)
    if not secret or not genuine:
        raise NotAuthentic(f"the header {webhooks.header} does not carry the agreed proof")


def is_proven_for_any(
    pairs: Iterable[PairSettings], headers: Mapping[str, str], body: bytes, *, now: float
) -> bool:
    """Tell whether a delivery proves itself to one of the pairs, though it names none of them.

    A pair that takes deliveries without proof proves nothing here.
    """
    return any(
        _holds(check_webhook, pair.webhooks, headers, body, pair=pair.name, now=now)
        for pair in pairs
        if not pair.webhooks.unsigned
    )


def issue_token(
    webhooks: WebhookSettings, *, client_id: str, client_secret: str, pair: str, now: float
) -> str:
    """Return the access token Walmart will send with its deliveries for TOKEN_SECONDS.

    The token is its own expiry, signed; any starter process with the same secret knows it.

    Raises:
        NotAuthentic: the client id or secret is not the one agreed.
    """
    secret = _value(webhooks.secret)
    id_matches = _same(client_id.encode(), webhooks.user.encode())
    secret_matches = _same(client_secret.encode(), secret)
    if not secret or not (id_matches and secret_matches):
        raise NotAuthentic("the client id or the client secret is wrong")
    expires_at = str(int(now) + TOKEN_SECONDS)
    return f"{expires_at}.{_token_signature(secret, pair=pair, expires_at=expires_at)}"


def check_ion(ion: IonSettings, headers: Mapping[str, str]) -> None:
    """Accept a message that carries the header ION's endpoint policy was set up with.

    Raises:
        NotAuthentic: the header is missing or has another value.
    """
    secret = _value(ion.secret)
    presented = headers.get(ion.header, "").strip()
    if not ion.unsigned and not (secret and _same(_bytes(presented), secret)):
        raise NotAuthentic(f"the header {ion.header} does not carry the agreed value")


def is_ion_proven_for_any(pairs: Iterable[PairSettings], headers: Mapping[str, str]) -> bool:
    """Tell whether a message carries the header agreed for one of the pairs."""
    return any(_holds(check_ion, pair.ion, headers) for pair in pairs if not pair.ion.unsigned)


def _holds(check: Callable[Proof, None], *presented: Proof.args, **facts: Proof.kwargs) -> bool:
    try:
        check(*presented, **facts)
    except NotAuthentic:
        return False
    return True


def _value(secret: SecretStr | None) -> bytes:
    return secret.get_secret_value().encode() if secret else b""


def _same(presented: bytes, expected: bytes) -> bool:
    return hmac.compare_digest(presented, expected)


def _bytes(presented: str) -> bytes:
    """Return a header's value as it came: servers hand it on decoded as Latin-1."""
    return presented.encode("latin-1", errors="replace")


def _without(scheme: str, presented: str) -> str:
    """Return the header's value without the scheme in front, which Walmart may leave out."""
    first, _, rest = presented.partition(" ")
    return rest.strip() if first.lower() == scheme.lower() else presented


def _hmac(secret: bytes, body: bytes) -> bytes:
    return hmac.new(secret, body, hashlib.sha256).digest()


def _digest_bytes(text: str) -> bytes:
    # 64 hex digits would pass for base64 of something else, so hex is tried first.
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _basic(user: str, secret: bytes) -> bytes:
    return base64.b64encode(user.encode() + b":" + secret)


def _token_signature(secret: bytes, *, pair: str, expires_at: str) -> str:
    return _hmac(secret, f"webhook token for {pair} until {expires_at}".encode()).hex()


def _is_current(token: str, secret: bytes, *, pair: str, now: float) -> bool:
    expires_at, _, signature = token.partition(".")
    expected = _token_signature(secret, pair=pair, expires_at=expires_at)
    # Only a text we signed ourselves is read as a number.
    return _same(_bytes(signature), expected.encode()) and now < int(expires_at)
