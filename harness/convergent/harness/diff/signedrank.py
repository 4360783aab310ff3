"""Whether paired differences lean to one side: Wilcoxon's signed-rank test, exact for few pairs.

F. Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1 (1945), 80-83.
Zero differences are left out and ties share their rank. Up to ``EXACT`` pairs the p-value is that
of all sign assignments of the very ranks that came, ties and all (the permutation distribution:
E. L. Lehmann, "Nonparametrics: Statistical Methods Based on Ranks", 1975, chapter 3); beyond, the
normal approximation with the variance for ties and a continuity correction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from convergent.cases.record import record

EXACT = 60


@record
class Test:
    """A two-sided test: ``pairs`` that differ, ``p``, and the ``median`` of their differences."""

    pairs: int
    p: float
    median: float


def test(differences: Sequence[float]) -> Test:
    """Test whether ``differences`` (finite) are symmetric about zero; two-sided."""
    d = np.asarray(differences, dtype=float)
    d = d[d != 0]
    if not d.size:
        return Test(pairs=0, p=1.0, median=0.0)
    ranks = _ranks(np.abs(d))
    positive = float(ranks[d > 0].sum())
    p = _exact(ranks, positive) if d.size <= EXACT else _normal(ranks, positive)
    return Test(pairs=int(d.size), p=p, median=float(np.median(d)))


def holm(ps: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number.

    That any true hypothesis is among those at or below a level has that probability at most,
    however the tests depend on one another. S. Holm, "A simple sequentially rejective multiple
    test procedure", Scandinavian Journal of Statistics 6 (1979), 65-70.
    """
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    adjusted, highest = [1.0] * len(ps), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = highest
    return adjusted


def _ranks(sizes: np.ndarray) -> np.ndarray:
    """Return the ranks of ``sizes`` from 1; equal ones share the mean of theirs."""
    _, place, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], dtype=float)


def _exact(ranks: np.ndarray, positive: float) -> float:
    """Count the sign assignments whose sum is as far out; doubled ranks are whole numbers."""
    doubled = np.rint(2 * ranks).astype(int)
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1.0
    for rank in doubled:  # halved each time: probabilities, which cannot overflow
        moved = np.zeros_like(ways)
        moved[rank:] = ways[: ways.size - rank]
        ways = (ways + moved) / 2
    seen = round(2 * positive)
    below, above = float(ways[: seen + 1].sum()), float(ways[seen:].sum())
    return min(1.0, 2 * min(below, above))


def _normal(ranks: np.ndarray, positive: float) -> float:
    mean, deviation = ranks.sum() / 2, math.sqrt(float((ranks**2).sum()) / 4)
    distance = max(0.0, abs(positive - float(mean)) - 0.5)
    return min(1.0, math.erfc(distance / deviation / math.sqrt(2)))
