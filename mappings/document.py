"""Change single fields of a mapping file and keep everything else as its author wrote it.

For an editor of mappings: comments, order of fields, quotes and line breaks survive. Nothing is
checked here; `load_mappings` checks what was saved.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from mappings.yaml_files import plain

# Texts that need no quotes and look better without: paths, names of converters and tables.
_BARE = re.compile(r"[A-Za-z_][\w.]*")


class _Representer(RoundTripRepresenter):
    """Writes null, where ruamel.yaml would leave a field that looks unfinished."""

    def represent_none(self, _data: None) -> ScalarNode:
        """Return the word null."""
        null: ScalarNode = self.represent_scalar("tag:yaml.org,2002:null", "null")
        return null


_Representer.add_representer(type(None), _Representer.represent_none)


class MappingDocument:
    """One mapping file, shipped or override, open for editing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._yaml = YAML()
        self._yaml.Representer = _Representer
        self._yaml.preserve_quotes = True
        self._yaml.width = 1000  # Lines stay as long as they are.
        # Otherwise [text, {cut: 36}] would lose its inner braces.
        self._yaml.brace_single_entry_mapping_in_flow_sequence = True
        text = path.read_text(encoding="utf-8")
        # A file of comments alone gets its first key, so that there is something they belong to.
        content = self._yaml.load(text) or self._yaml.load(f"{text.rstrip()}\nfields:\n")
        self._content: CommentedMap = content

    @property
    def target(self) -> str:
        """Return the record the mapping fills; empty in an override that does not repeat it."""
        return str(self._content.get("target", ""))

    def fields(self) -> dict[str, Any]:
        """Return the rule of each field in the order of the file; None removes a field."""
        return {str(name): plain(rule) for name, rule in self._fields.items()}

    def set_field(self, name: str, rule: Mapping[str, Any] | None) -> None:
        """Give a field a rule; a new field comes last. None makes an override remove the field."""
        old = self._fields.get(name)
        if rule is not None and isinstance(old, CommentedMap):
            _update(old, rule)
        else:
            self._fields[name] = _node(rule)

    def remove_field(self, name: str) -> None:
        """Take a field and its comments out of the file.

        Raises:
            KeyError: the file has no such field.
        """
        del self._fields[name]

    def save(self) -> None:
        """Write the file. Whoever reads it meanwhile sees the old or the new one, whole."""
        draft = self._path.with_name(f".{self._path.name}.draft")
        with draft.open("w", encoding="utf-8") as stream:
            self._yaml.dump(self._content, stream)
        os.replace(draft, self._path)

    @property
    def _fields(self) -> CommentedMap:
        fields = self._content.get("fields")
        if fields is None:
            fields = self._content["fields"] = CommentedMap()
        if not isinstance(fields, CommentedMap):
            raise TypeError(f"{self._path}: fields is no mapping")
        return fields


def _update(old: CommentedMap, rule: Mapping[str, Any]) -> None:
    """Change a rule in place, so that the comments on it and unchanged values stay."""
    for key in [key for key in old if key not in rule]:
        del old[key]
    for key, value in rule.items():
        if key not in old or plain(old[key]) != value:
            old[key] = _node(value)


def _node(value: Any) -> Any:
    """Return what ruamel.yaml writes on one line, with quotes where they help."""
    if isinstance(value, Mapping):
        node = CommentedMap({key: _node(part) for key, part in value.items()})
        node.fa.set_flow_style()
        return node
    if isinstance(value, list):
        sequence = CommentedSeq([_node(part) for part in value])
        sequence.fa.set_flow_style()
        return sequence
    if isinstance(value, str) and not _BARE.fullmatch(value):
        return DoubleQuotedScalarString(value)
    return value
