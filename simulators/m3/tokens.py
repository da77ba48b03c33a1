"""The authorization server in front of the gateway: issues, refreshes and revokes tokens."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from simulators.world import TENANT

CLIENT_ID = f"{TENANT}~SIMCLIENT"
CLIENT_SECRET = "sim-secret"  # noqa: S105 - the made-up secret of a simulator
ACCESS_KEY = f"{TENANT}#SIMKEY"
SECRET_KEY = "sim-secret-key"  # noqa: S105 - the made-up secret of a simulator
EXPIRES_IN = 7200


@dataclass(frozen=True, kw_only=True)
class Grant:
    """An access token and the refresh token that came with it."""

    access_token: str
    refresh_token: str
    expires_in: int


class TokenAuthority:
    """Which tokens are good, and until when."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.expires_in = EXPIRES_IN
        self._clock = clock
        self._good_until: dict[str, float] = {}
        self._refresh_tokens: set[str] = set()

    def issue(self) -> Grant:
        """Make a new pair of tokens."""
        grant = Grant(
            access_token=secrets.token_urlsafe(24),
            refresh_token=secrets.token_urlsafe(24),
            expires_in=self.expires_in,
        )
        self._good_until[grant.access_token] = self._clock() + self.expires_in
        self._refresh_tokens.add(grant.refresh_token)
        return grant

    def refresh(self, refresh_token: str) -> Grant:
        """Exchange a refresh token, which is used up by that.

        Raises:
            KeyError: the refresh token is unknown, used or revoked.
        """
        self._refresh_tokens.remove(refresh_token)
        return self.issue()

    def is_good(self, access_token: str) -> bool:
        """Tell whether the gateway lets a request with this token through."""
        until = self._good_until.get(access_token)
        return until is not None and self._clock() < until

    def revoke(self, token: str) -> None:
        """End one token, of either kind. Unknown tokens are ignored, as OAuth asks."""
        self._good_until.pop(token, None)
        self._refresh_tokens.discard(token)

    def revoke_all(self) -> None:
        """End every token, as when an administrator revokes the service account's grants."""
        self._good_until.clear()
        self._refresh_tokens.clear()
