"""What TensorFlow cannot compute on a CPU, by who refuses it.

``interface``: what a function has no word for, whoever computes. ``eigen``: what TensorFlow's
kernels lack; ``empty``: what they refuse to do with nothing; neither counts where XLA compiles.
``xla``: what the compiler lacks. ``contracts``: illegal calls that TensorFlow cannot be told, or
gives a meaning.
"""

from __future__ import annotations

import dataclasses

from convergent.backends.base import Gap
from convergent.backends.tensorflow.gaps import contracts, eigen, empty, interface, xla
from convergent.backends.tensorflow.gaps.traits import EIGEN_BFLOAT16, EIGEN_FLOAT32, traits
from convergent.backends.tensorflow.modes import XLA

__all__ = ["EIGEN_BFLOAT16", "EIGEN_FLOAT32", "GAPS", "traits"]

GAPS: tuple[Gap, ...] = (
    *interface.GAPS,
    *(dataclasses.replace(gap, unless=(*gap.unless, XLA)) for gap in empty.GAPS + eigen.GAPS),
    *(dataclasses.replace(gap, when=(*gap.when, XLA)) for gap in xla.GAPS),
    *contracts.GAPS,
)
