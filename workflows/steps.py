"""How a step of an order is run: tried until it is done, shown while it is not."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from domain.attention import Finding
from workflows.failures import Failure, failure_of
from workflows.options import QUICK, patient
from workflows.order_status import OrderStatus

Owner = TypeVar("Owner")
Input = TypeVar("Input")
Result = TypeVar("Result")

# Once an order shows what it waits for, there is nothing new to say for a while, and an outage of
# a day costs a handful of events.
WHEN_SHOWN = timedelta(hours=6)

# A step that waits for a person is tried by itself ever more rarely, but not more rarely than so.
LONGEST_PAUSE = timedelta(hours=1)

# An activity gives up when its next attempt would come after the deadline, so up to one retry
# interval early.
NEARLY = timedelta(minutes=1)

# Longer than the HTTP time-outs of either system, and the time until the worker hears of it.
LONGEST_CALL = timedelta(seconds=90)

# An activity that waits for its next attempt is canceled at once; one that runs hears of it with
# its next heartbeat.
AT_REST = timedelta(seconds=1)

Activity = Callable[[Owner, Input], Awaitable[Result]]


class StepAbandoned(Exception):
    """Something happened that makes the waiting step pointless as it is."""


class StepSkipped(Exception):
    """A person has done the step by hand."""


class Steps:
    """Runs activities for one order.

    A step is never given up. While a system does not answer, the step is tried again by itself;
    after `attention_after` the order shows it. Where a person has to act first, the step waits
    for an answer, and is tried again now and then in case what it waits for has been mended. In
    both cases `at_deadline` is called once when the deadline comes.
    """

    def __init__(self, status: OrderStatus) -> None:
        self._status = status
        self._retries = 0
        self._skipped: set[str] = set()
        self._pauses: dict[str, timedelta] = {}
        self.attention_after = timedelta(minutes=15)  # until the order's own policy is known
        self.recheck_after = timedelta(minutes=5)
        self.deadline: datetime | None = None
        self.at_deadline: Callable[[], Awaitable[None]] | None = None
        self.abandons: Callable[[], bool] = lambda: False  # whether waiting steps are to stop
        self.on_going_on: Callable[[], None] = lambda: None  # a step waits anew, or went on
        self.waiting: list[str] = []  # steps that wait for a person right now
        self._undisturbed = False
        self.cut_off = False  # a write was stopped by the workflow's own cancellation

    def retry(self) -> None:
        """Let every step that waits for a person try again."""
        self._retries += 1

    @property
    def can_be_left(self) -> bool:
        """Tell whether a step waits that an answer can make pointless."""
        return bool(self.waiting) and not self._undisturbed

    def skip(self, step: str) -> None:
        """Let a step that waits be passed over."""
        self._skipped.add(step)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Let no step in this block be abandoned: what it does must not be left half done."""
        before, self._undisturbed = self._undisturbed, True
        try:
            yield
        finally:
            self._undisturbed = before

    async def read(self, activity: Activity[Owner, Input, Result], arg: Input) -> Result:
        """Run an activity that only reads: quickly within the task, or else as an ordinary one."""
        try:
            result = await workflow.execute_local_activity_method(activity, arg, **QUICK)
        except FailureError as error:  # local activities fail without the wrapping ActivityError
            if is_cancelled_exception(error):
                raise
        else:
            self.release(activity.__name__)
            return result
        return await self.perform(activity, arg)

    async def perform(
        self,
        activity: Activity[Owner, Input, Result],
        arg: Input,
        *,
        look: Activity[Owner, Input, Result] | None = None,
    ) -> Result:
        """Run an activity until it has succeeded, whatever that takes.

        Args:
            activity: what to run.
            arg: its input.
            look: with the same input, sees whether somebody else has done it; tried in place of
                the activity while it waits for a person.

        Raises:
            StepAbandoned: it waited for a person, and `abandons` says that it is pointless now.
            StepSkipped: it waited for a person, who has done it by hand.
        """
        step = activity.__name__
        longest = self.attention_after
        while True:
            try:
                result = await self._try(step, activity, arg, longest)
            except ActivityError as error:
                if is_cancelled_exception(error):
                    self.cut_off = True
                    raise
                failure = failure_of(error)
                self._status.needs_attention(step, failure)
                if longest is not WHEN_SHOWN:
                    self.on_going_on()
                longest = WHEN_SHOWN
                if failure.final and (found := await self._wait_for_answer(step, look, arg)):
                    self.release(step)
                    return found
                await self._meet_deadline()
                if failure.cut_off:
                    # Its last request may still be under way, where no look would see its effect.
                    await workflow.sleep(LONGEST_CALL, summary="until the last call is over")
            else:
                self.release(step)
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
        self.release(activity.__name__)
        return True

    async def hold(self, step: str, failure: Failure, findings: tuple[Finding, ...] = ()) -> None:
        """Show why the order waits, and wait until it is worth looking again.

        Raises:
            StepAbandoned: see `perform`.
        """
        self._status.needs_attention(step, failure, findings=findings)
        await self._wait(step)

    def check_wanted(self, step: str) -> None:
        """Do not begin a step that is pointless by now.

        Raises:
            StepAbandoned: `abandons` says so.
        """
        if self.abandons() and not self._undisturbed:
            raise StepAbandoned(step)

    def release(self, step: str) -> None:
        """Show that a step went on."""
        self.on_going_on()
        self._status.attended(step)
        self._pauses.pop(step, None)

    def _window(self, longest: timedelta) -> timedelta:
        left = self._until_deadline()
        return longest if left is None else min(longest, left)

    def _until_deadline(self) -> timedelta | None:
        if self.deadline is None:
            return None
        return max(self.deadline - workflow.now(), timedelta(0))

    async def _try(
        self, step: str, activity: Activity[Owner, Input, Result], arg: Input, longest: timedelta
    ) -> Result:
        """Run an activity for a while; once its trouble is shown, an answer ends the waiting."""
        options = patient(self._window(longest))
        if longest is not WHEN_SHOWN:
            return await workflow.execute_activity_method(activity, arg, **options)
        before, given_up = self._retries, workflow.cancellation_reason() is not None
        handle = workflow.start_activity_method(activity, arg, **options)
        self.waiting.append(step)
        try:
            await workflow.wait_condition(
                lambda: handle.done() or self._retries > before or self._given_up(step)
            )
        except asyncio.CancelledError:
            # The workflow is canceled: its call has to be over before anything is taken back.
            self.cut_off = True
            handle.cancel()
            with suppress(ActivityError):
                await handle
            raise
        finally:
            self.waiting.remove(step)
        asked = workflow.now()
        if not handle.done():
            handle.cancel()
        try:
            return await handle
        except ActivityError as error:
            canceled_now = not given_up and workflow.cancellation_reason() is not None
            if canceled_now or not is_cancelled_exception(error):
                raise
        if workflow.now() - asked > AT_REST:
            # It was cut off in the middle, where no look would see what it has begun.
            await workflow.sleep(LONGEST_CALL, summary="until the last call is over")
        self._leave_if_given_up(step)
        return await self._try(step, activity, arg, longest)

    def _given_up(self, step: str) -> bool:
        return step in self._skipped or (self.abandons() and not self._undisturbed)

    def _leave_if_given_up(self, step: str) -> None:
        if step in self._skipped:
            self._skipped.remove(step)
            self.release(step)
            raise StepSkipped(step)
        if self._given_up(step):
            raise StepAbandoned(step)

    async def _wait_for_answer(
        self, step: str, look: Activity[Owner, Input, Result] | None, arg: Input
    ) -> Result | None:
        """Wait until the step is worth another try; return its result where it is done already."""
        while True:
            if await self._wait(step) or look is None:
                return None
            try:
                found = await workflow.execute_local_activity_method(look, arg, **QUICK)
            except FailureError as error:
                if is_cancelled_exception(error):
                    raise
            else:
                if found:
                    return found

    async def _wait(self, step: str) -> bool:
        """Wait for an answer, or until it is time to look; return whether somebody answered."""
        self.on_going_on()
        before = self._retries
        pause = self._pauses.get(step, self.recheck_after)
        self._pauses[step] = min(pause * 2, LONGEST_PAUSE)

        def answered() -> bool:
            return self._retries > before or self._given_up(step)

        self.waiting.append(step)
        try:
            await workflow.wait_condition(
                answered,
                timeout=self._window(pause),
                timeout_summary="until it is tried again, or Walmart's deadline to acknowledge",
            )
        except TimeoutError:
            await self._meet_deadline()
            return False
        finally:
            self.waiting.remove(step)
        self._leave_if_given_up(step)
        self._pauses.pop(step, None)
        return True

    async def _meet_deadline(self) -> None:
        left = self._until_deadline()
        if left is not None and left <= NEARLY and self.at_deadline is not None:
            self.deadline = None
            await self.at_deadline()
