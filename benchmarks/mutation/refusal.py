"""What a good library refuses: the arguments of a call tested one by one, each with its word."""

from __future__ import annotations

import math
from collections.abc import Iterator

from convergent.backends.contracts import Told
from mutation.correct import CONV, FILTER, GRADIENTS

_MOST = 1 << 40  # places of an image that is worth trying


def reasons(told: Told) -> Iterator[tuple[str, str]]:
    """Yield the word of each test that the call fails, and what to tell the user."""
    yield from _ranks(told)
    yield from _numbers(told)
    yield from _channels(told)
    yield from _sizes(told)


def _ranks(told: Told) -> Iterator[tuple[str, str]]:
    rank = told.case.dims + 2
    read = {CONV: "xw", FILTER: "xd"}.get(told.op, "dw")
    images = [a for role, a in (("x", told.x), ("d", told.dy)) if role in read]
    if any(a.ndim != rank for a in images):
        yield "rank", f"expected {rank} axes"
    if "w" in read and told.w.ndim != rank:
        yield "filter_rank", f"expected a filter of {rank} axes"
    used = {"x": told.x.dtype, "w": told.w.dtype, "d": told.dy.dtype}
    if len({used[role] for role in read}) > 1:
        yield "dtypes", "operands of two types"


def _numbers(told: Told) -> Iterator[tuple[str, str]]:
    dims = told.case.dims
    if len(told.stride) != dims:
        yield "stride_count", f"expected {dims} strides"
    for word, values in (("stride", told.stride), ("dilation", told.dilation)):
        if min(values) == 0:
            yield f"{word}_zero", f"{word} must be positive"
        if min(values) < 0:
            yield f"{word}_negative", f"{word} must be positive"
    if max(told.dilation) > _MOST:
        yield "dilation_overflow", "the kernel is too large"
    if min(map(min, told.pads)) < 0:
        yield "padding_negative", "padding must not be negative"
    if max(map(max, told.pads)) > _MOST:
        yield "padding_overflow", "the image is too large"
    if told.groups < 1:
        yield ("groups_negative" if told.groups else "groups_zero"), "groups must be positive"


def _channels(told: Told) -> Iterator[tuple[str, str]]:
    groups = max(told.groups, 1)
    channels, outputs = told.x.shape[-1], told.w.shape[-1]
    if channels % groups or outputs % groups:
        yield "groups_uneven", "channels must be a multiple of groups"
    if told.op != FILTER and told.w.shape[-2] * groups != channels:
        yield "filter_channels", "the filter has other channels than the image"
    if told.op != CONV and told.dy.shape[-1] != outputs:
        yield "gradient_channels", "the gradient has other channels than the filter"


def _sizes(told: Told) -> Iterator[tuple[str, str]]:
    kernel = told.w.shape[: told.case.dims]
    if told.op in GRADIENTS and len(told.x) != len(told.dy):
        yield "gradient_batch", "the gradient is of another batch"
    if told.op != FILTER and not math.prod(kernel):
        yield "kernel_empty", "the kernel has no tap"
    given_sizes = told.dy.shape[1:]
    # Of other lengths where the ranks are wrong, which has been told.
    axes = zip(told.size, kernel, told.stride, told.dilation, told.pads, given_sizes, strict=False)
    for size, taps, step, spread, pads, given in axes:
        padded, extent = size + sum(pads), (taps - 1) * spread + 1
        if told.op == CONV and padded < extent:
            yield "kernel_beyond_input", "the kernel is larger than the padded image"
        if told.op != CONV and step > 0 and (padded - extent) // step + 1 != given:
            word = "size_unreachable" if told.size != told.case.input else "gradient_size"
            yield word, "the output gradient has another size than the output"
