"""A suspected mistake, and the test whether it gives the very numbers that came.

A mistake is a computation that is bilinear like the right one, so that it has a bound like the
right one's: its magnitude is the same computation of absolute values, its count of terms that of
ones. An element fits if it has the bits of the mistaken expectation (exact data) or lies within
the mistaken bound (real data).

Only wrong elements are evidence. One of error ``e`` fits within ``b`` by chance about once in
``1 + e / b`` times, so it is worth ``log2(1 + e / b)`` bits; equal numbers count once, and zeros
only where a zero is what the mistake is about. A mistake is named if its evidence reaches
``NEEDED`` bits, and as many more as it takes to choose it among the ``choices`` of its kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from convergent.backends.expected import Expected
from convergent.cases import dtypes
from convergent.cases.dtypes import FORMATS, Float64
from convergent.cases.errors import InvalidCase
from convergent.harness import bounds
from convergent.harness.diagnose.subject import Given, Subject

NEEDED = 20.0
"""Bits of evidence: a random result is given one of 60 names once in 17,000 times."""
NEEDED_IN_PART = 28.0
_MOST_BITS = 52.0
_SURELY_APART = 2.0**-6  # of the numbers; 16-bit results round by 2**-8 at most
_SURELY_APART_SUM = 1e-3  # of the largest sum of absolute products, whose rounding is far less


class Mistake(NamedTuple):
    """A name and what the op gives with the mistake; ``choices`` are as many alike of its kind.

    ``rank`` 0 is simple: it is preferred to 1, and may hold ``in part``. ``zeros``: that elements
    are zero is what the mistake is about. ``inexact``: more than one rounding, even of exact data.
    Not ``alike``: it is told beside others of its theme that give the same numbers.
    """

    name: str
    compute: Callable[[Given], Float64]
    choices: int = 1
    rank: int = 0
    zeros: bool = False
    inexact: bool = False
    partly: bool = True
    alike: bool = True


class Fit(NamedTuple):
    """A mistake that fits: ``bits`` of evidence, of which so many are ``needed``.

    ``part``: it does not hold for all elements. ``same`` is equal where two gave equal numbers.
    """

    name: str
    bits: float
    needed: float
    rank: int
    part: bool = False
    same: int = 0

    @property
    def shown(self) -> bool:
        """Whether the evidence is enough."""
        return self.bits >= self.needed


def tried(subject: Subject, mistake: Mistake) -> Fit | None:
    """Return how ``mistake`` fits the result, or None if it does not."""
    try:
        value = mistake.compute(subject.given)
    except InvalidCase:  # the mistaken geometry is none
        return None
    wrong = subject.wrong
    if value.shape != wrong.shape or not _may_fit(subject, value, mistake.inexact):
        return None
    fits, width = _fits(subject, mistake, value)
    if not fits[wrong].all():
        return None
    part = not fits.all()
    if part and not (mistake.partly and mistake.rank == 0):
        return None
    needed = (NEEDED_IN_PART if part else NEEDED) + math.log2(mistake.choices)
    bits = _evidence(subject, value, width, zeros=mistake.zeros)
    return Fit(mistake.name, bits, needed, mistake.rank, part, hash(value.tobytes()))


def _may_fit(subject: Subject, value: Float64, inexact: bool) -> bool:
    """Say whether the wrong elements are near ``value`` at all: most mistakes end here."""
    found, came = value[subject.wrong], subject.actual[subject.wrong]
    if subject.exact and not inexact:
        room = FORMATS[subject.case.dtype].unit_roundoff * np.abs(found)
    else:
        largest = max(
            float(np.max(np.abs(found), initial=0.0, where=np.isfinite(found))),
            float(subject.expected.magnitude.max(initial=0.0)),
        )
        room = _SURELY_APART * np.abs(found) + _SURELY_APART_SUM * largest
    same = (found == came) | (np.isnan(found) & np.isnan(came)) | np.isinf(came)
    return bool(np.all(same | (np.abs(found - came) <= room)))


def _fits(
    subject: Subject, mistake: Mistake, value: Float64
) -> tuple[npt.NDArray[np.bool_], Float64]:
    """Return which elements fit ``value``, and within what."""
    dtype = subject.case.dtype
    rounded = dtypes.decode(dtypes.encode(value, dtype), dtype)
    same = (rounded == subject.actual) | (np.isnan(rounded) & np.isnan(subject.actual))
    ulp = np.spacing(np.abs(np.where(np.isfinite(rounded), rounded, 1.0)))
    ulp = ulp * 2.0 ** (53 - FORMATS[dtype].precision)
    if subject.exact and not mistake.inexact:
        return same, np.maximum(ulp, subject.quantum)
    limit = np.maximum(_limit(subject, mistake, value), ulp / 2)
    near = np.abs(value - subject.actual) <= limit
    # Exact data are integers: two meet by chance as often as integers do.
    return same | near, np.maximum(limit, subject.quantum) if subject.exact else limit


def _limit(subject: Subject, mistake: Mistake, value: Float64) -> Float64:
    """Return the bound of the mistaken expectation."""
    sizes = {role: np.abs(a) for role, a in subject.given.items()}
    magnitude = np.abs(mistake.compute(sizes))
    ones = {role: np.ones_like(a) for role, a in subject.given.items()}
    terms = np.ceil(np.abs(mistake.compute(ones)) - 1e-9)
    if subject.shaped:
        terms = np.maximum(terms, subject.expected.terms)
    expected = Expected(value=value, magnitude=magnitude, terms=terms.astype(np.int64))
    limit = bounds.bound(expected, subject.case.dtype)
    # Mistaken maps of float64 are summed in float64 too: they err as much as the framework.
    return 2 * limit if subject.case.dtype == "float64" else limit


def _evidence(subject: Subject, value: Float64, width: Float64, *, zeros: bool) -> float:
    """Return how many bits the wrong elements say for ``value``."""
    wrong = subject.wrong
    found, error, within = value[wrong], subject.error[wrong], width[wrong]
    ratio = np.where(np.isfinite(error), error, np.abs(found)) / np.maximum(within, 5e-324)
    bits = np.minimum(np.log2(1 + ratio), _MOST_BITS)
    # Of what overflowed no more is left than that it was large.
    counted = np.isfinite(found) & np.isfinite(subject.actual[wrong]) & (zeros | (found != 0))
    if zeros:
        return float(bits[counted].sum())
    best: dict[float, float] = {}
    for number, worth in zip(found[counted].tolist(), bits[counted].tolist(), strict=True):
        best[number] = max(worth, best.get(number, 0.0))
        if len(best) > 1 << 10:
            break
    return sum(best.values())
