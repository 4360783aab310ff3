"""The roads to the two gradients: reverse mode, forward over reverse and back, ``vmap``."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.jax.lax import channel
from convergent.backends.jax.roads import Roads, filters_of, groups_of, output_axis
from convergent.cases.case import Case


class InputGradient(Roads):
    """What gives ``d_x``."""

    @method("backprop_input", "autodiff")
    @method("transpose", "autodiff_of_conv")
    def input_by_autodiff(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x with ``jax.vjp``."""
        return self._d_x(case, t)

    @method("backprop_input", "autodiff_both")
    def input_by_autodiff_both(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x and w at once with ``jax.vjp``."""
        return self._both(case, t)[0]

    @method("backprop_input", "grad")
    def input_by_grad(self, case: Case, t: Tensors) -> Any:
        """Differentiate ``sum(y * d_y)`` with ``jax.grad``."""
        return self.jax.grad(lambda x: (self._conv(case, x, t.w) * t.dy).sum())(t.x)

    @method("backprop_input", "linear_transpose")
    @method("transpose", "linear_transpose_of_conv")
    def input_by_linear_transpose(self, case: Case, t: Tensors) -> Any:
        """Transpose the linear map ``x -> y`` with ``jax.linear_transpose``."""
        return self._flip(self._of_input(case, t), t.x, t.dy)

    @method("backprop_input", "linear_transpose_twice")
    def input_by_linear_transpose_twice(self, case: Case, t: Tensors) -> Any:
        """Transpose ``x -> d_w``, itself the transpose of ``w -> y``, and apply it to w."""

        def d_w(x: Any) -> Any:
            return self._flip(self._of_filter(case, t._replace(x=x)), t.w, t.dy)

        return self._flip(d_w, t.x, t.w)

    @method("backprop_input", "linearize")
    def input_by_linearize(self, case: Case, t: Tensors) -> Any:
        """Apply to d_y the linear map that ``jax.linearize`` finds of the gradient at zeros."""
        return self._linearized(lambda dy: self._d_x(case, t._replace(dy=dy)), t.dy)

    @method("backprop_input", "double_backward")
    def input_by_double_backward(self, case: Case, t: Tensors) -> Any:
        """Pull w back through the gradient ``x -> d_w``."""
        return self._pull(lambda x: self._d_w(case, t._replace(x=x)), t.x, t.w)

    @method("backprop_input", "forward_over_reverse")
    def input_forward_over_reverse(self, case: Case, t: Tensors) -> Any:
        """Push the tangent w of the gradient ``w -> d_x``."""
        return self._push(lambda w: self._d_x(case, t._replace(w=w)), t.w)

    @method("backprop_input", "reverse_over_forward")
    def input_reverse_over_forward(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back through ``x -> y``, taken by pushing the tangent w of ``w -> y``."""
        return self._pull(
            lambda x: self._push(self._of_filter(case, t._replace(x=x)), t.w), t.x, t.dy
        )

    @method("backprop_input", "jacrev_contracted")
    def input_by_jacrev(self, case: Case, t: Tensors) -> Any:
        """Contract d_y with the Jacobian of ``x -> y`` by ``jax.jacrev``."""
        jacobian = self.jax.jacrev(self._of_input(case, t))(t.x)
        return self.jnp.tensordot(t.dy, jacobian, t.dy.ndim)

    @method("backprop_input", "jacfwd_contracted")
    def input_by_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Contract d_y with the Jacobian of ``x -> y`` by ``jax.jacfwd``."""
        jacobian = self.jax.jacfwd(self._of_input(case, t))(t.x)
        return self.jnp.tensordot(t.dy, jacobian, t.dy.ndim)

    @method("backprop_input", "preferred_type")
    def input_by_preferred_type(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x through a convolution with ``preferred_element_type``."""
        return self._pull(lambda x: self._conv_wide(case, x, t.w).astype(x.dtype), t.x, t.dy)

    @method("backprop_input", "remat")
    def input_by_remat(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x through ``jax.checkpoint`` of the convolution."""
        return self._pull(self.jax.checkpoint(self._of_input(case, t)), t.x, t.dy)

    @method("backprop_input", "per_sample")
    def input_per_sample(self, case: Case, t: Tensors) -> Any:
        """Pull the d_y of one sample back to its x under ``jax.vmap`` over the batch."""

        def each(x: Any, dy: Any) -> Any:
            return self._pull(lambda x: self._conv(case, x[None], t.w)[0], x, dy)

        return self.jax.vmap(each)(t.x, t.dy)

    @method("backprop_input", "vmap_filter")
    def input_vmap_filter(self, case: Case, t: Tensors) -> Any:
        """Add up the d_x of one filter of each group, taken under ``jax.vmap`` over these."""

        def each(w: Any, dy: Any) -> Any:
            return self._d_x(case, Tensors(t.x, w, dy))

        each = self.jax.vmap(each, (output_axis(case) + 1, channel(case) + 1))
        return each(filters_of(case, t.w), groups_of(case, t.dy)).sum(0)

    @method("backprop_input", "vmap_groups")
    def input_vmap_groups(self, case: Case, t: Tensors) -> Any:
        """Pull the d_y of one group back to its x under ``jax.vmap`` over the groups."""
        o, c = output_axis(case), channel(case)

        def each(x: Any, w: Any, dy: Any) -> Any:
            return self._pull(lambda x: self._conv(case, x, w, groups=1), x, dy)

        each = self.jax.vmap(each, (c, o, c), c)
        return each(groups_of(case, t.x), filters_of(case, t.w), groups_of(case, t.dy)).reshape(
            t.x.shape
        )

    def _both(self, case: Case, t: Tensors) -> Any:
        _, pullback = self.jax.vjp(lambda x, w: self._conv(case, x, w), t.x, t.w)
        return pullback(t.dy)


class FilterGradient(InputGradient):
    """What gives ``d_w``."""

    @method("backprop_filter", "autodiff")
    def filter_by_autodiff(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to w with ``jax.vjp``."""
        return self._d_w(case, t)

    @method("backprop_filter", "autodiff_both")
    def filter_by_autodiff_both(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x and w at once with ``jax.vjp``."""
        return self._both(case, t)[1]

    @method("backprop_filter", "grad")
    def filter_by_grad(self, case: Case, t: Tensors) -> Any:
        """Differentiate ``sum(y * d_y)`` with ``jax.grad``."""
        return self.jax.grad(lambda w: (self._conv(case, t.x, w) * t.dy).sum())(t.w)

    @method("backprop_filter", "linear_transpose")
    def filter_by_linear_transpose(self, case: Case, t: Tensors) -> Any:
        """Transpose the linear map ``w -> y`` with ``jax.linear_transpose``."""
        return self._flip(self._of_filter(case, t), t.w, t.dy)

    @method("backprop_filter", "linear_transpose_twice")
    def filter_by_linear_transpose_twice(self, case: Case, t: Tensors) -> Any:
        """Transpose ``w -> d_x``, itself the transpose of ``x -> y``, and apply it to x."""

        def d_x(w: Any) -> Any:
            return self._flip(self._of_input(case, t._replace(w=w)), t.x, t.dy)

        return self._flip(d_x, t.w, t.x)

    @method("backprop_filter", "linearize")
    def filter_by_linearize(self, case: Case, t: Tensors) -> Any:
        """Apply to d_y the linear map that ``jax.linearize`` finds of the gradient at zeros."""
        return self._linearized(lambda dy: self._d_w(case, t._replace(dy=dy)), t.dy)

    @method("backprop_filter", "autodiff_of_transpose")
    def filter_by_transpose(self, case: Case, t: Tensors) -> Any:
        """Pull x back through the transposed convolution to its filter."""
        return self._pull(self._transposed_of_filter(case, t), t.w, t.x)

    @method("backprop_filter", "double_backward")
    def filter_by_double_backward(self, case: Case, t: Tensors) -> Any:
        """Pull x back through the gradient ``w -> d_x``."""
        return self._pull(lambda w: self._d_x(case, t._replace(w=w)), t.w, t.x)

    @method("backprop_filter", "forward_over_reverse")
    def filter_forward_over_reverse(self, case: Case, t: Tensors) -> Any:
        """Push the tangent x of the gradient ``x -> d_w``."""
        return self._push(lambda x: self._d_w(case, t._replace(x=x)), t.x)

    @method("backprop_filter", "reverse_over_forward")
    def filter_reverse_over_forward(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back through ``w -> y``, taken by pushing the tangent x of ``x -> y``."""
        return self._pull(
            lambda w: self._push(self._of_input(case, t._replace(w=w)), t.x), t.w, t.dy
        )

    @method("backprop_filter", "jacrev_contracted")
    def filter_by_jacrev(self, case: Case, t: Tensors) -> Any:
        """Contract d_y with the Jacobian of ``w -> y`` by ``jax.jacrev``."""
        jacobian = self.jax.jacrev(self._of_filter(case, t))(t.w)
        return self.jnp.tensordot(t.dy, jacobian, t.dy.ndim)

    @method("backprop_filter", "jacfwd_contracted")
    def filter_by_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Contract d_y with the Jacobian of ``w -> y`` by ``jax.jacfwd``."""
        jacobian = self.jax.jacfwd(self._of_filter(case, t))(t.w)
        return self.jnp.tensordot(t.dy, jacobian, t.dy.ndim)

    @method("backprop_filter", "preferred_type")
    def filter_by_preferred_type(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to w through a convolution with ``preferred_element_type``."""
        return self._pull(lambda w: self._conv_wide(case, t.x, w).astype(w.dtype), t.w, t.dy)

    @method("backprop_filter", "remat")
    def filter_by_remat(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to w through ``jax.checkpoint`` of the convolution."""
        return self._pull(self.jax.checkpoint(self._of_filter(case, t)), t.w, t.dy)

    @method("backprop_filter", "per_sample")
    def filter_per_sample(self, case: Case, t: Tensors) -> Any:
        """Add up the d_w of each sample, taken under ``jax.vmap`` over the batch."""
        return self.jax.vmap(lambda x, dy: self._of_sample(case, x, t.w, dy))(t.x, t.dy).sum(0)

    @method("backprop_filter", "vmap_filter")
    def filter_vmap_filter(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to one filter of each group under ``jax.vmap`` over these filters."""
        o, c = output_axis(case) + 1, channel(case) + 1
        each = self.jax.vmap(lambda w, dy: self._d_w(case, Tensors(t.x, w, dy)), (o, c), o)
        return each(filters_of(case, t.w), groups_of(case, t.dy)).reshape(t.w.shape)

    @method("backprop_filter", "vmap_groups")
    def filter_vmap_groups(self, case: Case, t: Tensors) -> Any:
        """Pull the d_y of one group back to its w under ``jax.vmap`` over the groups."""
        o, c = output_axis(case), channel(case)

        def each(x: Any, w: Any, dy: Any) -> Any:
            return self._pull(lambda w: self._conv(case, x, w, groups=1), w, dy)

        each = self.jax.vmap(each, (c, o, c), o)
        return each(groups_of(case, t.x), filters_of(case, t.w), groups_of(case, t.dy)).reshape(
            t.w.shape
        )

    @method("backprop_filter", "vmap_both")
    def filter_vmap_both(self, case: Case, t: Tensors) -> Any:
        """Add up the d_w of each sample and one filter of each group under two ``jax.vmap``."""
        o, c = output_axis(case) + 1, channel(case)  # of one sample's d_y, whose batch is gone

        def each(x: Any, w: Any, dy: Any) -> Any:
            return self._of_sample(case, x, w, dy)

        over_filters = self.jax.vmap(each, (None, o, c), o)
        over_both = self.jax.vmap(over_filters, (0, None, 0))
        parts = over_both(t.x, filters_of(case, t.w), groups_of(case, t.dy))
        return parts.sum(0).reshape(t.w.shape)

    def _of_sample(self, case: Case, x: Any, w: Any, dy: Any) -> Any:
        return self._pull(lambda w: self._conv(case, x[None], w)[0], w, dy)
