"""The rules by which results are compared in frameworks' own tests: the real functions.

Each rule gets the actual result and the kindest expectation there is, the exact value rounded once
to the dtype (a test in a framework has another float32 result), and raises if they are not close.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from convergent.cases.dtypes import Array
from convergent.harness.compare import Question

OURS = "error / bound <= 1 (this project)"


@dataclasses.dataclass(frozen=True)
class Sides:
    """A result and what it is compared with, as the case's dtype; ``question`` for our own rule."""

    question: Question
    actual: Array
    expected: Array

    @property
    def dtype(self) -> str:
        """The dtype of the result by name; bits are bfloat16."""
        return "bfloat16" if self.actual.dtype == np.uint16 else self.actual.dtype.name

    def typed(self) -> tuple[Any, Any]:
        """Return both as arrays of their dtype, where bits are bfloat16 numbers."""
        return _typed(self.actual), _typed(self.expected)


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule: what it is called, its numbers, where they stand, and the check that raises."""

    name: str
    numbers: str
    source: str
    check: Callable[[Sides], None]
    integers: bool = False

    def rejects(self, sides: Sides) -> bool:
        """Say whether the rule calls a result wrong."""
        try:
            self.check(sides)
        except AssertionError:
            return True
        return False

    def asks(self, sides: Sides) -> bool:
        """Say whether the rule is meant for this data; one is for integers alone."""
        return not self.integers or sides.question.case.data == "exact"


def of(question: Question, actual: Array) -> Sides:
    """Return ``actual`` beside the exact value rounded once."""
    return Sides(question, actual, question.stored)


@functools.cache
def load() -> tuple[Rule, ...]:
    """Import the frameworks and return their rules, ours last."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import jax
    import tensorflow as tf
    import torch
    from jax._src import public_test_util, test_util
    from keras.src.testing import TestCase as KerasCase

    jax.config.update("jax_enable_x64", True)
    in_keras, in_tensorflow, in_jax = KerasCase(), tf.test.TestCase(), test_util.JaxTestCase()

    def as_tensors(sides: Sides) -> None:
        torch.testing.assert_close(*(_tensor(torch, a) for a in (sides.actual, sides.expected)))

    def conv_ops_test(sides: Sides) -> None:
        actual, expected = sides.typed()
        tol = 1e-3 if actual.dtype == np.float16 else 1e-5
        assert actual.shape == expected.shape  # of which the test makes one flat array
        in_tensorflow.assertAllClose(expected, actual, atol=tol, rtol=tol)

    return (
        Rule(
            "numpy assert_allclose", "rtol 1e-7, atol 0",
            "https://numpy.org/doc/stable/reference/generated/numpy.testing.assert_allclose.html",
            lambda s: np.testing.assert_allclose(*s.typed()),
        ),
        Rule(
            "numpy assert_array_almost_equal", "1.5e-6",
            "https://numpy.org/doc/stable/reference/generated/"
            "numpy.testing.assert_array_almost_equal.html",
            lambda s: np.testing.assert_array_almost_equal(*s.typed()),
        ),
        Rule(
            "torch.testing.assert_close", "by dtype; float32: rtol 1.3e-6, atol 1e-5",
            "https://docs.pytorch.org/docs/stable/testing.html", as_tensors,
        ),
        Rule(
            "JAX JaxTestCase.assertAllClose", "by dtype; float32: 1e-6, float64: 1e-15",
            "https://github.com/jax-ml/jax/blob/main/jax/_src/public_test_util.py",
            lambda s: in_jax.assertAllClose(*s.typed()),
        ),
        Rule(
            "JAX check_close", "the same times the number of elements",
            "https://github.com/jax-ml/jax/blob/main/jax/_src/public_test_util.py",
            lambda s: public_test_util.check_close(*s.typed()),
        ),
        Rule(
            "Keras assertAllClose", "rtol 1e-6, atol 1e-6",
            "https://github.com/keras-team/keras/blob/master/keras/src/testing/test_case.py",
            lambda s: in_keras.assertAllClose(*s.typed()),
        ),
        Rule(
            "TensorFlow assertAllClose", "rtol 1e-6, atol 1e-6",
            "https://www.tensorflow.org/api_docs/python/tf/test/TestCase",
            lambda s: in_tensorflow.assertAllClose(*reversed(s.typed())),
        ),
        Rule(
            "TensorFlow assertAllCloseAccordingToType",
            "1e-6; float16: 1e-3, bfloat16: 1e-2",
            "https://www.tensorflow.org/api_docs/python/tf/test/TestCase",
            lambda s: in_tensorflow.assertAllCloseAccordingToType(*reversed(s.typed())),
        ),
        Rule(
            "TensorFlow conv_ops_test", "1e-5; float16: 1e-3",
            "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/kernel_tests/"
            "nn_ops/conv_ops_test.py",
            conv_ops_test,
        ),
        Rule(
            "ONNX backend test", "rtol 1e-3, atol 1e-7",
            "https://github.com/onnx/onnx/blob/main/onnx/backend/test/loader/__init__.py",
            _onnx,
        ),
        Rule(
            "oneDNN benchdnn", "integers alone: 0",
            "https://github.com/uxlfoundation/oneDNN/blob/main/tests/benchdnn/doc/driver_conv.md",
            lambda s: np.testing.assert_array_equal(*s.typed()), integers=True,
        ),
        ours(),
    )  # fmt: skip


def ours() -> Rule:
    """Return this project's own rule, which needs no framework."""
    return Rule(OURS, "derived", "../numerics.md", _ours)


def _ours(sides: Sides) -> None:
    found = sides.question.judge(sides.actual, sides.dtype)
    assert found.verdict not in ("differs", "degraded"), found.verdict


def _onnx(sides: Sides) -> None:
    """Compare as ``onnx.backend.test.runner`` does, whose numbers are of its loader."""
    actual, expected = sides.typed()
    np.testing.assert_equal(actual.dtype, expected.dtype)
    np.testing.assert_array_equal(actual.shape, expected.shape)
    np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-7)


def _typed(array: Array) -> Any:
    import ml_dtypes

    return array.view(ml_dtypes.bfloat16) if array.dtype == np.uint16 else array


def _tensor(torch: Any, array: Array) -> Any:
    tensor = torch.from_numpy(np.array(array))
    return tensor.view(torch.bfloat16) if array.dtype == np.uint16 else tensor
