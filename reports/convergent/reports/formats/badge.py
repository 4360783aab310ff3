"""A run as the JSON of a shields.io endpoint badge (https://shields.io/badges/endpoint-badge)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from convergent.reports.formats.page import Page
from convergent.reports.wording import counted

LABEL = "convolution"
_MILD = {"degraded", "mistrusted"}
_COLORS = {
    "clean": "brightgreen",
    "known": "green",
    "findings": "red",
    "incomplete": "yellow",
    "nothing": "lightgrey",
}


def render(page: Page) -> Iterator[str]:
    """Yield the badge: ``convolution | 27,000 agree``."""
    color = _COLORS[page.word]
    found = page.summary.total.findings
    if found and not page.summary.stale and _MILD.issuperset(found):
        color = "orange"
    badge = {"schemaVersion": 1, "label": LABEL, "message": _message(page), "color": color}
    yield json.dumps(badge) + "\n"


def _message(page: Page) -> str:
    s = page.summary
    if s.findings:
        return counted(s.total.findings)
    if s.stale:
        return f"{len(s.stale)} of the ledger no longer hold"
    agree = f"{s.total.agrees:,} agree"
    if page.word == "incomplete":
        return f"incomplete: {agree} of {s.planned:,}"
    if page.word == "nothing":
        return "nothing checked"
    return f"{agree}, {s.total.known:,} known" if s.total.known else agree
