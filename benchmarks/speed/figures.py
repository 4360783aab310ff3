"""The arithmetic of the parts: medians, shares and how a cost grows. Knows nothing but numbers."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence


def median(values: Iterable[float]) -> float:
    """Return the median; of nothing, NaN."""
    found = list(values)
    return statistics.median(found) if found else math.nan


def medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of each figure over repetitions that all have it."""
    common = [name for name in runs[0] if all(name in run for run in runs)] if runs else []
    return {name: median(run[name] for run in runs) for name in common}


def ratio(over: float, under: float) -> float:
    """Return ``over / under``; NaN where nothing is below."""
    return over / under if under else math.nan


def shares(parts: Mapping[str, float], whole: float) -> dict[str, float]:
    """Return each part's share of ``whole``, and as ``rest`` what none of them is."""
    found = {name: ratio(seconds, whole) for name, seconds in parts.items()}
    return {**found, "rest": 1.0 - sum(found.values())}


def growth(sizes: Sequence[float], seconds: Sequence[float]) -> tuple[float, float]:
    """Return intercept and slope of ``seconds = intercept + slope * size``, by least squares.

    The errors are weighed by ``1 / seconds``: a cost of a second may err as many percent as one
    of a minute. Raises ``ValueError`` for fewer than two sizes.
    """
    if len(set(sizes)) < 2:  # noqa: PLR2004 - a line has two ends
        raise ValueError("growth needs two different sizes at least")
    weights = [1 / second**2 for second in seconds]
    total = sum(weights)
    x = sum(w * s for w, s in zip(weights, sizes, strict=True)) / total
    y = sum(w * s for w, s in zip(weights, seconds, strict=True)) / total
    rows = list(zip(weights, sizes, seconds, strict=True))
    across = sum(w * (size - x) ** 2 for w, size, _ in rows)
    slope = sum(w * (size - x) * (second - y) for w, size, second in rows) / across
    return y - slope * x, slope


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return ``p`` of ``seconds ~ size ** p``: 1 is a cost that grows as its cause does."""
    logs = [math.log(size) for size in sizes], [math.log(second) for second in seconds]
    return statistics.linear_regression(*logs).slope


def by_length(
    checks: Iterable[tuple[float, float, int]], limits: Sequence[float]
) -> dict[str, dict[str, float]]:
    """Return overhead by how long one framework call takes.

    ``checks``: wall seconds, seconds inside calls, and number of calls of each. Classes end at
    ``limits`` (seconds per call), the last one has no end.
    """
    names = [f"below {_short(limit)}" for limit in limits] + [f"{_short(limits[-1])} and more"]
    found = {name: {"checks": 0.0, "wall": 0.0, "calls": 0.0} for name in names}
    for wall, calls, times in checks:
        each = calls / max(times, 1)
        place = sum(each >= limit for limit in limits)
        for word, value in (("checks", 1.0), ("wall", wall), ("calls", calls)):
            found[names[place]][word] += value
    return found


def _short(seconds: float) -> str:
    return f"{seconds * 1e3:g} ms"
