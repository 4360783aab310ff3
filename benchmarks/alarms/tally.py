"""Counting: alarms, error ratios, and what a smaller constant of the bound would have alarmed."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from convergent.cases import dtypes
from convergent.cases.dtypes import FORMATS, Array
from convergent.harness import bounds
from convergent.harness.compare import Question
from convergent.harness.outcome import Judgement, number

LAMBDAS = (0.0, 1 / 16, 1 / 8, bounds.LAMBDA, 1 / 2, 1.0)
CONSTANTS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, bounds.C0)
QUANTILES = (0.5, 0.99, 1.0)
ALARMS = ("differs", "degraded", "raised")

Needs = npt.NDArray[np.float64]


@dataclasses.dataclass
class Cell:
    """What was counted of one class of checks: their number, alarms and error ratios."""

    checks: int = 0
    alarms: int = 0
    ratios: list[float] = dataclasses.field(default_factory=list)
    needed: float = 0.0

    def quantiles(self) -> list[float]:
        """Return the median, the 99th percentile and the maximum of the error ratios."""
        ratios = self.ratios or [0.0]
        return [float(q) for q in np.quantile(ratios, QUANTILES, method="inverted_cdf")]


class Tally:
    """Cells by class, and for each pair of constants the checks that it would have alarmed."""

    def __init__(self) -> None:
        self.cells: defaultdict[tuple[str, ...], Cell] = defaultdict(Cell)
        self.stricter: Counter[tuple[float, float]] = Counter()
        self.mistrusted = 0
        self.judged = 0

    def add(self, found: Judgement, classes: Iterable[tuple[str, ...]], needs: Needs) -> bool:
        """Count a judgement in every one of ``classes``; say whether it is an alarm.

        ``needs`` are pairs ``(terms, c)``: what each element needed of ``c(n)`` (``needs_of``).
        """
        if found.verdict == "mistrusted":
            self.mistrusted += 1
            return False
        self.judged += 1
        alarm = found.verdict in ALARMS
        ratio = math.inf if isinstance(found.ratio, str) else float(found.ratio or 0.0)
        most = float(needs[1].max(initial=0.0))
        for key in classes:
            cell = self.cells[key]
            cell.checks += 1
            cell.alarms += alarm
            cell.ratios.append(ratio)
            cell.needed = max(cell.needed, most)
        self.stricter.update(would_alarm(needs))
        return alarm

    def of(self, *kinds: str) -> Iterator[tuple[tuple[str, ...], Cell]]:
        """Yield the classes whose name begins with ``kinds``, without it."""
        for key, cell in self.cells.items():
            if key[: len(kinds)] == kinds:
                yield key[len(kinds) :], cell

    def plain(self) -> dict[str, Any]:
        """Return every figure as JSON has it."""
        cells = {
            "/".join(key): {
                "checks": cell.checks,
                "alarms": cell.alarms,
                "ratio": dict(
                    zip(("median", "p99", "max"), map(number, cell.quantiles()), strict=True)
                ),
                "needed": cell.needed,
            }
            for key, cell in sorted(self.cells.items())
        }
        stricter = {f"{lam:g}/{c0:g}": n for (lam, c0), n in sorted(self.stricter.items())}
        return {"judged": self.judged, "mistrusted": self.mistrusted} | {
            "cells": cells,
            "stricter": stricter,
        }


def needs_of(question: Question, array: Array) -> Needs:
    """Return ``(2, elements)``: the terms of each element and the ``c`` that its error needs.

    ``c = (|actual - expected| - u_out |expected| - n eta) / (u S)``: what is left of the error
    for the sum. Elements that need less than the smallest constant are left out.
    """
    dtype, expected = question.case.dtype, question.expected
    form = FORMATS[dtype]
    unit = FORMATS[form.accumulator].unit_roundoff
    error = np.abs(dtypes.decode(array, dtype) - expected.value)
    rest = error - form.unit_roundoff * np.abs(expected.value) - expected.terms * form.eta
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(expected.magnitude > 0, rest / (unit * expected.magnitude), 0.0)
    shown = needed > CONSTANTS[0] / 2
    return np.array([expected.terms[shown].astype(np.float64), needed[shown]])


def would_alarm(needs: Needs) -> list[tuple[float, float]]:
    """Return the pairs ``lambda, c0`` whose ``min(n, lambda sqrt(n) + c0)`` is less than needed."""
    terms, needed = needs
    if not terms.size:
        return []
    return [
        (lam, c0)
        for lam in LAMBDAS
        for c0 in CONSTANTS
        if np.any(needed > np.minimum(terms, lam * np.sqrt(terms) + c0))
    ]


def size_class(terms: int) -> str:
    """Return the class of a sum by its length: powers of four.

    >>> size_class(1), size_class(5), size_class(100_000)
    ('1', '4-15', '65,536-262,143')
    """
    if terms <= 1:
        return "1"
    low = 4 ** ((terms.bit_length() - 1) // 2)
    return f"{max(low, 2):,}-{4 * low - 1:,}"
