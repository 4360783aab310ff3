"""Methods by ``tf.vectorized_map``, which rewrites a loop over samples, filters or groups."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.tensorflow.conv import Conv
from convergent.cases.case import Case


class Vectorized(Conv):
    """Methods that map one call over slices of the operands."""

    @method("conv", "per_sample")
    def conv_per_sample(self, case: Case, t: Tensors) -> Any:
        """``tf.vectorized_map`` of ``tf.nn.conv*d`` over the samples."""
        one = case.replace(batch=1)
        return self.tf.vectorized_map(lambda x: self.forward(one, x[None], t.w)[0], t.x)

    @method("conv", "vmap_filter")
    def conv_vmap_filter(self, case: Case, t: Tensors) -> Any:
        """``tf.vectorized_map`` of ``tf.nn.conv*d`` over the filters (of each group)."""
        per_group = case.out_channels // case.groups
        one = case.replace(out_channels=case.groups)
        split = self.tf.reshape(t.w, [*t.w.shape[:-1], case.groups, per_group])
        filters = self.tf.transpose(split, [case.dims + 2, *range(case.dims + 2)])
        found = self.tf.vectorized_map(lambda w: self.forward(one, t.x, w), filters)
        return self._joined(case, found, groups_first=True)

    @method("conv", "vmap_groups")
    def conv_vmap_groups(self, case: Case, t: Tensors) -> Any:
        """``tf.vectorized_map`` of ``tf.nn.conv*d`` over the groups: of image and filter."""
        one = case.replace(
            groups=1,
            in_channels=case.in_channels // case.groups,
            out_channels=case.out_channels // case.groups,
        )
        channel = case.dims + 1 if case.layout == "channels_last" else 1
        images = self.tf.stack(self.tf.split(t.x, case.groups, channel))
        filters = self.tf.stack(self.tf.split(t.w, case.groups, -1))
        found = self.tf.vectorized_map(
            lambda pair: self.forward(one, pair[0], pair[1]), (images, filters)
        )
        return self._joined(case, found, groups_first=False)

    @method("backprop_input", "per_sample")
    def input_per_sample(self, case: Case, t: Tensors) -> Any:
        """``tf.vectorized_map`` of the image's gradient over the samples."""
        one = case.replace(batch=1)

        def gradient(pair: Any) -> Any:
            x, dy = pair
            return self.gradient(lambda at: self.forward(one, at[None], t.w), x, dy[None])

        return self.tf.vectorized_map(gradient, (t.x, t.dy))

    @method("backprop_filter", "per_sample")
    def filter_per_sample(self, case: Case, t: Tensors) -> Any:
        """``tf.vectorized_map`` of the filter's gradient over the samples, summed."""
        one = case.replace(batch=1)

        def gradient(pair: Any) -> Any:
            x, dy = pair
            return self.gradient(lambda w: self.forward(one, x[None], w), t.w, dy[None])

        return self.tf.reduce_sum(self.tf.vectorized_map(gradient, (t.x, t.dy)), 0)

    @method("transpose", "per_sample")
    def transpose_per_sample(self, case: Case, t: Tensors) -> Any:
        """``tf.vectorized_map`` of ``tf.nn.conv*d_transpose`` over the samples."""
        one = case.replace(batch=1)
        return self.tf.vectorized_map(lambda dy: self.transposed(one, dy[None], t.w)[0], t.dy)

    def _joined(self, case: Case, found: Any, *, groups_first: bool) -> Any:
        """Return the outputs of a map, whose axis comes first, as one with all its channels."""
        channel = case.dims + 2 if case.layout == "channels_last" else 2
        rest = [axis for axis in range(1, case.dims + 3) if axis != channel]
        pair = [channel, 0] if groups_first else [0, channel]
        at = len(rest) if case.layout == "channels_last" else 1
        moved = self.tf.transpose(found, [*rest[:at], *pair, *rest[at:]])
        sizes = (
            [case.batch, *case.output, case.out_channels]
            if case.layout == "channels_last"
            else [case.batch, case.out_channels, *case.output]
        )
        return self.tf.reshape(moved, sizes)
