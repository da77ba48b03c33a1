"""Read YAML files and remember the line of each key."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from mappings.problems import Problems, Where, display

Entries = Mapping[str, "Entry"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One key of a mapping in a YAML file."""

    key: str
    node: Any  # what ruamel.yaml made of the value
    where: Where

    @property
    def value(self) -> Any:
        """Return the value as plain text, numbers, lists and dictionaries."""
        return plain(self.node)


def plain(node: Any) -> Any:
    """Return `node` without the places and comments ruamel.yaml keeps."""
    if isinstance(node, Mapping):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [plain(value) for value in node]
    # ruamel's scalars are subclasses that remember quotes and bases.
    if isinstance(node, str):
        return str(node)
    if isinstance(node, int) and not isinstance(node, bool):
        return int(node)
    return node


def read_entries(path: Path, problems: Problems) -> Entries:
    """Return the top-level entries of a file; what cannot be read is noted as a problem."""
    file = display(path)
    try:
        content = YAML().load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = str(error.problem or "not YAML").splitlines()[0]
        problems.add(Where(file=file, line=line), what, mend="correct the YAML of this line")
        return {}
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        problems.add(Where(file=file, line=1), f"cannot be read: {error}", mend="see the file")
        return {}
    return entries(content, Where(file=file, line=1), problems)


def entries(node: Any, where: Where, problems: Problems) -> Entries:
    """Return the entries of a mapping; anything else is noted as a problem."""
    if not isinstance(node, CommentedMap):
        what = "is empty" if node is None else "is no mapping"
        problems.add(where, what, mend="write `key: value` lines")
        return {}
    return {
        str(key): _entry(key, value, Where(file=where.file, line=_line(node, key)), problems)
        for key, value in node.items()
    }


def _entry(key: Any, value: Any, where: Where, problems: Problems) -> Entry:
    if not isinstance(key, str):
        problems.add(where, f"the key {key} is not text", mend=f'write it in quotes: "{key}"')
    return Entry(key=str(key), node=value, where=where)


def _line(node: CommentedMap, key: Any) -> int:
    # A key that came in by a YAML merge (<<) has no line of its own.
    line = node.lc.data[key][0] if node.lc.data and key in node.lc.data else node.lc.line
    return int(line) + 1
