"""What may be logged: an event and facts from a short list, none of them about a person."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.guards.repository import service_code

# Numbers and codes of records, counts, and words of our own. Before adding a name, ask whether
# its value can hold a name, an address, a phone number, an e-mail address, a text somebody typed,
# a body or a secret; those are never logged.
ALLOWED = {
    "activity",
    "attempt",
    "batch_order_number",
    "call",
    "cause",
    "channel",  # a name from the settings
    "customer_number",
    "delivery_number",
    "document",  # the kind: Sync.Shipment
    "document_number",
    "error",  # the class
    "changed",
    "drifted",
    "feed_id",
    "found",
    "gone",
    "items",
    "listed",
    "offers",
    "refused",
    "sent_again",
    "state",
    "host",
    "kind",
    "lines",
    "m3_order_number",
    "mend",
    "message_id",
    "outcome",
    "packages",
    "pair",
    "pairs",
    "payload_hash",
    "port",
    "purchase_order_id",
    "reason",
    "seconds",
    "released",
    "repaired",
    "route",
    "short_lines",
    "batches",
    "item_number",
    "sku",
    "workflow_id",
}

# Where names are gathered first and logged together; what is put there is checked as well.
GATHERED = {
    "request.state.facts",
    "getattr(state, 'facts', {})",
    "_order_named_by(input.args)",
}
GATHERING_FUNCTIONS = {"_order_named_by"}

LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
LOGGERS = {"log", "workflow.logger", "activity.logger", "logging"}


@dataclass(frozen=True, kw_only=True)
class LogCall:
    """One call that logs, or that binds what later calls log."""

    where: str
    call: ast.Call

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with it."""
        for keyword in self.call.keywords:
            if keyword.arg is None:
                gathered = ast.unparse(keyword.value)
                if gathered not in GATHERED:
                    yield f"{self.where}: **{gathered} could hold anything"
            elif keyword.arg not in ALLOWED:
                yield f"{self.where}: {keyword.arg} is not on the list"
        if len(self.call.args) > 1:
            yield f"{self.where}: an event takes its facts by name"
        for event in self.call.args[:1]:
            if isinstance(event, ast.JoinedStr | ast.BinOp):
                yield f"{self.where}: an event is a fixed name, not a sentence"


def log_calls(where: Path, tree: ast.Module) -> Iterator[LogCall]:
    """Yield the calls of a module that log, whatever name they go by."""
    aliases = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _mentions_a_level(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if (
            _is_level(function)
            or (isinstance(function, ast.Name) and function.id in aliases | {"bound_contextvars"})
            or (
                isinstance(function, ast.Attribute)
                and function.attr in ("bind", "bind_contextvars")
            )
        ):
            yield LogCall(where=f"{where}:{node.lineno}", call=node)


def _is_level(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in LEVELS
        and ast.unparse(node.value) in LOGGERS
    )


def _mentions_a_level(value: ast.expr) -> bool:
    """Tell `say = log.warning if started else log.info`, but not `answer = log.info(...)`."""
    called = {id(node.func) for node in ast.walk(value) if isinstance(node, ast.Call)}
    return any(_is_level(node) and id(node) not in called for node in ast.walk(value))


def gathered_names(where: Path, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield every name put among the facts that are logged together, with its place."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr="facts")], value=ast.Dict(keys=keys)):
                found = [*keys]
            case ast.Assign(targets=[ast.Subscript(value=ast.Attribute(attr="facts"), slice=key)]):
                found = [key]
            case ast.FunctionDef(name=name) if name in GATHERING_FUNCTIONS:
                found = [
                    key
                    for returned in ast.walk(node)
                    if isinstance(returned, ast.Return) and isinstance(returned.value, ast.Dict)
                    for key in returned.value.keys
                ]
            case _:
                continue
        for each in found:
            text = each.value if isinstance(each, ast.Constant) else ast.unparse(each or node)
            yield f"{where}:{node.lineno}", str(text)


def problems_of(where: Path, tree: ast.Module) -> list[str]:
    return [
        *(problem for call in log_calls(where, tree) for problem in call.problems()),
        *(
            f"{place}: {name} is not on the list"
            for place, name in gathered_names(where, tree)
            if name not in ALLOWED
        ),
    ]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("log.info('order_fetched', pair=pair)", None),
        ("log.info('order_fetched', address=a)", "x.py:1: address is not on the list"),
        ("log.info(f'order {po}')", "x.py:1: an event is a fixed name, not a sentence"),
        ("log.info('order %s', po)", "x.py:1: an event takes its facts by name"),
        ("log.info('order_fetched', **order)", "x.py:1: **order could hold anything"),
        ("say = log.info if a else log.warning\nsay('x', email=b)", "x.py:2: email is not"),
        ("workflow.logger.warning('x', body=b)", "x.py:1: body is not on the list"),
        ("log.bind(token=t)", "x.py:1: token is not on the list"),
        ("request.state.facts = {'buyer': 1}", "x.py:1: buyer is not on the list"),
        ("request.state.facts['phone'] = p", "x.py:1: phone is not on the list"),
        ("def _order_named_by(a):\n    return {'name': 1}", "x.py:1: name is not on the list"),
    ],
)
def test_guard_sees_what_may_not_be_logged(code: str, problem: str | None):
    found = problems_of(Path("x.py"), ast.parse(code))

    assert len(found) == (1 if problem else 0)
    assert "".join(found).startswith(problem or "")


def test_log_calls_name_nothing_about_a_person():
    problems = [problem for where, tree in service_code() for problem in problems_of(where, tree)]

    assert problems == []


def test_every_name_on_the_list_is_used():
    calls = [call for where, tree in service_code() for call in log_calls(where, tree)]
    used = {keyword.arg for each in calls for keyword in each.call.keywords}
    used |= {name for where, tree in service_code() for _, name in gathered_names(where, tree)}

    assert sorted(ALLOWED - used) == []


def test_logs_are_only_written_through_structlog():
    """Other ways would go past the list above; commands/logs.py joins both."""
    strays = [
        f"{where}: {module}"
        for where, tree in service_code()
        if where != Path("commands/logs.py")
        for node in ast.walk(tree)
        for module in _imported(node)
        if module == "logging"
    ]

    assert strays == []


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [name.name for name in names]
        case ast.ImportFrom(module=module):
            return [module or ""]
        case _:
            return []
