"""What a format is made of: a run, its figures, and where its report lies."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from convergent.harness.record import Run
from convergent.reports.summary import Summary, summarise

Word = Literal["clean", "known", "findings", "incomplete", "nothing"]
"""What a run came to: all agree, all but known divergences, some need a look, some could not be
run, nothing was checked."""


class Page:
    """A run to be shown; ``report`` is the HTML report of it, if there is one."""

    def __init__(self, run: Run, report: Path | None = None) -> None:
        self.run, self.report = run, report

    @cached_property
    def summary(self) -> Summary:
        """The figures, made in one pass when first asked for."""
        return summarise(self.run)

    @property
    def word(self) -> Word:
        """What the run came to, in one word."""
        s = self.summary
        if s.findings or s.stale:
            return "findings"
        if not s.complete:
            return "incomplete"
        if not s.total.checked:
            return "nothing"
        return "known" if s.total.known else "clean"
