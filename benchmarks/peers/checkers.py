"""Gradient checkers of the frameworks: the real ones, asked of a NumPy op that is wrapped for them.

A checker compares a gradient with finite differences of the function itself. Of a conv whose
forward and gradients are wrong in the same way it can know nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convergent.cases.dtypes import Array
from peers.forms import Form

FULL, FULL_IN_GRAPHS = 3000, 700
"""Numbers of a form beyond which no full Jacobian is asked for: of all checkers it takes a minute,
of TensorFlow's several. A refusal by ``fast_mode`` computes one, too, for its message."""


@dataclasses.dataclass(frozen=True)
class Checker:
    """A gradient checker: its name, numbers, source, the dtype it is given, and the check.

    Forms of more than ``most`` numbers are not asked.
    """

    name: str
    numbers: str
    source: str
    dtype: str
    check: Callable[[Form], bool]
    most: float = math.inf

    def rejects(self, form: Form) -> bool:
        """Say whether the gradients are called wrong; an exception is a no, too."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return not self.check(form)
            except Exception:  # noqa: BLE001 - whatever a framework makes of a wrong shape
                return True


def load() -> tuple[Checker, ...]:
    """Return the checkers; each imports its framework."""
    torch_source = (
        "https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html"
    )
    jax_source = "https://docs.jax.dev/en/latest/_autosummary/jax.test_util.check_grads.html"
    jax_tests = "https://github.com/jax-ml/jax/blob/main/tests/lax_autodiff_test.py"
    tf_source = "https://www.tensorflow.org/api_docs/python/tf/test/compute_gradient"
    tf_tests = "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/kernel_tests/nn_ops/conv_ops_test.py"
    return (
        Checker("torch gradcheck", "eps 1e-6, atol 1e-5, rtol 1e-3", torch_source, "float64",
                in_torch, FULL),
        Checker("torch gradcheck, fast_mode", "the same", torch_source, "float64",
                functools.partial(in_torch, fast=True), FULL),
        Checker("torch gradcheck, float32", "the same", torch_source, "float32", in_torch, FULL),
        Checker("JAX check_grads", "eps 1e-4, tolerance 1e-5", jax_source, "float64", in_jax),
        Checker("JAX check_grads, as its conv tests", "eps 1, tolerance 1e-3", jax_tests,
                "float32", functools.partial(in_jax, eps=1.0, tolerance=1e-3)),
        Checker("TF compute_gradient, assertAllClose", "delta 1/1024, 1e-6", tf_source, "float64",
                functools.partial(in_tensorflow, most=None), FULL_IN_GRAPHS),
        Checker("TF compute_gradient, as its conv tests", "delta 1/1024, largest error 3e-3",
                tf_tests, "float32", functools.partial(in_tensorflow, most=3e-3), FULL_IN_GRAPHS),
    )  # fmt: skip


def in_torch(form: Form, *, fast: bool = False) -> bool:
    """Ask ``torch.autograd.gradcheck`` of a ``torch.autograd.Function``."""
    import torch
    from torch.autograd.function import once_differentiable

    class Op(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            ctx.save_for_backward(*inputs)
            return torch.from_numpy(_own(form.forward(*(i.detach().numpy() for i in inputs))))

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            saved = (i.detach().numpy() for i in ctx.saved_tensors)
            return tuple(torch.from_numpy(_own(d)) for d in form.backward(*saved, g.numpy()))

    inputs = [torch.from_numpy(_own(a)).requires_grad_() for a in form.inputs]
    return bool(torch.autograd.gradcheck(Op.apply, inputs, fast_mode=fast))


def in_jax(form: Form, *, eps: float | None = None, tolerance: float | None = None) -> bool:
    """Ask ``jax.test_util.check_grads`` of a ``custom_vjp``; each input alone if ``eps`` is 1.

    Of a bilinear op any ``eps`` is exact as long as one input moves: so JAX's tests do it.
    """
    import jax
    from jax.test_util import check_grads

    kind = form.inputs[0].dtype
    result = jax.ShapeDtypeStruct(form.shape, kind)
    results = tuple(jax.ShapeDtypeStruct(a.shape, kind) for a in form.inputs)

    @jax.custom_vjp
    def op(*inputs: Any) -> Any:
        return jax.pure_callback(_plain(form.forward), result, *inputs)

    def backward(saved: Any, g: Any) -> Any:
        return jax.pure_callback(_plain(form.backward), results, *saved, g)

    op.defvjp(lambda *inputs: (op(*inputs), inputs), backward)
    given = form.inputs
    with jax.enable_x64(kind == np.float64):
        if eps is None:
            check_grads(op, given, 1, ("rev",))
            return True
        for at in range(len(given)):
            one = functools.partial(_alone, op, given, at)
            check_grads(one, (given[at],), 1, ("rev",), tolerance, tolerance, eps)
    return True


def in_tensorflow(form: Form, *, most: float | None) -> bool:
    """Ask ``tf.test.compute_gradient`` of a ``tf.custom_gradient``; compare both Jacobians."""
    import tensorflow as tf
    from tensorflow.python.ops.gradient_checker_v2 import max_error

    kind = tf.as_dtype(form.inputs[0].dtype)

    @tf.custom_gradient
    def op(*inputs: Any) -> Any:
        y = tf.numpy_function(form.forward, inputs, kind)
        y.set_shape(form.shape)

        def grad(g: Any) -> Any:
            found = tf.numpy_function(form.backward, [*inputs, g], [kind] * len(inputs))
            for d, array in zip(found, form.inputs, strict=True):
                d.set_shape(array.shape)
            return found

        return y, grad

    theoretical, numerical = tf.test.compute_gradient(op, [tf.constant(a) for a in form.inputs])
    if most is None:
        tf.test.TestCase().assertAllClose(theoretical, numerical)
        return True
    return bool(max_error(theoretical, numerical) < most)


def _alone(op: Callable[..., Any], given: tuple[Array, ...], at: int, one: Any) -> Any:
    """Return ``op`` of ``given`` with ``one`` in place ``at``."""
    return op(*given[:at], one, *given[at + 1 :])


def _own(array: Array) -> Array:
    return np.array(array, order="C")


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arrays: Sequence[Any]) -> Any:
        return function(*(np.asarray(a) for a in arrays))

    return call
