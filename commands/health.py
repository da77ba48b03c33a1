"""`m3-walmart check-worker`: what Temporal knows of the worker that runs on this host."""

import socket
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from domain.names import ORDERS_TASK_QUEUE

# Temporal notes a worker when a poll begins and ends, and an idle poll lasts one minute. Two and
# a half allow for one that was lost.
SILENCE = timedelta(minutes=2, seconds=30)


async def hears_worker_of_this_host(client: Client) -> bool:
    """Tell whether a worker of this host asked for order activities a short while ago.

    A process that merely exists does not pass, and nobody but Temporal is called: an outage of M3
    or Walmart says nothing about the worker.
    """
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=ORDERS_TASK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
    )
    # The SDK calls a worker PROCESS@HOST; the process of a health check is another one.
    here = f"@{socket.gethostname()}"
    since = datetime.now(UTC) - SILENCE
    return any(
        poller.identity.endswith(here) and poller.last_access_time.ToDatetime(UTC) > since
        for poller in answer.pollers
    )
