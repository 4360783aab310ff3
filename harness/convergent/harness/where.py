"""Which elements of a result are wrong, in words.

>>> import numpy as np
>>> wrong = np.zeros((2, 4, 4, 3), bool)
>>> wrong[1, :, -1] = True
>>> describe(wrong, "conv")
'batch 1, last column'
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from convergent.backends.base import OPS

_SPACE = {1: ("column",), 2: ("row", "column"), 3: ("plane", "row", "column")}


def axis_names(op: str, rank: int) -> list[str]:
    """Return a name per axis of the canonical result of ``op``, whose rank is ``rank``."""
    roles = OPS[op]
    if roles == ("b",):
        return ["output channel"]
    space = _SPACE[rank // len(roles) - 2]
    named = {
        "x": ("batch", *space, "input channel"),
        "y": ("batch", *space, "output channel"),
        "w": (*(f"kernel {name}" for name in space), "input channel", "output channel"),
    }
    return [name for role in roles for name in named[role]]


def describe(wrong: npt.NDArray[np.bool_], op: str) -> str:
    """Say where ``wrong`` (canonical shape) is true: ``everywhere``, ``last column``, ..."""
    if wrong.all():
        return "everywhere"
    places = np.nonzero(wrong)
    parts = []
    for name, size, indices in zip(axis_names(op, wrong.ndim), wrong.shape, places, strict=True):
        said = _along(name, size, set(np.unique(indices).tolist()))
        if said:
            parts.append(said)
    return ", ".join(parts) or "scattered"


def _along(name: str, size: int, hit: set[Any]) -> str:
    if len(hit) == size:
        return ""
    if len(hit) == 1:
        (index,) = hit
        ends = {0, size - 1}
        if size > len(ends) and index in ends and "channel" not in name and name != "batch":
            return f"{'first' if index == 0 else 'last'} {name}"
        return f"{name} {index}"
    if hit == {0, size - 1}:
        return f"first and last {name}"
    low, high = min(hit), max(hit)
    if hit == set(range(low, high + 1)):
        return f"{name} > {low - 1}" if high == size - 1 else f"{name} {low} to {high}"
    return ""
