"""Collect the cause codes the code can produce, from the code itself."""

import ast
import re
from collections.abc import Iterator

from mappings.loader import SHIPPED
from mappings.problems import Problems
from mappings.yaml_files import read_entries
from tests.guards.repository import service_code

# Who can be unavailable, throttle, refuse: the `system` of the errors in domain/errors.py.
SYSTEMS = ("M3", "WALMART")

CARRIERS_OF_CAUSES = {"InvalidOrder", "Failure"}
CARRIERS_OF_CODES = {"Finding"}


def cause_codes() -> set[str]:
    """Return every cause code; one that ends in a value of its own as a pattern: UNMAPPED_*."""
    modules = [(where, tree) for where, tree in service_code()]
    rules = set(read_entries(SHIPPED / "validation.yaml", Problems()))
    return rules | {
        code
        for where, tree in modules
        for code in (*_of_error_classes(tree), *_of_calls(tree))
        if where.parts[0] != "commands"
    }


def _of_error_classes(tree: ast.Module) -> Iterator[str]:
    """Yield what classes set as `self.cause`."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name("self"), attr="cause")]):
                yield from _texts(node.value)


def _of_calls(tree: ast.Module) -> Iterator[str]:
    """Yield the causes given to InvalidOrder(cause=...) and Failure(cause=...).

    Where a function passes its own parameter on, its callers in the same file are asked.
    """
    for function, call in _calls_with_their_function(tree):
        name = ast.unparse(call.func).rpartition(".")[2]
        for keyword in call.keywords:
            is_cause = name in CARRIERS_OF_CAUSES and keyword.arg == "cause"
            if not is_cause and not (name in CARRIERS_OF_CODES and keyword.arg == "code"):
                continue
            parameters = [each.arg for each in function.args.args] if function else []
            if isinstance(keyword.value, ast.Name) and keyword.value.id in parameters and function:
                yield from _from_callers(tree, function, parameters.index(keyword.value.id))
            else:
                yield from _texts(keyword.value)


def _calls_with_their_function(
    tree: ast.Module,
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | None, ast.Call]]:
    inside: dict[ast.AST, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside |= dict.fromkeys(ast.walk(node), node)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield inside.get(node), node


def _from_callers(
    tree: ast.Module, function: ast.FunctionDef | ast.AsyncFunctionDef, position: int
) -> Iterator[str]:
    for _, call in _calls_with_their_function(tree):
        if ast.unparse(call.func) == function.name:
            yield from _texts(call.args[position])


def _texts(value: ast.expr) -> Iterator[str]:
    """Yield the codes an expression can be: `cause or "UNEXPECTED_ERROR"`, f"UNMAPPED_{table}"."""
    match value:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=parts):
            pattern = "".join(
                str(part.value) if isinstance(part, ast.Constant) else f"{{{_named(part)}}}"
                for part in parts
            )
            for system in SYSTEMS:
                yield re.sub(r"\{.*?\}", "*", pattern.replace("{system.upper()}", system))
        case ast.BoolOp(values=values):
            for each in values:
                yield from _texts(each)
        case ast.IfExp(body=body, orelse=other):
            yield from _texts(body)
            yield from _texts(other)
        case ast.Name() | ast.Attribute():
            return  # handed on from where it was made, which is found there
        case _:
            raise AssertionError(f"a cause the guard can't follow: {ast.unparse(value)}")


def _named(part: ast.expr) -> str:
    return ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else "?"
