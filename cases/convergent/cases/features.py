"""What is special about a case: the words that gaps, coverage and reports share.

>>> from convergent.cases.text import parse
>>> sorted(features(parse("conv2d:i5_c2_k2_s2x1_pSAME")) - {"2d", "float32", "channels_last"})
['asymmetric', 'even_kernel', 'padded', 'same', 'strided', 'unequal_strides']
"""

from __future__ import annotations

import functools
import math
from typing import Callable

from convergent.cases.case import MEMORY, SPECIAL, Case

LARGE_JACOBIAN = 1 << 16


def _has_idle_tap(case: Case) -> bool:
    axes = zip(case.input, case.kernel, case.stride, case.dilation, case.pads, case.output)
    return any(
        _is_idle(tap * d - lo, s, i, out) for i, k, s, d, (lo, _), out in axes for tap in range(k)
    )


def _is_idle(start: int, stride: int, size: int, places: int) -> bool:
    """Say whether none of ``places`` from ``start`` on, a stride apart, is one of the image."""
    first = max(0, -(start // stride))  # the first one that does not lie before it
    return first >= places or start + first * stride >= size


def _lies_in(memory: str) -> Callable[[Case], bool]:
    return lambda case: case.memory == memory


def _is_of(data: str) -> Callable[[Case], bool]:
    return lambda case: case.data == data


FEATURES: dict[str, tuple[str, Callable[[Case], bool]]] = {
    "1d": ("one spatial dimension", lambda c: c.dims == 1),
    "2d": ("two spatial dimensions", lambda c: c.dims == 2),
    "3d": ("three spatial dimensions", lambda c: c.dims == 3),
    "float64": ("float64", lambda c: c.dtype == "float64"),
    "float32": ("float32", lambda c: c.dtype == "float32"),
    "float16": ("float16", lambda c: c.dtype == "float16"),
    "bfloat16": ("bfloat16", lambda c: c.dtype == "bfloat16"),
    "channels_last": ("channels last", lambda c: c.layout == "channels_last"),
    "channels_first": ("channels first", lambda c: c.layout == "channels_first"),
    "empty": (
        "no element in some operand",
        lambda c: not all(map(math.prod, (c.x_shape, c.w_shape, c.y_shape))),
    ),
    "empty_batch": ("a batch of none", lambda c: c.batch == 0),
    "empty_output": ("an output of no place", lambda c: min(c.output) == 0),
    "no_channels": ("no channel in or out", lambda c: min(c.in_channels, c.out_channels) == 0),
    "batched": ("batch above one", lambda c: c.batch > 1),
    "strided": ("stride above one", lambda c: max(c.stride) > 1),
    "unequal_strides": ("strides differ by dimension", lambda c: len(set(c.stride)) > 1),
    "dilated": ("dilation above one", lambda c: max(c.dilation) > 1),
    "unequal_dilations": ("dilations differ by dimension", lambda c: len(set(c.dilation)) > 1),
    "strided_dilated": (
        "stride and dilation both above one",
        lambda c: max(c.stride) > 1 and max(c.dilation) > 1,
    ),
    "grouped": ("more than one group", lambda c: c.groups > 1),
    "depthwise": (
        "a group per input channel",
        lambda c: c.groups > 1 and c.groups == c.in_channels,
    ),
    "per_channel": (
        "as many groups as input channels, a single channel included",
        lambda c: c.groups == c.in_channels,
    ),
    "multiplier": (
        "depthwise with several outputs per channel",
        lambda c: c.groups > 1 and c.groups == c.in_channels < c.out_channels,
    ),
    "valid": ("padding VALID", lambda c: c.padding == "VALID"),
    "same": ("padding SAME", lambda c: c.padding == "SAME"),
    "same_lower": ("padding SAME_LOWER", lambda c: c.padding == "SAME_LOWER"),
    "explicit": ("explicit padding", lambda c: not isinstance(c.padding, str)),
    "padded": ("some zeros around the image", lambda c: any(map(any, c.pads))),
    "asymmetric": ("more zeros on one side", lambda c: any(lo != hi for lo, hi in c.pads)),
    "negative_padding": ("padding that crops", lambda c: min(map(min, c.pads)) < 0),
    "padding_beyond_kernel": (
        "padding as long as the dilated kernel or longer",
        lambda c: any(max(p) >= e for p, e in zip(c.pads, c.extents)),
    ),
    "unused_input": ("trailing input that no window touches", lambda c: max(c.unused) > 0),
    "idle_tap": ("a tap of the kernel that meets padding alone", _has_idle_tap),
    "unit_input": ("an input of one place in some dimension", lambda c: min(c.input) == 1),
    "unit_output": ("an output of one place in some dimension", lambda c: min(c.output) == 1),
    "even_kernel": ("an even kernel size", lambda c: any(k % 2 == 0 for k in c.kernel)),
    "pointwise": ("kernel of one", lambda c: max(c.kernel) == 1),
    "kernel_beyond_input": (
        "kernel larger than the input",
        lambda c: any(e > i for e, i in zip(c.extents, c.input)),
    ),
    "stride_beyond_kernel": (
        "stride larger than the dilated kernel",
        lambda c: any(s > e for s, e in zip(c.stride, c.extents)),
    ),
    "width_of_channels": (
        "channels first, and the output as wide as it has channels",
        lambda c: c.layout == "channels_first" and c.output[-1] == c.out_channels > 1,
    ),
    "large_jacobian": (
        f"a Jacobian of more than {LARGE_JACOBIAN} entries",
        lambda c: (
            math.prod(c.y_shape) * max(map(math.prod, (c.x_shape, c.w_shape))) > LARGE_JACOBIAN
        ),
    ),
    **{word: (f"operands in {word} memory", _lies_in(word)) for word in MEMORY[1:]},
    **{word: (f"{word} data", _is_of(word)) for word in SPECIAL},
}
"""Each feature's word, meaning and test."""


@functools.lru_cache(maxsize=4096)
def features(case: Case) -> frozenset[str]:
    """Return the words of ``FEATURES`` that hold for ``case``."""
    return frozenset(word for word, (_, holds) in FEATURES.items() if holds(case))
