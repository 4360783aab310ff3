"""A convolution as another one: by windows, by a filter with zeros, without its strides."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.tensorflow.call import Call, call
from convergent.backends.tensorflow.conv import Conv
from convergent.cases.case import Case


class Rewrites(Conv):
    """Methods that reach the same sums by another call."""

    @method("conv", "zero_bias")
    def conv_zero_bias(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.conv*d`` and ``tf.nn.bias_add`` of zeros, which a graph makes one op."""
        bias = self.tf.zeros([case.out_channels], t.x.dtype)
        return self.biased(case, self.forward(case, t.x, t.w), bias)

    @method("conv", "fused_pad")
    def conv_fused_pad(self, case: Case, t: Tensors) -> Any:
        """``raw_ops.FusedPadConv2D`` that mirrors nothing: kernels of its own."""
        how = call(case, unit=True)
        y = self.tf.raw_ops.FusedPadConv2D(
            input=self.image_in(how, t.x),
            paddings=[[0, 0]] * 4,
            filter=self.filter_in(how, t.w),
            mode="REFLECT",
            strides=how.strides,
            padding=how.word,
        )
        return self.output_out(how, y)

    @method("conv", "zero_stuffed_kernel")
    def conv_zero_stuffed_kernel(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.conv*d`` without dilation, of a filter with zeros between its taps."""
        dense = case.replace(
            kernel=case.extents, dilation=(1,) * case.dims, padding=self.by_rule(case)
        )
        return self.forward(dense, t.x, self.stuffed(t.w, case.dilation, first=0))

    @method("conv", "subsampled")
    def conv_subsampled(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.conv*d`` at every place, of which every n-th is taken."""
        dense = case.replace(stride=(1,) * case.dims, padding=case.pads)
        steps = tuple(slice(None, None, s) for s in case.stride)
        image = (slice(None), *steps) if case.layout == "channels_last" else (..., *steps)
        return self.forward(dense, t.x, t.w)[image]

    @method("conv", "patches")
    def conv_patches(self, case: Case, t: Tensors) -> Any:
        """``tf.image.extract_patches`` or ``tf.extract_volume_patches``, and a matrix product."""
        rows = self._rows(case, t.x)
        split = [_product(case.w_shape[:-1]), case.groups, case.out_channels // case.groups]
        filters = self.tf.reshape(t.w, split)
        columns = self.tf.transpose(filters, [1, 0, 2])
        product = self.tf.transpose(self.tf.matmul(rows, columns), [1, 0, 2])
        y = self.tf.reshape(product, [case.batch, *case.output, case.out_channels])
        return self.native(y, case)

    @method("backprop_input", "patches")
    def input_patches(self, case: Case, t: Tensors) -> Any:
        """Gradient of the convolution by patches, whose own is a sum by segments."""
        return self.gradient(lambda x: self.conv_patches(case, t._replace(x=x)), t.x, t.dy)

    @method("backprop_filter", "patches")
    def filter_patches(self, case: Case, t: Tensors) -> Any:
        """Multiply the same patches with ``d_y``."""
        rows = self._rows(case, t.x)
        split = [rows.shape[1], case.groups, case.out_channels // case.groups]
        dy = self.tf.reshape(self.last(t.dy, case), split)
        columns = self.tf.transpose(dy, [1, 0, 2])
        dw = self.tf.matmul(rows, columns, transpose_a=True)
        return self.tf.reshape(self.tf.transpose(dw, [1, 0, 2]), case.w_shape)

    def _rows(self, case: Case, x: Any) -> Any:
        """Return the windows as matrices: (group, place of the output, tap and channel)."""
        last = case.replace(layout="channels_last")
        how = call(last, unit=True)
        image = self.image_in(how, self.last(x, case))
        windows = self._windows(how, image)
        places = case.batch * _product(case.output)
        taps = _product(case.kernel)
        per_group = case.in_channels // case.groups
        split = self.tf.reshape(windows, [places, taps, case.groups, per_group])
        rows = self.tf.transpose(split, [2, 0, 1, 3])
        return self.tf.reshape(rows, [case.groups, places, taps * per_group])

    def _windows(self, how: Call, image: Any) -> Any:
        sizes = [1, *how.case.kernel, 1]
        if how.case.dims == 3:  # noqa: PLR2004 - the number of dimensions
            return self.tf.raw_ops.ExtractVolumePatches(
                input=image, ksizes=sizes, strides=how.strides, padding=how.word
            )
        return self.tf.image.extract_patches(image, sizes, how.strides, how.dilations, how.word)


def _product(sizes: tuple[int, ...]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product
