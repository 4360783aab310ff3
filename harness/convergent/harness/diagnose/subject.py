"""What is to be explained: a wrong result beside the right one, and the operands that gave it."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from convergent.backends import numpy as maps
from convergent.backends.base import OPS, READS
from convergent.backends.expected import Expected
from convergent.backends.oracle import JACOBIANS
from convergent.cases import dtypes
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import FORMATS, Array, Float64
from convergent.harness.compare import Question

Given = dict[str, Float64]
"""The operands by role (``x``, ``w``, ``dy``), canonical shapes, as float64."""


class Subject:
    """A wrong result, the right one, and the operands of both.

    ``actual`` holds the result's numbers (canonical axes, though its shape may be wrong:
    ``shaped`` says whether it is right), ``stored`` its bits; ``target`` is what was expected,
    ``wrong`` says which elements are, ``error`` by how much.
    """

    def __init__(self, question: Question, operands: Operands, array: Array) -> None:
        self.question, self.case, self.op = question, question.case, question.op
        self.stored = array
        names = zip(("x", "w", "dy"), operands, strict=True)
        self.given: Given = {role: dtypes.decode(a, self.case.dtype) for role, a in names}
        self.actual = dtypes.decode(array, self.case.dtype)
        self.expected: Expected = question.expected
        self.target: Float64 = question.target
        self.exact = question.exact
        self.shaped = array.shape == self.target.shape
        self.wrong: npt.NDArray[np.bool_]
        if self.shaped:
            self.error, self.wrong = question.errors(self.actual)
        else:  # nothing is right; an error is as large as the number
            self.error, self.wrong = np.abs(self.actual), np.ones(array.shape, bool)

    @property
    def reads(self) -> tuple[str, ...]:
        """The roles of the operands that the op reads."""
        return READS[self.op]

    @property
    def result(self) -> str:
        """The role of the result, whose axes it has: ``x``, ``w``, ``dy``, ``b``; else nothing."""
        roles = OPS[self.op]
        return "dy" if roles == ("y",) else roles[0] if len(roles) == 1 else ""

    @functools.cached_property
    def quantum(self) -> float:
        """The distance between neighbours among the sums of exact data."""
        steps = []
        for role in self.reads:
            size = np.abs(self.given[role])
            size = size[np.isfinite(size) & (size > 0)]
            steps.append(float(size.min(initial=np.inf)))
        step = math.prod(steps)
        return step if math.isfinite(step) else 1.0

    @functools.cached_property
    def space(self) -> tuple[int, ...]:
        """The axes of an operand that are spatial, which are the same for ``x`` and ``dy``."""
        return tuple(range(1, self.case.dims + 1))

    def right(self, given: Given, case: Case | None = None) -> Float64:
        """Return what the op gives of other operands, or of another geometry."""
        if case is None and all(given[role] is self.given[role] for role in self.reads):
            return self.expected.value
        return compute(case or self.case, self.op, given)

    @property
    def narrow(self) -> bool:
        """Whether the result has 16 bits."""
        return FORMATS[self.case.dtype].accumulator != self.case.dtype


def compute(case: Case, op: str, given: Given) -> Float64:
    """Return the value of ``op`` by the oracle's maps, unrounded."""
    if op in _JACOBIANS:
        found: Float64 = _JACOBIANS[op](case, given["x"], given["w"], given["dy"])
        return found
    if op == "backprop_bias":
        dy = given["dy"]
        total: Float64 = dy.reshape(math.prod(dy.shape[:-1]), dy.shape[-1]).sum(axis=0)
        return total
    name = "backprop_input" if op == "transpose" else op
    first, second = READS[op]
    return maps.MAPS[name](case, given[first], given[second])


def _jacobian_filter(case: Case, x: Float64, _w: Float64, _dy: Float64) -> Float64:
    """Return ``d y / d w``: each output channel has the windows of its group's channels.

    As the oracle has it, by a map per tap instead of one per number of the filter.
    """
    per_in, per_out = case.in_channels // case.groups, case.out_channels // case.groups
    every = case.replace(out_channels=case.in_channels, groups=case.in_channels)
    found = np.zeros((*case.y_shape, *case.w_shape))
    for tap in np.ndindex(*case.kernel):
        one = np.zeros(every.w_shape)
        one[tap] = 1.0
        taken = maps.conv(every, x, one)
        for o in range(case.out_channels):
            group = o // per_out * per_in
            at = (..., o, *tap, slice(None), o)
            found[at] = taken[..., group : group + per_in]
    return found


def _transpose_jacobian_filter(case: Case, _x: Float64, _w: Float64, dy: Float64) -> Float64:
    """Return ``d T / d w`` of ``T = transpose(dy, w)``, in the same way."""
    per_in, per_out = case.in_channels // case.groups, case.out_channels // case.groups
    every = case.replace(in_channels=case.out_channels, groups=case.out_channels)
    found = np.zeros((*case.x_shape, *case.w_shape))
    for tap in np.ndindex(*case.kernel):
        one = np.zeros(every.w_shape)
        one[tap] = 1.0
        taken = maps.backprop_input(every, dy, one)
        for c in range(case.in_channels):
            first = c // per_in * per_out
            own = slice(first, first + per_out)
            found[(..., c, *tap, c % per_in, own)] = taken[..., own]
    return found


_JACOBIANS = {
    **JACOBIANS,
    "jacobian_filter": _jacobian_filter,
    "transpose_jacobian_filter": _transpose_jacobian_filter,
}
