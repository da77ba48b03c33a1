"""What the image is built from: everything the wheel needs, and nothing else."""

import re
import tomllib

from tests.compose_file import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKED = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]


def pins(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", text, re.MULTILINE))


def test_build_sees_what_is_packed_and_nothing_else():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    described = {"LICENSE", "README.md", "pyproject.toml"}

    assert "*" in lines
    assert allowed == {*PACKED, *described, "requirements.txt", "requirements-build.txt"}


def test_what_builds_the_wheel_is_what_builds_it_here():
    build, here = pins("requirements-build.txt"), pins("requirements-dev.txt")

    assert "hatchling" in build
    assert build.items() <= here.items()


def test_both_stages_start_from_one_pinned_python():
    stages = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert len(stages) == 2
    assert len(set(stages)) == 1
    assert re.fullmatch(r"python:3\.1[1-3]\.\d+-slim-\w+", stages[0])


def test_image_runs_as_the_user_the_compose_file_names():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [user] = re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)
    assert f'user: "{user}"' in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
