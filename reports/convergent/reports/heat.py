"""A wrong result beside the right one: what a finding's heat maps and its histogram are drawn of.

The wrong array lies beside the run file, by the digest of its bits; the right one is computed
again from the case alone. Nothing here is needed: what is missing, foreign or too large gives no
picture, and a picture holds a bounded part of a result.
"""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convergent.backends.base import OPS
from convergent.cases import dtypes
from convergent.cases.case import Case
from convergent.cases.errors import ConvergentError
from convergent.cases.text import parse
from convergent.harness import relations
from convergent.harness.compare import Question, digest
from convergent.harness.outcome import Outcome
from convergent.harness.referee import Referee
from convergent.harness.spoils import stored

MOST = 4096
"""Elements of a result that a picture holds."""
LARGEST_CASE = 20_000_000
"""Multiplications of a case whose right result is computed again for a picture."""
DECADES = 10
"""The histogram's bins: exact, below 1 ulp, below 10, and so on; the last holds all above."""
_AXES = {"x": ("batch", "input channel"), "y": ("batch", "output channel")}
_SPATIAL = {1: ("column",), 2: ("row", "column"), 3: ("plane", "row", "column")}


def heat(o: Outcome, folder: Path, referee: Referee) -> dict[str, Any] | None:
    """Return the picture of ``o``, whose array lies in ``folder``/arrays; None if there is none.

    ``expected`` and ``actual`` are base64 of float64, little-endian, of ``shape`` (canonical, C
    order) and begin at index ``origin`` of a result of shape ``whole``.
    """
    array = _array(folder, o.digest)
    if array is None or o.worst is None or relations.split(o.key)[1]:
        return None
    try:
        question = _question(o, array, referee)
    except (ConvergentError, ValueError, TypeError, KeyError, MemoryError):
        return None
    if question is None:
        return None
    case, expected = question.case, question.rounded
    actual = dtypes.decode(array, case.dtype)
    worst = o.worst.index
    if expected.shape != actual.shape or not _inside(worst, expected.shape):
        return None
    cut = region(expected.shape, worst)
    return {
        "whole": list(expected.shape),
        "origin": [part.start for part in cut],
        "shape": [part.stop - part.start for part in cut],
        "names": axes(o.op, case),
        "worst": list(worst),
        "expected": _packed(expected[cut]),
        "actual": _packed(actual[cut]),
        "ulps": spread(question.ulps(question.errors(actual)[0])),
    }


def _question(o: Outcome, array: dtypes.Array, referee: Referee) -> Question | None:
    """Return what was asked, if ``array`` is what ``o`` tells of and the case is small."""
    case = parse(o.case)
    if case.macs > LARGEST_CASE or not OPS.get(o.op):
        return None
    if array.dtype != dtypes.storage(case.dtype) or digest(array, case.dtype) != o.digest:
        return None
    return referee.question(case, o.op)


def region(shape: tuple[int, ...], around: tuple[int, ...]) -> tuple[slice, ...]:
    """Return the part of ``shape`` to show: all of it, or ``MOST`` elements around an index.

    >>> region((2, 3), (0, 1))
    (slice(0, 2, None), slice(0, 3, None))
    >>> [part.stop - part.start for part in region((64, 64, 64), (63, 0, 5))]
    [16, 16, 16]
    """
    sizes = list(shape)
    while math.prod(sizes) > MOST:
        longest = max(range(len(sizes)), key=sizes.__getitem__)
        sizes[longest] = (sizes[longest] + 1) // 2
    parts = []
    for size, length, at in zip(sizes, shape, around, strict=True):
        first = min(max(0, at - size // 2), length - size)
        parts.append(slice(first, first + size))
    return tuple(parts)


def axes(op: str, case: Case) -> list[str]:
    """Return a name for each axis of the result of ``op``, in canonical order."""
    names: list[str] = []
    roles = OPS[op]
    for role in roles:
        spatial = _SPATIAL[case.dims]
        if role == "b":
            own: tuple[str, ...] = ("output channel",)
        elif role == "w":
            own = (*(f"kernel {name}" for name in spatial), "input channel", "output channel")
        else:
            first, last = _AXES[role]
            own = (first, *spatial, last)
        names += [f"{role} {name}" for name in own] if len(roles) > 1 else own
    return names


def spread(ulps: npt.NDArray[np.float64]) -> list[int]:
    """Count the elements without error, below 1 ulp, below 10 ulp, ... from 1e8 on (NaN too)."""
    ulps = np.where(np.isnan(ulps), np.inf, ulps)
    edges = 10.0 ** np.arange(DECADES - 1)
    places = np.where(ulps == 0, 0, 1 + np.searchsorted(edges, ulps, side="right"))
    return [int(n) for n in np.bincount(places.ravel(), minlength=DECADES + 1)]


def _inside(index: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Say whether ``index`` names an element of ``shape``."""
    if len(index) != len(shape):
        return False
    return all(0 <= i < n for i, n in zip(index, shape, strict=True))


def _packed(array: npt.NDArray[np.float64]) -> str:
    return base64.b64encode(np.ascontiguousarray(array, "<f8").tobytes()).decode()


def _array(folder: Path, digest: str) -> dtypes.Array | None:
    """Return the array of ``digest``; None if it is missing, a link, too large, or no array."""
    try:
        return _loaded(stored(folder, digest))
    except (ValueError, EOFError, SyntaxError, TypeError, MemoryError):
        return None


def _loaded(content: bytes) -> dtypes.Array | None:
    """Return the array that ``content`` holds whole: its head may promise more."""
    head = io.BytesIO(content)
    np.lib.format.read_magic(head)
    shape, _, dtype = np.lib.format.read_array_header_1_0(head)
    if dtype.kind not in "fu" or math.prod(shape) * dtype.itemsize != len(content) - head.tell():
        return None
    found: dtypes.Array = np.load(io.BytesIO(content), allow_pickle=False)
    return found
