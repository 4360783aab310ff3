"""The page of what every backend supports, as Markdown: ``convergent support --format markdown``.

A table per backend and op, methods that support the same in one row, then the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from convergent.backends.base import OPS
from convergent.cases.features import FEATURES
from convergent.reports.support import CONTRACT, Row, Sheet
from convergent.reports.support.cells import Cell
from convergent.reports.support.words import (
    ALWAYS,
    EVERY,
    SIGNS,
    alike,
    blame,
    columns,
    excludes,
    head,
    holds,
    methods,
    sets,
    together,
    whole,
)

_HEAD = """# Support

What each way to compute a convolution can do, and why not. This page is made from the adapters'
declarations, the same that make a check `unsupported`:
`convergent support --format markdown > docs/support.md`. Tests try every declared gap all the same
and want the framework to raise.

| sign | meaning |
| --- | --- |
| ✓ | no gap is declared: these cases are asked and judged |
| ✗ 1 | no case with this feature can be done, for the reason 1 of this backend |
| ◐ 1 | some cases with this feature cannot be done: the reason 1 gives the conditions |

A column is a feature of a case; features that no gap of the op concerns have none. A reason that
needs several features (`3d` and `grouped`) stands in each of their columns as ◐. Features that say
the same share a column, and one that says no more than a wider one (`unequal_strides` where
`strided` is there) has none. *All cases* holds what concerns a method whatever the feature. What no
method of a backend does is said once, as of *every method*.

A reason is *theirs* where the framework has no such thing yet, *ours* where this project's adapter
has not, and *by definition* where the question has no meaning there. What is asked may still be
answered wrongly: [Findings](findings/index.md) tells where. Conditions are features, listed at the
end of this page, and, after *given* or *unless*, modes of the backend and traits of the machine;
✓ and ✗ are those of a backend without modes.

One case on this machine: `convergent support --case conv3d:i5_k3_g2_c4_o4_float16`.
"""


def page(sheets: Sequence[Sheet]) -> str:
    """Return the page: the legend, an overview, a section per backend, and the words used."""
    parts = [_HEAD, "## Overview\n", *_overview(sheets)]
    for sheet in sheets:
        parts += _section(sheet)
    return "\n".join([*parts, *_words(sheets), _JSON])


_JSON = """## As JSON

`convergent support --format json` has the same for programs:

- `features`: the meaning of each feature that some gap names.
- `backends`: by name, each with
  - `methods`: `op`, `method`, `calls`, `all_cases` (what gaps of no feature leave) and `features`
    (those that are not fully supported), as `support` (`yes`, `partly`, `no`) and `reasons`;
  - `refusals`, the illegal calls: `call`, `reason`, `ops`;
  - `reasons`: `number`, `reason`, `kind`, `raises`, `gaps` (each `methods`, `when`, `unless`);
  - `modes`: `mode`, `meaning`, `sets`, `needs`, `group`; `variants`; `traits`.
- `rows`: `columns` and `data`, one row for each backend, op, method, feature and dtype together
  whose `support` is not `yes`; the feature `any` stands for all cases of that dtype. Where there is
  no row, no gap concerns the two.

`kind` is `notyet` (theirs), `notimpl` (ours) or `never` (by definition). Does PyTorch's
`conv/unfold` do 3-D in float16?

```sh
convergent support --format json |
  jq -c '.rows.data[] | select(.[:5] == ["torch", "conv", "unfold", "3d", "float16"])'
```

The answer is `no` with the numbers of its reasons. `--case` with `--format json` says of every
method whether it `does` the case on this machine, or why not.
"""


def _overview(sheets: Sequence[Sheet]) -> list[str]:
    ops = [op for op in OPS if any(whole(sheet, op) for sheet in sheets)]
    links = [f"[{sheet.backend}](#{sheet.backend})" for sheet in sheets]
    rows = [[f"`{op}`", *(whole(sheet, op) for sheet in sheets)] for op in ops]
    said = "Methods that have no gap of their own, of all methods"
    if any(sheet.refusals for sheet in sheets):
        said += f"; for `{CONTRACT}`, illegal calls that must be refused, of all"
    return [f"{said}.\n", *_table(["op", *links], rows, "r"), ""]


def _section(sheet: Sheet) -> list[str]:
    parts = [f"## {sheet.backend}\n", f"{_rest(sheet.meaning)} {methods(sheet)}.\n"]
    if sheet.shared.gaps and sheet.rows:
        table = _bound(sheet, [sheet.shared], lambda _: EVERY)
        parts += [f"### {sheet.backend}: {EVERY}\n", *table]
    for op in sheet.ops:
        parts += [f"### {sheet.backend}: {op}\n", *_methods(sheet, op)]
    if sheet.refusals:
        parts += [f"### {sheet.backend}: {CONTRACT}\n", *_refusals(sheet)]
    if sheet.notes:
        parts += [f"### {sheet.backend}: reasons\n", *_notes(sheet)]
    if sheet.modes:
        parts += [f"### {sheet.backend}: modes\n", *_modes(sheet)]
    return parts


def _methods(sheet: Sheet, op: str) -> list[str]:
    rows = sheet.of(op)
    free = [row for row in rows if not row.gaps]
    parts = [f"✓ every case: {_names(free, ', ')}\n"] if free else []
    bound = [row for row in rows if row.gaps]
    return parts + _bound(sheet, bound, lambda group: _names(group, "<br>")) if bound else parts


def _bound(sheet: Sheet, rows: Sequence[Row], named: Callable[[Sequence[Row]], str]) -> list[str]:
    """Return the table of methods that have gaps, those that say the same in one row."""
    shown = columns(sheet.features, rows)
    general = any(row.always.notes for row in rows)
    table = []
    for group in alike(rows):
        first = group[0]
        cells = [first.always] if general else []
        cells += [first.cells.get(words[0], Cell()) for words in shown]
        table.append([named(group), *(_cell(sheet.backend, cell) for cell in cells)])
    heads = ["method", *([ALWAYS] if general else []), *(together(words, head) for words in shown)]
    return [*_table(heads, table), ""]


def _refusals(sheet: Sheet) -> list[str]:
    ops = [op for op in OPS if any(op in refusal.cells for refusal in sheet.refusals)]
    table = [
        [
            f"`{refusal.name}`",
            *(_cell(sheet.backend, refusal.cells[op]) if op in refusal.cells else "" for op in ops),
            _safe(refusal.reason),
        ]
        for refusal in sheet.refusals
    ]
    said = (
        "Illegal calls. ✓: the framework must raise an exception. ✗: the interface has no words "
        "for it or gives it a meaning, as the reason says. Empty: there is no such call.\n"
    )
    return [said, *_table(["call", *(f"`{op}`" for op in ops), "why it is illegal"], table), ""]


def _notes(sheet: Sheet) -> list[str]:
    table = [
        [
            f'<a id="{sheet.backend}-{note.number}"></a>{note.number}',
            _safe(note.reason),
            holds(note, _code),
            blame(note, _code),
        ]
        for note in sheet.notes
    ]
    parts = [*_table(["", "reason", "holds", "whose"], table), ""]
    words = {word for note in sheet.notes for gap in note.gaps for word in (*gap.when, *gap.unless)}
    traits = [(word, meaning) for word, meaning in sheet.traits.items() if word in words]
    parts += [f"- `{word}`, a trait of the machine: {_safe(said)}" for word, said in traits]
    return [*parts, ""] if traits else parts


def _modes(sheet: Sheet) -> list[str]:
    table = [
        [
            f"`{mode.name}`",
            _safe(mode.meaning),
            sets(mode, _code) or "by a call",
            _safe(mode.needs),
            excludes(mode, sheet.modes, _code),
        ]
        for mode in sheet.modes
    ]
    variants = ", ".join(map(_code, sheet.variants))
    return [
        *_table(["mode", "meaning", "sets", "needs", "not with"], table),
        "",
        f"A run of all variants includes {variants}.\n",
    ]


def _words(sheets: Sequence[Sheet]) -> list[str]:
    used = {word for sheet in sheets for note in sheet.notes for gap in note.gaps
            for word in (*gap.when, *gap.unless)}  # fmt: skip
    used |= {word for sheet in sheets for word in sheet.features}
    table = [
        [f"`{word}`", head(word), meaning]
        for word, (meaning, _) in FEATURES.items()
        if word in used
    ]
    if not table:
        return []
    return ["## Features\n", *_table(["word", "column", "meaning"], table), ""]


def _cell(backend: str, cell: Cell) -> str:
    """Return a sign and links to its reasons; no superscripts, which cannot be wrapped."""
    numbers = ", ".join(f"[{number}](#{backend}-{number})" for number in cell.notes)
    return f"{SIGNS[cell.support]}&nbsp;{numbers}" if numbers else SIGNS[cell.support]


def _names(rows: Iterable[Row], between: str) -> str:
    return between.join(_code(row.name) for row in rows)


def _code(word: str) -> str:
    return f"`{_safe(word)}`"


def _rest(text: str) -> str:
    """Return a docstring's line with Markdown's quotes for those of reStructuredText."""
    return _safe(text.replace("``", "`"))


def _safe(text: str) -> str:
    """Return ``text`` as it can stand in a cell."""
    return " ".join(text.replace("|", "\\|").split())


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], align: str = "l") -> list[str]:
    rule = ["---", *(["---:" if align == "r" else "---"] * (len(heads) - 1))]
    return [f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows)]
