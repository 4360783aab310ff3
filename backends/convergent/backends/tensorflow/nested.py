"""Derivatives of derivatives, and gradients of several operands at once."""

from __future__ import annotations

from typing import Any, Callable

from convergent.backends.base import Tensors, method
from convergent.backends.tensorflow.conv import Conv
from convergent.cases.case import Case


class Nested(Conv):
    """Methods by more than one tape, by both modes of differentiation, and by Jacobians."""

    @method("conv", "double_backward_filter")
    def conv_double_backward_filter(self, case: Case, t: Tensors) -> Any:
        """Gradient of ``d_w`` with respect to ``d_y``, by nested tapes."""
        return self.gradient(lambda dy: self.d_filter(case, t.x, dy), t.dy, t.w)

    @method("backprop_input", "autodiff_both")
    def input_autodiff_both(self, case: Case, t: Tensors) -> Any:
        """Both gradients of ``tf.nn.conv*d`` by one tape, of which the image's is returned."""
        return self._both(case, t)[0]

    @method("backprop_filter", "autodiff_both")
    def filter_autodiff_both(self, case: Case, t: Tensors) -> Any:
        """Both gradients of ``tf.nn.conv*d`` by one tape, of which the filter's is returned."""
        return self._both(case, t)[1]

    @method("backprop_input", "autodiff_all")
    def input_autodiff_all(self, case: Case, t: Tensors) -> Any:
        """Gradients of image, filter and bias by one tape, of which the image's is returned."""
        return self.all_gradients(case, t)[0]

    @method("backprop_filter", "autodiff_all")
    def filter_autodiff_all(self, case: Case, t: Tensors) -> Any:
        """Gradients of image, filter and bias by one tape, of which the filter's is returned."""
        return self.all_gradients(case, t)[1]

    @method("backprop_input", "symbolic")
    def input_symbolic(self, case: Case, t: Tensors) -> Any:
        """``tf.gradients`` of ``tf.nn.conv*d`` with respect to its image, in a ``tf.function``."""
        return self._symbolic(lambda x: self.forward(case, x, t.w), t.x, t.dy)

    @method("backprop_filter", "symbolic")
    def filter_symbolic(self, case: Case, t: Tensors) -> Any:
        """``tf.gradients`` of ``tf.nn.conv*d`` with respect to its filter, in a ``tf.function``."""
        return self._symbolic(lambda w: self.forward(case, t.x, w), t.w, t.dy)

    @method("backprop_input", "forward_over_reverse")
    def input_forward_over_reverse(self, case: Case, t: Tensors) -> Any:
        """Differentiate ``d_x`` along a tangent of the filter, in forward mode."""
        return self.jvp(lambda w: self.gradient(lambda x: self.forward(case, x, w), t.x, t.dy), t.w)

    @method("backprop_filter", "forward_over_reverse")
    def filter_forward_over_reverse(self, case: Case, t: Tensors) -> Any:
        """Differentiate ``d_w`` along a tangent of the image, in forward mode."""
        return self.jvp(lambda x: self.d_filter(case, x, t.dy, t.w), t.x)

    @method("backprop_input", "reverse_over_forward")
    def input_reverse_over_forward(self, case: Case, t: Tensors) -> Any:
        """Gradient, with respect to ``x``, of the derivative along a tangent of the filter."""
        return self.gradient(lambda x: self.jvp(lambda w: self.forward(case, x, w), t.w), t.x, t.dy)

    @method("backprop_filter", "reverse_over_forward")
    def filter_reverse_over_forward(self, case: Case, t: Tensors) -> Any:
        """Gradient, with respect to ``w``, of the derivative along a tangent of the image."""
        return self.gradient(lambda w: self.jvp(lambda x: self.forward(case, x, w), t.x), t.w, t.dy)

    @method("backprop_input", "jacobian_contracted")
    def input_jacobian_contracted(self, case: Case, t: Tensors) -> Any:
        """``tape.jacobian`` with respect to the image, contracted with ``d_y``."""
        jacobian = self.jacobian(lambda x: self.forward(case, x, t.w), t.x, pfor=True)
        return self.tf.tensordot(t.dy, jacobian, case.dims + 2)

    @method("backprop_filter", "jacobian_contracted")
    def filter_jacobian_contracted(self, case: Case, t: Tensors) -> Any:
        """``tape.jacobian`` with respect to the filter, contracted with ``d_y``."""
        jacobian = self.jacobian(lambda w: self.forward(case, t.x, w), t.w, pfor=True)
        return self.tf.tensordot(t.dy, jacobian, case.dims + 2)

    @method("backprop_input", "batch_jacobian")
    def input_batch_jacobian(self, case: Case, t: Tensors) -> Any:
        """``tape.batch_jacobian``, a Jacobian for each sample, contracted with ``d_y``."""
        with self.tf.GradientTape() as tape:
            tape.watch(t.x)
            value = self.forward(case, t.x, t.w)
        jacobians = tape.batch_jacobian(value, t.x)
        places = _size(t.dy.shape[1:])
        rows = self.tf.reshape(t.dy, [case.batch, 1, places])
        columns = self.tf.reshape(jacobians, [case.batch, places, _size(t.x.shape[1:])])
        return self.tf.reshape(self.tf.matmul(rows, columns), t.x.shape)

    @method("transpose", "forward_mode_input")
    def transpose_forward_mode_input(self, case: Case, t: Tensors) -> Any:
        """Differentiate ``tf.nn.conv*d_transpose`` along a tangent of its input."""
        return self.jvp(lambda dy: self.transposed(case, dy, t.w), t.dy)

    @method("transpose", "forward_mode_filter")
    def transpose_forward_mode_filter(self, case: Case, t: Tensors) -> Any:
        """Differentiate ``tf.nn.conv*d_transpose`` along a tangent of its filter."""
        return self.jvp(lambda w: self.transposed(case, t.dy, w), t.w)

    @method("transpose", "double_backward")
    def transpose_double_backward(self, case: Case, t: Tensors) -> Any:
        """Gradient, by its cotangent, of the transposed convolution's input gradient."""

        def input_gradient(x: Any) -> Any:
            return self.gradient(lambda dy: self.transposed(case, dy, t.w), t.dy, x)

        return self.gradient(input_gradient, t.x, t.dy)

    @method("transpose", "double_backward_filter")
    def transpose_double_backward_filter(self, case: Case, t: Tensors) -> Any:
        """Gradient, by its cotangent, of the transposed convolution's filter gradient."""

        def filter_gradient(x: Any) -> Any:
            return self.gradient(lambda w: self.transposed(case, t.dy, w), t.w, x)

        return self.gradient(filter_gradient, t.x, t.w)

    def d_filter(self, case: Case, x: Any, dy: Any, at: Any = None) -> Any:
        """Return the gradient of the filter, which does not depend on the filter ``at``."""
        filters = self.tf.ones(case.w_shape, x.dtype) if at is None else at
        return self.gradient(lambda w: self.forward(case, x, w), filters, dy)

    def all_gradients(self, case: Case, t: Tensors) -> Any:
        """Return the gradients of image, filter and bias, by one tape."""
        bias = self.tf.zeros([case.out_channels], t.x.dtype)
        operands = [t.x, t.w, bias]
        with self.tf.GradientTape() as tape:
            tape.watch(operands)
            value = self.biased(case, self.forward(case, t.x, t.w), bias)
        return tape.gradient(value, operands, output_gradients=t.dy)

    def _both(self, case: Case, t: Tensors) -> Any:
        with self.tf.GradientTape() as tape:
            tape.watch([t.x, t.w])
            value = self.forward(case, t.x, t.w)
        return tape.gradient(value, [t.x, t.w], output_gradients=t.dy)

    def _symbolic(self, function: Callable[[Any], Any], at: Any, cotangent: Any) -> Any:
        def gradients(operand: Any, grad: Any) -> Any:
            return self.tf.gradients(function(operand), operand, grad_ys=grad)[0]

        return self.tf.function(gradients)(at, cotangent)


def _size(shape: Any) -> int:
    size = 1
    for length in shape:
        size *= int(length)
    return size
