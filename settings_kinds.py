"""Kinds of values in the settings file: secrets, paths, moments, and what they have to be like."""

import os
import zoneinfo
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


def _read_secret(value: object, info: ValidationInfo) -> object:
    if isinstance(value, SecretStr):
        return value
    kind, _, where = str(value).partition(":")
    if kind == "env" and where:
        if not os.environ.get(where):
            raise ValueError(f"set the environment variable {where}")
        return SecretStr(os.environ[where])
    if kind == "file" and where:
        try:
            secret = _below_config(Path(where), info).read_text(encoding="utf-8").rstrip("\n")
        except OSError as error:
            raise ValueError(f"cannot read {where}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError(f"{where} is no text file") from None
        if not secret:
            raise ValueError(f"{where} is empty; put the secret into it")
        return SecretStr(secret)
    # The value itself may be a secret pasted by mistake, so it is not repeated here.
    raise ValueError('write "env:NAME" or "file:/path"; a secret never stands in this file')


def _postgresql(secret: SecretStr) -> SecretStr:
    # What SQLAlchemy says of an address repeats it, and with it the password.
    try:
        url = make_url(secret.get_secret_value())
        usable = url.drivername in ("postgresql", "postgres") and bool(url.database)
    except (ArgumentError, ValueError):
        usable = False
    if not usable:
        raise ValueError(
            "it leads to no PostgreSQL address; "
            "write postgresql://USER:PASSWORD@HOST:5432/DATABASE there, the password URL-encoded"
        )
    return secret


def _known_time_zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise ValueError(f"{name!r} is no IANA time zone; for example America/Chicago")
    return name


def _below_config(path: Path, info: ValidationInfo) -> Path:
    """Relative paths are relative to the settings file, wherever the command is run."""
    folder: Path = (info.context or {}).get("folder", Path.cwd())
    return path if path.is_absolute() else folder / path


Secret = Annotated[SecretStr, BeforeValidator(_read_secret)]
DatabaseUrl = Annotated[Secret, AfterValidator(_postgresql)]
TimeZone = Annotated[str, AfterValidator(_known_time_zone)]
ConfigPath = Annotated[Path, AfterValidator(_below_config)]
# A year at most: longer is a slip of the finger, and infinity has no end date.
Seconds = Annotated[float, Field(gt=0, le=366 * 24 * 60 * 60)]
SecondsOrNone = Annotated[float, Field(ge=0, le=366 * 24 * 60 * 60)]


class Section(BaseModel):
    """A section of the file; a key it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


# A time of day, such as 02:30.
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
