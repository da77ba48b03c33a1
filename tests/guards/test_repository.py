"""What has to hold for every file: short enough to read, and true on any machine."""

import re

from tests.guards.repository import ROOT, files

MAX_LINES = 400

# Locked requirements, licenses, and facts that are data and read by nobody from top to bottom.
DATA = {".json", ".txt", ".csv", ".xml", ".svg", ".png", ""}

# Written in two parts, so that this file does not find itself.
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "ghcr" + ".io",
    "docker" + ".io",
    "quay" + ".io",
    "gcr" + ".io",
    "artifac" + "tory",
    "--index" + "-url",
    "--extra-index" + "-url",
    "--find" + "-links",
    "--trusted" + "-host",
]
MACHINE = re.compile("(?<![\\w.}/])/(?:" + "home|Users|root|work|mnt|tmp/\\w+" + ")/")


def texts() -> list[tuple[str, list[str]]]:
    """Return every file that is text, as lines."""
    found = []
    for path in files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found.append((str(path.relative_to(ROOT)), lines))
    return found


def test_no_file_is_longer_than_400_lines():
    too_long = {
        str(path.relative_to(ROOT)): count
        for path in files()
        if path.suffix not in DATA
        and (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }

    assert too_long == {}, "split them by subject"


def test_no_file_names_a_package_registry():
    named = [
        f"{name}:{number}: {registry}"
        for name, lines in texts()
        for number, line in enumerate(lines, start=1)
        for registry in REGISTRIES
        if registry in line.lower()
    ]

    assert named == [], "where packages come from is the business of whoever installs them"


def test_no_file_names_a_path_of_the_machine_it_was_written_on():
    named = [
        f"{name}:{number}: {line.strip()}"
        for name, lines in texts()
        for number, line in enumerate(lines, start=1)
        if MACHINE.search(line)
    ]

    assert named == []


def test_guard_knows_a_path_of_a_machine():
    for path in (
        "/ho" + "me/me/x",
        'open("/wo' + 'rk/main/x")',
        "/ro" + "ot/.cache",
        "/Us" + "ers/x/",
    ):
        assert MACHINE.search(path), path
    for path in ("/etc/acme.ionapi", "tests/home/x", "/run/secrets/x", "https://x.test/home/y"):
        assert not MACHINE.search(path), path
