"""Everything a person sets: m3-walmart.toml, and the secrets it points to.

Only entry points (worker, starter, commands, demo) read settings; the rest gets values as
arguments. How Temporal is reached is not set here: that is Temporal's own environment
configuration (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE, ...).

A secret is never written into the file. `secret = "env:NAME"` takes it from the environment,
`secret = "file:/path"` from a file whose trailing newline is dropped.
"""

import tomllib
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    HttpUrl,
    ValidationError,
    model_validator,
)
from sqlalchemy import URL, make_url

from domain.alerts import AlertRule, AlertRules
from domain.attention import Urgency
from domain.orders import CustomerStrategy, LateAcknowledgement, OrderEntry
from domain.pairs import Pair, StockClocks
from settings_kinds import (
    ConfigPath,
    DatabaseUrl,
    Seconds,
    SecondsOrNone,
    Secret,
    Section,
    TimeOfDay,
    TimeZone,
)
from settings_problems import first_problem

DEFAULT_PATH = Path("m3-walmart.toml")

# It becomes part of workflow ids, list filters and the starter's URLs.
PAIR_NAME = r"^[a-z][a-z0-9-]{0,30}$"

# Causes are in capitals; anything else would match none of them.
CAUSES = r"^[A-Z0-9_*?]+$"


class SettingsError(Exception):
    """A setting is wrong or missing; the text is one line that names the key and the mend."""


class WalmartSettings(Section):
    """The seller account."""

    base_url: HttpUrl = HttpUrl("https://marketplace.walmartapis.com")
    client_id: Secret
    client_secret: Secret
    service_name: str = "m3-walmart"  # WM_SVC.NAME, free text
    timeout_seconds: Seconds = 20


class M3Settings(Section):
    """The M3 tenant, company and division."""

    ionapi_file: ConfigPath
    company: int = Field(ge=1, le=999, strict=True)
    division: str = Field(min_length=1, max_length=3)
    facility: str = Field(min_length=1, max_length=3)
    order_type: str = Field(min_length=1, max_length=3)
    customer_strategy: CustomerStrategy = CustomerStrategy.MARKETPLACE
    customer_number: str = Field(default="", max_length=10)
    customer_template: str = Field(default="", max_length=10)
    order_entry: OrderEntry = OrderEntry.BATCH
    alias_category: str = Field(default="2", max_length=2)
    alias_qualifier: str = Field(default="", max_length=4)
    freight_charge: str = Field(default="", max_length=6)
    tax_charge: str = Field(default="", max_length=6)
    timeout_seconds: Seconds = 60

    @model_validator(mode="after")
    def _strategy_has_what_it_needs(self) -> Self:
        if self.customer_strategy is CustomerStrategy.MARKETPLACE and not self.customer_number:
            raise ValueError('set customer_number, or customer_strategy = "per_buyer"')
        if self.customer_strategy is CustomerStrategy.PER_BUYER and not self.customer_template:
            raise ValueError("set customer_template, the M3 customer a new buyer is copied from")
        if (
            self.order_entry is OrderEntry.DIRECT
            and self.customer_strategy is CustomerStrategy.MARKETPLACE
        ):
            raise ValueError(
                'order_entry = "direct" has no one-time address in M3: '
                'set customer_strategy = "per_buyer", or order_entry = "batch"'
            )
        return self


class WebhookSettings(Section):
    """How Walmart proves that a delivery comes from it; as the subscription was created."""

    method: Literal["hmac", "basic", "oauth", "header"] | None = None
    header: str = "Authorization"  # authHeaderName of the subscription
    secret: Secret | None = None  # HMAC key, password, client secret, or the header's value
    user: str = ""  # user name (basic) or client id (oauth)
    unsigned: bool = False

    @model_validator(mode="after")
    def _proof_or_said_without(self) -> Self:
        if self.method is None and not self.unsigned:
            raise ValueError(
                'set method = "hmac", "basic", "oauth" or "header"; '
                "or unsigned = true, which lets anybody start orders"
            )
        if self.method is not None and self.secret is None:
            raise ValueError(f'method = "{self.method}" needs secret = "env:NAME" or "file:/path"')
        if self.method in ("basic", "oauth") and not self.user:
            raise ValueError(f'method = "{self.method}" needs user')
        return self


class IonSettings(Section):
    """How ION proves that a message comes from it: a static header, as its policy sends it."""

    header: str = "Authorization"
    secret: Secret | None = None
    unsigned: bool = False

    @model_validator(mode="after")
    def _proof_or_said_without(self) -> Self:
        if self.secret is None and not self.unsigned:
            raise ValueError(
                'set secret = "env:NAME" or "file:/path" (the value ION sends in the header); '
                "or unsigned = true"
            )
        return self


class InventorySettings(Section):
    """How Walmart's stock follows M3's; what is for sale says the pair's inventory.yaml."""

    enabled: bool = False
    changes_seconds: Seconds = 180  # between two looks at what M3 has changed
    everything_at: TimeOfDay = "02:30"  # each night, in the pair's time zone
    drift_at: TimeOfDay = "04:30"  # on Sundays: what Walmart really shows

    def to_clocks(self) -> StockClocks | None:
        """Return when stock is looked at; None: never."""
        if not self.enabled:
            return None
        changes = timedelta(seconds=self.changes_seconds)
        return StockClocks(
            changes=changes, everything_at=self.everything_at, drift_at=self.drift_at
        )


class PairSettings(Section):
    """One pair; `to_pair` leaves the secrets behind."""

    name: str = Field(pattern=PAIR_NAME)
    time_zone: TimeZone
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    walmart: WalmartSettings
    m3: M3Settings
    webhooks: WebhookSettings
    ion: IonSettings
    inventory: InventorySettings = InventorySettings()
    mappings: ConfigPath | None = None  # folder with the fields and rows this pair overrides
    default_phone: str = Field(default="", max_length=10)  # AddBatchAddress takes no more
    default_email: str = Field(default="", max_length=50)
    acknowledge_within_minutes: Seconds = 240
    acknowledge_margin_minutes: Seconds = 30
    late_acknowledgement: LateAcknowledgement = LateAcknowledgement.ACKNOWLEDGE
    attention_after_seconds: Seconds = 900
    delivery_poll_seconds: Seconds = 3600
    invoice_poll_seconds: Seconds = 3600
    auto_cancel_after_days: SecondsOrNone = 4  # Walmart's, after ship-by
    recheck_seconds: Seconds = 300
    remind_seconds: Seconds = 4 * 3600
    escalate_before_seconds: Seconds = 3600
    sweep_interval_seconds: Seconds = 300
    sweep_grace_seconds: SecondsOrNone = 120
    item_cache_seconds: SecondsOrNone = 600

    def to_pair(self) -> Pair:
        """Return the settings that business code may see."""
        m3 = self.m3
        return Pair(
            name=self.name,
            company=m3.company,
            division=m3.division,
            facility=m3.facility,
            order_type=m3.order_type,
            customer_number=m3.customer_number,
            customer_template=m3.customer_template,
            customer_strategy=m3.customer_strategy,
            order_entry=m3.order_entry,
            time_zone=self.time_zone,
            currency=self.currency,
            alias_category=m3.alias_category,
            alias_qualifier=m3.alias_qualifier,
            freight_charge=m3.freight_charge,
            tax_charge=m3.tax_charge,
            default_phone=self.default_phone,
            default_email=self.default_email,
            acknowledge_within=timedelta(minutes=self.acknowledge_within_minutes),
            acknowledge_margin=timedelta(minutes=self.acknowledge_margin_minutes),
            late_acknowledgement=self.late_acknowledgement,
            attention_after=timedelta(seconds=self.attention_after_seconds),
            delivery_poll=timedelta(seconds=self.delivery_poll_seconds),
            invoice_poll=timedelta(seconds=self.invoice_poll_seconds),
            auto_cancel_after=timedelta(days=self.auto_cancel_after_days),
            recheck=timedelta(seconds=self.recheck_seconds),
            remind=timedelta(seconds=self.remind_seconds),
            escalate_before=timedelta(seconds=self.escalate_before_seconds),
            sweep_interval=timedelta(seconds=self.sweep_interval_seconds),
            sweep_grace=timedelta(seconds=self.sweep_grace_seconds),
            item_cache=timedelta(seconds=self.item_cache_seconds),
            stock_clocks=self.inventory.to_clocks(),
        )


class LedgerSettings(Section):
    """Where the service remembers what it did: a SQLite file, or a PostgreSQL database."""

    path: Annotated[ConfigPath, Field(validate_default=True)] = Path(".m3-walmart/ledger.db")
    url: DatabaseUrl | None = None  # in place of the path
    key: Secret | None = None  # without it, ledger.key beside the ledger's file
    keep_closed_days: float = Field(default=30, ge=0, le=3660)  # dead letters

    @model_validator(mode="after")
    def _one_place_with_a_key(self) -> Self:
        if self.url and "path" in self.model_fields_set:
            raise ValueError("set path, for one machine, or url; not both")
        if self.url and not self.key:
            raise ValueError(
                'url needs key = "env:NAME" or "file:/path", the same on every machine; '
                "docs/runbook.md says how to make one"
            )
        return self

    @property
    def place(self) -> Path | URL:
        """Return the file, or the database."""
        return make_url(self.url.get_secret_value()) if self.url else self.path

    @property
    def may_be_there(self) -> bool:
        """Return whether there can be a ledger yet; a file is made by the worker or starter."""
        return bool(self.url) or self.path.exists()

    @property
    def keys(self) -> str:
        """Return the content of the key file, or nothing when it lies beside the ledger's file."""
        return self.key.get_secret_value() if self.key else ""


class StarterSettings(Section):
    """Where the starter listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)


class WorkerSettings(Section):
    """How much one worker process takes on."""

    # Orders that wait for days stay in this cache; too small a one costs a factor of four.
    cached_workflows: int = Field(default=2000, ge=10)
    concurrent_activities: int = Field(default=100, ge=1)
    metrics_host: IPv4Address = IPv4Address("127.0.0.1")
    metrics_port: int = Field(default=0, ge=0, le=65535)  # 0: no metrics


class AlertRuleSettings(Section):
    """Which cases are told to which channels."""

    channels: tuple[str, ...] = Field(min_length=1)
    causes: tuple[Annotated[str, Field(pattern=CAUSES)], ...] = ("*",)
    urgencies: tuple[Urgency, ...] = tuple(Urgency)
    pairs: tuple[str, ...] = ()  # none: all


class AlertSettings(Section):
    """Who is told of orders that need a person; the channels' addresses hold secrets."""

    link: str = "http://localhost:8233/namespaces/default/workflows/{workflow_id}"
    group_seconds: Seconds = 10
    quiet_seconds: SecondsOrNone = 1800
    channels: dict[Annotated[str, Field(pattern=PAIR_NAME)], Secret] = Field(default_factory=dict)
    rules: tuple[AlertRuleSettings, ...] = ()

    def urls(self) -> dict[str, str]:
        """Return the channels' addresses, for whom sends."""
        return {name: url.get_secret_value() for name, url in self.channels.items()}

    def to_rules(self) -> AlertRules:
        """Return the settings that business code may see."""
        return AlertRules(
            rules=tuple(AlertRule(**rule.model_dump()) for rule in self.rules),
            group=timedelta(seconds=self.group_seconds),
            quiet=timedelta(seconds=self.quiet_seconds),
            link=self.link,
        )


class Settings(Section):
    """The whole file."""

    pairs: tuple[PairSettings, ...] = Field(min_length=1)
    ledger: LedgerSettings
    starter: StarterSettings = StarterSettings()
    worker: WorkerSettings = WorkerSettings()
    alerts: AlertSettings = AlertSettings()

    @model_validator(mode="after")
    def _names_and_entities_are_unique(self) -> Self:
        names = [pair.name for pair in self.pairs]
        if len(set(names)) < len(names):
            raise ValueError("two pairs have the same name; give each its own")
        entities = [pair.to_pair().accounting_entity for pair in self.pairs]
        if len(set(entities)) < len(entities):
            raise ValueError("two pairs have the same company and division; ION could not tell")
        return self

    @model_validator(mode="after")
    def _alerts_name_what_there_is(self) -> Self:
        pairs = {pair.name for pair in self.pairs}
        for number, rule in enumerate(self.alerts.rules):
            where = f"alerts.rules[{number}]"
            if strange := sorted(set(rule.channels) - set(self.alerts.channels)):
                raise ValueError(f"{where}.channels: {strange[0]!r} is not among alerts.channels")
            if strange := sorted(set(rule.pairs) - pairs):
                raise ValueError(f"{where}.pairs: {strange[0]!r} is no pair's name")
        return self


def load_settings(path: Path) -> Settings:
    """Read and check the settings file.

    Raises:
        SettingsError: the file is missing or no TOML, or a key is unknown, missing or wrong.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: no such file; copy m3-walmart.example.toml or name another with --config"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from None
    content.setdefault("ledger", {})
    try:
        return Settings.model_validate(content, context={"folder": path.resolve().parent})
    except ValidationError as error:
        raise SettingsError(f"{path}: {first_problem(error, content)}") from None
