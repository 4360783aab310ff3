"""Like what is a wrong result wrong? Suspected mistakes are recomputed and compared, never guessed.

Every suspicion is a computation by the oracle's maps with the mistake in it. Its result must be
the one that came: to the bit on exact data, within the bound of the mistaken expectation on real
data (``mistake``). What fits is named, the simplest first; where several fit they are all said,
``a or b``; where a mistake gives the wrong elements and the others are right it holds ``in part``.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from convergent.cases.data import Operands
from convergent.cases.dtypes import Array, storage
from convergent.harness.compare import Question
from convergent.harness.diagnose import (
    channels,
    geometry,
    kernel,
    memory,
    partial,
    precision,
    region,
    scaling,
    special,
    zeros,
)
from convergent.harness.diagnose.mistake import Fit, Mistake, tried
from convergent.harness.diagnose.subject import Subject

UNEXPLAINED = "unexplained"
SCANT = "too little to tell"
TOO_LARGE = "not diagnosed: too large"
CHANGED = "changed its input"
UNSTEADY = "another result the next time"
REUSED = "overwritten by the next result"

MOST_MACS = 1 << 21
"""Multiply-adds of one map beyond which nothing is recomputed a hundred times."""
_MOST_PARTICULAR = 1 << 26  # multiply-adds of all particular mistakes together
_MOST_NAMED = 3

THEMES = (memory, geometry, kernel, channels, zeros, partial, scaling, precision, special, region)
"""The modules of suspicions; each has ``NAMES``, and ``mistakes`` or ``sights`` or both."""

_RECOMPUTED = (precision, memory, geometry, kernel, channels, zeros, partial, scaling)

CAUSES: dict[str, str] = {
    name: meaning for theme in THEMES for name, meaning in theme.NAMES.items()
}
"""Every cause that can be named, and what it means."""


def diagnose(question: Question, operands: Operands, array: Array, dtype: str) -> str:
    """Return what ``array``, a wrong result of ``question``, is like; empty if it is not wrong.

    ``array`` is canonical and named ``dtype``; bfloat16 as bits. The text is one of ``CAUSES`` or
    several, joined by ``or``; with ``, in part`` if the mistake holds for the wrong elements alone;
    ``UNEXPLAINED``, ``SCANT`` (something fits, and so few elements are wrong that it may be chance)
    or ``TOO_LARGE``. It names no place: which elements are wrong says ``where``.
    """
    case = question.case
    if dtype != case.dtype or array.dtype != storage(dtype) or question.doubt:
        return ""
    if max(case.macs, array.size) > MOST_MACS:
        return TOO_LARGE
    with np.errstate(all="ignore"):
        subject = Subject(question, operands, array)
        if subject.shaped and not subject.wrong.any():
            return ""
        fits, whole = _fits(subject)
        said = _said(fits)
        return said if whole or said != UNEXPLAINED else TOO_LARGE


def cause(diagnosis: str) -> str:
    """Return the simplest cause that a diagnosis names: what is the same where one case shrinks."""
    return causes(diagnosis)[0]


def causes(diagnosis: str) -> list[str]:
    """Return every cause that a diagnosis names, the simplest first."""
    return diagnosis.split(" or ")


def is_named(diagnosis: str) -> bool:
    """Say whether a diagnosis names a cause."""
    return diagnosis not in ("", UNEXPLAINED, SCANT, TOO_LARGE)


def _fits(subject: Subject) -> tuple[list[Fit], bool]:
    """Return what fits, of the lowest rank that shows anything, and whether all was tried."""
    if not subject.wrong.size:
        return list(region.sights(subject)), True
    found = [fit for theme in (memory, precision, special) for fit in theme.sights(subject)]
    if any(fit.shown and fit.rank == 0 for fit in found):
        return found, True
    waiting = [list(theme.mistakes(subject)) for theme in _RECOMPUTED]
    tried_all = True
    for rank in sorted({mistake.rank for theme in waiting for mistake in theme}):
        due = [[m for m in theme if m.rank == rank] for theme in waiting]
        if rank == 1 and sum(map(len, due)) * subject.case.macs > _MOST_PARTICULAR:
            tried_all = False
            continue
        for theme in due:
            found += _tested(subject, theme)
        if any(fit.shown and not fit.part for fit in found):
            return found, True
    return [*found, *region.sights(subject)], tried_all


def _tested(subject: Subject, mistakes: Iterable[Mistake]) -> list[Fit]:
    """Return which of one theme's mistakes fit; of those that are the same here, the first."""
    found: dict[int, Fit] = {}
    for mistake in mistakes:
        fit = tried(subject, mistake)
        if fit is not None:
            key = fit.same if mistake.alike else len(found)
            if key not in found or not found[key].shown:
                found[key] = fit
    return list(found.values())


def _said(fits: list[Fit]) -> str:
    """Say which of ``fits`` are shown: the whole ones if there are any, of the lowest rank."""
    shown = [fit for fit in fits if fit.shown]
    if not shown:
        return SCANT if any(not fit.part for fit in fits) else UNEXPLAINED
    whole = [fit for fit in shown if not fit.part] or shown
    lowest = min(fit.rank for fit in whole)
    names = list(dict.fromkeys(_name(fit) for fit in whole if fit.rank == lowest))
    more = len(names) - _MOST_NAMED
    if more > 0:
        names = [*names[:_MOST_NAMED], f"{more} more"]
    return " or ".join(names)


def _name(fit: Fit) -> str:
    return f"{fit.name}, in part" if fit.part else fit.name
