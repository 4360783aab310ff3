"""A third-party backend that lies: an honest NumPy convolution with one planted fault a method."""

from __future__ import annotations

import ctypes
import os
import time
from typing import NamedTuple

import numpy as np

from convergent.backends import numpy as maps
from convergent.backends.base import Backend, Gap, Tensors, method
from convergent.cases import dtypes
from convergent.cases.case import Case


def honest(case: Case, t: Tensors) -> np.ndarray:
    """Return the right answer, in the case's dtype."""
    exact = maps.conv(case, dtypes.decode(t.x, case.dtype), dtypes.decode(t.w, case.dtype))
    return dtypes.encode(exact, case.dtype)


class Named(NamedTuple):
    """An array under a name of its own."""

    array: np.ndarray
    dtype: str


class Unprintable(Exception):
    """An exception that cannot even be shown."""

    def __str__(self):
        raise RuntimeError("and neither can this")


class Liars(Backend):
    """Computes `conv` in as many wrong ways as the harness must survive and name."""

    name = "liars"
    packages = ("liars",)
    gaps = (
        Gap(
            methods=("conv/refuses",),
            reason="it does not want to",
            kind="never",
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
        if isinstance(tensor, Named):
            return tensor.array, tensor.dtype
        name = "bfloat16" if tensor.dtype == np.uint16 else tensor.dtype.name
        return tensor, name

    @method("conv", "honest")
    def honest(self, case, t):
        return honest(case, t)

    @method("conv", "devours")
    def devours(self, case, t):
        held = [np.ones(1 << 25) for _ in range(6)]  # 1.5 GiB, all of it touched
        time.sleep(1.0)
        return honest(case, t)[: len(held)]

    @method("conv", "refuses")
    def refuses(self, case, t):
        raise ValueError("no")

    @method("conv", "wrong_element")
    def wrong_element(self, case, t):
        y = honest(case, t)
        y[-1, ..., -1, 0] += 1
        return y

    @method("conv", "wrong_shape")
    def wrong_shape(self, case, t):
        return honest(case, t)[:, :-1]

    @method("conv", "wrong_rank")
    def wrong_rank(self, case, t):
        return honest(case, t).ravel()

    @method("conv", "wrong_dtype")
    def wrong_dtype(self, case, t):
        return honest(case, t).astype(np.float64)

    @method("conv", "nan")
    def nan(self, case, t):
        y = honest(case, t)
        y.flat[0] = np.nan
        return y

    @method("conv", "infinite")
    def infinite(self, case, t):
        y = honest(case, t)
        y.flat[0] = np.inf
        return y

    @method("conv", "changes_input")
    def changes_input(self, case, t):
        y = honest(case, t)
        t.w.flat[0] += 1
        return y

    @method("conv", "raises")
    def raises(self, case, t):
        raise RuntimeError("could not\nfind an engine")

    @method("conv", "exits_as_python")
    def exits_as_python(self, case, t):
        raise SystemExit(0)

    @method("conv", "aborts")
    def aborts(self, case, t):
        os.abort()

    @method("conv", "segfaults")
    def segfaults(self, case, t):
        return ctypes.string_at(0)

    @method("conv", "hangs")
    def hangs(self, case, t):
        time.sleep(3600)

    @method("conv", "exits")
    def exits(self, case, t):
        os._exit(0)

    @method("conv", "garbage")
    def garbage(self, case, t):
        # Every descriptor that the process has, the pipe to the referee among them.
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"I am not a frame, and neither was my mother.\n" * 2)
            except OSError:
                continue
        return honest(case, t)

    @method("conv", "prints")
    def prints(self, case, t):
        os.write(1, b"frameworks print\n" * 100)
        return honest(case, t)

    @method("conv", "says_float32")
    def says_float32(self, case, t):
        return Named(honest(case, t).astype(np.float64), "float32")

    @method("conv", "other_byte_order")
    def other_byte_order(self, case, t):
        return honest(case, t).astype(">f4")

    @method("conv", "masked")
    def masked(self, case, t):
        return np.ma.MaskedArray(honest(case, t), mask=True)

    @method("conv", "objects")
    def objects(self, case, t):
        return Named(honest(case, t).astype(object), "float32")

    @method("conv", "enormous")
    def enormous(self, case, t):
        return np.zeros((1 << 25, 1, 1, 1), np.float32)

    @method("conv", "undecodable_message")
    def undecodable_message(self, case, t):
        raise RuntimeError("bad \udcff")

    @method("conv", "message_that_raises")
    def message_that_raises(self, case, t):
        raise Unprintable

    @method("conv", "endless_message")
    def endless_message(self, case, t):
        raise RuntimeError("x" * (20 << 20))

    @method("conv", "closes_its_pipes")
    def closes_its_pipes(self, case, t):
        os.closerange(3, 64)
        time.sleep(3600)

    @method("conv", "leaves_a_child")
    def leaves_a_child(self, case, t):
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(3)

    @method("conv", "rounds_to_bfloat16")
    def rounds_to_bfloat16(self, case, t):
        exact = dtypes.decode(honest(case, t), case.dtype)
        return dtypes.encode(dtypes.round_to(exact, dtypes.FORMATS["bfloat16"]), case.dtype)

    @method("conv", "rounds_inputs_to_tf32")
    def rounds_inputs_to_tf32(self, case, t):
        form = dtypes.FORMATS["tf32"]
        x, w = (dtypes.round_to(dtypes.decode(a, case.dtype), form) for a in (t.x, t.w))
        return dtypes.encode(maps.conv(case, x, w), case.dtype)

    @method("backprop_input", "filter_not_flipped")
    def filter_not_flipped(self, case, t):
        w = np.flip(t.w, axis=tuple(range(case.dims))).astype(np.float64)
        return dtypes.encode(maps.backprop_input(case, t.dy.astype(np.float64), w), case.dtype)


class Absent(Liars):
    """A framework that is installed but does not load."""

    name = "absent"

    def __init__(self):
        raise ImportError("libabsent.so: cannot open shared object file")
