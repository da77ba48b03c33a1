"""Each of our services as docker-compose.yml runs it, without Docker.

A virtual environment gets the wheel and sees the installed dependencies. In it run the exact
commands and health checks of the file, with the settings and secrets of the simulators; only mount
points, host names and ports are those of this machine.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from commands.demo.processes import free_port
from tests.compose_file import ROOT, compose, env_file

SIMULATED = ROOT / "deploy" / "simulators"
SERVICES = compose(**env_file(SIMULATED / "compose.env"))["services"]
LASTING = ("simulators", "starter", "worker")


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments, "--quiet", "--no-deps", "--no-index"]
    subprocess.run(command, check=True)  # noqa: S603


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a virtual environment that has the wheel and knows nothing of this clone."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, symlinks=True)
    pip("--python", str(folder / "bin" / "python"), "install", str(wheel))
    [packages] = folder.glob("lib/python*/site-packages")
    # A folder named in a .pth file does not have its own .pth files read, and so not the one that
    # leads back here.
    dependencies = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    (packages / "dependencies.pth").write_text("\n".join(sorted(dependencies)))
    return folder / "bin"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a process ended."""

    status: int
    output: str


class Container:
    """One service of the file, with the settings and secrets that are mounted into it."""

    def __init__(
        self, service: str, folder: Path, *, path: str, addresses: Mapping[str, str], namespace: str
    ) -> None:
        self.service = SERVICES[service]
        self.folder = folder / service
        self.places = {
            **addresses,
            "/etc/m3-walmart": str(self.folder),
            "/run/secrets": str(self.folder),
            "/var/lib/m3-walmart": str(self.folder),
        }
        self.environment = {
            "PATH": path,
            "HOME": str(self.folder),
            **{name: self.here(text) for name, text in self.service["environment"].items()},
            "TEMPORAL_NAMESPACE": namespace,
        }
        self.folder.mkdir(exist_ok=True)
        for source in self._mounted():
            text = self.here(source.read_text(encoding="utf-8"))
            (self.folder / source.name).write_text(text, encoding="utf-8")

    def _mounted(self) -> list[Path]:
        secrets = [SIMULATED / "secrets" / name for name in self.service.get("secrets", [])]
        return [*secrets, SIMULATED / "m3-walmart.toml"]

    def here(self, text: str) -> str:
        """Say for this machine what is said for the container."""
        names = "|".join(re.escape(name) for name in self.places)
        return re.sub(names, lambda found: self.places[found[0]], text)

    async def start(self) -> asyncio.subprocess.Process:
        return await self._execute([*self.service.get("entrypoint", []), *self.service["command"]])

    async def check_health(self) -> Outcome:
        match self.service["healthcheck"]["test"]:
            case ["CMD", *words]:
                process = await self._execute(words)
            case ["CMD-SHELL", line]:
                process = await self._execute(["/bin/sh", "-c", line])
            case other:
                raise AssertionError(other)
        return await outcome(process)

    async def _execute(self, words: list[str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *map(self.here, words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            stdin=asyncio.subprocess.DEVNULL,
            cwd=self.folder,
            env=self.environment,
        )


async def outcome(process: asyncio.subprocess.Process) -> Outcome:
    output, _ = await process.communicate()
    assert process.returncode is not None
    return Outcome(status=process.returncode, output=output.decode())


class Machine:
    """Where the containers run."""

    def __init__(self, folder: Path, programs: Path, temporal: Path, address: str) -> None:
        self.folder = folder
        self.path = os.pathsep.join([str(programs), str(temporal.parent), os.defpath])
        self.namespace = "deployment"
        self.walmart, self.m3, self.starter = (str(free_port()) for _ in range(3))
        self.addresses = {
            "temporal:7233": address,
            "//simulators:": "//127.0.0.1:",
            "//starter:": "//127.0.0.1:",
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - the name is taken out, not bound
            "8080": self.starter,
            "8081": self.walmart,
            "8082": self.m3,
        }

    def container(self, service: str) -> Container:
        return Container(
            service,
            self.folder,
            path=self.path,
            addresses=self.addresses,
            namespace=self.namespace,
        )

    async def run_once(self, service: str) -> None:
        """Run a service to its end, and again after a failure, as `restart: on-failure` does."""
        async for attempt in patience():
            with attempt:
                ended = await outcome(await self.container(service).start())
                assert ended.status == 0, ended.output

    @asynccontextmanager
    async def running(self, service: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run a lasting service from when it is healthy until the block ends it."""
        container = self.container(service)
        process = await container.start()
        try:
            async for attempt in patience():
                with attempt:
                    if process.returncode is not None:
                        raise RuntimeError((await outcome(process)).output)
                    assert (await container.check_health()).status == 0
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


def patience() -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception_type(AssertionError),
        stop=stop_after_delay(60),
        wait=wait_fixed(0.1),
        reraise=True,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(
    tmp_path_factory: pytest.TempPathFactory,
    programs: Path,
    temporal_binary: str,
    temporal_address: str,
) -> Machine:
    """A machine whose Temporal has been prepared by the services that run once."""
    folder = tmp_path_factory.mktemp("machine")
    machine = Machine(folder, programs, Path(temporal_binary), temporal_address)
    for service in ("temporal-namespace", "schedules"):
        await machine.run_once(service)
    return machine


def test_wheel_holds_every_file_of_its_packages(wheel: Path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    files = {
        path.relative_to(ROOT).as_posix()
        for name in packed
        for path in [ROOT / name, *(ROOT / name).rglob("*")]
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert "mappings/order_head.yaml" in files
    assert files <= set(zipfile.ZipFile(wheel).namelist())


def test_installed_command_does_not_run_from_the_clone(programs: Path, tmp_path: Path):
    said = subprocess.run(  # noqa: S603
        [programs / "python", "-c", "import commands.main, settings; print(settings.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.startswith(str(programs.parent))


async def test_one_time_services_can_be_repeated(machine: Machine):
    for service in ("temporal-namespace", "schedules"):
        ended = await outcome(await machine.container(service).start())
        assert ended.status == 0, ended.output


async def test_order_goes_from_webhook_to_acknowledgement(machine: Machine):
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        for service in LASTING:
            await stack.enter_async_context(machine.running(service))
        walmart = f"http://127.0.0.1:{machine.walmart}/_sim"

        await http.post(f"{walmart}/orders", json={"count": 1, "mix": "plain"})

        async for attempt in patience():
            with attempt:
                audit = (await http.get(f"{walmart}/audit")).json()
                [order] = audit["orders"]
                assert order["acknowledged_at"]
    assert order["notified_at"], "the starter was not subscribed"
    assert len(order["m3_orders"]) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_services_end_well_when_asked(machine: Machine, number: signal.Signals):
    async with AsyncExitStack() as stack:
        processes = {
            service: await stack.enter_async_context(machine.running(service))
            for service in LASTING
        }
        for process in processes.values():
            process.send_signal(number)
        ended = {service: await outcome(process) for service, process in processes.items()}

    assert {service: each.status for service, each in ended.items()} == dict.fromkeys(LASTING, 0)
    assert not [each.output for each in ended.values() if "Traceback" in each.output]
    assert '"event": "starter_closed"' in ended["starter"].output
    assert '"event": "worker_stopped"' in ended["worker"].output
    secrets = [each.read_text().strip() for each in (SIMULATED / "secrets").iterdir()]
    assert not [text for text in secrets for each in ended.values() if text in each.output]
