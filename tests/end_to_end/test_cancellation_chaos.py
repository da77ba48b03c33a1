"""Cancellations at random moments while the worker dies; `make chaos` is the long form."""

from pathlib import Path

from tests.chaos.__main__ import run
from tests.chaos.plan import draw


async def test_both_systems_agree_on_orders_canceled_at_random_while_a_worker_is_killed(
    tmp_path: Path,
):
    plan = draw(orders=30, seed=1, per_second=10, kills=1)

    verdict = await run(plan, tmp_path / "stack")

    assert verdict.agrees, verdict.wrong
    assert verdict.worker_kills == 1
    assert verdict.lost == 0
    assert sum(verdict.canceled_by.values()) >= 5
