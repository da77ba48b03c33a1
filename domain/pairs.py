"""A pair: one Walmart seller account joined to one M3 company and division. Holds no secrets."""

from dataclasses import dataclass
from datetime import timedelta

from domain.orders import CustomerStrategy, LateAcknowledgement, OrderEntry


@dataclass(frozen=True, kw_only=True)
class StockClocks:
    """When a pair's stock is looked at, in its time zone."""

    changes: timedelta  # between two looks at what M3 has changed
    everything_at: str  # HH:MM, each night
    drift_at: str  # HH:MM, on Sundays


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The business settings of one pair; see `m3-walmart.toml` for what each means."""

    name: str
    company: int  # CONO
    division: str  # DIVI
    facility: str  # FACI
    order_type: str  # ORTP
    customer_number: str  # CUNO that stands for Walmart; used by strategy `marketplace`
    customer_template: str  # CUTM a new buyer is copied from; used by strategy `per_buyer`
    customer_strategy: CustomerStrategy
    order_entry: OrderEntry
    time_zone: str  # IANA name; M3 dates are local to it
    currency: str  # ISO 4217
    alias_category: str  # ALWT of the alias that holds the Walmart SKU
    alias_qualifier: str  # ALWQ of that alias; may be empty
    freight_charge: str  # CRID for shipping the buyer paid; empty: not entered in M3
    tax_charge: str  # CRID for tax; empty, as Walmart collects and remits it
    default_phone: str  # takes the place of a masked phone
    default_email: str
    acknowledge_within: timedelta  # Walmart's clock, four hours
    acknowledge_margin: timedelta  # how long before its end `late_acknowledgement` applies
    late_acknowledgement: LateAcknowledgement
    attention_after: timedelta
    delivery_poll: timedelta
    invoice_poll: timedelta
    sweep_interval: timedelta
    sweep_grace: timedelta  # younger orders are left to the webhook
    auto_cancel_after: timedelta  # after ship-by: when Walmart cancels what has not shipped
    recheck: timedelta  # how soon a step that failed for good is tried again by itself
    remind: timedelta  # how often people are reminded of a case
    escalate_before: timedelta  # how long before a deadline a case becomes pressing
    item_cache: timedelta  # how long a SKU's item number is believed
    stock_clocks: StockClocks | None = None  # None: Walmart's stock is left alone

    @property
    def accounting_entity(self) -> str:
        """Return the name ION messages carry for this company and division."""
        return f"{self.company}_{self.division}"
