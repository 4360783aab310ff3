"""PyTorch's convolution as the derivative of something bilinear: forward mode and second order."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.torch.call import Calls, call
from convergent.cases.case import Case


class Tangents(Calls):
    """Methods of ``conv`` that differentiate a convolution or a transposed one."""

    @method("conv", "forward_mode_input")
    def conv_forward_mode_input(self, case: Case, t: Tensors) -> Any:
        """Push the tangent x of an image of zeros forward with ``func.jvp``."""
        how, zero = call(case), self.torch.zeros_like(t.x)
        return self.push(lambda x: self.conv(how, x, t.w), zero, t.x)

    @method("conv", "forward_mode_filter")
    def conv_forward_mode_filter(self, case: Case, t: Tensors) -> Any:
        """Push the tangent w of a filter of zeros forward with ``func.jvp``."""
        how, zero = call(case), self.torch.zeros_like(t.w)
        return self.push(lambda w: self.conv(how, t.x, w), zero, t.w)

    @method("conv", "dual_input")
    def conv_dual_input(self, case: Case, t: Tensors) -> Any:
        """Convolve a dual number, zeros and x, of ``autograd.forward_ad``."""
        how = call(case)
        return self.push_dual(lambda x: self.conv(how, x, t.w), t.x)

    @method("conv", "dual_filter")
    def conv_dual_filter(self, case: Case, t: Tensors) -> Any:
        """Convolve with a dual number, zeros and w, of ``autograd.forward_ad``."""
        how = call(case)
        return self.push_dual(lambda w: self.conv(how, t.x, w), t.w)

    @method("conv", "linearize_input")
    def conv_linearize_input(self, case: Case, t: Tensors) -> Any:
        """Apply to x what ``func.linearize`` makes of the convolution at an image of zeros."""
        how = call(case)
        return self.linear(lambda x: self.conv(how, x, t.w), t.x)

    @method("conv", "linearize_filter")
    def conv_linearize_filter(self, case: Case, t: Tensors) -> Any:
        """Apply to w what ``func.linearize`` makes of the convolution at a filter of zeros."""
        how = call(case)
        return self.linear(lambda w: self.conv(how, t.x, w), t.w)

    @method("conv", "functional_jvp_input")
    def conv_functional_jvp_input(self, case: Case, t: Tensors) -> Any:
        """Call ``autograd.functional.jvp``, which is reverse mode twice, for the tangent x."""
        how, zero = call(case), self.torch.zeros_like(t.x)
        jvp = self.torch.autograd.functional.jvp
        return jvp(lambda x: self.conv(how, x, t.w), zero, t.x)[1]

    @method("conv", "functional_jvp_filter")
    def conv_functional_jvp_filter(self, case: Case, t: Tensors) -> Any:
        """Call ``autograd.functional.jvp``, which is reverse mode twice, for the tangent w."""
        how, zero = call(case), self.torch.zeros_like(t.w)
        jvp = self.torch.autograd.functional.jvp
        return jvp(lambda w: self.conv(how, t.x, w), zero, t.w)[1]

    @method("conv", "double_backward_input")
    def conv_double_backward_input(self, case: Case, t: Tensors) -> Any:
        """Pull x back through the gradient ``d_y -> d_x``."""
        how = call(case)
        return self.pull_twice(lambda x: self.conv(how, x, t.w), t.x, t.dy, t.x)

    @method("conv", "double_backward_filter")
    def conv_double_backward_filter(self, case: Case, t: Tensors) -> Any:
        """Pull w back through the gradient ``d_y -> d_w``."""
        how = call(case)
        return self.pull_twice(lambda w: self.conv(how, t.x, w), t.w, t.dy, t.w)

    @method("conv", "autodiff_of_transpose")
    def conv_autodiff_of_transpose(self, case: Case, t: Tensors) -> Any:
        """Pull x back through ``F.conv_transpose*d`` to its input."""
        return self.pull(lambda dy: self.transposed(case, dy, t.w), t.dy, t.x)

    @method("conv", "autodiff_of_transpose_all")
    def conv_autodiff_of_transpose_all(self, case: Case, t: Tensors) -> Any:
        """Pull x back through ``F.conv_transpose*d`` to input, filter and bias at once."""
        return self.transposed_gradients(case, t)[0]

    @method("conv", "aten_of_transpose")
    def conv_aten_of_transpose(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` of a transposed convolution for this gradient."""
        return self.transposed_backward(case, t, [True, False, False])[0]

    @method("conv", "forward_over_reverse_of_transpose")
    def conv_forward_over_reverse_of_transpose(self, case: Case, t: Tensors) -> Any:
        """Push the tangent w of zeros through the input gradient of ``F.conv_transpose*d``."""

        def gradient(w: Any) -> Any:
            return self.vjp(lambda dy: self.transposed(case, dy, w), t.dy, t.x)

        return self.push(gradient, self.torch.zeros_like(t.w), t.w)

    @method("backprop_filter", "autodiff_of_transpose")
    def filter_autodiff_of_transpose(self, case: Case, t: Tensors) -> Any:
        """Pull x back through ``F.conv_transpose*d`` to its filter."""
        return self.pull(lambda w: self.transposed(case, t.dy, w), t.w, t.x)

    @method("backprop_filter", "autodiff_of_transpose_all")
    def filter_autodiff_of_transpose_all(self, case: Case, t: Tensors) -> Any:
        """Pull x back through ``F.conv_transpose*d`` to input, filter and bias at once."""
        return self.transposed_gradients(case, t)[1]

    @method("backprop_filter", "aten_of_transpose")
    def filter_aten_of_transpose(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` of a transposed convolution for this gradient."""
        return self.transposed_backward(case, t, [False, True, False])[1]

    @method("backprop_filter", "forward_over_reverse_of_transpose")
    def filter_forward_over_reverse_of_transpose(self, case: Case, t: Tensors) -> Any:
        """Push the tangent d_y of zeros through the filter gradient of ``F.conv_transpose*d``."""

        def gradient(dy: Any) -> Any:
            return self.vjp(lambda w: self.transposed(case, dy, w), t.w, t.x)

        return self.push(gradient, self.torch.zeros_like(t.dy), t.dy)

    def transposed_gradients(self, case: Case, t: Tensors) -> Any:
        """Return the three gradients of ``F.conv_transpose*d`` that one ``autograd.grad`` gives."""
        bias = t.w.new_zeros(case.in_channels)
        leaves = [leaf.detach().requires_grad_() for leaf in (t.dy, t.w, bias)]
        return self.torch.autograd.grad(self.transposed(case, *leaves), leaves, t.x)

    def transposed_backward(self, case: Case, t: Tensors, mask: list[bool]) -> Any:
        """Call ``aten.convolution_backward`` of a transposed convolution."""
        how = call(case)
        self.hear(how, t.dy, t.w, case.unused)
        sizes = (how.stride, how.padding, how.dilation, True, case.unused, how.groups)
        x = self.shifted(how, t.x)
        return self.torch.ops.aten.convolution_backward(x, t.dy, t.w, None, *sizes, mask)
