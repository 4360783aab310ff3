"""One convolution problem: ``Case``, validated at birth and printed as one line.

>>> case = Case(input=(9, 10), kernel=(3, 3), in_channels=4, out_channels=6, stride=(2, 2))
>>> str(case)
'conv2d:i9x10_c4_k3_o6_s2'
>>> case.y_shape
(1, 4, 4, 6)
>>> from convergent.cases.text import parse
>>> parse(str(case)) == case
True
"""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any, Union

from convergent.cases import geometry
from convergent.cases.errors import InvalidCase
from convergent.cases.record import record

Pads = tuple[tuple[int, int], ...]
Padding = Union[str, Pads]

PADDINGS = ("VALID", "SAME", "SAME_LOWER")
DTYPES = ("float64", "float32", "float16", "bfloat16")
LAYOUTS = ("channels_last", "channels_first")
DATA = ("exact", "normal", "uniform")
SPECIAL = ("nonfinite", "subnormal", "tiny", "overflow", "signedzeros", "illegal")
"""Data that ask one question each: of NaN and infinity, of underflowing products, of subnormal
operands, of sums beyond the largest number, of the sign of zero; ``illegal`` are exact operands of
calls that must be refused."""
MEMORY = ("plain", "offset", "gapped", "reversed", "readonly")
"""Where the operands lie: on their own; one element into a buffer; every second element of one;
back to front (negative strides); in memory that may not be written."""
MAX_DIMS = 3
_SEEDS = 10**18  # as many as a line names


@record
class Case:
    """One problem: sizes, stride, padding, dilation, groups, dtype, layout, memory, data, seed.

    ``input``, ``kernel``, ``stride`` and ``dilation`` hold one size per spatial dimension (1 to 3
    of them). ``padding`` is ``VALID``, ``SAME``, ``SAME_LOWER`` or a pair ``(before, after)`` per
    dimension, where a negative number crops. An input larger than the output needs is legal: it
    is what *output padding* of a transposed convolution means. Batch, channels and output may be
    empty. ``data`` is one of ``DATA`` and ``SPECIAL`` or the name of a golden (``golden1`` ...),
    ``memory`` one of ``MEMORY``. Raises ``InvalidCase`` for what no convolution has.
    """

    input: tuple[int, ...]
    kernel: tuple[int, ...]
    batch: int = 1
    in_channels: int = 1
    out_channels: int = 1
    groups: int = 1
    stride: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    padding: Padding = "VALID"
    dtype: str = "float32"
    layout: str = "channels_last"
    memory: str = "plain"
    data: str = "exact"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("stride", "dilation"):
            if not getattr(self, name):
                object.__setattr__(self, name, (1,) * len(self.input))
        _check_sizes(self)
        _check_counts(self)
        _check_words(self)
        if min(self.output) < 0:
            raise InvalidCase(
                f"the kernel covers {_extents(self)} but the padded input has {_padded(self)}: "
                f"less than no output is left; enlarge the input or the padding"
            )

    @property
    def dims(self) -> int:
        """The number of spatial dimensions."""
        return len(self.input)

    @property
    def pads(self) -> Pads:
        """The zeros before and after each spatial dimension that the padding rule means."""
        if not isinstance(self.padding, str):
            return self.padding
        if self.padding == "VALID":
            return ((0, 0),) * self.dims
        lower = self.padding == "SAME_LOWER"
        return geometry.same_pads(self.input, self.kernel, self.stride, self.dilation, lower)

    @property
    def output(self) -> tuple[int, ...]:
        """The spatial size of the output of ``conv``."""
        return geometry.output_sizes(self.input, self.kernel, self.stride, self.dilation, self.pads)

    @property
    def unused(self) -> tuple[int, ...]:
        """Trailing places of the padded input that no window touches (output padding)."""
        sizes = zip(self.input, self.kernel, self.stride, self.dilation, self.pads)
        return tuple(geometry.unused(*axis) for axis in sizes)

    @property
    def extents(self) -> tuple[int, ...]:
        """The length that the dilated kernel covers in each dimension."""
        return _extents(self)

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Shape of the image: ``(N, *input, C)``."""
        return (self.batch, *self.input, self.in_channels)

    @property
    def w_shape(self) -> tuple[int, ...]:
        """Shape of the filter: ``(*kernel, C / groups, O)``."""
        return (*self.kernel, self.in_channels // self.groups, self.out_channels)

    @property
    def y_shape(self) -> tuple[int, ...]:
        """Shape of the output of ``conv``: ``(N, *output, O)``."""
        return (self.batch, *self.output, self.out_channels)

    def shape(self, role: str) -> tuple[int, ...]:
        """Return the shape of ``x``, ``w``, ``y`` or the bias ``b``."""
        return self.b_shape if role == "b" else getattr(self, f"{role}_shape")

    @property
    def b_shape(self) -> tuple[int, ...]:
        """Shape of a bias, which is added to every place of an output channel: ``(O,)``."""
        return (self.out_channels,)

    @property
    def macs(self) -> int:
        """Multiply-adds of one map, padding included."""
        return math.prod(self.y_shape) * math.prod(self.w_shape[:-1])

    def replace(self, **changes: Any) -> Case:
        """Return a copy with some fields changed (and validated again)."""
        return dataclasses.replace(self, **changes)

    def __str__(self) -> str:
        from convergent.cases import text

        return text.render(self)


def _extents(case: Case) -> tuple[int, ...]:
    return tuple(geometry.extent(k, d) for k, d in zip(case.kernel, case.dilation))


def _padded(case: Case) -> tuple[int, ...]:
    return tuple(i + sum(p) for i, p in zip(case.input, case.pads))


def _check_sizes(case: Case) -> None:
    if not 1 <= len(case.input) <= MAX_DIMS:
        raise InvalidCase(f"{len(case.input)} spatial dimensions; give 1 to {MAX_DIMS} sizes")
    for name in ("input", "kernel", "stride", "dilation"):
        value = getattr(case, name)
        if len(value) != case.dims:
            raise InvalidCase(f"{name} has {len(value)} sizes, input has {case.dims}")
        if min(value) < 1:
            raise InvalidCase(f"{name} {value} must be positive")
    if not isinstance(case.padding, str):
        _check_pads(case, case.padding)


def _check_pads(case: Case, pads: Pads) -> None:
    if len(pads) != case.dims:
        raise InvalidCase(f"padding has {len(pads)} pairs, input has {case.dims} sizes")
    # A crop may not reach past the image: frameworks do not agree what that would mean.
    for size, (lo, hi) in zip(case.input, pads):
        if min(lo, 0) + min(hi, 0) + size < 1:
            raise InvalidCase(f"padding {lo}+{hi} crops all of an input of {size}")


def _check_counts(case: Case) -> None:
    for name in ("batch", "in_channels", "out_channels", "groups"):
        count = getattr(case, name)
        if count < (name == "groups"):
            wanted = "positive" if name == "groups" else "zero or more"
            raise InvalidCase(f"{name} is {count}, must be {wanted}")
    for name in ("in_channels", "out_channels"):
        count = getattr(case, name)
        if count % case.groups:
            raise InvalidCase(f"{name} {count} is no multiple of {case.groups} groups")


def _check_words(case: Case) -> None:
    for name, words in (
        ("dtype", DTYPES),
        ("layout", LAYOUTS),
        ("padding", PADDINGS),
        ("memory", MEMORY),
    ):
        value = getattr(case, name)
        if isinstance(value, str) and value not in words:
            raise InvalidCase(f"{name} {value!r} is none of {', '.join(words)}")
    if case.data not in DATA + SPECIAL and not re.fullmatch(r"golden[0-9]+", case.data):
        raise InvalidCase(
            f"data {case.data!r} is none of {', '.join(DATA + SPECIAL)}, golden1, golden2, ..."
        )
    if not 0 <= case.seed < _SEEDS:
        raise InvalidCase(f"seed {case.seed} must be from 0 to {_SEEDS - 1}")
