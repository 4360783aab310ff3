"""TensorFlow's depthwise ops, for the cases with a group per input channel."""

from __future__ import annotations

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
            filter=self._split(case, self.filter_in(how, t.w)),
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
            self._split(case, t.w),
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
            filter=self._split(case, self.filter_in(how, t.w)),
            out_backprop=self.output_in(how, t.dy),
            strides=how.strides,
            data_format=how.data_format,
            dilations=how.dilations,
            **how.raw_padding,
        )
        return self.image_out(how, dx)

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
            self._split(case, self.filter_in(how, w)),
            how.strides,
            how.padding,
            data_format=how.data_format,
            dilations=how.case.dilation,
        )
        return self.output_out(how, y)

    def _split(self, case: Case, w: Any) -> Any:
        """Return the filter with its output channels split into group and multiplier."""
        multiplier = case.out_channels // case.in_channels
        return self.tf.reshape(w, [*w.shape[:-2], case.in_channels, multiplier])
