"""What surrounds every activity: log context, heartbeats, our errors turned into Temporal's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.errors import IntegrationError
from domain.orders import OrderRef

log = structlog.get_logger()


class ActivitySurroundings(Interceptor):
    """Worker interceptor; see the functions below for what it adds."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap every activity on this worker."""
        return _Surroundings(next)


class _Surroundings(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        with bound_contextvars(
            workflow_id=info.workflow_id,
            activity=info.activity_type,
            attempt=info.attempt,
            **_order_named_by(input.args),
        ):
            try:
                async with _heartbeats(noticed_after=info.heartbeat_timeout):
                    return await super().execute_activity(input)
            except IntegrationError as error:
                log.warning("activity_failed", error=type(error).__name__, cause=error.cause)
                # Where it was raised is in the log; in the history it would only take space.
                raise as_application_error(error) from None


def _order_named_by(args: Any) -> dict[str, str]:
    """Return pair and purchase order of an input that is or holds an OrderRef."""
    first = args[0] if args else None
    ref = first if isinstance(first, OrderRef) else getattr(first, "ref", None)
    if not isinstance(ref, OrderRef):
        return {}
    return {"pair": ref.pair, "purchase_order_id": ref.purchase_order_id}


@asynccontextmanager
async def _heartbeats(*, noticed_after: timedelta | None) -> AsyncIterator[None]:
    """Beat while the activity runs, so that a killed worker is noticed long before its time-out.

    An ordinary activity is over before the first beat and costs nothing.
    """
    if not noticed_after:
        yield
        return

    async def beat() -> None:
        while True:
            await asyncio.sleep(noticed_after.total_seconds() / 3)
            activity.heartbeat()

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()


def as_application_error(error: IntegrationError) -> ApplicationError:
    """Return the Temporal error that carries our retry decision, class name, cause and mend."""
    return ApplicationError(
        str(error),
        error.cause,
        error.mend,
        type=type(error).__name__,
        non_retryable=not error.retryable,
        next_retry_delay=error.retry_after,
        # Expected and logged above; Temporal need not log it again as a failure of the worker.
        category=ApplicationErrorCategory.BENIGN,
    )
