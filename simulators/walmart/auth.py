"""Access tokens: client credentials in, a token of fifteen minutes out."""

import base64
import binascii
import json
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from simulators.walmart.answers import answer, to_xml, wants_json
from simulators.walmart.errors import INVALID_PARAM, Refused
from simulators.walmart.gateway import TOKEN_HEADER, unauthorized
from simulators.walmart.state import SellerAccount

FULL_ACCESS = (
    "reports",
    "item",
    "shipping",
    "price",
    "lagtime",
    "feeds",
    "returns",
    "orders",
    "rules",
    "inventory",
    "content",
)


async def issue_token(request: Request, account: SellerAccount) -> Response:
    """POST /v3/token."""
    client_id, client_secret = _basic_credentials(request)
    form = dict(parse_qsl((await request.body()).decode()))
    if form.get("grant_type") != "client_credentials":
        raise Refused("grant_type is not supported", code=INVALID_PARAM, field="grant_type")
    if account.credentials.get(client_id) != client_secret:
        # A live probe got a bare 400 for wrong credentials, where one would expect 401.
        return PlainTextResponse("Bad Request", 400)

    token, seconds = account.issue_token(), int(account.token_seconds)
    if wants_json(request):
        granted = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        return answer(request, json.dumps(granted).encode())
    named = {"accessToken": token, "tokenType": "Bearer", "expiresIn": seconds}
    return Response(to_xml({"OAuthTokenDTO": named}), media_type="application/xml")


async def token_detail(request: Request, account: SellerAccount) -> Response:
    """GET /v3/token/detail; the gateway has checked that the token lives."""
    token = account.tokens[request.headers[TOKEN_HEADER]]
    detail = {
        "expire_at": str(int(token.expires_at * 1000)),
        "issued_at": str(int(token.issued_at * 1000)),
        "is_valid": True,
        "is_channel_match": True,
        "scopes": dict.fromkeys(FULL_ACCESS, "full_access") | account.scopes,
    }
    return Response(json.dumps(detail), media_type="application/json")


def _basic_credentials(request: Request) -> tuple[str, str]:
    """Return client id and secret of the Authorization header.

    Raises:
        Refused: 401, there is no readable Basic header.
    """
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        raise unauthorized()
    try:
        client_id, _, client_secret = (
            base64.b64decode(encoded, validate=True).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError) as error:
        raise unauthorized() from error
    return client_id, client_secret
