"""Serve both simulators: `python -m simulators --walmart-port 8081 --m3-port 8082`."""

import argparse
import asyncio
import sys

from uvicorn.loops.auto import auto_loop_factory

from simulators.server import BaseUrls, serve


def main() -> None:
    """Read the ports and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    parser.add_argument("--walmart-port", type=int, default=8081)
    parser.add_argument("--m3-port", type=int, default=8082)
    parser.add_argument("--host", default="127.0.0.1")
    wish = parser.parse_args()
    # uvloop where it is installed: the simulators share two cores with what they test.
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(serve(wish.walmart_port, wish.m3_port, wish.host, ready=_say_where))


async def _say_where(urls: BaseUrls) -> None:
    sys.stdout.write(f"Walmart at {urls.walmart}, M3 at {urls.m3}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
