"""A backend that takes as good as no time: the maps in NumPy, rounded once.

What a run of it costs is the harness' own. ``CONVERGENT_ADAPTER=honest=honest:Honest`` with this
folder on ``PYTHONPATH`` makes it known.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convergent.backends import numpy as maps
from convergent.backends.base import Backend, Tensors, method
from convergent.cases import dtypes
from convergent.cases.case import Case
from convergent.cases.dtypes import Array


class Honest(Backend):
    """Computes each op by its definition."""

    name = "honest"
    packages = ("numpy",)

    def loaded(self) -> dict[str, Any]:
        """Return NumPy's version and file."""
        return {"version": np.__version__, "file": np.__file__}

    def axes(self, role: str, case: Case) -> tuple[int, ...]:
        """Return the canonical axes."""
        return tuple(range(case.dims + 2))

    def enter(self, array: Array, case: Case) -> Array:
        """Return the array as it is."""
        return np.array(array)

    def leave(self, tensor: Array) -> tuple[Array, str]:
        """Return the array and its dtype's name."""
        return tensor, "bfloat16" if tensor.dtype == np.uint16 else tensor.dtype.name

    @method("conv", "native")
    def conv(self, case: Case, t: Tensors) -> Array:
        """Return y by the definition."""
        return self._of(case, "conv", t.x, t.w)

    @method("backprop_input", "native")
    def backprop_input(self, case: Case, t: Tensors) -> Array:
        """Return d_x by the definition."""
        return self._of(case, "backprop_input", t.dy, t.w)

    @method("backprop_filter", "native")
    def backprop_filter(self, case: Case, t: Tensors) -> Array:
        """Return d_w by the definition."""
        return self._of(case, "backprop_filter", t.x, t.dy)

    @method("transpose", "native")
    def transpose(self, case: Case, t: Tensors) -> Array:
        """Return the transposed convolution by its definition."""
        return self._of(case, "backprop_input", t.dy, t.w)

    @staticmethod
    def _of(case: Case, name: str, one: Array, other: Array) -> Array:
        exact = maps.MAPS[name](
            case, dtypes.decode(one, case.dtype), dtypes.decode(other, case.dtype)
        )
        return dtypes.encode(exact, case.dtype)
