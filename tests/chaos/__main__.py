"""Many orders, a third canceled at a random moment, the worker killed: do both systems agree?

`make chaos ARGS="--orders 500 --seed 1"` prints the figures, and ends with status 1 and the
timelines of the orders concerned when anything disagrees.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from commands.demo.stack import Ports, open_stack
from tests.chaos.plan import Plan, draw
from tests.chaos.storm import PAIR, Storm
from tests.chaos.verdict import Verdict, judge, story_of

STORIES_TOLD = 30


async def run(plan: Plan, folder: Path) -> Verdict:
    """Carry out a plan on a stack of its own, and judge what became of the orders."""
    async with open_stack(
        folder, Ports.any(), poll_seconds=2.5, sweep_seconds=3, attention_after=60, pair=PAIR
    ) as (stack, client):
        storm = Storm(stack, client, plan)
        started = time.monotonic()
        audit = await storm.run()
        seconds = time.monotonic() - started
        verdict = await judge(client, storm, audit, seed=plan.seed, seconds=seconds)
        for number, problems in list(verdict.wrong.items())[:STORIES_TOLD]:
            sys.stderr.write(f"{number}: {'; '.join(problems)}\n    {storm.placed.get(number)}\n")
            sys.stderr.write(await story_of(client, number) + "\n")
    return verdict


def main() -> int:
    """Read the command line, run, print; return the status of the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--orders", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=2, help="how often the worker is killed")
    parser.add_argument("--per-second", type=float, default=10.0, help="orders placed")
    parser.add_argument("--keep", type=Path, help="keep settings, databases and logs here")
    wish = parser.parse_args()
    plan = draw(orders=wish.orders, seed=wish.seed, per_second=wish.per_second, kills=wish.kills)
    with tempfile.TemporaryDirectory(prefix="m3-walmart-chaos-") as folder:
        verdict = asyncio.run(run(plan, wish.keep or Path(folder) / "stack"))
    sys.stdout.write(json.dumps(verdict.to_json(), indent=2) + "\n")
    return 0 if verdict.agrees else 1


if __name__ == "__main__":
    sys.exit(main())
