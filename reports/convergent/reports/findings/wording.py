"""How a finding's issue and standing are said."""

from __future__ import annotations

import re

from convergent.harness.known.log import Record
from convergent.reports.formats.escape import words

_FORGE = re.compile(
    r"https://(?:github|gitlab)\.com/([\w.-]+/[\w.-]+)/(?:-/)?(issues|pull|discussions)/(\d+)"
)


def issue(said: str) -> str:
    """Return where a finding is discussed: a link called ``owner/name#1``, or words in bold."""
    if found := _FORGE.fullmatch(said):
        return f"[{words(found[1])}#{found[3]}]({said})"
    if re.fullmatch(r"https://[\w./?=&#~%+-]+", said):
        return f"<{said}>"
    return f"**{words(said)}**"


def standing(record: Record | None) -> str:
    """Say in a few words whether and when a finding was confirmed."""
    if record is None:
        return "Not asked yet"
    said = {
        "confirmed": "Confirmed by its script",
        "confirmed by repro": f"Confirmed by repro, without a script ({words(record.unwritten)})",
        "not shown": "Not shown",
        "not on this processor": f"Not on this processor ({words(record.processor)})",
        "not run": "Not run",
    }
    return f"{said[record.standing]} on {words(record.date)}"
