"""docker-compose.yml as Compose understands it, for the tests that look into it."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
COMPOSE_FILE = ROOT / "docker-compose.yml"

Service = dict[str, Any]

_INTERPOLATION = re.compile(r"\$\$|\$\{(?P<name>\w+):-(?P<default>[^}]*)\}")


def compose(**variables: str) -> dict[str, Any]:
    """Return the file with the variables put in, and $$ read as a dollar sign."""
    document = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))
    resolved: dict[str, Any] = _resolve(document, variables)
    return resolved


def env_file(path: Path) -> dict[str, str]:
    """Return what a file for `docker compose --env-file` sets."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _resolve(value: Any, variables: dict[str, str]) -> Any:
    match value:
        case dict():
            return {key: _resolve(each, variables) for key, each in value.items()}
        case list():
            return [_resolve(each, variables) for each in value]
        case str():
            return _INTERPOLATION.sub(
                lambda found: (
                    variables.get(found["name"], found["default"]) if found["name"] else "$"
                ),
                value,
            )
        case _:
            return value
