"""Random cases of the full product of all factors, the same for the same seed.

Sweeps hold every pair or triple once; a sample meets combinations of any number of levels, other
ones with every seed.

>>> [str(case) for case in draw(2, seed=0)] == [str(case) for case in draw(3, seed=0)[:2]]
True
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator

import numpy as np

from convergent.cases import coverage, sweep
from convergent.cases.case import Case
from convergent.cases.errors import InvalidCase
from convergent.cases.factors import FACTORS, levels

_STREAM = 0x5A  # apart from the streams of the data, which have the same seeds


def draw(count: int, seed: int = 0) -> list[Case]:
    """Return ``count`` different cases, every one there is as likely as any other.

    A row of levels is drawn at random and dropped if no case has all of them. A longer sample
    begins with the shorter one of the same seed. Raises ``InvalidCase`` for more than there are.
    """
    if count > size():
        raise InvalidCase(f"a sample of {count:,} is more than the {size():,} cases there are")
    found: dict[Case, None] = {}
    for row in _rows(seed):
        if len(found) == count:
            break
        case = _built(row)
        if case is not None:
            found[case] = None
    return list(found)


@functools.cache
def size() -> int:
    """Return the number of cases that samples are drawn from.

    A row is a case where its space and its channels are each possible, and all else is free.
    """
    return math.prod(map(_possible, (coverage.SPACE, coverage.CHANNELS, *coverage.FREE)))


def _possible(names: tuple[str, ...]) -> int:
    first = {name: found[0] for name, found in FACTORS.items()}
    rows = itertools.product(*(FACTORS[name] for name in names))
    return sum(_built({**first, **dict(zip(names, row))}) is not None for row in rows)


def _rows(seed: int) -> Iterator[sweep.Row]:
    """Yield rows of levels without end; PCG64's raw words are the same on every machine."""
    words = np.random.PCG64(np.random.SeedSequence([seed, _STREAM]))
    for _ in itertools.count():
        drawn = words.random_raw(len(FACTORS)).tolist()
        yield {
            name: found[word % len(found)] for (name, found), word in zip(FACTORS.items(), drawn)
        }


def _built(row: sweep.Row) -> Case | None:
    """Return the case of a row, if it shows just these levels."""
    try:
        case = sweep.build(row)
    except (InvalidCase, KeyError):
        return None
    return case if levels(case) == row else None
