"""What a person can tell an order that waits: the payloads of its signals and updates.

Each answer exists as a signal (for Temporal's Web UI and the `temporal` command) and as an update
of the same name (for our command and console), with the same JSON object as its one argument:

    approve          {"by": "ann", "reason": "price agreed"}
    reject           {"by", "reason", "cancellation_reason": "SELLER_CANCEL_PRICING_ERROR"}
    correct_address  {"by", "reason", "address": {"address1", "address2", "city", "state",
                      "postalCode", "country"}} or {"by", "reason", "sealed": "..."}
    map_sku          {"by", "reason", "sku", "item_number", "for_good": false}
    change_line      {"by", "reason", "line_number", "quantity", "cancellation_reason"}
    retry            {"by", "reason"} or nothing at all
    skip_step        {"by", "reason", "step"}
    take_over        {"by", "reason", "m3_order_number"}
    assign           {"by", "assignee"}
    tag              {"by", "tags": ["vip"]}

`by` names who answers and is never empty, except in `retry`. They are a wire format: add fields
with defaults only.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.cancellations import CancellationReason

Who = Annotated[str, Field(min_length=1, max_length=60)]
Why = Annotated[str, Field(max_length=200)]
WhyNot = Annotated[str, Field(min_length=1, max_length=200)]  # a reason that has to be given


class AnswerRefused(Exception):
    """An answer that cannot be taken; the text says why and what can be done."""


class Answer(BaseModel):
    """What all answers have."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    by: Who
    reason: Why = ""


class Approve(Answer):
    """Let an order go on that was held, or note that a case was seen."""


class Reject(Answer):
    """Give the order up: what has not left is taken out of M3 and canceled at Walmart."""

    reason: WhyNot
    cancellation_reason: CancellationReason


class Address(BaseModel):
    """Parts of a shipping address that take the place of Walmart's. Personal data."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    state: str | None = None
    postalCode: str | None = None  # noqa: N815 - Walmart's own name
    country: str | None = None
    phone: str | None = None


class CorrectAddress(Answer):
    """Ship to this address instead. Sealed, it is readable with the ledger's key only."""

    address: Address | None = None
    sealed: str = ""


class MapSku(Answer):
    """Say which M3 item a SKU is, for this order or as an alias in M3 for good."""

    sku: str = Field(min_length=1, max_length=50)
    item_number: str = Field(min_length=1, max_length=15)
    for_good: bool = False


class ChangeLine(Answer):
    """Ship fewer units of a line; the others are canceled at Walmart."""

    reason: WhyNot
    line_number: str = Field(min_length=1)
    quantity: int = Field(ge=0)
    cancellation_reason: CancellationReason


class Retry(Answer):
    """Try the failed step again."""

    by: str = Field(default="", max_length=60)


class SkipStep(Answer):
    """Go on without a step that was done by hand."""

    reason: WhyNot
    step: str = Field(min_length=1)


class TakeOver(Answer):
    """Go on with an order that a person has entered in M3 by hand."""

    m3_order_number: str = Field(min_length=1, max_length=10)


class Assign(Answer):
    """Say who looks after the order; an empty assignee gives it back."""

    assignee: str = Field(default="", max_length=60)


class Tag(Answer):
    """Mark the order with these tags, in place of those it had."""

    tags: tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,30}$")], ...] = Field(max_length=10)


ANSWERS: Mapping[str, type[Answer]] = {
    "approve": Approve,
    "reject": Reject,
    "correct_address": CorrectAddress,
    "map_sku": MapSku,
    "change_line": ChangeLine,
    "retry": Retry,
    "skip_step": SkipStep,
    "take_over": TakeOver,
    "assign": Assign,
    "tag": Tag,
}


class GivenAnswer(BaseModel):
    """Who answered what, when and why; kept in the order's progress."""

    model_config = ConfigDict(frozen=True)

    name: str  # as in ANSWERS
    by: str
    reason: str
    at: datetime


def read_answer(name: str, payload: object) -> Answer:
    """Return the answer a payload carries.

    Raises:
        AnswerRefused: it is not what ANSWERS says; the text names the field, never its value.
    """
    if payload is None:
        payload = {}
    if not isinstance(payload, Mapping):
        raise AnswerRefused(f'{name} takes one JSON object, such as {{"by": "ann"}}')
    content: dict[Any, Any] = dict(payload)
    try:
        return ANSWERS[name].model_validate(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = problem["loc"]
        if problem["type"] == "extra_forbidden":
            # The key itself may be a street or a name that slipped into the wrong place.
            inside = ".".join(str(part) for part in place[:-1])
            raise AnswerRefused(f"{name}: {inside or 'it'} has a key it must not have") from None
        field = ".".join(str(part) for part in place)
        raise AnswerRefused(f"{name}: {field}: {problem['msg']}") from None
