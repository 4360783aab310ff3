"""How support is said: short heads, signs, and the conditions of a reason as part of a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from convergent.backends.base import Gap
from convergent.backends.modes import Mode
from convergent.cases.case import DTYPES
from convergent.cases.features import FEATURES
from convergent.reports.support import CONTRACT, Row, Sheet
from convergent.reports.support.cells import Cell, Note
from convergent.reports.support.logic import IMPLIED
from convergent.reports.wording import many

SIGNS = {"yes": "✓", "partly": "◐", "no": "✗"}
OWNERS = {"notimpl": "ours", "notyet": "theirs", "never": "by definition"}
"""Who could end a gap: this project, the framework, or nobody."""
ALWAYS = "all cases"
EVERY = "every method"

Mark = Callable[[str], str]
"""Sets a word off from the sentence around it, as Markdown's backquotes do."""

_HEADS = {
    "float64": "f64",
    "float32": "f32",
    "float16": "f16",
    "bfloat16": "bf16",
    "strided_dilated": "strided + dilated",
}


def head(word: str) -> str:
    """Return a feature as the head of a narrow column."""
    return _HEADS.get(word, word.replace("_", " "))


def together(words: Sequence[str], heads: Mark = str) -> str:
    """Return features that share a column."""
    if set(words).issuperset(DTYPES):
        words = ["each dtype", *(word for word in words if word not in DTYPES)]
    return ", ".join(map(heads, words))


def methods(sheet: Sheet) -> str:
    """Say how many methods a backend has, and how many illegal calls."""
    said = f"{many(len(sheet.rows), 'method')} of {many(len(sheet.ops), 'op')}"
    told = sum(len(refusal.cells) for refusal in sheet.refusals)
    return f"{said}, {many(told, 'illegal call')}" if told else said


def whole(sheet: Sheet, op: str) -> str:
    """Return ``9/12``: how many methods of ``op`` have no gap of their own, and how many there are.

    Of ``contract``, how many illegal calls must be refused, and how many there are.
    """
    if op == CONTRACT:
        cells = [cell for refusal in sheet.refusals for cell in refusal.cells.values()]
        done, there = sum(cell.support == "yes" for cell in cells), len(cells)
    else:
        done, there = sum(not row.gaps for row in sheet.of(op)), len(sheet.of(op))
    return f"{done}/{there}" if there else ""


def alike(rows: Iterable[Row]) -> list[tuple[Row, ...]]:
    """Return rows in groups whose cells are the same, in the order of their first."""
    found: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        found.setdefault((row.always, tuple(row.cells.items())), []).append(row)
    return [tuple(group) for group in found.values()]


def columns(features: Iterable[str], rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return the columns of a table of ``rows``: the features that it shows together.

    Left out are features of which every row does all, and those that say the same as one that they
    imply: where strided cases fail, those of unequal strides do. Features that say the same are one
    column.
    """
    found: dict[tuple[Cell, ...], tuple[str, ...]] = {}
    cells = {word: tuple(row.cells.get(word, Cell()) for row in rows) for word in features}
    for word, column in cells.items():
        general = (cells.get(implied) for implied in IMPLIED.get(word, ()))
        if any(cell.support != "yes" for cell in column) and column not in general:
            found[column] = (*found.get(column, ()), word)
    return list(found.values())


def holds(note: Note, mark: Mark = str) -> str:
    """Say in which cases the reason holds: ``when 3d, with float64, or float16, unless valid``.

    Words that are no features are a mode or a trait of the machine: ``given xla``.
    """
    gaps = tuple({(gap.when, gap.unless): gap for gap in note.gaps}.values())
    when, unless = _common([g.when for g in gaps]), _common([g.unless for g in gaps])
    rest = [_rest(gap, when, unless, mark) for gap in gaps]
    needed = [mark(word) for word in FEATURES if word in when]
    given = [mark(word) for word in when if word not in FEATURES]
    said = [f"when {' and '.join(needed)}"] if needed else []
    if any(rest):
        said.append(f"{'with' if needed else 'when'} {listed(rest)}")
    if given:
        said.append(f"given {' and '.join(given)}")
    if unless:
        said.append(f"unless {listed([mark(word) for word in unless])}")
    return ", ".join(said) or "always"


def listed(words: Sequence[str]) -> str:
    """Return ``a``, ``a or b``, ``a, b, or c``: alternatives."""
    if len(words) < 3:  # noqa: PLR2004 - from three on, commas
        return " or ".join(words)
    return f"{', '.join(words[:-1])}, or {words[-1]}"


def blame(note: Note, mark: Mark = str) -> str:
    """Say whose a reason is, and what is raised when the framework is asked all the same."""
    raised = f"; raises {mark(note.raises)}" if note.raises else ""
    return f"{OWNERS.get(note.kind, note.kind)}{raised}"


def sets(mode: Mode, mark: Mark = str) -> str:
    """Say what variables a mode sets; without any, the backend makes a call."""
    return ", ".join(mark(f"{name}={value}") for name, value in mode.environment)


def excludes(mode: Mode, modes: Iterable[Mode], mark: Mark = str) -> str:
    """Name the modes that cannot be on with ``mode``."""
    others = (m.name for m in modes if m.group and m.group == mode.group and m.name != mode.name)
    return ", ".join(map(mark, others))


def _common(words: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(word for word in words[0] if all(word in other for other in words))


def _rest(gap: Gap, when: Iterable[str], unless: Iterable[str], mark: Mark) -> str:
    """Return what one alternative asks for beyond what all do."""
    own = [word for word in gap.when if word not in when]
    features = [mark(word) for word in FEATURES if word in own]
    given = [mark(word) for word in own if word not in FEATURES]
    spared = [mark(word) for word in gap.unless if word not in unless]
    said = [" and ".join(features)] if features else []
    said += [f"given {' and '.join(given)}"] if given else []
    said += [f"unless {listed(spared)}"] if spared else []
    return " ".join(said)
