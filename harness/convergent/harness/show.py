"""Arrays as text for a person, without unit axes, as papers print them."""

from __future__ import annotations

import numpy as np

from convergent.cases import dtypes
from convergent.cases.dtypes import Array, Float64

SMALL = 256  # elements beyond which an array is not shown


def values(array: Array, dtype: str) -> Float64:
    """Return the numbers of a stored array, whatever its dtype turned out to be."""
    if dtype == "bfloat16" and array.dtype != np.uint16:
        return np.asarray(array, np.float64)
    return dtypes.decode(array, dtype)


def text(array: Array) -> str:
    """Return ``array`` without unit axes, in as few digits as tell its numbers apart."""
    squeezed = np.squeeze(np.asarray(array))
    return np.array2string(
        squeezed, precision=9, suppress_small=True, max_line_width=96, floatmode="maxprec"
    )
