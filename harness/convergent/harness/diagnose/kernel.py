"""Mistakes of orientation and layout: kernels flipped, axes transposed, memory read otherwise."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator

import numpy as np

from convergent.cases.dtypes import Float64
from convergent.harness.diagnose.mistake import Mistake
from convergent.harness.diagnose.subject import Given, Subject

NAMES = {
    "kernel flipped": "the filter, or its gradient, is turned round: convolution, not correlation",
    "kernel flipped along one axis": "the same along one axis alone",
    "kernel axes transposed": "rows and columns of the filter, or of its gradient, are swapped",
    "result flipped": "the result is back to front along its spatial axes",
    "result flipped along one axis": "the same along one axis alone",
    "rows and columns of the result swapped": "the result's spatial axes in another order",
    "rows and columns of an operand swapped": "an operand's spatial axes in another order",
    "axes of the result in another order": "the right numbers, transposed",
    "result in another shape": "the right numbers in their order, cut into other axes",
    "Jacobian transposed": "rows and columns of the Jacobian matrix are swapped",
    "bias along another axis": "the gradient is summed over the channels, and not over this axis",
    "channels first read as channels last": "memory in one order taken for the other",
    "channels last read as channels first": "memory in one order taken for the other",
    "filter's memory read in another order": "kernel and channel axes taken for each other",
    "operand read back to front": "the memory of an operand is read in its own direction",
    "operand read one element off": "an operand's memory is read from one element before or after",
}

Change = Callable[[Float64], Float64]


def mistakes(subject: Subject) -> Iterator[Mistake]:
    """Yield the mistakes of orientation and layout."""
    if subject.op == "backprop_bias":
        yield from _bias(subject)
    if subject.shaped:
        yield from _flips(subject)
        yield from _swaps(subject)
        yield from _layouts(subject)
        yield from _views(subject)
    yield from _orders(subject)


def changed(subject: Subject, role: str, change: Change) -> Callable[[Given], Float64]:
    """Return the computation with ``change`` made to an operand, or to the result of that role."""

    def value(given: Given) -> Float64:
        if role == subject.result:
            return change(subject.right(given))
        return subject.right({**given, role: change(given[role])})

    return value


def roles(subject: Subject) -> list[str]:
    """Return the operands that the op reads, and its result."""
    return [*subject.reads, *([subject.result] if subject.result else [])]


def _bias(subject: Subject) -> Iterator[Mistake]:
    """Yield the sums that leave another axis of the output gradient than its channels."""
    shape = subject.case.y_shape
    for axis, size in enumerate(shape[:-1]):
        if (size,) == subject.actual.shape:
            others = tuple(n for n in range(len(shape)) if n != axis)
            yield Mistake("bias along another axis", functools.partial(_summed, others), choices=4)


def _summed(axes: tuple[int, ...], given: Given) -> Float64:
    total: Float64 = given["dy"].sum(axis=axes)
    return total


def _flips(subject: Subject) -> Iterator[Mistake]:
    dims = subject.case.dims
    if "w" in roles(subject):
        every = functools.partial(np.flip, axis=tuple(range(dims)))
        yield Mistake("kernel flipped", changed(subject, "w", every))
        for axis in range(dims if dims > 1 else 0):
            one = functools.partial(np.flip, axis=axis)
            value = changed(subject, "w", one)
            yield Mistake("kernel flipped along one axis", value, choices=dims, rank=1)
    if subject.result in ("x", "dy"):
        every = functools.partial(np.flip, axis=subject.space)
        yield Mistake("result flipped", changed(subject, subject.result, every))
        for axis in subject.space if dims > 1 else ():
            one = functools.partial(np.flip, axis=axis)
            value = changed(subject, subject.result, one)
            yield Mistake("result flipped along one axis", value, choices=dims, rank=1)


def _swaps(subject: Subject) -> Iterator[Mistake]:
    """Yield spatial axes in another order: as they are where sizes agree, else memory reread."""
    dims = subject.case.dims
    orders = list(itertools.permutations(range(dims)))[1:]
    for role in roles(subject):
        if role == "b":
            continue
        first = 0 if role == "w" else 1
        named = "result" if role == subject.result else "an operand"
        name = f"rows and columns of {'the result' if named == 'result' else named} swapped"
        for order in orders:
            axes = [*range(first), *(first + n for n in order)]
            change = functools.partial(_reread, axes)
            if role == "w":
                name = "kernel axes transposed"
            choices = len(orders) * 2
            yield Mistake(name, changed(subject, role, change), choices=choices)


def _layouts(subject: Subject) -> Iterator[Mistake]:
    dims = subject.case.dims
    last = [0, dims + 1, *range(1, dims + 1)]  # NHWC as NCHW
    for role in roles(subject):
        if role in ("x", "dy"):
            first = functools.partial(_reread, last)
            yield Mistake("channels first read as channels last", changed(subject, role, first))
            back = functools.partial(_reread_back, last)
            yield Mistake("channels last read as channels first", changed(subject, role, back))
        if role == "w":
            yield from _filters(subject)


def _filters(subject: Subject) -> Iterator[Mistake]:
    dims = subject.case.dims
    space = list(range(dims))
    orders = [
        [dims + 1, dims, *space],  # OIHW
        [dims, dims + 1, *space],  # IOHW
        [dims + 1, *space, dims],  # OHWI
        [*space, dims + 1, dims],  # HWOI
    ]
    if subject.case.w_shape[-1] == subject.case.w_shape[-2]:
        orders.pop()  # told as channels swapped
    for order in orders:
        for change in (_reread, _reread_back):
            value = changed(subject, "w", functools.partial(change, order))
            yield Mistake("filter's memory read in another order", value, choices=8)


def _views(subject: Subject) -> Iterator[Mistake]:
    if subject.case.memory == "reversed":
        for role in subject.reads:
            value = changed(subject, role, np.flip)
            yield Mistake("operand read back to front", value)

        def every(given: Given) -> Float64:
            return subject.right({role: np.flip(a) for role, a in given.items()})

        yield Mistake("operand read back to front", every)
    for role in subject.reads:
        for step in (1, -1):
            change = functools.partial(_off, step)
            value = changed(subject, role, change)
            yield Mistake("operand read one element off", value, choices=6, rank=1)


def _orders(subject: Subject) -> Iterator[Mistake]:
    """Yield the right numbers with axes in another order, and in another shape."""
    came, rank = subject.actual.shape, subject.target.ndim
    if "jacobian" in subject.op:
        half = subject.case.dims + 2
        rows = int(np.prod(subject.target.shape[:half]))

        def matrix(given: Given) -> Float64:
            value = subject.right(given)
            turned = value.reshape(rows, -1).T
            return turned.reshape(came) if turned.size == subject.actual.size else value

        yield Mistake("Jacobian transposed", matrix)
        return
    seen = set()
    for order in list(itertools.permutations(range(rank)))[1:]:
        space = all(n == m for n, m in enumerate(order) if n not in subject.space)
        if space and subject.shaped:  # told by _swaps
            continue
        if tuple(subject.target.shape[n] for n in order) == came and order not in seen:
            seen.add(order)
            value = _then(subject, functools.partial(np.transpose, axes=order))
            yield Mistake("axes of the result in another order", value, choices=24, rank=1)
    if not subject.shaped and subject.actual.size == subject.target.size:
        value = _then(subject, functools.partial(np.reshape, shape=came))
        yield Mistake("result in another shape", value)


def _then(subject: Subject, change: Change) -> Callable[[Given], Float64]:
    return lambda given: change(subject.right(given))


def _reread(axes: list[int], a: Float64) -> Float64:
    """Return the memory of ``a`` with its first axes in another order, read in the old shape."""
    rest = range(len(axes), a.ndim)
    return a.transpose(*axes, *rest).reshape(a.shape)


def _reread_back(axes: list[int], a: Float64) -> Float64:
    """Return the memory of ``a`` read as if its axes stood in another order."""
    shape = [a.shape[n] for n in axes]
    return a.reshape(shape).transpose(*np.argsort(axes))


def _off(step: int, a: Float64) -> Float64:
    """Return the memory of ``a`` from one element before or after; a one stands at the end."""
    flat = np.ones(a.size + 2)
    flat[1:-1] = a.ravel()
    return flat[1 + step : 1 + step + a.size].reshape(a.shape)
