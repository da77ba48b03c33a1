"""The command line: what --help says, and the one line that is printed when something is wrong."""

import os
import re
from pathlib import Path
from typing import cast

import pytest
import typer
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from typer.core import TyperCommand, TyperGroup
from typer.testing import CliRunner, Result

from commands import main
from commands.main import app
from tests.settings_samples import PAIR, SECRET_NAMES

ORDER = "1796277083022"
NOWHERE = "127.0.0.1:1"  # nobody listens on port 1


def all_commands(group: TyperGroup, *above: str) -> dict[str, TyperCommand | TyperGroup]:
    """Return every command and group by the words that call it."""
    found: dict[str, TyperCommand | TyperGroup] = {}
    for name, command in group.commands.items():
        assert isinstance(command, TyperCommand | TyperGroup)
        found[" ".join((*above, name))] = command
        if isinstance(command, TyperGroup):
            found |= all_commands(command, *above, name)
    return found


COMMANDS = all_commands(typer.main.get_group(app))
WITHOUT_GROUPS = [n for n, command in COMMANDS.items() if isinstance(command, TyperCommand)]

READ_SETTINGS = [
    "worker",
    "starter",
    "doctor",
    "schedules apply",
    f"orders show {ORDER}",
    f"orders start {ORDER}",
    f"orders retry {ORDER}",
]
ASK_TEMPORAL = [
    "schedules apply",
    "orders list",
    f"orders show {ORDER}",
    f"orders start {ORDER}",
    f"orders retry {ORDER}",
]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, no Temporal, and logging as pytest has it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("commands.main.configure_logs", lambda: None)
    monkeypatch.setenv("TEMPORAL_ADDRESS", NOWHERE)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("M3_WALMART_CONFIG", raising=False)
    for name in SECRET_NAMES:
        monkeypatch.setenv(name, "swordfish")


def run(line: str) -> Result:
    return CliRunner().invoke(app, line.split())


def only_line(result: Result) -> str:
    """Return the one line a command ended with, and check that it is all there is."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert "swordfish" not in line
    return str(line)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_in_a_sentence_what_a_command_does(name: str):
    result = run(f"{name} --help")

    said = " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.output).split())
    first_sentence = " ".join((COMMANDS[name].help or "").split("\n\n")[0].split())
    assert result.exit_code == 0
    assert re.fullmatch(r"[A-Z].*\.", first_sentence), first_sentence
    assert first_sentence in said


def test_help_lists_every_command():
    result = run("--help")

    for name in COMMANDS:
        assert name.split()[0] in result.output


@pytest.mark.parametrize("name", WITHOUT_GROUPS)
def test_every_command_takes_a_settings_file(name: str):
    options = [option for each in COMMANDS[name].params for option in each.opts]

    assert "--config" in options


@pytest.mark.parametrize("name", WITHOUT_GROUPS)
def test_every_option_says_what_it_is_for(name: str):
    silent = [each.name for each in COMMANDS[name].params if not getattr(each, "help", None)]

    assert silent == []


@pytest.mark.parametrize("line", READ_SETTINGS)
def test_settings_that_are_not_there_end_with_one_line(line: str):
    said = only_line(run(f"{line} --config nowhere.toml"))

    assert said.startswith("nowhere.toml: no such file; copy m3-walmart.example.toml")


@pytest.mark.parametrize("line", READ_SETTINGS)
def test_wrong_setting_ends_with_one_line(line: str):
    Path("m3-walmart.toml").write_text(PAIR.replace("company = 100", "company = 1000"))

    assert only_line(run(line)) == (
        'm3-walmart.toml: pairs["acme"].m3.company: Input should be less than or equal to 999'
    )


def test_settings_file_can_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("M3_WALMART_CONFIG", "elsewhere.toml")

    assert only_line(run("doctor")).startswith("elsewhere.toml: no such file")


@pytest.mark.parametrize("line", ASK_TEMPORAL)
def test_temporal_that_is_not_there_ends_with_one_line(line: str):
    Path("m3-walmart.toml").write_text(PAIR)

    assert only_line(run(line)) == (
        f"Temporal at {NOWHERE} cannot be reached; start it or set TEMPORAL_ADDRESS"
    )


def test_brackets_in_a_message_are_printed_as_they_are():
    assert only_line(run("doctor --config [/x][red].toml")).startswith("[/x][red].toml: no such")


def test_list_of_orders_needs_no_settings():
    assert "Temporal" in only_line(run("orders list"))


@pytest.mark.parametrize("command", ["show", "start", "retry"])
def test_order_is_looked_for_in_the_pair_that_is_named(command: str):
    other = PAIR.replace('"acme"', '"other"').replace('"AAA"', '"BBB"')
    Path("m3-walmart.toml").write_text(PAIR + other)

    assert only_line(run(f"orders {command} {ORDER}")) == (
        "several pairs (acme, other); name one with --pair"
    )
    assert "Temporal" in only_line(run(f"orders {command} {ORDER} --pair other"))


def test_stage_that_does_not_exist_is_answered_with_those_that_do():
    result = run("orders list --stage sent")

    assert result.exit_code == 2
    assert "awaiting_delivery" in result.output


class CloudLikeClient:
    """A client of a namespace whose search attributes only an administrator may see and add."""

    namespace = "acme.a1b2c"

    @property
    def operator_service(self) -> "CloudLikeClient":
        return self

    async def list_search_attributes(self, request: object) -> None:
        raise RPCError("not allowed", RPCStatusCode.PERMISSION_DENIED, b"")


async def test_schedules_apply_names_the_search_attributes_it_may_not_add():
    said = await main._search_attributes(cast(Client, CloudLikeClient()))

    assert "NeedsAttention (Bool)" in said
    assert "ShipBy (Datetime)" in said
