"""Exceptions as stories: cause, case, what both systems hold meanwhile, resolution, end.

Each row of the tables in `stories/` is told on the whole product with both simulators; most are
told twice, the second time while answers get lost after their effect.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from commands.demo.stack import Ports, open_stack
from tests.end_to_end.stories import cancellation, entry, validation
from tests.end_to_end.stories.shop import Shop
from tests.end_to_end.stories.story import Story, tell

STORIES = (*validation.STORIES, *entry.STORIES, *cancellation.STORIES)

# Short waits, so that what heals by itself does so while a test looks.
PAIR = """\
mappings = "mappings"
recheck_seconds = 0.5
item_cache_seconds = 0
"""

LOST_ANSWERS = {"share": 0.1, "seed": 11, "kinds": ["lost_answer"]}
NO_FAULTS = {"share": 0.0, "seed": 1, "kinds": ["lost_answer"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """One stack for all stories; each has its own order."""
    folder: Path = tmp_path_factory.mktemp("stories") / "stack"
    async with open_stack(
        folder, Ports.any(), poll_seconds=1, sweep_seconds=2, attention_after=1, pair=PAIR
    ) as (stack, client):
        yield Shop(stack, client)


@pytest_asyncio.fixture(loop_scope="module")
async def calm(shop: Shop) -> Shop:
    """The shop as every story finds it."""
    for tell_system in (shop.stack.simulators.tell_m3, shop.stack.simulators.tell_walmart):
        await tell_system("faults", NO_FAULTS)
    await shop.walmart("limits", scale=1000.0)
    await shop.m3("warehouse", delay_seconds=0.05, invoice_delay_seconds=0.05, running=True)
    return shop


def titled(story: Story) -> str:
    return story.title.replace(" ", "_")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("story", STORIES, ids=titled)
async def test(story: Story, calm: Shop):
    await tell(story, calm)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("story", [each for each in STORIES if each.twin], ids=titled)
async def test_while_answers_get_lost(story: Story, calm: Shop):
    await calm.m3("faults", **LOST_ANSWERS)
    await calm.walmart("faults", **LOST_ANSWERS)
    await tell(story, calm)
