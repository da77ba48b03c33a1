"""The section [alerts]: a mistake in it stops the start and is named."""

from datetime import timedelta
from pathlib import Path

import pytest

from domain.alerts import AlertRule, AlertRules
from domain.attention import Urgency
from settings import Settings, SettingsError, load_settings
from tests.settings_samples import PAIR, SECRET_NAMES

CHANNELS = """
[alerts.channels]
ops = "env:ALERTS_OPS_URL"
boss = "env:ALERTS_OPS_URL"
"""
RULE = """
[[alerts.rules]]
channels = ["ops"]
"""


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRET_NAMES:
        monkeypatch.setenv(name, "swordfish")
    monkeypatch.setenv("ALERTS_OPS_URL", "json://swordfish")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m3-walmart.toml"


def load(path: Path, alerts: str) -> Settings:
    path.write_text(PAIR + alerts, encoding="utf-8")
    return load_settings(path)


def test_without_the_section_nobody_is_told(path: Path):
    alerts = load(path, "").alerts

    assert alerts.urls() == {}
    assert alerts.to_rules() == AlertRules(
        link="http://localhost:8233/namespaces/default/workflows/{workflow_id}"
    )


def test_a_rule_is_read_with_its_defaults(path: Path):
    alerts = load(path, CHANNELS + RULE).alerts

    assert alerts.to_rules().rules == (AlertRule(channels=("ops",)),)
    assert alerts.urls() == {"ops": "json://swordfish", "boss": "json://swordfish"}


def test_everything_can_be_set(path: Path):
    content = """
[alerts]
link = "https://temporal.example.com/{workflow_id}"
group_seconds = 5
quiet_seconds = 60
"""
    rule = """
[[alerts.rules]]
channels = ["ops", "boss"]
causes = ["M3_*", "UNKNOWN_SKU"]
urgencies = ["overdue", "lost"]
pairs = ["acme"]
"""

    assert load(path, content + CHANNELS + rule).alerts.to_rules() == AlertRules(
        rules=(
            AlertRule(
                channels=("ops", "boss"),
                causes=("M3_*", "UNKNOWN_SKU"),
                urgencies=(Urgency.OVERDUE, Urgency.LOST),
                pairs=("acme",),
            ),
        ),
        group=timedelta(seconds=5),
        quiet=timedelta(minutes=1),
        link="https://temporal.example.com/{workflow_id}",
    )


@pytest.mark.parametrize(
    ("alerts", "said"),
    [
        (RULE, "alerts.rules[0].channels: 'ops' is not among alerts.channels"),
        (
            CHANNELS + RULE + RULE.replace("ops", "night"),
            "alerts.rules[1].channels: 'night' is not among alerts.channels",
        ),
        (CHANNELS + RULE + 'pairs = ["other"]', "alerts.rules[0].pairs: 'other' is no pair's name"),
        (CHANNELS + RULE + 'causes = ["m3_*"]', "alerts.rules[0].causes[0]: String should match"),
        (CHANNELS + RULE + 'causes = "M3_*"', 'alerts.rules[0].causes: write a list, ["..."]'),
        (CHANNELS + RULE + 'urgencies = ["late"]', "alerts.rules[0].urgencies[0]: Input should be"),
        (CHANNELS + RULE + "pair = []", "alerts.rules[0].pair: no such key"),
        (CHANNELS + "[[alerts.rules]]", "alerts.rules[0].channels: missing; add it"),
        (CHANNELS + "[alerts.rules]", "alerts.rules: write each as a section, [[alerts.rules]]"),
        ('[alerts.channels]\nops = "json://swordfish"', "alerts.channels.ops: write "),
        ('[alerts.channels]\nOps = "env:ALERTS_OPS_URL"', "alerts.channels.Ops.[key]: String"),
        ("[alerts]\ngroup_seconds = 0", "alerts.group_seconds: Input should be greater than 0"),
        ("[alerts]\nquiet = 5", "alerts.quiet: no such key"),
    ],
)
def test_a_mistake_is_named_with_its_key(path: Path, alerts: str, said: str):
    with pytest.raises(SettingsError) as caught:
        load(path, alerts)

    text = str(caught.value).removeprefix(f"{path}: ")
    assert said in text
    assert "swordfish" not in text


def test_addresses_are_masked_wherever_settings_are_printed(path: Path):
    settings = load(path, CHANNELS + RULE)

    shown = f"{settings!r} {settings.alerts} {settings.alerts.model_dump_json()}"
    assert "swordfish" not in shown
    assert "swordfish" not in repr(settings.alerts.to_rules())
