"""A comparison on the terminal: what is new first, then all the rest by weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from convergent.reports.diff.clusters import Cluster
from convergent.reports.diff.page import Page, pair_of, repro
from convergent.reports.diff.tables import Table
from convergent.reports.terminal import plain
from convergent.reports.wording import many

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {
    "new": "bold red",
    "lost": "red",
    "changed": "yellow",
    "known": "blue",
    "fixed": "green",
    "gained": "green",
}
LONGEST = 400
Line = tuple[str, str]


def lines(page: Page, most: int = 20) -> Iterator[Line]:
    """Return lines with their styles; at most ``most`` clusters or rows of a kind."""
    yield from ((line, "bold red") for line in page.loud)
    tone = "red" if page.diff.counts["new"] or page.diff.lies else "green"
    yield page.headline, f"bold {tone}"
    for pair in page.diff.pairs[:most]:
        for side, loaded in (("old", pair.identity.old), ("new", pair.identity.new)):
            name = pair.old if side == "old" else pair.new
            yield f"  {side}: {name}  {_facts(loaded)}", "dim"
    yield from _hidden(len(page.diff.pairs) - most, "matched pair")
    yield from ((f"! {line}", "yellow") for line in page.warnings[:most])
    yield from _hidden(len(page.warnings) - most, "warning")
    for section in page.sections:
        yield "", ""
        yield f"{section.title} ({many(section.checks, 'check')})", "bold"
        for found in section.clusters[:most]:
            yield from _cluster(page, found)
        yield from _hidden(len(section.clusters) - most, "group")
    for table in page.tables:
        yield from _table(table, most)


def text(page: Page, most: int = 20) -> str:
    """Return the whole as plain text."""
    return "".join(f"{plain(line)}\n" for line, _ in lines(page, most))


def show(page: Page, console: Console, most: int = 20) -> None:
    """Print the whole; nothing that a run file holds is taken for markup or a control code."""
    from rich.text import Text

    for line, style in lines(page, most):
        console.print(Text(plain(line), style=style), soft_wrap=True)


def _facts(loaded: dict[str, str]) -> str:
    words = {"python": "Python", "numpy": "NumPy", "jaxlib": "jaxlib", "git": "git",
             "executable": "by", "threads": "threads", "modes": "modes"}  # fmt: skip
    return ", ".join(
        f"{words[name]} {value}" if name in words else value for name, value in loaded.items()
    ) or "did not load"  # fmt: skip


def _cluster(page: Page, found: Cluster) -> Iterator[Line]:
    name = found.old if found.old == found.new else f"{found.old} -> {found.new}"
    count = many(len(found.changes), "check")
    style = STYLES.get(found.kind, "")
    yield f"{found.kind}  {name} {found.key}: {found.before} -> {found.after}, {count}", style
    said = found.sentence
    yield f"    {said if len(said) <= LONGEST else said[:LONGEST] + ' ...'}", ""
    if found.also:
        yield f"    the same by {', '.join(found.also)}", "dim"
    pair = pair_of(page.diff, found)
    commands = (repro(found.first.old, pair, "old"), repro(found.first.new, pair, "new"))
    for command in dict.fromkeys(commands):
        yield f"    {command}", "cyan"
    confirmed = page.confirmed.get(found.first.new.id)
    if confirmed:
        word = {True: "confirmed", False: "NOT CONFIRMED", None: "not tried"}[confirmed.holds]
        yield f"    {word}: {confirmed.said}", "green" if confirmed.holds else "yellow"


def _table(table: Table, most: int) -> Iterator[Line]:
    yield "", ""
    yield table.title, "bold"
    if table.rows:
        yield from _aligned(table.heads, table.rows[:most])
    yield from _hidden(len(table.rows) - most, "row")
    yield from ((f"  {note}", "dim") for note in table.notes)


def _aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Line]:
    cells = [[plain(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    for number, row in enumerate(cells):
        padded = [
            cell.rjust(width) if 0 < i < len(row) - 1 else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"  {'  '.join(padded).rstrip()}", "dim" if number == 0 else ""


def _hidden(count: int, noun: str) -> Iterator[Line]:
    if count > 0:
        yield f"  ... and {many(count, f'more {noun}')}; --format json has all", "dim"
