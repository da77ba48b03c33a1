"""How long we try, in one place. Every number says why."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig, LocalActivityConfig

# One M3 or Walmart request is given up after 60 s by its client; an activity makes at most four.
START_TO_CLOSE = timedelta(minutes=5)

# A worker that is killed is noticed after this long, and its activity runs elsewhere. Shorter, and
# a pause of Temporal would start a second attempt beside a slow first one, which may still write.
HEARTBEAT = timedelta(seconds=30)

RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    # An outage of hours then costs one request a minute for each order.
    maximum_interval=timedelta(minutes=1),
)


def patient(window: timedelta) -> ActivityConfig:
    """Return options that keep trying for `window`; then the workflow decides what next."""
    return ActivityConfig(
        start_to_close_timeout=START_TO_CLOSE,
        heartbeat_timeout=HEARTBEAT,
        schedule_to_close_timeout=max(window, timedelta(seconds=1)),
        retry_policy=RETRY,
        # Canceled from the Web UI, an order is taken back; first its last call has to be over.
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )


# One quick try inside the workflow task, for reads; it costs one event where an activity costs
# six. Longer than the task's own 10 s would hold it up.
QUICK = LocalActivityConfig(
    start_to_close_timeout=timedelta(seconds=8),
    schedule_to_close_timeout=timedelta(seconds=8),
    retry_policy=RetryPolicy(maximum_attempts=1),
)
