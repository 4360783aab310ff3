"""A third-party backend whose faults only another problem shows: one relation is made for each.

Most are linear maps of the right shape, which agree with themselves on every call.
"""

from __future__ import annotations

import os

import numpy as np

from convergent.backends import numpy as maps
from convergent.backends.base import Backend, Gap, Tensors, method
from convergent.cases import dtypes
from convergent.cases.case import Case


def exact(case: Case, t: Tensors) -> np.ndarray:
    """Return the right output in float64."""
    return maps.conv(case, dtypes.decode(t.x, case.dtype), dtypes.decode(t.w, case.dtype))


class Related(Backend):
    """Computes `conv` wrongly under one condition each."""

    name = "related"
    packages = ("related",)
    gaps = (
        Gap(
            methods=("conv/batches_only",),
            unless=("batched",),
            reason="it takes two samples at least",
            raises="ValueError",
        ),
    )

    def loaded(self):
        return {"version": "1.0", "file": __file__}

    def axes(self, role, case):
        return tuple(range(case.dims + 2))

    def enter(self, array, case):
        return np.array(array)

    def leave(self, tensor):
        return tensor, "bfloat16" if tensor.dtype == np.uint16 else tensor.dtype.name

    @method("conv", "honest")
    def honest(self, case, t):
        return dtypes.encode(exact(case, t), case.dtype)

    @method("backprop_input", "honest")
    @method("transpose", "honest")
    def honest_input(self, case, t):
        dy, w = (dtypes.decode(a, case.dtype) for a in (t.dy, t.w))
        return dtypes.encode(maps.backprop_input(case, dy, w), case.dtype)

    @method("backprop_filter", "honest")
    def honest_filter(self, case, t):
        x, dy = (dtypes.decode(a, case.dtype) for a in (t.x, t.dy))
        return dtypes.encode(maps.backprop_filter(case, x, dy), case.dtype)

    @method("backprop_input", "filter_not_flipped")
    def filter_not_flipped(self, case, t):
        w = np.flip(dtypes.decode(t.w, case.dtype), axis=tuple(range(case.dims)))
        dx = maps.backprop_input(case, dtypes.decode(t.dy, case.dtype), w)
        return dtypes.encode(dx, case.dtype)

    @method("backprop_filter", "mean_of_samples")
    def mean_of_samples(self, case, t):
        dw = dtypes.decode(self.honest_filter(case, t), case.dtype)
        return dtypes.encode(dw / case.batch, case.dtype)

    @method("conv", "last_sample_wrong")
    def last_sample_wrong(self, case, t):
        y = exact(case, t)
        y[1:] += y[:1]
        return dtypes.encode(y, case.dtype)

    @method("conv", "groups_swapped")
    def groups_swapped(self, case, t):
        y = exact(case, t)
        each = case.out_channels // case.groups
        return dtypes.encode(np.roll(y, each, axis=-1) if case.groups > 1 else y, case.dtype)

    @method("conv", "stride_begins_late")
    def stride_begins_late(self, case, t):
        if max(case.stride) > 1:
            t = t._replace(x=np.roll(t.x, -1, axis=case.dims))
        return dtypes.encode(exact(case, t), case.dtype)

    @method("conv", "last_row_dropped")
    def last_row_dropped(self, case, t):
        y = exact(case, t)
        y[:, -1] = 0
        return dtypes.encode(y, case.dtype)

    @method("conv", "stale")
    def stale(self, case, t):
        y = exact(case, t)
        y[0, 0] = 7.0
        return dtypes.encode(y, case.dtype)

    @method("conv", "channels_beyond_16_wrong")
    def channels_beyond_16_wrong(self, case, t):
        y = exact(case, t)
        y[..., 16:] *= 2
        return dtypes.encode(y, case.dtype)

    @method("conv", "dilated_filter_flipped")
    def dilated_filter_flipped(self, case, t):
        if max(case.dilation) > 1:
            t = t._replace(w=np.flip(t.w, axis=tuple(range(case.dims))))
        return dtypes.encode(exact(case, t), case.dtype)

    @method("conv", "same_is_lower")
    def same_is_lower(self, case, t):
        if case.padding == "SAME":
            case = case.replace(padding="SAME_LOWER")
        return dtypes.encode(exact(case, t), case.dtype)

    @method("conv", "pads_with_the_edge")
    def pads_with_the_edge(self, case, t):
        x = np.pad(t.x, ((0, 0), *case.pads, (0, 0)), mode="edge")
        whole = case.replace(input=x.shape[1:-1], padding="VALID")
        return dtypes.encode(exact(whole, t._replace(x=x)), case.dtype)

    @method("conv", "channels_first_misread")
    def channels_first_misread(self, case, t):
        first = case.layout == "channels_first"
        x = np.moveaxis(t.x, -1, 1).reshape(t.x.shape) if first else t.x
        return dtypes.encode(exact(case, t._replace(x=x)), case.dtype)

    @method("conv", "view_misread")
    def view_misread(self, case, t):
        x = t.x if case.memory == "plain" else np.roll(t.x, 1)
        return dtypes.encode(exact(case, t._replace(x=x)), case.dtype)

    @method("conv", "fixed_point")
    def fixed_point(self, case, t):
        return dtypes.encode(np.rint(exact(case, t) * 2.0**12) / 2.0**12, case.dtype)

    @method("conv", "rounds_down")
    def rounds_down(self, case, t):
        value = exact(case, t)
        y = dtypes.encode(value, case.dtype)
        return np.where(y > value, np.nextafter(y, -np.inf, dtype=y.dtype), y)

    @method("conv", "tile_edge_wrong")
    def tile_edge_wrong(self, case, t):
        y = exact(case, t)
        y[:, 3::4] = 0
        return dtypes.encode(y, case.dtype)

    @method("conv", "batches_only")
    def batches_only(self, case, t):
        if case.batch < 2:
            raise ValueError("not for one")
        return self.honest(case, t)

    @method("conv", "raises_on_one")
    def raises_on_one(self, case, t):
        if case.batch < 2:
            raise ValueError("not for one")
        return self.honest(case, t)

    @method("conv", "aborts_on_one")
    def aborts_on_one(self, case, t):
        if case.batch < 2:
            os.abort()
        return self.honest(case, t)

    @method("conv", "wrong_shape_of_one")
    def wrong_shape_of_one(self, case, t):
        y = self.honest(case, t)
        return y[0] if case.batch < 2 else y
