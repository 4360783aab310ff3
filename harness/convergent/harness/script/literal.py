"""Numbers and arrays as Python source: compact, and the same to the last bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_WIDTH = 92


def plain(value: Any) -> str:
    """Return a plain value (numbers, words, ``None``, types of NumPy) as source."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if value is Ellipsis:
        return "..."
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    if isinstance(value, np.dtype):
        return f"np.{value.name}"
    if isinstance(value, np.generic):
        return plain(value.item())
    return repr(value)


def ones(array: Any) -> str:
    """Return an array of equal numbers as source."""
    if not array.size or (array == 1).all():
        return f"np.ones({tuple(array.shape)}, np.{array.dtype.name})"
    return f"np.full({tuple(array.shape)}, {plain(array.flat[0])}, np.{array.dtype.name})"


def number(value: float, digits: int = 17) -> str:
    """Return a float as the shortest text that reads back as it (``inf`` and ``nan`` by name)."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 1e15:  # noqa: PLR2004 - beyond, exponents are shorter
        return "-0.0" if value == 0 and math.copysign(1, value) < 0 else str(int(value))
    return repr(float(value)) if digits > 16 else f"{value:.{digits}g}"  # noqa: PLR2004


def array(values: Any, dtype: str, digits: int = 17) -> list[str]:
    """Return ``values`` as the lines of an expression for a NumPy array of ``dtype``."""
    texts = [number(float(value), digits) for value in np.asarray(values).ravel()]
    shape = tuple(np.shape(values))
    end = f"], {dtype})" + (f".reshape{shape}" if len(shape) != 1 else "")
    if len(shape) == 0:
        end = f"], {dtype}).reshape(())"
    flat = f"np.array([{', '.join(texts)}{end}"
    if len(flat) <= _WIDTH:
        return [flat]
    rows, row = [], ""
    per_row = shape[-1] if shape and 4 <= shape[-1] <= 16 else 12  # noqa: PLR2004
    for start in range(0, len(texts), per_row):
        row = ", ".join(texts[start : start + per_row]) + ","
        rows += _wrapped(row)
    return ["np.array([", *(f"    {line}" for line in rows), end]


def _wrapped(row: str) -> list[str]:
    found, line = [], ""
    for word in row.split(" "):
        if len(line) + len(word) + 1 > _WIDTH - 4:
            found.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*found, line]


def unnamed(texts: list[str]) -> list[str]:
    """Return ``texts`` with ``nan`` and ``inf`` as NumPy has them."""
    return texts
