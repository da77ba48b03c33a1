"""Named converters: what a mapping can do to a value between its source and its field.

A converter says which kind of value it takes and gives, so that a mapping file that joins two
that do not fit stops the start. To add one: write the function, name it in CONVERTERS, test it.
A converter is never given an absent value; an empty text it returns counts as absent.
"""

import re
import textwrap
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers

from mappings.catalog import Kind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Walmart's stand-in while it does not know the buyer's address yet.
UNKNOWN_EMAIL = "nocxemail@walmartone.com"


class ConversionError(ValueError):
    """A value cannot be converted. The text never repeats the value: it may be personal data."""


@dataclass(frozen=True, kw_only=True)
class Converter:
    """A named converter as a mapping file sees it."""

    label: str
    accepts: frozenset[Kind]
    gives: Kind
    apply: Callable[[Any, Any, ZoneInfo], Any]  # value, argument, time zone of the pair
    argument: type[int] | type[str] | None = None

    def bind(self, argument: int | str | None) -> Callable[[Any, ZoneInfo], Any]:
        """Return the converter with its argument filled in."""
        apply = self.apply
        return lambda value, zone: apply(value, argument, zone)


def text(value: str) -> str:
    """Return one clean line: no control characters, single blanks, none at the ends."""
    if value.isascii() and value.isprintable() and "  " not in value:
        return value.strip()
    return " ".join("".join(_visible(sign) for sign in value).split())


def _visible(sign: str) -> str:
    category = unicodedata.category(sign)
    if category == "Cc" or category.startswith("Z"):
        return " "
    return "" if category.startswith("C") else sign


def upper(value: str) -> str:
    """Return the text in capitals, as M3 keeps most of its codes."""
    return value.upper()


def cut(value: str, length: int) -> str:
    """Return the first `length` characters."""
    return value[:length].rstrip()


def cut_at_word(value: str, length: int) -> str:
    """Return as many whole words as fit `length`; a first word that is longer is cut."""
    if len(value) <= length:
        return value
    return textwrap.wrap(value, length, break_on_hyphens=False)[0] if value.strip() else ""


def prefix(value: str, before: str) -> str:
    """Return `before` and the value."""
    return before + value


def join(values: Sequence[str], between: str) -> str:
    """Return the texts that are there, with `between` between them."""
    return between.join(value for value in values if value)


def m3_number(value: Decimal | int | str) -> str:
    """Return the number as M3 reads it: point, no thousands, no exponent."""
    return f"{_decimal(value):f}"


def whole_number(value: Decimal | int | str) -> str:
    """Return a whole number as text; a fraction is refused, never rounded."""
    number = _decimal(value)
    if number != number.to_integral_value():
        raise ConversionError("is not a whole number")
    return f"{int(number)}"


def m3_line_number(value: str) -> str:
    """Return Walmart's line number as an M3 line number, 1 to 99999."""
    stripped = value.strip()
    if not (stripped.isascii() and stripped.isdigit() and 1 <= int(stripped) <= 99_999):
        raise ConversionError("is no M3 line number (1 to 99999)")
    return str(int(stripped))


def date_in_pair_time_zone(value: datetime | int | str, zone: ZoneInfo) -> str:
    """Return the local calendar day of a moment as yyyymmdd."""
    return f"{moment(value).astimezone(zone):%Y%m%d}"


def time_in_pair_time_zone(value: datetime | int | str, zone: ZoneInfo) -> str:
    """Return the local time of day of a moment as HHMM."""
    return f"{moment(value).astimezone(zone):%H%M}"


def epoch_milliseconds(value: datetime | int | str) -> int:
    """Return a moment as Walmart writes it, in milliseconds since 1970."""
    return (moment(value) - EPOCH) // timedelta(milliseconds=1)


def state_code(value: str) -> str:
    """Return a two-letter code of a US state in capitals."""
    code = value.strip().upper()
    if not re.fullmatch("[A-Z]{2}", code):
        raise ConversionError("is not a two-letter state code")
    return code


def digits_only(value: str) -> str:
    """Return the digits of the text."""
    return re.sub(r"[^0-9]", "", value)


def phone(value: str) -> str:
    """Return the digits of a US phone number, without country code and extension.

    A masked number (all digits the same, most often zeros) becomes empty, so that the default
    of the field takes its place; so does one of a length no US number has.
    """
    number = digits_only(re.split(r"(?i)x|ext|#", value, maxsplit=1)[0])
    if len(number) == 11 and number.startswith("1"):
        number = number[1:]
    return number if len(set(number)) > 1 and _can_be_dialed(number) else ""


def _can_be_dialed(number: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, "US"))
    except phonenumbers.NumberParseException:
        return False


def email(value: str) -> str:
    """Return the e-mail address; Walmart's stand-in and what is none become empty."""
    address = text(value)
    return "" if "@" not in address or address.lower() == UNKNOWN_EMAIL else address


def moment(value: object) -> datetime:
    """Return a moment from epoch milliseconds, a text of them, or an ISO 8601 text.

    Raises:
        ConversionError: it is none of these, or a datetime without a time zone.
    """
    try:
        if isinstance(value, str):
            digits = value.strip().removeprefix("-").isdigit()
            value = int(value) if digits else datetime.fromisoformat(value.strip())
        if isinstance(value, int):
            return EPOCH + timedelta(milliseconds=value)
    except (ValueError, OverflowError):
        raise ConversionError("is no moment") from None
    if not isinstance(value, datetime):
        raise ConversionError("is no moment")
    if value.tzinfo is None:
        raise ConversionError("is a moment without a time zone")
    return value


def _decimal(value: Decimal | int | str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ConversionError("is no number") from None
    if not number.is_finite():
        raise ConversionError("is no number")
    return number


def _plain(function: Callable[[Any], Any]) -> Callable[[Any, Any, ZoneInfo], Any]:
    return lambda value, _argument, _zone: function(value)


def _with_argument(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any, ZoneInfo], Any]:
    return lambda value, argument, _zone: function(value, argument)


def _in_zone(function: Callable[[Any, ZoneInfo], Any]) -> Callable[[Any, Any, ZoneInfo], Any]:
    return lambda value, _argument, zone: function(value, zone)


_TEXT = frozenset({Kind.TEXT, Kind.DIGITS, Kind.DATE})
_NUMBER = frozenset({Kind.NUMBER, Kind.TEXT})
_MOMENT = frozenset({Kind.MOMENT})

CONVERTERS: Mapping[str, Converter] = {
    "text": Converter(
        label="clean line of text", accepts=_TEXT, gives=Kind.TEXT, apply=_plain(text)
    ),
    "upper": Converter(label="capitals", accepts=_TEXT, gives=Kind.TEXT, apply=_plain(upper)),
    "cut": Converter(
        label="first characters",
        accepts=_TEXT,
        gives=Kind.TEXT,
        apply=_with_argument(cut),
        argument=int,
    ),
    "cut_at_word": Converter(
        label="first whole words",
        accepts=_TEXT,
        gives=Kind.TEXT,
        apply=_with_argument(cut_at_word),
        argument=int,
    ),
    "prefix": Converter(
        label="text before",
        accepts=_TEXT,
        gives=Kind.TEXT,
        apply=_with_argument(prefix),
        argument=str,
    ),
    "join": Converter(
        label="join several",
        accepts=frozenset({Kind.TEXTS}),
        gives=Kind.TEXT,
        apply=_with_argument(join),
        argument=str,
    ),
    "m3_number": Converter(
        label="number for M3", accepts=_NUMBER, gives=Kind.DIGITS, apply=_plain(m3_number)
    ),
    "whole_number": Converter(
        label="whole number", accepts=_NUMBER, gives=Kind.DIGITS, apply=_plain(whole_number)
    ),
    "m3_line_number": Converter(
        label="line number for M3", accepts=_TEXT, gives=Kind.DIGITS, apply=_plain(m3_line_number)
    ),
    "date_in_pair_time_zone": Converter(
        label="local date",
        accepts=_MOMENT,
        gives=Kind.DATE,
        apply=_in_zone(date_in_pair_time_zone),
    ),
    "time_in_pair_time_zone": Converter(
        label="local time",
        accepts=_MOMENT,
        gives=Kind.DIGITS,
        apply=_in_zone(time_in_pair_time_zone),
    ),
    "epoch_milliseconds": Converter(
        label="moment for Walmart",
        accepts=_MOMENT,
        gives=Kind.WHOLE,
        apply=_plain(epoch_milliseconds),
    ),
    "state_code": Converter(
        label="US state", accepts=_TEXT, gives=Kind.TEXT, apply=_plain(state_code)
    ),
    "digits_only": Converter(
        label="digits", accepts=_TEXT, gives=Kind.TEXT, apply=_plain(digits_only)
    ),
    "phone": Converter(
        label="US phone number", accepts=_TEXT, gives=Kind.TEXT, apply=_plain(phone)
    ),
    "email": Converter(label="e-mail address", accepts=_TEXT, gives=Kind.TEXT, apply=_plain(email)),
}
