"""The adapter of TensorFlow on the CPU: eager, as a graph or compiled by XLA.

Images keep the case's layout, filters are ``(*kernel, C/groups, O)`` in either.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Callable, ClassVar

import numpy as np

from convergent.backends.base import Backend, Tensors
from convergent.backends.contracts import Told
from convergent.backends.memory import laid
from convergent.backends.tensorflow import gaps as declared
from convergent.backends.tensorflow import kernels
from convergent.backends.tensorflow import modes as switches
from convergent.backends.tensorflow.bias import Bias
from convergent.backends.tensorflow.depthwise import Depthwise
from convergent.backends.tensorflow.gradients import Gradients
from convergent.backends.tensorflow.layers import Layers
from convergent.backends.tensorflow.rewrites import Rewrites
from convergent.backends.tensorflow.told import told
from convergent.backends.tensorflow.vectorized import Vectorized
from convergent.cases.case import Case
from convergent.cases.dtypes import Array


class TensorFlow(Backend, Gradients, Rewrites, Layers, Depthwise, Vectorized, Bias):
    """TensorFlow 2, in eager mode unless a mode says otherwise."""

    name = "tensorflow"
    packages = ("tensorflow-cpu", "tensorflow", "tf-nightly-cpu", "tf-nightly")
    gaps = declared.GAPS
    modes = switches.MODES
    variants = switches.VARIANTS
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

    def enable(self, modes: frozenset[str]) -> None:
        """Set the number of threads and determinism; graphs and XLA are for ``prepare``."""
        super().enable(modes)
        switches.enable(self.tf, modes)

    def prepare(self, function: Callable[..., Any], case: Case) -> Callable[[Tensors], Any]:
        """Return ``function`` as the active mode executes it, traced once."""
        self.compiles = switches.XLA in self.active
        return switches.compiled(self.tf, self.active, super().prepare(function, case))

    def kernel(self, printed: str) -> str:
        """Return oneDNN's names for what it computed, else ``eigen`` or ``xla``."""
        return kernels.kernel(printed, "xla" if self.compiles else "eigen")

    def told(self, call: Told) -> Any:
        """Make an illegal call as it is told."""
        return told(self.tf, call)

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
        """Return an eager tensor on the CPU, of a NumPy array as the case lays it out."""
        view = laid(array, case.memory)
        if case.dtype == "bfloat16":
            view = view.view(self.tf.bfloat16.as_numpy_dtype)
        return self.tf.constant(view)

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
