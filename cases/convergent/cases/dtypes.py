"""Floating-point formats as data, and correct rounding into them.

Arrays travel as NumPy arrays; bfloat16, which NumPy lacks, travels as its bits in ``uint16``.

>>> import numpy as np
>>> float(round_to(np.array(1.00390625), FORMATS["bfloat16"]))  # a tie goes to even
1.0
>>> decode(encode(np.array([1.5, -2.0]), "bfloat16"), "bfloat16").tolist()
[1.5, -2.0]
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from convergent.cases.record import record

Array = npt.NDArray[Any]
Float64 = npt.NDArray[np.float64]


@record
class Format:
    """A binary format of IEEE 754's kind: ``precision`` bits, exponents ``emin`` to ``emax``."""

    name: str
    precision: int
    emin: int
    emax: int
    accumulator: str  # the type in which its products are summed, unless a kernel is careless

    @property
    def unit_roundoff(self) -> float:
        """Half the distance from 1 to the next number: ``2**-precision``."""
        return 2.0**-self.precision

    @property
    def tiny(self) -> float:
        """The smallest normal number."""
        return 2.0**self.emin

    @property
    def eta(self) -> float:
        """Half the smallest subnormal: the largest error of an underflow (Higham, 2.2)."""
        # Half of 2**-1074 is no float64: the subnormal itself is the next best bound.
        return max(2.0 ** (self.emin - self.precision), 2.0**-1074)

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return float(np.ldexp(2.0 - 2.0 ** (1 - self.precision), self.emax))

    @property
    def overflow(self) -> float:
        """Where rounding to nearest gives infinity: half a place beyond the largest number."""
        if self.name == "float64":
            return self.largest  # the next place has no float64
        return float(np.ldexp(2.0 - 2.0**-self.precision, self.emax))


FORMATS = {
    "float64": Format(name="float64", precision=53, emin=-1022, emax=1023, accumulator="float64"),
    "float32": Format(name="float32", precision=24, emin=-126, emax=127, accumulator="float32"),
    "float16": Format(name="float16", precision=11, emin=-14, emax=15, accumulator="float32"),
    "bfloat16": Format(name="bfloat16", precision=8, emin=-126, emax=127, accumulator="float32"),
    "tf32": Format(name="tf32", precision=11, emin=-126, emax=127, accumulator="float32"),
}


def round_to(values: Float64, form: Format) -> Float64:
    """Round to nearest, ties to even, in one step (``astype`` by way of float32 rounds twice).

    Shape and dtype (float64) stay; what overflows becomes infinite, NaN and infinity stay.
    """
    if form.name == "float64":
        return values
    if form.name == "float32":  # what float64 is cast to in one step
        with np.errstate(over="ignore", invalid="ignore"):  # of a signalling NaN
            return values.astype(np.float32).astype(np.float64)
    _, exponent = np.frexp(values)
    quantum = np.ldexp(1.0, np.maximum(exponent - 1, form.emin) - form.precision + 1)
    rounded = np.rint(values / quantum) * quantum
    finite = np.where(np.abs(rounded) > form.largest, np.copysign(np.inf, rounded), rounded)
    return np.where(np.isfinite(values), finite, values)


def encode(values: Float64, dtype: str) -> Array:
    """Round float64 ``values`` once and store them as ``dtype`` (bfloat16 as uint16 bits)."""
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype == "float32":
            return np.asarray(values, np.float64).astype(np.float32)
        rounded = round_to(np.asarray(values, np.float64), FORMATS[dtype])
        if dtype == "bfloat16":
            return (rounded.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
        return rounded.astype(dtype)


def decode(stored: Array, dtype: str) -> Float64:
    """Return the exact float64 values of an array stored as ``dtype``."""
    with np.errstate(invalid="ignore"):  # a signalling NaN, as garbage memory may hold
        if dtype == "bfloat16":
            return (stored.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
        return stored.astype(np.float64)


def storage(dtype: str) -> np.dtype[Any]:
    """Return the NumPy dtype that holds ``dtype`` in memory and on the wire."""
    return np.dtype(np.uint16 if dtype == "bfloat16" else dtype)
