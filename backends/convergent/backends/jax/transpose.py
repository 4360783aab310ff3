"""The roads to ``transpose`` through transformations of the transposed convolution itself."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.jax.lax import channel, specs
from convergent.backends.jax.roads import Roads, filters_of, groups_of, output_axis
from convergent.cases.case import Case


class Transposes(Roads):
    """What gives ``A_w^T d_y`` as the value or the derivative of a transposed convolution."""

    @method("transpose", "forward_mode_input")
    def transpose_forward_mode_input(self, case: Case, t: Tensors) -> Any:
        """Push the tangent d_y of an input of zeros forward with ``jax.jvp``."""
        return self._push(self._transposed_of_input(case, t), t.dy)

    @method("transpose", "forward_mode_filter")
    def transpose_forward_mode_filter(self, case: Case, t: Tensors) -> Any:
        """Push the tangent w of a filter of zeros forward with ``jax.jvp``."""
        return self._push(self._transposed_of_filter(case, t), t.w)

    @method("transpose", "linearize")
    def transpose_linearize(self, case: Case, t: Tensors) -> Any:
        """Apply to d_y the linear map that ``jax.linearize`` finds at an input of zeros."""
        return self._linearized(self._transposed_of_input(case, t), t.dy)

    @method("transpose", "linearize_filter")
    def transpose_linearize_filter(self, case: Case, t: Tensors) -> Any:
        """Apply to w the linear map that ``jax.linearize`` finds at a filter of zeros."""
        return self._linearized(self._transposed_of_filter(case, t), t.w)

    @method("transpose", "double_backward_input")
    def transpose_double_backward_input(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back through the transposed convolution's gradient w.r.t. its input."""
        function = self._transposed_of_input(case, t)
        return self._pull(lambda x: self._pull(function, t.dy, x), t.x, t.dy)

    @method("transpose", "double_backward_filter")
    def transpose_double_backward_filter(self, case: Case, t: Tensors) -> Any:
        """Pull w back through the transposed convolution's gradient w.r.t. its filter."""
        function = self._transposed_of_filter(case, t)
        return self._pull(lambda x: self._pull(function, t.w, x), t.x, t.w)

    @method("transpose", "remat")
    def transpose_remat(self, case: Case, t: Tensors) -> Any:
        """Push the tangent d_y through ``jax.checkpoint`` of the transposed convolution."""
        return self._push(self.jax.checkpoint(self._transposed_of_input(case, t)), t.dy)

    @method("transpose", "per_sample")
    def transpose_per_sample(self, case: Case, t: Tensors) -> Any:
        """Transpose one sample under ``jax.vmap`` over the batch."""
        return self.jax.vmap(lambda dy: self._transposed(case, dy[None], t.w)[0])(t.dy)

    @method("transpose", "vmap_filter")
    def transpose_vmap_filter(self, case: Case, t: Tensors) -> Any:
        """Give one channel of each group under ``jax.vmap`` over the filter's input channels."""
        i, c = specs(case)[1].index("I"), channel(case)
        narrow = case.replace(in_channels=case.groups)
        ones = self.jnp.expand_dims(t.w, i + 1)
        each = self.jax.vmap(lambda w: self._transposed(narrow, t.dy, w), i, c + 1)
        return each(ones).reshape(t.x.shape)

    @method("transpose", "vmap_groups")
    def transpose_vmap_groups(self, case: Case, t: Tensors) -> Any:
        """Transpose one group under ``jax.vmap`` over the groups of d_y and filter."""
        o, c = output_axis(case), channel(case)
        alone = case.replace(
            in_channels=case.in_channels // case.groups,
            out_channels=case.out_channels // case.groups,
            groups=1,
        )
        each = self.jax.vmap(lambda dy, w: self._transposed(alone, dy, w), (c, o), c)
        return each(groups_of(case, t.dy), filters_of(case, t.w)).reshape(t.x.shape)
