"""[ledger] of the settings: a file, or a database whose address and key stand elsewhere."""

from pathlib import Path

import pytest
from sqlalchemy import URL

from settings import Settings, SettingsError, load_settings
from tests.settings_samples import PAIR, SECRET_NAMES

ADDRESS = "postgresql://service:swordfish%2F1@db.example.com:5432/m3_walmart"
ON_A_SERVER = '[ledger]\nurl = "env:LEDGER_URL"\nkey = "env:LEDGER_KEY"\n'


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SECRET_NAMES, "LEDGER_KEY"):
        monkeypatch.setenv(name, "swordfish")
    monkeypatch.setenv("LEDGER_URL", ADDRESS)


def load(folder: Path, ledger: str) -> Settings:
    path = folder / "m3-walmart.toml"
    path.write_text(f"{PAIR}\n{ledger}", encoding="utf-8")
    return load_settings(path)


def refusal(folder: Path, ledger: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(folder, ledger)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    assert "swordfish" not in text
    return text.partition(": ")[2]


def test_ledger_is_a_file_unless_it_is_said_otherwise(tmp_path: Path):
    ledger = load(tmp_path, "").ledger

    assert ledger.place == tmp_path / ".m3-walmart" / "ledger.db"
    assert not ledger.may_be_there
    assert ledger.keys == ""


def test_address_of_a_database_comes_from_elsewhere_and_is_not_shown(tmp_path: Path):
    settings = load(tmp_path, ON_A_SERVER)

    place = settings.ledger.place
    assert isinstance(place, URL)
    assert (place.host, place.database, place.password) == (
        "db.example.com",
        "m3_walmart",
        "swordfish/1",
    )
    assert settings.ledger.may_be_there
    assert settings.ledger.keys == "swordfish"
    assert "swordfish" not in f"{settings!r} {place!r} {place}"


def test_short_form_of_the_scheme_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEDGER_URL", "postgres:///m3_walmart?host=/run/postgresql")

    assert isinstance(load(tmp_path, ON_A_SERVER).ledger.place, URL)


@pytest.mark.parametrize(
    "address",
    [
        "swordfish",
        "swordfish://host/database",
        "mysql://user:swordfish@host/database",
        "sqlite:///swordfish.db",
        "postgresql://user:swordfish@host",
        "postgresql://user@host:swordfish/database",
    ],
)
def test_address_that_leads_to_no_database_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
):
    monkeypatch.setenv("LEDGER_URL", address)

    text = refusal(tmp_path, ON_A_SERVER)

    assert text.startswith("ledger.url: it leads to no PostgreSQL address; write postgresql://")


@pytest.mark.parametrize(
    ("ledger", "said"),
    [
        (f'[ledger]\nurl = "{ADDRESS}"\n', 'ledger.url: write "env:NAME" or "file:/path"; a secr'),
        ('[ledger]\nurl = "env:NOWHERE"\n', "ledger.url: set the environment variable NOWHERE"),
        (ON_A_SERVER + 'path = "ledger.db"\n', "ledger: set path, for one machine, or url"),
        ('[ledger]\nurl = "env:LEDGER_URL"\n', 'ledger: url needs key = "env:NAME" or "file:/pa'),
    ],
    ids=["in the file", "not set", "beside a path", "without a key"],
)
def test_wrong_place_of_the_ledger_is_named_with_its_mend(tmp_path: Path, ledger: str, said: str):
    assert refusal(tmp_path, ledger).startswith(said)
