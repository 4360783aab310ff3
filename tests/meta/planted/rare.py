"""A third-party backend that is wrong where several features meet, crashes and hangs elsewhere."""

from __future__ import annotations

import os
import time

import numpy as np

from convergent.backends import oracle
from convergent.backends.base import Backend, method
from convergent.backends.modes import Mode
from convergent.cases import dtypes
from convergent.cases.data import Operands


def honest(case, t):
    """Return the right answer."""
    operands = Operands(*(np.ascontiguousarray(a) for a in t))
    return dtypes.encode(oracle.expect(case, "conv", operands).value, case.dtype)


def spoilt(y, case):
    """Return a result with a last element that no convolution of small numbers has."""
    if y.size:
        y.flat[-1] = dtypes.encode(np.array([3e4]), case.dtype)[0]
    return y


class Rare(Backend):
    """Computes `conv` well but for rare cases."""

    name = "rare"
    packages = ("rare",)
    modes = (Mode(name="fixed", meaning="is always right"),)
    variants = ("", "fixed")

    def loaded(self):
        return {"version": "1.0", "file": __file__}

    def axes(self, role, case):
        return tuple(range(case.dims + 2))

    def enter(self, array, case):
        return np.array(array)

    def leave(self, tensor):
        name = "bfloat16" if tensor.dtype == np.uint16 else tensor.dtype.name
        return tensor, name

    def kernel(self, printed):
        return "numpy"

    @method("conv", "honest")
    def honest(self, case, t):
        return honest(case, t)

    @method("conv", "rare")
    @method("conv", "rare_too")
    def rare(self, case, t):
        y = honest(case, t)
        rare = max(case.stride) > 1 and max(case.dilation) > 1 and case.groups > 1
        return spoilt(y, case) if rare and "fixed" not in self.active else y

    @method("conv", "crasher")
    def crasher(self, case, t):
        if case.dims == 3 and case.dtype == "float64":
            os.abort()
        return honest(case, t)

    @method("conv", "hanger")
    def hanger(self, case, t):
        if case.layout == "channels_first" and case.batch > 3:
            time.sleep(3600)
        return honest(case, t)

    @method("conv", "slow")
    def slow(self, case, t):
        time.sleep(0.75 if case.batch == 2 else 0)  # two calls a check
        return honest(case, t)

    @method("conv", "tired")
    def tired(self, case, t):
        self.calls = getattr(self, "calls", 0) + 1
        y = honest(case, t)
        return spoilt(y, case) if self.calls > 10 else y
