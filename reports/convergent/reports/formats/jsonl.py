"""Outcomes as JSON lines, those of the run file: one by one, none is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from convergent.harness.outcome import Outcome
from convergent.harness.record import encoded
from convergent.reports.formats.page import Page


def render(page: Page, wanted: Callable[[Outcome], bool] | None = None) -> Iterator[str]:
    """Yield a line per outcome that ``wanted`` lets through; all of them without it."""
    for outcome in page.run.outcomes:
        if wanted is None or wanted(outcome):
            yield encoded(outcome).decode() + "\n"
