"""The channels alerts are sent by: mail, Slack, Teams, PagerDuty and others, through apprise.

A channel's address holds secrets, and apprise's own messages may repeat parts of it. So neither
gets into an error or a log; what went wrong is said in a few fixed words.
"""

import re
from collections.abc import Mapping

from apprise import Apprise, AppriseAsset, AppriseResult, NotifyBase, NotifyFormat, NotifyType
from apprise.logger import logger
from apprise.result import AppriseResultStatus

from domain.alerts import AlertKind
from domain.errors import Unavailable

ASSET = AppriseAsset(
    app_id="m3-walmart",
    app_desc="Alerts of m3-walmart",
    app_url="",
    # Nothing is written to disk: a channel needs no memory of its own.
    storage_mode="memory",
)

# Its messages stay in the results; no log may have them.
logger.propagate = False

TYPES = {
    AlertKind.OPENED: NotifyType.WARNING,
    AlertKind.CONTINUES: NotifyType.WARNING,
    AlertKind.ESCALATED: NotifyType.FAILURE,
    AlertKind.RECOVERED: NotifyType.SUCCESS,
    AlertKind.TEST: NotifyType.INFO,
}


class ChannelError(Exception):
    """A channel's address is none; the text names the setting, never the address."""


class Channels:
    """The channels of the settings, by name."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        """Check every address.

        Raises:
            ChannelError: apprise does not understand one.
        """
        self._urls = dict(urls)
        for name in self._urls:
            self._service(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the channels' names."""
        return tuple(self._urls)

    async def send(self, channel: str, *, title: str, body: str, kind: AlertKind) -> None:
        """Send one message, once. Blocking services are run in threads by apprise.

        Raises:
            Unavailable: it was not sent, as far as apprise knows. A service that took it and did
                not answer in time (4 s, unless the address says `rto=`) looks the same.
        """
        if channel not in self._urls:
            raise Unavailable("channel", channel, reason="not in this worker's settings")
        # A new one each time: a service that is kept waits between two messages, in its thread.
        apprise = Apprise(asset=ASSET)
        apprise.add(self._service(channel))
        result = await apprise.async_notify(
            body=body, title=title, notify_type=TYPES[kind], body_format=NotifyFormat.TEXT
        )
        if not result:
            raise Unavailable("channel", channel, reason=_reason(result))

    def _service(self, name: str) -> NotifyBase:
        service = Apprise.instantiate(self._urls[name], asset=ASSET)
        if service is None:
            raise ChannelError(
                f"alerts.channels.{name}: apprise does not understand this address; compare it "
                "with its service at https://github.com/caronc/apprise/wiki"
            )
        return service


def _reason(result: AppriseResult) -> str:
    """Say what went wrong in fixed words; apprise's own may hold parts of the address."""
    if result.status is AppriseResultStatus.TIMEOUT:
        return "no answer in time"
    said = " ".join(str(entry.message) for entry in result.logs())
    if code := re.search(r"error=([1-5]\d\d)\b", said):
        return f"refused with HTTP {code[1]}"
    return "cannot be reached" if "onnection error" in said else "refused"
