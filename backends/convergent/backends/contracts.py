"""Illegal calls: the table of what a framework must refuse, and why each is illegal.

Asked for what no convolution has, a framework must raise an ordinary exception: not crash, not
hang, and not return a value that somebody will take for a result. A backend answers to this table
by one function, ``told(call: Told) -> tensor``, which makes the call exactly as it is told;
breaches that its interface cannot express, or that it defines a meaning for, are its gaps.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Callable

import numpy as np

from convergent.cases.case import Case, Pads
from convergent.cases.dtypes import Array
from convergent.cases.record import record

CONV, INPUT, FILTER, TRANSPOSE = "conv", "backprop_input", "backprop_filter", "transpose"
_EVERY = (CONV, INPUT, FILTER, TRANSPOSE)
_GRADIENTS = (INPUT, FILTER)
_HUGE = 1 << 62  # sizes computed from it overflow 64 bits


@record
class Told:
    """What a call is told, legal or not: canonical operands and every attribute as plain numbers.

    ``op`` is ``conv`` (of x and w), ``backprop_input`` (of dy and w, for an image of ``size``),
    ``backprop_filter`` (of x and dy, for a filter of w's shape) or ``transpose`` (of dy and w, to
    an image of ``size``). Operands are stored as NumPy arrays of their own dtypes (bfloat16: bits,
    ``case.dtype`` tells). ``case`` is the legal call that this one departs from.
    """

    case: Case
    op: str
    x: Array
    w: Array
    dy: Array
    size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    pads: Pads
    groups: int


@record
class Breach:
    """One way in which a call is illegal, what it changes, and the ops that can be told so."""

    name: str
    reason: str
    change: Callable[[Told], dict[str, Any]]
    ops: tuple[str, ...] = _EVERY


def _with_last(values: tuple[int, ...], value: int) -> tuple[int, ...]:
    """Return ``values`` with another last one."""
    return (*values[:-1], value)


def _longer(array: Array, axis: int) -> Array:
    """Return ``array`` with one place more along ``axis``."""
    return np.concatenate([array, np.take(array, [0], axis=axis)], axis=axis)


TABLE: tuple[Breach, ...] = (
    Breach(
        name="stride_zero",
        reason="a window that does not move has no end",
        change=lambda t: {"stride": _with_last(t.stride, 0)},
    ),
    Breach(
        name="stride_negative",
        reason="a window moves forward",
        change=lambda t: {"stride": _with_last(t.stride, -1)},
    ),
    Breach(
        name="stride_count",
        reason="there is one stride per spatial dimension",
        change=lambda t: {"stride": (*t.stride, 1, 1)},
    ),
    Breach(
        name="dilation_zero",
        reason="all taps would read one place",
        change=lambda t: {"dilation": _with_last(t.dilation, 0)},
    ),
    Breach(
        name="dilation_negative",
        reason="a kernel covers places in their order",
        change=lambda t: {"dilation": _with_last(t.dilation, -1)},
    ),
    Breach(
        name="dilation_overflow",
        reason="the kernel covers more places than 64 bits count, so no output is left",
        change=lambda t: {"dilation": _with_last(t.dilation, _HUGE)},
    ),
    Breach(
        name="groups_zero",
        reason="channels are in one group at least",
        change=lambda _: {"groups": 0},
    ),
    Breach(
        name="groups_negative",
        reason="channels are in one group at least",
        change=lambda _: {"groups": -1},
    ),
    Breach(
        name="groups_uneven",
        reason="every group has equally many channels",
        change=lambda t: {"groups": t.case.in_channels - 1},
    ),
    Breach(
        name="filter_channels",
        reason="the filter reads as many channels as a group of the image has",
        change=lambda t: {"w": _longer(t.w, -2)},
        ops=(CONV, INPUT, TRANSPOSE),
    ),
    Breach(
        name="gradient_channels",
        reason="the output gradient has as many channels as there are filters",
        change=lambda t: {"dy": _longer(t.dy, -1)},
        ops=(INPUT, FILTER, TRANSPOSE),
    ),
    Breach(
        name="gradient_size",
        reason="the output gradient has the size of the output",
        change=lambda t: {"dy": _longer(_longer(t.dy, 1), 1)},
        ops=_GRADIENTS,
    ),
    Breach(
        name="gradient_batch",
        reason="image and output gradient are of one batch",
        change=lambda t: {"dy": _longer(t.dy, 0)},
        ops=_GRADIENTS,
    ),
    Breach(
        name="size_unreachable",
        reason="no image of this size has an output of the size at hand",
        change=lambda t: {"size": _with_last(t.size, t.size[-1] + t.stride[-1] + t.dilation[-1])},
        ops=(INPUT, TRANSPOSE),
    ),
    Breach(
        name="rank",
        reason="an image has a batch axis, a channel axis and the spatial ones",
        change=lambda t: {"x": t.x[None], "dy": t.dy[None]},
    ),
    Breach(
        name="filter_rank",
        reason="a filter has as many axes as the image",
        change=lambda t: {"w": t.w[None]},
        ops=(CONV, INPUT, TRANSPOSE),
    ),
    Breach(
        name="dtypes",
        reason="operands of two dtypes: what would the result be accurate to?",
        change=lambda t: {"w": t.w.astype(np.float64), "dy": t.dy.astype(np.float32)},
        ops=(INPUT, TRANSPOSE),
    ),
    Breach(
        name="dtypes",
        reason="operands of two dtypes: what would the result be accurate to?",
        change=lambda t: {"w": t.w.astype(np.float64)},
        ops=(CONV,),
    ),
    Breach(
        name="kernel_beyond_input",
        reason="the kernel covers more than the image and its padding, so no output is left",
        change=lambda t: {"w": np.repeat(t.w, 9, axis=0)},
        ops=(CONV,),
    ),
    Breach(
        name="kernel_empty",
        reason="a kernel has a tap",
        change=lambda t: {"w": t.w[:0]},
        ops=(CONV, INPUT, TRANSPOSE),
    ),
    Breach(
        name="padding_negative",
        reason="less than no zeros",
        change=lambda t: {"pads": ((-1, -1),) * len(t.pads)},
    ),
    Breach(
        name="padding_overflow",
        reason="the padded image has more places than 64 bits count",
        change=lambda t: {"pads": (*t.pads[:-1], (_HUGE, _HUGE))},
    ),
)


def methods() -> dict[str, Callable[[Any, Case, Any], Any]]:
    """Return the methods of the op ``contract``: every breach of every op that can be told so."""
    return {f"{op}_{breach.name}": _method(op, breach) for breach in TABLE for op in breach.ops}


def reason(name: str) -> str:
    """Return why the call of the method ``name`` is illegal."""
    return _reasons()[name]


@functools.cache
def _reasons() -> dict[str, str]:
    return {f"{op}_{breach.name}": breach.reason for breach in TABLE for op in breach.ops}


def _method(op: str, breach: Breach) -> Callable[[Any, Case, Any], Any]:
    def call(backend: Any, case: Case, _tensors: Any) -> Any:
        from convergent.cases import data

        x, w, dy = data.make(case)
        legal = Told(
            case=case,
            op=op,
            x=x,
            w=w,
            dy=dy,
            size=case.input,
            stride=case.stride,
            dilation=case.dilation,
            pads=case.pads,
            groups=case.groups,
        )
        return backend.told(dataclasses.replace(legal, **breach.change(legal)))

    call.__doc__ = f"Refuse {op}: {breach.reason}."
    return call
