"""The product's worker, with the ceiling's workflows beside it in the same process."""

import asyncio
import signal
import sys
from pathlib import Path

import uvloop
from temporalio.worker import Worker

from bench.noop import QUEUE, SameNumber, SameShape, do_nothing
from commands.logs import configure_logs
from commands.temporal import connect
from settings import load_settings
from worker import create_worker, open_services


async def main(config: Path) -> None:
    """Poll both queues until asked to stop."""
    configure_logs()
    settings = load_settings(config)
    client = await connect()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    ceiling = Worker(
        client,
        task_queue=QUEUE,
        workflows=[SameNumber, SameShape],
        activities=[do_nothing],
        max_cached_workflows=settings.worker.cached_workflows,
        max_concurrent_activities=settings.worker.concurrent_activities,
    )
    async with (
        open_services(settings) as services,
        create_worker(client, services, settings),
        ceiling,
    ):
        await stop.wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(Path(sys.argv[1])))
