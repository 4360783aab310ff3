"""The ways in which TensorFlow computes a convolution."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.tensorflow.call import FORMATS, call, call_nn, call_raw
from convergent.backends.tensorflow.moves import Moves
from convergent.cases.case import Case


class Conv(Moves):
    """Methods of ``conv``, and the two forward functions that the other ops differentiate."""

    def forward(self, case: Case, x: Any, w: Any) -> Any:
        """Return ``conv(x, w)`` by ``tf.nn.conv1d``, ``conv2d`` or ``conv3d``."""
        how = call_nn(case)
        op = getattr(self.tf.nn, f"conv{case.dims}d")
        image = self.image_in(how, x)
        return op(image, w, how.strides, how.padding, how.data_format, how.dilations)

    def transposed(self, case: Case, dy: Any, w: Any) -> Any:
        """Return the transpose of ``conv`` by ``tf.nn.conv1d_transpose`` and its kin."""
        how = call_nn(case)
        op = getattr(self.tf.nn, f"conv{case.dims}d_transpose")
        steps = (how.strides, how.padding, how.data_format, how.dilations)
        return self.image_out(how, op(dy, w, how.image_shape, *steps))

    def biased(self, case: Case, y: Any, bias: Any) -> Any:
        """Return ``y`` with ``bias`` added to every output channel."""
        return self.tf.nn.bias_add(y, bias, FORMATS[case.layout][case.dims])

    @method("conv", "native")
    def conv_native(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.conv1d``, ``conv2d``, ``conv3d``."""
        return self.forward(case, t.x, t.w)

    @method("conv", "convolution")
    def conv_convolution(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.convolution``, which dilates by rearranging space into batch."""
        how = call(case)
        return self.tf.nn.convolution(
            self.image_in(how, t.x),
            t.w,
            strides=case.stride,
            padding=how.padding,
            data_format=how.data_format,
            dilations=case.dilation,
        )

    @method("conv", "atrous")
    def conv_atrous(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.atrous_conv2d``, and the stride by taking every n-th place."""
        dense = max(case.stride) == 1
        how = call(case if dense else case.replace(padding=case.pads), unit=True)
        image = self.image_in(how, t.x)
        filters = self.filter_in(how, t.w)
        y = self.tf.nn.atrous_conv2d(image, filters, rate=case.dilation[-1], padding=how.word)
        steps = (slice(None, None, s) for s in how.case.stride)
        return self.output_out(how, y[(slice(None), *steps)])

    @method("conv", "raw_op")
    def conv_raw_op(self, case: Case, t: Tensors) -> Any:
        """``raw_ops.Conv2D`` (1-D by a unit axis), ``raw_ops.Conv3D``."""
        how = call_raw(case)
        op = getattr(self.tf.raw_ops, f"Conv{how.case.dims}D")
        y = op(
            input=self.image_in(how, t.x),
            filter=self.filter_in(how, t.w),
            strides=how.strides,
            data_format=how.data_format,
            dilations=how.dilations,
            **how.raw_padding,
        )
        return self.output_out(how, y)

    @method("conv", "raw_conv")
    def conv_raw_conv(self, case: Case, t: Tensors) -> Any:
        """``raw_ops.Conv``, the op for any number of dimensions (1-D by a unit axis)."""
        how = call(case, explicit=True, unit=True)
        y = self.tf.raw_ops.Conv(
            input=self.image_in(how, t.x),
            filter=self.filter_in(how, t.w),
            strides=how.strides,
            data_format=case.layout.upper(),
            dilations=how.dilations,
            groups=case.groups,
            **how.raw_padding,
        )
        return self.output_out(how, y)

    @method("conv", "keras")
    def conv_keras(self, case: Case, t: Tensors) -> Any:
        """``keras.ops.conv``."""
        self.keras_compiles(case)
        how = call(case)
        return self.tf.keras.ops.conv(
            self.image_in(how, t.x),
            t.w,
            strides=case.stride,
            padding=how.word.lower(),
            data_format=case.layout,
            dilation_rate=case.dilation,
        )

    @method("conv", "forward_mode_input")
    def conv_forward_mode_input(self, case: Case, t: Tensors) -> Any:
        """Differentiate ``tf.nn.conv*d`` along a tangent of the image, in forward mode."""
        return self.jvp(lambda x: self.forward(case, x, t.w), t.x)

    @method("conv", "forward_mode_filter")
    def conv_forward_mode_filter(self, case: Case, t: Tensors) -> Any:
        """Differentiate ``tf.nn.conv*d`` along a tangent of the filter, in forward mode."""
        return self.jvp(lambda w: self.forward(case, t.x, w), t.w)

    @method("conv", "autodiff_of_transpose")
    def conv_autodiff_of_transpose(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``tf.nn.conv*d_transpose`` with respect to its input."""
        return self.gradient(lambda dy: self.transposed(case, dy, t.w), t.dy, t.x)

    @method("conv", "double_backward")
    def conv_double_backward(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``d_x`` with respect to ``d_y``, by nested tapes."""

        def input_gradient(dy: Any) -> Any:
            return self.gradient(lambda x: self.forward(case, x, t.w), t.x, dy)

        return self.gradient(input_gradient, t.dy, t.x)
