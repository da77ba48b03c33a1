"""workflows/ is replayed, so it may read nothing that differs the second time."""

import ast
from collections.abc import Iterator

import pytest

from tests.guards.repository import service_code

# What tells the time or rolls dice. Imports of types are fine: datetime, timedelta.
CLOCK_AND_CHANCE = {
    "random",
    "secrets",
    "time",
    "uuid",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "hash",  # of a text, it differs from process to process
    "id",
}

# What reads the machine it runs on.
MACHINE = {
    "os",
    "socket",
    "subprocess",
    "threading",
    "asyncio.get_event_loop",
    "asyncio.get_running_loop",
    "input",
    "open",
}


def strays(tree: ast.Module, forbidden: set[str]) -> Iterator[str]:
    """Yield the imports and calls of what is forbidden, each with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found = [name.name for name in names if name.name.partition(".")[0] in forbidden]
            case ast.ImportFrom(module=module, level=0):
                found = [module or ""] if (module or "").partition(".")[0] in forbidden else []
            case ast.Call(func=function):
                found = [called] if (called := ast.unparse(function)) in forbidden else []
            case _:
                continue
        yield from (f"{name} in line {node.lineno}" for name in found)


@pytest.mark.parametrize(
    ("code", "stray"),
    [
        ("import time", "time in line 1"),
        ("from uuid import uuid4", "uuid in line 1"),
        ("import os.path", "os.path in line 1"),
        ("x = datetime.now(UTC)", "datetime.now in line 1"),
        ("x = datetime.datetime.utcnow()", "datetime.datetime.utcnow in line 1"),
        ("x = workflow.now()", None),
        ("x = workflow.uuid4()", None),
        ("from datetime import datetime, timedelta", None),
    ],
)
def test_guard_knows_what_strays(code: str, stray: str | None):
    found = list(strays(ast.parse(code), CLOCK_AND_CHANCE | MACHINE))

    assert found == ([stray] if stray else [])


def strays_in(*layers: str, forbidden: set[str]) -> list[str]:
    return [
        f"{where}: {stray}"
        for where, tree in service_code()
        if where.parts[0] in layers
        for stray in strays(tree, forbidden)
    ]


def test_workflows_read_no_clock_no_chance_and_no_environment():
    assert strays_in("workflows", forbidden=CLOCK_AND_CHANCE | MACHINE) == [], (
        "replay would take another way; use workflow.now(), workflow.uuid4(), workflow.random(), "
        "or an activity"
    )


def test_domain_and_mappings_are_handed_time_and_ids():
    assert strays_in("domain", "mappings", forbidden=CLOCK_AND_CHANCE) == [], (
        "take it as an argument, so that a test can say what it is"
    )
