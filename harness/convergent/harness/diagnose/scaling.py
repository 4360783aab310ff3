"""Mistakes of scale, and operands taken for one another."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator

import numpy as np

from convergent.cases.dtypes import Float64
from convergent.harness.diagnose.mistake import Mistake
from convergent.harness.diagnose.subject import Given, Subject, compute

NAMES = {
    "sign reversed": "the negative of what is right",
    "twice the right result": "all of it counted twice",
    "half the right result": "divided by two",
    "multiplied by the batch": "the sum over the batch counted once per sample",
    "mean over the batch": "divided by the number of samples",
    "multiplied by a count": "multiplied by the number of places, taps, channels or groups",
    "divided by a count": "divided by the number of places, taps, channels or groups",
    "scaled by one factor": "all of it is the right result times a number",
    "a constant added": "all of it is off by the same number",
    "a constant added to each channel": "each channel is off by a number of its own",
    "result of another op": "one of the three maps for another",
    "ones for the output gradient": "the gradient of the sum of all outputs",
    "ones for the filter": "a sum of the image, or of the gradient, alone",
    "ones for the image": "a sum of the output gradient alone",
    "image and output gradient swapped": "each is taken for the other",
    "a copy of an operand": "the operand itself is given, or an accumulator that held it",
}

_LEAST = 4  # elements that leave something to test once a number was taken from one


def mistakes(subject: Subject) -> Iterator[Mistake]:
    """Yield the mistakes of scale and of operands."""
    yield from _operands(subject)
    if subject.shaped:
        yield from _factors(subject)
        yield from _fitted(subject)


def _scaled(subject: Subject, factor: float) -> Callable[[Given], Float64]:
    return lambda given: factor * subject.right(given)


def _factors(subject: Subject) -> Iterator[Mistake]:
    case = subject.case
    batch = case.batch
    known = [("sign reversed", -1.0), ("twice the right result", 2.0)]
    known += [("half the right result", 0.5)]
    if batch > 1:
        known += [("multiplied by the batch", float(batch)), ("mean over the batch", 1 / batch)]
    for name, factor in known:
        inexact = batch > 1 and factor == 1 / batch
        yield Mistake(name, _scaled(subject, factor), inexact=inexact, partly=False)
    numbers = (
        math.prod(case.output), math.prod(case.input), math.prod(case.kernel), case.groups,
        case.in_channels, case.out_channels, math.prod(case.stride), math.prod(case.dilation),
    )  # fmt: skip
    counts = {m * n for m in numbers for n in (1, batch)} - {0, 1, 2, batch}
    for count in sorted(counts):
        for name, factor in (
            ("multiplied by a count", float(count)),
            ("divided by a count", 1 / count),
        ):
            value = _scaled(subject, factor)
            choices = 2 * len(counts)
            yield Mistake(name, value, choices=choices, rank=1, inexact=factor < 1, partly=False)


def _fitted(subject: Subject) -> Iterator[Mistake]:
    """Yield a factor and constants taken from one element each, for the others to confirm."""
    target, came = subject.target, subject.actual
    if target.size < _LEAST or not np.isfinite(came).all():
        return
    at = np.unravel_index(np.argmax(np.abs(target)), target.shape)
    choices = 1 << 30  # what the one element says of the number is no evidence
    if target[at]:
        value = _scaled(subject, float(came[at] / target[at]))
        yield Mistake(
            "scaled by one factor", value, choices=choices, rank=2, inexact=True, partly=False
        )
    shifts = came - target
    first = shifts.reshape(-1)[0]
    if subject.exact and np.all(shifts == first):
        yield Mistake(
            "a constant added", _plus(subject, first), choices=choices, rank=2, partly=False
        )
    elif subject.exact and subject.result and target.ndim > 1:
        row = shifts.reshape(-1, target.shape[-1])[:1]
        if (
            np.all(shifts.reshape(-1, target.shape[-1]) == row)
            and len(shifts.ravel()) > 2 * row.size
        ):
            name = "a constant added to each channel"
            yield Mistake(name, _plus(subject, row[0]), rank=2, partly=False, choices=choices)


def _plus(subject: Subject, constant: Float64 | float) -> Callable[[Given], Float64]:
    return lambda given: subject.right(given) + constant


def _operands(subject: Subject) -> Iterator[Mistake]:
    case, given, came = subject.case, subject.given, subject.actual.shape
    shapes = {"conv": case.y_shape, "backprop_input": case.x_shape, "backprop_filter": case.w_shape}
    own = "backprop_input" if subject.op == "transpose" else subject.op
    for op, shape in shapes.items():
        if op != own and shape == came:
            value = functools.partial(compute, case, op)
            yield Mistake("result of another op", value, choices=2)
    names = {"dy": "ones for the output gradient", "w": "ones for the filter"}
    names["x"] = "ones for the image"
    for role in subject.reads:
        yield Mistake(names[role], functools.partial(_with_ones, subject, role))
    if case.x_shape == case.y_shape and ("x" in subject.reads or "dy" in subject.reads):
        yield Mistake(
            "image and output gradient swapped",
            lambda given: subject.right({**given, "x": given["dy"], "dy": given["x"]}),
        )
    for role in ("x", "w", "dy"):
        if given[role].shape == came:
            yield Mistake("a copy of an operand", functools.partial(_copy, role), choices=3)
            if subject.shaped:
                value = functools.partial(_added, subject, role)
                yield Mistake("a copy of an operand", value, choices=3, rank=1)


def _with_ones(subject: Subject, role: str, given: Given) -> Float64:
    return subject.right({**given, role: np.ones_like(given[role])})


def _copy(role: str, given: Given) -> Float64:
    return given[role]


def _added(subject: Subject, role: str, given: Given) -> Float64:
    return subject.right(given) + given[role]
