"""What the conditions of gaps say of the cases with given features.

A feature rarely comes alone: 3-D is neither 1-D nor 2-D, and a depthwise case is a grouped one.
``learn`` draws these conclusions, so that a gap of ``grouped`` is seen to concern ``depthwise``,
and one that holds unless ``valid`` or ``same`` is seen to concern ``explicit``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from convergent.backends.base import Gap
from convergent.cases.case import DTYPES, LAYOUTS, MEMORY, SPECIAL

Known = Mapping[str, bool]

COMPLETE: tuple[tuple[str, ...], ...] = (
    ("1d", "2d", "3d"),
    DTYPES,
    LAYOUTS,
    ("valid", "same", "same_lower", "explicit"),
)
"""Features of which every case has exactly one of each row."""
EXCLUSIVE: tuple[tuple[str, ...], ...] = (
    *COMPLETE,
    MEMORY[1:],
    SPECIAL,
    ("valid", "padded"),
    ("empty_batch", "batched"),
)
"""Features of which a case has at most one of each row."""
IMPLIED: Mapping[str, tuple[str, ...]] = {
    "empty_batch": ("empty",),
    "empty_output": ("empty",),
    "no_channels": ("empty",),
    "unequal_strides": ("strided",),
    "unequal_dilations": ("dilated",),
    "strided_dilated": ("strided", "dilated"),
    "depthwise": ("grouped", "per_channel"),
    "multiplier": ("depthwise",),
    "asymmetric": ("padded",),
    "negative_padding": ("explicit", "padded"),
    "padding_beyond_kernel": ("padded",),
    "stride_beyond_kernel": ("strided",),
}
"""Features that a case has whenever it has another one."""


def learn(known: Known, word: str, holds: bool = True) -> Known | None:
    """Return ``known`` and all that follows from ``word``; ``None`` if it contradicts."""
    found = dict(known)
    told = [(word, holds)]
    while told:
        word, holds = told.pop()
        if word in found:
            if found[word] is not holds:
                return None
            continue
        found[word] = holds
        told += _follows(word, found)
    return found


def learn_all(words: Iterable[str]) -> Known | None:
    """Return what follows from all ``words``; ``None`` if no case has them together."""
    known: Known | None = {}
    for word in words:
        known = None if known is None else learn(known, word)
    return known


def possible(gap: Gap, known: Known) -> bool:
    """Say whether a case of which ``known`` is true can meet the gap."""
    return all(known.get(w, True) for w in gap.when) and not any(known.get(w) for w in gap.unless)


def concerns(gap: Gap, known: Known) -> bool:
    """Say whether what is known is among the gap's conditions, and contradicts none of them."""
    named = any(known.get(w) for w in gap.when) or any(not known.get(w, True) for w in gap.unless)
    return named and possible(gap, known)


def certain(gaps: Iterable[Gap], known: Known) -> bool:
    """Say whether every case of which ``known`` is true meets one of ``gaps``.

    What is not known may hold or not: a gap of ``3d`` and ``float64`` is not certain of a 3-D case,
    and one of a machine's trait is certain of none.
    """
    there = [gap for gap in gaps if possible(gap, known)]
    if not there:
        return False
    shortest = min((_open(gap, known) for gap in there), key=len)
    if not shortest:
        return True
    word = shortest[0]
    branches = (learn(known, word, holds) for holds in (False, True))
    return all(branch is None or certain(there, branch) for branch in branches)


def _open(gap: Gap, known: Known) -> list[str]:
    """Return the gap's words of which it is not known whether they hold."""
    return [word for word in (*gap.when, *gap.unless) if word not in known]


def _follows(word: str, known: Known) -> list[tuple[str, bool]]:
    """Return what ``word`` says of others, directly."""
    if not known[word]:
        less = [(other, False) for other, implied in IMPLIED.items() if word in implied]
        return [*less, *_last(word, known)]
    others = {o for row in EXCLUSIVE if word in row for o in row if o != word}
    more = [(other, True) for other in IMPLIED.get(word, ())]
    return [*more, *((other, False) for other in sorted(others))]


def _last(word: str, known: Known) -> list[tuple[str, bool]]:
    """Return the one feature of a complete row that is left once ``word`` does not hold."""
    rows = ([o for o in row if known.get(o, True)] for row in COMPLETE if word in row)
    return [(left[0], True) for left in rows if len(left) == 1]
