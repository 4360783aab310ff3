"""TensorFlow's depthwise ops, for the cases with a group per input channel."""

from __future__ import annotations

import math
from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.tensorflow.call import call
from convergent.backends.tensorflow.moves import Moves
from convergent.cases.case import Case


class Depthwise(Moves):
    """Methods by depthwise ops, whose filter is ``(*kernel, C, O/C)``; 1-D by a unit axis."""

    @method("conv", "depthwise")
    def conv_depthwise(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.depthwise_conv2d``, which dilates by rearranging space into batch."""
        return self._depthwise(case, t.x, t.w)

    @method("conv", "depthwise_raw_op")
    def conv_depthwise_raw_op(self, case: Case, t: Tensors) -> Any:
        """``raw_ops.DepthwiseConv2dNative``."""
        how = call(case, explicit=True, unit=True)
        y = self.tf.raw_ops.DepthwiseConv2dNative(
            input=self.image_in(how, t.x),
            filter=self.per_channel(case, self.filter_in(how, t.w)),
            strides=how.strides,
            data_format=how.data_format,
            dilations=how.dilations,
            **how.raw_padding,
        )
        return self.output_out(how, y)

    @method("conv", "depthwise_keras")
    def conv_depthwise_keras(self, case: Case, t: Tensors) -> Any:
        """``keras.ops.depthwise_conv``."""
        how = call(case)
        return self.tf.keras.ops.depthwise_conv(
            self.image_in(how, t.x),
            self.per_channel(case, t.w),
            strides=case.stride,
            padding=how.word.lower(),
            data_format=case.layout,
            dilation_rate=case.dilation,
        )

    @method("backprop_input", "depthwise_autodiff")
    def input_depthwise_autodiff(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``tf.nn.depthwise_conv2d`` with respect to its image."""
        return self.gradient(lambda x: self._depthwise(case, x, t.w), t.x, t.dy)

    @method("backprop_input", "depthwise_raw_op")
    def input_depthwise_raw_op(self, case: Case, t: Tensors) -> Any:
        """``raw_ops.DepthwiseConv2dNativeBackpropInput``."""
        how = call(case, explicit=True, unit=True)
        dx = self.tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
            input_sizes=how.image_shape,
            filter=self.per_channel(case, self.filter_in(how, t.w)),
            out_backprop=self.output_in(how, t.dy),
            strides=how.strides,
            data_format=how.data_format,
            dilations=how.dilations,
            **how.raw_padding,
        )
        return self.image_out(how, dx)

    @method("backprop_input", "depthwise_nn")
    def input_depthwise_nn(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.depthwise_conv2d_backprop_input``."""
        how = call(case, explicit=True, unit=True)
        dx = self.tf.nn.depthwise_conv2d_backprop_input(
            how.image_shape,
            self.per_channel(case, self.filter_in(how, t.w)),
            self.output_in(how, t.dy),
            how.strides,
            how.padding,
            data_format=how.data_format,
            dilations=how.dilations,
        )
        return self.image_out(how, dx)

    @method("backprop_filter", "depthwise_nn")
    def filter_depthwise_nn(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.depthwise_conv2d_backprop_filter``."""
        how = call(case, explicit=True, unit=True)
        multiplier = case.out_channels // case.in_channels
        dw = self.tf.nn.depthwise_conv2d_backprop_filter(
            self.image_in(how, t.x),
            [*how.case.kernel, case.in_channels, multiplier],
            self.output_in(how, t.dy),
            how.strides,
            how.padding,
            data_format=how.data_format,
            dilations=how.dilations,
        )
        return self.tf.reshape(dw, case.w_shape)

    @method("conv", "depthwise_separable")
    def conv_depthwise_separable(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.separable_conv2d`` with a pointwise identity."""
        filters = self.per_channel(case, t.w)
        return self._separable(case, t.x, filters, self.identity(case, case.dims))

    @method("conv", "depthwise_separable_keras")
    def conv_depthwise_separable_keras(self, case: Case, t: Tensors) -> Any:
        """``keras.ops.separable_conv`` with a pointwise identity."""
        how = call(case)
        return self.tf.keras.ops.separable_conv(
            self.image_in(how, t.x),
            self.per_channel(case, t.w),
            self.identity(case, case.dims),
            strides=case.stride,
            padding=how.word.lower(),
            data_format=case.layout,
            dilation_rate=case.dilation,
        )

    @method("conv", "separable")
    def conv_separable(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.separable_conv2d``: a depthwise filter for each tap, then the filter's weights.

        The depthwise filters pick one tap each, so that the pointwise filter is the case's own,
        with zeros between its groups.
        """
        taps = math.prod(case.kernel)
        pick = self.tf.reshape(self.tf.eye(taps, dtype=case.dtype), [*case.kernel, 1, taps])
        depthwise = self.tf.tile(pick, [1] * case.dims + [case.in_channels, 1])
        return self._separable(case, t.x, depthwise, self._dense(case, t.w, taps))

    def _dense(self, case: Case, w: Any, taps: int) -> Any:
        """Return the filter as a pointwise one: ``(1, ..., C * taps, O)``."""
        groups, per_group = case.groups, case.in_channels // case.groups
        split = self.tf.reshape(w, [taps, 1, per_group, groups, -1])
        own = self.tf.eye(groups, dtype=case.dtype)
        apart = split * self.tf.reshape(own, [1, groups, 1, groups, 1])
        rows = self.tf.reshape(apart, [taps, case.in_channels, case.out_channels])
        channels = self.tf.transpose(rows, [1, 0, 2])
        return self.tf.reshape(channels, [1] * case.dims + [-1, case.out_channels])

    def _separable(self, case: Case, x: Any, depthwise: Any, pointwise: Any) -> Any:
        how = call(case, explicit=True, unit=True)
        y = self.tf.nn.separable_conv2d(
            self.image_in(how, x),
            self.filter_in(how, depthwise),
            self.filter_in(how, pointwise),
            how.strides,
            how.padding,
            data_format=how.data_format,
            dilations=how.case.dilation,
        )
        return self.output_out(how, y)

    @method("backprop_filter", "depthwise_autodiff")
    def filter_depthwise_autodiff(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``tf.nn.depthwise_conv2d`` with respect to its filter."""
        return self.gradient(lambda w: self._depthwise(case, t.x, w), t.w, t.dy)

    @method("backprop_filter", "depthwise_raw_op")
    def filter_depthwise_raw_op(self, case: Case, t: Tensors) -> Any:
        """``raw_ops.DepthwiseConv2dNativeBackpropFilter``."""
        how = call(case, explicit=True, unit=True)
        multiplier = case.out_channels // case.in_channels
        dw = self.tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
            input=self.image_in(how, t.x),
            filter_sizes=[*how.case.kernel, case.in_channels, multiplier],
            out_backprop=self.output_in(how, t.dy),
            strides=how.strides,
            data_format=how.data_format,
            dilations=how.dilations,
            **how.raw_padding,
        )
        return self.tf.reshape(dw, case.w_shape)

    def _depthwise(self, case: Case, x: Any, w: Any) -> Any:
        how = call(case, explicit=True, unit=True)
        y = self.tf.nn.depthwise_conv2d(
            self.image_in(how, x),
            self.per_channel(case, self.filter_in(how, w)),
            how.strides,
            how.padding,
            data_format=how.data_format,
            dilations=how.case.dilation,
        )
        return self.output_out(how, y)
