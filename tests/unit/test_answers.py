"""domain/answers.py: the payloads of what a person answers, and what is wrong with others."""

import pytest

from domain.answers import (
    ANSWERS,
    Address,
    AnswerRefused,
    Approve,
    Assign,
    ChangeLine,
    CorrectAddress,
    MapSku,
    Reject,
    Retry,
    SkipStep,
    Tag,
    TakeOver,
    read_answer,
)
from domain.cancellations import CancellationReason

PRICE = "SELLER_CANCEL_PRICING_ERROR"

# One payload of each kind that is right.
RIGHT: dict[str, dict[str, object]] = {
    "approve": {"by": "ann", "reason": "price agreed"},
    "reject": {"by": "ann", "reason": "wrong price", "cancellation_reason": PRICE},
    "correct_address": {"by": "ann", "address": {"city": "Springfield"}},
    "map_sku": {"by": "ann", "sku": "A", "item_number": "B"},
    "change_line": {
        "by": "ann",
        "reason": "broken",
        "line_number": "1",
        "quantity": 0,
        "cancellation_reason": PRICE,
    },
    "retry": {},
    "skip_step": {"by": "ann", "reason": "done by hand", "step": "reserve_stock"},
    "take_over": {"by": "ann", "m3_order_number": "0010000001"},
    "assign": {"by": "ann", "assignee": "bob"},
    "tag": {"by": "ann", "tags": ["vip", "late"]},
}


def refusal(name: str, payload: object) -> str:
    with pytest.raises(AnswerRefused) as refused:
        read_answer(name, payload)
    return str(refused.value)


def test_there_is_a_right_payload_of_every_answer():
    assert RIGHT.keys() == ANSWERS.keys()


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("approve", Approve(by="ann", reason="price agreed")),
        (
            "reject",
            Reject(
                by="ann",
                reason="wrong price",
                cancellation_reason=CancellationReason.PRICING_ERROR,
            ),
        ),
        ("correct_address", CorrectAddress(by="ann", address=Address(city="Springfield"))),
        ("map_sku", MapSku(by="ann", sku="A", item_number="B", for_good=False)),
        (
            "change_line",
            ChangeLine(
                by="ann",
                reason="broken",
                line_number="1",
                quantity=0,
                cancellation_reason=CancellationReason.PRICING_ERROR,
            ),
        ),
        ("retry", Retry(by="")),
        ("skip_step", SkipStep(by="ann", reason="done by hand", step="reserve_stock")),
        ("take_over", TakeOver(by="ann", m3_order_number="0010000001")),
        ("assign", Assign(by="ann", assignee="bob")),
        ("tag", Tag(by="ann", tags=("vip", "late"))),
    ],
)
def test_right_payload_is_read(name: str, answer: object):
    assert read_answer(name, RIGHT[name]) == answer


def test_retry_needs_nothing_at_all():
    assert read_answer("retry", None) == Retry()


def test_assignee_may_be_taken_away():
    assert read_answer("assign", {"by": "ann"}) == Assign(by="ann", assignee="")


@pytest.mark.parametrize("name", sorted(ANSWERS.keys() - {"retry"}))
@pytest.mark.parametrize("by", ["", None, 7, "x" * 61])
def test_who_answers_is_never_left_out(name: str, by: object):
    assert refusal(name, RIGHT[name] | {"by": by}).startswith(f"{name}: by: ")


@pytest.mark.parametrize("name", sorted(ANSWERS.keys() - {"retry"}))
def test_payload_without_a_name_is_refused(name: str):
    without = {field: value for field, value in RIGHT[name].items() if field != "by"}

    assert refusal(name, without) == f"{name}: by: Field required"


@pytest.mark.parametrize("name", ["reject", "change_line", "skip_step"])
def test_answer_that_costs_something_has_a_reason(name: str):
    assert refusal(name, RIGHT[name] | {"reason": ""}).startswith(f"{name}: reason: ")
    without = {field: value for field, value in RIGHT[name].items() if field != "reason"}
    assert refusal(name, without) == f"{name}: reason: Field required"


@pytest.mark.parametrize("name", sorted(ANSWERS))
@pytest.mark.parametrize("payload", ["ann", 1, True, ["ann"], [{"by": "ann"}], b"ann"])
def test_payload_that_is_no_object_is_refused(name: str, payload: object):
    assert refusal(name, payload) == f'{name} takes one JSON object, such as {{"by": "ann"}}'


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_field_nobody_knows_is_refused(name: str):
    said = refusal(name, RIGHT[name] | {"Qxname": "ann"})

    assert said == f"{name}: it has a key it must not have"


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("reject", {"cancellation_reason": "BECAUSE"}, "cancellation_reason"),
        ("reject", {"cancellation_reason": None}, "cancellation_reason"),
        ("change_line", {"quantity": -1}, "quantity"),
        ("change_line", {"quantity": 1.5}, "quantity"),
        ("change_line", {"quantity": "many"}, "quantity"),
        ("change_line", {"line_number": ""}, "line_number"),
        ("map_sku", {"sku": ""}, "sku"),
        ("map_sku", {"sku": "x" * 51}, "sku"),
        ("map_sku", {"item_number": "x" * 16}, "item_number"),
        ("map_sku", {"for_good": "perhaps"}, "for_good"),
        ("skip_step", {"step": ""}, "step"),
        ("take_over", {"m3_order_number": ""}, "m3_order_number"),
        ("take_over", {"m3_order_number": "12345678901"}, "m3_order_number"),
        ("tag", {"tags": ["VIP"]}, "tags.0"),
        ("tag", {"tags": ["vip", "two words"]}, "tags.1"),
        ("tag", {"tags": ["vip"] * 11}, "tags"),
        ("tag", {"tags": None}, "tags"),
        ("approve", {"reason": "x" * 201}, "reason"),
        ("correct_address", {"address": "somewhere"}, "address"),
        ("correct_address", {"sealed": 1}, "sealed"),
    ],
)
def test_wrong_field_is_named(name: str, change: dict[str, object], field: str):
    assert refusal(name, RIGHT[name] | change).startswith(f"{name}: {field}: ")


@pytest.mark.parametrize(
    "address",
    [
        {"name": ["Marked Buyer"]},
        {"name": "Marked Buyer", "city": {"name": "Marked City"}},
        "Marked Buyer, 1 Marked Street",
    ],
    ids=["list", "object", "text"],
)
def test_refusal_never_repeats_an_address(address: object):
    said = refusal("correct_address", {"by": "ann", "address": address})

    assert "Marked Buyer" not in said
    assert "Marked City" not in said
    assert "1 Marked Street" not in said


def test_first_of_several_mistakes_is_named():
    assert refusal("map_sku", {}) == "map_sku: by: Field required"


def test_answer_cannot_be_changed_afterwards():
    answer = read_answer("approve", RIGHT["approve"])

    with pytest.raises(ValueError, match="frozen"):
        answer.by = "bob"  # type: ignore[misc]
