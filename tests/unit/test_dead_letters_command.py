"""`m3-walmart dead-letters`, without Temporal: list, show and discard."""

import json
import os
from asyncio import run as run_async
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from commands.main import app
from ledger.dead_letters import Letter, LetterCause, LetterSource
from ledger.store import open_ledger
from tests.settings_samples import PAIR, SECRET_NAMES

BODY = b'{"name": "Jane Doe"'


@pytest.fixture(autouse=True)
def letters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder with settings and a ledger of three letters, and no Temporal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")  # nobody listens on port 1
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    for name in SECRET_NAMES:
        monkeypatch.setenv(name, "swordfish")
    Path("m3-walmart.toml").write_text(f'{PAIR}\n[ledger]\npath = "ledger.db"\n', encoding="utf-8")
    run_async(fill(tmp_path / "ledger.db"))


async def fill(path: Path) -> None:
    causes = (LetterCause.UNREADABLE, LetterCause.UNKNOWN_ORDER, LetterCause.UNKNOWN_ORDER)
    async with open_ledger(path) as ledger:
        for number, cause in enumerate(causes, start=1):
            letter = Letter(
                source=LetterSource.WALMART if number == 1 else LetterSource.ION,
                cause=cause,
                pair="acme",
                kind="Sync.Shipment",
                reason="a test",
                purchase_order_id="1796277083022",
                fingerprint=str(number),
                body=BODY,
            )
            at = datetime.now(UTC) + timedelta(seconds=number)
            await ledger.dead_letters.keep(letter, at=at)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["dead-letters", *words])


def answer(*words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def ids(*words: str) -> list[int]:
    return [letter["id"] for letter in answer("list", *words)]


def test_open_letters_are_listed_the_latest_first():
    assert ids() == [3, 2, 1]
    assert ids("--cause", "UNKNOWN_ORDER") == [3, 2]
    assert ids("--source", "walmart") == [1]
    assert ids("--state", "discarded") == []


def test_list_names_what_a_letter_is_about():
    shown = run("list").output

    assert "UNREADABLE" in shown
    assert "1796277083022" in shown


def test_empty_list_says_so():
    run("discard", "1", "2", "3", "--reason", "a test", "--by", "ann")

    assert run("list").output == "no open dead letters\n"


def test_what_was_sent_is_shown_on_demand_only():
    assert "Jane" not in run("list").output + run("list", "--json").output
    assert "Jane" not in run("show", "1").output + run("show", "1", "--json").output

    assert "Jane Doe" in run("show", "1", "--body").output
    assert answer("show", "1", "--body")["body"] == BODY.decode()


def test_discarded_letter_keeps_who_and_why():
    done = answer("discard", "1", "--reason", "a sample delivery", "--by", "ann")

    assert done == [{"id": 1, "state": "discarded", "result": "a sample delivery"}]
    shown = answer("show", "1")
    assert (shown["state"], shown["closed_by"]) == ("discarded", "ann")
    assert shown["closed_reason"] == "a sample delivery"
    assert ids() == [3, 2]


def test_letter_is_discarded_once():
    run("discard", "1", "--reason", "first", "--by", "ann")

    [again] = answer("discard", "1", "--reason", "second", "--by", "ben")

    assert again == {"id": 1, "state": "discarded", "result": "was discarded before"}
    assert answer("show", "1")["closed_by"] == "ann"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("discard", "1", "--reason", " "), "say why with --reason"),
        (("discard", "1", "77", "--reason", "a test"), "there is no dead letter 77"),
        (("show", "77"), "there is no dead letter 77"),
        (("replay",), "--cause or --all"),
        (("replay", "1", "--all"), "--cause or --all"),
        (("replay", "1"), "Temporal at 127.0.0.1:1"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(words: tuple[str, ...], said: str):
    result = run(*words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert ids() == [3, 2, 1]


def test_lost_key_is_said_in_one_line():
    Path("ledger.key").unlink()

    result = run("list")

    assert result.exit_code == 2
    assert "ledger.key" in result.stderr
    assert result.stderr.count("\n") == 1
