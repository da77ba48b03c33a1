"""docker-compose.yml: valid, pinned, hardened, and without a secret in it."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from simulators.m3.authorization import ionapi_file
from tests.compose_file import COMPOSE_FILE, ROOT, compose, env_file

DEPLOY = ROOT / "deploy"
SIMULATED = DEPLOY / "simulators"
SERVICES = compose()["services"]
OURS = ("schedules", "starter", "worker", "simulators")
ONCE = ("schedules", "temporal-namespace", "temporal-schema")
LASTING = tuple(sorted(set(SERVICES) - set(ONCE)))


def test_file_follows_the_compose_specification():
    checked = subprocess.run(  # noqa: S603
        [
            f"{Path(sys.executable).parent}/check-jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            COMPOSE_FILE,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(name: str):
    service = SERVICES[name]

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), "runs as root"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_full_version(name: str):
    assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$", SERVICES[name]["image"])


def test_our_image_has_the_version_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {SERVICES[name]["image"] for name in OURS} == {f"m3-walmart:{project['version']}"}


def test_temporal_is_the_version_the_tests_run_against(temporal_binary: str):
    said = subprocess.run(  # noqa: S603
        [temporal_binary, "--version"], capture_output=True, text=True, check=True
    ).stdout
    [(server, ui)] = re.findall(r"Server ([\d.]+), UI ([\d.]+)", said)

    assert SERVICES["temporal"]["image"] == f"temporalio/server:{server}"
    assert SERVICES["temporal-schema"]["image"] == f"temporalio/admin-tools:{server}"
    assert SERVICES["temporal-namespace"]["image"] == f"temporalio/admin-tools:{server}"
    assert SERVICES["temporal-ui"]["image"] == f"temporalio/ui:{ui}"


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_watched_and_comes_back(name: str):
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", ONCE)
def test_what_runs_once_is_tried_again_and_waited_for(name: str):
    assert SERVICES[name]["restart"].startswith("on-failure:")
    waits = [each.get("depends_on", {}).get(name) for each in SERVICES.values()]
    assert {"condition": "service_completed_successfully"} in waits


def test_ports_are_open_to_this_machine_only():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_secret_stands_in_an_environment():
    names = {name for each in SERVICES.values() for name in each.get("environment", {})}
    secret = {name for name in names if re.search("PASSWORD|PWD|SECRET|TOKEN|KEY", name)}
    assert secret == {"POSTGRES_PASSWORD_FILE"}


@pytest.mark.parametrize("folder", [DEPLOY, SIMULATED])
def test_each_service_is_given_the_secrets_its_settings_name(folder: Path):
    text = (folder / "m3-walmart.toml").read_text(encoding="utf-8")
    read_by_all = set(re.findall(r'"file:/run/secrets/(\w+)"', text))
    read_by_worker = set(re.findall(r'ionapi_file = "/run/secrets/(\w+)"', text))

    assert read_by_all
    assert read_by_worker
    for name in OURS:
        wanted = read_by_all | read_by_worker if name == "worker" else read_by_all
        assert set(SERVICES[name]["secrets"]) == wanted


def test_secrets_come_from_files_that_are_described_and_not_in_the_repository():
    described = (DEPLOY / "secrets" / "README.md").read_text(encoding="utf-8")
    for name, secret in compose()["secrets"].items():
        assert secret == {"file": f"./deploy/secrets/{name}"}
        assert f"`{name}`" in described
    assert "*" in (DEPLOY / "secrets" / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_simulators_bring_their_own_settings_and_secrets():
    variables = env_file(SIMULATED / "compose.env")
    document = compose(**variables)

    assert variables["COMPOSE_PROFILES"] in document["services"]["simulators"]["profiles"]
    for kind in ("secrets", "configs"):
        for entry in document[kind].values():
            assert (ROOT / entry["file"]).is_file(), entry["file"]
    assert json.loads((SIMULATED / "secrets" / "m3_ionapi").read_text()) == ionapi_file(
        "http://simulators:8082", old=False
    )
