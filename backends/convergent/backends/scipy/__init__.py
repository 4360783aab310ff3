"""SciPy: a second opinion from ``scipy.signal`` and from sparse matrices, in float64 on the CPU.

Results are rounded once into the case's dtype. Convolutions are always direct: FFT is not exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Callable

import numpy as np

from convergent.backends.base import Backend, Gap, Tensors, method
from convergent.backends.memory import laid
from convergent.backends.numpy import pad
from convergent.backends.scipy import matrix
from convergent.backends.scipy.phases import phases
from convergent.cases import dtypes
from convergent.cases.case import Case
from convergent.cases.dtypes import Array, Float64
from convergent.cases.record import record

# Combines an image (N, *space) of one channel with a kernel: (*taps) or, per sample, (N, *taps).
Combine = Callable[[Float64, Float64], Float64]


@record
class Values:
    """Float64 values that are to be stored as ``dtype``."""

    array: Float64
    dtype: str


class SciPy(Backend):
    """``scipy.signal`` a pair of channels at a time, and convolution as a sparse matrix."""

    name = "scipy"
    packages = ("scipy",)
    gaps = (
        *(
            Gap(
                methods=("*/convolve2d",),
                when=(dims,),
                reason="scipy.signal.convolve2d is defined for two dimensions",
                kind="never",
                raises="ValueError",
            )
            for dims in ("1d", "3d")
        ),
        Gap(
            methods=("conv/correlate",),
            when=("empty_batch",),
            unless=("empty_output", "no_channels"),
            reason="scipy.signal.correlate in mode 'valid' takes no image without elements",
            raises="ValueError",
        ),
    )

    def __init__(self) -> None:
        import scipy
        from scipy import signal

        self.scipy, self.signal = scipy, signal

    def loaded(self) -> dict[str, Any]:
        """Say which SciPy and NumPy."""
        return {
            "version": self.scipy.__version__,
            "file": self.scipy.__file__,
            "numpy": np.__version__,
        }

    def axes(self, role: str, case: Case) -> tuple[int, ...]:
        """Return the canonical order: SciPy knows no layout."""
        return tuple(range(case.dims + 2))

    def enter(self, array: Array, case: Case) -> Values:
        """Return the exact float64 values, in memory as the case has it."""
        values = laid(dtypes.decode(array, case.dtype), case.memory)
        return Values(array=values, dtype=case.dtype)

    def leave(self, tensor: Values) -> tuple[Array, str]:
        """Return the values rounded once."""
        return dtypes.encode(tensor.array, tensor.dtype), tensor.dtype

    def address(self, tensor: Values) -> int:
        """Return where the float64 values lie."""
        return super().address(tensor.array)

    @method("conv", "correlate")
    def conv_by_correlate(self, case: Case, t: Tensors) -> Values:
        """Add up valid correlations of the padded image, one pair of channels at a time.

        Stride and dilation are slices of the image; no zero is put between taps.
        """
        return self._conv(case, t, self._correlate)

    @method("conv", "convolve2d")
    def conv_by_convolve2d(self, case: Case, t: Tensors) -> Values:
        """Add up valid ``convolve2d`` of each padded image with rot180 of the filter."""
        return self._conv(case, t, self._correlate2d)

    @method("conv", "sparse_matrix")
    def conv_by_matrix(self, case: Case, t: Tensors) -> Values:
        """Return ``A x`` for the sparse matrix ``A`` of the filter."""
        y = matrix.input_matrix(case, t.w.array) @ t.x.array.ravel()
        return Values(array=y.reshape(case.y_shape), dtype=case.dtype)

    @method("backprop_input", "convolve_full")
    @method("transpose", "convolve_full")
    def input_by_convolve_full(self, case: Case, t: Tensors) -> Values:
        """Add up full convolutions of d_y, zeros between, one pair of channels at a time."""
        return self._backprop_input(case, t, self._convolve_full)

    @method("backprop_input", "convolve2d")
    @method("transpose", "convolve2d")
    def input_by_convolve2d(self, case: Case, t: Tensors) -> Values:
        """Add up full ``convolve2d`` of each sample's d_y, zeros between."""
        return self._backprop_input(case, t, self._convolve2d_full)

    @method("backprop_input", "sparse_matrix")
    @method("transpose", "sparse_matrix")
    def input_by_matrix(self, case: Case, t: Tensors) -> Values:
        """Return ``A^T d_y`` for the sparse matrix ``A`` of the filter."""
        dx = matrix.input_matrix(case, t.w.array).T @ t.dy.array.ravel()
        return Values(array=dx.reshape(case.x_shape), dtype=case.dtype)

    @method("backprop_filter", "correlate")
    def filter_by_correlate(self, case: Case, t: Tensors) -> Values:
        """Correlate the padded image with d_y, one pair of channels at a time."""
        return self._backprop_filter(case, t, self._correlate)

    @method("backprop_filter", "convolve2d")
    def filter_by_convolve2d(self, case: Case, t: Tensors) -> Values:
        """Add up valid ``convolve2d`` of each padded image with rot180 of d_y."""
        return self._backprop_filter(case, t, self._correlate2d)

    @method("backprop_filter", "sparse_matrix")
    def filter_by_matrix(self, case: Case, t: Tensors) -> Values:
        """Return ``C^T d_y`` for the sparse matrix ``C`` of the image."""
        dw = matrix.filter_matrix(case, t.x.array).T @ t.dy.array.ravel()
        return Values(array=dw.reshape(case.w_shape), dtype=case.dtype)

    @method("backprop_bias", "sum")
    def bias_by_sum(self, case: Case, t: Tensors) -> Values:
        """Add up d_y over batch and places with ``math.fsum``, which rounds once."""
        places = math.prod(case.y_shape[:-1])
        columns = t.dy.array.reshape(places, case.out_channels).T
        return Values(array=np.array([math.fsum(column) for column in columns]), dtype=case.dtype)

    @method("jacobian_input", "sparse_matrix")
    def jacobian_input(self, case: Case, t: Tensors) -> Values:
        """Return the matrix ``A`` itself."""
        dense = matrix.input_matrix(case, t.w.array).toarray()
        return Values(array=dense.reshape(case.y_shape + case.x_shape), dtype=case.dtype)

    @method("jacobian_filter", "sparse_matrix")
    def jacobian_filter(self, case: Case, t: Tensors) -> Values:
        """Return the matrix ``C`` itself."""
        dense = matrix.filter_matrix(case, t.x.array).toarray()
        return Values(array=dense.reshape(case.y_shape + case.w_shape), dtype=case.dtype)

    @method("transpose_jacobian_input", "sparse_matrix")
    def transpose_jacobian_input(self, case: Case, t: Tensors) -> Values:
        """Return the transpose of ``A``."""
        dense = matrix.input_matrix(case, t.w.array).T.toarray()
        return Values(array=dense.reshape(case.x_shape + case.y_shape), dtype=case.dtype)

    @method("transpose_jacobian_filter", "sparse_matrix")
    def transpose_jacobian_filter(self, case: Case, t: Tensors) -> Values:
        """Return the matrix of ``w -> A_w^T d_y``."""
        dense = matrix.transpose_filter_matrix(case, t.dy.array).toarray()
        return Values(array=dense.reshape(case.x_shape + case.w_shape), dtype=case.dtype)

    def _conv(self, case: Case, t: Tensors, correlate: Combine) -> Values:
        image, y = pad(t.x.array, case.pads), np.zeros(case.y_shape)
        for phase in phases(case.stride, case.dilation, case.output):
            seen = image[(slice(None), *phase.image)]
            part = y[(slice(None), *phase.results)]
            for o, c, i in _pairs(case):
                part[..., o] += correlate(seen[..., c], t.w.array[None, ..., i, o])[
                    (slice(None), *phase.kept(part.shape[1:-1]))
                ]
        return Values(array=y, dtype=case.dtype)

    def _backprop_input(self, case: Case, t: Tensors, convolve: Combine) -> Values:
        padded = [size + sum(pads) for size, pads in zip(case.input, case.pads)]
        total = np.zeros((case.batch, *padded, case.in_channels))
        for phase in phases(case.stride, case.dilation, case.output):
            gradient = _spread(t.dy.array[(slice(None), *phase.results)], phase.steps)
            # The full convolution ends where the last window does: the rest of the image gets zero.
            reached = (g + k - 1 for g, k in zip(gradient.shape[1:], case.kernel))
            places = tuple(slice(size) for size in reached)
            for o, c, i in _pairs(case):
                full = convolve(gradient[..., o], t.w.array[None, ..., i, o])
                total[(slice(None), *phase.image)][..., c][(slice(None), *places)] += full
        return Values(array=pad(total, tuple((-lo, -hi) for lo, hi in case.pads)), dtype=case.dtype)

    def _backprop_filter(self, case: Case, t: Tensors, correlate: Combine) -> Values:
        image, dw = pad(t.x.array, case.pads), np.zeros(case.w_shape)
        # The gradient is the filter: what the output's places are stepped by dilates it.
        for phase in phases(case.dilation, case.stride, case.kernel):
            seen, part = image[(slice(None), *phase.image)], dw[phase.results]
            kept = phase.kept(part.shape[:-2])
            for o, c, i in _pairs(case):
                part[..., i, o] = correlate(seen[..., c], t.dy.array[..., o])[0][kept]
        return Values(array=dw, dtype=case.dtype)

    def _correlate(self, images: Float64, kernels: Float64) -> Float64:
        """Correlate ``(N, *space)`` with ``(M, *taps)`` in every axis, the batch included."""
        result: Float64 = self.signal.correlate(images, kernels, "valid", "direct")
        return result

    def _correlate2d(self, images: Float64, kernels: Float64) -> Float64:
        """Return the same of two dimensions, sample by sample."""
        places = (i - k + 1 for i, k in zip(images.shape[1:], kernels.shape[1:]))
        result = np.zeros((len(images) - len(kernels) + 1, *places))
        for n, m in np.ndindex(len(result), len(kernels)):
            turned = np.rot90(kernels[m], 2)
            result[n] += self.signal.convolve2d(images[n + m], turned, "valid")
        return result

    def _convolve_full(self, images: Float64, kernels: Float64) -> Float64:
        """Convolve ``(N, *space)`` fully with ``(1, *taps)``."""
        result: Float64 = self.signal.convolve(images, kernels, "full", "direct")
        return result

    def _convolve2d_full(self, images: Float64, kernels: Float64) -> Float64:
        """Return the same of two dimensions, sample by sample."""
        places = (i + k - 1 for i, k in zip(images.shape[1:], kernels.shape[1:]))
        result = np.zeros((len(images), *places))
        for image, full in zip(images, result):
            full[...] = self.signal.convolve2d(image, kernels[0], "full")
        return result


def _pairs(case: Case) -> Iterator[tuple[int, int, int]]:
    """Yield each output channel with each input channel of its group and its place there."""
    per_group = case.in_channels // case.groups
    for o in range(case.out_channels):
        first = o // (case.out_channels // case.groups) * per_group
        for i in range(per_group):
            yield o, first + i, i


def _spread(array: Float64, steps: tuple[int, ...]) -> Float64:
    """Return ``array`` with its spatial places, from axis 1 on, ``steps`` apart."""
    shape, places = list(array.shape), [slice(None)] * array.ndim
    for axis, step in enumerate(steps, 1):
        shape[axis] = (shape[axis] - 1) * step + 1
        places[axis] = slice(None, None, step)
    spread = np.zeros(shape)
    spread[tuple(places)] = array
    return spread
