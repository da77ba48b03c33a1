"""connectors/ionapi.py: Infor's credentials file in both variants, and the login with it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import respx

from connectors.ionapi import IonApi, IonApiError, fetch_m3_token, read_ionapi
from domain.errors import Rejected, Unavailable

TOKEN_URL = "https://mingle-sso.test:443/ACME_TST/as/token.oauth2"  # noqa: S105
NEWER = {
    "ti": "ACME_TST",
    "cn": "walmart-integration",
    "dt": "12",
    "ci": "ACME_TST~client",
    "cs": "swordfish-client",
    "iu": "https://mingle-ionapi.test",
    "pu": "https://mingle-sso.test:443/ACME_TST/as/",
    "oa": "authorization.oauth2",
    "ot": "token.oauth2",
    "or": "revoke_token.oauth2",
    "ev": "V1480769020",
    "v": "1.1",
    "saak": "ACME_TST#account",
    "sask": "swordfish-account",
}
OLDER = {
    **{key: value for key, value in NEWER.items() if key not in ("iu", "v")},
    "pu": "https://gateway.test:7443",
    "oa": "https://sso.test/as/authorization.oauth2",
    "ot": "https://sso.test/as/token.oauth2",
    "or": "https://sso.test/as/revoke_token.oauth2",
}


def written(folder: Path, content: object) -> Path:
    path = folder / "acme.ionapi"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def ionapi(tmp_path: Path) -> IonApi:
    return read_ionapi(written(tmp_path, NEWER))


def test_newer_variant_keeps_gateway_and_authorization_server_apart(ionapi: IonApi):
    assert ionapi.m3_url == "https://mingle-ionapi.test/ACME_TST/M3/m3api-rest/v2/execute"
    assert ionapi.token_url == TOKEN_URL
    assert ionapi.client_id == "ACME_TST~client"
    assert ionapi.access_key == "ACME_TST#account"


def test_older_variant_has_whole_addresses(tmp_path: Path):
    ionapi = read_ionapi(written(tmp_path, OLDER))

    assert ionapi.m3_url == "https://gateway.test:7443/ACME_TST/M3/m3api-rest/v2/execute"
    assert ionapi.token_url == "https://sso.test/as/token.oauth2"  # noqa: S105


def test_slashes_at_the_end_make_no_difference(tmp_path: Path):
    turned = {**NEWER, "iu": f"{NEWER['iu']}/", "pu": NEWER["pu"].rstrip("/")}

    ionapi = read_ionapi(written(tmp_path, turned))

    assert (ionapi.token_url, ionapi.api_url) == (TOKEN_URL, "https://mingle-ionapi.test/ACME_TST")


@pytest.mark.parametrize("key", ["ti", "pu", "ot", "ci", "cs"])
def test_missing_key_is_named_with_where_to_get_it(tmp_path: Path, key: str):
    path = written(tmp_path, {**NEWER, key: ""})

    with pytest.raises(IonApiError) as caught:
        read_ionapi(path)

    assert str(caught.value) == (
        f"{path}: key {key} is missing; download the .ionapi file again from Infor OS, "
        "API Gateway, Authorized Apps"
    )


@pytest.mark.parametrize("key", ["saak", "sask"])
def test_file_of_a_web_application_is_refused_with_the_mend(tmp_path: Path, key: str):
    content = {name: value for name, value in NEWER.items() if name != key}

    with pytest.raises(IonApiError, match=f'key {key} is missing; .*"Backend Service"'):
        read_ionapi(written(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("not JSON", "is no JSON"),
        ('["ti"]', "is no .ionapi file"),
        ({**NEWER, "cs": 5}, "key cs is missing"),
    ],
)
def test_file_that_is_something_else_is_refused(tmp_path: Path, content: object, problem: str):
    path = written(tmp_path, content)

    with pytest.raises(IonApiError, match=problem) as caught:
        read_ionapi(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert "swordfish" not in str(caught.value)


def test_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(IonApiError, match=r"acme\.ionapi: cannot be read: No such file"):
        read_ionapi(tmp_path / "acme.ionapi")


def test_secrets_are_not_in_the_repr(ionapi: IonApi):
    assert "swordfish" not in f"{ionapi!r} {ionapi!s}"


async def log_in(ionapi: IonApi, answer: httpx.Response | Exception) -> tuple[Any, respx.Route]:
    """Log in at a server that answers so; return the token and the route."""
    with respx.mock:
        route = respx.post(TOKEN_URL).mock(side_effect=[answer])
        async with httpx.AsyncClient() as http:
            return await fetch_m3_token(http, ionapi), route


async def test_service_account_logs_in_with_the_password_grant(ionapi: IonApi):
    answer = httpx.Response(200, json={"access_token": "abc", "expires_in": 3600})

    token, route = await log_in(ionapi, answer)

    assert (token.value, token.expires_in) == ("abc", 3600)
    assert parse_qs(route.calls.last.request.content.decode()) == {
        "grant_type": ["password"],
        "username": ["ACME_TST#account"],
        "password": ["swordfish-account"],
        "client_id": ["ACME_TST~client"],
        "client_secret": ["swordfish-client"],
    }


async def test_life_of_a_token_may_be_left_out(ionapi: IonApi):
    token, _ = await log_in(ionapi, httpx.Response(200, json={"access_token": "abc"}))

    assert token.expires_in == 7200


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (
            httpx.Response(
                401, json={"error": "invalid_client", "error_description": "Invalid client."}
            ),
            "invalid_client",
            "Invalid client.",
        ),
        (
            httpx.Response(400, json={"error": "invalid_grant"}),
            "invalid_grant",
            "no access token; check the .ionapi file",
        ),
        (
            httpx.Response(200, text="<html>sign in</html>"),
            "200",
            "no access token; check the .ionapi file",
        ),
        (
            httpx.Response(404, json=["odd"]),
            "404",
            "no access token; check the .ionapi file",
        ),
    ],
)
async def test_refused_login_says_why_and_no_secret(
    ionapi: IonApi, answer: httpx.Response, code: str, message: str
):
    with pytest.raises(Rejected) as caught:
        await log_in(ionapi, answer)

    assert (caught.value.code, caught.value.message) == (code, message)
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize(
    "answer", [httpx.Response(500), httpx.Response(429), httpx.ReadTimeout("swordfish-account")]
)
async def test_login_that_fails_on_their_side_is_an_outage(
    ionapi: IonApi, answer: httpx.Response | Exception
):
    with pytest.raises(Unavailable) as caught:
        await log_in(ionapi, answer)

    assert "swordfish" not in str(caught.value)
