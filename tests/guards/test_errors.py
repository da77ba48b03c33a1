"""domain/errors.py: the tree in its docstring is the documentation, so it has to be whole."""

import inspect
import re
from datetime import timedelta
from typing import Any

import pytest

from domain import errors
from domain.errors import IntegrationError, Permanent, Transient

ARGUMENTS: dict[str, Any] = {
    "system": "M3",
    "pair": "acme",
    "call": "OIS100MI/AddBatchHead",
    "reason": "a reason",
    "retry_after": timedelta(seconds=5),
    "what": "something",
    "code": "WCU0203",
    "message": "a message",
    "purchase_order_id": "1796277083022",
    "cause": "A_CAUSE",
    "mend": "what to do",
    "table": "carriers",
    "value": "XYZ",
    "ship_node": "10003",
    "field": "CUA1",
    "item_number": "KETTLE-01",
    "batch_order_number": "T000000001",
    "status": "15",
    "messages": ("a message",),
}

CLASSES = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, IntegrationError)
]
LEAVES = [each for each in CLASSES if each not in (IntegrationError, Transient, Permanent)]


def drawn_tree() -> dict[str, tuple[str, str]]:
    """Return each class in the docstring with the class above it and what is said of it."""
    found: dict[str, tuple[str, str]] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.fullmatch(r"(?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)(?:\s{2,}(?P<said>.+))?", line)
        if match is None:
            continue
        indent = len(match["branch"])
        while above and above[-1][0] >= indent:
            above.pop()
        found[match["name"]] = (above[-1][1] if above else "", match["said"] or "")
        above.append((indent, match["name"]))
    return found


def example(leaf: type[IntegrationError]) -> IntegrationError:
    """Return an error of this class with made-up arguments."""
    wanted = inspect.signature(leaf).parameters
    assert set(wanted) <= set(ARGUMENTS), f"add examples of {set(wanted) - set(ARGUMENTS)} above"
    positional = [ARGUMENTS[n] for n, p in wanted.items() if p.kind is not p.KEYWORD_ONLY]
    named = {n: ARGUMENTS[n] for n, p in wanted.items() if p.kind is p.KEYWORD_ONLY}
    return leaf(*positional, **named)


def test_tree_shows_every_class_under_the_one_it_comes_from():
    drawn = {name: above for name, (above, _) in drawn_tree().items()}

    assert drawn == {
        each.__name__: each.__base__.__name__ if each is not IntegrationError else ""
        for each in CLASSES
        if each.__base__ is not None
    }


def test_tree_says_what_each_class_means():
    silent = [name for name, (_, said) in drawn_tree().items() if not said]

    assert silent == ["IntegrationError"]


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_error_says_whether_to_retry_why_it_happened_and_what_mends_it(
    leaf: type[IntegrationError],
):
    error = example(leaf)

    assert isinstance(error.retryable, bool)
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", error.cause), "operators filter by this code"
    assert error.cause != IntegrationError.cause
    assert str(error)
    # What heals by itself needs no mend; what does not, needs one.
    assert bool(error.mend) is not error.retryable
