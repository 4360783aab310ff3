"""The ways in which TensorFlow computes the gradient of a bias."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.tensorflow.nested import Nested
from convergent.cases.case import Case


class Bias(Nested):
    """Methods of ``backprop_bias``."""

    @method("backprop_bias", "autodiff")
    def bias_autodiff(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``tf.nn.bias_add`` with respect to the bias, by a tape."""
        bias = self.tf.zeros([case.out_channels], t.dy.dtype)
        y = self.tf.zeros_like(t.dy)
        return self.gradient(lambda b: self.biased(case, y, b), bias, t.dy)

    @method("backprop_bias", "autodiff_all")
    def bias_autodiff_all(self, case: Case, t: Tensors) -> Any:
        """Gradients of image, filter and bias by one tape, of which the bias' is returned."""
        return self.all_gradients(case, t)[2]

    @method("backprop_bias", "autodiff_of_conv")
    def bias_autodiff_of_conv(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``tf.nn.conv*d`` and ``tf.nn.bias_add`` with respect to the bias alone."""
        bias = self.tf.zeros([case.out_channels], t.dy.dtype)
        return self.gradient(
            lambda b: self.biased(case, self.forward(case, t.x, t.w), b), bias, t.dy
        )

    @method("backprop_bias", "raw_op")
    def bias_raw_op(self, case: Case, t: Tensors) -> Any:
        """``raw_ops.BiasAddGrad``."""
        last = case.layout == "channels_last"
        return self.tf.raw_ops.BiasAddGrad(
            out_backprop=t.dy, data_format="NHWC" if last else "NCHW"
        )

    @method("backprop_bias", "sum")
    def bias_sum(self, case: Case, t: Tensors) -> Any:
        """``tf.reduce_sum`` over batch and space."""
        channel = case.dims + 1 if case.layout == "channels_last" else 1
        axes = [axis for axis in range(case.dims + 2) if axis != channel]
        return self.tf.reduce_sum(t.dy, axes)
