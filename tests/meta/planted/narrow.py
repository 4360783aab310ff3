"""A third-party backend that is wrong for some cases alone: what a shrinker must close in on."""

from __future__ import annotations

import os
import time

from convergent.backends import numpy as maps
from convergent.backends.base import Backend, method
from convergent.cases import dtypes
from convergent.cases.features import features


def honest(case, t):
    """Return the right answer."""
    exact = maps.conv(case, dtypes.decode(t.x, case.dtype), dtypes.decode(t.w, case.dtype))
    return dtypes.encode(exact, case.dtype)


def spoiled(case, t, where):
    """Return the right answer, or a wrong one where ``where`` holds."""
    y = honest(case, t)
    if where and y.size:
        y.flat[-1] += 1
    return y


class Narrow(Backend):
    """Computes `conv` with one mistake a method, each under a condition of its own."""

    name = "narrow"
    packages = ("narrow",)

    def loaded(self):
        return {"version": "1.0", "file": __file__}

    def axes(self, role, case):
        return tuple(range(case.dims + 2))

    def enter(self, array, case):
        return array.copy()

    def leave(self, tensor):
        return tensor, "bfloat16" if tensor.dtype == "uint16" else tensor.dtype.name

    @method("conv", "strided_dilated")
    def strided_dilated(self, case, t):
        pairs = zip(case.stride, case.dilation, strict=True)
        return spoiled(case, t, any(s > 1 and d > 1 for s, d in pairs))

    @method("conv", "many_channels")
    def many_channels(self, case, t):
        return spoiled(case, t, case.in_channels > 16)

    @method("conv", "last_row")
    def last_row(self, case, t):
        y = honest(case, t)
        if case.unused[0]:
            y[:, -1] += 1
        return y

    @method("conv", "batched")
    def batched(self, case, t):
        return spoiled(case, t, case.batch > 1)

    @method("conv", "odd_groups")
    def odd_groups(self, case, t):
        return spoiled(case, t, case.groups > 1 and case.groups % 2)

    @method("conv", "channels_first")
    def channels_first(self, case, t):
        return spoiled(case, t, case.layout == "channels_first" and case.dims == 2)

    @method("conv", "float16")
    def float16(self, case, t):
        return spoiled(case, t, case.dtype == "float16")

    @method("conv", "kernel_2x3")
    def kernel_2x3(self, case, t):
        return spoiled(case, t, case.kernel == (2, 3))

    @method("conv", "wide_as_channels")
    def wide_as_channels(self, case, t):
        return spoiled(case, t, "width_of_channels" in features(case))

    @method("conv", "kernel_beyond_input")
    def kernel_beyond_input(self, case, t):
        return spoiled(case, t, {"kernel_beyond_input", "depthwise"} <= features(case))

    @method("conv", "even_kernel_aborts")
    def even_kernel_aborts(self, case, t):
        if any(k % 2 == 0 for k in case.kernel):
            os.abort()
        return honest(case, t)

    @method("conv", "far_padding_hangs")
    def far_padding_hangs(self, case, t):
        if "padding_beyond_kernel" in features(case):
            time.sleep(3600)
        return honest(case, t)

    @method("conv", "says_sizes")
    def says_sizes(self, case, t):
        if case.batch > 3:
            raise MemoryError("no engine")
        if case.batch > 1:
            raise RuntimeError(f"expected batch 1 of shape {t.x.shape} but got {case.batch}")
        return honest(case, t)

    @method("conv", "broken_heap_aborts")
    def broken_heap_aborts(self, case, t):
        """Abort for a batch alone, and in an innocent case after one with dilation."""
        last, self.last = getattr(self, "last", case), case
        if case.batch > 1 or (last != case and max(last.dilation) > 1):
            os.abort()
        return honest(case, t)

    @method("conv", "now_and_then")
    def now_and_then(self, case, t):
        """Be wrong for a batch, the first three times."""
        self.calls = getattr(self, "calls", 0) + 1
        return spoiled(case, t, case.batch > 1 and self.calls <= 3)
