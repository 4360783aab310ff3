"""Do results of a problem and its twins relate as they must? The bounds, and the verdict.

On exact data both sides are the same integers. On real data each lies within its own bound of the
exact value, so that they differ by no more than both bounds together::

    |a - b| <= (c(n) u (S_a + S_b) + 2 n eta + u_out (|a| + |b|)) / (1 - u_out)

with ``S`` and ``n`` bounded from above (``majorant.py``). Of the exact value ``e``, which nobody
knows, ``|e| <= (|a| + bound) / (1 - u_out)``. A multiple by a power of two or by -1 commutes with
every rounding in whatever order: there bits are compared, and only underflow may part them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from convergent.backends.expected import Expected
from convergent.cases.dtypes import FORMATS, Float64
from convergent.harness import bounds, where
from convergent.harness.compare import MOST_ZEROS
from convergent.harness.outcome import Judgement, Worst, number
from convergent.harness.relations import majorant
from convergent.harness.relations.sides import Given, Sides, sides
from convergent.harness.relations.twin import Claim


def measure(claim: Claim, base: Given, twins: Sequence[Given]) -> Judgement:
    """Return what ``base`` comes to beside its twins: agrees, degraded, differs or mistrusted."""
    tally = _Tally(claim, base, twins)
    for block in sides(claim, base, twins):
        tally.add(block)
    found = tally.judgement()
    if found.verdict == "agrees" and (vacuous := _vacuous(base)):
        return Judgement(verdict="mistrusted", size=found.size, detail=vacuous)
    return found


_DEEP = -100  # exponents that no drawn product reaches


class _Tally:
    """What the blocks of one claim have come to so far."""

    def __init__(self, claim: Claim, base: Given, twins: Sequence[Given]) -> None:
        self._claim, self._base = claim, base
        self._form = FORMATS[base.case.dtype]
        self._accumulator = FORMATS[self._form.accumulator]
        self._terms = max(majorant.longest(g.case, g.op) for g in (base, *twins))
        summed = (base, *twins) if claim.kind == "inner" else (base,)
        self._exact = all(map(self._is_exact, summed))
        # Narrower formats commute with a factor as this one does, as long as nothing underflows.
        underflows = self._form.emin > _DEEP and not self._exact
        self._commutes = claim.kind == "bits" and not underflows
        self._outside = self._size = 0
        self._wrong: npt.NDArray[np.bool_] | None = None
        self._models: list[str] | None = None
        self._worst: tuple[bool, float, Sides, tuple[int, ...], float] | None = None

    def add(self, block: Sides) -> None:
        """Judge one block more."""
        strict, wide = self._limits(block)
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.abs(block.left - block.right)
            error = np.where(np.isnan(error), np.inf, error)
            ratios = np.where(error > 0, error / wide, 0.0)
        wrong = error > strict
        self._size += wrong.size
        if wrong.any():
            self._outside += int(np.count_nonzero(wrong))
            self._mark(block, wrong)
            fitting = self._explain(block, error, wide)
            self._models = [m for m in fitting if self._models is None or m in self._models]
            ratios = np.where(wrong, ratios, -1.0)
        if wrong.size:
            self._see_worst(block, ratios, strict, wrong=bool(wrong.any()))

    def judgement(self) -> Judgement:
        """Return the verdict on all blocks."""
        if self._worst is None:
            return Judgement(verdict="agrees", ratio=0.0)
        _, ratio, block, at, limit = self._worst
        found = Judgement(
            verdict="agrees",
            ratio=number(ratio),
            outside=self._outside,
            size=self._size,
            worst=Worst(
                index=self._canonical(block, at),
                expected=number(float(block.right[at])),
                actual=number(float(block.left[at])),
                bound=number(limit),
            ),
        )
        if not self._outside:
            return found
        # The largest sum is in S already: what a narrow accumulator explains, it explains better.
        narrow = self._form.accumulator != self._form.name
        models = sorted(self._models or (), key=lambda name: narrow and "normwise" in name)
        model = models[0] if models else ""
        return Judgement(
            verdict="degraded" if model else "differs",
            ratio=found.ratio,
            outside=found.outside,
            size=found.size,
            worst=found.worst,
            model=model,
            where="" if self._wrong is None else where.describe(self._wrong, self._base.op),
            question="relation",
        )

    def _is_exact(self, given: Given) -> bool:
        """Say whether every sum is of integers that the accumulator holds."""
        if given.case.data in ("normal", "uniform"):
            return False
        return float(given.magnitude.max(initial=0.0)) <= 2.0**self._accumulator.precision

    def _limits(self, block: Sides) -> tuple[Float64, Float64]:
        """Return how far the sides may be apart: here, and where a direct kernel rounds."""
        unit, out, eta = self._accumulator.unit_roundoff, self._form.unit_roundoff, self._form.eta
        growth = float(bounds.growth(np.asarray(self._terms)))
        rounded = out * block.size / (1 - out) + block.own
        underflow = self._terms * eta * block.underflows
        wide = rounded + (growth * unit * block.S + underflow) / (1 - out)
        if self._claim.kind == "bits":
            parts = not self._exact and abs(self._claim.factor) != 1
            return np.full(block.left.shape, underflow if parts else 0.0), wide
        if not self._exact:
            return wide, wide
        # Exact sums are rounded once, to the same number; sums of such numbers are another matter.
        if self._claim.kind == "each" or self._form.accumulator == self._form.name:
            return np.full(block.left.shape, block.own), wide
        return rounded, wide

    def _explain(self, block: Sides, error: Float64, wide: Float64) -> list[str]:
        """Return the names of the wider models that explain the errors of a block."""
        terms = np.full(block.left.shape, self._terms)
        expected = Expected(value=block.size, magnitude=block.S, terms=terms)
        wider = bounds.models(expected, self._form.name, wide, exact=self._exact)
        return [
            model.name
            for model in wider
            if (model.limit is wide or not self._commutes)
            and np.all(error <= model.limit)
            and (model.fits(block.left, error) or model.fits(block.right, error))
        ]

    def _see_worst(self, block: Sides, ratios: Float64, strict: Float64, *, wrong: bool) -> None:
        at = tuple(int(i) for i in np.unravel_index(np.argmax(ratios), ratios.shape))
        seen = (wrong, float(ratios[at]), block, at, float(strict[at]))
        if self._worst is None or seen[:2] > self._worst[:2]:
            self._worst = seen

    def _mark(self, block: Sides, wrong: npt.NDArray[np.bool_]) -> None:
        if self._claim.kind == "inner":
            return
        if self._wrong is None:
            self._wrong = np.zeros(self._base.result.shape, bool)
        block.ours(self._wrong)[block.slices] |= wrong

    def _canonical(self, block: Sides, at: tuple[int, ...]) -> tuple[int, ...]:
        """Return the place in the result of an element of a block."""
        if self._claim.kind == "inner":
            return ()
        marked = np.zeros(self._base.result.shape, bool)
        block.ours(marked)[block.slices][at] = True
        return tuple(int(i) for i in np.unravel_index(np.argmax(marked), marked.shape))


def _vacuous(base: Given) -> str:
    """Say why the result at hand could not have shown an error, if it could not."""
    total = majorant.summed(base.case, base.op)
    if base.case.data.startswith("golden") or total == 1:
        return ""
    if not total:
        return "no element sums a product: the case cannot show an error"
    values = base.result
    if base.case.dtype == "bfloat16":
        values = values & np.uint16(0x7FFF)  # without the sign, which a zero may have too
    zeros = total - int(np.count_nonzero(values))
    if zeros <= MOST_ZEROS * total:
        return ""
    return f"{zeros} of {total} values are zero: the data cannot show an error"
