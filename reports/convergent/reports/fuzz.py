"""A fuzz on the terminal and as Markdown: findings first, each with the command that shows it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from convergent.cases import coverage, words
from convergent.cases.text import parse
from convergent.harness.fuzz import Finding, Fuzzed, State
from convergent.reports.groups import severity
from convergent.reports.progress import INTERVAL
from convergent.reports.terminal import LONGEST, STYLES, plain
from convergent.reports.wording import SYMBOLS, duration, many, word

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_STATES = {
    "shrunk": "",
    "unsteady": "came once and not again in a fresh worker",
    "waiting": "not looked into, the time was over",
}
_MOST_WAYS = 6
_REFRESH = 0.2


class Progress:
    """Shows how fast a fuzz is, what it covers and what it found.

    One line that changes on a terminal, a line every ``INTERVAL`` seconds elsewhere.
    """

    def __init__(
        self, budget: float, console: Console, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._budget, self._console, self._clock = budget, console, clock
        self._began = self._said = clock()
        self._said_checks = 0
        self._status: Any = None

    def __enter__(self) -> Self:
        if self._console.is_interactive and self._console.file.isatty():
            self._status = self._console.status("starting")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, state: State) -> None:
        """Show ``state``, unless it was shown a moment ago."""
        now = self._clock()
        if now - self._said < (INTERVAL if self._status is None else _REFRESH):
            return
        if self._status is None:
            self._console.print(self.line(state), soft_wrap=True, markup=False, highlight=False)
        else:
            self._status.update(self.line(state))
        self._said, self._said_checks = now, _checks(state)

    def line(self, state: State) -> str:
        """Return how far a fuzz is in one line."""
        now, checks = self._clock(), _checks(state)
        rate = (checks - self._said_checks) / max(now - self._said, 1e-9)
        left = max(0, round(self._began + self._budget - now))
        return (
            f"{many(len(state.steering.tried), 'case')}, {many(checks, 'check')} "
            f"({rate:.0f} per second), {many(len(state.steering.seen), 'pair')} of features, "
            f"{many(len(state.findings.grouped()), 'finding')}, {duration(left)} left"
        )


def print_summary(found: Fuzzed, console: Console, *, report: Path, folder: Path) -> None:
    """Print the findings, what each variant did, and what was covered."""
    state = found.state
    groups = ranked(state.findings.grouped())
    for group in groups:
        _print_group(group, console)
    if groups:
        console.print()
    console.print(_table(state))
    console.print()
    for line in _remarks(found):
        _line(console, line)
    for variant, error in found.missing.items():
        _line(console, f"{variant} could not be run: {error}", "red")
    _line(console, _headline(found, len(groups)), f"bold {'red' if groups else 'green'}")
    _line(console, f"findings: {folder / 'findings.md'}")
    _line(console, f"report: {report}")


def markdown(state: State) -> str:
    """Return the findings as a page of Markdown."""
    groups = ranked(state.findings.grouped())
    lines = ["# Findings of a fuzz", "", f"{many(len(groups), 'finding')}.", ""]
    for group in groups:
        lines += _section(group)
    return "\n".join(lines)


def ranked(groups: list[list[Finding]]) -> list[list[Finding]]:
    """Return groups of findings, the worst verdict and the most ways first."""
    return sorted(groups, key=lambda g: (severity(g[0].outcome.verdict), -len(g)))


def _section(group: Sequence[Finding]) -> list[str]:
    first = group[0]
    seen = sum(one.seen for one in group)
    lines = [
        f"## {first.outcome.case}",
        "",
        _code(first.sentence),
        "",
        f"- {words.in_words(parse(first.outcome.case))}",
        f"- seen in {many(seen, 'check')}, first {first.when} in {_code(first.found_in)}",
        f"- features: {', '.join(first.features)}",
    ]
    if first.common:
        lines.append(f"- in all its cases: {', '.join(first.common)}")
    if first.outcome.diagnosis:
        lines.append(f"- diagnosis: {_code(first.outcome.diagnosis)}")
    lines += [f"- {remark}" for remark in [_state(first)] if remark]
    lines += ["", "```sh", *(plain(one.repro) for one in group), "```", ""]
    return lines


def _state(one: Finding) -> str:
    if one.state == "shrunk" and not one.complete:
        return f"perhaps not the smallest: shrinking ended after {many(one.evaluations, 'case')}"
    return _STATES[one.state]


def _code(text: str) -> str:
    """Return ``text`` as Markdown that shows it as it is."""
    fence = "`" * (
        1 + max(map(len, "".join(c if c == "`" else " " for c in text).split()), default=0)
    )
    return f"{fence} {plain(text)} {fence}"


def _print_group(group: Sequence[Finding], console: Console) -> None:
    from rich.text import Text

    first, *others = group
    verdict = first.outcome.verdict
    said = first.sentence if len(first.sentence) <= LONGEST else first.sentence[:LONGEST] + " ..."
    line = Text(f"{SYMBOLS[verdict]} {word(verdict)}", STYLES[verdict])
    line.append(f"  {plain(said)}", "default not bold")
    line.append(f"  seen {sum(one.seen for one in group):,} times", "dim")
    console.print(line, soft_wrap=True)
    if others:
        ways = [f"{one.outcome.variant} {one.outcome.key}" for one in others]
        more = f", {len(ways) - _MOST_WAYS} more" if len(ways) > _MOST_WAYS else ""
        _line(console, f"    the same by {', '.join(ways[:_MOST_WAYS])}{more}", "dim")
    if remark := _state(first):
        _line(console, f"    {remark}", "yellow")
    _line(console, f"    {first.repro}", "cyan")


def _table(state: State) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1), header_style="bold")
    # Where the terminal is narrow names give way, and figures do not.
    table.add_column("variant", no_wrap=True, overflow="ellipsis", min_width=9)
    for name in ("cases", "checks", "pairs", "wrong", "known", "moot", "time"):
        table.add_column(name, justify="right", no_wrap=True, min_width=5 + (name == "time"))
    for variant, tally in state.tallies.items():
        figures = (tally.cases, tally.checks, state.ways[variant].pairs)
        wrong = (tally.hits, tally.known, tally.unjudged)
        table.add_row(
            Text(plain(variant)),
            *(f"{n:,}" for n in figures),
            *(f"{n:,}" if n else "·" for n in wrong),
            duration(tally.seconds),
        )
    return table


def _remarks(found: Fuzzed) -> list[str]:
    state = found.state
    covered = coverage.coverage(map(parse, state.steering.tried))
    kernels = Counter(place[0] for place in state.kernels)
    said = (
        f"{many(len(state.steering.tried), 'case')}: {covered.covered:,} of {covered.feasible:,} "
        f"feasible pairs of levels, {len(state.steering.seen):,} pairs of features and sizes; "
        f"{len(state.steering.corpus):,} in the corpus"
    )
    lines = [said, "pairs: of a method and a feature; moot: the data could not have shown an error"]
    if kernels:
        said = ", ".join(f"{variant} {count}" for variant, count in kernels.items())
        lines.append(f"kernels met: {said}")
    if state.left_out:
        lines.append(f"{many(state.left_out, 'case')} to start from left out: too large to fuzz")
    unmet = [name for name, tally in state.tallies.items() if not tally.checks]
    if idle := [name for name in unmet if name not in found.missing]:
        lines.append(f"nothing was asked of {', '.join(idle)}; give more --budget or jobs")
    return lines


def _headline(found: Fuzzed, groups: int) -> str:
    checks = _checks(found.state)
    said = f"{many(checks, 'check')} in {duration(found.wall)}: "
    if groups:
        return said + f"{many(groups, 'finding')} to look at."
    known = sum(tally.known for tally in found.state.tallies.values())
    return said + (f"nothing new, {known:,} known divergences." if known else "all agree.")


def _checks(state: State) -> int:
    return sum(tally.checks for tally in state.tallies.values())


def _line(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(plain(text), style=style), soft_wrap=True)
