"""The adapter of TensorFlow, as a user runs it: eager, on the CPU, without XLA.

Images keep the case's layout, filters are ``(*kernel, C/groups, O)`` in either.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from convergent.backends.base import Backend
from convergent.backends.tensorflow import gaps as declared
from convergent.backends.tensorflow.depthwise import Depthwise
from convergent.backends.tensorflow.gradients import Gradients
from convergent.backends.tensorflow.transpose import Transpose
from convergent.cases.case import Case
from convergent.cases.dtypes import Array


class TensorFlow(Backend, Gradients, Transpose, Depthwise):
    """TensorFlow 2 in eager mode."""

    name = "tensorflow"
    packages = ("tensorflow-cpu", "tensorflow")
    gaps = declared.GAPS
    trait_words: ClassVar[Mapping[str, str]] = {
        declared.EIGEN_FLOAT32: "oneDNN is off: float32 runs on Eigen's kernels",
        declared.EIGEN_BFLOAT16: "oneDNN does not do bfloat16 here: it runs on Eigen's kernels",
    }
    environment: ClassVar[Mapping[str, str]] = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
    }

    def __init__(self) -> None:
        import tensorflow as tf

        self.tf = tf
        tf.get_logger().setLevel("ERROR")  # it warns of every retraced function

    def loaded(self) -> dict[str, Any]:
        """Return version, file, threads (0: TensorFlow chooses) and how the library was built."""
        threading = self.tf.config.threading
        build = dict(self.tf.sysconfig.get_build_info())
        return {
            "version": self.tf.__version__,
            "file": self.tf.__file__,
            "git": self.tf.version.GIT_VERSION,
            "compiler": self.tf.version.COMPILER_VERSION,
            "keras": self.tf.keras.__version__,
            "threads": threading.get_intra_op_parallelism_threads(),
            "interop_threads": threading.get_inter_op_parallelism_threads(),
            "onednn": _onednn(),
            "onednn_requested": os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
            "build": {key: build[key] for key in sorted(build) if isinstance(build[key], bool)},
        }

    @classmethod
    def traits(cls, environment: Mapping[str, str]) -> frozenset[str]:
        """Return which dtypes run on Eigen's kernels here."""
        return declared.traits(environment)

    def axes(self, role: str, case: Case) -> tuple[int, ...]:
        """Return the axes of NHWC or NCHW for images, of HWIO for filters."""
        if role == "w" or case.layout == "channels_last":
            return tuple(range(case.dims + 2))
        return (0, case.dims + 1, *range(1, case.dims + 1))

    def enter(self, array: Array, case: Case) -> Any:
        """Return an eager tensor on the CPU."""
        plain = np.ascontiguousarray(array)
        if case.dtype == "bfloat16":
            plain = plain.view(self.tf.bfloat16.as_numpy_dtype)
        return self.tf.constant(plain)

    def leave(self, tensor: Any) -> tuple[Array, str]:
        """Return the values and the dtype's name, which is NumPy's."""
        values = np.asarray(tensor.numpy())
        name = str(tensor.dtype.name)
        return (values.view(np.uint16) if name == "bfloat16" else values), name


def _onednn() -> Any:
    """Say whether oneDNN's kernels are in use: built in and not turned off."""
    try:
        from tensorflow.python.util import _pywrap_util_port
    except ImportError:  # a private module
        return None
    return bool(_pywrap_util_port.IsMklEnabled())
