"""The convolutions of signals, ``jax.numpy.convolve`` and ``jax.scipy.signal``, over channels.

They know one channel, no stride and no dilation: the image is padded and the kernel stuffed with
zeros before, every n-th place is taken and the channels are added up afterwards.
"""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.jax.lax import channel, specs, split
from convergent.backends.jax.roads import Roads
from convergent.cases.case import Case


class Signal(Roads):
    """``conv`` from convolutions of one channel under ``jax.vmap``."""

    @method("conv", "jnp_convolve")
    def conv_by_jnp_convolve(self, case: Case, t: Tensors) -> Any:
        """Add up valid ``jax.numpy.convolve`` of each image with the turned filter."""
        return self._by_pairs(case, t, lambda x, w: self.jnp.convolve(x, self.jnp.flip(w), "valid"))

    @method("conv", "jnp_correlate")
    def conv_by_jnp_correlate(self, case: Case, t: Tensors) -> Any:
        """Add up valid ``jax.numpy.correlate`` of each image with the filter."""
        return self._by_pairs(case, t, lambda x, w: self.jnp.correlate(x, w, "valid"))

    @method("conv", "signal_convolve")
    def conv_by_signal_convolve(self, case: Case, t: Tensors) -> Any:
        """Add up valid ``jax.scipy.signal.convolve`` of each image with the turned filter."""
        convolve = self.jax.scipy.signal.convolve
        turn = self.jnp.flip
        return self._by_pairs(case, t, lambda x, w: convolve(x, turn(w), "valid", "direct"))

    @method("conv", "signal_correlate")
    def conv_by_signal_correlate(self, case: Case, t: Tensors) -> Any:
        """Add up valid ``jax.scipy.signal.correlate`` of each image with the filter."""
        correlate = self.jax.scipy.signal.correlate
        return self._by_pairs(case, t, lambda x, w: correlate(x, w, "valid", "direct"))

    @method("conv", "signal_convolve2d")
    def conv_by_signal_convolve2d(self, case: Case, t: Tensors) -> Any:
        """Add up valid ``jax.scipy.signal.convolve2d`` of each image with the turned filter."""
        convolve, turn = self.jax.scipy.signal.convolve2d, self.jnp.flip
        return self._by_pairs(case, t, lambda x, w: convolve(x, turn(w), "valid"))

    @method("conv", "signal_correlate2d")
    def conv_by_signal_correlate2d(self, case: Case, t: Tensors) -> Any:
        """Add up valid ``jax.scipy.signal.correlate2d`` of each image with the filter."""
        correlate = self.jax.scipy.signal.correlate2d
        return self._by_pairs(case, t, lambda x, w: correlate(x, w, "valid"))

    def _by_pairs(self, case: Case, t: Tensors, combine: Any) -> Any:
        """Map ``combine`` over samples, groups, a group's filters and its channels, and add up."""
        jnp, vmap = self.jnp, self.jax.vmap
        images, filters = self._padded(case, t.x), self._stuffed(case, t.w)
        over_channels = vmap(combine, (0, 0))
        over_filters = vmap(over_channels, (None, 0))
        over_groups = vmap(over_filters, (0, 0))
        products = vmap(over_groups, (0, None))(images, filters)
        y = products.sum(3).reshape(case.batch, case.out_channels, *products.shape[4:])
        y = y[(..., *(slice(None, None, step) for step in case.stride))]
        return jnp.moveaxis(y, 1, channel(case))

    def _padded(self, case: Case, x: Any) -> Any:
        """Return the padded image: ``(N, G, C/G, *space)``."""
        edges = [(0, 0, 0), (0, 0, 0), *((lo, hi, 0) for lo, hi in case.pads)]
        moved = self.jnp.moveaxis(x, channel(case), 1)
        return split(self.lax.pad(moved, self.jnp.zeros((), x.dtype), edges), 1, case.groups)

    def _stuffed(self, case: Case, w: Any) -> Any:
        """Return the filter, zeros between its taps: ``(G, O/G, C/G, *taps)``."""
        spec = specs(case)[1]
        edges = [(0, 0, 0), (0, 0, 0), *((0, 0, step - 1) for step in case.dilation)]
        moved = self.jnp.moveaxis(w, (spec.index("O"), spec.index("I")), (0, 1))
        return split(self.lax.pad(moved, self.jnp.zeros((), w.dtype), edges), 0, case.groups)
