"""The ways in which TensorFlow computes a transposed convolution and its Jacobians."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.tensorflow.call import Call, call
from convergent.backends.tensorflow.conv import Conv
from convergent.cases.case import Case


class Transpose(Conv):
    """Methods of ``transpose`` and of its Jacobians."""

    @method("transpose", "native")
    @method("backprop_input", "transpose_op")
    def transpose_native(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.conv1d_transpose``, ``conv2d_transpose``, ``conv3d_transpose``."""
        return self.transposed(case, t.dy, t.w)

    @method("transpose", "conv_transpose")
    def transpose_conv_transpose(self, case: Case, t: Tensors) -> Any:
        """``tf.nn.conv_transpose``."""
        how = call(case)
        steps = (case.stride, how.padding, how.data_format, case.dilation)
        dx = self.tf.nn.conv_transpose(t.dy, t.w, how.image_shape, *steps)
        return self.image_out(how, dx)

    @method("transpose", "keras")
    def transpose_keras(self, case: Case, t: Tensors) -> Any:
        """``keras.ops.conv_transpose``, its output padding chosen to give the wanted size."""
        how = call(case)
        dx = self.tf.keras.ops.conv_transpose(
            t.dy,
            t.w,
            strides=case.stride,
            padding=how.word.lower(),
            output_padding=output_padding(case, how),
            data_format=case.layout,
            dilation_rate=case.dilation,
        )
        return self.image_out(how, dx)

    @method("transpose_jacobian_input", "tape")
    def transpose_input_jacobian(self, case: Case, t: Tensors) -> Any:
        """``tape.jacobian`` of ``tf.nn.conv*d_transpose`` w.r.t. its input, vectorized (pfor)."""
        return self.jacobian(lambda dy: self.transposed(case, dy, t.w), t.dy, pfor=True)

    @method("transpose_jacobian_filter", "tape")
    def transpose_filter_jacobian(self, case: Case, t: Tensors) -> Any:
        """``tape.jacobian`` of ``tf.nn.conv*d_transpose`` w.r.t. its filter, vectorized (pfor)."""
        return self.jacobian(lambda w: self.transposed(case, t.dy, w), t.w, pfor=True)

    @method("transpose_jacobian_input", "tape_loop")
    def transpose_input_jacobian_loop(self, case: Case, t: Tensors) -> Any:
        """Compute the same, one output element after the other."""
        return self.jacobian(lambda dy: self.transposed(case, dy, t.w), t.dy, pfor=False)

    @method("transpose_jacobian_filter", "tape_loop")
    def transpose_filter_jacobian_loop(self, case: Case, t: Tensors) -> Any:
        """Compute the same, one output element after the other."""
        return self.jacobian(lambda w: self.transposed(case, t.dy, w), t.w, pfor=False)


def output_padding(case: Case, how: Call) -> tuple[int, ...]:
    """Return Keras' output padding that gives the wanted size.

    Its output size is (out - 1) * stride + output_padding + (the extent, or its parity).
    """
    sizes = how.image_shape[1:-1] if case.layout == "channels_last" else how.image_shape[2:]
    extents = case.extents if how.word == "VALID" else tuple(e % 2 for e in case.extents)
    rows = zip(sizes, case.output, case.stride, extents)
    return tuple(size - (out - 1) * s - e for size, out, s, e in rows)
