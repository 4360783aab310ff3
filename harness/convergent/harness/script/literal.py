"""Numbers and arrays as Python source: compact, and the same to the last bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

WIDTH = 92
_LARGE = 1e15  # beyond, exponents are shorter
_FEW = 3  # numbers that are no line


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


def number(value: float, dtype: str = "float64") -> str:
    """Return a float as a short text that reads back as it, in an array of ``dtype``."""
    if math.isnan(value):
        return "np.nan"
    if math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    if value == int(value) and abs(value) < _LARGE:
        return "-0.0" if value == 0 and math.copysign(1, value) < 0 else str(int(value))
    short = str(np.dtype(dtype).type(value)) if dtype != "bool" else repr(value)
    reads_back = float(np.dtype(dtype).type(float(short))) == value
    return short if reads_back else repr(float(value))


def array(values: Any, dtype: str, *, rough: bool = False) -> list[str]:
    """Return ``values`` as the lines of an expression for a NumPy array of ``dtype``.

    ``rough``: six digits will do.
    """
    flat = [float(value) for value in np.asarray(values).ravel()]
    texts = [f"{value:.6g}" if rough else number(value, dtype) for value in flat]
    shape = tuple(np.shape(values))
    end = f"], {'bool' if dtype == 'bool' else f'np.{dtype}'})"
    end += "" if len(shape) == 1 else f".reshape{shape}"
    whole = f"np.array([{', '.join(texts)}{end}"
    if len(whole) <= WIDTH:
        return [whole]
    return ["np.array([", *(f"    {line}" for line in _rows(texts, shape)), end]


def _rows(texts: list[str], shape: tuple[int, ...]) -> list[str]:
    """Return the numbers in lines: of the last axes, if that reads well, else filled up."""
    for axis in range(1, len(shape)):
        length = math.prod(shape[axis:])
        rows = [", ".join(texts[at : at + length]) + "," for at in range(0, len(texts), length)]
        if length >= _FEW and max(map(len, rows)) <= WIDTH - 4:
            return rows
    found, line = [], ""
    for text in texts:
        if len(line) + len(text) + 2 > WIDTH - 4:
            found.append(line)
            line = ""
        line += f" {text}," if line else f"{text},"
    return [*found, line]
