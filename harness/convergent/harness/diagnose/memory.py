"""Memory that nobody wrote: seen by its bits, for workers run with ``MALLOC_PERTURB_``.

glibc fills what ``malloc`` gives with the complement of that byte and what ``free`` takes with the
byte itself (mallopt(3), M_PERTURB): 0x7f and 0x80 as the harness sets it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from convergent.cases import dtypes
from convergent.cases.dtypes import FORMATS, Float64
from convergent.harness.diagnose.mistake import NEEDED, Fit, Mistake
from convergent.harness.diagnose.subject import Given, Subject

NAMES = {
    "unwritten memory": "elements hold the bytes that fill fresh memory",
    "freed memory": "elements hold the bytes that fill memory given back",
    "unwritten memory in the sums": "numbers as large as only the fill of fresh memory gives",
    "padding is unwritten memory": "the fill of fresh memory stands where zeros are due",
}

FRESH, FREED = 0x7F, 0x80
_HUGE = 2.0**-24  # of the fill: no product of the operands is as large
_MOST_FACTORS = 1 << 8


def sights(subject: Subject) -> Iterator[Fit]:
    """Yield what the bits of the wrong elements show."""
    if not subject.shaped:
        return
    wrong = subject.wrong
    for name, byte in (("unwritten memory", FRESH), ("freed memory", FREED)):
        filled = _filled(subject, byte) & wrong
        if filled.any():
            bits = 8.0 * subject.stored.itemsize * int(filled.sum())
            part = not filled[wrong].all()
            yield Fit(name, bits, NEEDED if bits >= NEEDED else 16.0, 0, part)
            return
    if subject.case.data in ("normal", "uniform", "exact") and (count := _summed(subject)):
        precision = FORMATS[subject.case.dtype].precision
        yield Fit("unwritten memory in the sums", float(count * (precision + 3)), NEEDED, 2)


def mistakes(subject: Subject) -> Iterator[Mistake]:
    """Yield convolutions whose padding holds the fill of fresh memory."""
    case = subject.case
    if not subject.shaped or "x" not in subject.reads or not any(map(any, case.pads)):
        return
    pads = tuple((max(lo, 0), max(hi, 0)) for lo, hi in case.pads)
    if not any(map(any, pads)):
        return
    inside = tuple((lo - a, hi - b) for (lo, hi), (a, b) in zip(case.pads, pads, strict=True))
    larger = tuple(i + sum(p) for i, p in zip(case.input, pads, strict=True))
    padded = case.replace(input=larger, padding=inside)
    fill = pattern(case.dtype)

    def value(given: Given) -> Float64:
        around = np.pad(given["x"], ((0, 0), *pads, (0, 0)), constant_values=fill)
        return subject.right({**given, "x": around}, padded)

    if np.isfinite(fill):
        yield Mistake("padding is unwritten memory", value, partly=False)


def pattern(dtype: str) -> float:
    """Return the number that fresh memory holds: 3.4e38 in float32, NaN in float16."""
    storage = dtypes.storage(dtype)
    filled = np.full(storage.itemsize, FRESH, np.uint8).view(storage)
    return float(dtypes.decode(filled, dtype)[0])


def _filled(subject: Subject, byte: int) -> npt.NDArray[np.bool_]:
    stored = np.ascontiguousarray(subject.stored)
    bytes_ = stored.view(np.uint8).reshape(*stored.shape, stored.itemsize)
    found: npt.NDArray[np.bool_] = (bytes_ == byte).all(axis=-1)
    return found


def _summed(subject: Subject) -> int:
    """Count wrong elements that are the fill times one of the operands' numbers; the others huge.

    Everything else in such a sum is lost to rounding, and two fills overflow.
    """
    fill = pattern(subject.case.dtype)
    if not np.isfinite(fill):
        return 0
    came = np.abs(subject.actual[subject.wrong])
    limit = fill * _HUGE
    sums = float(subject.expected.magnitude.max(initial=0.0))
    if sums >= limit or np.any(came < limit):
        return 0
    factors = np.unique(np.abs(np.concatenate([subject.given[r].ravel() for r in subject.reads])))
    if factors.size > _MOST_FACTORS:
        return 0
    finite = came[np.isfinite(came)]
    off = np.abs(finite[:, None] / fill - np.append(factors, 1.0))
    unit = 4 * FORMATS[subject.case.dtype].unit_roundoff
    met = (off <= unit * (finite / fill)[:, None]).any(axis=1)
    return int(met.sum()) if met.all() else 0
