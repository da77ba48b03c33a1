"""How a step of an order is run: tried until it is done, shown while it is not."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

from workflows.failures import Failure, failure_of
from workflows.options import QUICK, patient
from workflows.order_status import OrderStatus

Owner = TypeVar("Owner")
Input = TypeVar("Input")
Result = TypeVar("Result")

# Once an order shows what it waits for, there is nothing new to say for a while, and an outage of
# a day costs a handful of events.
WHEN_SHOWN = timedelta(hours=6)

# An activity gives up when its next attempt would come after the deadline, so up to one retry
# interval early.
NEARLY = timedelta(minutes=1)

# Longer than the HTTP time-outs of either system, and the time until the worker hears of it.
LONGEST_CALL = timedelta(seconds=90)

Activity = Callable[[Owner, Input], Awaitable[Result]]


class Steps:
    """Runs activities for one order.

    A step is never given up. While a system does not answer, the step is tried again by itself;
    after `attention_after` the order shows it. Where a person has to act first, the step waits
    for the signal `retry`. In both cases `at_deadline` is called once when the deadline comes.
    """

    def __init__(self, status: OrderStatus) -> None:
        self._status = status
        self._retries = 0
        self.attention_after = timedelta(minutes=15)  # until the order's own policy is known
        self.deadline: datetime | None = None
        self.at_deadline: Callable[[], Awaitable[None]] | None = None

    def retry(self) -> None:
        """Let every step that waits for a person try again."""
        self._retries += 1

    async def read(self, activity: Activity[Owner, Input, Result], arg: Input) -> Result:
        """Run an activity that only reads: quickly within the task, or else as an ordinary one."""
        try:
            return await workflow.execute_local_activity_method(activity, arg, **QUICK)
        except FailureError as error:  # local activities fail without the wrapping ActivityError
            if is_cancelled_exception(error):
                raise
        return await self.perform(activity, arg)

    async def perform(self, activity: Activity[Owner, Input, Result], arg: Input) -> Result:
        """Run an activity until it has succeeded, whatever that takes."""
        step = activity.__name__
        longest = self.attention_after
        while True:
            try:
                result = await workflow.execute_activity_method(
                    activity, arg, **patient(self._window(longest))
                )
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise
                failure = failure_of(error)
                self._status.needs_attention(step, failure)
                longest = WHEN_SHOWN
                if failure.final:
                    await self._wait_for_retry()
                await self._meet_deadline()
                if failure.cut_off:
                    # Its last request may still be under way, where no look would see its effect.
                    await workflow.sleep(LONGEST_CALL, summary="until the last call is over")
            else:
                self._status.attended(step)
                return result

    async def attempt(
        self, activity: Activity[Owner, Input, Result], arg: Input, window: timedelta
    ) -> bool:
        """Run an activity for `window` at most; show a failure, and return whether it succeeded."""
        try:
            await workflow.execute_activity_method(activity, arg, **patient(window))
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            self._status.needs_attention(activity.__name__, failure_of(error))
            return False
        return True

    async def hold(self, step: str, failure: Failure) -> None:
        """Wait for a person, with a reason that no activity found."""
        self._status.needs_attention(step, failure)
        await self._wait_for_retry()
        self._status.attended(step)

    def _window(self, longest: timedelta) -> timedelta:
        left = self._until_deadline()
        return longest if left is None else min(longest, left)

    def _until_deadline(self) -> timedelta | None:
        if self.deadline is None:
            return None
        return max(self.deadline - workflow.now(), timedelta(0))

    async def _wait_for_retry(self) -> None:
        before = self._retries
        left = self._until_deadline()
        try:
            await workflow.wait_condition(
                lambda: self._retries > before,
                timeout=left,
                timeout_summary="until Walmart's deadline to acknowledge",
            )
        except TimeoutError:
            await self._meet_deadline()
            await workflow.wait_condition(lambda: self._retries > before)
        self._status.note("retry_requested")

    async def _meet_deadline(self) -> None:
        left = self._until_deadline()
        if left is not None and left <= NEARLY and self.at_deadline is not None:
            self.deadline = None
            await self.at_deadline()
