"""Compile an expression (CEL) of a mapping file, and say what is wrong with it where it stands."""

import re

import cel

from mappings.problems import Problems, Where, suggestion

FUNCTIONS = frozenset(
    {"size", "contains", "startsWith", "endsWith", "matches", "string", "int", "double"}
)

_BOUND = re.compile(r"\.(?:all|exists|exists_one|filter|map)\(\s*(\w+)\s*,")


def compiled(what: str, expression: str, where: Where, problems: Problems) -> cel.Program | None:
    """Return the program of an expression; None when it is no CEL, which is noted."""
    try:
        return cel.compile(expression)
    except ValueError as error:
        said = next((line for line in str(error).splitlines() if "rror: " in line), str(error))
        problems.add(
            where,
            f"{what} is no CEL: {said.rpartition('rror: ')[2]}",
            mend="see mappings/README.md for examples",
        )
        return None


def names_read(program: cel.Program) -> list[str]:
    """Return the variables it reads, without those it binds itself: x of `.exists(x, x > 1)`."""
    bound = set(_BOUND.findall(program.source))
    return [name for name in program.variables() if name not in bound]


def check_functions(what: str, program: cel.Program, where: Where, problems: Problems) -> None:
    """Note the functions that there are not."""
    for name in program.functions():
        if name.isidentifier() and not name.startswith("_") and name not in FUNCTIONS:
            problems.add(
                where, f"{what} calls {name}, which there is not", mend=suggestion(name, FUNCTIONS)
            )
