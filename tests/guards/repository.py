"""The files of this repository, for the guards that read them."""

import ast
import fnmatch
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Hidden folders belong to tools, except those of continuous integration.
HIDDEN_BUT_OURS = {".ci", ".github"}

LAYERS = {
    "domain",
    "mappings",
    "connectors",
    "ledger",
    "activities",
    "workflows",
    "starter",
    "commands",
}

ENTRY_POINTS = {"worker.py", "settings.py", "settings_kinds.py", "settings_problems.py"}


def files() -> Iterator[Path]:
    """Yield every file but those .gitignore leaves out; works without git, as in an image."""
    patterns = [
        line.strip().rstrip("/")
        for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    folders = [ROOT]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns):
                continue
            if path.is_file():
                yield path
            elif not path.name.startswith(".") or path.name in HIDDEN_BUT_OURS:
                folders.append(path)


def service_code() -> Iterator[tuple[Path, ast.Module]]:
    """Yield every Python file of the service itself, parsed."""
    for path in files():
        where = path.relative_to(ROOT)
        is_entry_point = where.name in ENTRY_POINTS and len(where.parts) == 1
        if path.suffix == ".py" and (where.parts[0] in LAYERS or is_entry_point):
            yield where, ast.parse(path.read_text(encoding="utf-8"))
