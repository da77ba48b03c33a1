"""Which alerts were sent, and what each channel did last."""

from dataclasses import dataclass
from datetime import datetime

from ledger.database import Database, moment


@dataclass(frozen=True, kw_only=True)
class ChannelResult:
    """What an alert channel did last."""

    channel: str
    ok: bool
    error: str  # empty when ok
    at: datetime


class SentAlerts:
    """The part of the ledger that keeps alerts from being sent twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def intend_alert(self, alert_id: str, channel: str, *, at: datetime) -> bool:
        """Record that an alert is about to be sent.

        Returns:
            True the first time. False when it may have been sent before.
        """
        added = await self._database.change(
            """
            INSERT INTO alerts (alert_id, channel, intended_at)
            VALUES (:alert_id, :channel, :at)
            ON CONFLICT DO NOTHING
            """,
            alert_id=alert_id,
            channel=channel,
            at=moment(at),
        )
        return added == 1

    async def alert_sent(self, alert_id: str, channel: str) -> bool:
        """Return whether an alert was sent, or may have been."""
        rows = await self._database.rows(
            "SELECT 1 FROM alerts WHERE alert_id = :alert_id AND channel = :channel",
            alert_id=alert_id,
            channel=channel,
        )
        return bool(rows)

    async def forget_alert(self, alert_id: str, channel: str) -> None:
        """Forget an alert that is known not to have been sent, so that it is sent again."""
        await self._database.change(
            "DELETE FROM alerts WHERE alert_id = :alert_id AND channel = :channel",
            alert_id=alert_id,
            channel=channel,
        )

    async def record_channel_result(
        self, channel: str, *, ok: bool, error: str, at: datetime
    ) -> None:
        """Keep what a channel did, in place of what it did before."""
        await self._database.change(
            """
            INSERT INTO channel_results (channel, ok, error, at)
            VALUES (:channel, :ok, :error, :at)
            ON CONFLICT (channel) DO UPDATE
            SET ok = excluded.ok, error = excluded.error, at = excluded.at
            """,
            channel=channel,
            ok=int(ok),
            error=error,
            at=moment(at),
        )

    async def channel_results(self) -> tuple[ChannelResult, ...]:
        """Return what each channel did last, by name."""
        rows = await self._database.rows(
            "SELECT channel, ok, error, at FROM channel_results ORDER BY channel"
        )
        return tuple(
            ChannelResult(
                channel=row.channel,
                ok=bool(row.ok),
                error=row.error,
                at=datetime.fromisoformat(row.at),
            )
            for row in rows
        )
