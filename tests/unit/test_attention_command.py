"""`m3-walmart attention`: many answers at once, and what it refuses by itself."""

import json
import os
import re
import shlex
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from commands.answers import StillAtWork, give, give_all, print_given
from commands.case_views import ARGUMENTS
from commands.cases import CaseFilter, list_cases
from commands.main import app
from commands.orders import NoAnswer
from domain.answers import ANSWERS, read_answer
from domain.orders import OrderRef
from tests.attention_fakes import PO, FakeOrder, attention, client_of, summary
from tests.guards.repository import ROOT
from tests.settings_samples import PAIR, SECRET_NAMES

NOWHERE = "127.0.0.1:1"  # nobody listens on port 1
NEEDS = {
    "reject": ["--reason", "no", "--cancellation-reason", "SELLER_CANCEL_PRICING_ERROR"],
    "map-sku": ["MUG", "400123"],
    "skip": ["reserve_stock", "--reason", "done"],
    "take-over": ["0010000123"],
    "tag": ["vip"],
}
REF = OrderRef(pair="acme", purchase_order_id=PO)


# Many at once


async def test_all_orders_of_a_cause_are_answered_and_refusals_counted(
    capsys: pytest.CaptureFixture[str],
):
    waits = summary(attention())
    orders = {str(number): FakeOrder(waits) for number in range(30)}
    orders |= {f"9{number}": FakeOrder(waits, "nothing is held") for number in range(3)}
    client = client_of(orders)

    given = await give_all(client, await list_cases(client, CaseFilter()), "retry", {"by": "ann"})

    print_given(given, as_json=False)
    assert capsys.readouterr().out == "taken by 30 of 33 orders\n3 not: nothing is held\n"


async def test_without_a_worker_not_every_order_is_waited_for():
    orders = {str(number): FakeOrder(None) for number in range(200)}
    client = client_of(orders)

    given = await give_all(client, await list_cases(client, CaseFilter()), "retry", {"by": "ann"})

    assert {(each.taken, each.said) for each in given} == {(False, "no worker answered")}
    assert sum(order.asked for order in orders.values()) < 100


def test_cause_without_an_order_is_said(capsys: pytest.CaptureFixture[str]):
    print_given([], as_json=False)

    assert capsys.readouterr().out == "No cases match.\n"


async def test_answer_no_worker_took_may_still_be_taken_later():
    with pytest.raises(NoAnswer, match="look at the order before you answer again"):
        await give(client_of({PO: FakeOrder(None)}), REF, "retry", {"by": "ann"})


async def test_answer_that_takes_long_is_not_said_to_be_refused():
    slow = FakeOrder(summary(attention()), late=True)

    with pytest.raises(StillAtWork, match="has taken the answer"):
        await give(client_of({PO: slow}), REF, "take_over", {"by": "ann"})


# What the command refuses without asking anybody


def line_of(*words: str) -> str:
    result = CliRunner().invoke(app, ["attention", *words])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    return str(result.stderr).strip()


def test_answer_is_for_one_order_or_for_a_cause():
    assert line_of("retry") == "name one order, or all orders of a --cause"
    assert line_of("retry", PO, "--cause", "M3_UNAVAILABLE") == line_of("retry")


def test_wrong_tag_is_refused_at_once():
    said = line_of("tag", PO, "Very Important", "--pair", "acme")

    assert said.startswith("tag: tags.0: String should match pattern")


def test_cause_that_cannot_be_one_is_refused():
    assert "capitals, digits and underscores" in line_of("retry", "--cause", "x' OR Pair = 'y")


def test_reason_walmart_does_not_know_is_answered_with_those_it_does():
    said = line_of("reject", PO, "--reason", "no", "--cancellation-reason", "BORED")

    assert "SELLER_CANCEL_PRICING_ERROR" in said.replace("\n", "")


def test_name_of_several_words_has_to_be_quoted():
    assert "quote a name" in line_of("assign", PO, "Ann", "Miller", "--pair", "acme")


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in SECRET_NAMES:
        monkeypatch.setenv(name, "swordfish")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    path = tmp_path / "m3-walmart.toml"
    path.write_text(PAIR + '[ledger]\npath = "ledger.db"\n')
    return path


def test_address_is_not_sent_where_the_key_is_not(settings_file: Path):
    said = line_of("correct", PO, "--city", "Bentonville", "--config", str(settings_file))

    assert said.startswith(f"{settings_file.parent}/ledger.key: No such file or directory")
    assert "is not sent" in said
    assert not (settings_file.parent / "ledger.key").exists(), "a key nobody else has"


def test_address_is_not_sent_with_a_key_that_is_none(settings_file: Path):
    (settings_file.parent / "ledger.key").write_text("swordfish")

    said = line_of("correct", PO, "--city", "Bentonville", "--config", str(settings_file))

    assert said.endswith("the address was not sent")
    assert "swordfish" not in said


def test_address_without_a_part_is_refused():
    assert line_of("correct", PO).startswith("give at least one part of the address")


@pytest.mark.parametrize(
    "command", ["show", "approve", "retry", "reject", "map-sku", "skip", "take-over", "tag"]
)
def test_order_is_looked_for_in_the_pair_that_is_named(
    command: str, settings_file: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TEMPORAL_ADDRESS", NOWHERE)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    other = PAIR.replace('"acme"', '"other"').replace('"AAA"', '"BBB"')
    settings_file.write_text(PAIR + other)
    words = [command, PO, *NEEDS.get(command, []), "--config", str(settings_file)]

    assert line_of(*words) == "several pairs (acme, other); name one with --pair"
    assert line_of(*words, "--pair", "other").startswith(f"Temporal at {NOWHERE} cannot be")


# What is written about it


def documented() -> list[tuple[str, str]]:
    text = (ROOT / "docs/answers.md").read_text(encoding="utf-8")
    return re.findall(r"```json (\w+)\n(.*?)```", text, flags=re.DOTALL)


def test_every_answer_is_documented():
    assert [name for name, _ in documented()] == list(ANSWERS)


@pytest.mark.parametrize(("name", "payload"), documented())
def test_documented_payload_is_one_an_order_takes(name: str, payload: str):
    read_answer(name, json.loads(payload))


def documented_commands() -> list[str]:
    text = (ROOT / "docs/answers.md").read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(r"^ {4}m3-walmart (attention .*)$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("line", documented_commands())
def test_documented_command_is_one_that_is_sent(line: str, settings_file: Path):
    (settings_file.parent / "ledger.key").write_bytes(Fernet.generate_key())
    environment = {"M3_WALMART_CONFIG": str(settings_file), "TEMPORAL_ADDRESS": NOWHERE}

    said = CliRunner().invoke(app, shlex.split(line), env=environment)

    assert said.stderr.startswith(f"Temporal at {NOWHERE} cannot be reached")


def test_commands_are_documented():
    words = {line.split()[1] for line in documented_commands()}

    assert words == set(ARGUMENTS) | {"assign", "tag"}
