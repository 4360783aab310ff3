"""Arrays and cases as text for a person; arrays without unit axes, as papers print them."""

from __future__ import annotations

import numpy as np

from convergent.cases import dtypes
from convergent.cases.case import Case
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


def in_words(case: Case) -> str:
    """Say what a case is in one line.

    >>> from convergent.cases.text import parse
    >>> in_words(parse("conv1d:i8_k3_s2_pSAME"))
    '1-D, image 1x8x1, kernel 3, output 1x4x1, stride 2, padding SAME (0+1), float32, exact data'
    """
    parts = [
        f"{case.dims}-D",
        f"image {_by(case.x_shape)}",
        f"kernel {_by(case.kernel)}",
        f"output {_by(case.y_shape)}",
    ]
    steps = (("stride", case.stride), ("dilation", case.dilation))
    parts += [f"{name} {_by(sizes)}" for name, sizes in steps if max(sizes) > 1]
    if case.groups > 1:
        parts.append(f"{case.groups} groups")
    pads = "x".join(f"{lo}+{hi}" for lo, hi in case.pads)
    rule = case.padding if isinstance(case.padding, str) else "explicit"
    parts.append("no padding" if rule == "VALID" else f"padding {rule} ({pads})")
    parts += ["channels first"] if case.layout == "channels_first" else []
    return ", ".join([*parts, case.dtype, f"{case.data} data"])


def _by(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes))
