"""Is a result right? The comparator: it knows arrays and a bound, and no framework."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from convergent.backends.expected import Expected
from convergent.cases import data, dtypes
from convergent.cases.case import Case
from convergent.cases.dtypes import FORMATS, Array, Float64
from convergent.cases.features import features
from convergent.harness import bounds, where
from convergent.harness.outcome import Asked, Judgement, Worst, number

# A drawn result with more zeros than this among elements that sum something shows too little.
MOST_ZEROS = 0.5


class Question:
    """What one op of one case must give, prepared once and asked of every method's result.

    On exact data (every sum below ``2**p`` of the accumulator) a result must be bit-equal to the
    exact one rounded once; on real data it must lie within ``bounds.bound``.
    """

    def __init__(self, case: Case, op: str, expected: Expected) -> None:
        self.case, self.op, self.expected = case, op, expected
        self.exact = _never_rounds(case, expected)
        self.stored = dtypes.encode(expected.value, case.dtype)
        self.rounded = dtypes.decode(self.stored, case.dtype)
        self.bound = bounds.bound(expected, case.dtype)
        finite = np.isfinite(expected.value)
        self.doubt = ""  # also set where the oracle contradicts published numbers
        meant = case.data in ("nonfinite", "overflow")
        if not (np.isfinite(self.bound) & (meant | finite)).all():
            self.doubt = "the expected values are not finite"
        self.vacuous = self._vacuous()
        self.told: dict[bytes, Judgement] = {}  # by the fingerprint of a result

    @property
    def nbytes(self) -> int:
        """The memory that this question holds, in bytes."""
        arrays = (self.expected.value, self.expected.magnitude, self.rounded, self.bound)
        return sum(array.nbytes for array in arrays) + self.stored.nbytes

    def judge(self, array: Array, dtype: str) -> Judgement:
        """Return what ``array`` (canonical, named ``dtype``; bfloat16 as bits) comes to."""
        if array.shape != self.stored.shape:
            return self._wrong(f"shape {array.shape}, expected {self.stored.shape}", "shape")
        if dtype != self.case.dtype:
            return self._wrong(f"dtype {dtype}, expected {self.case.dtype}", "dtype")
        if array.dtype != self.stored.dtype:  # an adapter's word is not enough
            return self._wrong(f"dtype {array.dtype}, expected {self.stored.dtype}", "dtype")
        if self.doubt:
            return Judgement(verdict="mistrusted", size=array.size, detail=self.doubt)
        if not array.size or (self.exact and self._is_stored(array)):
            found = Judgement(verdict="agrees", ratio=0.0, ulp=0.0, size=array.size)
        else:
            found = self._measure(dtypes.decode(array, dtype))
        if found.verdict == "agrees" and self.vacuous:
            return Judgement(verdict="mistrusted", size=array.size, detail=self.vacuous)
        return found

    @property
    def target(self) -> Float64:
        """What a result is compared with: the exact value, on exact data rounded once."""
        return self.rounded if self.exact else self.expected.value

    def errors(self, actual: Float64) -> tuple[Float64, npt.NDArray[np.bool_]]:
        """Return the error of each element of ``actual`` and whether it is wrong."""
        error = self._error(actual, self.target, self.bound)
        limit = 0.0 if self.exact else self.bound
        wrong = (error > limit) | self._wrong_zeros(actual, self.target)
        error = np.where(wrong & (error == 0), np.inf, error)
        error = np.where(wrong & ~np.isfinite(actual), np.inf, error)
        return error, wrong

    def ulps(self, error: Float64) -> Float64:
        """Return ``error`` in units of the last place of the right result."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(error > 0, error / _ulp(self.rounded, self.case.dtype), 0.0)

    def _measure(self, actual: Float64) -> Judgement:
        target = self.target
        error, wrong = self.errors(actual)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratios = np.where(error > 0, error / self.bound, 0.0)
        ulps = self.ulps(error)
        # Among the wrong elements if there are any, so that the sentence shows a wrong one.
        shown = np.where(wrong, ratios, -1.0) if wrong.any() else ratios
        at = np.unravel_index(np.argmax(shown), error.shape)
        found = Judgement(
            verdict="agrees",
            ratio=number(float(ratios[at])),
            ulp=number(float(ulps.max())),
            outside=int(np.count_nonzero(wrong)),
            size=actual.size,
            worst=Worst(
                index=tuple(int(i) for i in at),
                expected=number(float(target[at])),
                actual=number(float(actual[at])),
                bound=0.0 if self.exact else number(float(self.bound[at])),
            ),
        )
        return self._explain(found, actual, error, wrong) if wrong.any() else found

    def _explain(
        self, found: Judgement, actual: Float64, error: Float64, wrong: npt.NDArray[np.bool_]
    ) -> Judgement:
        dtype = self.case.dtype
        wider = bounds.models(
            self.expected, dtype, self.bound, exact=self.exact, data=self.case.data
        )
        fitting = (m.name for m in wider if self._is_within(m, actual, error))
        model = next(fitting, "")
        return msgspec.structs.replace(
            found,
            verdict="degraded" if model else "differs",
            question="value",
            model=model,
            where=where.describe(wrong, self.op),
        )

    def _is_within(self, model: bounds.Model, actual: Float64, error: Float64) -> bool:
        if self._is("overflow"):  # of a sum beside the threshold, a model may say the other side
            error = self._error(actual, self.expected.value, model.limit)
        return bool(np.all(error <= model.limit)) and model.fits(actual, error)

    def _error(self, actual: Float64, target: Float64, limit: Float64) -> Float64:
        """Return ``|actual - target|``, infinite where one is not finite and the other not equal.

        Beyond the largest finite number both count as the overflow threshold: an infinity is
        right where the exact result, or one within its ``limit``, overflows.
        """
        threshold = FORMATS[self.case.dtype].overflow
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.abs(
                np.clip(actual, -threshold, threshold) - np.clip(target, -threshold, threshold)
            )
            overflows = np.abs(target) - limit > threshold
        same = (actual == target) | (np.isnan(actual) & np.isnan(target))
        error = np.where(np.isnan(error) | (overflows & np.isfinite(actual)), np.inf, error)
        if self.expected.nan_too is not None:
            same |= self.expected.nan_too & np.isnan(actual)
        return np.where(same, 0.0, error)

    def _wrong_zeros(self, actual: Float64, target: Float64) -> npt.NDArray[np.bool_]:
        """Say where a zero is negative that cannot be: asked of signed zeros alone."""
        if self.expected.minus_too is None:
            return np.zeros(actual.shape, bool)
        minus = (actual == 0) & (target == 0) & np.signbit(actual)
        wrong: npt.NDArray[np.bool_] = minus & ~self.expected.minus_too
        return wrong

    def _wrong(self, detail: str, question: Asked) -> Judgement:
        return Judgement(verdict="differs", ratio="inf", detail=detail, question=question)

    def _is(self, kind: str) -> bool:
        return self.case.data == kind

    def _is_stored(self, array: Array) -> bool:
        """Say whether ``array`` holds the expected bits, or numbers equal to them."""
        if self.expected.minus_too is not None:
            return array.tobytes() == self.stored.tobytes()
        return np.array_equal(array, self.stored)

    def _vacuous(self) -> str:
        case = self.case
        if case.data.startswith("golden") or not self.stored.size or "empty" in features(case):
            return ""  # of an empty sum, zero is a full answer
        special = self._is("nonfinite") and not np.isfinite(self.expected.value).all()
        if special or self._is("signedzeros"):
            return ""
        summed = self.expected.terms > 0
        total = int(np.count_nonzero(summed))
        if not total:
            return "no element sums a product: the case cannot show an error"
        # A single sum may cancel by chance; that it does is as good an answer as another.
        found = self.expected.magnitude if total == 1 else self.expected.value
        zeros = int(np.count_nonzero(found[summed] == 0))
        if zeros <= MOST_ZEROS * total:
            return ""
        return f"{zeros} of {total} expected values are zero: the data cannot show an error"


def _never_rounds(case: Case, expected: Expected) -> bool:
    """Say whether every partial sum, in any order, is a number of the accumulator or overflows."""
    if case.data in ("normal", "uniform"):
        return False
    largest = float(expected.magnitude.max(initial=0.0))
    if case.data == "overflow":  # integers that were scaled
        largest = data.integer_limit(case) ** 2 * float(expected.terms.max(initial=0))
    return largest <= 2.0 ** FORMATS[FORMATS[case.dtype].accumulator].precision


def _ulp(values: Float64, dtype: str) -> Float64:
    """Return the distance between neighbours of ``dtype`` at ``values``."""
    form = FORMATS[dtype]
    _, exponent = np.frexp(np.where(np.isfinite(values), values, form.largest))
    ulp: Float64 = np.ldexp(1.0, np.maximum(exponent - 1, form.emin) - form.precision + 1)
    return ulp


def fingerprint(array: Array, dtype: str) -> bytes:
    """Return what no two results that differ in a bit, a shape or a dtype have in common.

    A cryptographic hash of 16 bytes: that two results ever share one is no more to be feared than
    that the memory errs.
    """
    hashed = hashlib.blake2b(f"{dtype} {array.dtype} {array.shape}".encode(), digest_size=16)
    hashed.update(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")
    return hashed.digest()


def digest(array: Array, dtype: str) -> str:
    """Return a short hash of a result's bits (C-contiguous, canonical), dtype and shape."""
    hashed = hashlib.blake2b(f"{dtype}{array.shape}".encode(), digest_size=8)
    hashed.update(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")
    return hashed.hexdigest()


def differences(question: Question, array: Array, dtype: str) -> dict[str, Any]:
    """Return expected, actual and error as float64 arrays, for a person to look at."""
    actual = dtypes.decode(array, dtype)
    return {"expected": question.rounded, "actual": actual, "error": actual - question.rounded}
