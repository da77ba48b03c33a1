"""The authorization server's routes, and the check of the tokens it issued."""

import base64
import binascii
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.m3 import tokens
from simulators.m3.endpoint import unauthorized
from simulators.m3.state import M3Tenant
from simulators.world import TENANT

Form = Mapping[str, str]


async def issue_token(request: Request, tenant: M3Tenant) -> Response:
    """POST /{tenant}/as/token.oauth2."""
    form = await _form(request)
    if not _knows_client(request, form):
        return _error(401, "invalid_client", "Invalid client or client credentials.")
    match form.get("grant_type"):
        case "password":
            return _password_grant(tenant, form)
        case "refresh_token":
            return _refresh_grant(tenant, form)
        case _:
            return _error(400, "unsupported_grant_type", "The grant type is not supported.")


async def revoke_token(request: Request, tenant: M3Tenant) -> Response:
    """POST /{tenant}/as/revoke_token.oauth2."""
    form = await _form(request)
    if not _knows_client(request, form):
        return _error(401, "invalid_client", "Invalid client or client credentials.")
    tenant.tokens.revoke(form.get("token", ""))
    return Response()


def refuse_stranger(request: Request, tenant: M3Tenant) -> Response | None:
    """Return the refusal of a request without a living bearer token, None for a good one."""
    scheme, _, access_token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not tenant.tokens.is_good(access_token):
        return unauthorized()
    return None


def ionapi_file(base_url: str, *, old: bool) -> dict[str, str]:
    """Return the .ionapi file that leads to this simulator.

    Args:
        base_url: where the simulator answers, without a slash at the end.
        old: the single-tenant form without `iu`: `pu` is the gateway, the rest absolute URLs.
    """
    authorization_server = f"{base_url}/{TENANT}/as/"
    file = {
        "ti": TENANT,
        "cn": "walmart-integration",
        "dt": "12",
        "ci": tokens.CLIENT_ID,
        "cs": tokens.CLIENT_SECRET,
        "iu": base_url,
        "pu": authorization_server,
        "oa": "authorization.oauth2",
        "ot": "token.oauth2",
        "or": "revoke_token.oauth2",
        "ev": "V1480769020",
        "v": "1.0",
        "saak": tokens.ACCESS_KEY,
        "sask": tokens.SECRET_KEY,
    }
    if old:
        del file["iu"]
        file |= {name: authorization_server + file[name] for name in ("oa", "ot", "or")}
        file["pu"] = base_url
    return file


def _password_grant(tenant: M3Tenant, form: Form) -> Response:
    given = (form.get("username"), form.get("password"))
    if given != (tokens.ACCESS_KEY, tokens.SECRET_KEY):
        return _error(400, "invalid_grant", "Unknown service account or wrong secret key.")
    return _granted(tenant.tokens.issue())


def _refresh_grant(tenant: M3Tenant, form: Form) -> Response:
    try:
        return _granted(tenant.tokens.refresh(form.get("refresh_token", "")))
    except KeyError:
        return _error(400, "invalid_grant", "Unknown, used or expired refresh token.")


def _granted(grant: tokens.Grant) -> Response:
    return JSONResponse(
        {
            "access_token": grant.access_token,
            "refresh_token": grant.refresh_token,
            "token_type": "Bearer",
            "expires_in": grant.expires_in,
        }
    )


async def _form(request: Request) -> Form:
    return {name: str(value) for name, value in (await request.form()).items()}


def _knows_client(request: Request, form: Form) -> bool:
    """Tell whether tenant, client id and secret are right; the last two in the body or as Basic."""
    given = (form.get("client_id", ""), form.get("client_secret", ""))
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        given = (client, secret)
    known = (tokens.CLIENT_ID, tokens.CLIENT_SECRET)
    return request.path_params["tenant"] == TENANT and given == known


def _error(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
