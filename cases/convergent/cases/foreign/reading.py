"""What was read from a file: its cases, and a count of everything that was not taken as it is."""

from __future__ import annotations

from collections import Counter

from convergent.cases import goldens, text
from convergent.cases.case import Case
from convergent.cases.errors import InvalidCase

MAX_CASES = 100_000
_LISTED = 8


class Reading:
    """The cases of one file, each once, in the order of the file, and what to tell of it.

    ``rows`` counts what the file holds (lines, descriptors), ``duplicates`` the cases that were
    there already, ``skipped`` rows that no case can express, by reason. ``taken`` counts what
    became something near it, ``ignored`` what a case does not have.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = 0
        self.duplicates = 0
        self.skipped: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()
        self._cases: dict[Case, None] = {}

    @property
    def cases(self) -> list[Case]:
        """The cases, each once."""
        return list(self._cases)

    def add(self, case: Case) -> None:
        """Take ``case``.

        Raises ``InvalidCase`` if no line can name it, if it is a golden of other sizes than its
        own, or if there are too many.
        """
        text.parse(str(case))  # a line is how a run file, a test and a reproducer name it
        if case.data.startswith("golden"):
            goldens.of(case)
        if case in self._cases:
            self.duplicates += 1
        elif len(self._cases) >= MAX_CASES:
            raise InvalidCase(f"more than {MAX_CASES} cases; split the file")
        self._cases[case] = None

    def summary(self) -> list[str]:
        """Return lines to show: what was read, what was taken for something near, what ignored."""
        total = f"{_many(self.rows, 'row')}, {_many(len(self._cases), 'case')}"
        if self.duplicates:
            total += f" ({_many(self.duplicates, 'duplicate')})"
        if self.skipped:
            total += f", {sum(self.skipped.values())} skipped: {_counts(self.skipped)}"
        shown = [total]
        if self.taken:
            shown.append(f"taken: {_counts(self.taken)}")
        if self.ignored:
            shown.append(f"ignored: {_counts(self.ignored)}")
        return [f"{self.name}: {line}" for line in shown]


def _counts(counter: Counter[str]) -> str:
    most = counter.most_common()
    shown = [f"{what} ({count})" for what, count in most[:_LISTED]]
    if len(most) > _LISTED:
        rest = most[_LISTED:]
        shown.append(f"{len(rest)} more ({sum(count for _, count in rest)})")
    return ", ".join(shown)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
