"""docs/causes has an entry for every cause an operator can meet, and for no other."""

import re

import pytest

from tests.guards.causes import cause_codes
from tests.guards.repository import ROOT

CAUSES = sorted((ROOT / "docs" / "causes").glob("*.md"))


def entries() -> dict[str, str]:
    """Return the text under each heading that is a cause code or a pattern of codes."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in CAUSES)
    parts = re.split(r"^## +(.+?) *$", text, flags=re.MULTILINE)
    titled = zip(parts[1::2], parts[2::2], strict=True)
    return {
        code: text
        for title, text in titled
        if re.fullmatch(r"[A-Z][A-Z0-9_]*[A-Z0-9_*]", code := title.strip("`"))
    }


def covers(heading: str, code: str) -> bool:
    """Tell whether an entry is about a code; UNMAPPED_CARRIERS is about one of UNMAPPED_*."""
    return heading == code or (code.endswith("*") and heading.startswith(code.rstrip("*")))


def test_causes_are_found_in_the_code():
    """The guard would be content with an empty list, so a few of each kind have to be in it."""
    assert cause_codes() >= {
        "M3_UNAVAILABLE",
        "WALMART_RATE_LIMITED",
        "UNMAPPED_*",
        "M3_BATCH_STATUS_*",
        "UNKNOWN_SKU",
        "ORDER_WITHOUT_LINES",
        "SHIPPED_WITHOUT_M3_ORDER",
        "NO_ANSWER",
        "UNEXPECTED_ERROR",
    }


@pytest.mark.parametrize("code", sorted(cause_codes()))
def test_cause_has_an_entry(code: str):
    texts = [text for heading, text in entries().items() if covers(heading, code)]

    assert texts, f"an operator who filters by {code} finds nothing: add `## {code}` to docs/causes"
    assert all(text.strip() for text in texts)


def test_entries_are_about_causes_there_are():
    unknown = [
        heading for heading in entries() if not any(covers(heading, c) for c in cause_codes())
    ]

    assert unknown == []
