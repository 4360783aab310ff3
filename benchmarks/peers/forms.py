"""An op with its gradients, as NumPy functions: what a gradient checker is given, wrapped."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from convergent.cases import data
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array

Compute = Callable[[Case, str, Operands], Array]


@dataclasses.dataclass(frozen=True)
class Form:
    """A function of arrays and its vector-Jacobian product, with what it is to be asked of."""

    inputs: tuple[Array, ...]
    forward: Callable[..., Array]
    backward: Callable[..., tuple[Array, ...]]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers a full Jacobian is asked for: inputs and outputs."""
        return sum(a.size for a in self.inputs) + math.prod(self.shape)


def of(case: Case, compute: Compute, ops: tuple[str, ...]) -> Form:
    """Return the form in which a fault of ``ops`` can show: a conv with its gradients if it can."""
    return {"transpose": _transpose, "bias": _biased, "conv": _conv}[kind(ops)](case, compute)


def kind(ops: tuple[str, ...]) -> str:
    """Return which form shows a fault of ``ops``."""
    return {("transpose",): "transpose", ("backprop_bias",): "bias"}.get(ops, "conv")


def _conv(case: Case, compute: Compute) -> Form:
    x, w, dy = data.make(case)

    def backward(x: Array, w: Array, dy: Array) -> tuple[Array, ...]:
        operands = Operands(x, w, dy)
        return (
            compute(case, "backprop_input", operands),
            compute(case, "backprop_filter", operands),
        )

    return Form(
        (x, w), lambda x, w: compute(case, "conv", Operands(x, w, dy)), backward, case.y_shape
    )


def _transpose(case: Case, compute: Compute) -> Form:
    x, w, dy = data.make(case)

    def backward(dy: Array, w: Array, g: Array) -> tuple[Array, ...]:
        operands = Operands(g, w, dy)
        return compute(case, "conv", operands), compute(case, "backprop_filter", operands)

    return Form(
        (dy, w),
        lambda dy, w: compute(case, "transpose", Operands(x, w, dy)),
        backward,
        case.x_shape,
    )


def _biased(case: Case, compute: Compute) -> Form:
    plain = _conv(case, compute)
    bias = np.linspace(-1, 1, case.out_channels).astype(plain.inputs[0].dtype)

    def forward(x: Array, w: Array, b: Array) -> Array:
        found: Any = plain.forward(x, w) + b
        return np.asarray(found, b.dtype)

    def backward(x: Array, w: Array, _b: Array, dy: Array) -> tuple[Array, ...]:
        d_b = compute(case, "backprop_bias", Operands(x, w, dy))
        return (*plain.backward(x, w, dy), d_b)

    return Form((*plain.inputs, bias), forward, backward, plain.shape)
