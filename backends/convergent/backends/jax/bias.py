"""The roads to the gradient of a bias that is added to every output channel."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.jax.lax import channel
from convergent.backends.jax.roads import Map, Roads
from convergent.cases.case import Case


class Bias(Roads):
    """A convolution with a bias, and the bias' gradient."""

    @method("conv", "zero_bias")
    def conv_with_zero_bias(self, case: Case, t: Tensors) -> Any:
        """Convolve and add a bias of zeros."""
        return self._conv(case, t.x, t.w) + self._broadcast(case, self._bias(case, t))

    @method("backprop_bias", "autodiff")
    def bias_by_autodiff(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to the bias with ``jax.vjp``."""
        return self._pull(self._of_bias(case, t), self._bias(case, t), t.dy)

    @method("backprop_bias", "grad")
    def bias_by_grad(self, case: Case, t: Tensors) -> Any:
        """Differentiate ``sum(y * d_y)`` w.r.t. the bias with ``jax.grad``."""
        biased = self._of_bias(case, t)
        return self.jax.grad(lambda b: (biased(b) * t.dy).sum())(self._bias(case, t))

    @method("backprop_bias", "linear_transpose")
    def bias_by_linear_transpose(self, case: Case, t: Tensors) -> Any:
        """Transpose the broadcast of the bias with ``jax.linear_transpose``."""

        def spread(b: Any) -> Any:
            return self.jnp.broadcast_to(self._broadcast(case, b), t.dy.shape)

        return self._flip(spread, self._bias(case, t), t.dy)

    @method("backprop_bias", "per_sample")
    def bias_per_sample(self, case: Case, t: Tensors) -> Any:
        """Add up the bias' gradient of each sample, taken under ``jax.vmap`` over the batch."""
        b = self._bias(case, t)

        def each(x: Any, dy: Any) -> Any:
            return self._pull(self._of_bias(case, t._replace(x=x[None])), b, dy[None])

        return self.jax.vmap(each)(t.x, t.dy).sum(0)

    @method("backprop_bias", "sum")
    def bias_by_sum(self, case: Case, t: Tensors) -> Any:
        """Add up d_y over batch and places with ``jax.numpy.sum``."""
        return t.dy.sum([axis for axis in range(t.dy.ndim) if axis != channel(case)])

    def _of_bias(self, case: Case, t: Tensors) -> Map:
        return lambda b: self._conv(case, t.x, t.w) + self._broadcast(case, b)

    def _bias(self, case: Case, t: Tensors) -> Any:
        return self.jnp.zeros(case.out_channels, t.dy.dtype)

    def _broadcast(self, case: Case, b: Any) -> Any:
        after = case.dims + 1 - channel(case)
        return b.reshape(case.out_channels, *(1,) * after)
