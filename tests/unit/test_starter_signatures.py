"""What counts as proof that Walmart, or ION, sent a message."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.datastructures import Headers

from settings import IonSettings, WebhookSettings
from starter.refusals import NotAuthentic
from starter.signatures import TOKEN_SECONDS, check_ion, check_webhook, issue_token

BODY = b'{"source": {}}'
NOW = 1_790_000_000.0
SECRET = "s3cret-\u00e9"  # noqa: S105
DIGEST = hmac.new(SECRET.encode(), BODY, hashlib.sha256).digest()
PAIR_OF_CREDENTIALS = base64.b64encode(f"walmart:{SECRET}".encode()).decode()


def webhooks(method: str, **more: Any) -> WebhookSettings:
    secret = SecretStr(more.pop("secret", SECRET))
    return WebhookSettings.model_validate(
        {"method": method, "header": "X-Proof", "secret": secret, "user": "walmart", **more}
    )


def check(settings: WebhookSettings, proof: str | None, *, body: bytes = BODY) -> None:
    # As a server hands headers on: the bytes of the wire, read as Latin-1.
    raw = [] if proof is None else [(b"x-proof", proof.encode())]
    check_webhook(settings, Headers(raw=raw), body, pair="acme", now=NOW)


def token_for(pair: str = "acme", *, now: float = NOW, key: str = SECRET) -> str:
    settings = webhooks("oauth", secret=key)
    return issue_token(settings, client_id="walmart", client_secret=key, pair=pair, now=now)


@pytest.mark.parametrize(
    ("method", "proof"),
    [
        ("hmac", DIGEST.hex()),
        ("hmac", DIGEST.hex().upper()),
        ("hmac", base64.b64encode(DIGEST).decode()),
        ("basic", PAIR_OF_CREDENTIALS),
        ("basic", f"Basic {PAIR_OF_CREDENTIALS}"),
        ("basic", f"basic  {PAIR_OF_CREDENTIALS}"),
        ("oauth", f"Bearer {token_for()}"),
        ("oauth", token_for()),
        ("header", SECRET),
    ],
)
def test_genuine_proof_is_accepted(method: str, proof: str):
    check(webhooks(method), proof)


@pytest.mark.parametrize("method", ["hmac", "basic", "oauth", "header"])
@pytest.mark.parametrize(
    "proof",
    [
        None,
        "",
        "wrong",
        "Bearer",
        "Bearer .",
        "Basic \u00ff",
        "\u20ac",
        DIGEST.hex()[:-1] + ("0" if DIGEST.hex()[-1] != "0" else "1"),
        base64.b64encode(b"walmart:wrong").decode(),
        f"Bearer {token_for('other')}",
        f"Bearer {token_for(now=NOW - TOKEN_SECONDS)}",
        f"Bearer {token_for(key='another')}",
        f"Bearer 9{token_for()}",
        "Bearer \u0665." + "0" * 64,
    ],
)
def test_anything_else_is_refused(method: str, proof: str | None):
    with pytest.raises(NotAuthentic, match="X-Proof") as refusal:
        check(webhooks(method), proof)

    assert SECRET not in str(refusal.value)


def test_hmac_covers_every_byte_of_the_body():
    with pytest.raises(NotAuthentic):
        check(webhooks("hmac"), DIGEST.hex(), body=BODY + b" ")


@pytest.mark.parametrize("method", ["hmac", "basic", "oauth", "header"])
def test_empty_secret_opens_nothing(method: str):
    settings = webhooks(method, secret="")
    of_nothing = hmac.new(b"", BODY, hashlib.sha256).hexdigest()

    for proof in ("", of_nothing, base64.b64encode(b"walmart:").decode()):
        with pytest.raises(NotAuthentic):
            check(settings, proof)


def test_unsigned_accepts_all():
    check(WebhookSettings(unsigned=True), None)


def test_token_is_known_to_another_process_until_it_ends():
    token = token_for()
    other_process = webhooks("oauth")
    headers = Headers({"X-Proof": f"Bearer {token}"})

    check_webhook(other_process, headers, b"", pair="acme", now=NOW + TOKEN_SECONDS - 1)
    with pytest.raises(NotAuthentic):
        check_webhook(other_process, headers, b"", pair="acme", now=NOW + TOKEN_SECONDS)


@pytest.mark.parametrize(
    ("client_id", "client_secret"), [("walmart", "wrong"), ("wrong", SECRET), ("", "")]
)
def test_token_is_issued_to_the_agreed_client_only(client_id: str, client_secret: str):
    with pytest.raises(NotAuthentic):
        issue_token(
            webhooks("oauth"),
            client_id=client_id,
            client_secret=client_secret,
            pair="acme",
            now=NOW,
        )


def test_ion_proves_itself_by_a_static_header():
    ion = IonSettings.model_validate({"header": "X-ION", "secret": SecretStr("right")})

    check_ion(ion, Headers({"x-ion": "right"}))
    for wrong in (Headers({"X-ION": "wrong"}), Headers({"X-ION": ""}), Headers({})):
        with pytest.raises(NotAuthentic, match="X-ION"):
            check_ion(ion, wrong)
    check_ion(IonSettings(unsigned=True), Headers({}))


def test_empty_ion_secret_opens_nothing():
    ion = IonSettings.model_validate({"header": "X-ION", "secret": SecretStr("")})

    with pytest.raises(NotAuthentic):
        check_ion(ion, Headers({}))
