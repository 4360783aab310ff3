"""A third-party backend that is right on ordinary numbers and wrong on odd ones, and its modes."""

from __future__ import annotations

import os
import time

import numpy as np

from convergent.backends import numpy as maps
from convergent.backends import oracle
from convergent.backends.base import Backend, method
from convergent.backends.memory import laid
from convergent.backends.modes import Mode
from convergent.cases import dtypes
from convergent.cases.data import Operands


def honest(case, t):
    """Return the right answer, whatever the numbers and wherever they lie."""
    operands = Operands(*(np.ascontiguousarray(a) for a in t))
    return dtypes.encode(oracle.expect(case, "conv", operands).value, case.dtype)


class Odd(Backend):
    """Computes `conv` with one fault a method that ordinary data in plain memory do not show."""

    name = "odd"
    packages = ("liars",)
    modes = (
        Mode(name="lossy", meaning="rounds to bfloat16", group="accuracy"),
        Mode(name="exact", meaning="does not", group="accuracy"),
        Mode(name="loud", meaning="is said before the import", environment=(("ODD", "loud"),)),
        Mode(name="far", meaning="runs elsewhere", needs="a machine that nobody has"),
    )
    variants = ("", "lossy", "lossy+loud", "far")

    def __init__(self):
        self.said = os.environ.get("ODD", "")
        self.calls = 0
        self.work = {}

    def loaded(self):
        return {"version": "1.0", "file": __file__, "said": self.said, "on": sorted(self.active)}

    def axes(self, role, case):
        return tuple(range(case.dims + 2))

    def enter(self, array, case):
        return laid(array, case.memory)

    def leave(self, tensor):
        name = "bfloat16" if tensor.dtype == np.uint16 else tensor.dtype.name
        return tensor, name

    def kernel(self, printed):
        return printed.strip() or "numpy"

    @method("conv", "honest")
    def honest(self, case, t):
        y = honest(case, t)
        if "lossy" in self.active and case.dtype == "float32":
            return dtypes.round_to(y.astype(np.float64), dtypes.FORMATS["bfloat16"]).astype("f4")
        return y

    @method("conv", "says_its_kernel")
    def says_its_kernel(self, case, t):
        os.write(1, b"gemm\n")
        return honest(case, t)

    @method("conv", "unsteady")
    def unsteady(self, case, t):
        self.calls += 1
        y = honest(case, t)
        return np.nextafter(y, np.inf).astype(y.dtype) if self.calls % 2 else y

    @method("conv", "stale_the_second_time")
    def stale_the_second_time(self, case, t):
        self.calls += 1
        return honest(case, t) * (self.calls % 2)

    @method("conv", "grows")
    def grows(self, case, t):
        self.calls += 1
        return honest(case, t)[: case.batch - 1 + self.calls % 2]

    @method("conv", "gives_away_its_workspace")
    def gives_away_its_workspace(self, case, t):
        y = honest(case, t)
        work = self.work.setdefault((y.shape, y.dtype), y)
        work[...] = y
        return work

    @method("conv", "view_blind")
    def view_blind(self, case, t):
        """Read as many elements as the image has from where its buffer begins."""
        buffer = t.x if t.x.base is None else t.x.base
        x = np.ascontiguousarray(buffer).ravel()[: t.x.size].reshape(t.x.shape)
        return honest(case, t._replace(x=x))

    @method("conv", "writes_what_is_read_only")
    def writes_what_is_read_only(self, case, t):
        y = honest(case, t)
        x = t.x
        x *= 1
        return y

    @method("conv", "swallows_nan")
    def swallows_nan(self, case, t):
        return np.nan_to_num(honest(case, t), nan=0.0, posinf=np.inf, neginf=-np.inf)

    @method("conv", "saturates")
    def saturates(self, case, t):
        y = honest(case, t)
        return np.clip(y, np.finfo(y.dtype).min, np.finfo(y.dtype).max)

    @method("conv", "spreads_nan")
    def spreads_nan(self, case, t):
        y = honest(case, t)
        y[np.isnan(y).any(axis=(1, 2, 3))] = np.nan
        return y

    @method("conv", "flushes_results")
    def flushes_results(self, case, t):
        y = honest(case, t)
        return np.where(np.abs(y) < np.finfo(y.dtype).tiny, 0, y).astype(y.dtype)

    @method("conv", "flushes_operands")
    def flushes_operands(self, case, t):
        tiny = np.finfo(t.x.dtype).tiny
        x = np.where(np.abs(t.x) < tiny, 0, t.x).astype(t.x.dtype)
        return honest(case, t._replace(x=x))

    @method("conv", "negative_zero")
    def negative_zero(self, case, t):
        y = honest(case, t)
        return np.where(y == 0, np.copysign(y, -1), y).astype(y.dtype)

    @method("conv", "empty_is_an_error")
    def empty_is_an_error(self, case, t):
        return honest(case, t) if t.x.size else np.stack([])

    @method("conv", "empty_is_unwritten")
    def empty_is_unwritten(self, case, t):
        y = maps.conv(case, t.x.astype(np.float64), t.w.astype(np.float64)).astype(t.x.dtype)
        return y if t.w.size else y + 1

    def told(self, call):
        """Refuse some breaches, take others for a call, and fall over the rest."""
        if 0 in call.stride:
            raise ValueError("a stride is positive")
        if max(call.dilation) > 10**6:
            time.sleep(3600)
        if max(map(max, call.pads)) > 10**6:
            os.abort()
        if not call.w.size:
            raise RuntimeError("INTERNAL ASSERT FAILED at odd.py, please report a bug to nobody")
        return np.zeros((1, 2, 3), np.float32)
