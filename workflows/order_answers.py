"""What people tell an order that waits: taken when it fits, refused with the reason when not.

Every answer comes as a signal, from Temporal's Web UI or command, or as an update of the same
name, from our own. A signal that does not fit is noted in the timeline and changes nothing.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception
from temporalio.workflow import ActivityConfig

with workflow.unsafe.imports_passed_through():
    from activities.corrections import CorrectAddressInput, CorrectionActivities, MapSkuInput
    from activities.take_back import TakeBackActivities, TakeOverInput
    from domain.answers import (
        ANSWERS,
        Answer,
        AnswerRefused,
        Approve,
        Assign,
        ChangeLine,
        CorrectAddress,
        GivenAnswer,
        MapSku,
        Reject,
        Retry,
        SkipStep,
        Tag,
        TakeOver,
        read_answer,
    )
    from domain.attention import Severity
    from domain.cancellations import CancellationReason, LineLimit
    from domain.orders import LineQuantity, Stage
from workflows.failures import failure_of
from workflows.options import RETRY, START_TO_CLOSE
from workflows.order_changes import CORRECTION, TOO_LATE
from workflows.order_context import OrderContext

# Answers that are about the order and not about what it waits for.
ABOUT_THE_ORDER = (Assign, Tag)

# Steps a person can have done by hand. All others are about money, or later steps need what they
# return.
SKIPPABLE = frozenset({"acknowledge_walmart_order", "reserve_stock"})

BEFORE_ENTRY = frozenset({Stage.RECEIVED, Stage.ENTERING})
BEFORE_SHIPMENT = BEFORE_ENTRY | {Stage.AWAITING_DELIVERY}

# Somebody waits for the outcome, so not longer than a person would.
AT_ONCE = ActivityConfig(
    start_to_close_timeout=START_TO_CLOSE,
    schedule_to_close_timeout=START_TO_CLOSE,
    retry_policy=RETRY,
)

# More than people ever give; the oldest give way.
ANSWERS_KEPT = 50


class Answers:
    """The handlers of one order. They take note; the run decides what follows."""

    def __init__(self, context: OrderContext) -> None:
        self._ref = context.ref
        self._context = context
        self._progress = context.progress
        self._status = context.status
        self._steps = context.steps
        self._answered: GivenAnswer | None = None  # and the run has not gone on with it yet
        for name in ANSWERS:
            workflow.set_signal_handler(name, self._signal(name))
            workflow.set_update_handler(name, self._update(name), validator=self._validator(name))

    def used(self) -> None:
        """Take note that the run has gone on with the last answer."""
        self._answered = None

    def _signal(self, name: str) -> Callable[..., Awaitable[None]]:
        async def handle(payload: Any = None, *more: Any) -> None:
            try:
                if more:
                    raise AnswerRefused(f"{name} takes one JSON object, not {len(more) + 1}")
                answer = read_answer(name, payload)
                self._check(name, answer)
                await self._take(name, answer)
            except AnswerRefused as refusal:
                self._status.note("answer_refused", str(refusal))

        return handle

    def _update(self, name: str) -> Callable[..., Awaitable[str]]:
        async def handle(payload: Any = None) -> str:
            try:
                return await self._take(name, read_answer(name, payload))
            except AnswerRefused as refusal:
                raise _told(refusal) from None

        return handle

    def _validator(self, name: str) -> Callable[..., None]:
        def check(payload: Any = None) -> None:
            try:
                self._check(name, read_answer(name, payload))
            except AnswerRefused as refusal:
                raise _told(refusal) from None

        return check

    def _check(self, name: str, answer: Answer) -> None:
        """Refuse what does not fit where the order stands.

        Raises:
            AnswerRefused: with the reason.
        """
        if not isinstance(answer, (*ABOUT_THE_ORDER, Retry)) and self._answered:
            given = self._answered
            raise AnswerRefused(
                f"{given.by or 'somebody'} has answered already ({given.name}, "
                f"{given.at:%H:%M:%S} UTC); look again"
            )
        match answer:
            case Approve():
                self._check_approve()
            case Reject():
                self._check_reject(answer)
            case CorrectAddress() | MapSku() | TakeOver():
                self._check_before_entry(name, answer)
            case ChangeLine():
                self._check_change(answer)
            case Retry() | SkipStep():
                self._check_step(answer)

    def _check_approve(self) -> None:
        attention = self._progress.attention
        if any(a.step == TOO_LATE for a in attention):
            return
        blocking = [f for a in attention for f in a.findings if f.severity is Severity.BLOCK]
        if blocking:
            codes = ", ".join(sorted({finding.code for finding in blocking}))
            raise AnswerRefused(f"{codes} can't be approved, only corrected; or reject the order")
        if not any(a.findings for a in attention):
            waits = ", ".join(a.cause for a in attention) or "nothing"
            raise AnswerRefused(
                f"nothing is held for approval; the order waits for {waits}{self._last_answer()}"
            )

    def _check_reject(self, answer: Reject) -> None:
        order = self._progress.order
        if order is None or self._progress.stage not in BEFORE_SHIPMENT:
            raise AnswerRefused(f"there is nothing left to reject at stage {self._progress.stage}")
        self._check_reason(answer.cancellation_reason, {line.line_number for line in _lines(order)})

    def _check_before_entry(self, name: str, answer: Answer) -> None:
        progress = self._progress
        if progress.stage not in BEFORE_ENTRY or progress.m3_order_number:
            number = progress.m3_order_number or "an order"
            raise AnswerRefused(f"{name} comes too late: M3 has {number}; change it there")
        if isinstance(answer, MapSku) and progress.order:
            skus = {line.sku for line in _lines(progress.order)}
            if answer.sku not in skus:
                raise AnswerRefused(f"the order has no SKU {answer.sku}, only {', '.join(skus)}")
        if isinstance(answer, CorrectAddress) and not (answer.address or answer.sealed):
            raise AnswerRefused("correct_address: give address or sealed")

    def _check_change(self, answer: ChangeLine) -> None:
        order = self._progress.order
        if order is None or self._progress.stage not in BEFORE_SHIPMENT:
            raise AnswerRefused(f"no line can be changed at stage {self._progress.stage}")
        line = next((x for x in _lines(order) if x.line_number == answer.line_number), None)
        if line is None:
            raise AnswerRefused(f"the order has no open line {answer.line_number}")
        if answer.quantity >= line.quantity:
            raise AnswerRefused(
                f"line {line.line_number} has {line.quantity}; a quantity goes down, never up"
            )
        shipped = self._context.shipped[answer.line_number]
        if answer.quantity < shipped:
            raise AnswerRefused(f"{shipped} of line {line.line_number} have shipped")
        self._check_reason(answer.cancellation_reason, {answer.line_number})

    def _check_reason(self, reason: CancellationReason, lines: set[str]) -> None:
        order = self._progress.order
        if reason is not CancellationReason.BUYER_ASKED or order is None:
            return
        if any(x.line_number in lines and not x.cancel_requested for x in _lines(order)):
            raise AnswerRefused(f"{reason}: the buyer has not asked, and Walmart would refuse it")

    def _check_step(self, answer: Retry | SkipStep) -> None:
        if not self._progress.attention:
            raise AnswerRefused(f"the order waits for nobody{self._last_answer()}")
        if isinstance(answer, Retry):
            if not self._steps.waiting:
                raise AnswerRefused("no step waits; what the order shows heals or is answered")
            return
        if answer.step not in SKIPPABLE:
            raise AnswerRefused(
                f"{answer.step} is never skipped: it moves money, or what follows needs its "
                f"result. Only {', '.join(sorted(SKIPPABLE))} can be done by hand"
            )
        if all(a.step != answer.step for a in self._progress.attention):
            raise AnswerRefused(f"step {answer.step} does not wait")

    async def _take(self, name: str, answer: Answer) -> str:
        """Carry out an answer that fits, and return what happens next."""
        given = GivenAnswer(name=name, by=answer.by, reason=answer.reason, at=workflow.now())
        if self._wakes(answer):
            self._answered = given
        try:
            said = await self._carry_out(answer)
        except AnswerRefused:
            self._answered = None
            raise
        self._progress.answers = (*self._progress.answers, given)[-ANSWERS_KEPT:]
        why = f": {answer.reason}" if answer.reason else ""
        self._status.note(f"answered_{name}", f"by {answer.by or 'somebody'}{why}")
        return said

    def _wakes(self, answer: Answer) -> bool:
        """Tell whether a step goes on with an answer; until then others are refused."""
        match answer:
            case Assign() | Tag():
                return False
            case SkipStep(step=step):
                return step in self._steps.waiting
            case Reject() | ChangeLine() | TakeOver():
                return self._steps.can_be_left
            case _:
                return bool(self._steps.waiting)

    async def _carry_out(self, answer: Answer) -> str:  # noqa: C901 - one case per answer
        match answer:
            case Approve():
                return self._approve()
            case Reject():
                return self._limit(
                    [
                        LineLimit(
                            line_number=line.line_number,
                            quantity=self._context.shipped[line.line_number],
                            reason=answer.cancellation_reason,
                        )
                        for line in _lines(self._progress.order)
                    ]
                )
            case ChangeLine(line_number=number, quantity=quantity, cancellation_reason=reason):
                return self._limit(
                    [LineLimit(line_number=number, quantity=quantity, reason=reason)]
                )
            case CorrectAddress(address=address, sealed=sealed):
                await self._do(
                    CorrectionActivities.keep_address,
                    CorrectAddressInput(ref=self._ref, address=address, sealed=sealed),
                )
            case MapSku(sku=sku, item_number=item_number, for_good=for_good):
                await self._do(
                    CorrectionActivities.keep_item_number,
                    MapSkuInput(ref=self._ref, sku=sku, item_number=item_number, for_good=for_good),
                )
            case TakeOver():
                return await self._take_over(answer)
            case SkipStep(step=step):
                self._steps.skip(step)
                return f"{step} is passed over"
            case Assign(assignee=assignee):
                self._status.assign(assignee)
                return f"assigned to {assignee}" if assignee else "assigned to nobody"
            case Tag(tags=tags):
                self._status.tag(tags)
                return f"tagged {', '.join(tags)}" if tags else "no tags"
        if self._progress.customer is not None or not isinstance(answer, Retry):
            # Whatever of it is in M3 already is taken back, and it is entered as it is by now.
            self._progress.changes_to_review += (CORRECTION,)
        self._steps.retry()
        return "the order looks again"

    def _approve(self) -> str:
        held = [f for a in self._progress.attention for f in a.findings]
        self._progress.approved += tuple(f for f in held if f not in self._progress.approved)
        if any(attention.step == TOO_LATE for attention in self._progress.attention):
            self._progress.surplus_seen = _most(self._progress.surplus_seen, self._progress.surplus)
            self._status.attended(TOO_LATE)
        self._steps.retry()
        return "approved; the order goes on"

    def _limit(self, limits: list[LineLimit]) -> str:
        numbers = {limit.line_number for limit in limits}
        kept = tuple(x for x in self._progress.limits if x.line_number not in numbers)
        self._progress.limits = (*kept, *limits)
        self._progress.changes_to_review += ("answer",)
        return "what is not to ship is taken out of M3 and canceled at Walmart"

    async def _take_over(self, answer: TakeOver) -> str:
        order = self._progress.order
        if order is None:
            raise AnswerRefused("the order has not been read from Walmart yet")
        number = await self._do(
            TakeBackActivities.check_taken_over_order,
            TakeOverInput(
                ref=self._ref,
                order_entry=order.policy.order_entry,
                m3_order_number=answer.m3_order_number,
            ),
        )
        self._progress.taken_over = number
        return f"the order goes on with M3 order {number}"

    async def _do(self, activity: Any, arg: Any) -> Any:
        try:
            return await workflow.execute_activity_method(activity, arg, **AT_ONCE)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            failure = failure_of(error)
            mend = f"; {failure.mend}" if failure.mend else ""
            raise AnswerRefused(f"{failure.sentence}{mend}") from None

    def _last_answer(self) -> str:
        if not self._progress.answers:
            return ""
        last = self._progress.answers[-1]
        return f"; {last.by or 'somebody'} answered last ({last.name}, {last.at:%H:%M:%S} UTC)"


def _most(
    one: tuple[LineQuantity, ...], other: tuple[LineQuantity, ...]
) -> tuple[LineQuantity, ...]:
    """Return the larger quantity of each line."""
    most: dict[str, int] = {}
    for line in (*one, *other):
        most[line.line_number] = max(line.quantity, most.get(line.line_number, 0))
    return tuple(LineQuantity(line_number=n, quantity=q) for n, q in sorted(most.items()))


def _lines(order: Any) -> tuple[Any, ...]:
    return order.facts.lines if order else ()


def _told(refusal: AnswerRefused) -> ApplicationError:
    return ApplicationError(str(refusal), type="AnswerRefused", non_retryable=True)
