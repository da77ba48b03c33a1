"""m3-walmart.example.toml shows every setting there is, with its default, and nothing else."""

import itertools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from settings import Settings, load_settings
from tests.guards.repository import ROOT

EXAMPLE = ROOT / "m3-walmart.example.toml"

# What has a default but is shown as most people need it.
SHOWN_FILLED = {
    "pairs.mappings",  # no default can be written
    "pairs.m3.customer_number",
    "pairs.webhooks.method",
    "pairs.webhooks.secret",
    "pairs.ion.secret",
    "alerts.channels",
    "ledger.url",  # a file is enough for most
    "ledger.key",  # the file is made when it is missing, so that it is not shown as set
}

# Sections whose keys are names a person gives.
NAMED_BY_THE_READER = {"alerts.channels"}


def text_of_example() -> str:
    return EXAMPLE.read_text(encoding="utf-8")


def shown() -> dict[str, Any]:
    """Return every setting in the example, those behind a # included, by its dotted key."""
    content = re.sub(r"^# (?=[a-z_]+ = |\[)", "", text_of_example(), flags=re.MULTILINE)
    return dict(flat(tomllib.loads(content)))


def flat(section: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            [value] = value
        if isinstance(value, list):
            value = tuple(value)
        if isinstance(value, dict) and f"{above}{key}" not in NAMED_BY_THE_READER:
            yield from flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def known(model: type[BaseModel] = Settings, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting by its dotted key, with its default."""
    for name, field in model.model_fields.items():
        sections = [
            each
            for each in (field.annotation, *get_args(field.annotation))
            if isinstance(each, type) and issubclass(each, BaseModel)
        ]
        if sections:
            yield from known(sections[0], f"{above}{name}.")
        else:
            yield f"{above}{name}", field


def test_example_has_exactly_the_settings_there_are():
    assert set(shown()) == {key for key, _ in known()}


def test_example_shows_the_defaults():
    differing = {
        key: (shown()[key], str(field.default))
        for key, field in known()
        if not field.is_required()
        and key not in SHOWN_FILLED
        and shown()[key] != field.default
        and str(shown()[key]) != str(field.default)
    }

    assert differing == {}


def test_every_setting_and_section_is_explained_in_one_line():
    lines = text_of_example().splitlines()
    unexplained = [
        line
        for before, line in itertools.pairwise(lines)
        if re.match(r"(# )?([a-z_]+ = |\[)", line) and not re.fullmatch(r"# [A-Z\"t].*[.)]", before)
    ]

    assert unexplained == []


def test_example_loads_when_its_secrets_are_set(monkeypatch: pytest.MonkeyPatch):
    for name in re.findall(r'"env:([A-Z_]+)"', text_of_example()):
        monkeypatch.setenv(name, "swordfish")

    settings = load_settings(EXAMPLE)

    assert settings.pairs[0].m3.ionapi_file == ROOT / "acme.ionapi"
    assert "swordfish" not in repr(settings)


@pytest.mark.parametrize("path", [EXAMPLE, *sorted((ROOT / "deploy").rglob("*.toml"))])
def test_no_secret_stands_in_a_settings_file(path: Path):
    secrets = re.findall(
        r"^(?:client_id|client_secret|secret) = \"(.*?)\"",
        path.read_text(encoding="utf-8"),
        re.MULTILINE,
    )

    assert secrets
    assert [each for each in secrets if not each.startswith(("env:", "file:"))] == []
