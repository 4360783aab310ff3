"""Progress of a live run: bars on a terminal, a line now and then in a CI log."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from convergent.harness.outcome import Outcome
from convergent.reports.pace import Pace
from convergent.reports.wording import duration, many

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

INTERVAL = 10.0
"""Seconds between two lines where there is no terminal."""


class Progress:
    """Shows how far each variant is, how fast, how long it takes yet and what was found.

    ``totals`` holds the planned checks per variant. On a terminal there is a bar per variant,
    which goes away at the end; elsewhere a plain line every ``INTERVAL`` seconds, none at all
    for a shorter run. ``jobs`` workers are at work at once; ``budget`` is the time that a run has,
    if it has less than it would take, in seconds. ``advance`` is cheap, and an outcome of an
    unplanned variant is no error.
    """

    def __init__(
        self,
        totals: Mapping[str, int],
        console: Console,
        *,
        jobs: int | None = None,
        budget: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._totals = dict(totals)
        self._console = console
        self._clock = clock
        self._pace = Pace(totals, jobs)
        self._done = self._pace.done
        self._findings: Counter[str] = Counter()
        self._said = clock()
        self._ends = math.inf if budget is None else self._said + budget
        self._said_done = 0
        self._bars: Any = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._said = self._clock()
        # FORCE_COLOR makes rich take a CI log for a terminal: ask the file too.
        if self._console.is_interactive and self._console.file.isatty():
            self._open_bars()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def advance(self, outcome: Outcome) -> None:
        """Count one more outcome."""
        variant, now = outcome.variant, self._clock()
        self._pace.add(variant, now)
        self._findings[variant] += outcome.is_finding
        if self._bars is not None:
            self._move_bar(variant)
        elif now - self._said >= INTERVAL:
            self._console.print(self.line(), soft_wrap=True, markup=False, highlight=False)
            self._said, self._said_done = now, self._done.total()

    def line(self) -> str:
        """Return the state of all variants together in one line; the rate is the recent one."""
        done, total = self._done.total(), sum(self._totals.values())
        said = f"{done:,} of {many(total, 'check')}"
        if total:
            said += f" ({min(done / total, 1):.0%})"
        said += f", {many(self._findings.total(), 'finding')}"
        since = self._clock() - self._said
        if since > 0:
            said += f", {(done - self._said_done) / since:.0f} per second"
        return said + self._time_left()

    def _time_left(self) -> str:
        """Say how long it takes yet, if checks go on to cost what they cost lately."""
        left = self._pace.left()
        if left is None:
            return ""
        left = min(left, self._ends - self._clock())
        return f", about {duration(round(left))} left" if left >= 1 else ""

    def _open_bars(self) -> None:
        from rich import progress

        self._bars = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(bar_width=None),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[rate]}", markup=False, style="dim"),
            progress.TextColumn("{task.fields[left]}", markup=False),
            progress.TextColumn("{task.fields[found]}", markup=False),
            console=self._console,
            transient=True,
            refresh_per_second=5,
        )
        for variant, total in self._totals.items():
            self._tasks[variant] = self._add_bar(variant, total)
        self._bars.start()

    def _add_bar(self, variant: str, total: int | None) -> TaskID:
        task: TaskID = self._bars.add_task(variant, total=total, rate="", left="", found="")
        return task

    def _move_bar(self, variant: str) -> None:
        if variant not in self._tasks:
            self._tasks[variant] = self._add_bar(variant, None)
        rate, rest = self._pace.rate(variant), self._pace.rest(variant)
        found = self._findings[variant]
        self._bars.update(
            self._tasks[variant],
            completed=self._done[variant],
            rate=f"{rate:.0f}/s" if rate else "",
            left=f"{duration(round(rest / rate))} left" if rate and rest > rate else "",
            found=many(found, "finding") if found else "",
        )
