"""Convolution and its gradients by hand with ``jax.lax``: zero insertion, exchange, im2col."""

from __future__ import annotations

import math
from typing import Any

from convergent.backends import by_hand
from convergent.backends.base import Tensors, method
from convergent.backends.jax.lax import Lax, channel, specs, split
from convergent.cases.case import Case


class ByHand(Lax):
    """Each map as a plain convolution or a matrix product, the way a textbook derives it."""

    @method("conv", "patches")
    def conv_patches(self, case: Case, t: Tensors) -> Any:
        """Multiply ``lax.conv_general_dilated_patches`` (im2col) with the filter as a matrix."""
        spec = specs(case)[1]
        filters = self.jnp.moveaxis(t.w, (spec.index("O"), spec.index("I")), (0, 1))
        size = math.prod(case.w_shape[:-1])
        rows = filters.reshape(case.groups, case.out_channels // case.groups, size)
        y = self.jnp.einsum("...gk,gok->...go", self._patches(case, t.x), rows)
        return self.jnp.moveaxis(y.reshape(case.y_shape), -1, channel(case))

    @method("conv", "zero_stuffed_kernel")
    def conv_zero_stuffed_kernel(self, case: Case, t: Tensors) -> Any:
        """Put the zeros of a dilated kernel between its taps with ``lax.pad``."""
        edges = [(0, 0, 0)] * (case.dims + 2)
        first = specs(case)[1].index("DHW"[-case.dims :][0])
        edges[first : first + case.dims] = [(0, 0, step - 1) for step in case.dilation]
        stuffed = self.lax.pad(t.w, self.jnp.zeros((), t.w.dtype), edges)
        return self.lax.conv_general_dilated(
            t.x,
            stuffed,
            case.stride,
            case.padding,
            dimension_numbers=specs(case),
            feature_group_count=case.groups,
        )

    @method("conv", "subsampled")
    def conv_subsampled(self, case: Case, t: Tensors) -> Any:
        """Convolve with stride 1 and take every n-th place."""
        y = self.lax.conv_general_dilated(
            t.x,
            t.w,
            (1,) * case.dims,
            case.pads,
            rhs_dilation=case.dilation,
            dimension_numbers=specs(case),
            feature_group_count=case.groups,
        )
        steps = [slice(None)] * y.ndim
        first = specs(case)[0].index("DHW"[-case.dims :][0])
        steps[first : first + case.dims] = [slice(None, None, step) for step in case.stride]
        return y[tuple(steps)]

    @method("conv", "batch_group_count")
    def conv_by_batch_group_count(self, case: Case, t: Tensors) -> Any:
        """Convolve with the groups of channels as groups of a larger batch."""
        c = channel(case)
        shape = list(t.x.shape)
        shape[0], shape[c] = case.groups * case.batch, case.in_channels // case.groups
        image = self.jnp.moveaxis(split(t.x, c, case.groups), c, 0).reshape(shape)
        return self.lax.conv_general_dilated(
            image,
            t.w,
            case.stride,
            case.padding,
            rhs_dilation=case.dilation,
            dimension_numbers=specs(case),
            batch_group_count=case.groups,
        )

    @method("backprop_filter", "patches")
    def filter_by_patches(self, case: Case, t: Tensors) -> Any:
        """Multiply d_y as a matrix with ``lax.conv_general_dilated_patches`` (im2col)."""
        dy = split(self.jnp.moveaxis(t.dy, channel(case), -1), -1, case.groups)
        rows = self.jnp.einsum("...gk,...go->gok", self._patches(case, t.x), dy)
        per_group = case.in_channels // case.groups
        taps = rows.reshape(case.out_channels, per_group, *case.kernel)
        spec = specs(case)[1]
        return self.jnp.moveaxis(taps, (0, 1), (spec.index("O"), spec.index("I")))

    @method("backprop_input", "lhs_dilation")
    @method("transpose", "lhs_dilation")
    def transpose_by_lhs_dilation(self, case: Case, t: Tensors) -> Any:
        """Convolve d_y with the flipped, swapped filter; ``lhs_dilation`` inserts the zeros."""
        return self._transposed(case, t.dy, t.w)

    @method("backprop_input", "via_conv")
    @method("transpose", "via_conv")
    def transpose_via_conv(self, case: Case, t: Tensors) -> Any:
        """Insert zeros into d_y and around it with ``lax.pad``, then convolve plainly."""
        recipe = by_hand.backprop_input(case)
        edges = [(0, 0, 0)] * (case.dims + 2)
        first = 1 if case.layout == "channels_last" else 2
        edges[first : first + case.dims] = [
            (lo, hi, step - 1) for (lo, hi), step in zip(recipe.pads, recipe.insert)
        ]
        stuffed = self.lax.pad(t.dy, self.jnp.zeros((), t.dy.dtype), edges)
        return self.lax.conv_general_dilated(
            stuffed,
            self._flipped(case, t.w),
            recipe.stride,
            "VALID",
            rhs_dilation=recipe.dilation,
            dimension_numbers=specs(case),
            feature_group_count=case.groups,
        )

    @method("backprop_filter", "via_conv")
    def filter_via_conv(self, case: Case, t: Tensors) -> Any:
        """Convolve x with d_y as the filter, batch and channels exchanged group by group."""
        recipe, c = by_hand.backprop_filter(case), channel(case)
        grouped = split(t.x, c, case.groups)
        shape = list(t.x.shape)
        shape[0], shape[c] = case.in_channels // case.groups, case.groups * case.batch
        image = self.jnp.moveaxis(grouped, (c + 1, c, 0), (0, c, c + 1)).reshape(shape)
        lhs, rhs, out = specs(case)
        return self.lax.conv_general_dilated(
            image,
            t.dy,
            recipe.stride,
            recipe.pads,
            rhs_dilation=recipe.dilation,
            dimension_numbers=(lhs, _renamed(out, "NC", "IO"), _renamed(rhs, "IO", "NC")),
            feature_group_count=case.groups,
        )

    @method("backprop_filter", "batch_group_count")
    def filter_by_batch_group_count(self, case: Case, t: Tensors) -> Any:
        """Convolve x with d_y as the filter, x's channels being a batch in groups."""
        recipe = by_hand.backprop_filter(case)
        lhs, rhs, out = specs(case)
        return self.lax.conv_general_dilated(
            t.x,
            t.dy,
            recipe.stride,
            recipe.pads,
            rhs_dilation=recipe.dilation,
            dimension_numbers=(
                _renamed(lhs, "NC", "CN"),
                _renamed(out, "NC", "IO"),
                _renamed(rhs, "IO", "NC"),
            ),
            batch_group_count=case.groups,
        )

    def _patches(self, case: Case, x: Any) -> Any:
        """Return im2col: ``(N, *output, G, C/G * kernel)``."""
        patches = self.lax.conv_general_dilated_patches(
            x,
            case.kernel,
            case.stride,
            case.padding,
            rhs_dilation=case.dilation,
            dimension_numbers=specs(case),
        )
        return split(self.jnp.moveaxis(patches, channel(case), -1), -1, case.groups)


def _renamed(spec: str, letters: str, others: str) -> str:
    return spec.translate(str.maketrans(letters, others))
