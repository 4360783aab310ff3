"""The mutants as a backend: ``mutant`` is right, ``mutant:pads_swapped`` has that fault.

``CONVERGENT_ADAPTER=mutant=mutation.backend:Mutant`` with ``benchmarks/`` on ``PYTHONPATH`` makes
them known to ``convergent``: ``convergent run --backend mutant:pads_swapped --suite smoke``.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from convergent.backends.base import Backend, Tensors, method
from convergent.backends.contracts import Told
from convergent.backends.memory import laid
from convergent.backends.modes import Mode
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation import correct, faults, refusal

FAULTS = faults.load()


class Mutant(Backend):
    """Computes every op by one matrix product per tap, with at most one fault."""

    name = "mutant"
    packages = ("numpy",)
    modes = tuple(Mode(name=f.name, meaning=f.sentence, group="fault") for f in FAULTS.values())
    variants = ("", *FAULTS)

    def __init__(self) -> None:
        self._state: dict[str, Any] = {}

    @property
    def fault(self) -> faults.Fault | None:
        """The fault of this process, if it has one."""
        return next((FAULTS[name] for name in self.active), None)

    def loaded(self) -> dict[str, Any]:
        """Return NumPy's version and file."""
        return {"version": np.__version__, "file": np.__file__}

    def axes(self, role: str, case: Case) -> tuple[int, ...]:
        """Return the axes as a framework has them: filters come with their outputs first."""
        d = case.dims
        if case.layout == "channels_last":
            return tuple(range(d + 2))
        return (d + 1, d, *range(d)) if role == "w" else (0, d + 1, *range(1, d + 1))

    def enter(self, array: Array, case: Case) -> Array:
        """Return the array in memory of its own, as the case lays it out."""
        return laid(array, case.memory)

    def leave(self, tensor: Array) -> tuple[Array, str]:
        """Return the array and its dtype's name."""
        return tensor, "bfloat16" if tensor.dtype == np.uint16 else tensor.dtype.name

    @method("conv", "native")
    def conv(self, case: Case, t: Tensors) -> Array:
        """Return y."""
        return self._of("conv", case, t)

    @method("backprop_input", "native")
    def backprop_input(self, case: Case, t: Tensors) -> Array:
        """Return d_x."""
        return self._of("backprop_input", case, t)

    @method("backprop_filter", "native")
    def backprop_filter(self, case: Case, t: Tensors) -> Array:
        """Return d_w."""
        return self._of("backprop_filter", case, t)

    @method("backprop_bias", "native")
    def backprop_bias(self, case: Case, t: Tensors) -> Array:
        """Return d_b."""
        return self._of("backprop_bias", case, t)

    @method("transpose", "native")
    def transpose(self, case: Case, t: Tensors) -> Array:
        """Return the transposed convolution."""
        return self._of("transpose", case, t)

    def told(self, call: Told) -> Array:
        """Refuse an illegal call; a lenient mutant gives some result of the legal one."""
        op, found = call.op, self.fault
        lenient = found.lenient if found and op in found.ops else ()
        for word, said in refusal.reasons(call):
            if f"{word}:crash" in lenient:
                os.abort()
            if f"{word}:internal" in lenient:
                raise RuntimeError(f"INTERNAL ASSERT FAILED: {word}")
            if word not in lenient:
                raise ValueError(said)
        from convergent.cases import data

        return correct.compute(call.case, op, data.make(call.case))

    def _of(self, op: str, case: Case, t: Tensors) -> Array:
        roles = zip(("x", "w", "y"), t, strict=True)
        canonical = Operands(*(a.transpose(np.argsort(self.axes(r, case))) for r, a in roles))
        if self.fault is None:
            found = correct.compute(case, op, canonical)
        else:
            found = self.fault(case, op, canonical, self._state)
        role = {"conv": "y", "backprop_filter": "w", "backprop_bias": "b"}.get(op, "x")
        if role == "b" or found.ndim != case.dims + 2:
            return found
        return found.transpose(self.axes(role, case))
