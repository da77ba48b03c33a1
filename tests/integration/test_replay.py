"""Open orders must still replay: every history in tests/histories, against today's code."""

from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from domain.names import ORDER_TO_CASH
from domain.orders import OrderSummary, OrderToCashInput
from tests.histories.record import PATHS
from workflows.orders import OrderToCash

FOLDER = Path(__file__).parent.parent / "histories"
HISTORIES = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.json"))}


@workflow.defn(name=ORDER_TO_CASH)
class Changed(OrderToCash):
    """What a careless change does: one more step at the start, without `workflow.patched`."""

    @workflow.init
    def __init__(self, input: OrderToCashInput) -> None:
        super().__init__(input)

    @workflow.run
    async def run(self, input: OrderToCashInput) -> OrderSummary:
        await workflow.sleep(1)
        return await super().run(input)


@pytest.mark.parametrize("name", HISTORIES)
async def test_history_replays(name: str):
    replayer = Replayer(workflows=[OrderToCash], data_converter=pydantic_data_converter)

    await replayer.replay_workflow(WorkflowHistory.from_json(name, HISTORIES[name]))


@pytest.mark.parametrize("name", HISTORIES)
async def test_a_careless_change_does_not_replay(name: str):
    replayer = Replayer(
        workflows=[Changed],
        data_converter=pydantic_data_converter,
        # The sandbox would import this test module again, pytest and all.
        workflow_runner=UnsandboxedWorkflowRunner(),
    )

    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(WorkflowHistory.from_json(name, HISTORIES[name]))


def test_every_path_has_a_recorded_history():
    assert set(PATHS) <= set(HISTORIES)
