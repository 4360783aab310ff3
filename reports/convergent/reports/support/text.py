"""What every backend supports, on a terminal: what each method cannot do, then the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from convergent.backends.base import OPS, Gap
from convergent.cases.case import Case
from convergent.cases.words import in_words
from convergent.reports.support import CONTRACT, Refusal, Row, Sheet
from convergent.reports.support.case import Answer
from convergent.reports.support.cells import Cell, Note
from convergent.reports.support.words import (
    ALWAYS,
    EVERY,
    SIGNS,
    alike,
    blame,
    columns,
    excludes,
    holds,
    methods,
    sets,
    together,
    whole,
)
from convergent.reports.terminal import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_STYLES = {"yes": "green", "partly": "yellow", "no": "red"}
_LEGEND = "✓ every case   ◐ not all such cases   ✗ none of them   [n] see the reasons"


def print_sheets(sheets: Sequence[Sheet], console: Console) -> None:
    """Print what backends support: an overview if there are several, then each with its reasons."""
    _line(console, _LEGEND, "dim")
    if len(sheets) > 1:
        console.print()
        console.print(_overview(sheets))
    for sheet in sheets:
        _print_sheet(sheet, console)


def print_case(case: Case, answers: Iterable[Answer], console: Console) -> None:
    """Print which methods do one case on this machine, and why the others do not."""
    _line(console, str(case), "bold")
    _line(console, in_words(case))
    for answer in answers:
        console.print()
        traits = f"  here: {', '.join(answer.traits)}" if answer.traits else ""
        _line(console, answer.variant, "bold", traits)
        for op in answer.ops:
            _print_answer(answer, op, console)
        if answer.unasked:
            _entry(console, "", [(f"not asked of such a case: {', '.join(answer.unasked)}", "dim")])


def _print_answer(answer: Answer, op: str, console: Console) -> None:
    by_gap: dict[Gap | None, list[str]] = {}
    for found, name, gap in answer.methods:
        if found == op:
            by_gap.setdefault(gap, []).append(name)
    _line(console, f" {op}", "bold")
    done = by_gap.pop(None, None)
    if done:
        _entry(console, "  ", [(", ".join(done), "")], "yes")
    for gap, names in by_gap.items():
        assert gap is not None
        note = Note(number=0, reason=gap.reason, kind=gap.kind, raises=gap.raises, gaps=(gap,))
        why = [(", ".join(names), ""), (gap.reason, ""), (f"{holds(note)}; {blame(note)}", "dim")]
        _entry(console, "  ", why, "no")


def _print_sheet(sheet: Sheet, console: Console) -> None:
    from rich.padding import Padding

    console.print()
    _line(console, sheet.backend, "bold", f"  {sheet.meaning.replace('``', '')} {methods(sheet)}.")
    if sheet.shared.gaps and sheet.rows:
        _line(console, f" {EVERY}", "bold")
        console.print(Padding(_lines(_said(sheet.shared, sheet.features)), (0, 0, 0, 2)))
    for op in sheet.ops:
        _line(console, f" {op}", "bold")
        free = [row.name for row in sheet.of(op) if not row.gaps]
        if free:
            _entry(console, "  ", [(", ".join(free), "")], "yes")
        table = _grid(row.name for row in sheet.own if row.gaps)
        for rows in alike(row for row in sheet.of(op) if row.gaps):
            names = "\n".join(row.name for row in rows)
            table.add_row("", _text(names), _lines(_said(rows[0], sheet.features)))
        if table.row_count:
            console.print(table)
    if sheet.refusals:
        _line(
            console, f" {CONTRACT}", "bold", "  ✓ must be refused   ✗ no words for it, or a meaning"
        )
        _print_refusals(sheet.refusals, console)
    if sheet.notes:
        _print_notes(sheet, console)
    if sheet.modes:
        _print_modes(sheet, console)


def _said(row: Row, features: Iterable[str]) -> Iterator[tuple[str, Text]]:
    """Yield a sign and the features that it stands for, each with the numbers of its reasons."""
    by_support: dict[str, list[tuple[str, Cell]]] = {}
    shown: list[tuple[tuple[str, ...], Cell]] = []
    if row.always.notes:
        shown.append(((ALWAYS,), row.always))
    shown += [(words, row.cells[words[0]]) for words in columns(features, (row,))]
    for words, cell in shown:
        by_support.setdefault(cell.support, []).append((together(words), cell))
    for support in ("no", "partly"):
        text = _text("")
        for number, (said, cell) in enumerate(by_support.get(support, ())):
            text.append("; " if number else "").append(said)
            text.append(f" {_numbers(cell)}", "dim")
        if text:
            yield support, text


def _print_refusals(refusals: Sequence[Refusal], console: Console) -> None:
    table = _grid(refusal.name for refusal in refusals)
    for refusal in refusals:
        lines = [("", _text(refusal.reason, "dim"))]
        for support in ("yes", "partly", "no"):
            cells = [(op, cell) for op, cell in refusal.cells.items() if cell.support == support]
            said = ", ".join(f"{op} {_numbers(cell)}".rstrip() for op, cell in cells)
            lines += [(support, _text(said))] if said else []
        table.add_row("", _text(refusal.name), _lines(lines))
    console.print(table)


def _print_notes(sheet: Sheet, console: Console) -> None:
    from rich.table import Table

    _line(console, " reasons", "bold")
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for note in sheet.notes:
        said = _text(note.reason).append(f"\n{holds(note)}; {blame(note)}", "dim")
        table.add_row(_text(f"  [{note.number}]"), said)
    console.print(table)
    words = {word for note in sheet.notes for gap in note.gaps for word in (*gap.when, *gap.unless)}
    for word, meaning in sheet.traits.items():
        if word in words:
            _entry(console, "  ", [(f"{word}: {meaning}", "dim")])


def _print_modes(sheet: Sheet, console: Console) -> None:
    _line(console, " modes", "bold")
    table = _grid(mode.name for mode in sheet.modes)
    for mode in sheet.modes:
        others = excludes(mode, sheet.modes)
        more = [f"sets {sets(mode)}" if mode.environment else "set by a call"]
        more += [f"needs {mode.needs}"] if mode.needs else []
        more += [f"not with {others}"] if others else []
        table.add_row(
            "", _text(mode.name), _text(mode.meaning).append(f"\n{'; '.join(more)}", "dim")
        )
    console.print(table)
    said = f"a run of all variants includes {', '.join(sheet.variants)}"
    _entry(console, "  ", [(said, "")])


def _overview(sheets: Sequence[Sheet]) -> Table:
    """Return the table op x backend of the methods that have no gap of their own."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1), header_style="bold")
    table.add_column("methods without a gap", min_width=12)
    for sheet in sheets:
        table.add_column(_text(sheet.backend), justify="right")
    for op in OPS:
        cells = [whole(sheet, op) for sheet in sheets]
        if any(cells):
            table.add_row(op, *(cell or "·" for cell in cells))
    return table


def _grid(names: Iterable[str]) -> Table:
    """Return a table of ``names`` and what is said of them."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=2)
    table.add_column(min_width=max(map(len, names), default=0), no_wrap=True)
    table.add_column()
    return table


def _lines(lines: Iterable[tuple[str, Text]]) -> Table:
    """Return lines that begin with the sign of a support, what is wrapped being indented."""
    from rich.table import Table

    table = Table.grid(padding=(0, 1, 0, 0))
    for support, text in lines:
        table.add_row(_text(SIGNS.get(support, ""), _STYLES.get(support, "")), text)
    return table


def _entry(
    console: Console, indent: str, lines: Sequence[tuple[str, str]], support: str = ""
) -> None:
    """Print styled lines under one sign."""
    from rich.padding import Padding

    text = _text("")
    for number, (line, style) in enumerate(lines):
        text.append("\n" if number else "").append(plain(line), style)
    console.print(Padding(_lines([(support, text)]), (0, 0, 0, len(indent))))


def _numbers(cell: Cell) -> str:
    return f"[{','.join(map(str, cell.notes))}]" if cell.notes else ""


def _line(console: Console, text: str, style: str = "", more: str = "") -> None:
    console.print(_text(text, style).append(plain(more), "not bold"))


def _text(text: str, style: str = "") -> Text:
    """Return ``text`` as it is: nothing in it is markup or a control code."""
    from rich.text import Text

    return Text("\n".join(map(plain, text.split("\n"))), style=style)
