"""How M3 writes numbers, amounts, dates and times into its text fields."""

from datetime import datetime
from decimal import Decimal

from simulators.m3.fields import whole_number


def quantity_text(value: Decimal) -> str:
    """Return a quantity without trailing zeros: `12`, `0.5`.

    Source: recorded MMS060MI answers carry `"STQT": "624"`.
    """
    return f"{value.normalize():f}" if value else "0"


def money_text(value: Decimal) -> str:
    """Return an amount with two decimals: `24.90`."""
    return f"{value:.2f}"


def date_text(moment: datetime) -> str:
    """Return the day as yyyyMMdd."""
    return moment.strftime("%Y%m%d")


def time_text(moment: datetime) -> str:
    """Return the time as HHMM."""
    return moment.strftime("%H%M")


def time_text_with_seconds(moment: datetime) -> str:
    """Return the time as HHMMSS, as entry times (RGTM) are kept."""
    return moment.strftime("%H%M%S")


def stamp_from(lmts: str) -> int:
    """Return the change stamp an LMTS stands for; blank is the beginning of time.

    This is the only place that says what LMTS means: milliseconds since 1970, UTC. Documents
    and metadata give its 18 digits, not its unit.
    """
    return whole_number(lmts)
