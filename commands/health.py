"""`m3-walmart check-worker`: what Temporal knows of the worker that runs on this host."""

import os
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
    """Tell whether a process of this host asked for order activities a short while ago.

    A worker that merely exists does not pass, and nobody but Temporal is called: an outage of M3
    or Walmart says nothing about the worker.
    """
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=ORDERS_TASK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
    )
    since = datetime.now(UTC) - SILENCE
    return any(
        poller.last_access_time.ToDatetime(UTC) > since and _runs_here(poller.identity)
        for poller in answer.pollers
    )


def _runs_here(identity: str) -> bool:
    """Tell whether the process the SDK has named PROCESS@HOST is one of ours and alive."""
    process, _, host = identity.partition("@")
    if host != socket.gethostname() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)  # sends nothing; Temporal remembers the dead for five minutes
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True
