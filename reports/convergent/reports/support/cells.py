"""One cell of a support table: what the gaps of a method leave of some cases, and the reasons."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from typing import Literal

from convergent.backends.base import Gap
from convergent.backends.modes import Mode
from convergent.cases.case import MEMORY
from convergent.cases.features import FEATURES
from convergent.cases.record import record
from convergent.reports.support import logic

Support = Literal["yes", "partly", "no"]


@record
class Note:
    """Why some methods cannot do some cases: one reason, and the alternatives in which it holds.

    A method meets it in a case that one of those ``gaps`` covers that name the method.
    """

    number: int
    reason: str
    kind: str
    raises: str
    gaps: tuple[Gap, ...]


@record
class Cell:
    """What gaps leave of a method: all cases, some or none, and the numbers of their notes.

    None means: without a mode. What a mode makes possible, the notes tell.
    """

    support: Support = "yes"
    notes: tuple[int, ...] = ()


@record
class Judge:
    """Fills the cells of a backend's methods, each method given as its gaps."""

    notes: tuple[Note, ...]
    modes: tuple[Mode, ...]

    def of_feature(self, gaps: Sequence[Gap], word: str) -> Cell:
        """Return what those of ``gaps`` leave that are about a feature."""
        known = logic.learn({}, word) or {}
        return self._cell(gaps, known, [gap for gap in gaps if logic.concerns(gap, known)])

    def of_all(self, gaps: Sequence[Gap]) -> Cell:
        """Return what those of ``gaps`` leave that need no feature, so that no column is theirs."""
        return self._cell(gaps, {}, [gap for gap in gaps if _needs_none(gap)])

    def together(self, gaps: Sequence[Gap], features: Iterable[str]) -> Cell | None:
        """Return what ``gaps`` leave of the cases with all ``features``; ``None`` if no case has.

        Those of ``gaps`` that need no feature count too.
        """
        known = logic.learn_all(features)
        if known is None:
            return None
        about = [
            gap
            for gap in gaps
            if logic.concerns(gap, known) or (_needs_none(gap) and logic.possible(gap, known))
        ]
        return self._cell(gaps, known, about)

    def of_call(self, gaps: Sequence[Gap]) -> Cell:
        """Return what ``gaps`` leave of an illegal call, which is made in plain memory."""
        known = {**(logic.learn({}, "illegal") or {}), **dict.fromkeys(MEMORY[1:], False)}
        return self._cell(gaps, known, [gap for gap in gaps if logic.possible(gap, known)])

    def _cell(self, gaps: Sequence[Gap], known: logic.Known, about: Sequence[Gap]) -> Cell:
        """Return the cell that cites the gaps ``about`` it.

        ``no`` only if every case, on every machine, meets one of the gaps while no mode is on; it
        cites those that suffice alone, if there are any.
        """
        plain = {**known, **{mode.name: False for mode in self.modes}}
        none_left = logic.certain(gaps, plain)
        cited = list(about)
        if none_left:
            alone = [gap for gap in gaps if logic.certain((gap,), plain)]
            cited = alone or [gap for gap in gaps if logic.possible(gap, plain)]
            # What holds in a mode is another matter, and not said by what holds without.
            words = {mode.name for mode in self.modes}
            cited += [gap for gap in about if gap not in cited and not words.isdisjoint(gap.when)]
        return Cell(
            support="no" if none_left else "partly" if cited else "yes",
            notes=tuple(n.number for n in self.notes if any(gap in n.gaps for gap in cited)),
        )


def gaps_of(key: str, gaps: Sequence[Gap]) -> tuple[Gap, ...]:
    """Return the gaps that name ``op/method``."""
    return tuple(
        gap for gap in gaps if any(fnmatch.fnmatchcase(key, pattern) for pattern in gap.methods)
    )


def features_of(gaps: Iterable[Gap]) -> tuple[str, ...]:
    """Return the features that gaps are about: those that they need or leave by an ``unless``."""
    words = {word for gap in gaps for word in gap.when}
    spared = {word for gap in gaps for word in gap.unless}
    words |= {word for row in logic.COMPLETE if spared & {*row} for word in row}
    return tuple(word for word in FEATURES if word in words)


def _needs_none(gap: Gap) -> bool:
    return FEATURES.keys().isdisjoint(gap.when)


def notes_of(gaps: Iterable[Gap]) -> tuple[Note, ...]:
    """Return the reasons in the order of their declaration, gaps that share one put together.

    Gaps are alternatives of one note if they differ in their conditions alone; notes are one if
    they differ in their methods alone.
    """
    alternatives: dict[tuple[object, ...], list[Gap]] = {}
    for gap in gaps:
        key = (gap.methods, gap.reason, gap.kind, gap.raises)
        alternatives.setdefault(key, []).append(gap)
    same: dict[tuple[object, ...], list[Gap]] = {}
    for found in alternatives.values():
        conditions = frozenset((frozenset(g.when), frozenset(g.unless)) for g in found)
        first = found[0]
        same.setdefault((first.reason, first.kind, first.raises, conditions), []).extend(found)
    return tuple(
        Note(number=n, reason=g[0].reason, kind=g[0].kind, raises=g[0].raises, gaps=tuple(g))
        for n, g in enumerate(same.values(), 1)
    )
