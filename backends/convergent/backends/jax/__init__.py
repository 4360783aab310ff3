"""JAX: the convolutions of ``jax.lax`` and what JAX's transformations make of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, ClassVar

from convergent.backends.base import Gap, Tensors, method
from convergent.backends.jax.by_hand import ByHand
from convergent.backends.jax.lax import channel, specs, split
from convergent.cases.case import Case


class Jax(ByHand):
    """``jax.lax``, and ``vjp``, ``jvp``, ``linear_transpose``, ``vmap`` and Jacobians of it."""

    name = "jax"
    packages = ("jax",)
    # Compiling is nearly all of a JAX sweep. The persistent cache keeps what the compiler made,
    # keyed by program, compiler version and flags: the code that runs is the code that it made.
    environment: ClassVar[Mapping[str, str]] = {
        "JAX_COMPILATION_CACHE_DIR": "{cache}/jax",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    gaps = (
        Gap(
            methods=("backprop_input/transpose_op", "transpose/native*"),
            when=("grouped",),
            reason="lax.conv_transpose has no feature_group_count",
            raises="TypeError",
        ),
        Gap(
            methods=("conv/with_general_padding",),
            when=("grouped",),
            reason="lax.conv_with_general_padding has no feature_group_count",
            raises="TypeError",
        ),
        Gap(
            methods=("conv/with_general_padding",),
            when=("channels_last",),
            reason="lax.conv_with_general_padding means NCHW and OIHW; it has no dimension_numbers",
            kind="never",
            raises="TypeError",
        ),
    )

    @method("conv", "forward_mode_input")
    def conv_forward_mode_input(self, case: Case, t: Tensors) -> Any:
        """Push the tangent x of an image of zeros forward with ``jax.jvp``."""
        return self.jax.jvp(self._of_input(case, t), (self.jnp.zeros_like(t.x),), (t.x,))[1]

    @method("conv", "forward_mode_filter")
    def conv_forward_mode_filter(self, case: Case, t: Tensors) -> Any:
        """Push the tangent w of a filter of zeros forward with ``jax.jvp``."""
        return self.jax.jvp(self._of_filter(case, t), (self.jnp.zeros_like(t.w),), (t.w,))[1]

    @method("conv", "linearize")
    def conv_linearize(self, case: Case, t: Tensors) -> Any:
        """Apply to x the linear map that ``jax.linearize`` finds at an image of zeros."""
        _, linear = self.jax.linearize(self._of_input(case, t), self.jnp.zeros_like(t.x))
        return linear(t.x)

    @method("conv", "autodiff_of_transpose")
    def conv_by_transpose(self, case: Case, t: Tensors) -> Any:
        """Pull x back through the transposed convolution to its input."""
        return self._pull(self._transposed_of_input(case, t), t.dy, t.x)

    @method("conv", "double_backward_input")
    def conv_double_backward_input(self, case: Case, t: Tensors) -> Any:
        """Pull x back through the gradient ``d_y -> d_x``."""
        return self._pull(lambda dy: self._pull(self._of_input(case, t), t.x, dy), t.dy, t.x)

    @method("conv", "double_backward_filter")
    def conv_double_backward_filter(self, case: Case, t: Tensors) -> Any:
        """Pull w back through the gradient ``d_y -> d_w``."""
        return self._pull(lambda dy: self._pull(self._of_filter(case, t), t.w, dy), t.dy, t.w)

    @method("conv", "per_sample")
    def conv_per_sample(self, case: Case, t: Tensors) -> Any:
        """Convolve one sample under ``jax.vmap`` over the batch."""
        return self.jax.vmap(lambda x: self._conv(case, x[None], t.w)[0])(t.x)

    @method("conv", "vmap_filter")
    def conv_vmap_filter(self, case: Case, t: Tensors) -> Any:
        """Convolve with one filter of each group under ``jax.vmap`` over these filters."""
        o, c = specs(case)[1].index("O"), channel(case)
        each = self.jax.vmap(lambda w: self._conv(case, t.x, w), o + 1, c + 1)
        return each(split(t.w, o, case.groups)).reshape(t.dy.shape)

    @method("conv", "vmap_groups")
    def conv_vmap_groups(self, case: Case, t: Tensors) -> Any:
        """Convolve one group under ``jax.vmap`` over the groups of image and filter."""
        o, c = specs(case)[1].index("O"), channel(case)
        images, filters = split(t.x, c, case.groups), split(t.w, o, case.groups)
        each = self.jax.vmap(lambda x, w: self._conv(case, x, w, groups=1), (c, o), c)
        return each(images, filters).reshape(t.dy.shape)

    @method("backprop_input", "autodiff")
    @method("transpose", "autodiff_of_conv")
    def input_by_autodiff(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x with ``jax.vjp``."""
        return self._pull(self._of_input(case, t), t.x, t.dy)

    @method("backprop_input", "grad")
    def input_by_grad(self, case: Case, t: Tensors) -> Any:
        """Differentiate ``sum(y * d_y)`` with ``jax.grad``."""
        return self.jax.grad(lambda x: (self._conv(case, x, t.w) * t.dy).sum())(t.x)

    @method("backprop_input", "linear_transpose")
    def input_by_linear_transpose(self, case: Case, t: Tensors) -> Any:
        """Transpose the linear map ``x -> y`` with ``jax.linear_transpose``."""
        return self.jax.linear_transpose(self._of_input(case, t), t.x)(t.dy)[0]

    @method("backprop_input", "double_backward")
    def input_by_double_backward(self, case: Case, t: Tensors) -> Any:
        """Pull w back through the gradient ``x -> d_w``."""

        def d_w(x: Any) -> Any:
            return self._pull(self._of_filter(case, t._replace(x=x)), t.w, t.dy)

        return self._pull(d_w, t.x, t.w)

    @method("backprop_input", "per_sample")
    def input_per_sample(self, case: Case, t: Tensors) -> Any:
        """Pull the d_y of one sample back to its x under ``jax.vmap`` over the batch."""

        def each(x: Any, dy: Any) -> Any:
            return self._pull(lambda x: self._conv(case, x[None], t.w)[0], x, dy)

        return self.jax.vmap(each)(t.x, t.dy)

    @method("backprop_filter", "autodiff")
    def filter_by_autodiff(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to w with ``jax.vjp``."""
        return self._pull(self._of_filter(case, t), t.w, t.dy)

    @method("backprop_filter", "grad")
    def filter_by_grad(self, case: Case, t: Tensors) -> Any:
        """Differentiate ``sum(y * d_y)`` with ``jax.grad``."""
        return self.jax.grad(lambda w: (self._conv(case, t.x, w) * t.dy).sum())(t.w)

    @method("backprop_filter", "linear_transpose")
    def filter_by_linear_transpose(self, case: Case, t: Tensors) -> Any:
        """Transpose the linear map ``w -> y`` with ``jax.linear_transpose``."""
        return self.jax.linear_transpose(self._of_filter(case, t), t.w)(t.dy)[0]

    @method("backprop_filter", "autodiff_of_transpose")
    def filter_by_transpose(self, case: Case, t: Tensors) -> Any:
        """Pull x back through the transposed convolution to its filter."""
        return self._pull(self._transposed_of_filter(case, t), t.w, t.x)

    @method("backprop_filter", "double_backward")
    def filter_by_double_backward(self, case: Case, t: Tensors) -> Any:
        """Pull x back through the gradient ``w -> d_x``."""

        def d_x(w: Any) -> Any:
            return self._pull(self._of_input(case, t._replace(w=w)), t.x, t.dy)

        return self._pull(d_x, t.w, t.x)

    @method("backprop_filter", "per_sample")
    def filter_per_sample(self, case: Case, t: Tensors) -> Any:
        """Add up the d_w of each sample, taken under ``jax.vmap`` over the batch."""

        def each(x: Any, dy: Any) -> Any:
            return self._pull(lambda w: self._conv(case, x[None], w)[0], t.w, dy)

        return self.jax.vmap(each)(t.x, t.dy).sum(0)

    @method("jacobian_input", "jacrev")
    def jacobian_input_by_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d x`` by reverse mode, a row at a time under ``vmap``."""
        return self.jax.jacrev(self._of_input(case, t))(t.x)

    @method("jacobian_input", "jacfwd")
    def jacobian_input_by_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d x`` by forward mode, a column at a time under ``vmap``."""
        return self.jax.jacfwd(self._of_input(case, t))(t.x)

    @method("jacobian_filter", "jacrev")
    def jacobian_filter_by_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d w`` by reverse mode, a row at a time under ``vmap``."""
        return self.jax.jacrev(self._of_filter(case, t))(t.w)

    @method("jacobian_filter", "jacfwd")
    def jacobian_filter_by_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d w`` by forward mode, a column at a time under ``vmap``."""
        return self.jax.jacfwd(self._of_filter(case, t))(t.w)

    @method("transpose_jacobian_input", "jacrev")
    def transpose_jacobian_input_by_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its input by reverse mode."""
        return self.jax.jacrev(self._transposed_of_input(case, t))(t.dy)

    @method("transpose_jacobian_input", "jacfwd")
    def transpose_jacobian_input_by_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its input by forward mode."""
        return self.jax.jacfwd(self._transposed_of_input(case, t))(t.dy)

    @method("transpose_jacobian_filter", "jacrev")
    def transpose_jacobian_filter_by_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its filter by reverse mode."""
        return self.jax.jacrev(self._transposed_of_filter(case, t))(t.w)

    @method("transpose_jacobian_filter", "jacfwd")
    def transpose_jacobian_filter_by_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its filter by forward mode."""
        return self.jax.jacfwd(self._transposed_of_filter(case, t))(t.w)

    def _of_input(self, case: Case, t: Tensors) -> Callable[[Any], Any]:
        return lambda x: self._conv(case, x, t.w)

    def _of_filter(self, case: Case, t: Tensors) -> Callable[[Any], Any]:
        return lambda w: self._conv(case, t.x, w)

    def _transposed_of_input(self, case: Case, t: Tensors) -> Callable[[Any], Any]:
        return lambda dy: self._transposed(case, dy, t.w)

    def _transposed_of_filter(self, case: Case, t: Tensors) -> Callable[[Any], Any]:
        return lambda w: self._transposed(case, t.dy, w)

    def _pull(self, function: Callable[[Any], Any], primal: Any, cotangent: Any) -> Any:
        """Return the cotangent of ``primal`` that ``jax.vjp`` of ``function`` gives."""
        _, pullback = self.jax.vjp(function, primal)
        return pullback(cotangent)[0]
