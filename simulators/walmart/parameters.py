"""Reading query parameters, and SKUs from the path as they were sent."""

from urllib.parse import unquote

from starlette.requests import Request

from simulators.walmart.errors import INVALID_PARAM, MISSING_PARAM, Refused

# Source: text of the parameter sku in the inventory specification; the space is to be %20.
_TO_BE_ENCODED = frozenset(":/?#[]@!$&'()*+,;={} ")


def known_parameters(request: Request, *known: str) -> dict[str, str]:
    """Return the query parameters.

    Raises:
        Refused: 400 for one the operation does not have, so that a misspelled one shows.
    """
    given = dict(request.query_params)
    if unknown := given.keys() - set(known):
        name = min(unknown)
        raise Refused(f"Unknown parameter {name}", code=INVALID_PARAM, field=name)
    return given


def required(given: dict[str, str], name: str) -> str:
    """Return a parameter that must be there.

    Raises:
        Refused: 400, it is missing or empty.
    """
    if not given.get(name):
        raise Refused(f"{name} is required", code=MISSING_PARAM, field=name)
    return given[name]


def number(given: dict[str, str], name: str, *, default: int, least: int, most: int) -> int:
    """Return a whole number within limits.

    Raises:
        Refused: 400, it is something else.
    """
    value = given.get(name, str(default))
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise Refused(f"{name} must lie between {least} and {most}", code=INVALID_PARAM, field=name)
    return int(value)


def flag(given: dict[str, str], name: str) -> bool:
    """Return a parameter that is true or false, and false when it is missing.

    Raises:
        Refused: 400, it is something else.
    """
    value = given.get(name, "false").lower()
    if value not in ("true", "false"):
        raise Refused(f"{name} must be true or false", code=INVALID_PARAM, field=name)
    return value == "true"


def sku_in_path(request: Request, prefix: str) -> str:
    """Return the SKU that ends a path, decoded once.

    Raises:
        Refused: 404 for a slash that was not encoded, which makes another path; 400 for another
            character that must be encoded.
    """
    raw = request.scope["raw_path"].decode("ascii").split("?")[0].removeprefix(prefix)
    if "/" in raw:
        raise Refused(
            f"{request.url.path} does not exist",
            status=404,
            code="URI_NOT_FOUND.GMP_GATEWAY_API",
            field=None,
            category="REQUEST",
        )
    if not raw or _TO_BE_ENCODED & set(raw):
        raise Refused("The SKU in the path must be encoded", code=INVALID_PARAM, field="sku")
    return unquote(raw)
