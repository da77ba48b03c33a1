"""settings.py: a wrong setting stops the start with one line; a secret is never shown."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from domain.orders import CustomerStrategy, LateAcknowledgement, OrderEntry
from settings import Settings, SettingsError, load_settings
from tests.settings_samples import HEAD, ION, PAIR, SECRET_NAMES, WALMART, WEBHOOKS

SECRETS = ("swordfish-1", "swordfish-2", "swordfish-3", "swordfish-4")


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(SECRET_NAMES, SECRETS, strict=True):
        monkeypatch.setenv(name, value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m3-walmart.toml"


def load(path: Path, content: str) -> Settings:
    path.write_text(content, encoding="utf-8")
    return load_settings(path)


def refusal(path: Path, content: str) -> str:
    """Return the one line that says what is wrong, without the file it begins with."""
    with pytest.raises(SettingsError) as caught:
        load(path, content)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert len(text.splitlines()) == 1
    assert not any(secret in text for secret in SECRETS)
    return text.removeprefix(f"{path}: ")


def test_settings_that_are_left_out_have_defaults(path: Path):
    settings = load(path, PAIR)

    [pair] = settings.pairs
    assert str(pair.walmart.base_url) == "https://marketplace.walmartapis.com/"
    assert pair.walmart.client_id.get_secret_value() == "swordfish-1"
    assert pair.m3.customer_strategy is CustomerStrategy.MARKETPLACE
    assert pair.m3.order_entry is OrderEntry.BATCH
    assert settings.starter.port == 8080


def test_pair_leaves_the_secrets_behind(path: Path):
    [settings] = load(path, PAIR + "[ledger]\n").pairs

    pair = settings.to_pair()

    assert (pair.name, pair.company, pair.division) == ("acme", 100, "AAA")
    assert pair.accounting_entity == "100_AAA"
    assert pair.acknowledge_within == timedelta(hours=4)
    assert pair.late_acknowledgement is LateAcknowledgement.ACKNOWLEDGE
    assert "swordfish" not in repr(pair)


# Replaces (what, by what) in PAIR; then the key that is named and what is said to mend it.
WRONG = {
    "name missing": ('name = "acme"', "", "pairs[0].name", "missing; add it"),
    "misspelled key": ("time_zone", "timezone", "].timezone", "no such key; remove it or mend"),
    "name of the pair": ('"acme"', '"Acme Inc"', 'pairs["Acme Inc"].name', "pattern '^[a-z]"),
    "time zone": ("America/Chicago", "Chicago", ".time_zone", "for example America/Chicago"),
    "time zone of another type": ('"America/Chicago"', "6", ".time_zone", "a valid string"),
    "company": ("company = 100", "company = 1000", ".m3.company", "less than or equal to 999"),
    "company missing": ("company = 100", "", ".m3.company", "missing; add it"),
    "division": ('"AAA"', '"AAAA"', ".m3.division", "at most 3 characters"),
    "facility": ('"A01"', '""', ".m3.facility", "at least 1 character"),
    "order type": ('"WM1"', '"WALM"', ".m3.order_type", "at most 3 characters"),
    "customer": ('"WALMART"', '"WALMART-USA"', ".m3.customer_number", "at most 10 characters"),
    "unknown key": (
        'facility = "A01"',
        'facility = "A01"\nwarehouse = "001"',
        ".m3.warehouse",
        "no such key; remove it or mend its spelling",
    ),
    "section missing": (ION, "", '"].ion', "missing; add it"),
    "secret in the file": ('"env:ACME_ID"', '"swordfish-1"', ".client_id", 'write "env:NAME" or'),
    "secret of another type": ('"env:ACME_ID"', "5", ".walmart.client_id", 'write "env:NAME" or'),
    "secret nobody set": ("env:ACME_ID", "env:NOWHERE", ".client_id", "variable NOWHERE"),
    "secret without a file": ("env:ACME_ID", "file:/no/such", ".client_id", "cannot read /no/such"),
    "webhook method": ('"hmac"', '"hmca"', ".webhooks.method", "'hmac', 'basic', 'oauth' or"),
    "webhooks without proof": (
        WEBHOOKS,
        "[pairs.webhooks]\n",
        '"].webhooks',
        "or unsigned = true, which lets anybody start orders",
    ),
    "webhooks without secret": (
        'secret = "env:ACME_WEBHOOKS"',
        "",
        '"].webhooks',
        'needs secret = "env:NAME" or "file:/path"',
    ),
    "Basic without user": ('"hmac"', '"basic"', '"].webhooks', 'method = "basic" needs user'),
    "OAuth without client": ('"hmac"', '"oauth"', '"].webhooks', 'method = "oauth" needs user'),
    "ION without proof": (ION, "[pairs.ion]\n", '"].ion', "or unsigned = true"),
    "unknown strategy": (
        'customer_number = "WALMART"',
        'customer_strategy = "buyer"',
        ".customer_strategy",
        "'marketplace' or 'per_buyer'",
    ),
    "marketplace without customer": (
        'customer_number = "WALMART"',
        "",
        '"].m3',
        'set customer_number, or customer_strategy = "per_buyer"',
    ),
    "per_buyer without template": (
        'customer_number = "WALMART"',
        'customer_strategy = "per_buyer"',
        '"].m3',
        "set customer_template, the M3 customer a new buyer is copied from",
    ),
    "direct entry for the marketplace": (
        'customer_number = "WALMART"',
        'customer_number = "WALMART"\norder_entry = "direct"',
        '"].m3',
        'set customer_strategy = "per_buyer", or order_entry = "batch"',
    ),
    "address of Walmart": (
        WALMART,
        f'{WALMART}base_url = "marketplace"\n',
        ".walmart.base_url",
        "a valid URL",
    ),
}


@pytest.mark.parametrize(("replaced", "by", "key", "mend"), WRONG.values(), ids=WRONG)
def test_wrong_setting_is_named_with_its_mend(
    path: Path, replaced: str, by: str, key: str, mend: str
):
    assert replaced in PAIR

    text = refusal(path, PAIR.replace(replaced, by))

    named, _, said = text.partition(": ")
    assert key in named
    assert named.startswith("pairs[")
    assert mend in said


@pytest.mark.parametrize(
    ("setting", "mend"),
    [
        ('currency = "usd"', "pattern '^[A-Z]{3}$'"),
        ('default_phone = "555-010-0000"', "at most 10 characters"),
        ('late_acknowledgement = "never"', "'acknowledge' or 'wait'"),
        ("acknowledge_within_minutes = 0", "greater than 0"),
        ("sweep_interval_seconds = inf", "less than or equal to 31622400"),
        ("item_cache_seconds = 1e20", "less than or equal to 31622400"),
        ('sweep_interval_seconds = "often"', "a valid number"),
        ("sweep_grace_seconds = -1", "greater than or equal to 0"),
        ("mappings = 5", "not a valid path"),
    ],
)
def test_wrong_setting_of_a_pair_is_named_with_its_mend(path: Path, setting: str, mend: str):
    text = refusal(path, PAIR.replace(HEAD, HEAD + setting))

    assert text.startswith(f'pairs["acme"].{setting.partition(" ")[0]}: ')
    assert mend in text


@pytest.mark.parametrize(
    ("section", "key", "mend"),
    [
        ("[ledger]\npath = 5", "ledger.path", "not a valid path"),
        ("[starter]\nport = 99999", "starter.port", "less than or equal to 65535"),
        ("[starter]\nprot = 8080", "starter.prot", "no such key; remove it or mend its spelling"),
        ("[worker]\ncached_workflows = 1", "worker.cached_workflows", "or equal to 10"),
        ("[workers]\ncached_workflows = 10", "workers", "no such key"),
    ],
)
def test_wrong_setting_beside_the_pairs_is_named_with_its_mend(
    path: Path, section: str, key: str, mend: str
):
    text = refusal(path, f"{PAIR}\n{section}\n")

    assert text.startswith(f"{key}: ")
    assert mend in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "pairs: missing; add it"),
        ("pairs = []", "pairs: Tuple should have at least 1 item"),
        ("pairs = [", "not TOML: "),
        ("pairs = 5", "pairs: write each as a section, [[pairs]]"),
        (PAIR.replace("[[pairs]]", "[pairs]"), "pairs: write each as a section, [[pairs]]"),
        ('pairs = ["acme"]', "pairs[0]: has to be a section"),
        (PAIR + PAIR, "two pairs have the same name; give each its own"),
        (PAIR + PAIR.replace('"acme"', '"other"'), "the same company and division; ION could not"),
    ],
    ids=[
        "nothing",
        "no pair",
        "no TOML",
        "pairs is a number",
        "pairs is one section",
        "pairs is a list of names",
        "same name",
        "same company and division",
    ],
)
def test_file_that_is_wrong_as_a_whole(path: Path, content: str, said: str):
    assert said in refusal(path, content)


def test_further_problems_are_counted(path: Path):
    text = refusal(path, PAIR.replace("company = 100", "").replace('facility = "A01"', ""))

    assert text == 'pairs["acme"].m3.company: missing; add it (and 1 more)'


def test_file_that_is_not_there_is_named_with_the_mend(path: Path):
    with pytest.raises(SettingsError) as caught:
        load_settings(path)

    assert str(caught.value) == (
        f"{path}: no such file; copy m3-walmart.example.toml or name another with --config"
    )


def test_file_that_cannot_be_read_is_named(path: Path):
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(path.parent)


def test_secret_can_come_from_a_file(path: Path):
    secret = path.parent / "walmart-secret"
    secret.write_text("swordfish-from-file\n")

    settings = load(path, PAIR.replace("env:ACME_SECRET", f"file:{secret}"))

    assert settings.pairs[0].walmart.client_secret.get_secret_value() == "swordfish-from-file"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\n", "is empty; put the secret into it"), (b"\xff\xfe", "is no text file")],
)
def test_file_that_holds_no_secret_is_refused(path: Path, content: bytes, said: str):
    (path.parent / "secret").write_bytes(content)

    text = refusal(path, PAIR.replace("env:ACME_WEBHOOKS", "file:secret"))

    assert text == f'pairs["acme"].webhooks.secret: secret {said}'


def test_relative_path_of_a_secret_starts_at_the_settings_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    (path.parent / "secret").write_text("swordfish-from-file\n")
    monkeypatch.chdir("/")

    settings = load(path, PAIR.replace("env:ACME_SECRET", "file:secret"))

    assert settings.pairs[0].walmart.client_secret.get_secret_value() == "swordfish-from-file"


def test_secrets_are_masked_wherever_settings_are_printed(path: Path):
    settings = load(path, PAIR)

    [pair] = settings.pairs
    assert pair.ion.secret == SecretStr("swordfish-4")
    shown = [
        each
        for part in (settings, pair, pair.walmart, pair.webhooks, pair.ion)
        for each in (str(part), repr(part), part.model_dump_json(), str(part.model_dump()))
    ]
    assert not any(secret in text for secret in SECRETS for text in shown)
    assert "**********" in settings.model_dump_json()


def test_relative_paths_start_at_the_settings_file(path: Path, monkeypatch: pytest.MonkeyPatch):
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    own = HEAD + 'mappings = "acme-mappings"\n'

    settings = load(path, PAIR.replace(HEAD, own))

    [pair] = settings.pairs
    assert pair.m3.ionapi_file == path.parent / "acme.ionapi"
    assert pair.mappings == path.parent / "acme-mappings"
    assert settings.ledger.path == path.parent / ".m3-walmart/ledger.db"


def test_relative_name_of_the_settings_file_makes_absolute_paths(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    path.write_text(PAIR)
    monkeypatch.chdir(path.parent)

    settings = load_settings(Path(path.name))

    assert settings.pairs[0].m3.ionapi_file == path.parent / "acme.ionapi"


def test_absolute_paths_stay(path: Path, tmp_path: Path):
    ledger = f'[ledger]\npath = "{tmp_path}/data/ledger.db"\n'

    settings = load(path, PAIR.replace('"acme.ionapi"', '"/etc/acme.ionapi"') + ledger)

    assert settings.pairs[0].m3.ionapi_file == Path("/etc/acme.ionapi")
    assert settings.ledger.path == tmp_path / "data/ledger.db"


@pytest.mark.parametrize(
    ("lines", "strategy", "entry"),
    [
        ('customer_number = "WALMART"', CustomerStrategy.MARKETPLACE, OrderEntry.BATCH),
        (
            'customer_strategy = "per_buyer"\ncustomer_template = "TMPLWM"',
            CustomerStrategy.PER_BUYER,
            OrderEntry.BATCH,
        ),
        (
            'customer_strategy = "per_buyer"\ncustomer_template = "TMPLWM"\norder_entry = "direct"',
            CustomerStrategy.PER_BUYER,
            OrderEntry.DIRECT,
        ),
    ],
)
def test_ways_into_m3_that_go_together(
    path: Path, lines: str, strategy: CustomerStrategy, entry: OrderEntry
):
    [pair] = load(path, PAIR.replace('customer_number = "WALMART"', lines)).pairs

    assert (pair.to_pair().customer_strategy, pair.to_pair().order_entry) == (strategy, entry)


@pytest.mark.parametrize("section", ["webhooks", "ion"])
def test_messages_without_proof_need_a_word_that_says_so(path: Path, section: str):
    with_proof = {"webhooks": WEBHOOKS, "ion": ION}[section]

    [pair] = load(path, PAIR.replace(with_proof, f"[pairs.{section}]\nunsigned = true\n")).pairs

    assert getattr(pair, section).unsigned


def test_key_of_the_ledger_comes_from_a_file_or_from_beside_the_ledger(path: Path):
    (path.parent / "keys").write_text("new\nold\n", encoding="utf-8")

    with_key = load(path, PAIR + '[ledger]\nkey = "file:keys"\n')
    without = load(path, PAIR)

    assert with_key.ledger.keys == "new\nold"
    assert "old" not in repr(with_key)
    assert without.ledger.keys == ""
