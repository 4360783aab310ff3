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
    "unwritten memory in the sums": "numbers are the fill of fresh memory times operands",
    "larger than any sum of products": "infinite, or far beyond what the operands can give",
    "padding is unwritten memory": "the fill of fresh memory stands where zeros are due",
}

FRESH, FREED = 0x7F, 0x80
_HUGE = 2.0**-24  # of the fill: no product of the operands is as large
_OUTLANDISH = 16.0  # bits: a single float16 that is this very NaN
_EXPONENT = 8  # bits of the fill's exponent, which no other number has
_MOST_FACTORS = 1 << 10


def sights(subject: Subject) -> Iterator[Fit]:
    """Yield what the bits of the wrong elements show."""
    if not subject.shaped:
        return
    wrong = subject.wrong
    for name, byte, needed in (
        ("unwritten memory", FRESH, _OUTLANDISH),
        ("freed memory", FREED, NEEDED),
    ):
        if _is_usual(byte, subject):
            continue
        filled = _filled(subject, byte) & wrong
        if filled.any():
            bits = 8.0 * subject.stored.itemsize * int(filled.sum())
            yield Fit(name, bits, needed, 0, not filled[wrong].all())
            return
    if subject.case.data in ("normal", "uniform", "exact"):
        yield from _summed(subject)


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


def _is_usual(byte: int, subject: Subject) -> bool:
    """Say whether a fill is a number like others there: bfloat16's largest, or float's smallest."""
    if byte == FREED:
        return subject.case.data in ("subnormal", "tiny")
    return subject.case.data == "overflow" and subject.case.dtype == "bfloat16"


def _filled(subject: Subject, byte: int) -> npt.NDArray[np.bool_]:
    stored = np.ascontiguousarray(subject.stored)
    bytes_ = stored.view(np.uint8).reshape(*stored.shape, stored.itemsize)
    found: npt.NDArray[np.bool_] = (bytes_ == byte).all(axis=-1)
    return found


def _summed(subject: Subject) -> Iterator[Fit]:
    """Yield that the fill was multiplied, where the wrong elements are beyond any sum.

    Everything else in such a sum is lost to rounding. It is shown where the numbers are the fill
    times operands: one, or a run of channels from the first, as a read past the end meets.
    """
    fill = pattern(subject.case.dtype)
    came = np.abs(subject.actual[subject.wrong])
    limit = (fill if np.isfinite(fill) else FORMATS[subject.case.dtype].largest) * _HUGE
    sums = float(subject.expected.magnitude.max(initial=0.0))
    if sums >= limit or np.any(came < limit) or np.isnan(came).all():
        return
    yield Fit("larger than any sum of products", np.inf, NEEDED, 3)
    finite = np.unique(came[np.isfinite(came)])
    factors = _factors(subject)
    if not np.isfinite(fill) or not finite.size or factors.size > _MOST_FACTORS:
        return
    precision = FORMATS[subject.case.dtype].precision
    off = np.abs(finite[:, None] / fill - factors)
    if (off <= 8 * 2.0**-precision * np.maximum(factors, 1.0)).any(axis=1).all():
        bits = precision + _EXPONENT - np.log2(factors.size) - 3
        yield Fit("unwritten memory in the sums", float(bits * finite.size), NEEDED, 2)


def _factors(subject: Subject) -> Float64:
    """Return the numbers that fill may have met: operands, and sums of the first channels."""
    found = [np.ones(1)]
    for role in subject.reads:
        values = subject.given[role]
        found += [values.ravel(), np.cumsum(values, axis=-1).ravel()]
        if role == "w":
            found.append(np.cumsum(values, axis=-2).ravel())
    return np.unique(np.abs(np.concatenate(found)))
