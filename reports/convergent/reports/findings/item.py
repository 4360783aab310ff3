"""An entry of the ledger with what is known of it today."""

from __future__ import annotations

from packaging.version import InvalidVersion, Version

from convergent.cases.bugs import UNREPORTED
from convergent.cases.record import record
from convergent.harness.known.confirm import PASSES
from convergent.harness.known.log import Log, Record
from convergent.harness.known.slug import slugs
from convergent.harness.ledger import Entry, Ledger
from convergent.reports.findings.met import Meeting, Meetings


@record
class Item:
    """One finding: the entry, what its confirmation came to, how often run files have it.

    ``record`` is None where the log says nothing of the entry as it is now.
    """

    slug: str
    entry: Entry
    record: Record | None = None
    met: Meeting | None = None

    @property
    def backend(self) -> str:
        """The framework: what its page is called."""
        return self.entry.variant.partition(":")[0]

    @property
    def fixed_in(self) -> str:
        """The first version after the one that shows it which the script passes, if any."""
        if self.record is None or not self.record.is_confirmed:
            return ""
        shown = ordered(self.record.version)
        elsewhere = self.record.elsewhere
        newest = max([shown, *map(ordered, elsewhere)])
        passing = [v for v, ended in elsewhere.items() if ended == PASSES and ordered(v) > shown]
        if newest not in map(ordered, passing):
            return ""
        return min(passing, key=ordered)

    @property
    def group(self) -> str:
        """The part of the index that it belongs to: one of ``GROUPS``."""
        if self.entry.kind == "never":
            return "By definition"
        if self.fixed_in:
            return "Fixed since"
        return "Not reported before" if self.entry.issue == UNREPORTED else "Reported"


GROUPS = {
    "Not reported before": "No public report was found.",
    "Reported": "Known upstream and still there.",
    "Fixed since": "Confirmed in a version of the past; the same script passes in a later one.",
    "By definition": "Not wrong: what a method promises is less than this project's bounds ask.",
}
"""The parts of the index, in order, and what each is."""


def items(ledger: Ledger, log: Log, met: Meetings) -> list[Item]:
    """Return a finding for each entry, in the ledger's order."""
    found = []
    for slug, entry in zip(slugs(ledger.entries), ledger.entries, strict=True):
        record = log.entries.get(slug)
        if record is not None and not record.is_of(entry):
            record = None
        found.append(Item(slug=slug, entry=entry, record=record, met=met.entries.get(slug)))
    return found


def ordered(text: str) -> Version:
    """Return a version as they are ordered; one that is none comes first."""
    try:
        return Version(text)
    except InvalidVersion:  # the log may come from anywhere
        return Version("0")
