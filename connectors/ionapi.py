"""Read Infor's own credentials file (.ionapi), both variants, as it is."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import httpx

from connectors.tokens import Token
from domain.errors import Rejected, Unavailable


class IonApiError(Exception):
    """The .ionapi file cannot be used; the text names the file, the key and the mend."""


@dataclass(frozen=True, kw_only=True)
class IonApi:
    """What is needed to get a token and to call M3. Secrets are left out of its repr."""

    tenant: str
    api_url: str  # gateway, tenant included, no slash at the end
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    access_key: str  # saak: the service account's user name
    secret_key: str = field(repr=False)

    @property
    def m3_url(self) -> str:
        """Return the base address of the M3 REST API."""
        return f"{self.api_url}/M3/m3api-rest/v2/execute"


def read_ionapi(path: Path) -> IonApi:
    """Read a backend-service .ionapi file.

    The newer variant has `iu` (gateway) apart from `pu` (authorization server) and relative
    endpoint names; in the older, single-tenant one `pu` is the gateway and `ot` a whole URL.

    Raises:
        IonApiError: unreadable, no JSON, or without a service account.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise IonApiError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise IonApiError(f"{path}: is no JSON; download the .ionapi file again") from None
    if not isinstance(content, dict):
        raise IonApiError(f"{path}: is no .ionapi file; download it again")

    def need(key: str) -> str:
        if not isinstance(value := content.get(key), str) or not value:
            raise IonApiError(f"{path}: key {key} is missing; {_mend(key)}")
        return value

    tenant = need("ti")
    gateway = (content.get("iu") or need("pu")).rstrip("/")
    authorization_server = need("pu")
    if not authorization_server.endswith("/"):
        authorization_server += "/"
    return IonApi(
        tenant=tenant,
        api_url=f"{gateway}/{tenant}",
        # urljoin takes `ot` as it is when it is a whole URL, as in the older variant.
        token_url=urljoin(authorization_server, need("ot")),
        client_id=need("ci"),
        client_secret=need("cs"),
        access_key=need("saak"),
        secret_key=need("sask"),
    )


def _mend(key: str) -> str:
    if key in ("saak", "sask"):
        return (
            'create the authorized app as "Backend Service" and tick "Create Service Account" '
            "when downloading the credentials"
        )
    return "download the .ionapi file again from Infor OS, API Gateway, Authorized Apps"


async def fetch_m3_token(http: httpx.AsyncClient, ionapi: IonApi) -> Token:
    """Log the service account in.

    Raises:
        Rejected: the authorization server refuses the account.
        Unavailable: network failure or HTTP 5xx.
    """
    form = {
        "grant_type": "password",
        "username": ionapi.access_key,
        "password": ionapi.secret_key,
        "client_id": ionapi.client_id,
        "client_secret": ionapi.client_secret,
    }
    try:
        response = await http.post(ionapi.token_url, data=form)
    except httpx.TransportError as error:
        raise Unavailable("M3", "token", reason=type(error).__name__) from error
    if response.status_code >= 500 or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Unavailable("M3", "token", reason=f"HTTP {response.status_code}")
    try:
        body = response.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    if response.is_error or not body.get("access_token"):
        raise Rejected(
            "M3",
            "token",
            code=str(body.get("error", response.status_code)),
            message=str(body.get("error_description", "no access token; check the .ionapi file")),
        )
    # Two hours is what tenants usually set when they do not say.
    return Token(value=body["access_token"], expires_in=float(body.get("expires_in", 7200)))
