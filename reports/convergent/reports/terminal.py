"""A run on the terminal: what broke and how to see it again, then the counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from convergent.harness.record import Run
from convergent.reports.groups import Group, alike
from convergent.reports.progress import Progress
from convergent.reports.summary import Remark, Summary, summarise
from convergent.reports.tally import Tally
from convergent.reports.wording import (
    SYMBOLS,
    counted,
    headline,
    many,
    short,
    time_spent,
    word,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = ["Progress", "console", "print_summary"]

STYLES = {
    "differs": "bold red",
    "crashed": "bold red",
    "timed_out": "red",
    "raised": "red",
    "degraded": "yellow",
    "mistrusted": "yellow",
    "known": "blue",
    "agrees": "green",
}
MOST_NOTES = 8
MOST_BY_OP = 4  # variants; of more, the table has a row each
MOST_KERNELS = 3
_TABLE_WIDTH = 72  # characters, with the longest name of an op
HEADS = ("agrees", "findings", "known", "n/a", "ratio")
LONGEST = 400  # characters of a finding's sentence; the report has all of it


def console() -> Console:
    """Return the console of standard output."""
    from rich.console import Console

    return Console()


def print_summary(  # noqa: PLR0913 - keyword-only choices
    run: Run,
    console: Console,
    *,
    report: Path | None = None,
    missing: Mapping[str, str] | None = None,
    most: int = 20,
    quiet: bool = False,
) -> None:
    """Print what a person needs to act on ``run``; at most ``most`` groups of findings.

    With ``quiet``, only what broke and the answer: no table, no notes, no files.

    Nothing that a run file holds is taken for markup or sent to the terminal as a control code.
    ``report`` is where the report was written, ``missing`` maps each backend that is not
    installed to the command that adds it.
    """
    s = summarise(run)
    _print_findings(s, console, most)
    if s.cells and not quiet:
        console.print(_table(s) if console.width >= _TABLE_WIDTH else _listed(s))
        console.print()
        _print_ways(s, console)
    _print_remarks(() if quiet else s.notes, console)
    for line in s.stale:
        _line(console, f"stale: {line}", "red")
    _print_missing(s, missing or {}, console)
    if run.end and not quiet:
        _line(console, time_spent(run.end), "dim")
    tone = "red" if s.findings else "green" if s.complete and s.total.checked else "yellow"
    _line(console, headline(s), f"bold {tone}")
    if s.findings and not quiet:
        _line(console, f"{counted(s.total.findings)}.", tone)
    if run.damaged:
        _line(console, f"{many(run.damaged, 'line')} of the run file could not be read", "yellow")
    for name, path in (("run", run.path), ("report", report)):
        if path and not quiet:
            _line(console, f"{name}: {path}")


def plain(text: str) -> str:
    """Return ``text`` with every control character written out as its escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _cut(text: str) -> str:
    """Return ``text`` with the middle left out where it is longer than a person reads."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST * 2 // 3]} ... {text[-LONGEST // 4 :]}"


def _line(console: Console, text: str, style: str = "") -> None:
    """Print one logical line; the terminal wraps it, so that a copy of it is whole."""
    from rich.text import Text

    console.print(Text(plain(text), style=style), soft_wrap=True)


def _print_findings(s: Summary, console: Console, most: int) -> None:
    joined = alike(s.findings)
    for found, *others in joined[:most]:
        _print_group(found, others, console)
    hidden = len(joined) - most
    if hidden > 0:
        _line(console, f"... and {many(hidden, 'more group')} of findings; see the report", "dim")
    if s.findings:
        console.print()


def _print_group(found: Group, alike_too: list[Group], console: Console) -> None:
    from rich.text import Text

    others = len(found.outcomes) - 1
    line = Text(f"{SYMBOLS[found.verdict]} {word(found.verdict)}", STYLES[found.verdict])
    line.append(f"  {_cut(plain(found.first.sentence))}", "default not bold")
    if others:
        line.append(f"  and {many(others, 'more case')}", "dim")
    console.print(line, soft_wrap=True)
    if alike_too:
        _line(console, f"    the same by {', '.join(g.method for g in alike_too)}", "dim")
    _line(console, f"    {found.first.repro}", "cyan")


def _rows(s: Summary) -> Iterator[tuple[Text, Tally | None]]:
    """Yield the rows variant x op, or a row a variant where there are many."""
    from rich.text import Text

    for variant in s.variants:
        tallies = [(op, s.ops[variant, op]) for op in s.methods if (variant, op) in s.ops]
        if tallies and len(s.by_variant) > MOST_BY_OP:
            yield Text(plain(variant)), s.by_variant[variant]
        elif tallies:
            yield Text(plain(variant), "bold"), None
            yield from ((Text(f"  {plain(op)}"), tally) for op, tally in tallies)


def _listed(s: Summary) -> Text:
    """Return the rows as lines that break, for a terminal that no table fits."""
    from rich.text import Text

    lines = []
    for name, tally in _rows(s):
        cells = zip(HEADS, _cells(tally) if tally else (), strict=False)
        said = [
            cell if head == "findings" else Text.assemble(head, " ", cell)
            for head, cell in cells
            if cell.plain != "·"
        ]
        lines.append(Text.assemble(name, ": ", Text(", ").join(said)) if said else name)
    return Text("\n").join(lines)


def _table(s: Summary) -> Table:
    """Return the table variant x op; only its findings wrap where the terminal is narrow."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1), header_style="bold")
    table.add_column("variant, op", no_wrap=True, overflow="ellipsis", min_width=9)
    table.add_column("agrees", justify="right", no_wrap=True)
    table.add_column("findings", min_width=8)
    for head in HEADS[2:]:
        table.add_column(head, justify="right", no_wrap=True)
    for name, tally in _rows(s):
        table.add_row(name, *(_cells(tally) if tally else ()))
    return table


def _print_ways(s: Summary, console: Console) -> None:
    ways = ", ".join(f"{name} {count:,}" for name, count in s.ways.items())
    if ways:
        _line(console, f"ways checked (op x method x variant): {ways}", "dim")
    if len(s.by_variant) > MOST_BY_OP:
        return
    for variant, kernels in s.kernels.items():
        shown = [f"{kernel} ({count:,})" for kernel, count in kernels.items()]
        rest = [f"{len(shown) - MOST_KERNELS} more"] if len(shown) > MOST_KERNELS else []
        _line(console, f"kernels of {variant}: {', '.join(shown[:MOST_KERNELS] + rest)}", "dim")


def _cells(tally: Tally) -> list[Text]:
    from rich.text import Text

    def count(number: int, style: str) -> Text:
        return Text(f"{number:,}", style) if number else Text("·", "dim")

    agrees = f"{tally.agrees:,}/{tally.checked:,}" if tally.checked else "·"
    style = STYLES.get(tally.worst, "dim")
    return [
        Text(agrees, style),
        Text(counted(tally.findings), style) if tally.findings else Text("·", "dim"),
        count(tally.known, STYLES["known"]),
        count(tally.unsupported, "dim"),
        Text(short(tally.ratio)),
    ]


def _print_missing(s: Summary, missing: Mapping[str, str], console: Console) -> None:
    for absent in s.missing:
        _line(console, f"{absent.variant} could not be run: {absent.error}", "red")
        if absent.remedy:
            _line(console, f"    {absent.remedy}")
    for backend, way in missing.items():
        _line(console, f"{backend} is not installed; add it with: {way}", "dim")


def _print_remarks(notes: tuple[Remark, ...], console: Console) -> None:
    for note in notes[:MOST_NOTES]:
        _line(console, f"note: {note.text} ({many(note.count, 'check')})", "blue")
    if len(notes) > MOST_NOTES:
        _line(console, f"... and {many(len(notes) - MOST_NOTES, 'more note')}", "dim")
