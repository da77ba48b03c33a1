"""Read the `convert` part of a rule: one converter or a list, applied from left to right."""

from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from mappings.catalog import Kind
from mappings.converters import CONVERTERS, Converter
from mappings.problems import Problems, Where, suggestion
from mappings.yaml_files import Entry

Step = Callable[[Any, ZoneInfo], Any]


def read_steps(
    part: Entry | None,
    *,
    kind: Kind,
    length: int | None,
    problems: Problems,
) -> tuple[tuple[Step, ...], Kind, int | None]:
    """Return the steps, the kind of value that leaves them, and its greatest known length."""
    steps: list[Step] = []
    for name, converter, argument in _named(part, problems):
        if part is not None and kind not in converter.accepts:
            wanted = " or ".join(sorted(converter.accepts))
            problems.add(
                part.where,
                f"{name} converts {wanted}, not a {kind}",
                mend="change the order of the converters, or take another",
            )
        steps.append(converter.bind(argument))
        kind, length = converter.gives, _length(name, argument, length)
    return tuple(steps), kind, length


def _named(
    part: Entry | None, problems: Problems
) -> Iterator[tuple[str, Converter, int | str | None]]:
    if part is None:
        return
    for item in part.value if isinstance(part.value, list) else [part.value]:
        if isinstance(item, dict) and len(item) == 1:
            [(name, argument)] = item.items()
        else:
            name, argument = str(item), None
        converter = CONVERTERS.get(name)
        if converter is None:
            problems.add(
                part.where, f"there is no converter {name}", mend=suggestion(name, CONVERTERS)
            )
        elif _has_argument(name, converter, argument, part.where, problems):
            yield name, converter, argument


def _has_argument(
    name: str, converter: Converter, argument: object, where: Where, problems: Problems
) -> bool:
    if converter.argument is None and argument is not None:
        problems.add(where, f"{name} takes no argument", mend=f"write convert: {name}")
        return False
    if converter.argument is int and not (type(argument) is int and argument > 0):
        problems.add(where, f"{name} takes a length", mend=f"write {{{name}: 36}}")
        return False
    if converter.argument is str and not isinstance(argument, str):
        problems.add(where, f"{name} takes a text", mend=f'write {{{name}: "..."}}')
        return False
    return True


def _length(name: str, argument: int | str | None, length: int | None) -> int | None:
    """Return how long a value can be after a converter, as far as that is known."""
    if name in ("cut", "cut_at_word") and isinstance(argument, int):
        return argument if length is None else min(argument, length)
    if name == "prefix" and length is not None:
        return length + len(str(argument))
    return None if name == "join" else length
