"""The ways in which TensorFlow computes the two gradients of a convolution."""

from __future__ import annotations

from typing import Any

from convergent.backends import by_hand
from convergent.backends.base import Tensors, method
from convergent.backends.tensorflow.call import call, call_raw
from convergent.backends.tensorflow.conv import Conv
from convergent.cases.case import Case

_INPUT_OPS = {2: "Conv2DBackpropInput", 3: "Conv3DBackpropInputV2"}
_FILTER_OPS = {2: "Conv2DBackpropFilter", 3: "Conv3DBackpropFilterV2"}


class Gradients(Conv):
    """Methods of ``backprop_input``, ``backprop_filter`` and the Jacobians of ``conv``."""

    @method("backprop_input", "autodiff")
    @method("transpose", "autodiff_of_conv")
    def input_autodiff(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``tf.nn.conv*d`` with respect to its image, by a tape."""
        return self.gradient(lambda x: self.forward(case, x, t.w), t.x, t.dy)

    @method("backprop_filter", "autodiff")
    def filter_autodiff(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``tf.nn.conv*d`` with respect to its filter, by a tape."""
        return self.gradient(lambda w: self.forward(case, t.x, w), t.w, t.dy)

    @method("backprop_input", "raw_op")
    @method("transpose", "raw_op")
    def input_raw_op(self, case: Case, t: Tensors) -> Any:
        """``raw_ops.Conv2DBackpropInput`` (1-D by a unit axis), ``Conv3DBackpropInputV2``."""
        how = call_raw(case)
        op = getattr(self.tf.raw_ops, _INPUT_OPS[how.case.dims])
        dx = op(
            input_sizes=how.image_shape,
            filter=self.filter_in(how, t.w),
            out_backprop=self.output_in(how, t.dy),
            strides=how.strides,
            data_format=how.data_format,
            dilations=how.dilations,
            **how.raw_padding,
        )
        return self.image_out(how, dx)

    @method("backprop_filter", "raw_op")
    def filter_raw_op(self, case: Case, t: Tensors) -> Any:
        """``raw_ops.Conv2DBackpropFilter`` (1-D by a unit axis), ``Conv3DBackpropFilterV2``."""
        how = call_raw(case)
        op = getattr(self.tf.raw_ops, _FILTER_OPS[how.case.dims])
        dw = op(
            input=self.image_in(how, t.x),
            filter_sizes=how.case.w_shape,
            out_backprop=self.output_in(how, t.dy),
            strides=how.strides,
            data_format=how.data_format,
            dilations=how.dilations,
            **how.raw_padding,
        )
        return self.filter_out(how, dw)

    @method("backprop_input", "raw_op_v2")
    def input_raw_op_v2(self, case: Case, t: Tensors) -> Any:
        """``raw_ops.Conv2DBackpropInputV2`` (1-D by a unit axis), which is given the image."""
        how = call_raw(case)
        image = self.image_in(how, t.x)
        op = getattr(self.tf.raw_ops, f"Conv{how.case.dims}DBackpropInputV2")
        dx = op(
            input=self.tf.zeros_like(image),
            filter=self.filter_in(how, t.w),
            out_backprop=self.output_in(how, t.dy),
            strides=how.strides,
            data_format=how.data_format,
            dilations=how.dilations,
            **how.raw_padding,
        )
        return self.image_out(how, dx)

    @method("backprop_filter", "raw_op_v2")
    def filter_raw_op_v2(self, case: Case, t: Tensors) -> Any:
        """``raw_ops.Conv2DBackpropFilterV2`` (1-D by a unit axis), which is given the filter."""
        how = call_raw(case)
        op = getattr(self.tf.raw_ops, f"Conv{how.case.dims}DBackpropFilterV2")
        dw = op(
            input=self.image_in(how, t.x),
            filter=self.tf.zeros_like(self.filter_in(how, t.w)),
            out_backprop=self.output_in(how, t.dy),
            strides=how.strides,
            data_format=how.data_format,
            dilations=how.dilations,
            **how.raw_padding,
        )
        return self.filter_out(how, dw)

    @method("backprop_input", "atrous_transpose")
    @method("transpose", "atrous_transpose")
    def input_atrous_transpose(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.atrous_conv2d_transpose`` of ``d_y`` with zeros inserted for the stride."""
        dense = case.replace(stride=(1,) * case.dims, padding=case.pads)
        how = call(case if max(case.stride) == 1 else dense, unit=True)
        stuffed = self.stuffed(t.dy, case.stride)
        missing = zip(dense.output, stuffed.shape[1:-1])
        pads = tuple((0, size - there) for size, there in missing)
        dy = self.output_in(how, self.shifted(stuffed, pads, "channels_last"))
        filters = self.filter_in(how, t.w)
        rate = case.dilation[-1]
        dx = self.tf.nn.atrous_conv2d_transpose(dy, filters, how.image_shape, rate, how.word)
        return self.image_out(how, dx)

    @method("backprop_input", "compat")
    def input_compat(self, case: Case, t: Tensors) -> Any:
        """``tf.compat.v1.nn.conv2d_backprop_input`` (1-D by a unit axis); there is none in 3-D."""
        how = call_raw(case)
        op = getattr(self.tf.compat.v1.nn, f"conv{how.case.dims}d_backprop_input")
        dx = op(
            how.image_shape,
            self.filter_in(how, t.w),
            self.output_in(how, t.dy),
            how.strides,
            how.padding,
            data_format=how.data_format,
            dilations=how.dilations,
        )
        return self.image_out(how, dx)

    @method("backprop_filter", "compat")
    def filter_compat(self, case: Case, t: Tensors) -> Any:
        """``tf.compat.v1.nn.conv2d_backprop_filter`` (1-D by a unit axis) and its 3-D kin."""
        how = call_raw(case)
        op = getattr(self.tf.compat.v1.nn, f"conv{how.case.dims}d_backprop_filter")
        dw = op(
            self.image_in(how, t.x),
            how.case.w_shape,
            self.output_in(how, t.dy),
            how.strides,
            how.padding,
            data_format=how.data_format,
            dilations=how.dilations,
        )
        return self.filter_out(how, dw)

    @method("backprop_filter", "autodiff_of_transpose")
    def filter_autodiff_of_transpose(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``tf.nn.conv*d_transpose`` with respect to its filter."""
        return self.gradient(lambda w: self.transposed(case, t.dy, w), t.w, t.x)

    @method("backprop_input", "double_backward")
    def input_double_backward(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``d_w`` with respect to ``x``, by nested tapes."""

        def filter_gradient(x: Any) -> Any:
            return self.gradient(lambda w: self.forward(case, x, w), t.w, t.dy)

        return self.gradient(filter_gradient, t.x, t.w)

    @method("backprop_filter", "double_backward")
    def filter_double_backward(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``d_x`` with respect to ``w``, by nested tapes."""

        def input_gradient(w: Any) -> Any:
            return self.gradient(lambda x: self.forward(case, x, w), t.x, t.dy)

        return self.gradient(input_gradient, t.w, t.x)

    @method("backprop_input", "via_conv")
    @method("transpose", "via_conv")
    def input_via_conv(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.conv*d`` of ``d_y``, zeros inserted, with the flipped and swapped filter."""
        recipe = by_hand.backprop_input(case)
        image = self.stuffed(self.last(t.dy, case), recipe.insert)
        image = self.shifted(image, recipe.pads, "channels_last")
        groups, per_group = case.groups, case.in_channels // case.groups
        flipped = self.tf.reverse(t.w, list(range(case.dims)))
        split = self.tf.reshape(flipped, [*case.kernel, per_group, groups, -1])
        space = list(range(case.dims))
        swapped = self.tf.transpose(split, [*space, case.dims + 2, case.dims + 1, case.dims])
        filters = self.tf.reshape(swapped, [*case.kernel, -1, case.in_channels])
        hand = case.replace(
            input=tuple(image.shape[1:-1]),
            in_channels=case.out_channels,
            out_channels=case.in_channels,
            stride=recipe.stride,
            dilation=recipe.dilation,
            padding="VALID",
        )
        return self.forward(hand, self.native(image, case), filters)

    @method("backprop_filter", "via_conv")
    def filter_via_conv(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.conv*d`` of ``x`` with ``d_y`` as its filter, batch and channels exchanged."""
        recipe = by_hand.backprop_filter(case)
        image = self.shifted(self.last(t.x, case), recipe.pads, "channels_last")
        groups, per_group = case.groups, case.in_channels // case.groups
        size = tuple(image.shape[1:-1])
        split = self.tf.reshape(image, [case.batch, *size, groups, per_group])
        space = list(range(1, case.dims + 1))
        swapped = self.tf.transpose(split, [case.dims + 2, *space, case.dims + 1, 0])
        image = self.tf.reshape(swapped, [per_group, *size, groups * case.batch])
        filters = self.tf.transpose(self.last(t.dy, case), [*space, 0, case.dims + 1])
        hand = case.replace(
            batch=per_group,
            input=size,
            kernel=case.output,
            in_channels=groups * case.batch,
            stride=recipe.stride,
            dilation=recipe.dilation,
            padding="VALID",
        )
        result = self.forward(hand, self.native(image, case), filters)
        return self.tf.transpose(self.last(result, case), [*space, 0, case.dims + 1])

    @method("jacobian_input", "tape")
    def input_jacobian(self, case: Case, t: Tensors) -> Any:
        """``tape.jacobian`` of ``tf.nn.conv*d`` with respect to its image, vectorized (pfor)."""
        return self.jacobian(lambda x: self.forward(case, x, t.w), t.x, pfor=True)

    @method("jacobian_filter", "tape")
    def filter_jacobian(self, case: Case, t: Tensors) -> Any:
        """``tape.jacobian`` of ``tf.nn.conv*d`` with respect to its filter, vectorized (pfor)."""
        return self.jacobian(lambda w: self.forward(case, t.x, w), t.w, pfor=True)

    @method("jacobian_input", "tape_loop")
    def input_jacobian_loop(self, case: Case, t: Tensors) -> Any:
        """Compute the same, one output element after the other."""
        return self.jacobian(lambda x: self.forward(case, x, t.w), t.x, pfor=False)

    @method("jacobian_filter", "tape_loop")
    def filter_jacobian_loop(self, case: Case, t: Tensors) -> Any:
        """Compute the same, one output element after the other."""
        return self.jacobian(lambda w: self.forward(case, t.x, w), t.w, pfor=False)
