"""The roads to ``conv`` through transformations: forward mode, second order, ``vmap``."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.jax.lax import channel
from convergent.backends.jax.roads import Roads, filters_of, groups_of, output_axis
from convergent.cases.case import Case


class Conv(Roads):
    """What gives ``B(x, w)`` without being asked for a convolution."""

    @method("conv", "forward_mode_input")
    def conv_forward_mode_input(self, case: Case, t: Tensors) -> Any:
        """Push the tangent x of an image of zeros forward with ``jax.jvp``."""
        return self._push(self._of_input(case, t), t.x)

    @method("conv", "forward_mode_filter")
    def conv_forward_mode_filter(self, case: Case, t: Tensors) -> Any:
        """Push the tangent w of a filter of zeros forward with ``jax.jvp``."""
        return self._push(self._of_filter(case, t), t.w)

    @method("conv", "linearize")
    def conv_linearize(self, case: Case, t: Tensors) -> Any:
        """Apply to x the linear map that ``jax.linearize`` finds at an image of zeros."""
        return self._linearized(self._of_input(case, t), t.x)

    @method("conv", "linearize_filter")
    def conv_linearize_filter(self, case: Case, t: Tensors) -> Any:
        """Apply to w the linear map that ``jax.linearize`` finds at a filter of zeros."""
        return self._linearized(self._of_filter(case, t), t.w)

    @method("conv", "linear_transpose")
    def conv_linear_transpose(self, case: Case, t: Tensors) -> Any:
        """Transpose ``d_y -> d_x``, itself the transpose of ``x -> y``, and apply it to x."""
        return self._flip(lambda dy: self._flip(self._of_input(case, t), t.x, dy), t.dy, t.x)

    @method("conv", "linear_transpose_filter")
    def conv_linear_transpose_filter(self, case: Case, t: Tensors) -> Any:
        """Transpose ``d_y -> d_w``, itself the transpose of ``w -> y``, and apply it to w."""
        return self._flip(lambda dy: self._flip(self._of_filter(case, t), t.w, dy), t.dy, t.w)

    @method("conv", "autodiff_of_transpose")
    def conv_by_transpose(self, case: Case, t: Tensors) -> Any:
        """Pull x back through the transposed convolution to its input."""
        return self._pull(self._transposed_of_input(case, t), t.dy, t.x)

    @method("conv", "double_backward_input")
    def conv_double_backward_input(self, case: Case, t: Tensors) -> Any:
        """Pull x back through the gradient ``d_y -> d_x``."""
        return self._pull(lambda dy: self._d_x(case, t._replace(dy=dy)), t.dy, t.x)

    @method("conv", "double_backward_filter")
    def conv_double_backward_filter(self, case: Case, t: Tensors) -> Any:
        """Pull w back through the gradient ``d_y -> d_w``."""
        return self._pull(lambda dy: self._d_w(case, t._replace(dy=dy)), t.dy, t.w)

    @method("conv", "forward_over_reverse")
    def conv_forward_over_reverse(self, case: Case, t: Tensors) -> Any:
        """Push the tangent x through ``w`` pulled back along ``d_y -> d_w``."""

        def y(x: Any) -> Any:
            return self.conv_double_backward_filter(case, t._replace(x=x))

        return self._push(y, t.x)

    @method("conv", "reverse_over_forward")
    def conv_reverse_over_forward(self, case: Case, t: Tensors) -> Any:
        """Pull x back through ``d_y -> d_x``, taken by pushing the tangent w of the gradient."""

        def d_x(dy: Any) -> Any:
            return self._push(lambda w: self._d_x(case, t._replace(w=w, dy=dy)), t.w)

        return self._pull(d_x, t.dy, t.x)

    @method("conv", "remat")
    def conv_remat(self, case: Case, t: Tensors) -> Any:
        """Push the tangent x through ``jax.checkpoint`` of the convolution."""
        return self._push(self.jax.checkpoint(self._of_input(case, t)), t.x)

    @method("conv", "per_sample")
    def conv_per_sample(self, case: Case, t: Tensors) -> Any:
        """Convolve one sample under ``jax.vmap`` over the batch."""
        return self.jax.vmap(lambda x: self._conv(case, x[None], t.w)[0])(t.x)

    @method("conv", "vmap_filter")
    def conv_vmap_filter(self, case: Case, t: Tensors) -> Any:
        """Convolve with one filter of each group under ``jax.vmap`` over these filters."""
        o, c = output_axis(case), channel(case)
        each = self.jax.vmap(lambda w: self._conv(case, t.x, w), o + 1, c + 1)
        return each(filters_of(case, t.w)).reshape(t.dy.shape)

    @method("conv", "vmap_groups")
    def conv_vmap_groups(self, case: Case, t: Tensors) -> Any:
        """Convolve one group under ``jax.vmap`` over the groups of image and filter."""
        o, c = output_axis(case), channel(case)
        each = self.jax.vmap(lambda x, w: self._conv(case, x, w, groups=1), (c, o), c)
        return each(groups_of(case, t.x), filters_of(case, t.w)).reshape(t.dy.shape)

    @method("conv", "vmap_both")
    def conv_vmap_both(self, case: Case, t: Tensors) -> Any:
        """Convolve one sample with one filter of each group under two ``jax.vmap``."""
        o, c = output_axis(case), channel(case)

        def each(x: Any, w: Any) -> Any:
            return self._conv(case, x[None], w)[0]

        over_filters = self.jax.vmap(each, (None, o + 1), c)
        return self.jax.vmap(over_filters, (0, None))(t.x, filters_of(case, t.w)).reshape(
            t.dy.shape
        )
